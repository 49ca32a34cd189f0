#include "tests/unit/http/fixture.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/problem.h"
#include "protocol/http/tls_context.h"
#include "protocol/http/tls_identity.h"

enum { FILE_BYTES = 8 * 1024 * 1024, WAIT_S = 10 };

struct later {
	struct loop_task task;
	struct later *next;
	struct exchange *exchange;
};

char fixture_byte(size_t offset)
{
	return (char)('a' + (offset ^ offset >> 8 ^ offset >> 16) % 26);
}

static void reply_text(struct exchange *exchange, int status, const char *text)
{
	exchange_reply(exchange, status, "text/plain", text, strlen(text), NULL);
}

static void reply_echo(struct exchange *exchange)
{
	const struct http_request *request = exchange_request(exchange);
	char text[1024], host[64];
	const char *extra = http_header(request, "X-Extra");

	snprintf(host, sizeof host, "%s", request->host);
	snprintf(text, sizeof text,
		 "method=%d path=%.200s query=%.200s host=%s headers=%zu extra=%.200s "
		 "body=%zu:%.200s unix=%d",
		 request->method, request->path, request->query, host,
		 request->header_count, extra != NULL ? extra : "(none)",
		 request->body_size, request->body, request->is_unix);
	reply_text(exchange, 200, text);
}

static void reply_bytes(struct exchange *exchange, size_t size)
{
	char *bytes = malloc(size + 1);
	for (size_t i = 0; bytes != NULL && i < size; i++)
		bytes[i] = fixture_byte(i);
	exchange_reply(exchange, bytes != NULL ? 200 : 503, "text/plain", bytes,
		       bytes != NULL ? size : 0, NULL);
	free(bytes);
}

static void on_later(struct loop_task *task)
{
	struct later *later = (struct later *)task;
	reply_text(later->exchange, 200, "late");
}

static void keep_waiting(struct fixture *fixture, struct exchange *exchange)
{
	struct later *later = exchange_allocate(exchange, sizeof *later);
	if (later == NULL) {
		reply_text(exchange, 503, "no memory");
		return;
	}
	later->task.run = on_later;
	later->exchange = exchange;
	pthread_mutex_lock(&fixture->lock);
	later->next = fixture->waiting;
	fixture->waiting = later;
	fixture->waiting_count++;
	pthread_cond_broadcast(&fixture->changed);
	pthread_mutex_unlock(&fixture->lock);
}

void fixture_release(struct fixture *fixture)
{
	pthread_mutex_lock(&fixture->lock);
	struct later *later = fixture->waiting;
	fixture->waiting = NULL;
	pthread_mutex_unlock(&fixture->lock);
	while (later != NULL) {
		struct later *next = later->next; /* posted, it may be gone */
		loop_post(fixture->loop, &later->task);
		later = next;
	}
}

static void reply_file(struct fixture *fixture, struct exchange *exchange)
{
	int fd = open(fixture->file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		reply_text(exchange, 500, "no file");
	else
		exchange_reply_file(exchange, 200, "application/octet-stream", fd, 0,
				    (int64_t)fixture->file_size, NULL);
}

static void handle(struct exchange *exchange, void *owner)
{
	struct fixture *fixture = owner;
	const char *path = exchange_request(exchange)->path;

	pthread_mutex_lock(&fixture->lock);
	fixture->handled++;
	pthread_mutex_unlock(&fixture->lock);
	if (strcmp(path, "/later") == 0)
		keep_waiting(fixture, exchange);
	else if (strcmp(path, "/file") == 0)
		reply_file(fixture, exchange);
	else if (strncmp(path, "/bytes/", 7) == 0)
		reply_bytes(exchange, strtoul(path + 7, NULL, 10));
	else if (strncmp(path, "/status/", 8) == 0)
		exchange_reply(exchange, (int)strtol(path + 8, NULL, 10), NULL, NULL, 0,
			       NULL);
	else
		reply_echo(exchange);
}

static int started(struct loop *loop, void *owner, struct problem *p)
{
	struct fixture *fixture = owner;
	(void)p;
	loop_set_data(loop, fixture);
	pthread_mutex_lock(&fixture->lock);
	fixture->started++;
	pthread_mutex_unlock(&fixture->lock);
	return 0;
}

static void stopped(struct loop *loop, void *owner)
{
	struct fixture *fixture = owner;
	pthread_mutex_lock(&fixture->lock);
	fixture->stopped += loop_data(loop) == fixture;
	pthread_mutex_unlock(&fixture->lock);
}

static void tick(struct loop *loop, void *owner)
{
	struct fixture *fixture = owner;
	(void)loop;
	pthread_mutex_lock(&fixture->lock);
	fixture->ticks++;
	pthread_cond_broadcast(&fixture->changed);
	pthread_mutex_unlock(&fixture->lock);
}

/* Every ticket is kept, so that a test can see resumption work. */
static int on_new_session(SSL *ssl, SSL_SESSION *session)
{
	struct fixture *fixture = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	SSL_SESSION_free(fixture->session);
	fixture->session = session;
	return 1;
}

static bool write_file(struct fixture *fixture)
{
	FILE *file = fopen(fixture->file, "we");
	bool ok = file != NULL;
	fixture->file_size = FILE_BYTES;
	for (size_t i = 0; ok && i < fixture->file_size; i++)
		ok = putc_unlocked(fixture_byte(i), file) != EOF;
	return file != NULL && fclose(file) == 0 && ok;
}

bool fixture_init(struct fixture *fixture)
{
	struct problem p;
	char path[96], key[96];

	*fixture = (struct fixture){ .folder = "/tmp/patchyard-http-XXXXXX" };
	signal(SIGPIPE, SIG_IGN);
	pthread_mutex_init(&fixture->lock, NULL);
	pthread_cond_init(&fixture->changed, NULL);
	if (mkdtemp(fixture->folder) == NULL)
		return false;
	snprintf(fixture->socket, sizeof fixture->socket, "%s/api.sock", fixture->folder);
	snprintf(fixture->file, sizeof fixture->file, "%s/file", fixture->folder);
	if (!write_file(fixture) || tls_identity_ensure(fixture->folder, NULL, 0, &p) < 0)
		return false;
	snprintf(path, sizeof path, "%s/server.crt", fixture->folder);
	snprintf(key, sizeof key, "%s/server.key", fixture->folder);
	fixture->tls = tls_context_new(path, key, &p);
	fixture->client = SSL_CTX_new(TLS_client_method());
	if (fixture->tls == NULL || fixture->client == NULL)
		return false;
	snprintf(path, sizeof path, "%s/ca.crt", fixture->folder);
	SSL_CTX_set_app_data(fixture->client, fixture);
	SSL_CTX_set_session_cache_mode(fixture->client, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(fixture->client, on_new_session);
	SSL_CTX_set_verify(fixture->client, SSL_VERIFY_PEER, NULL);
	return SSL_CTX_load_verify_file(fixture->client, path) == 1;
}

bool fixture_start(struct fixture *fixture, const struct loop_settings *extra)
{
	struct loop_settings settings =
		extra != NULL ? *extra : (struct loop_settings){ 0 };
	struct problem p;

	settings.address = "127.0.0.1";
	settings.tls = fixture->tls;
	settings.unix_path = fixture->socket;
	if (settings.handle == NULL) {
		settings.handle = handle;
		settings.owner = fixture;
	}
	settings.started = started;
	settings.stopped = stopped;
	settings.tick = tick;
	settings.owner = fixture;
	fixture->loop = loop_start(&settings, &p);
	if (fixture->loop == NULL)
		fprintf(stderr, "%s\n", p.text);
	return fixture->loop != NULL;
}

void fixture_stop(struct fixture *fixture)
{
	if (fixture->loop == NULL)
		return;
	loop_stop(fixture->loop);
	loop_join(fixture->loop);
	fixture->loop = NULL;
}

void fixture_fini(struct fixture *fixture)
{
	static const char *const names[] = { "ca.crt", "ca.key", "server.crt",
					     "server.key", "file" };
	char path[128];

	fixture_stop(fixture);
	SSL_SESSION_free(fixture->session);
	SSL_CTX_free(fixture->client);
	tls_context_free(fixture->tls);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", fixture->folder, names[i]);
		unlink(path);
	}
	rmdir(fixture->folder);
	pthread_mutex_destroy(&fixture->lock);
	pthread_cond_destroy(&fixture->changed);
}

static bool await(struct fixture *fixture, const unsigned *count, unsigned wanted)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_S;
	pthread_mutex_lock(&fixture->lock);
	while (*count < wanted && rc == 0)
		rc = pthread_cond_timedwait(&fixture->changed, &fixture->lock, &until);
	bool came = *count >= wanted;
	pthread_mutex_unlock(&fixture->lock);
	return came;
}

bool fixture_await_later(struct fixture *fixture, unsigned count)
{
	return await(fixture, &fixture->waiting_count, count);
}

bool fixture_await_ticks(struct fixture *fixture, unsigned count)
{
	return await(fixture, &fixture->ticks, count);
}

bool fixture_await_open(struct fixture *fixture, unsigned count)
{
	const struct timespec pause = { .tv_nsec = 2000000 };

	for (int i = 0; i < WAIT_S * 500; i++) {
		if (loop_counts(fixture->loop).open == count)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

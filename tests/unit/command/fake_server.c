#include "fake_server.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/lib/case.h"

enum { ROOM = 256 * 1024 };

struct fake_server {
	int listener;
	pthread_t thread;
	const struct fake_answer *answers;
	atomic_size_t count;
	struct fake_request requests[REQUESTS_MOST];
	char room[ROOM + 1];
};

static const char *header(const char *head, const char *name)
{
	for (const char *at = strstr(head, "\r\n"); at != NULL; at = strstr(at, "\r\n")) {
		at += 2;
		if (strncasecmp(at, name, strlen(name)) == 0 && at[strlen(name)] == ':')
			return at + strlen(name) + 1;
	}
	return NULL;
}

/* One request, whole, into the room.  False when the peer is done. */
static int read_request(struct fake_server *server, int peer, size_t *head_size)
{
	size_t used = 0;

	for (;;) {
		server->room[used] = '\0';
		char *end = strstr(server->room, "\r\n\r\n");
		if (end != NULL) {
			*end = '\0';
			const char *length = header(server->room, "Content-Length");
			size_t body = length == NULL ? 0 : strtoul(length, NULL, 10);
			*end = '\r';
			*head_size = (size_t)(end - server->room) + 4;
			if (used >= *head_size + body)
				return 1;
		}
		ssize_t got = recv(peer, server->room + used, ROOM - used, 0);
		if (got <= 0)
			return 0;
		used += (size_t)got;
	}
}

static void keep_request(struct fake_server *server, size_t head_size)
{
	if (server->count == REQUESTS_MOST)
		return;
	struct fake_request *request = &server->requests[server->count];
	const char *second = strchr(server->room, ' ');
	size_t size = (size_t)(second + 1 + strcspn(second + 1, " ") - server->room);
	snprintf(request->line, sizeof request->line, "%.*s", (int)size, server->room);
	snprintf(request->body, sizeof request->body, "%s", server->room + head_size);
	server->room[head_size - 2] = '\0';
	const char *type = header(server->room, "Content-Type");
	if (type != NULL)
		snprintf(request->type, sizeof request->type, "%.*s",
			 (int)strcspn(type + 1, "\r"), type + 1);
	server->count++;
}

static const struct fake_answer *find_answer(const struct fake_server *server,
					     const char *line)
{
	static const struct fake_answer none = {
		"", 404,
		"{\"type\":\"not-found\",\"title\":\"Not found\",\"status\":404,"
		"\"detail\":\"nothing is there\"}"
	};

	for (const struct fake_answer *row = server->answers; row->request != NULL;
	     row++) {
		if (strncmp(line, row->request, strlen(row->request)) == 0)
			return row;
	}
	return &none;
}

static void serve(struct fake_server *server, int peer)
{
	char line[1024], head[256];
	size_t head_size;

	while (read_request(server, peer, &head_size)) {
		snprintf(line, sizeof line, "%.*s", (int)strcspn(server->room, "\r"),
			 server->room);
		keep_request(server, head_size);
		const struct fake_answer *answer = find_answer(server, line);
		if (answer->status == 0)
			(void)recv(peer, server->room, ROOM, 0);
		if (answer->status == 0 || answer->body == NULL)
			return;
		snprintf(head, sizeof head,
			 "HTTP/1.1 %d X\r\nContent-Type: application/json\r\n"
			 "Content-Length: %zu\r\n\r\n",
			 answer->status, strlen(answer->body));
		if (send(peer, head, strlen(head), MSG_NOSIGNAL) < 0 ||
		    send(peer, answer->body, strlen(answer->body), MSG_NOSIGNAL) < 0)
			return;
	}
}

static void *serve_all(void *owner)
{
	struct fake_server *server = owner;

	for (;;) {
		int peer = accept(server->listener, NULL, NULL);
		if (peer < 0)
			return NULL; /* it was shut down */
		serve(server, peer);
		close(peer);
	}
}

struct fake_server *fake_server_start(const char *path, const struct fake_answer *answers)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct fake_server *server = calloc(1, sizeof *server);

	assert_non_null(server);
	server->answers = answers;
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(server->listener >= 0);
	(void)unlink(path);
	assert_int_equal(
		bind(server->listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(server->listener, 8), 0);
	assert_int_equal(pthread_create(&server->thread, NULL, serve_all, server), 0);
	return server;
}

size_t fake_server_count(struct fake_server *server)
{
	return server->count;
}

size_t fake_server_stop(struct fake_server *server,
			struct fake_request requests[static REQUESTS_MOST])
{
	size_t count;

	(void)shutdown(server->listener, SHUT_RDWR);
	(void)pthread_join(server->thread, NULL);
	close(server->listener);
	count = server->count;
	memcpy(requests, server->requests, count * sizeof *requests);
	free(server);
	return count;
}

#include "tests/unit/http/http_client.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { TIMEOUT_S = 10 };

static bool start(struct http_client *client, int family, const void *address,
		  socklen_t size)
{
	struct timeval timeout = { .tv_sec = TIMEOUT_S };

	*client = (struct http_client){ .fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC,
						     0) };
	if (client->fd < 0)
		return false;
	if (setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) ==
		    0 &&
	    setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) ==
		    0 &&
	    connect(client->fd, address, size) == 0)
		return true;
	close(client->fd);
	client->fd = -1;
	return false;
}

bool http_client_unix(struct http_client *client, const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
	return start(client, AF_UNIX, &name, sizeof name);
}

bool http_client_tls(struct http_client *client, int port, SSL_CTX *context,
		     SSL_SESSION *session)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	if (!start(client, AF_INET, &name, sizeof name))
		return false;
	client->ssl = SSL_new(context);
	if (client->ssl != NULL && SSL_set_fd(client->ssl, client->fd) == 1 &&
	    (session == NULL || SSL_set_session(client->ssl, session) == 1) &&
	    SSL_connect(client->ssl) == 1)
		return true;
	http_client_close(client, false);
	return false;
}

void http_client_close(struct http_client *client, bool politely)
{
	if (client->ssl != NULL && politely)
		SSL_shutdown(client->ssl);
	SSL_free(client->ssl);
	if (client->fd >= 0)
		close(client->fd);
	free(client->pending);
	*client = (struct http_client){ .fd = -1 };
}

bool http_client_send(struct http_client *client, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		long sent = client->ssl != NULL
				    ? SSL_write(client->ssl, at, (int)size)
				    : send(client->fd, at, size, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		at += sent;
		size -= (size_t)sent;
	}
	return true;
}

long http_client_read(struct http_client *client, void *room, size_t size)
{
	if (client->pending_size > 0) {
		size_t part = size < client->pending_size ? size : client->pending_size;
		memcpy(room, client->pending, part);
		client->pending_size -= part;
		memmove(client->pending, client->pending + part, client->pending_size);
		return (long)part;
	}
	if (client->ssl == NULL)
		return recv(client->fd, room, size, 0);
	int got = SSL_read(client->ssl, room, (int)size);
	if (got > 0)
		return got;
	return SSL_get_error(client->ssl, got) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

static bool grow(char **text, size_t *size, const char *data, size_t more)
{
	char *bigger = realloc(*text, *size + more + 1);
	if (bigger == NULL)
		return false;
	memcpy(bigger + *size, data, more);
	*size += more;
	bigger[*size] = '\0';
	*text = bigger;
	return true;
}

static bool read_head(struct http_client *client, struct http_answer *answer)
{
	char byte;
	size_t size = 0;

	do {
		if (http_client_read(client, &byte, 1) != 1 ||
		    !grow(&answer->head, &size, &byte, 1))
			return false;
	} while (size < 4 || memcmp(answer->head + size - 4, "\r\n\r\n", 4) != 0);
	answer->status = (int)strtol(answer->head + sizeof "HTTP/1.1", NULL, 10);
	return strncmp(answer->head, "HTTP/1.1 ", 9) == 0;
}

struct http_answer http_client_answer(struct http_client *client, bool is_head)
{
	struct http_answer answer = { 0 };
	char length[32], chunk[16 * 1024];

	if (!read_head(client, &answer)) {
		answer.status = 0;
		return answer;
	}
	if (is_head ||
	    !http_answer_header(&answer, "Content-Length", length, sizeof length))
		return answer;
	size_t left = strtoul(length, NULL, 10);
	if (!grow(&answer.body, &answer.body_size, "", 0))
		answer.status = 0;
	while (left > 0 && answer.status != 0) {
		long got = http_client_read(client, chunk,
					    left < sizeof chunk ? left : sizeof chunk);
		if (got <= 0 ||
		    !grow(&answer.body, &answer.body_size, chunk, (size_t)got))
			answer.status = 0; /* cut short */
		else
			left -= (size_t)got;
	}
	return answer;
}

void http_answer_free(struct http_answer *answer)
{
	free(answer->head);
	free(answer->body);
	*answer = (struct http_answer){ 0 };
}

bool http_answer_header(const struct http_answer *answer, const char *name, char *room,
			size_t size)
{
	size_t name_size = strlen(name);
	const char *line = answer->head;

	while (line != NULL && (line = strstr(line, "\r\n")) != NULL) {
		line += 2;
		if (strncasecmp(line, name, name_size) == 0 && line[name_size] == ':') {
			const char *value = line + name_size + 1;
			value += strspn(value, " ");
			int end = (int)strcspn(value, "\r");
			return snprintf(room, size, "%.*s", end, value) < (int)size;
		}
	}
	return false;
}

struct http_answer http_client_ask(struct http_client *client, const char *request)
{
	if (!http_client_send(client, request, strlen(request)))
		return (struct http_answer){ 0 };
	return http_client_answer(client, strncmp(request, "HEAD ", 5) == 0);
}

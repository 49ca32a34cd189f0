#include "protocol/http/exchange.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "protocol/http/exchange_private.h"
#include "protocol/http/http_reply.h"
#include "protocol/http/http_session.h"
#include "protocol/http/loop.h"
#include "protocol/http/workspace.h"

struct room {
	struct room *next;
	_Alignas(max_align_t) char bytes[];
};

struct exchange *exchange_new(struct http_host *host, struct http_session *session)
{
	struct exchange *exchange = malloc(sizeof *exchange);
	if (exchange == NULL)
		return NULL;
	memset(exchange, 0, offsetof(struct exchange, request));
	exchange->host = host;
	exchange->session = session;
	exchange->request.header_count = 0;
	buffer_init(&exchange->section, LIMIT_HEADER_SECTION + 1);
	return exchange;
}

void exchange_free(struct exchange *exchange)
{
	if (exchange == NULL)
		return;
	for (struct room *room = exchange->rooms; room != NULL;) {
		struct room *next = room->next;
		free(room);
		room = next;
	}
	http_body_fini(&exchange->body);
	buffer_fini(&exchange->section);
	free(exchange);
}

const struct http_request *exchange_request(const struct exchange *exchange)
{
	return &exchange->request;
}

struct loop *exchange_loop(const struct exchange *exchange)
{
	return exchange->host->loop;
}

void *exchange_allocate(struct exchange *exchange, size_t size)
{
	struct room *room = calloc(1, sizeof *room + size);
	if (room == NULL)
		return NULL;
	room->next = exchange->rooms;
	exchange->rooms = room;
	return room->bytes;
}

/* After this the exchange is gone. */
static void conclude(struct exchange *exchange)
{
	struct http_host *host = exchange->host;

	assert(exchange->handed_out && host->exchange_count > 0);
	host->exchange_count--;
	exchange_free(exchange);
	host->left(host);
}

static const char *connection_word(const struct exchange *exchange)
{
	if (!exchange->head.keep_alive || exchange->host->draining)
		return "close";
	return exchange->head.is_1_0 ? "keep-alive" : NULL;
}

static bool put_together(struct exchange *exchange, int status, const char *type,
			 const void *body, size_t size, const struct http_header *extra)
{
	struct workspace *workspace = exchange->host->workspace;
	struct reply_head head = {
		.status = status,
		.type = type,
		.length = (int64_t)size,
		.connection = connection_word(exchange),
		.extra = extra,
	};
	bool has_body =
		exchange->request.method != HTTP_HEAD && status != 204 && status != 304;

	assert(workspace->reply.size == 0);
	return http_reply_head(workspace, &head) &&
	       (!has_body || buffer_append(&workspace->reply, body, size));
}

void exchange_reply(struct exchange *exchange, int status, const char *type,
		    const void *body, size_t size, const struct http_header *extra)
{
	static const char sorry[] = "The answer is too large for this server's memory.\n";
	struct buffer *reply = &exchange->host->workspace->reply;

	assert(exchange->handed_out);
	assert(body != NULL || size == 0);
	if (exchange->session != NULL) {
		bool ok = put_together(exchange, status, type, body, size, extra);
		if (!ok) {
			buffer_clear(reply, 0);
			ok = put_together(exchange, 503, "text/plain", sorry,
					  sizeof sorry - 1, NULL);
		}
		if (!ok) {
			buffer_clear(reply, 0);
			http_session_close(exchange->session);
		} else {
			int rc = http_session_reply(exchange->session, NULL);
			assert(rc == 0); /* fails for files only */
		}
	}
	conclude(exchange);
}

void exchange_refuse(struct exchange *exchange, int status, const char *why)
{
	char text[260];
	int size = snprintf(text, sizeof text, "%s\n", why);

	assert(size >= 0);
	if ((size_t)size >= sizeof text)
		size = sizeof text - 1;
	exchange->head.keep_alive = false;
	if (put_together(exchange, status, "text/plain; charset=utf-8", text,
			 (size_t)size, NULL)) {
		int rc = http_session_reply(exchange->session, NULL);
		assert(rc == 0); /* fails for files only */
	} else {
		buffer_clear(&exchange->host->workspace->reply, 0);
		http_session_close(exchange->session);
	}
}

static int64_t total_size(const struct http_file *file)
{
	int64_t total = (int64_t)strlen(file->tail);
	for (size_t i = 0; i < file->part_count; i++)
		total += (int64_t)strlen(file->parts[i].head) + file->parts[i].size;
	return total;
}

void exchange_reply_parts(struct exchange *exchange, int status, const char *type,
			  const struct http_file *file, const struct http_header *extra)
{
	struct workspace *workspace = exchange->host->workspace;
	struct reply_head head = {
		.status = status,
		.type = type,
		.length = total_size(file),
		.connection = connection_word(exchange),
		.extra = extra,
	};
	bool wants_body = exchange->request.method != HTTP_HEAD && head.length > 0;
	int rc = -1;

	assert(exchange->handed_out);
	if (exchange->session != NULL) {
		assert(workspace->reply.size == 0);
		if (http_reply_head(workspace, &head))
			rc = http_session_reply(exchange->session,
						wants_body ? file : NULL);
		if (rc < 0) {
			buffer_clear(&workspace->reply, 0);
			http_session_close(exchange->session);
		}
	}
	if (rc < 0 || !wants_body)
		close(file->fd); /* only read: nothing to lose */
	conclude(exchange);
}

/* One parameter more than is our custom: each is plain, and a struct would be longer at
 * every call. */
/* NOLINTNEXTLINE(readability-function-size) */
void exchange_reply_file(struct exchange *exchange, int status, const char *type, int fd,
			 int64_t from, int64_t size, const struct http_header *extra)
{
	struct http_part part = { "", from, size };
	struct http_file file = { fd, 1, &part, "" };

	assert(from >= 0 && size >= 0);
	exchange_reply_parts(exchange, status, type, &file, extra);
}

const char *http_header(const struct http_request *request, const char *name)
{
	for (size_t i = 0; i < request->header_count; i++) {
		if (strcasecmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	}
	return NULL;
}

static int hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static bool decode(const char *text, size_t size, char *out, size_t room, bool is_query)
{
	size_t used = 0;

	for (size_t i = 0; i < size; i++) {
		char byte = text[i];
		if (byte == '+' && is_query) {
			byte = ' ';
		} else if (byte == '%') {
			if (size - i < 3)
				return false;
			int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
			if (high < 0 || low < 0)
				return false;
			byte = (char)(high << 4 | low);
			i += 2;
		}
		if (byte == '\0' || used + 1 >= room)
			return false;
		out[used++] = byte;
	}
	if (used >= room)
		return false;
	out[used] = '\0';
	return true;
}

bool http_decode(const char *text, size_t size, char *out, size_t room)
{
	return decode(text, size, out, room, false);
}

bool http_query(const struct http_request *request, const char *name, char *out,
		size_t room)
{
	size_t name_size = strlen(name);

	for (const char *pair = request->query; *pair != '\0';) {
		size_t size = strcspn(pair, "&");
		if (size > name_size && pair[name_size] == '=' &&
		    memcmp(pair, name, name_size) == 0)
			return decode(pair + name_size + 1, size - name_size - 1, out,
				      room, true);
		pair += size;
		pair += *pair == '&';
	}
	return false;
}

int http_query_nth(const struct http_request *request, const char *name, size_t n,
		   char *out, size_t room)
{
	size_t name_size = strlen(name);

	for (const char *pair = request->query; *pair != '\0';) {
		size_t size = strcspn(pair, "&");
		bool is_named = size >= name_size && memcmp(pair, name, name_size) == 0 &&
				(size == name_size || pair[name_size] == '=');
		if (is_named && n-- == 0)
			return size > name_size + 1 && decode(pair + name_size + 1,
							      size - name_size - 1, out,
							      room, true)
				       ? 1
				       : -1;
		pair += size;
		pair += *pair == '&';
	}
	return 0;
}

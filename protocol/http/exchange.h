/* One HTTP request and its answer.
 *
 * The session hands a complete, checked request to the loop's handler.  The exchange
 * stays valid until it is answered, even when the peer has gone: the answer is then
 * dropped.  Exactly one exchange_reply*() per exchange, on the loop's own thread; after
 * it the pointer is dead.  Everything a request points to lives as long. */

#ifndef PROTOCOL_HTTP_EXCHANGE_H
#define PROTOCOL_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/limits.h"

struct exchange;
struct loop;
struct problem;

enum http_method {
	HTTP_GET = 1,
	HTTP_HEAD = 2,
	HTTP_POST = 4,
	HTTP_PUT = 8,
	HTTP_DELETE = 16,
	HTTP_OTHER = 32
};

struct http_header {
	const char *name;  /* as sent; compare without case */
	const char *value; /* trimmed */
};

struct http_request {
	enum http_method method;
	const char *path;  /* as sent, without the query; starts with '/'; not decoded */
	const char *query; /* after '?', "" without */
	const char *host;  /* Host, as sent */
	size_t header_count;
	struct http_header headers[LIMIT_HEADER_LINES];
	const char *body; /* NUL-terminated for convenience; body_size counts */
	size_t body_size;
	const char *peer; /* "127.0.0.1:4711" or "unix" */
	bool is_unix;     /* came by the admin socket; then: */
	uid_t peer_uid;
	gid_t peer_gid;
	pid_t peer_pid;
};

const struct http_request *exchange_request(const struct exchange *exchange);
struct loop *exchange_loop(const struct exchange *exchange);

/* NULL when absent.  The first one where a name is repeated. */
const char *http_header(const struct http_request *request, const char *name);

/* Extra headers: an array ended by a NULL name; may be NULL. */

/* Answer with a body in memory (copied).  `type` is the Content-Type, NULL without a
 * body.  Content-Length is always sent; HEAD gets the headers only. */
void exchange_reply(struct exchange *exchange, int status, const char *type,
		    const void *body, size_t size, const struct http_header *extra);

/* Answer with bytes [from, from + size) of an open file; takes the descriptor over and
 * closes it.  Streams with back-pressure; read errors cut the connection. */
void exchange_reply_file(struct exchange *exchange, int status, const char *type, int fd,
			 int64_t from, int64_t size, const struct http_header *extra);

/* The same with several ranges and text between them, for multipart/byteranges: each
 * part is its head and then [from, from + size) of the file; `tail` closes the body.
 * Texts and parts are copied. */
struct http_part {
	const char *head;
	int64_t from, size;
};
struct http_file {
	int fd;
	size_t part_count;
	const struct http_part *parts;
	const char *tail;
};
void exchange_reply_parts(struct exchange *exchange, int status, const char *type,
			  const struct http_file *file, const struct http_header *extra);

/* Room for the handler's own state: zeroed, freed with the exchange.  NULL without
 * memory. */
void *exchange_allocate(struct exchange *exchange, size_t size);

/* Percent-decode one path segment or query value into `out`.  False on a malformed
 * escape, an encoded NUL, or too little room. */
bool http_decode(const char *text, size_t size, char *out, size_t room);
/* The decoded value of a query parameter, where '+' stands for a space.  False when
 * absent or malformed. */
bool http_query(const struct http_request *request, const char *name, char *out,
		size_t room);
/* The same of one that may be given several times: the n-th, from 0.  1 there, 0 none,
 * -1 malformed, empty or too long. */
int http_query_nth(const struct http_request *request, const char *name, size_t n,
		   char *out, size_t room);

#endif

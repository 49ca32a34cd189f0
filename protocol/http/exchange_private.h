/* What an exchange is made of; for exchange.c and http_session.c alone. */

#ifndef PROTOCOL_HTTP_EXCHANGE_PRIVATE_H
#define PROTOCOL_HTTP_EXCHANGE_PRIVATE_H

#include <stdbool.h>

#include "engine/buffer.h"
#include "protocol/http/exchange.h"
#include "protocol/http/http_body.h"
#include "protocol/http/http_parse.h"

struct http_host;
struct http_session;

struct exchange {
	struct http_host *host;
	struct http_session *session; /* NULL when the peer has gone */
	bool handed_out;
	struct http_head head;
	struct http_body body;
	struct buffer section; /* the header section; the request points into it */
	void *rooms;           /* exchange_allocate()'s, linked */
	char peer[72];
	struct http_request request; /* last: not cleared beyond header_count */
};

/* NULL without memory. */
struct exchange *exchange_new(struct http_host *host, struct http_session *session);
void exchange_free(struct exchange *exchange); /* accepts NULL */

/* A refusal by the session itself: it closes the connection. */
void exchange_refuse(struct exchange *exchange, int status, const char *why);

#endif

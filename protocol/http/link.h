/* A connection as HTTP sees it: plain bytes both ways, whether TLS lies beneath or not.
 *
 * A link is a conn, and over TCP a TLS pump on top.  Its events are the conn's, told of
 * plain bytes.  After link_pause() the rest of what had been read may still arrive:
 * at most one read's worth. */

#ifndef PROTOCOL_HTTP_LINK_H
#define PROTOCOL_HTTP_LINK_H

#include "protocol/http/conn.h"

struct link;
struct tls_context;

/* As conn_accept(); `tls` is NULL for plain. */
struct link *link_accept(uv_stream_t *listener, struct tls_context *tls,
			 struct workspace *workspace, const struct conn_events *events,
			 void *owner, bool *accepted);

bool link_send(struct link *link, const char *data, size_t size);
/* Says close_notify too. */
void link_finish(struct link *link, bool linger);
void link_close(struct link *link, int reason);

bool link_is_full(struct link *link);
bool link_is_over(const struct link *link);
void link_pause(struct link *link);
void link_resume(struct link *link);
void link_deadline(struct link *link, uint64_t at_ms);
const struct conn *link_conn(const struct link *link);

#endif

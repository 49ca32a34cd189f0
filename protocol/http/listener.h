/* Opens the sockets a loop listens on.
 *
 * TCP listeners share their port by SO_REUSEPORT, so that each loop has its own and the
 * kernel spreads the connections.  The Unix listener makes its file anew: a file left
 * over by a server that died is removed, but only once nobody answers on it. */

#ifndef PROTOCOL_HTTP_LISTENER_H
#define PROTOCOL_HTTP_LISTENER_H

#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

struct problem;

struct listener {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} socket;
	bool is_open;    /* init'd: to be closed by listener_close() */
	bool is_waiting; /* a connection could be neither taken nor refused yet */
	/* The Unix listener's file, to remove no other. */
	char path[108];
	dev_t device;
	ino_t inode;
};

/* 0, or -1 with *p told; close the listener in both cases. */
int listener_open_tcp(struct listener *listener, uv_loop_t *loop, const char *address,
		      int port, struct problem *p);
int listener_open_unix(struct listener *listener, uv_loop_t *loop, const char *path,
		       struct problem *p);

int listener_start(struct listener *listener, uv_connection_cb on_connection,
		   struct problem *p);
int listener_port(const struct listener *listener); /* 0 for a Unix one */

/* Idempotent. */
void listener_close(struct listener *listener);

#endif

/* Who this server is to Windows Update Agents: part of every view, read from the store.
 *
 * The server id changes when the database was restored from an older one: cookies of the
 * other life then get ServerChanged, and clients refresh what they hold.  That is found
 * at the start, by a mark beside the database, or by the first cookie that knows a later
 * generation than ours.  The generation counts what happened to the updates.  The
 * configuration's generation and LastChange move when the answer of GetConfig does.
 *
 * Settings of the store, which is the only one to keep them: wusp.server,
 * wusp.generation, wusp.configuration, wusp.config-version, wusp.last-change, wusp.keys.
 * Reading is for any session; the rest for the writer's. */

#ifndef PROTOCOL_WUSP_IDENTITY_H
#define PROTOCOL_WUSP_IDENTITY_H

#include "protocol/wusp/cookie.h"

struct backend_ops;
struct problem;
struct session;

/* Raise it when GetConfig's answer changes in code. */
enum { WUSP_CONFIG_VERSION = 1, WUSP_KEY_AGE_S = 30 * 86400 };

struct wusp_identity {
	struct guid server;     /* zero before the first start */
	uint32_t generation;    /* of the updates */
	uint64_t configuration; /* generation */
	int64_t last_change_s;  /* GetConfig's LastChange */
	struct cookie_keys keys;
};

/* -1 with *p told; what was never set is zero. */
int wusp_identity_read(const struct backend_ops *ops, struct session *session,
		       struct wusp_identity *identity, struct problem *p);
/* Makes what is missing and what is due: server id, keys, configuration.  1 when
 * anything changed. */
int wusp_identity_keep(const struct backend_ops *ops, struct session *session,
		       int64_t now_s, struct problem *p);
/* From now on another server, past `generation`. */
int wusp_identity_move(const struct backend_ops *ops, struct session *session,
		       uint32_t generation, struct problem *p);
int wusp_identity_put_generation(const struct backend_ops *ops, struct session *session,
				 uint32_t generation, struct problem *p);

#endif

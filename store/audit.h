/* Who did what and why, and the few settings the server keeps for itself
 * (engine/backend.h). */

#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include <stddef.h>
#include <stdint.h>

struct audit_entry;
struct problem;
struct session;

int store_audit_put(struct session *session, const struct audit_entry *entry,
		    struct problem *p);
/* Newest first, at most `limit`. */
int store_audits(struct session *session, int64_t limit,
		 int (*each)(void *owner, const struct audit_entry *entry), void *owner,
		 struct problem *p);

/* 1 found, 0 not there; PROBLEM_TOO_LARGE when `size` bytes do not hold it. */
int store_setting_read(struct session *session, const char *name, char *value,
		       size_t size, struct problem *p);
int store_setting_put(struct session *session, const char *name, const char *value,
		      struct problem *p);

#endif

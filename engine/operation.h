/* What an operator does to devices: remove, roll back, pause, block, try again.
 *
 * An operation is one such wish; it is carried out device by device, and each time it is
 * pure: it alters a record in memory and notes events, as engine/passage.h does.  The
 * server runs it inside one transaction per device, at once for a single device, and at
 * a bounded rate for many (protocol/server/keeper.h).
 *
 * Before anything is done, operation_rehearse() says what it would cost: the device is
 * copied, does as it is told, and its restarts are counted. */

#ifndef ENGINE_OPERATION_H
#define ENGINE_OPERATION_H

#include "engine/decision.h"
#include "engine/record.h"

struct problem;

enum operation_kind {
	OPERATION_UNINSTALL,
	OPERATION_ROLLBACK, /* of a hotpatch, to the latest cumulative update */
	OPERATION_PAUSE,
	OPERATION_RESUME,
	OPERATION_BLOCK,
	OPERATION_UNBLOCK,
	OPERATION_RETRY,
	OPERATION_KINDS
};
extern const char *const operation_kind_names[OPERATION_KINDS];

struct operation {
	enum operation_kind kind;
	/* Which release: product "" any, build 0 any, kb 0 whatever the device stands on,
	 * or for a retry all that failed. */
	struct release_key key;
	bool wait;       /* uninstall: nothing until a newer release of the quarter */
	int64_t until_s; /* pause */
};

/* How far it is on one device. */
enum operation_step {
	OPERATION_WAITING, /* not begun */
	OPERATION_RUNNING,
	OPERATION_DONE,
	OPERATION_FAILED, /* refused, stuck, or overtaken by another request */
	OPERATION_STEPS
};
extern const char *const operation_step_names[OPERATION_STEPS];

/* Does it end on a device with its begin?  Else the device has steps to take. */
bool operation_is_instant(enum operation_kind kind);

/* Begin it.  `decision` is that of the record.  -1 with *p told, and nothing changed,
 * where it does not fit the device. */
int operation_begin(const struct operation *operation, struct device_record *record,
		    const struct decision *decision, int64_t now_s,
		    struct outcome *outcome, struct problem *p);

/* How far the device is with what was begun at `begun_s`; `why` tells of a failure. */
enum { OPERATION_NOTE = 128 };
enum operation_step operation_progress(const struct operation *operation,
				       const struct device_record *record,
				       int64_t begun_s, char why[static OPERATION_NOTE]);

/* What it would come to. */
struct operation_outlook {
	bool removes, installs;
	struct release_key removed, installed;
	enum release_kind installed_kind;
	int restarts;
	enum reason stands_in_the_way; /* of what would follow; NONE */
};

/* `situation` is the device's; `room` is working room.  -1 with *p told where
 * operation_begin() would refuse. */
int operation_rehearse(const struct operation *operation,
		       const struct situation *situation, struct device_record *room,
		       struct operation_outlook *outlook, struct problem *p);

#endif

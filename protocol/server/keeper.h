/* The keeper: halts and passes rollouts, picks canaries, and carries operations from
 * device to device.
 *
 * It works on the writer thread, inside units of work, so what it decides is in the same
 * transaction as what it decided by:
 *  - after each change of a device it looks at the gates which that device's outcome
 *    touches (keeper_follow);
 *  - after each edit of catalog, plan or rollouts, with each move of a virtual clock, and
 *    every few seconds of a real one, it reviews all gates that are still undecided, for
 *    soak and silence pass by themselves (keeper_review);
 *  - when a device is done with an operation the next one begins (in a unit of its own).
 *
 * Where it wrote a rollout the unit builds a new view; later units of the same group
 * already decide by that (site_view_newest), so that no second device can become the
 * canary, and nothing halted is offered any more.
 *
 * What needs the whole fleet counted waits for a survey (survey.h). */

#ifndef PROTOCOL_SERVER_KEEPER_H
#define PROTOCOL_SERVER_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

struct device_record;
struct keeper;
struct loop;
struct outcome;
struct problem;
struct session;
struct site;
struct view;

/* The keeper's name in records and in the audit log. */
extern const char keeper_name[];

struct keeper *keeper_new(void); /* NULL without memory */
void keeper_free(struct keeper *keeper);

/* One look, inside a unit of work. */
struct keeping {
	struct site *site;
	struct session *session;
	const struct view *view;
	int64_t now_s;
	bool changed; /* it wrote a rollout: the view is of yesterday */
};

/* A device was written, with this outcome. */
int keeper_follow(struct keeping *keeping, const struct device_record *record,
		  const struct outcome *outcome, struct problem *p);
/* All gates that are undecided, and all canaries. */
int keeper_review(struct keeping *keeping, struct problem *p);

/* Writer thread, inside a unit of work: begin what operations may begin now.  *fresh is
 * the unit's new view, or NULL; *more that there is more than one unit should do. */
int keeper_operations(struct site *site, struct session *session, struct view **fresh,
		      bool *more, struct problem *p);

/* Any thread: have operations go on, and gates be reviewed, in a unit of their own. */
void keeper_poke(struct site *site);
/* Once a second, on one loop's thread. */
void keeper_tick(struct site *site, struct loop *loop);

#endif

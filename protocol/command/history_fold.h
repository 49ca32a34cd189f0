/* What has happened to a device, as a list of events, folded into a struct history.
 *
 *	{"at":TIME, "event":EVENT, "kb":KB, "build":BUILD?, "product":PRODUCT?,
 *	 "kbs":KBS?, "until":TIME?, "install_by":TIME?, "wait":true?}
 *
 * Events are in order of time; those after the moment of the decision are passed over, so
 * that a whole history answers questions about the past.  The product is the device's
 * unless it is named; the build is needed only where the catalog does not single it out.
 *
 *	offered accepted downloading downloaded installing installed restart-pending
 *	verified unverified failed not-applicable rejected expired withdrawn
 *		an install reached this state (install_by: the deadline it was given)
 *	removing removed
 *		an uninstall did; removed blocks the release and those of its quarter
 *	uninstall-requested (wait) rollback-requested recovered stuck
 *		what a person asked for, and how it ended
 *	blocked unblocked retry
 *		a person's word on one release
 *	paused (until) resumed
 *		the device takes nothing new meanwhile
 *	seen (kbs)
 *		these KBs were in os.kbs, and no others */

#ifndef PROTOCOL_COMMAND_HISTORY_FOLD_H
#define PROTOCOL_COMMAND_HISTORY_FOLD_H

struct device_line;
struct json_scan;
struct problem;
struct situation;

/* Into line->history, for the facts in `situation`. */
int history_fold(struct device_line *line, struct json_scan *scan,
		 const struct situation *situation, struct problem *p);

#endif

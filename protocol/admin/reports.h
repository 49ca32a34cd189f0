/* The two reports, counted device by device.
 *
 * Pure: a view, devices with their decisions, and numbers out; the calls in
 * api_reports.c walk the store and turn the numbers into JSON. */

#ifndef PROTOCOL_ADMIN_REPORTS_H
#define PROTOCOL_ADMIN_REPORTS_H

#include <stddef.h>
#include <stdint.h>

#include "engine/catalog.h"
#include "engine/limits.h"
#include "engine/reason.h"
#include "protocol/admin/job.h"

/* The hotpatch report: one row per policy, and one for devices that no policy matches.
 * Every device is in exactly one of three columns:
 *
 *	devices = up_to_date + not_up_to_date + not_ready
 *
 * and may be in any of the sub-counts below them. */
struct hotpatch_row {
	int64_t devices;
	/* Standing up-to-date: nothing newer is published for it, on its track; or what
	 * it waits for is offered only after an approval, and so is no security release.
	 */
	int64_t up_to_date;
	/* Something newer is: offered, under way, or waiting for a reason. */
	int64_t not_up_to_date;
	/* Standing not-ready: facts, product or ring are missing, so nothing can be
	 * said. */
	int64_t not_ready;
	/* Sub-count of devices: its level is a release of a quarter beyond the baseline
	 * itself, so it was brought there without a restart. */
	int64_t hotpatched;
	/* Sub-count of not_up_to_date: an action is due or a flow is on its way. */
	int64_t in_progress;
	/* Sub-count of not_up_to_date: a paused ring or device keeps it waiting. */
	int64_t paused;
};

struct hotpatch_report {
	/* [0] for devices without a policy, then the plan's in their order. */
	struct hotpatch_row rows[LIMIT_POLICIES + 1];
	/* Why devices whose policy allows hotpatches do not qualify for them, and why
	 * devices are not ready: a device counts once for every reason it has. */
	int64_t reasons[REASONS];
};

void hotpatch_report_count(struct hotpatch_report *report, const struct plan *plan,
			   const struct device_seen *seen);
/* To one decimal; 0 of nothing.  percent_latest is that of up_to_date among devices. */
double report_percent(int64_t part, int64_t whole);

/* The distribution report: every level devices stand on.  A level the catalog does not
 * know has no title; devices that report no build stand together on build 0.0. */
struct level_count {
	const struct product *product; /* NULL: none fits */
	const struct release *release; /* NULL: unknown or ambiguous */
	struct build build;
	int64_t devices;
};

struct distribution_report {
	size_t count, room;
	struct level_count *levels;
	int64_t devices;
};

/* False without memory. */
bool distribution_report_count(struct distribution_report *report,
			       const struct device_seen *seen);
/* Newest first; what the catalog does not know comes last. */
void distribution_report_sort(struct distribution_report *report);
void distribution_report_fini(struct distribution_report *report);

#endif

#include "protocol/wusp/events.h"

#include <stdbool.h>
#include <stddef.h>

/* How far the result says whether it went well. */
enum weight { ALWAYS, IF_WELL, BY_RESULT };

/* clang-format off */
static const struct row {
	int16_t number;
	enum weight weight;
	enum flow_state install, removal;
	const char *words;
} rows[] = {
	{ 147, ALWAYS, FLOW_NONE, FLOW_NONE, "scanned" },
	{ 148, ALWAYS, FLOW_NONE, FLOW_NONE, "the scan failed" },
	{ 156, ALWAYS, FLOW_NONE, FLOW_NONE, "status" },
	{ 161, ALWAYS, FLOW_FAILED, FLOW_NONE, "the download failed" },
	{ 162, ALWAYS, FLOW_DOWNLOADED, FLOW_NONE, "downloaded" },
	{ 163, ALWAYS, FLOW_FAILED, FLOW_NONE, "the download was cancelled" },
	{ 164, ALWAYS, FLOW_DOWNLOADED, FLOW_NONE, "downloaded, in part from peers" },
	{ 165, ALWAYS, FLOW_NONE, FLOW_NONE, "the download is suspended" },
	{ 166, ALWAYS, FLOW_DOWNLOADING, FLOW_NONE, "the download goes on" },
	{ 167, ALWAYS, FLOW_DOWNLOADING, FLOW_NONE, "downloading" },
	{ 168, ALWAYS, FLOW_NONE, FLOW_NONE, "the download is queued" },
	{ 169, ALWAYS, FLOW_NONE, FLOW_NONE, "still downloading" },
	{ 170, ALWAYS, FLOW_NONE, FLOW_NONE, "the download makes progress" },
	{ 181, ALWAYS, FLOW_INSTALLING, FLOW_REMOVING, "installing" },
	{ 182, ALWAYS, FLOW_FAILED, FLOW_NONE, "the install failed" },
	{ 183, ALWAYS, FLOW_INSTALLED, FLOW_NONE, "installed" },
	{ 184, ALWAYS, FLOW_RESTART_PENDING, FLOW_NONE, "installed, a restart is pending" },
	{ 185, ALWAYS, FLOW_NONE, FLOW_NONE, "the user hid it" },
	{ 186, ALWAYS, FLOW_FAILED, FLOW_NONE, "the install was cancelled" },
	{ 187, ALWAYS, FLOW_FAILED, FLOW_NONE, "the install was killed" },
	{ 188, ALWAYS, FLOW_DOWNLOADED, FLOW_NONE, "ready for its scheduled install" },
	{ 189, ALWAYS, FLOW_DOWNLOADED, FLOW_NONE, "ready to be installed" },
	{ 190, ALWAYS, FLOW_INSTALLED, FLOW_NONE, "installed as scheduled" },
	{ 191, ALWAYS, FLOW_RESTART_PENDING, FLOW_NONE, "installed as scheduled, a restart is pending" },
	{ 192, ALWAYS, FLOW_FAILED, FLOW_NONE, "the scheduled install was killed" },
	{ 193, ALWAYS, FLOW_RESTART_PENDING, FLOW_RESTART_PENDING, "a restart is required" },
	{ 194, ALWAYS, FLOW_RESTART_PENDING, FLOW_RESTART_PENDING, "a restart is scheduled" },
	{ 195, ALWAYS, FLOW_FAILED, FLOW_NONE, "the scheduled install failed" },
	{ 196, ALWAYS, FLOW_NONE, FLOW_NONE, "the user shows it again" },
	{ 197, ALWAYS, FLOW_INSTALLED, FLOW_NONE, "installed at shutdown" },
	{ 198, ALWAYS, FLOW_FAILED, FLOW_NONE, "the install at shutdown failed" },
	{ 199, ALWAYS, FLOW_RESTART_PENDING, FLOW_NONE, "installed at shutdown, a restart is pending" },
	{ 200, ALWAYS, FLOW_FAILED, FLOW_NONE, "the install at shutdown was killed" },
	{ 201, IF_WELL, FLOW_RESTART_PENDING, FLOW_RESTART_PENDING, "a restart is pending" },
	{ 202, ALWAYS, FLOW_NONE, FLOW_NONE, "restarted" },
	/* The specification and the original server's own text contradict each other. */
	{ 203, BY_RESULT, FLOW_INSTALLED, FLOW_REMOVED, "done after the restart" },
	{ 204, ALWAYS, FLOW_FAILED, FLOW_FAILED, "failed after the restart" },
	{ 221, ALWAYS, FLOW_NONE, FLOW_FAILED, "the removal failed" },
	{ 222, ALWAYS, FLOW_NONE, FLOW_REMOVED, "removed" },
	{ 223, ALWAYS, FLOW_NONE, FLOW_FAILED, "the removal was cancelled" },
	{ 224, ALWAYS, FLOW_NONE, FLOW_RESTART_PENDING, "removed, a restart is pending" },
	{ 225, ALWAYS, FLOW_NONE, FLOW_FAILED, "the removal was killed" },
	{ 226, ALWAYS, FLOW_NONE, FLOW_REMOVING, "removing" },
	{ 521, ALWAYS, FLOW_NONE, FLOW_NONE, "the commit began" },
	{ 522, ALWAYS, FLOW_FAILED, FLOW_NONE, "the commit failed" },
	{ 523, ALWAYS, FLOW_INSTALLED, FLOW_NONE, "committed" },
	{ 524, ALWAYS, FLOW_FAILED, FLOW_NONE, "the commit was cancelled" },
	{ 525, ALWAYS, FLOW_FAILED, FLOW_NONE, "the commit was killed" },
	/* What the system takes back by itself was no success. */
	{ 541, ALWAYS, FLOW_NONE, FLOW_NONE, "taking it back failed" },
	{ 542, ALWAYS, FLOW_FAILED, FLOW_NONE, "the system took it back" },
	{ 543, ALWAYS, FLOW_NONE, FLOW_NONE, "taking it back was cancelled" },
	{ 544, ALWAYS, FLOW_FAILED, FLOW_NONE, "the system takes it back with the restart" },
	{ 545, ALWAYS, FLOW_NONE, FLOW_NONE, "taking it back was killed" },
	{ 546, ALWAYS, FLOW_NONE, FLOW_NONE, "the system begins to take it back" },
};
/* clang-format on */

static enum flow_state weigh(const struct row *row, enum flow_state claim, bool is_well)
{
	if (row->weight == ALWAYS || is_well || claim == FLOW_NONE)
		return claim;
	return row->weight == BY_RESULT ? FLOW_FAILED : FLOW_NONE;
}

struct event_meaning event_meaning(int64_t event, int64_t result)
{
	/* An HRESULT is a failure by its sign; some write it as 32 bits without one. */
	bool is_well = result >= 0 && result <= INT32_MAX;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i].number == event)
			return (struct event_meaning){
				.words = rows[i].words,
				.claim = { [FLOW_INSTALL] = weigh(
						   &rows[i], rows[i].install, is_well),
					   [FLOW_UNINSTALL] = weigh(
						   &rows[i], rows[i].removal, is_well) },
			};
	}
	return (struct event_meaning){ .words = NULL };
}

/* The inside of the simulated Windows, shared by the file that runs it, the file that
 * judges, and the file that keeps it on disk. */

#ifndef AGENTS_WINDOWS_INNER_H
#define AGENTS_WINDOWS_INNER_H

#include "agents/payload.h"
#include "agents/windows.h"

enum pending { PENDING_NOTHING, PENDING_UPDATE, PENDING_UNHOTPATCH, PENDING_ROLLBACK };

struct windows {
	struct windows_model model;
	struct windows_knobs knobs;
	char *folder;

	/* What a disk image would hold. */
	struct windows_level base;     /* the cumulative update that runs */
	struct windows_level hotpatch; /* upon it; kb 0 for none */
	struct windows_level
		previous;            /* beneath it, for its removal; build 0.0 for none */
	struct windows_level staged; /* takes effect with the restart */
	enum pending pending;
	int64_t boot_s;
	uint64_t noise;
	struct windows_tally tally;
	bool in_error;

	/* Lost when the agent is killed. */
	enum host_state job;
	int64_t job_ready_s;
	struct host_job asked;
	struct payload payload;
	uint32_t verdict;
	const char *verdict_text;
};

/* Whether this payload may be installed here and now: HRESULT_OK or the refusal, with a
 * sentence in *text. */
uint32_t windows_judge_install(const struct windows *windows,
			       const struct payload *payload, const char **text);
uint32_t windows_judge_removal(const struct windows *windows, uint32_t kb,
			       const char **text);

int windows_save(const struct windows *windows, struct problem *p);

/* False when there is nothing to go on from; -1 is told by p->kind. */
int windows_load(struct windows *windows, bool *found, struct problem *p);

#endif

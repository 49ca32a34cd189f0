/* `patchyard rehearse`, in its parts.
 *
 * The options become a struct rehearsing: files read, a fleet, an ask.  rehearse_jobs.c
 * plays the runs on threads; rehearse_document.c makes one JSON document of what came
 * out, which is also what --save keeps; text, CSV, SVG and the comparison of two are all
 * drawn from that document, so that a saved rehearsal shows the same as a new one.
 *
 * The document: {"rehearsal":1, "from", "until", "days", "runs", "devices", "seed",
 * "plan", "fleet", ... "rollouts":[..], "leaving":[..], "unreached":[..],
 * "restarts":{..}}.  A band is {"p10","p50","p90"} over the runs; null is never. */

#ifndef PROTOCOL_COMMAND_REHEARSE_H
#define PROTOCOL_COMMAND_REHEARSE_H

#include <jansson.h>
#include <stdio.h>

#include "engine/rehearsal/fleet.h"
#include "engine/rehearsal/rehearsal.h"
#include "engine/rehearsal/summary.h"
#include "engine/rollout.h"
#include "protocol/command/check.h"
#include "protocol/command/command.h"
#include "protocol/command/tell.h"

enum { REHEARSE_RUNS_MOST = 10000, REHEARSE_JOBS_MOST = 256 };

struct rehearsing {
	const struct invocation *invocation;
	struct yard_files files;
	struct fleet *fleet;
	size_t record_count;
	struct rollout_record *records; /* what --as-of does not know yet */
	struct rehearsal_ask ask;
	int64_t as_of_s; /* INSTANT_NONE: everything is known */
	uint32_t runs, jobs;
	bool has_offline;
	uint32_t offline_ppm;
};

/* rehearse_options.c: STATUS_DONE, or told. */
enum status rehearse_options(struct rehearsing *r, const struct invocation *invocation);

/* rehearse_fleet.c: -1 with *trouble told. */
int rehearse_fleet(struct rehearsing *r, struct trouble *trouble);

/* rehearse_fail.c: "KB5058497=2%+-1" and the like.  -1 with *p told. */
int rehearse_fail_parse(const char *text, struct fleet_failure *failure,
			struct problem *p);
/* "5%", "0.25" in millionths; what is behind it at *end.  False if malformed. */
bool rehearse_share_parse(const char *text, uint32_t *ppm, const char **end);

/* rehearse_jobs.c: play the runs.  Results of those that were done stand first; Ctrl-C
 * ends it early.  -1 with *p told. */
struct rehearse_results {
	uint32_t count; /* runs that are done */
	bool stopped;
	struct rehearsal_result *list; /* of so many runs as were asked for */
};
int rehearse_jobs(const struct rehearsing *r, const struct rehearsal *rehearsal,
		  struct rehearse_results *results, struct problem *p);
void rehearse_results_free(struct rehearse_results *results, uint32_t runs);

/* rehearse_document.c; NULL without memory. */
json_t *rehearse_document(const struct rehearsing *r, const struct summary *summary);
int rehearse_save(const json_t *document, const char *name, struct problem *p);
/* A saved one, or a file.  NULL with *p told. */
json_t *rehearse_load(const char *name, struct problem *p);
/* The n-th percentile of a band of `object`; NAN for never or not there. */
double rehearse_band(const json_t *object, const char *name, const char *which);
const char *rehearse_word(const json_t *object, const char *name);
/* The time to `share` percent in a rollout, a band of hours. */
const json_t *rehearse_reach(const json_t *rollout, int share);

/* How a document looks. */
void rehearse_text(FILE *to, const json_t *document, const struct terminal *terminal);
void rehearse_csv(FILE *to, const json_t *document);
void rehearse_svg(FILE *to, const json_t *document);
/* "14 h", "9.2 d", "never" */
enum { REHEARSE_TIME = 24 };
const char *rehearse_time(double hours, char text[static REHEARSE_TIME]);

/* rehearse_compare.c */
json_t *rehearse_compare(const json_t *before, const json_t *after);
void rehearse_compare_text(FILE *to, const json_t *comparison);

#endif

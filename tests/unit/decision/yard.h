/* A small world for decisions: a catalog, a plan and one device, written as lines of
 * text, so that a test reads as a story.
 *
 *   product win11 client 26100 from=26100.2033 [planned=2025-07-08] [leaves=KB1]
 *   KB101 26100.1000 baseline 2025-01-14 [B|D|OOB] [baseline=KB..] [repairs=KB..]
 *         [track] [offer=approval] [arch=arm64] [match=the rest of the line]
 *   policy NAME [allow] [optional] [behind=baseline] [payload=wait] match=...
 *   ring NAME [defer=DAYS] [deadline=DAYS] [grace=DAYS] [after=RING] [gradual=DAYS]
 *        [active=8-18] [window=22-4] [scheduled=3] [notify] [canary] [manual]
 *        [attempts=N] [retry=HOURS] match=...
 *   hold KB101 [build=26100.1000] match=...
 *
 * Days of publication begin at 17:00 UTC.  What a line says wrong fails the test. */

#ifndef TESTS_UNIT_DECISION_YARD_H
#define TESTS_UNIT_DECISION_YARD_H

#include "engine/decision.h"
#include "engine/explain.h"
#include "engine/facts.h"
#include "engine/instant.h"
#include "engine/passage.h"
#include "engine/plan.h"
#include "engine/rollout.h"

enum { YARD_RECORDS = 32 };

#define DAYS(n)  ((int64_t)(n)*DAY_S)
#define HOURS(n) ((int64_t)(n)*HOUR_S)

struct yard {
	struct catalog *catalog;
	struct plan *plan;
	struct rollouts *rollouts;
	size_t record_count;
	struct rollout_record records[YARD_RECORDS];
	struct device_record device;
	struct decision decision;
	struct outcome outcome;
	int64_t next_flow_id;
};

struct catalog *yard_catalog(const char *const *lines, size_t count);
struct plan *yard_plan(const char *const *lines, size_t count);

/* NULL lines take a catalog of four quarters and a plan with hotpatch for all and one
 * ring "now" without deferral. */
void yard_open(struct yard *yard, const char *const *catalog, size_t catalog_count,
	       const char *const *plan, size_t plan_count);
void yard_close(struct yard *yard);

/* "2025-05-13" is 17:00 UTC of that day; anything longer is read as it stands. */
int64_t at(const char *text);

/* An eligible x64 client on `kb` and `build`, its facts reported at `when`. */
void yard_device(struct yard *yard, const char *build, const char *kbs, int64_t now_s);
/* One more fact; NULL removes it. */
void yard_fact(struct yard *yard, const char *name, const char *value, int64_t now_s);

/* A record of what was done on the day: fill the rest, then yard_rollouts(). */
struct rollout_record *yard_record(struct yard *yard, const char *kb, const char *ring);
void yard_rollouts(struct yard *yard);
/* The payload of one KB is not there. */
void yard_no_payload(struct yard *yard, const char *kb);

struct situation yard_situation(struct yard *yard, int64_t now_s);
const struct decision *yard_decide(struct yard *yard, int64_t now_s);

/* "install KB101 a: new-quarter" or "waiting KB102: deferred": action or standing, KB,
 * rule and reasons in one line. */
const char *yard_line(struct yard *yard, int64_t now_s);
const char *decision_line(const struct decision *d, char *room, size_t size);

/* The device's visits, as the server handles them: decide, then what follows from it. */

/* A poll, until nothing moves.  The id of the flow that is on its way, or 0. */
int64_t yard_poll(struct yard *yard, int64_t now_s);
/* The device fetches its offer. */
void yard_fetch(struct yard *yard, int64_t now_s);
enum report_result yard_report(struct yard *yard, enum flow_state state,
			       uint32_t sequence, int64_t now_s);
/* New facts; NULL leaves one as it was. */
void yard_shows(struct yard *yard, const char *build, const char *kbs, const char *boot,
		int64_t now_s);
const char *yard_state(const struct yard *yard); /* of the flow, by name */
/* How many events of a kind the last visit left. */
int yard_events(const struct yard *yard, enum event_kind kind);

bool has_reason(const struct decision *d, enum reason reason);

#endif

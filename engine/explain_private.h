/* What the parts of an explanation share: explain.c begins it and places the device,
 * explain_rows.c shows the rows of 2.3 and the way back, explain_release.c what stands
 * in a release's way and what only means "not now", explain_request.c what a person
 * asked to have removed, explain_text.c writes it down. */

#ifndef ENGINE_EXPLAIN_PRIVATE_H
#define ENGINE_EXPLAIN_PRIVATE_H

#include "engine/explain.h"
#include "engine/judgement.h"

enum { MOMENT_TEXT = 24, RELEASE_TEXT = 64 };

struct telling {
	struct explanation *explanation;
	const struct judgement *j; /* its decision is a copy of the explanation's */
	bool placed;               /* the rules of a release can be asked */
};

/* The next rule: verdict from `passes`, no texts yet. */
struct rule *tell(struct telling *t, enum rule_group group, const char *name,
		  const char *title);
void tell_verdict(struct rule *rule, bool passes, enum reason reason);
void tell_none(struct rule *rule, const char *observed); /* does not apply */
__attribute__((format(printf, 2, 3))) void tell_observed(struct rule *rule,
							 const char *fmt, ...);
__attribute__((format(printf, 2, 3))) void tell_expected(struct rule *rule,
							 const char *fmt, ...);
__attribute__((format(printf, 2, 3))) void tell_source(struct rule *rule, const char *fmt,
						       ...);
/* Observed, source and time from one fact. */
void tell_fact(struct telling *t, struct rule *rule, enum fact_id id);

/* "2025-05-13 17:00 UTC"; "at no known time" for INSTANT_NONE. */
const char *moment_text(int64_t at_s, char text[static MOMENT_TEXT]);
/* "2025-07-08" */
const char *day_text(int64_t at_s, char text[static MOMENT_TEXT]);
/* "KB5058497 (hotpatch, 26100.3981)" */
const char *release_text(const struct line *line, int32_t index,
			 char text[static RELEASE_TEXT]);

void explain_rows(struct telling *t);
void explain_way_back(struct telling *t);
void explain_release(struct telling *t);
void explain_not_now(struct telling *t);
void explain_request(struct telling *t);
/* The headline of a device whose removal or rollback is stuck; else it stays. */
void explain_stuck(struct explanation *e, const struct history *history);

#endif

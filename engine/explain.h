/* Why a device is offered what it is offered, or not: the rules behind one decision, as
 * data and as text.
 *
 * explain() calls decide() and then asks the same functions that decide() asks, one by
 * one, so no rule is written twice.  The caller gives the memory (some 20 KB: keep it
 * off small stacks); nothing is allocated and no clock is read.  An explanation borrows
 * from the situation it was made with: facts, catalog, plan and rollouts must outlive
 * it.  To ask "what if", or "as of", alter the facts or the time of the situation first.
 *
 * Rules come in the order in which a person would check them: where the device belongs,
 * whether it qualifies for hotpatches, what stands in the way of one release, what only
 * means "not now". */

#ifndef ENGINE_EXPLAIN_H
#define ENGINE_EXPLAIN_H

#include "engine/decision.h"
#include "engine/facts.h"

enum {
	EXPLANATION_RULES = 48,
	EXPLANATION_STEPS = 12,
	EXPLANATION_NOTES = 16,
	EXPLANATION_TEXT = 16 * 1024
};

enum rule_group {
	RULES_PLACEMENT,   /* facts product level ring policy-match */
	RULES_ELIGIBILITY, /* the eight rows of the decision, by row_names */
	RULES_RELEASE,     /* one release: the asked one, or what was decided about */
	RULES_NOT_NOW,     /* restart-pending facts-fresh device-paused ... */
	RULE_GROUPS
};
extern const char *const rule_group_names[RULE_GROUPS];

struct rule {
	const char *name;  /* stable: "vbs", "deferral" */
	const char *title; /* what it asks, for people: "VBS is running" */
	enum rule_group group;
	enum verdict verdict; /* by verdict_names */
	bool passes;          /* a fact not reported may pass (licence) or fail (vbs) */
	char observed[176];   /* what is; "" when there is nothing to show */
	char expected[144];   /* what would pass */
	char source[112];     /* "fact vbs, reported", "ring broad", "catalog", ... */
	const char *fact;     /* the fact it rests on, or NULL */
	enum fact_source fact_source; /* with a fact that is there */
	int64_t observed_s;           /* when the fact was last reported; INSTANT_NONE */
	enum reason reason;           /* REASON_NONE, or name it by reason_face()->name */
	const char *remedy;           /* what to do, "" when nothing is to be done */
};

/* About which release?  kb 0: about what the decision chose or waits for.  With a KB
 * that has several builds, build singles one out; base 0 takes the newest published. */
struct explain_question {
	uint32_t kb;
	struct build build;
};

struct explanation {
	const char *device;
	int64_t now_s;
	struct decision decision;
	int32_t release;    /* the line index that RULES_RELEASE speak of; -1 for none */
	bool asked;         /* the question named it */
	bool offered;       /* it is what the decision offers now */
	char headline[240]; /* "D is offered KB... (hotpatch, 26100.3981)." */
	char instead[240];  /* what is offered in place of the asked one; may be "" */
	uint16_t rule_count;
	struct rule rules[EXPLANATION_RULES];
	uint16_t way_back_count; /* steps back to hotpatches, in order; none needed: 0 */
	char way_back[EXPLANATION_STEPS][192];
	/* What the asker did to the situation, in words: added after explain(). */
	uint16_t note_count;
	char notes[EXPLANATION_NOTES][160];
};

/* `question` may be NULL.  0; or -1 when the question names a release that the device's
 * product and architecture does not have: the explanation is then complete but for the
 * rules of a release, and its headline says so. */
int explain(const struct situation *situation, const struct explain_question *question,
	    struct explanation *explanation);

/* One more note: "assumed", "vbs = running".  Past the last there is none. */
__attribute__((format(printf, 3, 4))) void explanation_note(struct explanation *e,
							    const char *label,
							    const char *fmt, ...);

/* The whole of it for people, in lines of at most some 100 columns, into `room`, cut to
 * fit at a line's end; returns room.  EXPLANATION_TEXT bytes hold any. */
char *explanation_text(const struct explanation *explanation, char *room, size_t size);

#endif

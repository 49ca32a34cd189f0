/* Plan lines: policies, rings and holds in a few words.
 *
 *	policy NAME allow|block [behind lcu|baseline] [payload lcu|wait] [optional] [for
 *EXPR] ring NAME [defer DAYS] [after RING] [deadline DAYS] [grace DAYS] [gradual DAYS]
 *		[active 08:00-18:00] [window 22:00-05:00] [schedule 23:00] [zone ZONE]
 *		[notify] [canary] [manual] [attempts N] [retry DURATION]
 *		[samples N] [max-failed PERCENT] [soak DURATION] [max-silent PERCENT]
 *		[silent-after DURATION] [critical CODE] [for EXPR]
 *	hold KB [BUILD] [product NAME] for EXPR
 *
 * Without `for` a policy is for any device, a ring NAME for tag.ring = NAME. */

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/xml/zone_files.h"
#include "stage.h"

/* The first two words say what a line is about. */
static bool same_subject(const char *a, const char *b)
{
	for (int word = 0; word < 2; word++) {
		a += strspn(a, " ");
		b += strspn(b, " ");
		size_t size = strcspn(a, " ");
		if (size != strcspn(b, " ") || strncmp(a, b, size) != 0)
			return false;
		a += size;
		b += size;
	}
	return true;
}

static int drop(struct stage *stage, const char *text, const struct words *words)
{
	for (size_t i = 0; i < stage->plan_line_count; i++) {
		if (!same_subject(stage->plan_lines[i].text, text))
			continue;
		stage->plan_line_count--;
		memmove(&stage->plan_lines[i], &stage->plan_lines[i + 1],
			(stage->plan_line_count - i) * sizeof stage->plan_lines[0]);
		return 0;
	}
	return trouble_tell(words, "the plan has no '%s'", text);
}

int plan_line_add(struct stage *stage, const char *text, const struct words *words)
{
	size_t i = 0;

	stage->plan_is_new = true;
	text += strspn(text, " ");
	if (strncmp(text, "drop ", 5) == 0)
		return drop(stage, text + 5, words);
	while (i < stage->plan_line_count &&
	       !same_subject(stage->plan_lines[i].text, text))
		i++;
	if (i == STAGE_PLAN_LINES)
		return trouble_tell(words, "more than %d lines of plan",
				    STAGE_PLAN_LINES);
	if (i == stage->plan_line_count)
		stage->plan_line_count++;
	snprintf(stage->plan_lines[i].text, sizeof stage->plan_lines[i].text, "%s", text);
	stage->plan_lines[i].origin = words->origin;
	return 0;
}

static int policy_word(struct policy *policy, struct words *words, const char *word)
{
	if (strcmp(word, "allow") == 0)
		policy->hotpatch = true;
	else if (strcmp(word, "block") == 0)
		policy->hotpatch = false;
	else if (strcmp(word, "optional") == 0)
		policy->optional_updates = true;
	else if (strcmp(word, "behind") == 0)
		policy->behind_baseline =
			words_take_if(words, "baseline") ? BEHIND_BASELINE : BEHIND_LCU;
	else if (strcmp(word, "payload") == 0)
		policy->missing_payload =
			words_take_if(words, "wait") ? MISSING_WAIT : MISSING_LCU;
	else
		return trouble_tell(words, "a policy has no '%s'", word);
	if (strcmp(word, "behind") == 0 || strcmp(word, "payload") == 0)
		words_take_if(words, "lcu");
	return 0;
}

static int add_policy(struct plan_draft *draft, struct words *words)
{
	struct policy policy = { .origin = words->origin };
	const char *word, *match = "any";

	snprintf(policy.name, sizeof policy.name, "%s",
		 words_need(words, "the policy's name"));
	while ((word = words_take(words)) != NULL) {
		if (strcmp(word, "for") == 0)
			match = words_rest(words);
		else if (policy_word(&policy, words, word) < 0)
			return -1;
	}
	if (match == NULL || plan_draft_policy(draft, &policy, match) < 0)
		return trouble_tell(words, "the policy finds no room");
	return 0;
}

/* "08:00" */
static bool parse_minute(const char *text, const char **end, uint16_t *minute)
{
	char *after;
	unsigned long hour = strtoul(text, &after, 10);

	if (after != text + 2 || *after != ':' || hour > 24)
		return false;
	unsigned long rest = strtoul(after + 1, &after, 10);
	if (after != text + 5 || rest > 59)
		return false;
	*minute = (uint16_t)(hour * 60 + rest);
	*end = after;
	return true;
}

static int take_hours(struct words *words, bool is_span, struct hours *hours)
{
	const char *word = words_need(words, "hours"), *end;

	hours->set = true;
	if (parse_minute(word, &end, &hours->from_minute) &&
	    ((!is_span && *end == '\0') ||
	     (is_span && *end == '-' && parse_minute(end + 1, &end, &hours->to_minute) &&
	      *end == '\0')))
		return 0;
	return trouble_tell(words, "'%s' is no time such as %s", word,
			    is_span ? "08:00-18:00" : "23:00");
}

static int take_permille(struct words *words, uint32_t *permille)
{
	const char *word = words_need(words, "a percentage");
	char *end;
	double percent = strtod(word, &end);

	if (end == word || strcmp(end, "%") != 0 || percent < 0 || percent > 100)
		return trouble_tell(words, "'%s' is no percentage", word);
	*permille = (uint32_t)(percent * 10 + 0.5);
	return 0;
}

enum unit { UNIT_DAYS, UNIT_COUNT, UNIT_DURATION };

/* Numbers: 1 taken, 0 not one of them. */
static int ring_number(struct ring *ring, struct words *words, const char *word)
{
	static const struct {
		const char *word;
		size_t offset;
		enum unit unit;
	} numbers[] = {
		{ "defer", offsetof(struct ring, defer_s), UNIT_DAYS },
		{ "deadline", offsetof(struct ring, deadline_s), UNIT_DAYS },
		{ "grace", offsetof(struct ring, grace_s), UNIT_DAYS },
		{ "gradual", offsetof(struct ring, gradual_s), UNIT_DAYS },
		{ "retry", offsetof(struct ring, retry_s), UNIT_DURATION },
		{ "soak", offsetof(struct ring, gate.soak_s), UNIT_DURATION },
		{ "silent-after", offsetof(struct ring, gate.silent_after_s),
		  UNIT_DURATION },
		{ "attempts", offsetof(struct ring, attempts_max), UNIT_COUNT },
		{ "samples", offsetof(struct ring, gate.min_samples), UNIT_COUNT },
	};
	int64_t number;

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		if (strcmp(numbers[i].word, word) != 0)
			continue;
		int rc = numbers[i].unit == UNIT_DURATION ? words_duration(words, &number)
							  : words_number(words, &number);
		if (rc < 0)
			return -1;
		if (numbers[i].unit == UNIT_DAYS)
			number *= DAY_S;
		char *field = (char *)ring + numbers[i].offset;
		if (numbers[i].unit == UNIT_COUNT)
			*(uint32_t *)(void *)field = (uint32_t)number;
		else
			*(int64_t *)(void *)field = number;
		return 1;
	}
	return 0;
}

static int take_critical(struct gate *gate, struct words *words)
{
	const char *word = words_need(words, "a code");

	if (gate->critical_count == GATE_CRITICAL_CODES)
		return trouble_tell(words, "more than %d critical codes",
				    GATE_CRITICAL_CODES);
	gate->critical[gate->critical_count++] = (uint32_t)strtoul(word, NULL, 0);
	return 0;
}

static int ring_word(struct ring_draft *draft, struct words *words, const char *word)
{
	struct ring *ring = &draft->ring;

	if (strcmp(word, "after") == 0)
		draft->after = words_need(words, "a ring");
	else if (strcmp(word, "zone") == 0)
		draft->zone = draft->window_zone = words_need(words, "a zone");
	else if (strcmp(word, "active") == 0)
		return take_hours(words, true, &ring->active_hours);
	else if (strcmp(word, "window") == 0)
		return take_hours(words, true, &ring->window);
	else if (strcmp(word, "max-failed") == 0)
		return take_permille(words, &ring->gate.max_failed_permille);
	else if (strcmp(word, "max-silent") == 0)
		return take_permille(words, &ring->gate.max_silent_permille);
	else if (strcmp(word, "critical") == 0)
		return take_critical(&ring->gate, words);
	else if (strcmp(word, "notify") == 0)
		ring->behaviour = INSTALL_NOTIFY;
	else if (strcmp(word, "canary") == 0)
		ring->canary = true;
	else if (strcmp(word, "manual") == 0)
		ring->approval = APPROVE_MANUAL;
	else if (strcmp(word, "schedule") == 0) {
		ring->behaviour = INSTALL_SCHEDULED;
		return take_hours(words, false, &ring->schedule);
	} else
		return trouble_tell(words, "a ring has no '%s'", word);
	return 0;
}

static bool is_of_gate(const char *word)
{
	static const char *const of_gate[] = { "samples",    "max-failed",   "soak",
					       "max-silent", "silent-after", "critical" };

	for (size_t i = 0; i < sizeof of_gate / sizeof of_gate[0]; i++) {
		if (strcmp(word, of_gate[i]) == 0)
			return true;
	}
	return false;
}

static int add_ring(struct plan_draft *draft, struct words *words)
{
	struct ring_draft ring = {
		.ring = { .attempts_max = 3,
			  .retry_s = HOUR_S,
			  .gate = { .min_samples = 1,
				    .max_failed_permille = 1000,
				    .max_silent_permille = 1000 } },
		.origin = words->origin,
	};
	char own[LIMIT_NAME + 16];
	const char *word;

	snprintf(ring.ring.name, sizeof ring.ring.name, "%s",
		 words_need(words, "the ring's name"));
	snprintf(own, sizeof own, "tag.ring = %.64s", ring.ring.name);
	ring.match = own;
	while ((word = words_take(words)) != NULL) {
		ring.ring.gate.set |= is_of_gate(word);
		ring.ring.deadline_set |= strcmp(word, "deadline") == 0;
		if (strcmp(word, "for") == 0) {
			ring.match = words_rest(words);
			continue;
		}
		int rc = ring_number(&ring.ring, words, word);
		if (rc == 0)
			rc = ring_word(&ring, words, word);
		if (rc < 0)
			return -1;
	}
	if (ring.match == NULL || plan_draft_ring(draft, &ring) < 0)
		return trouble_tell(words, "the ring finds no room");
	return 0;
}

static int add_hold(struct plan_draft *draft, struct words *words)
{
	struct hold hold = { .origin = words->origin };
	struct build build;

	if (words_kb(words, &hold.kb) < 0)
		return -1;
	words_maybe_build(words, &build);
	hold.has_build = build.base != 0;
	hold.base = build.base;
	hold.revision = build.revision;
	if (words_take_if(words, "product"))
		snprintf(hold.product, sizeof hold.product, "%s",
			 words_need(words, "a product"));
	snprintf(hold.reason, sizeof hold.reason, "as the scenario says");
	const char *match = words_take_if(words, "for") ? words_rest(words) : NULL;
	if (match == NULL)
		return trouble_tell(words, "a hold says for whom it is: for EXPRESSION");
	if (plan_draft_hold(draft, &hold, match) < 0)
		return trouble_tell(words, "the hold finds no room");
	return 0;
}

static int add_line(struct plan_draft *draft, const struct plan_line *line,
		    struct trouble *trouble)
{
	struct words words;

	if (words_split(&words, line->text, line->origin, trouble) < 0)
		return -1;
	const char *what = words_need(&words, "policy, ring or hold");
	if (strcmp(what, "policy") == 0)
		return add_policy(draft, &words);
	if (strcmp(what, "ring") == 0)
		return add_ring(draft, &words);
	if (strcmp(what, "hold") == 0)
		return add_hold(draft, &words);
	return trouble_tell(&words, "a plan has no '%s'", what);
}

struct plan *plan_from_lines(struct stage *stage, const struct words *words)
{
	struct plan_draft *draft = plan_draft_new(DAY_S);
	struct findings findings;
	struct plan *plan = NULL;
	int rc = draft == NULL ? trouble_tell(words, "without memory") : 0;

	for (size_t i = 0; rc == 0 && i < stage->plan_line_count; i++)
		rc = add_line(draft, &stage->plan_lines[i], stage->trouble);
	findings_init(&findings);
	if (rc == 0)
		plan = plan_seal(draft, zone_files_find, stage->zones, &findings);
	if (rc == 0 && plan == NULL) {
		char text[700] = "without memory";
		if (findings.count > 0)
			finding_format(&findings.list[0], text, sizeof text);
		trouble_tell(words, "%s", text);
	}
	findings_fini(&findings);
	plan_draft_free(draft);
	return plan;
}

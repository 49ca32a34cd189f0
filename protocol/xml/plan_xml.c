#include "protocol/xml/plan_xml.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/findings.h"
#include "engine/instant.h"
#include "engine/plan.h"
#include "engine/problem.h"
#include "protocol/xml/filling.h"
#include "protocol/xml/xml_reader.h"
#include "protocol/xml/xml_schema.h"

extern const char plan_xsd[];
extern const size_t plan_xsd_size;

static struct xml_schema *schema;
static struct problem schema_problem;

static void read_schema(void)
{
	schema = xml_schema_new(plan_xsd, plan_xsd_size, &schema_problem);
}

enum {
	FACTS_FRESH_S = DAY_S,
	ATTEMPTS = 3,
	RETRY_S = HOUR_S,
	NOT_BOUNDED_PERMILLE = 1000,
};

struct plan_filling {
	struct filling filling; /* first: the events of filling.h see only this */
	struct plan_draft *draft;
	struct policy policy;
	struct ring_draft ring;
	struct hold hold;
	char after[LIMIT_NAME + 1], zone[LIMIT_NAME + 1], window_zone[LIMIT_NAME + 1];
	char match[LIMIT_EXPRESSION + 1];
};

static struct ring *ring_at_hand(struct filling *filling)
{
	return &((struct plan_filling *)filling)->ring.ring;
}

/* --- values ------------------------------------------------------------------------ */

static bool is_yes(const struct xml_element *element, const char *name)
{
	static const char *const words[] = { "no", "yes" };
	return filling_word(element, name, words, 2, 0) == 1;
}

static int64_t duration_of(struct filling *filling, const struct xml_element *element,
			   const char *name, int64_t absent_s)
{
	const char *value = xml_attribute(element, name);
	int64_t seconds = absent_s;

	if (value != NULL && !duration_parse(value, &seconds))
		filling_tell(filling, "at most ten years",
			     "%s=\"%s\" of <%s> is too long", name, value, element->name);
	return seconds;
}

static int64_t days_of(const struct xml_element *element, const char *name)
{
	const char *value = xml_attribute(element, name);
	return value == NULL ? 0 : strtol(value, NULL, 10) * DAY_S;
}

/* "5%" is 50, "2.5%" is 25. */
static uint32_t permille_of(const struct xml_element *element, const char *name,
			    uint32_t absent)
{
	const char *value = xml_attribute(element, name);
	char *end;

	if (value == NULL)
		return absent;
	unsigned long permille = strtoul(value, &end, 10) * 10;
	if (*end == '.')
		permille += (unsigned long)(end[1] - '0');
	return (uint32_t)permille;
}

static uint16_t minute_of(const struct xml_element *element, const char *name)
{
	const char *value = xml_attribute(element, name);
	char *end;

	unsigned long hour = strtoul(value, &end, 10);
	return (uint16_t)(hour * 60 + strtoul(end + 1, NULL, 10));
}

static uint8_t weekdays_of(const struct xml_element *element)
{
	static const char *const names[] = { "Sun", "Mon", "Tue", "Wed",
					     "Thu", "Fri", "Sat" };
	const char *value = xml_attribute(element, "days");
	uint8_t days = 0;

	for (unsigned i = 0; value != NULL && i < 7; i++) {
		if (strstr(value, names[i]) != NULL)
			days |= (uint8_t)(1u << i);
	}
	return days;
}

static struct hours hours_of(struct filling *filling, const struct xml_element *element)
{
	struct hours hours = {
		.from_minute = minute_of(element, "from"),
		.to_minute = minute_of(element, "to"),
		.weekdays = weekdays_of(element),
		.set = true,
	};

	if (hours.from_minute == hours.to_minute)
		filling_tell(filling, "leave the element out, or end it later",
			     "<%s> starts and ends at %s: it holds no time",
			     element->name, xml_attribute(element, "from"));
	return hours;
}

/* --- policies ---------------------------------------------------------------------- */

static void start_policy(struct filling *filling, const struct xml_element *element)
{
	static const char *const allow[] = { "block", "allow" };
	static const char *const behind[] = { "lcu", "baseline" };
	static const char *const missing[] = { "lcu", "wait" };
	struct policy *policy = &((struct plan_filling *)filling)->policy;

	*policy = (struct policy){
		.hotpatch = filling_word(element, "hotpatch", allow, 2, 0) == 1,
		.behind_baseline = (enum behind_baseline)filling_word(
			element, "behind-baseline", behind, 2, BEHIND_LCU),
		.missing_payload = (enum missing_payload)filling_word(
			element, "missing-payload", missing, 2, MISSING_LCU),
		.optional_updates = is_yes(element, "optional-updates"),
		.origin = { filling->file, element->line },
	};
	filling_copy(filling, policy->name, sizeof policy->name, element, "name");
}

static void end_match(struct filling *filling)
{
	struct plan_filling *f = (struct plan_filling *)filling;
	memcpy(f->match, filling->text, filling->text_size + 1);
}

static void end_policy(struct filling *filling)
{
	struct plan_filling *f = (struct plan_filling *)filling;
	/* What a draft refuses it remembers, and plan_seal() tells. */
	(void)plan_draft_policy(f->draft, &f->policy, f->match);
}

/* --- rings ------------------------------------------------------------------------- */

static void start_ring(struct filling *filling, const struct xml_element *element)
{
	static const char *const install[] = { "auto", "scheduled", "notify" };
	static const char *const approval[] = { "auto", "manual" };
	struct plan_filling *f = (struct plan_filling *)filling;

	f->ring = (struct ring_draft){ .origin = { filling->file, element->line } };
	f->ring.ring = (struct ring){
		.defer_s = days_of(element, "defer-days"),
		.after = -1,
		.behaviour = (enum install_behaviour)filling_word(
			element, "install", install, 3, INSTALL_AUTO),
		.approval = (enum approval_rule)filling_word(element, "approval",
							     approval, 2, APPROVE_AUTO),
		.canary = is_yes(element, "canary"),
		.attempts_max = ATTEMPTS,
		.retry_s = RETRY_S,
	};
	filling_copy(filling, f->ring.ring.name, sizeof f->ring.ring.name, element,
		     "name");
	filling_copy(filling, f->after, sizeof f->after, element, "after");
	f->zone[0] = '\0';
	f->window_zone[0] = '\0';
}

static void start_deadline(struct filling *filling, const struct xml_element *element)
{
	struct ring *ring = ring_at_hand(filling);
	ring->deadline_set = true;
	ring->deadline_s = days_of(element, "days");
	ring->grace_s = days_of(element, "grace-days");
}

static void start_active_hours(struct filling *filling, const struct xml_element *element)
{
	struct plan_filling *f = (struct plan_filling *)filling;
	f->ring.ring.active_hours = hours_of(filling, element);
	filling_copy(filling, f->zone, sizeof f->zone, element, "zone");
}

/* Window and schedule share one zone. */
static void set_window_zone(struct filling *filling, const struct xml_element *element)
{
	struct plan_filling *f = (struct plan_filling *)filling;
	const char *zone = xml_attribute(element, "zone");

	if (zone == NULL)
		return;
	if (f->window_zone[0] != '\0' && strcmp(f->window_zone, zone) != 0)
		filling_tell(filling, "give both the same zone",
			     "ring '%s' has its window in %s and its schedule in %s",
			     f->ring.ring.name,
			     strcmp(element->name, "window") == 0 ? zone : f->window_zone,
			     strcmp(element->name, "window") == 0 ? f->window_zone
								  : zone);
	filling_copy(filling, f->window_zone, sizeof f->window_zone, element, "zone");
}

static void start_window(struct filling *filling, const struct xml_element *element)
{
	ring_at_hand(filling)->window = hours_of(filling, element);
	set_window_zone(filling, element);
}

static void start_schedule(struct filling *filling, const struct xml_element *element)
{
	struct ring *ring = ring_at_hand(filling);

	ring->schedule = (struct hours){
		.from_minute = minute_of(element, "at"),
		.to_minute = minute_of(element, "at"),
		.weekdays = weekdays_of(element),
		.set = true,
	};
	if (ring->behaviour != INSTALL_SCHEDULED)
		filling_tell(filling, "add install=\"scheduled\" to the ring",
			     "ring '%s' has a <schedule>, but does not install by it",
			     ring->name);
	set_window_zone(filling, element);
}

/* "0x800F0922 0x80070005"; the schema has seen to the form. */
static void read_codes(const struct xml_element *element, struct gate *gate)
{
	const char *at = xml_attribute(element, "critical");
	char *end;

	while (at != NULL && *at != '\0' && gate->critical_count < GATE_CRITICAL_CODES) {
		gate->critical[gate->critical_count++] = (uint32_t)strtoul(at, &end, 16);
		at = *end == ' ' ? end + 1 : end;
	}
}

static void start_gate(struct filling *filling, const struct xml_element *element)
{
	const char *samples = xml_attribute(element, "min-samples");
	struct gate *gate = &ring_at_hand(filling)->gate;

	*gate = (struct gate){
		.set = true,
		.min_samples = samples == NULL ? 1 : (uint32_t)strtoul(samples, NULL, 10),
		.max_failed_permille = permille_of(element, "max-failed", 0),
		.soak_s = duration_of(filling, element, "soak", 0),
		.max_silent_permille =
			permille_of(element, "max-silent", NOT_BOUNDED_PERMILLE),
		.silent_after_s = duration_of(filling, element, "silent-after", 0),
	};
	read_codes(element, gate);
}

static void start_gradual(struct filling *filling, const struct xml_element *element)
{
	ring_at_hand(filling)->gradual_s = days_of(element, "days");
}

static void start_retry(struct filling *filling, const struct xml_element *element)
{
	struct ring *ring = ring_at_hand(filling);
	const char *attempts = xml_attribute(element, "attempts");

	if (attempts != NULL)
		ring->attempts_max = (uint32_t)strtoul(attempts, NULL, 10);
	ring->retry_s = duration_of(filling, element, "first", RETRY_S);
}

static void end_ring(struct filling *filling)
{
	struct plan_filling *f = (struct plan_filling *)filling;
	struct ring *ring = &f->ring.ring;

	filling->line = f->ring.origin.line;
	if (ring->behaviour == INSTALL_SCHEDULED && !ring->schedule.set)
		filling_tell(filling, "add <schedule at=\"03:00\"/>",
			     "ring '%s' installs as scheduled, but has no <schedule>",
			     ring->name);
	f->ring.after = f->after[0] == '\0' ? NULL : f->after;
	f->ring.zone = f->zone[0] == '\0' ? NULL : f->zone;
	f->ring.window_zone = f->window_zone[0] == '\0' ? NULL : f->window_zone;
	f->ring.match = f->match;
	(void)plan_draft_ring(f->draft, &f->ring);
}

/* --- holds ------------------------------------------------------------------------- */

static void start_hold(struct filling *filling, const struct xml_element *element)
{
	struct hold *hold = &((struct plan_filling *)filling)->hold;
	const char *text = xml_attribute(element, "build");
	struct build build = { 0 };

	*hold = (struct hold){ .origin = { filling->file, element->line } };
	(void)kb_parse(xml_attribute(element, "release"), &hold->kb); /* as the schema */
	hold->has_build = text != NULL && build_parse(text, &build);
	hold->base = build.base;
	hold->revision = build.revision;
	filling_copy(filling, hold->product, sizeof hold->product, element, "product");
}

static void end_reason(struct filling *filling)
{
	struct hold *hold = &((struct plan_filling *)filling)->hold;

	if (snprintf(hold->reason, sizeof hold->reason, "%s", filling->text) >=
	    (int)sizeof hold->reason)
		filling_tell(filling, NULL, "this reason is longer than %zu bytes",
			     sizeof hold->reason - 1);
}

static void end_hold(struct filling *filling)
{
	struct plan_filling *f = (struct plan_filling *)filling;
	(void)plan_draft_hold(f->draft, &f->hold, f->match);
}

/* --- the whole --------------------------------------------------------------------- */

static void start_plan(struct filling *filling, const struct xml_element *element)
{
	static const struct filling_element nothing[] = { { NULL, NULL, NULL } };
	struct plan_filling *f = (struct plan_filling *)filling;

	f->draft = plan_draft_new(
		duration_of(filling, element, "facts-fresh", FACTS_FRESH_S));
	if (f->draft != NULL)
		return;
	filling_tell(filling, NULL, "out of memory");
	filling->table = nothing; /* there is nothing to fill */
}

static const struct filling_element table[] = {
	{ "plan", start_plan, NULL },
	{ "policy", start_policy, end_policy },
	{ "ring", start_ring, end_ring },
	{ "hold", start_hold, end_hold },
	{ "match", filling_start_text, end_match },
	{ "reason", filling_start_text, end_reason },
	{ "deadline", start_deadline, NULL },
	{ "active-hours", start_active_hours, NULL },
	{ "window", start_window, NULL },
	{ "schedule", start_schedule, NULL },
	{ "gate", start_gate, NULL },
	{ "gradual", start_gradual, NULL },
	{ "retry", start_retry, NULL },
	{ NULL, NULL, NULL },
};

struct plan_draft *plan_xml_read(const char *file, const char *text, size_t size,
				 struct findings *findings)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct plan_filling f = {
		.filling = { .file = file, .findings = findings },
	};

	pthread_once(&once, read_schema);
	if (schema == NULL) {
		(void)filling_fail(&f.filling, schema_problem.text);
		return NULL;
	}
	if (xml_schema_check(schema, file, text, size, findings) < 0)
		return NULL;
	if (filling_run(&f.filling, table, text, size) == 0 && f.draft != NULL)
		return f.draft;
	plan_draft_free(f.draft);
	return NULL;
}

#include "yard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "tests/lib/case.h"

static const char *const four_quarters[] = {
	"product win11 client 26100 from=26100.1000 planned=2025-07-08 leaves=KB900",
	"- 26100.500 rtm 2024-10-01",
	"KB101 26100.1000 baseline 2025-01-14",
	"KB102 26100.1100 hotpatch 2025-02-11 baseline=KB101",
	"KB112 26100.1150 lcu 2025-02-11",
	"KB103 26100.1200 hotpatch 2025-03-11 baseline=KB101",
	"KB113 26100.1250 lcu 2025-03-11",
	"KB104 26100.2000 baseline 2025-04-08",
	"KB105 26100.2100 hotpatch 2025-05-13 baseline=KB104",
	"KB115 26100.2150 lcu 2025-05-13",
	"KB106 26100.2200 hotpatch 2025-06-10 baseline=KB104",
	"KB116 26100.2250 lcu 2025-06-10",
	"KB107 26100.3000 baseline 2025-07-08",
	"KB108 26100.3100 hotpatch 2025-08-12 baseline=KB107",
	"KB118 26100.3150 lcu 2025-08-12",
};

static const char *const hotpatch_for_all[] = {
	"policy all allow match=any",
	"ring now match=any",
};

/* The next word of a line, cut out of it; NULL at the end. */
static char *word(char **line)
{
	char *start = *line + strspn(*line, " ");
	size_t size = strcspn(start, " ");

	if (size == 0)
		return NULL;
	*line = start + size;
	if (**line != '\0')
		*(*line)++ = '\0';
	return start;
}

/* `word` is "key=value": the value, else NULL. */
static const char *value_of(const char *one, const char *key)
{
	size_t size = strlen(key);
	return strncmp(one, key, size) == 0 && one[size] == '=' ? one + size + 1 : NULL;
}

/* The rest of the line behind " match=", cut off from it; NULL without. */
static const char *cut_match(char *line)
{
	char *found = strstr(line, " match=");

	if (found == NULL)
		return NULL;
	*found = '\0';
	return found + strlen(" match=");
}

int64_t at(const char *text)
{
	int64_t at_s = 0;

	if (!instant_parse(text, &at_s))
		fail_msg("'%s' is no time", text);
	return strlen(text) == strlen("2025-05-13") ? at_s + HOURS(17) : at_s;
}

static int64_t day(const char *text)
{
	int64_t at_s = 0;
	if (!instant_parse(text, &at_s))
		fail_msg("'%s' is no day", text);
	return at_s;
}

static void bad(const char *one, const char *line)
{
	fail_msg("'%s' is not understood in '%s'", one, line);
}

static void product_word(struct product *product, const char *one, const char *line)
{
	const char *value;
	uint32_t kb;

	if ((value = value_of(one, "from")) != NULL) {
		assert_true(build_parse(value, &product->from));
	} else if ((value = value_of(one, "planned")) != NULL) {
		product->planned[product->planned_count++] =
			(struct planned){ RELEASE_BASELINE, day(value) };
	} else if ((value = value_of(one, "leaves")) != NULL) {
		assert_true(kb_parse(value, &kb));
		product->leaves_track[product->leaves_track_count++] = kb;
	} else {
		bad(one, line);
	}
}

static void add_product(struct catalog_draft *draft, char *line, const char *whole)
{
	static struct product product; /* large; lines are read one by one */
	char *one;

	memset(&product, 0, sizeof product);
	word(&line);
	snprintf(product.id, sizeof product.id, "%s", word(&line));
	snprintf(product.name, sizeof product.name, "Product %s", product.id);
	product.family = family_parse(word(&line));
	product.base = (uint32_t)strtoul(word(&line), NULL, 10);
	product.edition_count = 2;
	strcpy(product.editions[0], "Enterprise");
	strcpy(product.editions[1], "Education");
	while ((one = word(&line)) != NULL)
		product_word(&product, one, whole);
	assert_int_equal(
		catalog_draft_product(draft, &product, (struct origin){ "yard", 1 }), 0);
}

static enum release_kind kind_of(const char *text)
{
	for (int kind = 0; kind < RELEASE_KINDS; kind++) {
		if (strcmp(release_kind_names[kind], text) == 0)
			return (enum release_kind)kind;
	}
	fail_msg("'%s' is no kind", text);
	return RELEASE_RTM;
}

static void release_word(struct release_draft *release, const char *one, const char *line)
{
	const char *value;

	if (strcmp(one, "B") == 0) {
		release->cadence = CADENCE_B;
	} else if (strcmp(one, "D") == 0) {
		release->cadence = CADENCE_D;
	} else if (strcmp(one, "OOB") == 0) {
		release->cadence = CADENCE_OOB;
	} else if (strcmp(one, "track") == 0) {
		release->track_hotpatch = true;
	} else if ((value = value_of(one, "baseline")) != NULL) {
		release->baseline = value;
	} else if ((value = value_of(one, "repairs")) != NULL) {
		release->repairs = value;
	} else if ((value = value_of(one, "offer")) != NULL) {
		release->offer =
			strcmp(value, "approval") == 0 ? OFFER_APPROVAL : OFFER_AUTO;
	} else if ((value = value_of(one, "arch")) != NULL) {
		release->archs = (uint8_t)arch_parse(value);
	} else {
		bad(one, line);
	}
}

static void add_release(struct catalog_draft *draft, char *line, const char *whole,
			unsigned number)
{
	struct release_draft release = {
		.match = cut_match(line),
		.cadence = -1,
		.offer = -1,
		.archs = ARCH_X64 | ARCH_ARM64,
		.origin = { "yard", number },
	};
	char *one;

	release.kb = word(&line);
	if (strcmp(release.kb, "-") == 0)
		release.kb = "";
	release.build = word(&line);
	release.kind = kind_of(word(&line));
	release.published_s = at(word(&line));
	while ((one = word(&line)) != NULL)
		release_word(&release, one, whole);
	if (catalog_draft_release(draft, &release) != 0)
		bad(release.kb, whole);
}

static void fail_by(const struct findings *findings)
{
	char text[700];
	if (findings->errors > 0)
		fail_msg("%s", finding_format(&findings->list[0], text, sizeof text));
}

struct catalog *yard_catalog(const char *const *lines, size_t count)
{
	struct catalog_draft *draft = catalog_draft_new();
	struct findings findings;

	assert_non_null(draft);
	findings_init(&findings);
	for (size_t i = 0; i < count; i++) {
		char line[512];
		snprintf(line, sizeof line, "%s", lines[i]);
		if (strncmp(line, "product ", 8) == 0)
			add_product(draft, line, lines[i]);
		else
			add_release(draft, line, lines[i], (unsigned)i + 1);
	}
	struct catalog *catalog = catalog_seal(draft, &findings);
	fail_by(&findings);
	assert_non_null(catalog);
	findings_fini(&findings);
	catalog_draft_free(draft);
	return catalog;
}

static void add_policy(struct plan_draft *draft, char *line, const char *whole)
{
	struct policy policy = { .origin = { "yard", 1 } };
	const char *match = cut_match(line);
	char *one;

	word(&line);
	snprintf(policy.name, sizeof policy.name, "%s", word(&line));
	while ((one = word(&line)) != NULL) {
		if (strcmp(one, "allow") == 0)
			policy.hotpatch = true;
		else if (strcmp(one, "optional") == 0)
			policy.optional_updates = true;
		else if (strcmp(one, "behind=baseline") == 0)
			policy.behind_baseline = BEHIND_BASELINE;
		else if (strcmp(one, "payload=wait") == 0)
			policy.missing_payload = MISSING_WAIT;
		else
			bad(one, whole);
	}
	assert_int_equal(plan_draft_policy(draft, &policy, match), 0);
}

static struct hours hours_of(const char *value)
{
	struct hours hours = { .set = true };
	char *end;

	hours.from_minute = (uint16_t)(strtoul(value, &end, 10) * 60);
	if (*end == '-')
		hours.to_minute = (uint16_t)(strtoul(end + 1, NULL, 10) * 60);
	return hours;
}

static bool ring_number(struct ring *ring, const char *one)
{
	static const struct {
		const char *key;
		size_t offset;
		int64_t unit_s;
	} numbers[] = {
		{ "defer", offsetof(struct ring, defer_s), DAY_S },
		{ "deadline", offsetof(struct ring, deadline_s), DAY_S },
		{ "grace", offsetof(struct ring, grace_s), DAY_S },
		{ "gradual", offsetof(struct ring, gradual_s), DAY_S },
		{ "retry", offsetof(struct ring, retry_s), HOUR_S },
	};
	const char *value;

	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		if ((value = value_of(one, numbers[i].key)) == NULL)
			continue;
		int64_t number_s = strtol(value, NULL, 10) * numbers[i].unit_s;
		memcpy((char *)ring + numbers[i].offset, &number_s, sizeof number_s);
		ring->deadline_set |= strcmp(numbers[i].key, "deadline") == 0;
		return true;
	}
	return false;
}

static void ring_word(struct ring_draft *ring, const char *one, const char *line)
{
	const char *value;

	if (ring_number(&ring->ring, one))
		return;
	if ((value = value_of(one, "after")) != NULL) {
		ring->after = value;
	} else if ((value = value_of(one, "active")) != NULL) {
		ring->ring.active_hours = hours_of(value);
	} else if ((value = value_of(one, "window")) != NULL) {
		ring->ring.window = hours_of(value);
	} else if ((value = value_of(one, "scheduled")) != NULL) {
		ring->ring.behaviour = INSTALL_SCHEDULED;
		ring->ring.schedule = hours_of(value);
	} else if ((value = value_of(one, "attempts")) != NULL) {
		ring->ring.attempts_max = (uint32_t)strtoul(value, NULL, 10);
	} else if (strcmp(one, "notify") == 0) {
		ring->ring.behaviour = INSTALL_NOTIFY;
	} else if (strcmp(one, "canary") == 0) {
		ring->ring.canary = true;
	} else if (strcmp(one, "manual") == 0) {
		ring->ring.approval = APPROVE_MANUAL;
	} else {
		bad(one, line);
	}
}

static void add_ring(struct plan_draft *draft, char *line, const char *whole)
{
	struct ring_draft ring = {
		.ring = { .attempts_max = 3, .retry_s = HOUR_S },
		.match = cut_match(line),
		.origin = { "yard", 1 },
	};
	char *one;

	word(&line);
	snprintf(ring.ring.name, sizeof ring.ring.name, "%s", word(&line));
	while ((one = word(&line)) != NULL)
		ring_word(&ring, one, whole);
	assert_int_equal(plan_draft_ring(draft, &ring), 0);
}

static void add_hold(struct plan_draft *draft, char *line, const char *whole)
{
	struct hold hold = { .reason = "firmware first", .origin = { "yard", 1 } };
	const char *match = cut_match(line), *value;
	char *one;

	word(&line);
	assert_true(kb_parse(word(&line), &hold.kb));
	while ((one = word(&line)) != NULL) {
		struct build build;
		if ((value = value_of(one, "build")) == NULL)
			bad(one, whole);
		assert_true(build_parse(value, &build));
		hold.has_build = true;
		hold.base = build.base;
		hold.revision = build.revision;
	}
	assert_int_equal(plan_draft_hold(draft, &hold, match), 0);
}

struct plan *yard_plan(const char *const *lines, size_t count)
{
	struct plan_draft *draft = plan_draft_new(DAY_S);
	struct findings findings;

	assert_non_null(draft);
	findings_init(&findings);
	for (size_t i = 0; i < count; i++) {
		char line[512];
		snprintf(line, sizeof line, "%s", lines[i]);
		if (strncmp(line, "policy ", 7) == 0)
			add_policy(draft, line, lines[i]);
		else if (strncmp(line, "ring ", 5) == 0)
			add_ring(draft, line, lines[i]);
		else
			add_hold(draft, line, lines[i]);
	}
	struct plan *plan = plan_seal(draft, NULL, NULL, &findings);
	fail_by(&findings);
	assert_non_null(plan);
	findings_fini(&findings);
	plan_draft_free(draft);
	return plan;
}

void yard_open(struct yard *yard, const char *const *catalog, size_t catalog_count,
	       const char *const *plan, size_t plan_count)
{
	memset(yard, 0, sizeof *yard);
	yard->catalog = catalog != NULL
				? yard_catalog(catalog, catalog_count)
				: yard_catalog(four_quarters, COUNT_OF(four_quarters));
	yard->plan = plan != NULL
			     ? yard_plan(plan, plan_count)
			     : yard_plan(hotpatch_for_all, COUNT_OF(hotpatch_for_all));
	yard->next_flow_id = 1;
	yard_rollouts(yard);
	device_record_init(&yard->device, "pc-1", 0);
}

void yard_close(struct yard *yard)
{
	rollouts_give(yard->rollouts);
	plan_give(yard->plan);
	catalog_give(yard->catalog);
}

void yard_fact(struct yard *yard, const char *name, const char *value, int64_t now_s)
{
	struct problem p = { 0 };

	if (value == NULL)
		facts_remove(&yard->device.facts, name);
	else
		assert_int_equal(facts_set(&yard->device.facts, name, value, now_s,
					   FACT_REPORTED, NULL, &p),
				 0);
}

void yard_device(struct yard *yard, const char *build, const char *kbs, int64_t now_s)
{
	device_record_init(&yard->device, "pc-1", now_s);
	yard->device.facts_wanted = false; /* they are all here */
	yard_fact(yard, "os.family", "client", now_s);
	yard_fact(yard, "os.arch", "x64", now_s);
	yard_fact(yard, "os.edition", "Enterprise", now_s);
	yard_fact(yard, "licence.hotpatch", "yes", now_s);
	yard_fact(yard, "vbs", "running", now_s);
	yard_fact(yard, "os.build", build, now_s);
	yard_fact(yard, "os.kbs", kbs, now_s);
}

struct rollout_record *yard_record(struct yard *yard, const char *kb, const char *ring)
{
	assert_true(yard->record_count < YARD_RECORDS);
	struct rollout_record *record = &yard->records[yard->record_count++];
	memset(record, 0, sizeof *record);
	if (kb != NULL)
		assert_true(kb_parse(kb, &record->key.kb));
	if (ring != NULL)
		snprintf(record->ring, sizeof record->ring, "%s", ring);
	return record;
}

void yard_rollouts(struct yard *yard)
{
	rollouts_give(yard->rollouts);
	yard->rollouts = rollouts_build(yard->catalog, yard->plan, yard->records,
					yard->record_count);
	assert_non_null(yard->rollouts);
}

void yard_no_payload(struct yard *yard, const char *kb)
{
	struct release_key key = { 0 };

	assert_true(kb_parse(kb, &key.kb));
	rollouts_payload_missing(yard->rollouts, &key, ARCH_X64);
	rollouts_payload_missing(yard->rollouts, &key, ARCH_ARM64);
}

struct situation yard_situation(struct yard *yard, int64_t now_s)
{
	return (struct situation){
		.device = yard->device.id,
		.facts = &yard->device.facts,
		.history = &yard->device.history,
		.catalog = yard->catalog,
		.plan = yard->plan,
		.rollouts = yard->rollouts,
		.now_s = now_s,
	};
}

const struct decision *yard_decide(struct yard *yard, int64_t now_s)
{
	struct situation situation = yard_situation(yard, now_s);

	decide(&situation, &yard->decision);
	return &yard->decision;
}

const char *decision_line(const struct decision *d, char *room, size_t size)
{
	char kb[KB_TEXT] = "-";
	size_t used;

	if (d->release >= 0)
		kb_format(d->line->releases[d->release].kb, kb);
	used = (size_t)snprintf(room, size, "%s %s%s%s",
				d->action == ACTION_NONE ? standing_names[d->standing]
							 : action_names[d->action],
				kb, d->rule == 0 ? "" : " ",
				d->rule == 0 ? "" : (char[]){ d->rule, '\0' });
	for (int i = 0; i < d->reason_count; i++)
		used += (size_t)snprintf(room + used, size - used, "%s%s",
					 i == 0 ? ": " : " ",
					 reason_face(d->reasons[i])->name);
	return room;
}

const char *yard_line(struct yard *yard, int64_t now_s)
{
	static char room[400];
	return decision_line(yard_decide(yard, now_s), room, sizeof room);
}

int64_t yard_poll(struct yard *yard, int64_t now_s)
{
	const struct decision *d = yard_decide(yard, now_s);
	const struct flow *flow = &yard->device.history.flow;

	outcome_init(&yard->outcome);
	for (int step = 0; step < 8; step++) {
		if (passage_is_settled(&yard->device, d, now_s))
			break;
		int64_t id =
			passage_wants_flow(&yard->device, d) ? yard->next_flow_id++ : 0;
		passage_poll(&yard->device, d,
			     d->ring < 0 ? "" : yard->plan->rings[d->ring].name, id,
			     now_s, &yard->outcome);
		d = yard_decide(yard, now_s);
	}
	if (!passage_is_settled(&yard->device, d, now_s))
		fail_msg("a poll does not come to rest");
	return flow->state == FLOW_NONE || flow_state_is_final(flow->state) ? 0
									    : flow->id;
}

void yard_fetch(struct yard *yard, int64_t now_s)
{
	outcome_init(&yard->outcome);
	passage_retrieved(&yard->device, yard->device.history.flow.id, now_s,
			  &yard->outcome);
}

enum report_result yard_report(struct yard *yard, enum flow_state state,
			       uint32_t sequence, int64_t now_s)
{
	struct report report = { .state = state, .sequence = sequence, .text = "said" };

	outcome_init(&yard->outcome);
	return passage_report(&yard->device, yard->device.history.flow.id, &report,
			      yard_decide(yard, now_s), now_s, &yard->outcome);
}

void yard_shows(struct yard *yard, const char *build, const char *kbs, const char *boot,
		int64_t now_s)
{
	const char *const names[] = { "os.build", "os.kbs", "os.boot" };
	const char *const values[] = { build, kbs, boot };
	char before[64] = "";
	const char *booted = facts_known(&yard->device.facts, FACT_OS_BOOT);
	struct problem p = { 0 };

	if (booted != NULL)
		snprintf(before, sizeof before, "%s", booted);
	outcome_init(&yard->outcome);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		bool changed = false;
		if (values[i] == NULL)
			continue;
		assert_int_equal(facts_set(&yard->device.facts, names[i], values[i],
					   now_s, FACT_REPORTED, &changed, &p),
				 0);
		yard->outcome.facts_changed |= changed;
	}
	yard->device.facts.reported_s = now_s;
	passage_facts(&yard->device, yard_decide(yard, now_s),
		      booted == NULL ? NULL : before, now_s, &yard->outcome);
}

const char *yard_state(const struct yard *yard)
{
	return flow_state_name(yard->device.history.flow.state);
}

int yard_events(const struct yard *yard, enum event_kind kind)
{
	int count = 0;

	for (int i = 0; i < yard->outcome.count; i++)
		count += yard->outcome.events[i].kind == kind;
	return count;
}

bool has_reason(const struct decision *d, enum reason reason)
{
	for (int i = 0; i < d->reason_count; i++) {
		if (d->reasons[i] == reason)
			return true;
	}
	return false;
}

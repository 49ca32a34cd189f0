/* What stays of a device: its flows, its events, its facts as of any time, and what
 * remains when it is forgotten. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/case.h"
#include "tests/unit/store/fixture.h"
#include "tests/unit/store/sample.h"

enum { T0 = 1700000000, EVENTS_MAX = 600, CHANGES_MAX = 4000 };

static void must_write(struct fixture *fixture, struct device_record *record,
		       const struct outcome *outcome)
{
	struct problem p = { 0 };

	if (fixture_write_device(fixture, record, outcome, &p) < 0)
		fail_msg("%s", p.text);
}

static void open_with_device(struct fixture *fixture, struct device_record *record,
			     const char *id)
{
	struct outcome outcome;

	fixture_init(fixture);
	fixture_open(fixture);
	device_record_init(record, id, T0);
	outcome_init(&outcome);
	must_write(fixture, record, &outcome);
}

static int make_forgotten(const struct backend_ops *ops, struct session *session,
			  void *owner, struct problem *p)
{
	(void)owner;
	return ops->device_forget(session, "d", T0 + 50, p);
}

static const struct change forgetting_d = { make_forgotten, NULL };

/* Walks record into these. */
static struct {
	int count, stop_after;
	struct event at[EVENTS_MAX];
} events;
static struct {
	int count, stop_after;
	struct fact_change at[CHANGES_MAX];
} changes;

static int note_event(void *owner, const struct event *event)
{
	(void)owner;
	if (events.count < EVENTS_MAX)
		events.at[events.count] = *event;
	return ++events.count == events.stop_after;
}

static int note_change(void *owner, const struct fact_change *change)
{
	(void)owner;
	if (changes.count < CHANGES_MAX)
		changes.at[changes.count] = *change;
	return ++changes.count == changes.stop_after;
}

static void walk_events(struct fixture *fixture, const char *device, int64_t until_s)
{
	struct problem p = { 0 };

	events.count = 0;
	if (fixture->ops->events(fixture->reader, device, until_s, note_event, NULL, &p) <
	    0)
		fail_msg("%s", p.text);
	assert_true(events.count <= EVENTS_MAX);
}

static void walk_changes(struct fixture *fixture, const char *device, int64_t until_s)
{
	struct problem p = { 0 };

	changes.count = 0;
	if (fixture->ops->fact_changes(fixture->reader, device, until_s, note_change,
				       NULL, &p) < 0)
		fail_msg("%s", p.text);
	assert_true(changes.count <= CHANGES_MAX);
}

static void sample_event(struct dice *dice, struct event *event, int64_t flow)
{
	event->kind = (enum event_kind)dice_below(dice, EVENT_KINDS);
	event->flow = flow;
	sample_key(dice, &event->key);
	sample_text(dice, event->ring, sizeof event->ring);
	event->flow_kind = (enum flow_kind)dice_below(dice, FLOW_KINDS);
	event->from = (enum flow_state)dice_below(dice, FLOW_STATES);
	event->to = (enum flow_state)dice_below(dice, FLOW_STATES);
	event->code = (uint32_t)dice_roll(dice);
	sample_text(dice, event->note, sizeof event->note);
	event->time_s = (int64_t)dice_below(dice, 2) * (T0 + dice_below(dice, 1000));
	event->ends_recovery = dice_chance(dice, 50);
	event->unverifiable = dice_chance(dice, 50);
	event->wait = dice_chance(dice, 50);
	/* What the kind of event has. */
	if (event->kind == EVENT_FLOW && event->from == FLOW_NONE)
		event->release_kind = (enum release_kind)dice_below(dice, RELEASE_KINDS);
	if (event->kind == EVENT_REQUEST) {
		event->request = (enum request_kind)dice_below(dice, 3);
		event->recovery = (enum recovery_state)dice_below(dice, RECOVERY_STATES);
	}
	if (event->kind == EVENT_BLOCK)
		event->block = (enum block)dice_below(dice, 3);
}

static bool same_event(const struct event *a, const struct event *b)
{
	return a->kind == b->kind && a->at_s == b->at_s && a->flow == b->flow &&
	       release_key_equal(&a->key, &b->key) && strcmp(a->ring, b->ring) == 0 &&
	       a->flow_kind == b->flow_kind && a->from == b->from && a->to == b->to &&
	       a->code == b->code && strcmp(a->note, b->note) == 0 &&
	       a->time_s == b->time_s && a->release_kind == b->release_kind &&
	       a->ends_recovery == b->ends_recovery &&
	       a->unverifiable == b->unverifiable && a->wait == b->wait &&
	       a->request == b->request && a->recovery == b->recovery &&
	       a->block == b->block;
}

TEST(events_come_back_whole_in_order_and_as_of_any_time)
{
	enum { WRITES = 40, PER_WRITE = 12 };
	static struct event written[WRITES * PER_WRITE];
	static struct device_record record;
	struct fixture fixture;
	struct dice dice = { 42 };
	int count = 0;

	open_with_device(&fixture, &record, "d");
	for (int i = 0; i < WRITES; i++) {
		struct outcome outcome;
		outcome_init(&outcome);
		for (int j = 0; j < PER_WRITE; j++) {
			struct event *event =
				outcome_add(&outcome, EVENT_FACTS, T0 + i / 2);
			sample_event(&dice, event, (int64_t)dice_below(&dice, 4));
			written[count++] = *event;
		}
		must_write(&fixture, &record, &outcome);
	}
	for (int64_t until_s = T0 - 1; until_s <= T0 + WRITES / 2; until_s++) {
		int expected = 0;
		walk_events(&fixture, "d", until_s);
		for (int i = 0; i < count; i++) {
			if (written[i].at_s > until_s)
				continue;
			if (!same_event(&written[i], &events.at[expected]))
				fail_msg("event %d differs", i);
			expected++;
		}
		assert_int_equal(events.count, expected);
	}
	fixture_fini(&fixture);
}

TEST(the_events_of_one_flow_are_those_of_that_device_and_flow)
{
	static struct device_record a, b;
	struct fixture fixture;
	struct problem p = { 0 };
	struct outcome outcome;

	open_with_device(&fixture, &a, "a");
	device_record_init(&b, "b", T0);
	for (int i = 0; i < 9; i++) {
		outcome_init(&outcome);
		outcome_add(&outcome, EVENT_RETRIEVED, T0 + i)->flow = i % 3;
		must_write(&fixture, i % 2 == 0 ? &a : &b, &outcome);
	}
	static const struct {
		const char *device;
		int64_t flow;
		int count;
		int64_t first_s;
	} rows[] = {
		{ "a", 0, 2, T0 },     { "a", 1, 1, T0 + 4 }, { "a", 2, 2, T0 + 2 },
		{ "b", 1, 2, T0 + 1 }, { "a", 3, 0, 0 },      { "c", 1, 0, 0 },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		events.count = 0;
		assert_int_equal(fixture.ops->flow_events(fixture.reader, rows[i].device,
							  rows[i].flow, note_event, NULL,
							  &p),
				 0);
		if (events.count != rows[i].count ||
		    (rows[i].count > 0 && events.at[0].at_s != rows[i].first_s))
			fail_msg("row %zu: %d events", i, events.count);
	}
	fixture_fini(&fixture);
}

TEST(a_walk_stops_when_told_and_the_next_begins_anew)
{
	static struct device_record record;
	struct fixture fixture;
	struct outcome outcome;
	struct problem p = { 0 };

	open_with_device(&fixture, &record, "d");
	outcome_init(&outcome);
	outcome.facts_changed = true;
	for (int i = 0; i < 5; i++) {
		char name[16];
		outcome_add(&outcome, EVENT_FACTS, T0 + i);
		snprintf(name, sizeof name, "tag.%d", i);
		assert_int_equal(
			facts_set(&record.facts, name, "x", T0, FACT_REPORTED, NULL, &p),
			0);
	}
	must_write(&fixture, &record, &outcome);
	events.stop_after = changes.stop_after = 2;
	walk_events(&fixture, "d", INT64_MAX);
	walk_changes(&fixture, "d", INT64_MAX);
	assert_int_equal(events.count, 2);
	assert_int_equal(changes.count, 2);
	events.stop_after = changes.stop_after = 0;
	walk_events(&fixture, "d", INT64_MAX);
	walk_changes(&fixture, "d", INT64_MAX);
	assert_int_equal(events.count, 5);
	assert_int_equal(changes.count, 5);
	fixture_fini(&fixture);
}

/* Facts as of a time. */

enum { FACT_NAMES = 12, FACT_STEPS = 200 };

struct fact_model {
	char value[16]; /* "" not known */
	enum fact_source source;
};

static void fact_model_name(int i, char name[static 16])
{
	snprintf(name, 16, "tag.n%d", i);
}

/* What the log says was known at `until_s`. */
static void fold_changes(struct fact_model model[FACT_NAMES])
{
	memset(model, 0, FACT_NAMES * sizeof *model);
	for (int i = 0; i < changes.count; i++) {
		const struct fact_change *change = &changes.at[i];
		if (change->name[0] == '\0')
			continue; /* said again */
		long n = strtol(change->name + strlen("tag.n"), NULL, 10);
		if (change->removed)
			assert_string_equal(change->value, "");
		assert_true(strlen(change->value) < sizeof model[n].value);
		memcpy(model[n].value, change->value, sizeof model[n].value);
		model[n].source = change->source;
	}
}

TEST(facts_can_be_told_as_of_any_time_from_their_log)
{
	static struct fact_model model[FACT_STEPS + 1][FACT_NAMES], folded[FACT_NAMES];
	static struct device_record record;
	struct fixture fixture;
	struct dice dice = { 20250408 };
	struct problem p = { 0 };

	open_with_device(&fixture, &record, "d");
	for (int step = 1; step <= FACT_STEPS; step++) {
		struct outcome outcome;
		outcome_init(&outcome);
		outcome.facts_changed = true;
		outcome_add(&outcome, EVENT_FACTS, T0 + step);
		memcpy(model[step], model[step - 1], sizeof model[step]);
		for (uint32_t i = dice_below(&dice, 4); i > 0; i--) {
			int n = (int)dice_below(&dice, FACT_NAMES);
			struct fact_model *one = &model[step][n];
			char name[16];
			fact_model_name(n, name);
			if (dice_chance(&dice, 30)) {
				facts_remove(&record.facts, name);
				one->value[0] = '\0';
				continue;
			}
			snprintf(one->value, sizeof one->value, "v%u",
				 dice_below(&dice, 5));
			one->source =
				dice_chance(&dice, 30) ? FACT_ASSERTED : FACT_REPORTED;
			assert_int_equal(facts_set(&record.facts, name, one->value,
						   T0 + step, one->source, NULL, &p),
					 0);
		}
		must_write(&fixture, &record, &outcome);
	}
	for (int step = 0; step <= FACT_STEPS; step++) {
		walk_changes(&fixture, "d", T0 + step);
		fold_changes(folded);
		for (int n = 0; n < FACT_NAMES; n++) {
			const struct fact_model *one = &model[step][n];
			if (strcmp(folded[n].value, one->value) != 0 ||
			    (one->value[0] != '\0' && folded[n].source != one->source))
				fail_msg("step %d, fact %d: '%s' instead of '%s'", step,
					 n, folded[n].value, one->value);
		}
	}
	/* Nothing is logged when nothing is new. */
	int before = changes.count;
	struct outcome outcome;
	outcome_init(&outcome);
	outcome.facts_changed = true;
	must_write(&fixture, &record, &outcome);
	walk_changes(&fixture, "d", INT64_MAX);
	assert_int_equal(changes.count, before);
	fixture_fini(&fixture);
}

/* Flows. */

TEST(flow_ids_only_rise_also_over_restarts_failed_units_and_forgotten_devices)
{
	static struct device_record record;
	struct fixture fixture;
	struct outcome outcome;
	struct dice dice = { 3 };
	int64_t last = 0;

	open_with_device(&fixture, &record, "d");
	for (int i = 0; i < 30; i++) {
		int64_t id = fixture_flow_id(&fixture);
		assert_true(id > last);
		last = id;
		if (i % 3 == 0) {
			sample_flow(&dice, &record.history.flow, id);
			outcome_init(&outcome);
			outcome.history_changed = true;
			must_write(&fixture, &record, &outcome);
		}
		if (i % 10 == 5) {
			fixture_must_write(&fixture, forgetting_d);
			device_record_init(&record, "d", T0);
			outcome_init(&outcome);
			must_write(&fixture, &record, &outcome);
		}
		if (i % 10 == 9) {
			fixture_close(&fixture);
			fixture_open(&fixture);
		}
	}
	assert_int_equal(last, 30); /* none is wasted either */
	fixture_fini(&fixture);
}

static int make_id(const struct backend_ops *ops, struct session *session, void *owner,
		   struct problem *p)
{
	return ops->flow_id_new(session, owner, p);
}

TEST(the_last_flow_id_is_the_greatest_that_a_device_can_keep)
{
	struct fixture fixture;
	struct problem p = { 0 };
	int64_t id = 0;

	fixture_init(&fixture);
	fixture_open(&fixture);
	sqlite3 *db = fixture_sqlite(&fixture);
	sqlite3_exec(db,
		     "UPDATE sqlite_sequence SET seq = 2147483646 WHERE name = 'flow'",
		     NULL, NULL, NULL);
	sqlite3_close(db);
	assert_int_equal(fixture_flow_id(&fixture), INT32_MAX);
	assert_int_equal(fixture_write(&fixture, (struct change){ make_id, &id }, &p),
			 -1);
	assert_int_equal(p.kind, PROBLEM_TOO_LARGE);
	fixture_fini(&fixture);
}

TEST(a_flow_is_found_with_whose_it_is)
{
	static struct device_record record;
	struct fixture fixture;
	struct flow flow;
	struct outcome outcome;
	struct problem p = { 0 };
	struct dice dice = { 11 };
	char device[LIMIT_DEVICE_ID + 1];

	open_with_device(&fixture, &record, "somebody");
	int64_t id = fixture_flow_id(&fixture), unused = fixture_flow_id(&fixture);
	sample_flow(&dice, &record.history.flow, id);
	outcome_init(&outcome);
	outcome.history_changed = true;
	must_write(&fixture, &record, &outcome);
	assert_int_equal(fixture.ops->flow_read(fixture.reader, id, &flow, device, &p),
			 1);
	assert_string_equal(device, "somebody");
	assert_null(flow_difference(&flow, &record.history.flow));
	assert_int_equal(
		fixture.ops->flow_read(fixture.reader, unused, &flow, device, &p), 0);
	assert_int_equal(fixture.ops->flow_read(fixture.reader, -1, &flow, device, &p),
			 0);
	fixture_fini(&fixture);
}

TEST(what_is_installed_is_the_newest_verified_install)
{
	static const struct {
		enum flow_kind kind;
		enum flow_state state;
		bool newest; /* from here on this one is the answer */
	} rows[] = {
		{ FLOW_INSTALL, FLOW_FAILED, false },
		{ FLOW_UNINSTALL, FLOW_VERIFIED, false },
		{ FLOW_INSTALL, FLOW_VERIFIED, true },
		{ FLOW_INSTALL, FLOW_UNVERIFIED, false },
		{ FLOW_INSTALL, FLOW_VERIFIED, true },
		{ FLOW_UNINSTALL, FLOW_REMOVED, false },
		{ FLOW_INSTALL, FLOW_INSTALLING, false },
	};
	static struct device_record record;
	struct fixture fixture;
	struct outcome outcome;
	struct flow flow;
	struct problem p = { 0 };
	int64_t expected = 0;

	open_with_device(&fixture, &record, "d");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct flow *own = &record.history.flow;
		memset(own, 0, sizeof *own);
		own->id = fixture_flow_id(&fixture);
		own->kind = rows[i].kind;
		own->state = rows[i].state;
		outcome_init(&outcome);
		outcome.history_changed = true;
		must_write(&fixture, &record, &outcome);
		if (rows[i].newest)
			expected = own->id;
		int rc = fixture.ops->flow_installed(fixture.reader, "d", &flow, &p);
		if (rc != (expected != 0) || (rc == 1 && flow.id != expected))
			fail_msg("row %zu: %d, flow %" PRId64, i, rc, flow.id);
	}
	assert_int_equal(fixture.ops->flow_installed(fixture.reader, "e", &flow, &p), 0);
	fixture_fini(&fixture);
}

/* Forgetting. */

static void make_busy_device(struct fixture *fixture, struct device_record *record)
{
	struct outcome outcome;
	struct problem p = { 0 };
	struct flow *flow = &record->history.flow;

	flow->id = fixture_flow_id(fixture);
	flow->state = FLOW_DOWNLOADING;
	flow->key = (struct release_key){ "w11", 5055523, { 26100, 3775 } };
	snprintf(flow->ring, sizeof flow->ring, "first");
	assert_int_equal(facts_set(&record->facts, "vbs", "running", T0 + 5,
				   FACT_REPORTED, NULL, &p),
			 0);
	record->has_token = record->token_used = true;
	outcome_init(&outcome);
	outcome.facts_changed = outcome.history_changed = true;
	struct event *event = outcome_add(&outcome, EVENT_FLOW, T0 + 5);
	event->flow = flow->id;
	event->key = flow->key;
	memcpy(event->ring, flow->ring, sizeof event->ring);
	event->to = FLOW_DOWNLOADING;
	must_write(fixture, record, &outcome);
}

TEST(a_forgotten_device_is_gone_and_its_log_is_closed_but_stays)
{
	static struct device_record record, back;
	struct fixture fixture;
	struct problem p = { 0 };
	struct flow flow;
	char device[LIMIT_DEVICE_ID + 1];
	int64_t count = -1;

	open_with_device(&fixture, &record, "d");
	make_busy_device(&fixture, &record);
	fixture_must_write(&fixture, forgetting_d);

	assert_int_equal(fixture.ops->device_read(fixture.reader, "d", &back, &p), 0);
	assert_int_equal(fixture.ops->device_count(fixture.reader, &count, &p), 0);
	assert_int_equal(count, 0);
	assert_int_equal(fixture.ops->flow_read(fixture.reader, record.history.flow.id,
						&flow, device, &p),
			 0);
	walk_events(&fixture, "d", INT64_MAX);
	assert_int_equal(events.count, 3);
	assert_int_equal(events.at[1].kind, EVENT_FLOW);
	assert_int_equal(events.at[1].from, FLOW_DOWNLOADING);
	assert_int_equal(events.at[1].to, FLOW_WITHDRAWN);
	assert_string_equal(events.at[1].note, "the device was forgotten");
	assert_int_equal(events.at[1].at_s, T0 + 50);
	assert_int_equal(events.at[2].kind, EVENT_FORGOTTEN);
	assert_int_equal(events.at[2].at_s, T0 + 50);
	walk_changes(&fixture, "d", INT64_MAX);
	assert_int_equal(changes.count, 2);
	assert_false(changes.at[0].removed);
	assert_true(changes.at[1].removed);
	assert_string_equal(changes.at[1].name, "");
	assert_int_equal(changes.at[1].at_s, T0 + 50);
	assert_int_equal(fixture_number(&fixture,
					"SELECT count(*) FROM device WHERE token_hash"
					" IS NOT NULL OR token_used"),
			 0);
	fixture_fini(&fixture);
}

TEST(a_forgotten_device_cannot_be_written_by_who_read_it_before)
{
	static struct device_record record;
	struct fixture fixture;
	struct outcome outcome;
	struct problem p = { 0 };

	open_with_device(&fixture, &record, "d");
	fixture_must_write(&fixture, forgetting_d);
	outcome_init(&outcome);
	outcome.identity_changed = true;
	assert_int_equal(fixture_write_device(&fixture, &record, &outcome, &p), -1);
	assert_int_equal(p.kind, PROBLEM_NOT_FOUND);
	assert_non_null(strstr(p.text, "it was forgotten meanwhile"));

	p = (struct problem){ 0 };
	assert_int_equal(fixture_write(&fixture, forgetting_d, &p), -1);
	assert_int_equal(p.kind, PROBLEM_NOT_FOUND);
	fixture_fini(&fixture);
}

TEST(a_device_that_comes_back_starts_afresh_and_goes_on_in_its_old_log)
{
	static struct device_record record, again, back;
	struct fixture fixture;
	struct outcome outcome;

	open_with_device(&fixture, &record, "d");
	make_busy_device(&fixture, &record);
	fixture_must_write(&fixture, forgetting_d);

	device_record_init(&again, "d", T0 + 100);
	outcome_init(&outcome);
	outcome_add(&outcome, EVENT_ENROLLED, T0 + 100);
	must_write(&fixture, &again, &outcome);
	assert_int_equal(again.key, record.key);
	struct problem p = { 0 };
	assert_int_equal(fixture.ops->device_read(fixture.reader, "d", &back, &p), 1);
	assert_null(record_difference(&again, &back));
	walk_events(&fixture, "d", INT64_MAX);
	assert_int_equal(events.count, 4);
	assert_int_equal(events.at[3].kind, EVENT_ENROLLED);
	fixture_fini(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_come_back_whole_in_order_and_as_of_any_time),
		cmocka_unit_test(
			the_events_of_one_flow_are_those_of_that_device_and_flow),
		cmocka_unit_test(a_walk_stops_when_told_and_the_next_begins_anew),
		cmocka_unit_test(facts_can_be_told_as_of_any_time_from_their_log),
		cmocka_unit_test(
			flow_ids_only_rise_also_over_restarts_failed_units_and_forgotten_devices),
		cmocka_unit_test(the_last_flow_id_is_the_greatest_that_a_device_can_keep),
		cmocka_unit_test(a_flow_is_found_with_whose_it_is),
		cmocka_unit_test(what_is_installed_is_the_newest_verified_install),
		cmocka_unit_test(
			a_forgotten_device_is_gone_and_its_log_is_closed_but_stays),
		cmocka_unit_test(
			a_forgotten_device_cannot_be_written_by_who_read_it_before),
		cmocka_unit_test(
			a_device_that_comes_back_starts_afresh_and_goes_on_in_its_old_log),
	};
	return cmocka_run_group_tests_name("store logs", tests, NULL, NULL);
}

/* Devices written and read back: all of a record, and only what changed. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/case.h"
#include "tests/unit/store/fixture.h"
#include "tests/unit/store/sample.h"

enum { ROUNDS = 300, T0 = 1700000000 };

static void must_read(struct fixture *fixture, const char *id,
		      struct device_record *record)
{
	struct problem p = { 0 };

	memset(record, 0xa5, sizeof *record); /* what is not read shows */
	int rc = fixture->ops->device_read(fixture->reader, id, record, &p);
	if (rc != 1)
		fail_msg("reading '%s': %d %s", id, rc, p.text);
}

static void must_write(struct fixture *fixture, struct device_record *record,
		       const struct outcome *outcome)
{
	struct problem p = { 0 };

	if (fixture_write_device(fixture, record, outcome, &p) < 0)
		fail_msg("%s", p.text);
}

static void add_device(struct fixture *fixture, const char *id)
{
	static struct device_record record;
	struct outcome outcome;

	device_record_init(&record, id, T0);
	outcome_init(&outcome);
	must_write(fixture, &record, &outcome);
}

static void everything_changed(struct outcome *outcome)
{
	outcome_init(outcome);
	outcome->facts_changed = outcome->history_changed = true;
	outcome->identity_changed = true;
}

TEST(a_record_comes_back_with_every_field_when_new_and_when_changed)
{
	static struct device_record record, changed, back;
	struct fixture fixture;
	struct outcome outcome;

	fixture_init(&fixture);
	fixture_open(&fixture);
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct dice dice = { seed };
		char id[LIMIT_DEVICE_ID + 1];

		snprintf(id, sizeof id, "%s-%" PRIu64,
			 seed % 7 == 0 ? "Ger\xc3\xa4t 'quoted' \\ %25" : "device", seed);
		sample_record(&dice, &record, id,
			      dice_chance(&dice, 70) ? fixture_flow_id(&fixture) : 0);
		outcome_init(&outcome);
		must_write(&fixture, &record, &outcome);
		assert_true(record.key > 0);
		must_read(&fixture, id, &back);
		const char *what = record_difference(&record, &back);
		if (what != NULL)
			fail_msg("seed %" PRIu64 ", new: %s differs", seed, what);

		sample_record(&dice, &changed, id,
			      dice_chance(&dice, 70) ? fixture_flow_id(&fixture) : 0);
		changed.key = record.key;
		changed.last_seen_s += 10000;
		everything_changed(&outcome);
		must_write(&fixture, &changed, &outcome);
		must_read(&fixture, id, &back);
		what = record_difference(&changed, &back);
		if (what != NULL)
			fail_msg("seed %" PRIu64 ", changed: %s differs", seed, what);
	}
	fixture_fini(&fixture);
}

TEST(an_id_as_long_as_allowed_is_kept)
{
	static struct device_record back;
	struct fixture fixture;
	char id[LIMIT_DEVICE_ID + 1];

	memset(id, 'x', LIMIT_DEVICE_ID);
	id[LIMIT_DEVICE_ID] = '\0';
	fixture_init(&fixture);
	fixture_open(&fixture);
	add_device(&fixture, id);
	must_read(&fixture, id, &back);
	assert_string_equal(back.id, id);
	fixture_fini(&fixture);
}

TEST(only_the_parts_that_changed_are_written)
{
	static const struct {
		const char *what;
		bool facts, history, identity, event;          /* said by the outcome */
		bool new_facts, new_history, new_id, new_flow; /* found afterwards */
	} rows[] = {
		{ "nothing", 0, 0, 0, 0, 0, 0, 0, 0 },
		{ "facts", 1, 0, 0, 0, 1, 0, 1, 0 },
		{ "history", 0, 1, 0, 0, 0, 1, 1, 1 },
		{ "identity", 0, 0, 1, 0, 0, 0, 1, 0 },
		{ "an event", 0, 0, 0, 1, 0, 0, 1, 1 },
		{ "all", 1, 1, 1, 1, 1, 1, 1, 1 },
	};
	static struct device_record old, changed, back;
	struct fixture fixture;

	fixture_init(&fixture);
	fixture_open(&fixture);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct dice dice = { 77 + i };
		struct outcome outcome;
		int64_t flow = fixture_flow_id(&fixture);
		char id[16];

		snprintf(id, sizeof id, "device-%zu", i);
		sample_record(&dice, &old, id, flow);
		old.history.flow.generation = 1;
		outcome_init(&outcome);
		must_write(&fixture, &old, &outcome);

		sample_record(&dice, &changed, id, flow);
		changed.key = old.key;
		changed.last_seen_s = old.last_seen_s + 1;
		changed.history.flow.generation = 2;
		outcome.facts_changed = rows[i].facts;
		outcome.history_changed = rows[i].history;
		outcome.identity_changed = rows[i].identity;
		if (rows[i].event)
			outcome_add(&outcome, EVENT_RESTARTED, T0);
		must_write(&fixture, &changed, &outcome);

		must_read(&fixture, id, &back);
		bool new_flow = flow_difference(&back.history.flow,
						&changed.history.flow) == NULL;
		memset(&back.history.flow, 0, sizeof back.history.flow);
		memset(&changed.history.flow, 0, sizeof changed.history.flow);
		bool new_history =
			history_difference(&back.history, &changed.history) == NULL;
		bool new_facts = facts_difference(&back.facts, &changed.facts) == NULL;
		if (new_facts != rows[i].new_facts ||
		    new_history != rows[i].new_history || new_flow != rows[i].new_flow ||
		    (back.last_seen_s == changed.last_seen_s) != rows[i].new_id)
			fail_msg("%s: wrote facts %d, history %d, flow %d", rows[i].what,
				 new_facts, new_history, new_flow);
	}
	fixture_fini(&fixture);
}

TEST(devices_are_walked_by_id_without_those_forgotten)
{
	static const char *const ids[] = { "m", "a",        "Z",  "aa", "a-",
					   "z", "\xc3\xa4", "10", "9",  "gone" };
	static const char *const order[] = { "10", "9", "Z", "a",       "a-",
					     "aa", "m", "z", "\xc3\xa4" };
	static struct device_record record;
	struct fixture fixture;
	struct problem p = { 0 };
	char after[LIMIT_DEVICE_ID + 1] = "";
	int64_t count = 0;
	size_t seen = 0;
	int rc;

	fixture_init(&fixture);
	fixture_open(&fixture);
	assert_int_equal(fixture.ops->device_next(fixture.reader, "", &record, &p), 0);
	for (size_t i = 0; i < COUNT_OF(ids); i++)
		add_device(&fixture, ids[i]);
	assert_int_equal(fixture.ops->device_count(fixture.reader, &count, &p), 0);
	assert_int_equal(count, COUNT_OF(ids));
	sqlite3 *db = fixture_sqlite(&fixture);
	sqlite3_exec(db, "UPDATE device SET present = 0 WHERE id = 'gone'", NULL, NULL,
		     NULL);
	sqlite3_close(db);

	while ((rc = fixture.ops->device_next(fixture.reader, after, &record, &p)) == 1) {
		assert_true(seen < COUNT_OF(order));
		assert_string_equal(record.id, order[seen]);
		memcpy(after, record.id, sizeof after);
		seen++;
	}
	assert_int_equal(rc, 0);
	assert_int_equal(seen, COUNT_OF(order));
	assert_int_equal(fixture.ops->device_count(fixture.reader, &count, &p), 0);
	assert_int_equal(count, COUNT_OF(order));
	fixture_fini(&fixture);
}

TEST(a_device_nobody_wrote_is_not_there)
{
	static struct device_record record;
	struct fixture fixture;
	struct problem p = { 0 };

	fixture_init(&fixture);
	fixture_open(&fixture);
	add_device(&fixture, "a");
	assert_int_equal(fixture.ops->device_read(fixture.reader, "b", &record, &p), 0);
	assert_int_equal(fixture.ops->device_read(fixture.reader, "", &record, &p), 0);
	assert_int_equal(fixture.ops->device_read(fixture.reader, "A", &record, &p), 0);
	assert_int_equal(fixture.ops->device_next(fixture.reader, "a", &record, &p), 0);
	fixture_fini(&fixture);
}

TEST(a_second_new_device_of_a_name_is_refused_and_the_first_stays)
{
	static struct device_record first, second, back;
	struct fixture fixture;
	struct outcome outcome;
	struct problem p = { 0 };
	struct dice dice = { 5 };

	fixture_init(&fixture);
	fixture_open(&fixture);
	sample_record(&dice, &first, "twin", 0);
	sample_record(&dice, &second, "twin", 0);
	outcome_init(&outcome);
	must_write(&fixture, &first, &outcome);
	assert_int_equal(fixture_write_device(&fixture, &second, &outcome, &p), -1);
	assert_int_equal(p.kind, PROBLEM_CONFLICT);
	assert_string_equal(p.text,
			    "writing device 'twin': there is such a device already");
	assert_int_equal(second.key, 0); /* unchanged */
	must_read(&fixture, "twin", &back);
	assert_null(record_difference(&first, &back));
	fixture_fini(&fixture);
}

TEST(a_flow_of_another_device_is_refused_and_nothing_of_that_write_stays)
{
	static struct device_record first, second, back;
	struct fixture fixture;
	struct outcome outcome;
	struct problem p = { 0 };
	struct dice dice = { 6 };

	fixture_init(&fixture);
	fixture_open(&fixture);
	int64_t flow = fixture_flow_id(&fixture);
	sample_record(&dice, &first, "first", flow);
	sample_record(&dice, &second, "second", flow);
	outcome_init(&outcome);
	must_write(&fixture, &first, &outcome);
	assert_int_equal(fixture_write_device(&fixture, &second, &outcome, &p), -1);
	assert_int_equal(p.kind, PROBLEM_CONFLICT);
	assert_non_null(strstr(p.text, "is another device's"));
	assert_int_equal(fixture.ops->device_read(fixture.reader, "second", &back, &p),
			 0);
	must_read(&fixture, "first", &back);
	assert_null(record_difference(&first, &back));
	fixture_fini(&fixture);
}

TEST(a_flow_that_ends_as_the_next_begins_keeps_its_end)
{
	static struct device_record record;
	struct fixture fixture;
	struct outcome outcome;
	struct problem p = { 0 };
	struct flow flow;
	char device[LIMIT_DEVICE_ID + 1];

	fixture_init(&fixture);
	fixture_open(&fixture);
	int64_t ended = fixture_flow_id(&fixture), begun = fixture_flow_id(&fixture);
	device_record_init(&record, "d", T0);
	record.history.flow.id = ended;
	record.history.flow.state = FLOW_INSTALLED;
	record.history.flow.lease_s = T0 + 600;
	outcome_init(&outcome);
	must_write(&fixture, &record, &outcome);

	struct event *event = outcome_add(&outcome, EVENT_FLOW, T0 + 5);
	event->flow = ended;
	event->from = FLOW_INSTALLED;
	event->to = FLOW_VERIFIED;
	event->code = 7;
	memset(&record.history.flow, 0, sizeof record.history.flow);
	record.history.flow.id = begun;
	record.history.flow.state = FLOW_OFFERED;
	event = outcome_add(&outcome, EVENT_FLOW, T0 + 5);
	event->flow = begun;
	event->to = FLOW_OFFERED;
	outcome.history_changed = true;
	must_write(&fixture, &record, &outcome);

	assert_int_equal(fixture.ops->flow_read(fixture.reader, ended, &flow, device, &p),
			 1);
	assert_int_equal(flow.state, FLOW_VERIFIED);
	assert_int_equal(flow.changed_s, T0 + 5);
	assert_int_equal(flow.code, 7);
	assert_int_equal(flow.lease_s, 0);
	assert_int_equal(fixture.ops->flow_installed(fixture.reader, "d", &flow, &p), 1);
	assert_int_equal(flow.id, ended);
	must_read(&fixture, "d", &record);
	assert_int_equal(record.history.flow.id, begun);
	assert_int_equal(record.history.flow.state, FLOW_OFFERED);
	fixture_fini(&fixture);
}

struct sighting_of_device {
	const char *id;
	int64_t at_s;
};

static int make_seen(const struct backend_ops *ops, struct session *session, void *owner,
		     struct problem *p)
{
	const struct sighting_of_device *seen = owner;
	return ops->device_seen(session, seen->id, seen->at_s, p);
}

TEST(a_device_was_last_seen_when_it_was_seen_latest_whatever_came_last)
{
	static const struct {
		int64_t at_s, expected_s;
	} rows[] = {
		{ T0 + 10, T0 + 10 },
		{ T0 + 5, T0 + 10 },
		{ T0 + 10, T0 + 10 },
		{ T0 + 11, T0 + 11 },
	};
	static struct device_record record;
	struct fixture fixture;
	struct outcome outcome;

	fixture_init(&fixture);
	fixture_open(&fixture);
	add_device(&fixture, "d");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct sighting_of_device seen = { "d", rows[i].at_s };
		fixture_must_write(&fixture, (struct change){ make_seen, &seen });
		must_read(&fixture, "d", &record);
		assert_int_equal(record.last_seen_s, rows[i].expected_s);
	}
	struct sighting_of_device unknown = { "nobody", T0 };
	fixture_must_write(&fixture, (struct change){ make_seen, &unknown });
	assert_int_equal(fixture_number(&fixture, "SELECT count(*) FROM device"), 1);

	/* A record that was read before the batch of sightings came does not undo it. */
	record.last_seen_s = T0 + 1;
	everything_changed(&outcome);
	must_write(&fixture, &record, &outcome);
	must_read(&fixture, "d", &record);
	assert_int_equal(record.last_seen_s, T0 + 11);
	fixture_fini(&fixture);
}

TEST(a_damaged_row_is_told_by_the_name_of_its_device_and_others_go_on)
{
	static const struct {
		const char *sql, *words;
	} rows[] = {
		{ "UPDATE device_facts SET text = 'junk' WHERE device = 1",
		  "reading device 'a': database: the facts of a device are damaged" },
		{ "UPDATE device_history SET text = 'junk' WHERE device = 1",
		  "reading device 'a': database: the history of a device is damaged" },
		{ "UPDATE flow SET state = 'dancing' WHERE device = 1",
		  "reading device 'a': database: 'dancing' is no state of a flow" },
		{ "UPDATE flow SET kind = 'fly' WHERE device = 1",
		  "reading device 'a': database: 'fly' in column kind is no word" },
	};
	static struct device_record record;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fixture fixture;
		struct outcome outcome;
		struct problem p = { 0 };
		struct dice dice = { 9 };

		fixture_init(&fixture);
		fixture_open(&fixture);
		sample_record(&dice, &record, "a", fixture_flow_id(&fixture));
		outcome_init(&outcome);
		must_write(&fixture, &record, &outcome);
		add_device(&fixture, "b");
		sqlite3 *db = fixture_sqlite(&fixture);
		assert_int_equal(sqlite3_exec(db, rows[i].sql, NULL, NULL, NULL),
				 SQLITE_OK);
		sqlite3_close(db);
		assert_int_equal(
			fixture.ops->device_read(fixture.reader, "a", &record, &p), -1);
		assert_int_equal(p.kind, PROBLEM_EXTERNAL);
		if (strncmp(p.text, rows[i].words, strlen(rows[i].words)) != 0)
			fail_msg("the words are '%s'", p.text);
		must_read(&fixture, "b", &record);
		fixture_fini(&fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_record_comes_back_with_every_field_when_new_and_when_changed),
		cmocka_unit_test(an_id_as_long_as_allowed_is_kept),
		cmocka_unit_test(only_the_parts_that_changed_are_written),
		cmocka_unit_test(devices_are_walked_by_id_without_those_forgotten),
		cmocka_unit_test(a_device_nobody_wrote_is_not_there),
		cmocka_unit_test(
			a_second_new_device_of_a_name_is_refused_and_the_first_stays),
		cmocka_unit_test(
			a_flow_of_another_device_is_refused_and_nothing_of_that_write_stays),
		cmocka_unit_test(a_flow_that_ends_as_the_next_begins_keeps_its_end),
		cmocka_unit_test(
			a_device_was_last_seen_when_it_was_seen_latest_whatever_came_last),
		cmocka_unit_test(
			a_damaged_row_is_told_by_the_name_of_its_device_and_others_go_on),
	};
	return cmocka_run_group_tests_name("store devices", tests, NULL, NULL);
}

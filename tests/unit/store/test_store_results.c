/* What gates are judged by, and what operators do on the day: results, open offers,
 * holds, operations. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/instant.h"
#include "store/store.h"
#include "tests/lib/case.h"
#include "tests/unit/store/fixture.h"

enum { T0 = 1700000000 };

static const struct release_key key = { "w24", 5058497, { 26100, 3981 } };

/* One device and what its flow does, a letter a step: a flow of the release in ring "r"
 * begins with "o" (install) or "u" (uninstall); then v verified, f failed, s unverified,
 * n not applicable, j rejected, x expired, w withdrawn, i installing. */
struct walk {
	struct device_record record;
	const char *steps;
	const char *ring;
	int64_t now_s;
};

static enum flow_state state_of(char letter)
{
	static const struct {
		char letter;
		enum flow_state state;
	} rows[] = {
		{ 'o', FLOW_OFFERED },    { 'u', FLOW_OFFERED },
		{ 'v', FLOW_VERIFIED },   { 'f', FLOW_FAILED },
		{ 's', FLOW_UNVERIFIED }, { 'n', FLOW_NOT_APPLICABLE },
		{ 'j', FLOW_REJECTED },   { 'x', FLOW_EXPIRED },
		{ 'w', FLOW_WITHDRAWN },  { 'i', FLOW_INSTALLING },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (rows[i].letter == letter)
			return rows[i].state;
	}
	fail_msg("'%c' is no step", letter);
	return FLOW_NONE;
}

static int take_steps(const struct backend_ops *ops, struct session *session, void *owner,
		      struct problem *p)
{
	struct walk *walk = owner;
	struct flow *flow = &walk->record.history.flow;

	for (const char *at = walk->steps; *at != '\0'; at++) {
		struct outcome outcome;
		enum flow_state from = flow->state;
		outcome_init(&outcome);
		if (*at == 'o' || *at == 'u') {
			memset(flow, 0, sizeof *flow);
			flow->kind = *at == 'o' ? FLOW_INSTALL : FLOW_UNINSTALL;
			flow->key = key;
			snprintf(flow->ring, sizeof flow->ring, "%s", walk->ring);
			from = FLOW_NONE;
			if (ops->flow_id_new(session, &flow->id, p) < 0)
				return -1;
		}
		flow->state = state_of(*at);
		flow->lease_s = flow_state_is_final(flow->state) ? 0 : walk->now_s + 100;
		flow->offered_s = from == FLOW_NONE ? walk->now_s : flow->offered_s;
		struct event *event = outcome_add(&outcome, EVENT_FLOW, walk->now_s++);
		event->flow = flow->id;
		event->key = flow->key;
		memcpy(event->ring, flow->ring, sizeof event->ring);
		event->flow_kind = flow->kind;
		event->from = from;
		event->to = flow->state;
		outcome.history_changed = true;
		if (ops->device_write(session, &walk->record, &outcome, p) < 0)
			return -1;
	}
	return 0;
}

static void walk_device(struct fixture *fixture, const char *id, const char *steps,
			const char *ring, int64_t now_s)
{
	static struct walk walk;
	struct problem p;

	walk.steps = steps;
	walk.ring = ring;
	walk.now_s = now_s;
	if (fixture->ops->device_read(fixture->reader, id, &walk.record, &p) != 1)
		device_record_init(&walk.record, id, now_s);
	fixture_must_write(fixture, (struct change){ take_steps, &walk });
}

static struct ring_results results_of(struct fixture *fixture, const char *ring)
{
	struct ring_results results;
	struct problem p = { 0 };

	if (fixture->ops->results(fixture->reader, &key, ring, &results, &p) < 0)
		fail_msg("%s", p.text);
	return results;
}

static int64_t open_offers(struct fixture *fixture, int64_t before_s)
{
	struct problem p = { 0 };
	int64_t count = -1;

	if (fixture->ops->offers_open(fixture->reader, &key, "r", before_s, &count, &p) <
	    0)
		fail_msg("%s", p.text);
	return count;
}

static void expect_recount(struct fixture *fixture, const char *what)
{
	struct problem p = { 0 };
	int64_t astray = -1;

	assert_int_equal(store_recount(fixture->reader, &astray, &p), 0);
	if (astray != 0)
		fail_msg("%s: %" PRId64 " counts are astray", what, astray);
}

TEST(a_device_counts_once_by_its_last_proof_and_else_by_its_last_end)
{
	static const struct {
		const char *steps;
		int verified, failed, unverified, not_applicable, rejected, open;
	} rows[] = {
		{ "", 0, 0, 0, 0, 0, 0 },     { "o", 0, 0, 0, 0, 0, 1 },
		{ "oi", 0, 0, 0, 0, 0, 1 },   { "oiv", 1, 0, 0, 0, 0, 0 },
		{ "of", 0, 1, 0, 0, 0, 0 },   { "ofofof", 0, 1, 0, 0, 0, 0 },
		{ "ofo", 0, 1, 0, 0, 0, 1 },  { "ofov", 1, 0, 0, 0, 0, 0 },
		{ "ovof", 0, 1, 0, 0, 0, 0 }, { "os", 0, 0, 1, 0, 0, 0 },
		{ "osv", 1, 0, 0, 0, 0, 0 },  { "ofos", 0, 1, 0, 0, 0, 0 },
		{ "onoj", 0, 0, 0, 0, 1, 0 }, { "ojon", 0, 0, 0, 1, 0, 0 },
		{ "ojof", 0, 1, 0, 0, 0, 0 }, { "ofon", 0, 1, 0, 0, 0, 0 },
		{ "ox", 0, 0, 0, 0, 0, 0 },   { "ofow", 0, 1, 0, 0, 0, 0 },
		{ "oxov", 1, 0, 0, 0, 0, 0 }, { "ovuv", 1, 0, 0, 0, 0, 0 },
		{ "uf", 0, 0, 0, 0, 0, 0 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fixture fixture;
		fixture_init(&fixture);
		fixture_open(&fixture);
		walk_device(&fixture, "d-1", rows[i].steps, "r", T0);
		struct ring_results got = results_of(&fixture, "r");
		if (got.verified != rows[i].verified || got.failed != rows[i].failed ||
		    got.unverified != rows[i].unverified ||
		    got.not_applicable != rows[i].not_applicable ||
		    got.rejected != rows[i].rejected ||
		    open_offers(&fixture, INT64_MAX) != rows[i].open)
			fail_msg("%s: %d %d %d %d %d, open %d", rows[i].steps,
				 (int)got.verified, (int)got.failed, (int)got.unverified,
				 (int)got.not_applicable, (int)got.rejected,
				 (int)open_offers(&fixture, INT64_MAX));
		expect_recount(&fixture, rows[i].steps);
		fixture_fini(&fixture);
	}
}

TEST(rings_are_counted_apart_and_the_first_outcome_is_remembered)
{
	struct fixture fixture;

	fixture_init(&fixture);
	fixture_open(&fixture);
	assert_int_equal(results_of(&fixture, "r").first_s, INSTANT_NONE);
	walk_device(&fixture, "d-1", "on", "r", T0);
	assert_int_equal(results_of(&fixture, "r").first_s, INSTANT_NONE);
	walk_device(&fixture, "d-2", "of", "r", T0 + 100);
	walk_device(&fixture, "d-3", "ov", "r", T0 + 200);
	walk_device(&fixture, "d-2", "ov", "other", T0 + 300);
	struct ring_results got = results_of(&fixture, "r");
	assert_int_equal(got.first_s, T0 + 101);
	assert_int_equal(got.verified, 1);
	assert_int_equal(got.failed, 1); /* it moved away: here it stays a failure */
	got = results_of(&fixture, "other");
	assert_int_equal(got.verified, 1);
	assert_int_equal(got.failed, 0);
	expect_recount(&fixture, "rings");
	fixture_fini(&fixture);
}

static int forget(const struct backend_ops *ops, struct session *session, void *owner,
		  struct problem *p)
{
	return ops->device_forget(session, owner, T0, p);
}

TEST(offers_are_found_by_their_age_and_a_forgotten_device_has_none)
{
	struct fixture fixture;

	fixture_init(&fixture);
	fixture_open(&fixture);
	walk_device(&fixture, "d-1", "o", "r", T0);
	walk_device(&fixture, "d-2", "oi", "r", T0 + 50);
	walk_device(&fixture, "d-3", "o", "other", T0);
	assert_int_equal(open_offers(&fixture, T0 - 1), 0);
	assert_int_equal(open_offers(&fixture, T0), 1);
	assert_int_equal(open_offers(&fixture, T0 + 50), 2);
	fixture_must_write(&fixture, (struct change){ forget, (void *)"d-1" });
	assert_int_equal(open_offers(&fixture, T0 + 50), 1);
	/* It comes back, and still counts once. */
	walk_device(&fixture, "d-2", "f", "r", T0 + 60);
	fixture_must_write(&fixture, (struct change){ forget, (void *)"d-2" });
	walk_device(&fixture, "d-2", "ov", "r", T0 + 70);
	assert_int_equal(results_of(&fixture, "r").failed, 0);
	assert_int_equal(results_of(&fixture, "r").verified, 1);
	expect_recount(&fixture, "forgotten");
	fixture_fini(&fixture);
}

TEST(a_file_from_before_gets_its_counts_from_its_log)
{
	static const char back[] =
		"DROP TABLE update_revision; DROP TABLE computer; DROP TABLE report_id;"
		"DROP TABLE operation_device; DROP TABLE operation; DROP TABLE hold;"
		"DROP TABLE open_offer; DROP TABLE result_count; DROP TABLE result;"
		"DROP INDEX document_time; ALTER TABLE payload DROP COLUMN added_s;"
		"ALTER TABLE event DROP COLUMN time_s;"
		"ALTER TABLE event DROP COLUMN release_kind;"
		"ALTER TABLE event DROP COLUMN ends_recovery;"
		"ALTER TABLE event DROP COLUMN unverifiable;"
		"ALTER TABLE event DROP COLUMN wait;"
		"ALTER TABLE event DROP COLUMN request;"
		"ALTER TABLE event DROP COLUMN recovery;"
		"ALTER TABLE event DROP COLUMN block;"
		"PRAGMA user_version = 1";
	struct fixture fixture;

	fixture_init(&fixture);
	fixture_open(&fixture);
	walk_device(&fixture, "d-1", "ofov", "r", T0);
	walk_device(&fixture, "d-2", "oi", "r", T0 + 10);
	walk_device(&fixture, "d-3", "ofos", "r", T0 + 20);
	walk_device(&fixture, "d-4", "onoj", "r", T0 + 30);
	struct ring_results before = results_of(&fixture, "r");
	fixture_close(&fixture);
	sqlite3 *db = fixture_sqlite(&fixture);
	assert_int_equal(sqlite3_exec(db, back, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	fixture_open(&fixture);
	struct ring_results after = results_of(&fixture, "r");
	assert_int_equal(after.verified, 1);
	assert_int_equal(after.failed, 1);
	assert_int_equal(after.rejected, 1);
	assert_int_equal(after.verified, before.verified);
	assert_int_equal(after.first_s, T0 + 1);
	assert_int_equal(open_offers(&fixture, INT64_MAX), 1);
	expect_recount(&fixture, "migrated");
	/* And goes on from there. */
	walk_device(&fixture, "d-3", "ov", "r", T0 + 90);
	assert_int_equal(results_of(&fixture, "r").verified, 2);
	expect_recount(&fixture, "gone on");
	fixture_fini(&fixture);
}

static int put_rollout(const struct backend_ops *ops, struct session *session,
		       void *owner, struct problem *p)
{
	return ops->rollout_put(session, owner, p);
}

TEST(one_rollout_is_read_by_exactly_its_key_and_ring)
{
	struct fixture fixture;
	struct rollout_record record = { .key = key, .ring = "r", .halted = true }, got;
	struct release_key any = { .kb = key.kb };
	struct problem p;

	fixture_init(&fixture);
	fixture_open(&fixture);
	fixture_must_write(&fixture, (struct change){ put_rollout, &record });
	record.halted = false;
	record.passed_s = T0;
	fixture_must_write(&fixture, (struct change){ put_rollout, &record });
	assert_int_equal(fixture.ops->rollout_read(fixture.reader, &key, "r", &got, &p),
			 1);
	assert_false(got.halted);
	assert_int_equal(got.passed_s, T0);
	assert_true(release_key_equal(&got.key, &key));
	assert_int_equal(fixture.ops->rollout_read(fixture.reader, &key, "", &got, &p),
			 0);
	assert_int_equal(fixture.ops->rollout_read(fixture.reader, &any, "r", &got, &p),
			 0);
	fixture_fini(&fixture);
}

static int add_hold(const struct backend_ops *ops, struct session *session, void *owner,
		    struct problem *p)
{
	return ops->hold_add(session, owner, p);
}

struct removal {
	int64_t id;
	int removed;
};

static int remove_hold(const struct backend_ops *ops, struct session *session,
		       void *owner, struct problem *p)
{
	struct removal *removal = owner;

	removal->removed = ops->hold_remove(session, removal->id, T0 + 5, p);
	return removal->removed < 0 ? -1 : 0;
}

static int note_hold(void *owner, const struct hold_record *hold)
{
	char *list = owner;
	size_t used = strlen(list);

	snprintf(list + used, 512 - used, "%" PRId64 ":%s:%u:%s:%s:%s ", hold->id,
		 hold->key.product, hold->key.kb, hold->match, hold->by, hold->reason);
	return 0;
}

static void expect_holds(struct fixture *fixture, const char *expected)
{
	char list[512] = "";
	struct problem p;

	assert_int_equal(fixture->ops->holds(fixture->reader, note_hold, list, &p), 0);
	assert_string_equal(list, expected);
}

TEST(holds_stand_until_they_are_removed_and_their_numbers_stay)
{
	struct fixture fixture;
	struct hold_record hold = { .key = key,
				    .match = "site = a",
				    .by = "ada",
				    .reason = "firmware",
				    .made_s = T0 };

	fixture_init(&fixture);
	fixture_open(&fixture);
	fixture_must_write(&fixture, (struct change){ add_hold, &hold });
	assert_int_equal(hold.id, 1);
	hold.key = (struct release_key){ .kb = 5066835 };
	fixture_must_write(&fixture, (struct change){ add_hold, &hold });
	expect_holds(&fixture, "1:w24:5058497:site = a:ada:firmware "
			       "2::5066835:site = a:ada:firmware ");
	struct removal removal = { .id = 2 };
	fixture_must_write(&fixture, (struct change){ remove_hold, &removal });
	assert_int_equal(removal.removed, 1);
	fixture_must_write(&fixture, (struct change){ remove_hold, &removal });
	assert_int_equal(removal.removed, 0);
	expect_holds(&fixture, "1:w24:5058497:site = a:ada:firmware ");
	fixture_must_write(&fixture, (struct change){ add_hold, &hold });
	assert_int_equal(hold.id, 3);
	assert_int_equal(fixture_number(&fixture, "SELECT count(*) FROM hold"), 3);
	fixture_fini(&fixture);
}

/* An operation over d-1, d-2 and d-3. */
static int make_operation(const struct backend_ops *ops, struct session *session,
			  void *owner, struct problem *p)
{
	struct operation_record *record = owner;

	if (ops->operation_add(session, record, p) < 0)
		return -1;
	for (int i = 3; i >= 1; i--) {
		struct operation_device device = { .changed_s = T0 };
		snprintf(device.device, sizeof device.device, "d-%d", i);
		if (ops->operation_device_put(session, record->id, &device, p) < 0)
			return -1;
	}
	return 0;
}

struct progress {
	int64_t id;
	struct operation_device device;
};

static int make_progress(const struct backend_ops *ops, struct session *session,
			 void *owner, struct problem *p)
{
	struct progress *progress = owner;
	return ops->operation_device_put(session, progress->id, &progress->device, p);
}

static void move(struct fixture *fixture, int64_t id, const char *device,
		 enum operation_step step, int64_t at_s)
{
	struct progress progress = { id, { .step = step, .changed_s = at_s } };

	snprintf(progress.device.device, sizeof progress.device.device, "%s", device);
	fixture_must_write(fixture, (struct change){ make_progress, &progress });
}

static int end_operation(const struct backend_ops *ops, struct session *session,
			 void *owner, struct problem *p)
{
	return ops->operation_end(session, *(int64_t *)owner, T0 + 9, p);
}

static int count_operation(void *owner, const struct operation_record *record)
{
	int64_t *ids = owner;

	ids[ids[0] + 1] = record->id;
	ids[0]++;
	return 0;
}

static int note_device(void *owner, const struct operation_device *device)
{
	char *list = owner;
	size_t used = strlen(list);

	snprintf(list + used, 256 - used, "%s:%s ", device->device,
		 operation_step_names[device->step]);
	return 0;
}

TEST(an_operation_knows_how_far_each_of_its_devices_is)
{
	struct fixture fixture;
	struct operation_record record = {
		.operation = { .kind = OPERATION_ROLLBACK, .key = key, .wait = true },
		.at_most = 2,
		.by = "ada",
		.reason = "0x800F0922",
		.made_s = T0,
	};
	struct operation_record got;
	struct operation_device next = { 0 };
	struct problem p;
	int64_t id, begun_s, ids[4] = { 0 };
	char list[256] = "";

	fixture_init(&fixture);
	fixture_open(&fixture);
	const struct backend_ops *ops = fixture.ops;
	fixture_must_write(&fixture, (struct change){ make_operation, &record });
	assert_int_equal(record.id, 1);
	move(&fixture, 1, "d-2", OPERATION_RUNNING, T0 + 3);
	assert_int_equal(ops->operation_read(fixture.reader, 1, &got, &p), 1);
	assert_int_equal(got.operation.kind, OPERATION_ROLLBACK);
	assert_true(release_key_equal(&got.operation.key, &key));
	assert_true(got.operation.wait);
	assert_int_equal(got.at_most, 2);
	assert_string_equal(got.reason, "0x800F0922");
	assert_int_equal(got.ended_s, 0);
	assert_int_equal(got.in_step[OPERATION_WAITING], 2);
	assert_int_equal(got.in_step[OPERATION_RUNNING], 1);

	assert_int_equal(
		ops->operation_next(fixture.reader, 1, OPERATION_WAITING, &next, &p), 1);
	assert_string_equal(next.device, "d-1");
	assert_int_equal(
		ops->operation_next(fixture.reader, 1, OPERATION_WAITING, &next, &p), 1);
	assert_string_equal(next.device, "d-3");
	assert_int_equal(
		ops->operation_next(fixture.reader, 1, OPERATION_WAITING, &next, &p), 0);
	assert_int_equal(ops->operation_of(fixture.reader, "d-2", &id, &begun_s, &p), 1);
	assert_int_equal(id, 1);
	assert_int_equal(begun_s, T0 + 3);
	assert_int_equal(ops->operation_of(fixture.reader, "d-1", &id, &begun_s, &p), 0);
	move(&fixture, 1, "d-2", OPERATION_DONE, T0 + 4);
	move(&fixture, 1, "d-1", OPERATION_FAILED, T0 + 4);
	assert_int_equal(ops->operation_of(fixture.reader, "d-2", &id, &begun_s, &p), 0);
	assert_int_equal(ops->operation_devices(fixture.reader, 1, note_device, list, &p),
			 0);
	assert_string_equal(list, "d-2:done d-1:failed d-3:waiting ");

	fixture_must_write(&fixture, (struct change){ make_operation, &record });
	assert_int_equal(ops->operations(fixture.reader, true, count_operation, ids, &p),
			 0);
	assert_int_equal(ids[0], 2);
	assert_int_equal(ids[1], 2); /* newest first */
	id = 2;
	fixture_must_write(&fixture, (struct change){ end_operation, &id });
	ids[0] = 0;
	assert_int_equal(ops->operations(fixture.reader, true, count_operation, ids, &p),
			 0);
	assert_int_equal(ids[0], 1);
	assert_int_equal(ids[1], 1);
	ids[0] = 0;
	assert_int_equal(ops->operations(fixture.reader, false, count_operation, ids, &p),
			 0);
	assert_int_equal(ids[0], 2);
	assert_int_equal(ops->operation_read(fixture.reader, 2, &got, &p), 1);
	assert_int_equal(got.ended_s, T0 + 9);
	assert_int_equal(ops->operation_read(fixture.reader, 3, &got, &p), 0);
	fixture_fini(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_device_counts_once_by_its_last_proof_and_else_by_its_last_end),
		cmocka_unit_test(
			rings_are_counted_apart_and_the_first_outcome_is_remembered),
		cmocka_unit_test(
			offers_are_found_by_their_age_and_a_forgotten_device_has_none),
		cmocka_unit_test(a_file_from_before_gets_its_counts_from_its_log),
		cmocka_unit_test(one_rollout_is_read_by_exactly_its_key_and_ring),
		cmocka_unit_test(
			holds_stand_until_they_are_removed_and_their_numbers_stay),
		cmocka_unit_test(an_operation_knows_how_far_each_of_its_devices_is),
	};
	return cmocka_run_group_tests_name("store results", tests, NULL, NULL);
}

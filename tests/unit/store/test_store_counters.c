/* Counters move with the events: after any sequence they are what a recount finds, and
 * what this test counts for itself. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"
#include "tests/lib/case.h"
#include "tests/unit/store/fixture.h"
#include "tests/unit/store/sample.h"

enum {
	DEVICES = 30,
	RELEASES = 5,
	RINGS = 3,
	STEPS = 6000,
	PER_UNIT = 20,
	T0 = 1700000000
};

/* The test's own count. */
struct tally {
	int64_t n[RELEASES][RINGS][FLOW_KINDS][FLOW_STATES];
};

struct yard {
	struct fixture fixture;
	struct dice dice;
	struct device_record devices[DEVICES];
	struct tally tally;
	int64_t now_s;
	int release_of[DEVICES], ring_of[DEVICES];
	bool doom; /* this unit is to fail after all it did */
};

static void release_key(int release, struct release_key *key)
{
	memset(key, 0, sizeof *key);
	snprintf(key->product, sizeof key->product, "%s",
		 release < 3 ? "windows-11-24h2" : "server-2025");
	key->kb = 5055523 + (uint32_t)(release / 2); /* two builds share a KB */
	key->build = (struct build){ 26100, 3775 + (uint32_t)release };
}

static void ring_name(int ring, char name[static LIMIT_NAME + 1])
{
	snprintf(name, LIMIT_NAME + 1, "ring-%d", ring);
}

/* A flow of device `i` begins or moves; the tally follows. */
static void move_flow(struct yard *yard, int i, int64_t new_id, struct outcome *outcome)
{
	struct device_record *record = &yard->devices[i];
	struct flow *flow = &record->history.flow;
	enum flow_state from = flow->state;

	if (new_id != 0) {
		yard->release_of[i] = (int)dice_below(&yard->dice, RELEASES);
		yard->ring_of[i] = (int)dice_below(&yard->dice, RINGS);
		memset(flow, 0, sizeof *flow);
		flow->id = new_id;
		flow->kind = (enum flow_kind)dice_below(&yard->dice, FLOW_KINDS);
		release_key(yard->release_of[i], &flow->key);
		ring_name(yard->ring_of[i], flow->ring);
		from = FLOW_NONE;
	}
	flow->state = (enum flow_state)(1 + dice_below(&yard->dice, FLOW_STATES - 1));
	flow->changed_s = yard->now_s;

	struct event *event = outcome_add(outcome, EVENT_FLOW, yard->now_s);
	event->flow = flow->id;
	event->key = flow->key;
	memcpy(event->ring, flow->ring, sizeof event->ring);
	event->flow_kind = flow->kind;
	event->from = from;
	event->to = flow->state;
	outcome->history_changed = true;

	int64_t *n = yard->tally.n[yard->release_of[i]][yard->ring_of[i]][flow->kind];
	if (from != FLOW_NONE)
		n[from]--;
	n[flow->state]++;
}

/* Events that move nothing, whatever the device had claimed. */
static void add_noise(struct yard *yard, int i, struct outcome *outcome)
{
	static const enum event_kind kinds[] = { EVENT_RETRIEVED, EVENT_IGNORED,
						 EVENT_ADOPTED };
	const struct flow *flow = &yard->devices[i].history.flow;
	struct event *event =
		outcome_add(outcome, kinds[dice_below(&yard->dice, 3)], yard->now_s);

	event->flow = flow->id;
	event->key = flow->key;
	memcpy(event->ring, flow->ring, sizeof event->ring);
	event->flow_kind = flow->kind;
	event->from = flow->state;
	event->to = (enum flow_state)dice_below(&yard->dice, FLOW_STATES);
}

static int step_device(struct yard *yard, struct session *session, int i,
		       struct problem *p)
{
	const struct backend_ops *ops = yard->fixture.ops;
	struct device_record *record = &yard->devices[i];
	struct outcome outcome;
	int64_t id = 0;

	outcome_init(&outcome);
	if (record->key == 0) {
		char name[32];
		snprintf(name, sizeof name, "device-%02d", i);
		device_record_init(record, name, yard->now_s);
	}
	if ((record->history.flow.id == 0 || dice_chance(&yard->dice, 15)) &&
	    ops->flow_id_new(session, &id, p) < 0)
		return -1;
	if (dice_chance(&yard->dice, 30))
		add_noise(yard, i, &outcome);
	move_flow(yard, i, id, &outcome);
	if (dice_chance(&yard->dice, 20))
		move_flow(yard, i, 0, &outcome); /* two moves in one outcome */
	return ops->device_write(session, record, &outcome, p);
}

/* A device that is forgotten takes a running flow out of the count as withdrawn. */
static int forget_device(struct yard *yard, struct session *session, int i,
			 struct problem *p)
{
	struct device_record *record = &yard->devices[i];
	const struct flow *flow = &record->history.flow;
	int64_t *n = yard->tally.n[yard->release_of[i]][yard->ring_of[i]][flow->kind];

	if (!flow_state_is_final(flow->state)) {
		n[flow->state]--;
		n[FLOW_WITHDRAWN]++;
	}
	int rc = yard->fixture.ops->device_forget(session, record->id, 0, p);
	memset(record, 0, sizeof *record);
	return rc;
}

static int make_steps(const struct backend_ops *ops, struct session *session, void *owner,
		      struct problem *p)
{
	struct yard *yard = owner;

	(void)ops;
	for (int step = 0; step < PER_UNIT; step++) {
		int i = (int)dice_below(&yard->dice, DEVICES);
		bool forget = yard->devices[i].key != 0 && dice_chance(&yard->dice, 3);
		yard->now_s++;
		if ((forget ? forget_device(yard, session, i, p)
			    : step_device(yard, session, i, p)) < 0)
			return -1;
	}
	return yard->doom ? problem_set(p, PROBLEM_CONFLICT, "as was foretold") : 0;
}

/* Comparing. */

static int release_of_key(const struct release_key *key)
{
	for (int release = 0; release < RELEASES; release++) {
		struct release_key one;
		release_key(release, &one);
		if (release_key_equal(&one, key))
			return release;
	}
	return -1;
}

struct checking {
	struct tally seen;
	int rows, strange;
};

static int look(void *owner, const struct counter *counter)
{
	struct checking *checking = owner;
	int release = release_of_key(&counter->key);
	int ring = counter->ring[strlen("ring-")] - '0';

	checking->rows++;
	if (release < 0 || ring < 0 || ring >= RINGS) {
		checking->strange++;
		return 0;
	}
	for (int state = 0; state < FLOW_STATES; state++)
		checking->seen.n[release][ring][counter->kind][state] +=
			counter->in_state[state];
	return 0;
}

static void check(struct yard *yard, uint64_t seed)
{
	struct problem p = { 0 };
	static struct checking checking;
	int64_t astray = -1;

	memset(&checking, 0, sizeof checking);
	assert_int_equal(
		yard->fixture.ops->counters(yard->fixture.reader, look, &checking, &p),
		0);
	assert_int_equal(checking.strange, 0);
	assert_true(checking.rows <= RELEASES * RINGS * FLOW_KINDS);
	if (memcmp(&checking.seen, &yard->tally, sizeof yard->tally) != 0)
		fail_msg("seed %" PRIu64 ": the counters are not what was counted", seed);
	assert_int_equal(store_recount(yard->fixture.reader, &astray, &p), 0);
	if (astray != 0)
		fail_msg("seed %" PRIu64 ": %" PRId64 " counters are astray", seed,
			 astray);
}

/* One unit in ten fails after all it did, and then nothing of it may count. */
static void play(struct yard *yard, uint64_t seed)
{
	static struct yard before;

	for (int unit = 0; unit < STEPS / PER_UNIT; unit++) {
		struct problem p = { 0 };

		yard->doom = dice_chance(&yard->dice, 10);
		before = *yard;
		int rc = fixture_write(&yard->fixture,
				       (struct change){ make_steps, yard }, &p);
		if ((rc < 0) != yard->doom)
			fail_msg("seed %" PRIu64 ": %s", seed, p.text);
		if (yard->doom) {
			struct dice dice = yard->dice;
			*yard = before;
			yard->dice = dice;
		}
		if (unit % 10 == 0)
			check(yard, seed);
	}
	check(yard, seed);
}

TEST(counters_equal_a_recount_after_any_sequence_of_flows)
{
	static struct yard yard;
	const char *given = getenv("SEED");
	uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : 20250408;

	print_message("SEED=%" PRIu64 "\n", seed);
	memset(&yard, 0, sizeof yard);
	yard.dice.state = seed;
	yard.now_s = T0;
	fixture_init(&yard.fixture);
	fixture_open(&yard.fixture);
	play(&yard, seed);
	fixture_fini(&yard.fixture);
}

TEST(a_recount_notices_a_counter_that_is_wrong)
{
	static struct yard yard;
	struct problem p = { 0 };
	int64_t astray = 0;

	memset(&yard, 0, sizeof yard);
	yard.now_s = T0;
	fixture_init(&yard.fixture);
	fixture_open(&yard.fixture);
	fixture_must_write(&yard.fixture, (struct change){ make_steps, &yard });
	sqlite3 *db = fixture_sqlite(&yard.fixture);
	assert_int_equal(
		sqlite3_exec(db, "UPDATE counter SET n = n + 1", NULL, NULL, NULL),
		SQLITE_OK);
	int changed = sqlite3_changes(db);
	sqlite3_close(db);
	assert_true(changed > 0);
	assert_int_equal(store_recount(yard.fixture.reader, &astray, &p), 0);
	assert_int_equal(astray, changed);
	fixture_fini(&yard.fixture);
}

static int stop_at_second(void *owner, const struct counter *counter)
{
	(void)counter;
	return ++*(int *)owner == 2;
}

TEST(a_walk_of_counters_stops_when_told)
{
	static struct yard yard;
	struct problem p = { 0 };
	int seen = 0;

	memset(&yard, 0, sizeof yard);
	yard.now_s = T0;
	fixture_init(&yard.fixture);
	fixture_open(&yard.fixture);
	fixture_must_write(&yard.fixture, (struct change){ make_steps, &yard });
	assert_int_equal(yard.fixture.ops->counters(yard.fixture.reader, stop_at_second,
						    &seen, &p),
			 0);
	assert_int_equal(seen, 2);
	fixture_fini(&yard.fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_equal_a_recount_after_any_sequence_of_flows),
		cmocka_unit_test(a_recount_notices_a_counter_that_is_wrong),
		cmocka_unit_test(a_walk_of_counters_stops_when_told),
	};
	return cmocka_run_group_tests_name("store counters", tests, NULL, NULL);
}

/* What the logs replay to is what was there: small stories by hand, and generated worlds
 * whose devices are replayed as of every moment they lived through.  PATCHYARD_WORLDS
 * sets how many, PATCHYARD_SEED where to begin; both are printed. */

#include "engine/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "tests/lib/case.h"
#include "tests/lib/difference.h"
#include "world.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { WORLDS_DEFAULT = 20 };
#else
enum { WORLDS_DEFAULT = 150 };
#endif
enum { WORLDS_ENOUGH = 150 };
enum { WORLD_STEPS = 600, EVENTS = 8192, CHANGES = 16384, MOMENTS = WORLD_STEPS + 1 };

/* A log as the store keeps it, of one device. */
struct device_log {
	size_t event_count, change_count, moment_count;
	struct event events[EVENTS];
	struct fact_change changes[CHANGES];
	struct facts known; /* as of the last change */
	/* The record at the end of each moment at which something was told. */
	struct {
		int64_t at_s;
		struct device_record record;
	} moments[MOMENTS];
};

static struct world world;
static struct device_log *logs; /* of each device */
static struct replay past;

static struct fact_change *log_fact(struct device_log *log, const char *name,
				    int64_t at_s)
{
	assert_true(log->change_count < CHANGES);
	struct fact_change *change = &log->changes[log->change_count++];

	*change = (struct fact_change){ .at_s = at_s };
	snprintf(change->name, sizeof change->name, "%s", name);
	return change;
}

/* What is new in `facts`, and what was said again. */
static void log_facts(struct device_log *log, const struct facts *facts)
{
	for (uint16_t i = 0; i < facts->count; i++) {
		const struct fact *fact = &facts->fact[i];
		const char *name = fact_name(facts, fact);
		const struct fact *was = facts_find(&log->known, name);
		if (was != NULL && was->observed_s == fact->observed_s &&
		    strcmp(fact_value(&log->known, was), fact_value(facts, fact)) == 0)
			continue;
		struct fact_change *change = log_fact(log, name, fact->observed_s);
		snprintf(change->value, sizeof change->value, "%s",
			 fact_value(facts, fact));
		change->source = (enum fact_source)fact->source;
	}
	log->known = *facts;
}

static void told(struct world *w, int device, const struct outcome *outcome)
{
	struct device_log *log = &logs[device];

	assert_false(outcome->cut);
	for (int i = 0; i < outcome->count; i++) {
		assert_true(log->event_count < EVENTS);
		log->events[log->event_count++] = outcome->events[i];
	}
	log_facts(log, &w->devices[device].facts);
}

static void remember(const struct world *w, int device)
{
	struct device_log *log = &logs[device];
	size_t count = log->moment_count;

	if (count == 0 || log->moments[count - 1].at_s != w->now_s)
		count = ++log->moment_count;
	assert_true(count <= MOMENTS);
	log->moments[count - 1].at_s = w->now_s;
	log->moments[count - 1].record = w->devices[device];
}

static void begin_logs(struct world *w)
{
	w->told = told;
	for (int device = 0; device < WORLD_DEVICES; device++) {
		struct device_log *log = &logs[device];
		log->event_count = log->change_count = log->moment_count = 0;
		facts_init(&log->known);
		log->events[log->event_count++] =
			(struct event){ .kind = EVENT_ENROLLED, .at_s = w->now_s };
		log_facts(log, &w->devices[device].facts);
		remember(w, device);
	}
}

static void replay_until(const char *device, const struct device_log *log, int64_t at_s)
{
	struct problem p = { 0 };

	replay_init(&past, device);
	for (size_t i = 0; i < log->event_count && log->events[i].at_s <= at_s; i++)
		replay_event(&past, &log->events[i]);
	for (size_t i = 0; i < log->change_count && log->changes[i].at_s <= at_s; i++) {
		if (replay_fact(&past, &log->changes[i], &p) < 0)
			fail_msg("%s", p.text);
	}
}

/* What only the wires need is not in the logs. */
static const char *difference(const struct device_record *was)
{
	struct device_record *is = &past.record;

	is->key = was->key;
	is->last_seen_s = was->last_seen_s;
	is->facts_wanted = was->facts_wanted;
	is->history.flow.sequence = was->history.flow.sequence;
	return record_difference(is, was);
}

static void check_device(uint64_t seed, int device)
{
	const struct device_log *log = &logs[device];
	char id[16], now[INSTANT_TEXT];

	snprintf(id, sizeof id, "pc-%d", device);
	replay_until(id, log, log->moments[0].at_s - 1);
	assert_false(past.known);
	for (size_t i = 0; i < log->moment_count; i++) {
		int64_t at_s = log->moments[i].at_s;
		replay_until(id, log, at_s);
		assert_true(past.known);
		const char *what = difference(&log->moments[i].record);
		if (what != NULL)
			fail_msg("seed %llu, %s at %s: %s", (unsigned long long)seed, id,
				 instant_format(at_s, now), what);
	}
}

static uint64_t setting(const char *name, uint64_t usual)
{
	const char *text = getenv(name);
	return text == NULL ? usual : strtoull(text, NULL, 10);
}

TEST(a_life_can_be_had_as_of_any_moment_of_it)
{
	uint64_t seed = setting("PATCHYARD_SEED", 1);
	uint64_t worlds = setting("PATCHYARD_WORLDS", WORLDS_DEFAULT);
	size_t kinds[EVENT_KINDS] = { 0 };

	printf("seeds from %llu, %llu worlds\n", (unsigned long long)seed,
	       (unsigned long long)worlds);
	for (uint64_t i = 0; i < worlds; i++, seed++) {
		world_open(&world, seed);
		begin_logs(&world);
		for (uint64_t step = 0; step < WORLD_STEPS; step++) {
			const char *wrong = world_step(&world, step);
			if (wrong != NULL)
				fail_msg("seed %llu: %s", (unsigned long long)seed,
					 wrong);
			for (int device = 0; device < WORLD_DEVICES; device++)
				remember(&world, device);
		}
		for (int device = 0; device < WORLD_DEVICES; device++) {
			check_device(seed, device);
			for (size_t e = 0; e < logs[device].event_count; e++)
				kinds[logs[device].events[e].kind]++;
		}
		world_close(&world);
	}
	if (worlds < WORLDS_ENOUGH)
		return;
	/* So many worlds have seen of everything that changes a record. */
	static const enum event_kind must[] = {
		EVENT_FLOW,  EVENT_RETRIEVED, EVENT_REQUEST,
		EVENT_BLOCK, EVENT_RESTARTED, EVENT_PAUSED,
		EVENT_RETRY, EVENT_RECALLED,  EVENT_RECONSIDERED,
	};
	for (size_t i = 0; i < COUNT_OF(must); i++) {
		if (kinds[must[i]] == 0)
			fail_msg("no event '%s' in any world", event_kind_names[must[i]]);
	}
}

/* By hand. */

static void tell(enum event_kind kind, int64_t at_s)
{
	const struct event event = { .kind = kind, .at_s = at_s };
	replay_event(&past, &event);
}

static void tell_fact(const char *name, const char *value, int64_t at_s)
{
	struct fact_change change = { .at_s = at_s, .removed = value == NULL };
	struct problem p = { 0 };

	snprintf(change.name, sizeof change.name, "%s", name);
	if (name[0] == '\0')
		change.removed = false;
	snprintf(change.value, sizeof change.value, "%s", value != NULL ? value : "");
	if (replay_fact(&past, &change, &p) < 0)
		fail_msg("%s", p.text);
}

static void tell_end(int64_t at_s)
{
	const struct fact_change end = { .at_s = at_s, .removed = true };
	struct problem p = { 0 };

	assert_int_equal(replay_fact(&past, &end, &p), 0);
}

TEST(a_device_is_known_from_its_first_word_until_it_is_forgotten)
{
	replay_init(&past, "pc");
	assert_false(past.known);
	assert_int_equal(past.first_s, INSTANT_NONE);
	tell(EVENT_ENROLLED, 100);
	tell_fact("vbs", "off", 100);
	assert_true(past.known);
	assert_int_equal(past.first_s, 100);
	assert_int_equal(past.record.created_s, 100);
	tell(EVENT_RESTARTED, 150);
	assert_int_equal(past.record.restarts, 1);
	tell(EVENT_FORGOTTEN, 200);
	assert_false(past.known);
	assert_int_equal(past.forgotten_s, 200);
	/* What its end leaves in the log of facts does not bring it back. */
	tell_end(200);
	assert_false(past.known);
	tell(EVENT_ENROLLED, 300);
	assert_true(past.known);
	assert_int_equal(past.first_s, 100);
	assert_int_equal(past.record.created_s, 300);
	assert_int_equal(past.record.restarts, 0);
	assert_int_equal(past.record.facts.count, 0);
	assert_string_equal(past.record.id, "pc");
}

TEST(what_a_forgotten_device_said_is_not_its_successors)
{
	struct facts *facts = &past.record.facts;

	/* All in one second, and the events first. */
	replay_init(&past, "pc");
	tell(EVENT_ENROLLED, 100);
	tell(EVENT_FORGOTTEN, 100);
	tell(EVENT_ENROLLED, 100);
	tell_fact("vbs", "off", 100);
	tell_fact("os.kbs", "KB1", 100);
	tell_end(100);
	assert_int_equal(facts->count, 0);
	assert_int_equal(facts->reported_s, INSTANT_NONE);
	assert_int_equal(history_shown_since(&past.record.history, 1), INSTANT_NONE);
	tell_fact("vbs", "running", 100);
	assert_string_equal(facts_get(facts, "vbs"), "running");
	assert_true(past.known);
}

TEST(facts_come_back_with_their_times)
{
	struct facts *facts = &past.record.facts;

	replay_init(&past, "pc");
	tell(EVENT_ENROLLED, 100);
	tell_fact("vbs", "off", 110);
	tell_fact("os.kbs", "KB1 KB2", 110);
	tell_fact("", NULL, 150);
	assert_int_equal(facts->reported_s, 150);
	assert_int_equal(facts_find(facts, "vbs")->observed_s, 150);
	assert_int_equal(facts_find(facts, "vbs")->since_s, 110);
	tell_fact("os.kbs", "KB2 KB3", 160);
	assert_int_equal(facts_find(facts, "vbs")->observed_s, 150);
	assert_int_equal(history_shown_since(&past.record.history, 1), 110);
	assert_int_equal(history_shown_since(&past.record.history, 2), 110);
	assert_int_equal(history_shown_since(&past.record.history, 3), 160);
	tell_fact("vbs", NULL, 170);
	assert_null(facts_find(facts, "vbs"));
	/* What no fact can be is told. */
	struct fact_change bad = { .at_s = 180, .name = "no name" };
	struct problem p = { 0 };
	assert_int_equal(replay_fact(&past, &bad, &p), -1);
	assert_non_null(strstr(p.text, "replaying the facts of 'pc'"));
}

TEST(an_asserted_fact_is_not_confirmed_by_a_report)
{
	struct problem p = { 0 };
	const struct fact_change asserted = {
		.at_s = 100, .name = "chpe", .value = "off", .source = FACT_ASSERTED
	};

	replay_init(&past, "pc");
	assert_int_equal(replay_fact(&past, &asserted, &p), 0);
	assert_true(past.known);
	assert_int_equal(past.record.facts.reported_s, INSTANT_NONE);
	tell_fact("vbs", "off", 110);
	tell_fact("", NULL, 120);
	assert_int_equal(facts_find(&past.record.facts, "chpe")->observed_s, 100);
	assert_int_equal(facts_find(&past.record.facts, "vbs")->observed_s, 120);
}

TEST(events_of_another_flow_leave_the_present_one_alone)
{
	static const struct event begun = { .kind = EVENT_FLOW,
					    .at_s = 100,
					    .flow = 7,
					    .to = FLOW_OFFERED,
					    .time_s = 900,
					    .release_kind = RELEASE_LCU,
					    .key = { "p", 1, { 1, 2 } } };
	struct event foreign = { .kind = EVENT_FLOW,
				 .at_s = 110,
				 .flow = 6,
				 .from = FLOW_OFFERED,
				 .to = FLOW_FAILED };
	const struct flow *flow = &past.record.history.flow;

	replay_init(&past, "pc");
	replay_event(&past, &begun);
	assert_int_equal(flow->install_by_s, 900);
	assert_int_equal(flow->release_kind, RELEASE_LCU);
	replay_event(&past, &foreign);
	foreign.kind = EVENT_RETRIEVED;
	replay_event(&past, &foreign);
	foreign.kind = EVENT_RECALLED;
	replay_event(&past, &foreign);
	assert_int_equal(flow->state, FLOW_OFFERED);
	assert_int_equal(flow->retrieved_s, 0);
	assert_int_equal(flow->generation, 0);
	assert_false(flow->withdrawing);
	assert_int_equal(past.record.history.mark_count, 1);
	assert_int_equal(past.record.history.marks[0].failures, 0);
}

/* The build is asserted: what could not be verified stays so until one is reported. */
TEST(new_facts_set_aside_what_was_refused_and_a_build_what_was_not_shown)
{
	static struct device_record record;
	static struct outcome outcome;
	static const struct decision none = { .line = NULL };
	const struct release_key key = { "p", 1, { 26100, 1 } };
	const struct mark *mark = &record.history.marks[0];
	struct problem p = { 0 };

	device_record_init(&record, "pc", 100);
	struct mark *left = history_mark_open(&record.history, &key, 100);
	left->not_applicable = left->unverifiable = true;
	facts_set(&record.facts, "os.build", "26100.1", 110, FACT_ASSERTED, NULL, &p);
	for (int reported = 0; reported < 2; reported++) {
		outcome_init(&outcome);
		outcome.facts_changed = true;
		if (reported == 1)
			facts_set(&record.facts, "os.build", "26100.1", 120,
				  FACT_REPORTED, NULL, &p);
		passage_facts(&record, &none, NULL, 120, &outcome);
		assert_int_equal(outcome.count, 1);
		assert_int_equal(outcome.events[0].kind, EVENT_RECONSIDERED);
		assert_false(mark->not_applicable);
		assert_int_equal(mark->unverifiable, reported == 0);
	}
	outcome_init(&outcome);
	outcome.facts_changed = true;
	passage_facts(&record, &none, NULL, 130, &outcome);
	assert_int_equal(outcome.count, 0);
}

static int set_up(void **state)
{
	(void)state;
	logs = calloc(WORLD_DEVICES, sizeof *logs);
	return logs == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(logs);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_device_is_known_from_its_first_word_until_it_is_forgotten),
		cmocka_unit_test(what_a_forgotten_device_said_is_not_its_successors),
		cmocka_unit_test(facts_come_back_with_their_times),
		cmocka_unit_test(an_asserted_fact_is_not_confirmed_by_a_report),
		cmocka_unit_test(events_of_another_flow_leave_the_present_one_alone),
		cmocka_unit_test(
			new_facts_set_aside_what_was_refused_and_a_build_what_was_not_shown),
		cmocka_unit_test_setup_teardown(a_life_can_be_had_as_of_any_moment_of_it,
						set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "tests/lib/case.h"

#include <stdbool.h>
#include <string.h>

#include "engine/instant.h"
#include "engine/record.h"

TEST(a_new_device_has_no_facts_and_is_asked_for_them)
{
	struct device_record record;

	memset(&record, 0xff, sizeof record);
	device_record_init(&record, "pc-1", 100);
	assert_string_equal(record.id, "pc-1");
	assert_int_equal(record.key, 0);
	assert_int_equal(record.created_s, 100);
	assert_int_equal(record.last_seen_s, 100);
	assert_true(record.facts_wanted);
	assert_false(record.has_token);
	assert_int_equal(record.facts.count, 0);
	assert_int_equal(record.facts.reported_s, INSTANT_NONE);
	assert_int_equal(record.history.flow.state, FLOW_NONE);
	assert_int_equal(record.history.request.kind, REQUEST_NONE);
	assert_int_equal(record.history.mark_count, 0);
}

TEST(an_id_is_kept_up_to_its_limit)
{
	struct device_record record;
	char id[LIMIT_DEVICE_ID + 2];

	memset(id, 'i', sizeof id - 1);
	id[sizeof id - 1] = '\0';
	device_record_init(&record, id, 1);
	assert_int_equal(strlen(record.id), LIMIT_DEVICE_ID);
}

TEST(an_outcome_gathers_events_in_order)
{
	struct outcome outcome;

	memset(&outcome, 0xff, sizeof outcome);
	outcome_init(&outcome);
	assert_int_equal(outcome.count, 0);
	assert_false(outcome.facts_changed || outcome.history_changed ||
		     outcome.identity_changed || outcome.cut);
	struct event *first = outcome_add(&outcome, EVENT_ENROLLED, 10);
	struct event *second = outcome_add(&outcome, EVENT_FACTS, 11);
	assert_int_equal(outcome.count, 2);
	assert_ptr_equal(first, &outcome.events[0]);
	assert_ptr_equal(second, &outcome.events[1]);
	assert_int_equal(first->kind, EVENT_ENROLLED);
	assert_int_equal(second->at_s, 11);
	/* a slot is empty when it is taken */
	assert_int_equal(second->flow, 0);
	assert_string_equal(second->note, "");
	assert_string_equal(second->ring, "");
}

TEST(past_its_end_an_outcome_reuses_the_last_slot_and_says_so)
{
	struct outcome outcome;

	outcome_init(&outcome);
	for (int i = 0; i < OUTCOME_EVENTS; i++)
		outcome_add(&outcome, EVENT_FLOW, i)->flow = 7;
	assert_false(outcome.cut);
	struct event *event = outcome_add(&outcome, EVENT_IGNORED, 99);
	assert_true(outcome.cut);
	assert_int_equal(outcome.count, OUTCOME_EVENTS);
	assert_ptr_equal(event, &outcome.events[OUTCOME_EVENTS - 1]);
	assert_int_equal(event->kind, EVENT_IGNORED);
	assert_int_equal(event->flow, 0);
	assert_int_equal(outcome.events[OUTCOME_EVENTS - 2].at_s, OUTCOME_EVENTS - 2);
}

/* The store writes these names: they may not change. */
TEST(kinds_of_events_have_stable_names)
{
	static const char *const names[] = {
		[EVENT_ENROLLED] = "enrolled",
		[EVENT_FACTS] = "facts",
		[EVENT_FLOW] = "flow",
		[EVENT_RETRIEVED] = "retrieved",
		[EVENT_IGNORED] = "ignored",
		[EVENT_ADOPTED] = "adopted",
		[EVENT_REQUEST] = "request",
		[EVENT_BLOCK] = "block",
		[EVENT_RESTARTED] = "restarted",
		[EVENT_PAUSED] = "paused",
		[EVENT_RETRY] = "retry",
		[EVENT_RECALLED] = "recalled",
		[EVENT_RECONSIDERED] = "reconsidered",
		[EVENT_FORGOTTEN] = "forgotten",
	};
	assert_int_equal(COUNT_OF(names), EVENT_KINDS);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_string_equal(event_kind_names[i], names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_device_has_no_facts_and_is_asked_for_them),
		cmocka_unit_test(an_id_is_kept_up_to_its_limit),
		cmocka_unit_test(an_outcome_gathers_events_in_order),
		cmocka_unit_test(
			past_its_end_an_outcome_reuses_the_last_slot_and_says_so),
		cmocka_unit_test(kinds_of_events_have_stable_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "tests/lib/case.h"

#include <stdbool.h>
#include <string.h>

#include "protocol/wusp/events.h"

#define WELL    0
#define RESTART 0x00240005
#define BAD     (-2145124329) /* 0x80240017 */

TEST(each_event_claims_of_an_install_and_of_a_removal_what_its_row_says)
{
	static const struct {
		int event;
		int64_t result;
		enum flow_state install, removal;
	} rows[] = {
		{ 147, WELL, FLOW_NONE, FLOW_NONE },
		{ 156, WELL, FLOW_NONE, FLOW_NONE },
		{ 161, BAD, FLOW_FAILED, FLOW_NONE },
		{ 162, WELL, FLOW_DOWNLOADED, FLOW_NONE },
		{ 164, WELL, FLOW_DOWNLOADED, FLOW_NONE },
		{ 163, WELL, FLOW_FAILED, FLOW_NONE },
		{ 167, WELL, FLOW_DOWNLOADING, FLOW_NONE },
		{ 168, WELL, FLOW_NONE, FLOW_NONE },
		{ 181, WELL, FLOW_INSTALLING, FLOW_REMOVING },
		{ 182, BAD, FLOW_FAILED, FLOW_NONE },
		{ 183, WELL, FLOW_INSTALLED, FLOW_NONE },
		{ 184, WELL, FLOW_RESTART_PENDING, FLOW_NONE },
		{ 186, WELL, FLOW_FAILED, FLOW_NONE },
		{ 187, WELL, FLOW_FAILED, FLOW_NONE },
		{ 188, WELL, FLOW_DOWNLOADED, FLOW_NONE },
		{ 190, WELL, FLOW_INSTALLED, FLOW_NONE },
		{ 191, WELL, FLOW_RESTART_PENDING, FLOW_NONE },
		{ 192, WELL, FLOW_FAILED, FLOW_NONE },
		{ 195, WELL, FLOW_FAILED, FLOW_NONE },
		{ 193, WELL, FLOW_RESTART_PENDING, FLOW_RESTART_PENDING },
		{ 197, WELL, FLOW_INSTALLED, FLOW_NONE },
		{ 198, WELL, FLOW_FAILED, FLOW_NONE },
		{ 199, WELL, FLOW_RESTART_PENDING, FLOW_NONE },
		{ 200, WELL, FLOW_FAILED, FLOW_NONE },
		{ 201, RESTART, FLOW_RESTART_PENDING, FLOW_RESTART_PENDING },
		{ 201, BAD, FLOW_NONE, FLOW_NONE },
		{ 202, WELL, FLOW_NONE, FLOW_NONE },
		{ 203, WELL, FLOW_INSTALLED, FLOW_REMOVED },
		{ 203, BAD, FLOW_FAILED, FLOW_FAILED },
		{ 203, INT64_C(0x80240017), FLOW_FAILED, FLOW_FAILED },
		{ 204, BAD, FLOW_FAILED, FLOW_FAILED },
		{ 221, BAD, FLOW_NONE, FLOW_FAILED },
		{ 222, WELL, FLOW_NONE, FLOW_REMOVED },
		{ 223, WELL, FLOW_NONE, FLOW_FAILED },
		{ 224, WELL, FLOW_NONE, FLOW_RESTART_PENDING },
		{ 225, WELL, FLOW_NONE, FLOW_FAILED },
		{ 226, WELL, FLOW_NONE, FLOW_REMOVING },
		{ 522, BAD, FLOW_FAILED, FLOW_NONE },
		{ 523, WELL, FLOW_INSTALLED, FLOW_NONE },
		{ 542, WELL, FLOW_FAILED, FLOW_NONE },
		{ 544, WELL, FLOW_FAILED, FLOW_NONE },
		{ 546, WELL, FLOW_NONE, FLOW_NONE },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct event_meaning meaning =
			event_meaning(rows[i].event, rows[i].result);
		if (meaning.words == NULL ||
		    meaning.claim[FLOW_INSTALL] != rows[i].install ||
		    meaning.claim[FLOW_UNINSTALL] != rows[i].removal)
			fail_msg("event %d, row %zu", rows[i].event, i);
	}
}

TEST(an_event_that_nobody_knows_claims_nothing)
{
	static const int64_t unknown[] = { 0, -1, 1, 999, 65536 + 183, INT64_MAX };

	for (size_t i = 0; i < COUNT_OF(unknown); i++) {
		struct event_meaning meaning = event_meaning(unknown[i], WELL);
		assert_null(meaning.words);
		assert_int_equal(meaning.claim[FLOW_INSTALL], FLOW_NONE);
		assert_int_equal(meaning.claim[FLOW_UNINSTALL], FLOW_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			each_event_claims_of_an_install_and_of_a_removal_what_its_row_says),
		cmocka_unit_test(an_event_that_nobody_knows_claims_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

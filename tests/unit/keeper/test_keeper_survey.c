/* On a real clock the keeper works by itself: it reviews every few seconds, and counts
 * the devices of small rings on the pool. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/instant.h"
#include "tests/lib/case.h"
#include "tests/unit/keeper/crew.h"

#define PLAN(gate)                                                                       \
	"<plan xmlns=\"urn:patchyard:plan:1\">"                                          \
	"<policy name=\"hot\" hotpatch=\"allow\"><match>any</match></policy>"            \
	"<ring name=\"test\"><match>ring = test</match>" gate "</ring>"                  \
	"<ring name=\"empty\"><match>ring = empty</match>" gate "</ring></plan>"
#define GATE "<gate min-samples=\"10\" max-failed=\"10%\"/>"

enum { PATIENCE_MS = 30000, PAUSE_MS = 20 };

/* The next look is seconds away, and the fleet is counted then. */
static bool await_passed(uint32_t kb, const char *ring)
{
	for (int waited = 0; waited < PATIENCE_MS; waited += PAUSE_MS) {
		if (crew_rollout(kb, ring)->passed_s != 0)
			return true;
		usleep(PAUSE_MS * 1000);
	}
	return false;
}

TEST(small_and_empty_rings_pass_by_themselves_once_their_devices_are_counted)
{
	struct rollout_record record;

	crew_open(NULL, PLAN(""));
	crew_enrol_many("t", 3, "test");
	assert_int_equal(crew_try_many("t", 0, 3, 0, REPAIR), 3);
	json_decref(lab_expect(&lab, 200, "PUT", "/plan?name=plan.xml", PLAN(GATE)));
	assert_true(await_passed(REPAIR, "test"));
	assert_true(crew_stored(REPAIR, "test", &record));
	assert_string_equal(record.reason, "3 verified, 0 failed");
	assert_true(await_passed(REPAIR, "empty"));
	assert_true(crew_stored(REPAIR, "empty", &record));
	assert_string_equal(record.reason, "no device of the ring is there to try it");
	crew_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			small_and_empty_rings_pass_by_themselves_once_their_devices_are_counted),
	};
	return cmocka_run_group_tests_name("keeper survey", tests, NULL, NULL);
}

/* What the tests of flows share: one yard, one device that talks to it, and their words.
 *
 * Every test begins with a fresh yard and the device "d-1" enrolled. */

#ifndef TESTS_UNIT_DDI_FLOW_CASE_H
#define TESTS_UNIT_DDI_FLOW_CASE_H

#include "engine/instant.h"
#include "tests/lib/case.h"
#include "tests/unit/ddi/talk.h"

#define HOURS(n) ((int64_t)(n)*HOUR_S)
#define DAYS(n)  ((int64_t)(n)*DAY_S)

/* Facts of a machine, and of the levels it may show. */
#define CAPS ",\"py.v\":\"1\",\"py.caps\":\"install,uninstall,restart,defer\""
#define MACHINE                                                                          \
	"\"os.family\":\"client\",\"os.edition\":\"Enterprise\",\"os.arch\":\"x64\","    \
	"\"vbs\":\"running\""
#define APRIL                                                                            \
	",\"os.build\":\"10.0.26100.3775\",\"os.kbs.0\":\"KB5055523\","                  \
	"\"os.kbs.n\":\"1\""
#define MAY_HOTPATCH                                                                     \
	",\"os.build\":\"26100.3981\",\"os.kbs.0\":\"KB5055523,KB5058497\","             \
	"\"os.kbs.n\":\"2\""
#define MAY_LCU ",\"os.build\":\"26100.4061\",\"os.kbs\":\"KB5055523 KB5058411\""
#define LAB     ",\"site\":\"lab\""

extern struct yard yard;
extern struct talk talk;
extern struct talk_poll poll;
extern struct device_record record; /* as expect_state() found it */

int flow_case_setup(void **state);
int flow_case_teardown(void **state);
#define FLOW_CASE(name)                                                                  \
	cmocka_unit_test_setup_teardown(name, flow_case_setup, flow_case_teardown)

void expect_state(enum flow_state wanted);
/* Sends the facts and takes the offer they lead to. */
int64_t offer_for(const char *facts);
json_t *deployment(int64_t action);
int deployment_status(int64_t action);
int say(int64_t action, const char *execution, const char *finished, const char *rest);
int say_stop(int64_t action, const char *execution, const char *finished);

#endif

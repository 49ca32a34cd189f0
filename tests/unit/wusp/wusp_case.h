/* What the tests of the services share: one yard, one agent, and their words.
 *
 * Every test begins with a fresh yard that knows no device, and an agent that has said
 * nothing yet. */

#ifndef TESTS_UNIT_WUSP_WUSP_CASE_H
#define TESTS_UNIT_WUSP_WUSP_CASE_H

#include "engine/instant.h"
#include "protocol/wusp/cookie.h"
#include "tests/lib/case.h"
#include "tests/unit/wusp/agent.h"

#define HOURS(n) ((int64_t)(n)*HOUR_S)
#define DAYS(n)  ((int64_t)(n)*DAY_S)

#define AGENT_ID "6f9619ff-8b86-d011-b42d-00c04fc964ff"

extern struct yard yard;
extern struct agent agent;
extern struct device_record record; /* as expect_...() found it */

int wusp_case_setup(void **state);
int wusp_case_teardown(void **state);
#define WUSP_CASE(name)                                                                  \
	cmocka_unit_test_setup_teardown(name, wusp_case_setup, wusp_case_teardown)

/* An operator's word: "vbs=running\0site=lab\0" for the agent's device. */
bool assert_facts(const char *device, const char *const *pairs);
void expect_fact(const char *name, const char *value); /* NULL: not reported */
void expect_state(enum flow_state wanted);
/* Logs in and scans: the KB that it then is to install or remove. */
uint32_t first_scan(void);

/* The agent's session cookie as it is inside, and another in its place. */
bool cookie_peek(struct cookie *cookie);
void cookie_poke(const struct cookie *cookie);
int64_t events_written(const char *device);

#endif

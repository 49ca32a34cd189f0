#include "tests/unit/ddi/flow_case.h"

#include <stdio.h>
#include <string.h>

static const char plan[] =
	"<plan xmlns=\"urn:patchyard:plan:1\" facts-fresh=\"24h\">"
	"<policy name=\"hot\" hotpatch=\"allow\"><match>site = lab</match></policy>"
	"<policy name=\"cold\" hotpatch=\"block\"><match>any</match></policy>"
	"<ring name=\"night\"><match>tag.ring = night</match>"
	"<deadline days=\"3\" grace-days=\"1\"/>"
	"<window from=\"22:00\" to=\"23:00\"/></ring>"
	"<ring name=\"ask\" install=\"notify\"><match>tag.ring = ask</match>"
	"<deadline days=\"2\" grace-days=\"1\"/></ring>"
	"<ring name=\"all\"><match>any</match><deadline days=\"5\" grace-days=\"2\"/>"
	"<active-hours from=\"08:00\" to=\"18:00\" zone=\"Europe/Berlin\"/></ring>"
	"</plan>";

struct yard yard;
struct talk talk;
struct talk_poll poll;
struct device_record record;

int flow_case_setup(void **state)
{
	(void)state;
	return yard_open(&yard, plan) && talk_open(&talk, &yard, "d-1") &&
			       talk_enrol(&talk)
		       ? 0
		       : -1;
}

int flow_case_teardown(void **state)
{
	(void)state;
	talk_close(&talk);
	yard_close(&yard);
	return 0;
}

void expect_state(enum flow_state wanted)
{
	assert_true(yard_device(&yard, talk.device, &record));
	if (record.history.flow.state != wanted)
		fail_msg("the flow is %s, not %s",
			 flow_state_name(record.history.flow.state),
			 flow_state_name(wanted));
}

int64_t offer_for(const char *facts)
{
	assert_int_equal(talk_facts(&talk, facts), 200);
	assert_true(talk_poll(&talk, &poll));
	assert_true(poll.deployment > 0);
	return poll.deployment;
}

json_t *deployment(int64_t action)
{
	char rest[64];
	snprintf(rest, sizeof rest, "/deploymentBase/%lld", (long long)action);
	return talk_get(&talk, rest);
}

int deployment_status(int64_t action)
{
	char rest[64];
	snprintf(rest, sizeof rest, "/deploymentBase/%lld", (long long)action);
	return talk_status(&talk, "GET", rest, NULL);
}

int say(int64_t action, const char *execution, const char *finished, const char *rest)
{
	return talk_feedback(&talk, "deploymentBase", action, execution, finished, rest);
}

int say_stop(int64_t action, const char *execution, const char *finished)
{
	return talk_feedback(&talk, "cancelAction", action, execution, finished, "");
}

#include "tests/unit/wusp/wusp_case.h"

#include <stdio.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/soap/base64.h"
#include "protocol/wusp/library.h"

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
	"</ring></plan>";

struct yard yard;
struct agent agent;
struct device_record record;

int wusp_case_setup(void **state)
{
	(void)state;
	return yard_open(&yard, plan) && agent_open(&agent, &yard, AGENT_ID, "PC-17.lab")
		       ? 0
		       : -1;
}

int wusp_case_teardown(void **state)
{
	(void)state;
	agent_close(&agent);
	yard_close(&yard);
	return 0;
}

static const char *const *the_pairs;

static int apply_pairs(struct change *change, struct problem *p)
{
	char name[64];

	for (const char *const *pair = the_pairs; *pair != NULL; pair++) {
		const char *equals = strchr(*pair, '=');
		snprintf(name, sizeof name, "%.*s", (int)(equals - *pair), *pair);
		if (facts_set(&change->record->facts, name, equals + 1, change->now_s,
			      FACT_ASSERTED, NULL, p) < 0)
			return -1;
	}
	change->outcome->facts_changed = true;
	return 0;
}

bool assert_facts(const char *device, const char *const *pairs)
{
	the_pairs = pairs;
	return yard_change(&yard, device, apply_pairs);
}

void expect_fact(const char *name, const char *value)
{
	assert_true(yard_device(&yard, AGENT_ID, &record));
	const char *found = facts_get(&record.facts, name);
	if (value == NULL ? found != NULL : found == NULL || strcmp(found, value) != 0)
		fail_msg("%s is %s, not %s", name, found != NULL ? found : "missing",
			 value != NULL ? value : "missing");
}

void expect_state(enum flow_state wanted)
{
	assert_true(yard_device(&yard, AGENT_ID, &record));
	if (record.history.flow.state != wanted)
		fail_msg("the flow is %s, not %s",
			 flow_state_name(record.history.flow.state),
			 flow_state_name(wanted));
}

uint32_t first_scan(void)
{
	assert_true(agent_login(&agent));
	assert_true(agent_scan(&agent));
	return agent_kb(&agent, agent_task(&agent));
}

static struct cookie_present present_of(const struct view *view)
{
	return (struct cookie_present){ .keys = &view->wusp.keys,
					.server = view->wusp.server,
					.store_generation =
						library_generation(view->library),
					.configuration = view->wusp.configuration,
					.now_s = site_now(yard.site) };
}

bool cookie_peek(struct cookie *cookie)
{
	uint8_t bytes[COOKIE_SIZE];
	struct view *view = site_view(yard.site);
	struct cookie_present present = present_of(view);
	ssize_t size =
		base64_decode(agent.cookie, strlen(agent.cookie), bytes, sizeof bytes);

	enum cookie_verdict verdict = cookie_open(bytes, size < 0 ? 0 : (size_t)size,
						  COOKIE_SESSION, &present, cookie);
	view_give(view);
	return verdict != COOKIE_FORGED;
}

void cookie_poke(const struct cookie *cookie)
{
	uint8_t bytes[COOKIE_SIZE];
	struct view *view = site_view(yard.site);

	cookie_seal(cookie, &view->wusp.keys, bytes);
	view_give(view);
	base64_encode(bytes, sizeof bytes, agent.cookie);
}

static int count(void *owner, const struct event *event)
{
	(void)event;
	++*(int64_t *)owner;
	return 0;
}

int64_t events_written(const char *device)
{
	int64_t events = 0;
	return yard_events(&yard, device, count, &events) ? events : -1;
}

/* One brain behind two faces: the same computer, plan and time give the same decision
 * over MS-WUSP and over DDI.
 *
 * Worlds are made by seed: a plan, a clock, an operator who withdraws, asserts and asks
 * for removals, and twins: for each computer one device of either face that tells the
 * same facts.  After every step each pair is asked, and what one is offered is what the
 * other is shown. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/passage.h"
#include "engine/problem.h"
#include "tests/lib/case.h"
#include "tests/unit/ddi/talk.h"
#include "tests/unit/wusp/agent.h"

enum { WORLDS = 12, STEPS = 14, TWINS = 5 };

static struct yard world;
static uint64_t drawn;
static unsigned offers, removals, silences; /* so that the worlds are not all one */

static unsigned draw(unsigned below)
{
	drawn = drawn * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(drawn >> 33) % below;
}

struct twin {
	struct agent agent;
	struct talk talk;
	char agent_id[40], dns[40], device[40];
	const char *build, *edition;
	const char *asserted[4];
};

static const char *const builds[] = { "26100.3476", "26100.3775", "26100.3775",
				      "26100.3981", "26100.4061", "26100.9999" };
static const char *const editions[] = { "Enterprise", "Enterprise", "Professional" };

static const char *plan_drawn(void)
{
	static char text[2048];
	static const char *const windows[] = { "", "",
					       "<window from=\"22:00\" to=\"04:00\"/>" };
	static const char *const installs[] = { "", "", " install=\"notify\"" };

	snprintf(text, sizeof text,
		 "<plan xmlns=\"urn:patchyard:plan:1\" facts-fresh=\"%uh\">"
		 "<policy name=\"a\" hotpatch=\"%s\" behind-baseline=\"%s\">"
		 "<match>site = lab</match></policy>"
		 "<policy name=\"b\" hotpatch=\"block\"><match>any</match></policy>"
		 "<ring name=\"one\" defer-days=\"%u\"%s><match>tag.ring = one</match>"
		 "<deadline days=\"%u\" grace-days=\"1\"/>%s</ring>"
		 "<ring name=\"two\" defer-days=\"%u\"%s><match>%s</match>"
		 "<deadline days=\"%u\" grace-days=\"2\"/>%s</ring></plan>",
		 24 + draw(24), draw(4) ? "allow" : "block", draw(2) ? "lcu" : "baseline",
		 draw(9), installs[draw(3)], draw(5), windows[draw(3)], draw(9),
		 installs[draw(3)], draw(4) ? "any" : "site = lab", draw(5),
		 windows[draw(3)]);
	return text;
}

static struct twin twins[TWINS];
static const char *const *the_pairs;

static int apply_pairs(struct change *change, struct problem *p)
{
	char name[32];

	for (size_t i = 0; i < 3 && the_pairs[i] != NULL; i++) {
		const char *equals = strchr(the_pairs[i], '=');
		snprintf(name, sizeof name, "%.*s", (int)(equals - the_pairs[i]),
			 the_pairs[i]);
		if (facts_set(&change->record->facts, name, equals + 1, change->now_s,
			      FACT_ASSERTED, NULL, p) < 0)
			return -1;
	}
	change->outcome->facts_changed = true;
	return 0;
}

static void assert_pairs(struct twin *twin)
{
	static const char *const sites[] = { "site=lab", "site=hall" };
	static const char *const rings[] = { "tag.ring=one", "tag.ring=two" };
	static const char *const states[] = { "vbs=running", "vbs=running", "vbs=off" };

	twin->asserted[0] = sites[draw(4) == 0];
	twin->asserted[1] = rings[draw(2)];
	twin->asserted[2] = draw(4) ? states[draw(3)] : NULL;
	the_pairs = twin->asserted;
	assert_true(yard_change(&world, twin->agent_id, apply_pairs));
	assert_true(yard_change(&world, twin->device, apply_pairs));
}

static void choose_build(struct twin *twin, const char *build)
{
	twin->build = build;
	snprintf(twin->agent.attributes, sizeof twin->agent.attributes,
		 "OSArchitecture=AMD64;OSSkuId=%s;ProductType=WinNT;OSVersion=10.0.%s;",
		 twin->edition[0] == 'E' ? "4" : "48", build);
}

static int tell_ddi(struct twin *twin)
{
	char members[512];

	snprintf(members, sizeof members,
		 "\"os.family\":\"client\",\"os.edition\":\"%s\",\"os.arch\":\"x64\","
		 "\"os.build\":\"%s\",\"py.v\":\"1\","
		 "\"py.caps\":\"install,uninstall,restart,defer\"",
		 twin->edition, twin->build);
	return talk_facts(&twin->talk, members);
}

static void open_twin(struct twin *twin, unsigned number)
{
	snprintf(twin->agent_id, sizeof twin->agent_id, "6f9619ff-8b86-d011-b42d-%012x",
		 number);
	snprintf(twin->dns, sizeof twin->dns, "pc-%u.lab", number);
	snprintf(twin->device, sizeof twin->device, "ddi-%u", number);
	twin->edition = editions[draw(3)];
	assert_true(agent_open(&twin->agent, &world, twin->agent_id, twin->dns));
	assert_true(talk_open(&twin->talk, &world, twin->device));
	choose_build(twin, builds[draw(6)]);
	assert_true(agent_login(&twin->agent));
	assert_true(talk_enrol(&twin->talk));
	assert_pairs(twin);
	assert_int_equal(tell_ddi(twin), 200);
}

/* What a face says is to be done: a KB, and whether by itself. */
struct word {
	uint32_t kb;
	bool by_itself;
};

/* As our own agent does: facts when they are asked for, and it stops when told to. */
static struct word ask_ddi(struct twin *twin)
{
	struct word word = { 0, false };
	struct talk_poll poll;
	char rest[64];

	for (int i = 0; i < 4; i++) {
		assert_true(talk_poll(&twin->talk, &poll));
		if (poll.wants_facts)
			assert_int_equal(tell_ddi(twin), 200);
		else if (poll.cancel != 0)
			assert_int_equal(talk_feedback(&twin->talk, "cancelAction",
						       poll.cancel, "closed", "success",
						       ""),
					 200);
		else
			break;
	}
	if (poll.deployment == 0)
		return word;
	snprintf(rest, sizeof rest, "/deploymentBase/%" PRId64, poll.deployment);
	json_t *json = talk_get(&twin->talk, rest);
	assert_non_null(json);
	const char *name = talk_text(json, "deployment.chunks.0.name");
	const char *update = talk_text(json, "deployment.update");
	assert_true(name != NULL && update != NULL && kb_parse(name, &word.kb));
	word.by_itself = strcmp(update, "forced") == 0;
	json_decref(json);
	return word;
}

/* It fetches what it is shown, as a real one does, and comes back. */
static void fetch(struct agent *agent, const struct agent_update *task)
{
	char inner[2048];

	snprintf(inner, sizeof inner,
		 "%s<revisionIDs><int>%" PRId32 "</int></revisionIDs><infoTypes>"
		 "<XmlUpdateFragmentType>Extended</XmlUpdateFragmentType></infoTypes>",
		 agent_cookie_element(agent), task->id);
	assert_int_equal(agent_ask(agent, "GetExtendedUpdateInfo", inner), 200);
}

static struct word ask_wusp(struct twin *twin)
{
	struct agent *agent = &twin->agent;

	assert_true(agent_config(agent) && agent_authorize(agent) && agent_cookie(agent));
	assert_true(agent_scan(agent));
	assert_true(agent_scan(agent));
	const struct agent_update *task = agent_task(agent);
	struct word word = { agent_kb(agent, task), task != NULL && task->is_assigned };
	if (task != NULL)
		fetch(agent, task);
	return word;
}

static void compare(struct twin *twin, uint64_t seed, unsigned step)
{
	struct device_record a, b;
	struct word wusp = ask_wusp(twin), ddi = ask_ddi(twin);

	assert_true(yard_device(&world, twin->agent_id, &a));
	assert_true(yard_device(&world, twin->device, &b));
	const struct flow *fa = &a.history.flow, *fb = &b.history.flow;
	/* What may be fetched ahead of its hour this protocol cannot show. */
	bool ahead = ddi.kb != 0 && !ddi.by_itself && wusp.kb == 0;
	bool same = ahead || (wusp.kb == ddi.kb && wusp.by_itself == ddi.by_itself);
	if (!same || fa->state != fb->state || fa->kind != fb->kind ||
	    fa->key.kb != fb->key.kb)
		fail_msg("seed %" PRIu64 ", step %u, %s on %s: the agent is shown KB%u%s "
			 "(%s of KB%u), the other offered KB%u%s (%s of KB%u)",
			 seed, step, twin->agent_id, twin->build, wusp.kb,
			 wusp.by_itself ? "" : " to ask", flow_state_name(fa->state),
			 fa->key.kb, ddi.kb, ddi.by_itself ? "" : " to ask",
			 flow_state_name(fb->state), fb->key.kb);
	offers += wusp.kb != 0 && fa->kind == FLOW_INSTALL;
	removals += wusp.kb != 0 && fa->kind == FLOW_UNINSTALL;
	silences += wusp.kb == 0;
}

static int ask_removal(struct change *change, struct problem *p)
{
	const struct removal removal = { .kind = REQUEST_ROLLBACK };
	struct problem ignored;
	(void)p;
	/* Where there is nothing to remove there is nothing to ask for. */
	passage_request(change->record, change->decision, &removal, change->now_s,
			change->outcome, &ignored);
	return 0;
}

static void act(void)
{
	static const uint32_t kbs[] = { 5058497, 5058411, 5055523 };
	struct twin *twin = &twins[draw(TWINS)];

	switch (draw(7)) {
	case 0:
		assert_true(yard_plan(&world, plan_drawn()));
		break;
	case 1:
	case 2:
		assert_true(yard_advance(&world, 3600 * (int64_t)(1 + draw(60))));
		break;
	case 3:
		if (draw(3) == 0)
			assert_true(yard_withdraw(&world, kbs[draw(3)]));
		break;
	case 4:
		choose_build(twin, builds[draw(6)]);
		assert_int_equal(tell_ddi(twin), 200);
		break;
	case 5:
		assert_pairs(twin);
		break;
	default:
		assert_true(yard_change(&world, twin->agent_id, ask_removal));
		assert_true(yard_change(&world, twin->device, ask_removal));
		break;
	}
}

static void live(uint64_t seed)
{
	drawn = seed;
	assert_true(yard_open(&world, plan_drawn()));
	for (unsigned i = 0; i < TWINS; i++)
		open_twin(&twins[i], i);
	for (unsigned step = 0; step < STEPS; step++) {
		for (unsigned i = 0; i < TWINS; i++)
			compare(&twins[i], seed, step);
		act();
	}
	for (unsigned i = 0; i < TWINS; i++) {
		agent_close(&twins[i].agent);
		talk_close(&twins[i].talk);
	}
	yard_close(&world);
}

TEST(the_same_computer_is_told_the_same_by_both_faces)
{
	const char *given = getenv("PATCHYARD_SEED");
	uint64_t first = given != NULL ? strtoull(given, NULL, 10) : 1;

	for (uint64_t seed = first; seed < first + (given != NULL ? 1 : WORLDS); seed++)
		live(seed);
	print_message("%u offers, %u removals, %u silences\n", offers, removals,
		      silences);
	if (given == NULL)
		assert_true(offers > 50 && removals > 3 && silences > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_computer_is_told_the_same_by_both_faces),
	};
	return cmocka_run_group_tests_name("wusp/twins", tests, NULL, NULL);
}

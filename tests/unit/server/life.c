#include "tests/unit/server/life.h"

#include <stdio.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/instant.h"
#include "engine/operation.h"
#include "engine/passage.h"
#include "protocol/server/site_private.h"
#include "protocol/server/unit.h"
#include "tests/lib/case.h"

static uint64_t roll(struct life *life, uint64_t sides)
{
	uint64_t x = life->dice += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (x ^ (x >> 31)) % sides;
}

static bool chance(struct life *life, unsigned percent)
{
	return roll(life, 100) < percent;
}

/* What there is to stand on, and to be offered. */
static const struct published {
	const char *kb, *build, *rest;
} published[] = {
	{ "KB5055523", "26100.3775",
	  "kind=\"baseline\" published=\"2025-04-08T17:00:00Z\"" },
	{ "KB5058497", "26100.3981",
	  "kind=\"hotpatch\" baseline=\"KB5055523\" published=\"2025-05-13T17:00:00Z\"" },
	{ "KB5058411", "26100.4061", "kind=\"lcu\" published=\"2025-05-13T17:00:00Z\"" },
	{ "KB5061258", "26100.3983",
	  "kind=\"hotpatch\" cadence=\"OOB\" baseline=\"KB5055523\""
	  " repairs=\"KB5058497\" published=\"2025-05-16T17:00:00Z\"" },
	{ "KB5060842", "26100.4349", "kind=\"lcu\" published=\"2025-06-10T17:00:00Z\"" },
	{ "KB5060841", "26100.4270",
	  "kind=\"hotpatch\" baseline=\"KB5055523\" published=\"2025-06-10T17:00:00Z\"" },
	{ "KB5062553", "26100.4652",
	  "kind=\"baseline\" published=\"2025-07-08T17:00:00Z\"" },
};
enum { PUBLISHED = sizeof published / sizeof published[0] };

const char *life_device(int device)
{
	static const char *const names[LIFE_DEVICES] = { "pc-0", "pc-1", "pc-2" };
	return names[device];
}

/* The catalog as it is known so far: its first releases, sometimes with one missing. */
static void write_catalog(struct life *life, char *text, size_t size)
{
	size_t count = 3 + roll(life, PUBLISHED - 2), used = 0, missing = 0;

	if (chance(life, 30))
		missing = 2 + roll(life, 3);
	used += (size_t)snprintf(
		text, size,
		"<catalog xmlns=\"urn:patchyard:catalog:1\"><product id=\"w24\""
		" name=\"Windows 24\" family=\"client\" base=\"26100\">"
		"<hotpatch editions=\"Enterprise\" from=\"26100.2033\"/>"
		"<leaves-track kb=\"KB5054156\"/>");
	for (size_t i = 0; i < count; i++) {
		if (i == missing && i != 0)
			continue;
		used += (size_t)snprintf(text + used, size - used,
					 "<release kb=\"%s\" build=\"%s\" %s"
					 " arch=\"x64 arm64\"/>",
					 published[i].kb, published[i].build,
					 published[i].rest);
	}
	used += (size_t)snprintf(text + used, size - used,
				 "<planned kind=\"baseline\" date=\"2025-07-08\"/>"
				 "</product></catalog>");
	assert_true(used < size);
}

static void write_plan(struct life *life, char *text, size_t size)
{
	int used = snprintf(
		text, size,
		"<plan xmlns=\"urn:patchyard:plan:1\" facts-fresh=\"%uh\">"
		"<policy name=\"lab\" hotpatch=\"%s\"><match>site = lab</match></policy>"
		"<policy name=\"rest\" hotpatch=\"block\"><match>any</match></policy>"
		"<ring name=\"early\" defer-days=\"%u\"><match>tag.ring = early</match>"
		"<deadline days=\"%u\" grace-days=\"1\"/>"
		"<active-hours from=\"08:00\" to=\"18:00\" zone=\"Europe/Berlin\"/>"
		"</ring><ring name=\"late\" defer-days=\"%u\" after=\"early\">"
		"<match>any</match><gate max-failed=\"20%%\" soak=\"%uh\"/></ring>",
		12U << roll(life, 3), chance(life, 80) ? "allow" : "block",
		(unsigned)roll(life, 4), (unsigned)roll(life, 9) + 4,
		(unsigned)roll(life, 4), (unsigned)roll(life, 48) + 1);
	if (chance(life, 30))
		used += snprintf(text + used, size - (size_t)used,
				 "<hold release=\"KB5058497\"><match>vbs = running"
				 "</match><reason>drivers first</reason></hold>");
	used += snprintf(text + used, size - (size_t)used, "</plan>");
	assert_true((size_t)used < size);
}

/* What an operator does to what views are made of. */
struct deed {
	struct life *life;
	int (*act)(struct life *life, const struct backend_ops *ops,
		   struct session *session, int64_t now_s, struct problem *p);
	struct view *before, *fresh;
};

static int run_deed(void *owner, struct session *session, struct problem *p)
{
	struct deed *deed = owner;
	struct site *site = deed->life->lab->site;

	if (deed->act(deed->life, site->backend->ops, session, site_now(site), p) < 0)
		return -1;
	return site_view_renew(site, session, deed->before, &deed->fresh, p);
}

static void operate(struct life *life,
		    int (*act)(struct life *, const struct backend_ops *,
			       struct session *, int64_t, struct problem *))
{
	struct site *site = life->lab->site;
	struct deed deed = { .life = life, .act = act, .before = site_view(site) };
	struct problem p = { 0 };

	/* A catalog may want what another file had: then nothing changes. */
	bool is_kept = unit_run(site->backend, run_deed, &deed, &p) == 0;
	if (deed.fresh != NULL)
		site_view_settle(site, deed.fresh, is_kept);
	life->done += is_kept;
	view_give(deed.before);
}

static int put_document(struct life *life, const struct backend_ops *ops,
			struct session *session, int64_t now_s, struct problem *p)
{
	char text[4096];
	struct document document = { .at_s = now_s, .by = "ada", .text = text };
	bool is_plan = chance(life, 50);

	snprintf(document.kind, sizeof document.kind, is_plan ? "plan" : "catalog");
	snprintf(document.name, sizeof document.name, is_plan ? "p.xml" : "w24.xml");
	if (chance(life, 10))
		return ops->document_retire(session, &document, p);
	if (is_plan)
		write_plan(life, text, sizeof text);
	else
		write_catalog(life, text, sizeof text);
	document.size = strlen(text);
	return ops->document_put(session, &document, p);
}

static void random_key(struct life *life, struct release_key *key)
{
	const struct published *release = &published[roll(life, PUBLISHED)];

	*key = (struct release_key){ .product = "w24" };
	assert_true(kb_parse(release->kb, &key->kb));
	assert_true(build_parse(release->build, &key->build));
}

static int put_rollout(struct life *life, const struct backend_ops *ops,
		       struct session *session, int64_t now_s, struct problem *p)
{
	struct rollout_record record = { .changed_s = now_s, .by = "ada" };

	if (chance(life, 80))
		random_key(life, &record.key);
	if (chance(life, 70))
		snprintf(record.ring, sizeof record.ring, "%s",
			 chance(life, 50) ? "early" : "late");
	switch (roll(life, 7)) {
	case 0:
		record.halted = true;
		record.halted_s = now_s;
		break;
	case 1:
		record.withdrawn = record.key.kb != 0;
		break;
	case 2:
		record.expedited = true;
		record.expedite_deadline_s = DAY_S;
		break;
	case 3:
		record.paused_until_s = now_s + (int64_t)roll(life, UINT64_C(10) * DAY_S);
		break;
	case 4:
		record.approval = APPROVAL_GIVEN;
		record.approved_for_track = chance(life, 50);
		break;
	case 5:
		record.passed_s = now_s;
		break;
	default:
		break; /* all is taken back */
	}
	return ops->rollout_put(session, &record, p);
}

static int put_hold(struct life *life, const struct backend_ops *ops,
		    struct session *session, int64_t now_s, struct problem *p)
{
	struct hold_record hold = { .made_s = now_s, .match = "tag.ring = early" };

	if (chance(life, 50) && life->holds > 0)
		return ops->hold_remove(session, 1 + (int64_t)roll(life, life->holds),
					now_s, p) < 0
			       ? -1
			       : 0;
	random_key(life, &hold.key);
	life->holds++;
	snprintf(hold.reason, sizeof hold.reason, "hold %d", life->holds);
	return ops->hold_add(session, &hold, p);
}

static int put_payload(struct life *life, const struct backend_ops *ops,
		       struct session *session, int64_t now_s, struct problem *p)
{
	struct payload payload = { .name = "x.msu", .added_s = now_s, .arch = ARCH_X64 };

	random_key(life, &payload.key);
	return ops->payload_put(session, &payload, p);
}

/* What happens to one device. */
struct turn {
	struct change change; /* first */
	struct life *life;
	int64_t forget_s;
};

static void say(struct turn *turn, const char *name, const char *value)
{
	struct device_record *record = turn->change.record;
	struct problem p = { 0 };
	bool changed = false;

	if (facts_set(&record->facts, name, value, turn->change.now_s, FACT_REPORTED,
		      &changed, &p) < 0)
		fail_msg("%s", p.text);
	turn->change.outcome->facts_changed |= changed;
}

/* All it knows, or a part of it; now and then it tells of less than before. */
static int report_facts(struct change *change, struct problem *p)
{
	struct turn *turn = (struct turn *)change;
	struct life *life = turn->life;
	struct facts *facts = &change->record->facts;
	const struct published *level = &published[roll(life, PUBLISHED)];
	const char *boot = facts_known(facts, FACT_OS_BOOT);
	char before[32] = "", text[64];

	snprintf(before, sizeof before, "%s", boot != NULL ? boot : "");
	bool tells_less = chance(life, 15);

	if (tells_less)
		change->outcome->facts_changed |=
			facts_remove(facts, chance(life, 50) ? "os.build" : "os.kbs");
	if (chance(life, 70) || facts->count == 0) {
		say(turn, "os.family", "client");
		say(turn, "os.arch", "x64");
		say(turn, "os.edition", chance(life, 90) ? "Enterprise" : "Core");
		say(turn, "site", chance(life, 80) ? "lab" : "hall");
		say(turn, "tag.ring", chance(life, 60) ? "early" : "late");
		say(turn, "tz", chance(life, 50) ? "Europe/Berlin" : "Asia/Tokyo");
	}
	if (chance(life, 40))
		say(turn, "vbs", chance(life, 70) ? "running" : "off");
	if (chance(life, 30))
		say(turn, "restart.pending", chance(life, 30) ? "yes" : "no");
	if (!tells_less &&
	    (chance(life, 50) || facts_known(facts, FACT_OS_BUILD) == NULL)) {
		say(turn, "os.build", level->build);
		snprintf(text, sizeof text, "KB5055523, %s%s", level->kb,
			 chance(life, 10) ? " KB5054156" : "");
		say(turn, "os.kbs", text);
	}
	if (chance(life, 20)) {
		snprintf(text, sizeof text, "2025-01-01T00:00:%02uZ",
			 (unsigned)roll(life, 60));
		say(turn, "os.boot", text);
	}
	if (change->outcome->facts_changed)
		outcome_add(change->outcome, EVENT_FACTS, change->now_s);
	change_decide(change);
	passage_facts(change->record, change->decision, boot == NULL ? NULL : before,
		      change->now_s, change->outcome);
	change->outcome->facts_changed = change->outcome->identity_changed = true;
	return change_settle(change, p);
}

static int assert_fact(struct change *change, struct problem *p)
{
	struct life *life = ((struct turn *)change)->life;
	struct facts *facts = &change->record->facts;
	const char *name = chance(life, 50) ? "vbs" : "chpe";
	bool changed = false;

	if (chance(life, 30))
		changed = facts_remove(facts, name);
	else if (facts_set(facts, name, chance(life, 50) ? "running" : "off",
			   change->now_s, FACT_ASSERTED, &changed, p) < 0)
		return -1;
	change->outcome->facts_changed = true;
	if (changed) {
		history_saw(&change->record->history, facts, change->now_s);
		change->outcome->history_changed = true;
		outcome_add(change->outcome, EVENT_FACTS, change->now_s);
	}
	return 0;
}

static int poll(struct change *change, struct problem *p)
{
	return change_settle(change, p);
}

static int report(struct change *change, struct problem *p)
{
	static const enum flow_state states[] = {
		FLOW_ACCEPTED,  FLOW_DOWNLOADING,     FLOW_DOWNLOADED, FLOW_INSTALLING,
		FLOW_INSTALLED, FLOW_RESTART_PENDING, FLOW_VERIFIED,   FLOW_REMOVING,
		FLOW_FAILED,    FLOW_NOT_APPLICABLE,  FLOW_REJECTED,
	};
	struct life *life = ((struct turn *)change)->life;
	const struct flow *flow = &change->record->history.flow;
	struct report said = { .state = states[roll(life, COUNT_OF(states))],
			       .code = (uint32_t)roll(life, 3),
			       .text = "so it is" };

	passage_retrieved(change->record, flow->id, change->now_s, change->outcome);
	if (flow->withdrawing)
		passage_stopped(change->record, flow->id, chance(life, 60), change->now_s,
				change->outcome);
	else
		passage_report(change->record, flow->id, &said, change->decision,
			       change->now_s, change->outcome);
	return change_settle(change, p);
}

static int ask(struct change *change, struct problem *p)
{
	struct life *life = ((struct turn *)change)->life;
	struct operation operation = {
		.kind = (enum operation_kind)roll(life, OPERATION_KINDS),
		.wait = chance(life, 30),
		.until_s = change->now_s + 1 + (int64_t)roll(life, UINT64_C(5) * DAY_S),
	};

	if (operation.kind == OPERATION_BLOCK)
		random_key(life, &operation.key);
	return operation_begin(&operation, change->record, change->decision,
			       change->now_s, change->outcome, p);
}

static int enrol(struct change *change, struct problem *p)
{
	(void)p;
	change->record->has_token = true;
	outcome_add(change->outcome, EVENT_ENROLLED, change->now_s);
	change->outcome->identity_changed = true;
	return 0;
}

static int run_turn(void *owner, struct session *session, struct problem *p)
{
	struct turn *turn = owner;
	struct change *change = &turn->change;
	struct site *site = change->site;

	if (turn->forget_s != 0)
		return site->backend->ops->device_forget(session, change->device,
							 turn->forget_s, p);
	return change_run(change, session, p);
}

static void take_turn(struct life *life, int device,
		      int (*apply)(struct change *, struct problem *))
{
	struct site *site = life->lab->site;
	struct turn turn = { .change = { .site = site, .apply = apply }, .life = life };
	struct problem p = { 0 };

	snprintf(turn.change.device, sizeof turn.change.device, "%s",
		 life_device(device));
	if (apply == NULL)
		turn.forget_s = site_now(site);
	bool is_kept = unit_run(site->backend, run_turn, &turn, &p) == 0;
	if (turn.change.fresh != NULL)
		site_view_settle(site, turn.change.fresh, is_kept);
	life->done += is_kept;
}

static bool is_there(struct life *life, int device)
{
	static struct device_record record;
	struct backend *backend = life->lab->backend;
	struct problem p = { 0 };
	struct session *session = backend->ops->open(backend, &p);

	assert_non_null(session);
	int rc = backend->ops->device_read(session, life_device(device), &record, &p);
	backend->ops->close(session);
	assert_true(rc >= 0);
	return rc == 1;
}

/* clang-format off */
static const struct {
	const char *what;
	unsigned weight;
	int (*turn)(struct change *change, struct problem *p);
	int (*deed)(struct life *life, const struct backend_ops *ops, struct session *session,
		    int64_t now_s, struct problem *p);
} kinds[] = {
	{ "time passes",      14, NULL, NULL },
	{ "tells its facts",  24, report_facts, NULL },
	{ "polls",            14, poll, NULL },
	{ "reports",          22, report, NULL },
	{ "is asserted of",    4, assert_fact, NULL },
	{ "is asked",          6, ask, NULL },
	{ "a document",        5, NULL, put_document },
	{ "a rollout",         5, NULL, put_rollout },
	{ "a hold",            2, NULL, put_hold },
	{ "a payload",         3, NULL, put_payload },
	{ "is forgotten",      1, NULL, NULL },
};
/* clang-format on */
enum { KINDS = sizeof kinds / sizeof kinds[0] };

void life_step(struct life *life)
{
	int device = (int)roll(life, LIFE_DEVICES);
	uint64_t pick = roll(life, 100);
	size_t kind = 0;

	/* Now and then several things happen in one second. */
	if (chance(life, 70))
		clock_move(&life->lab->site->clock, site_now(life->lab->site) + 1);
	while (pick >= kinds[kind].weight)
		pick -= kinds[kind++].weight;
	snprintf(life->what, sizeof life->what, "%s %s", life_device(device),
		 kinds[kind].what);
	if (kind == 0) {
		int64_t step_s = (int64_t)roll(life, chance(life, 50) ? 3 : 2 * DAY_S);
		clock_move(&life->lab->site->clock, site_now(life->lab->site) + step_s);
	} else if (kinds[kind].deed != NULL) {
		operate(life, kinds[kind].deed);
	} else if (!is_there(life, device)) {
		take_turn(life, device, enrol);
	} else {
		take_turn(life, device, kinds[kind].turn);
	}
}

static int put_first(struct life *life, const struct backend_ops *ops,
		     struct session *session, int64_t now_s, struct problem *p)
{
	char text[4096];
	struct document document = {
		.kind = "catalog", .name = "w24.xml", .at_s = now_s, .text = text
	};

	write_catalog(life, text, sizeof text);
	document.size = strlen(text);
	if (ops->document_put(session, &document, p) < 0)
		return -1;
	snprintf(document.kind, sizeof document.kind, "plan");
	write_plan(life, text, sizeof text);
	document.size = strlen(text);
	return ops->document_put(session, &document, p);
}

void life_begin(struct life *life, struct lab *lab, uint64_t seed)
{
	*life = (struct life){ .lab = lab, .dice = seed };
	operate(life, put_first);
	assert_int_equal(life->done, 1);
	/* Some files are there from the beginning, the others come. */
	for (int i = 0; i < 3; i++)
		operate(life, put_payload);
}

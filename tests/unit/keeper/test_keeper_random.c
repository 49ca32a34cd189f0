/* Random days: devices succeed, fail, fall silent, move between rings and leave; people
 * pause, halt, resume and withdraw.  After every step nothing new is offered that is
 * halted, paused or withdrawn, a canary goes alone, and counts equal a recount.
 *
 * SEED=n plays one day again. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/instant.h"
#include "tests/lib/case.h"
#include "tests/unit/keeper/crew.h"

enum { DEVICES = 24, STEPS = 400, SEEDS = 8, RECOUNT_EVERY = 20 };

static const char plan[] =
	"<plan xmlns=\"urn:patchyard:plan:1\">"
	"<policy name=\"hot\" hotpatch=\"allow\"><match>site = hot</match></policy>"
	"<policy name=\"cold\" hotpatch=\"block\"><match>any</match></policy>"
	"<ring name=\"test\"><match>ring = test</match>"
	"<gate min-samples=\"4\" max-failed=\"20%\" soak=\"12h\" max-silent=\"30%\""
	" critical=\"0x800F0922\"/></ring>"
	"<ring name=\"careful\" canary=\"yes\" after=\"test\">"
	"<match>ring = careful</match></ring>"
	"<ring name=\"broad\"><match>any</match></ring></plan>";
static const char *const rings[] = { "test", "careful", "broad" };
static const uint32_t kbs[] = { HOTPATCH, LCU, REPAIR };

static uint64_t dice;

static uint32_t below(uint32_t limit)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (uint32_t)((dice >> 16) % limit);
}

static const char *device_name(uint32_t i)
{
	static char id[16];

	snprintf(id, sizeof id, "d-%02u", i);
	return id;
}

static bool is_running(const struct device_record *record)
{
	const struct flow *flow = &record->history.flow;
	return flow->state != FLOW_NONE && !flow_state_is_final(flow->state);
}

/* A call that may as well be refused: what matters is what holds afterwards. */
static void call(const char *method, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void call(const char *method, const char *path, const char *fmt, ...)
{
	char body[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(body, sizeof body, fmt, args);
	va_end(args);
	struct answer answer = lab_call(&lab, method, path, body);
	if (answer.status == 0 || answer.status >= 500)
		fail_msg("%s %s %s: %d %s", method, path, body, answer.status,
			 answer.text != NULL ? answer.text : "");
	answer_free(&answer);
}

static void end_one(const char *id)
{
	static const enum flow_state ends[] = {
		FLOW_VERIFIED, FLOW_VERIFIED,       FLOW_VERIFIED,   FLOW_VERIFIED,
		FLOW_VERIFIED, FLOW_VERIFIED,       FLOW_FAILED,     FLOW_FAILED,
		FLOW_REJECTED, FLOW_NOT_APPLICABLE, FLOW_INSTALLING, FLOW_INSTALLING,
	};
	struct device_record record;

	crew_record(id, &record);
	enum flow_state end = ends[below(COUNT_OF(ends))];
	if (!is_running(&record) || record.history.flow.kind != FLOW_INSTALL ||
	    !flow_may_move(FLOW_INSTALL, record.history.flow.state, end))
		return;
	crew_end(id, end,
		 end != FLOW_FAILED ? 0
		 : below(12) == 0   ? 0x800F0922
				    : 0x80070643);
}

static void change_device(const char *id)
{
	char path[64];

	snprintf(path, sizeof path, "/devices/%s", id);
	switch (below(4)) {
	case 0:
		call("DELETE", path, "%s", "");
		crew_enrol(id, rings[below(COUNT_OF(rings))]);
		return;
	case 1:
		call("POST", "/operations", "{\"kind\":\"%s\",\"devices\":[\"%s\"]}",
		     below(2) == 0 ? "pause" : "resume", id);
		return;
	default:
		snprintf(path, sizeof path, "/devices/%s/facts", id);
		call("PUT", path, "{\"facts\":{\"ring\":\"%s\",\"site\":\"%s\"}}",
		     rings[below(COUNT_OF(rings))], below(3) == 0 ? "cold" : "hot");
	}
}

static void change_rollout(void)
{
	static const char *const acts[] = { "pause",  "halt",   "withdraw", "expedite",
					    "resume", "resume", "resume",   "resume" };
	const char *act = acts[below(COUNT_OF(acts))];
	uint32_t kb = kbs[below(COUNT_OF(kbs))];
	const char *ring = rings[below(COUNT_OF(rings))];
	bool undo = below(5) != 0 &&
		    (strcmp(act, "withdraw") == 0 || strcmp(act, "expedite") == 0);
	char path[40];

	snprintf(path, sizeof path, "/rollouts/%s", act);
	call("POST", path, "{\"kb\":\"KB%u\",\"ring\":\"%s\",\"reason\":\"x\"%s%s}", kb,
	     ring, undo ? ",\"undo\":true" : "",
	     strcmp(act, "resume") == 0 ? ",\"max_failed\":\"90%\"" : "");
}

static void step(void)
{
	uint32_t what = below(20);
	const char *id = device_name(below(DEVICES));

	if (what < 8)
		crew_poll(id);
	else if (what < 15)
		end_one(id);
	else if (what < 17)
		crew_advance(1 + (int64_t)below(8 * HOUR_S));
	else if (what < 19)
		change_device(id);
	else
		change_rollout();
}

struct before {
	int64_t flow;
};

/* What began in this step was allowed when it began; what has ended says nothing. */
static void check(uint64_t seed, int number, struct before before[DEVICES])
{
	static struct device_record record;
	int going_first[COUNT_OF(kbs)] = { 0 };

	for (uint32_t i = 0; i < DEVICES; i++) {
		crew_record(device_name(i), &record);
		const struct flow *flow = &record.history.flow;
		bool is_new = flow->id != before[i].flow;
		before[i].flow = flow->id;
		if (!is_running(&record) || flow->kind != FLOW_INSTALL)
			continue;
		const struct rollout *rollout = crew_rollout(flow->key.kb, flow->ring);
		bool paused = rollout->paused_until_s > crew_now() && !rollout->expedited;
		if (is_new && flow->offered_s == crew_now() &&
		    (rollout->halted || rollout->withdrawn || paused))
			fail_msg("SEED=%" PRIu64 ", step %d: %s is offered KB%u in %s, "
				 "which is stopped",
				 seed, number, record.id, flow->key.kb, flow->ring);
		for (size_t k = 0; k < COUNT_OF(kbs); k++)
			going_first[k] += strcmp(flow->ring, "careful") == 0 &&
					  flow->key.kb == kbs[k] && is_new &&
					  !rollout->canary_verified;
	}
	for (size_t k = 0; k < COUNT_OF(kbs); k++) {
		if (going_first[k] > 1)
			fail_msg("SEED=%" PRIu64 ", step %d: two canaries", seed, number);
	}
	if (number % RECOUNT_EVERY == 0)
		crew_recount();
}

/* A day on which nothing was decided would prove nothing. */
static void tell_day(void)
{
	static const char *const actions[] = { "rollout.halt", "rollout.pass" };
	int counts[COUNT_OF(actions)] = { 0 };
	json_t *audit = lab_expect(&lab, 200, "GET", "/audit?limit=1000", NULL), *entry;
	size_t at;

	json_array_foreach(json_object_get(audit, "entries"), at, entry)
	{
		const char *action = json_string_value(json_object_get(entry, "action"));
		const char *by = json_string_value(json_object_get(entry, "by"));
		for (size_t i = 0; i < COUNT_OF(actions); i++)
			counts[i] += strcmp(action, actions[i]) == 0 &&
				     strcmp(by, "patchyard") == 0;
	}
	json_decref(audit);
	printf("[ day      ] %d halts, %d passes\n", counts[0], counts[1]);
	assert_true(counts[0] + counts[1] > 0);
}

static void play(uint64_t seed)
{
	static struct before before[DEVICES];

	memset(before, 0, sizeof before);
	dice = seed;
	crew_open("2025-05-13T19:00:00Z", plan);
	for (uint32_t i = 0; i < DEVICES; i++)
		crew_enrol(device_name(i), rings[i % COUNT_OF(rings)]);
	for (int i = 1; i <= STEPS; i++) {
		step();
		check(seed, i, before);
	}
	crew_recount();
	tell_day();
	crew_close();
}

TEST(whatever_happens_nothing_that_is_stopped_begins_and_counts_are_true)
{
	const char *given = getenv("SEED");
	uint64_t first = given != NULL ? strtoull(given, NULL, 10) : 20250513;
	uint64_t count = given != NULL ? 1 : SEEDS;

	for (uint64_t seed = first; seed < first + count; seed++) {
		printf("[ seed     ] SEED=%" PRIu64 "\n", seed);
		play(seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			whatever_happens_nothing_that_is_stopped_begins_and_counts_are_true),
	};
	return cmocka_run_group_tests_name("keeper random", tests, NULL, NULL);
}

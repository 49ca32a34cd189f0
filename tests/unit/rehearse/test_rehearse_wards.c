/* What the gates of a rehearsal are told, against a count of all devices from scratch: by
 * the rules by which the server counts (engine/census.h), at many moments of many runs.
 */

#include <stdlib.h>
#include <string.h>

#include "engine/census.h"
#include "engine/problem.h"
#include "engine/rehearsal/inner.h"
#include "playhouse.h"
#include "tests/lib/case.h"

static const char plan[] =
	"<policy name='h' hotpatch='allow'><match>any</match></policy>"
	"<ring name='one'><match>tag.ring = one</match><deadline days='1'/>"
	"<gate min-samples='8' max-failed='10%' soak='24h' max-silent='40%'/></ring>"
	"<ring name='two' defer-days='1' after='one'><match>tag.ring = two</match>"
	"<gate min-samples='500' max-failed='10%' soak='48h'/></ring>"
	"<ring name='rest' defer-days='3' after='two'><match>any</match></ring>";

static const char fleet[] =
	"<group name='a'><product id='windows-11-24h2' share='4'/>"
	"<product id='windows-11-24h2' kb='KB5044284'/>"
	"<fact name='os.edition'><value>Enterprise</value></fact>"
	"<fact name='vbs'><value share='3'>running</value><value>off</value></fact>"
	"<fact name='tag.ring'><value>one</value><value>two</value><value>rest</value>"
	"</fact><work from='08:00' to='17:00' days='Mon Tue Wed Thu Fri'/>"
	"<offline share='15%' least='1d' most='20d'/>"
	"<restart end-of-day='2' deadline='1'/></group>"
	"<failure rate='5%' again='50%'/>";

struct recount {
	int64_t census, verified, failed, silent;
};

static struct recount *at(struct recount *counts, const struct run *run, uint32_t title,
			  int ring)
{
	return &counts[title * run->of->ask.plan->ring_count + (size_t)ring];
}

/* One device, as the server's survey looks at it. */
static void count_device(struct run *run, struct actor *actor, struct recount *counts)
{
	struct census census = { run->of->ask.catalog, run->of->ask.plan, run->now };
	const struct actor_flow *flow = &actor->flow;
	struct census_place place;

	for (int i = 0; i < actor->mark_count; i++) {
		const struct actor_mark *mark = &actor->marks[i];
		struct recount *count =
			at(counts, run, (uint32_t)mark->title, mark->result_ring);
		count->verified += mark->result == FLOW_VERIFIED;
		count->failed += mark->result == FLOW_FAILED;
	}
	actor_recall(run, actor);
	if (census_running(&census, &run->record, &place) && run->of->gated[place.ring])
		at(counts, run, place.title, place.ring)->census++;
	if (flow->title >= 0 && flow->kind == FLOW_INSTALL &&
	    !flow_state_is_final((enum flow_state)flow->state) &&
	    run->of->gated[flow->ring] &&
	    run->now - flow->offered >=
		    gate_silent_after_s(&run->of->ask.plan->rings[flow->ring].gate))
		at(counts, run, (uint32_t)flow->title, flow->ring)->silent++;
	think(run, actor);
	if (census_is_busy(&run->decision)) {
		static struct device_record before;
		before = run->record;
		census_look_ahead(&run->record);
		think(run, actor);
		if (census_is_the_same(&before, &run->decision))
			return;
	}
	run->record.facts.reported_s = contact_last(run, actor, run->now);
	if (census_decided(&census, &run->record, &run->decision, &place) &&
	    run->of->gated[place.ring])
		at(counts, run, place.title, place.ring)->census++;
}

/* False when it is no moment for it: devices whose turn is this very moment, or that have
 * just been woken, may be counted as a moment ago. */
static bool check(struct run *run, struct recount *counts, int64_t *seen)
{
	size_t titles = run->of->ask.catalog->title_count;
	size_t rings = run->of->ask.plan->ring_count;

	memset(counts, 0, titles * rings * sizeof counts[0]);
	for (uint32_t i = 0; i < run->count; i++) {
		if (run->actors[i].turn <= run->now + 1)
			return false;
	}
	for (uint32_t i = 0; i < run->count; i++)
		count_device(run, &run->actors[i], counts);
	for (uint32_t title = 0; title < titles; title++) {
		for (int ring = 0; ring < (int)rings; ring++) {
			const struct cell *cell = cell_at(run, title, ring);
			const struct recount *count = at(counts, run, title, ring);
			if (cell->census != count->census ||
			    cell->counts.verified != count->verified ||
			    cell->counts.failed != count->failed ||
			    cell->counts.silent != count->silent)
				fail_msg("at %u, KB%u in ring %d: census %u, %lld "
					 "verified, %lld failed, %lld silent; by recount "
					 "%lld, %lld, %lld, %lld",
					 run->now, run->of->ask.catalog->titles[title].kb,
					 ring, cell->census,
					 (long long)cell->counts.verified,
					 (long long)cell->counts.failed,
					 (long long)cell->counts.silent,
					 (long long)count->census,
					 (long long)count->verified,
					 (long long)count->failed,
					 (long long)count->silent);
			*seen += count->census;
		}
	}
	return true;
}

TEST(counters_and_census_equal_a_recount_of_all_devices)
{
	struct playhouse house;
	struct problem p = { 0 };
	unsigned checks = 0;
	int64_t seen = 0;

	playhouse_open(&house, plan, fleet);
	playhouse_span(&house, "2025-04-01", "2025-07-01");
	house.ask.devices = 60;
	struct rehearsal *rehearsal = rehearsal_new(&house.ask, &p);
	assert_non_null(rehearsal);
	struct recount *counts =
		calloc(house.catalog->title_count * house.plan->ring_count + 1,
		       sizeof counts[0]);
	assert_non_null(counts);
	for (uint32_t number = 0; number < 4; number++) {
		struct run *run = run_open(rehearsal, number, &p);
		assert_non_null(run);
		int rc = 1;
		while ((rc = run_turn(run)) == 1) {
			if (run->turns % 7 != 0)
				continue;
			checks += check(run, counts, &seen);
		}
		assert_int_equal(rc, 0);
		run_close(run);
	}
	assert_true(checks > 400);
	assert_true(seen > 400);
	free(counts);
	rehearsal_free(rehearsal);
	playhouse_close(&house);
}

/* All poll within four hours; the first outcomes come within one. */
TEST(a_gate_that_halts_spares_those_that_did_not_poll_yet)
{
	struct playhouse house;
	struct rehearsal_result result = { 0 };

	playhouse_open(&house,
		       "<ring name='all'><match>any</match>"
		       "<gate min-samples='10' max-failed='5%' soak='24h'/></ring>",
		       "<group name='g'><product id='windows-11-24h2' kb='KB5055523'/>"
		       "<restart at-once='1'/></group><failure release='KB5058411' "
		       "rate='60%'/>");
	playhouse_span(&house, "2025-05-10", "2025-06-01");
	playhouse_play(&house, 0, &result);
	const struct result_cell *may =
		playhouse_cell(&house, &result, "KB5058411", "all");
	assert_non_null(may);
	assert_in_range(may->devices, 190, 210);
	assert_in_range(may->kept, 40, 190);
	assert_in_range(may->halted_s, 600, 3 * 3600);
	assert_in_range(may->offered, 10, 160);
	assert_in_range(may->verified + may->failed, 10, may->offered);
	assert_int_equal(may->reach_s[REACH_STEPS - 1], REACH_NEVER);
	rehearsal_result_free(&result);
	playhouse_close(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_and_census_equal_a_recount_of_all_devices),
		cmocka_unit_test(a_gate_that_halts_spares_those_that_did_not_poll_yet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

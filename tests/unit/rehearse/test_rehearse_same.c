/* The same seed gives the same run, whatever is remembered and whoever plays it. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "playhouse.h"
#include "tests/lib/case.h"

/* Everything at once: hours, spells, failures, gates, a canary, a gradual ring, users who
 * are asked, devices that are behind, and lists of facts that are not alike. */
static const char plan[] =
	"<policy name='none' hotpatch='block'><match>tag.hotpatch = no</match></policy>"
	"<policy name='h' hotpatch='allow' optional-updates='yes'>"
	"<match>tag.eager = yes</match></policy>"
	"<policy name='all' hotpatch='allow'><match>any</match></policy>"
	"<ring name='one' canary='yes'><match>tag.ring = one</match>"
	"<deadline days='1' grace-days='1'/>"
	"<gate min-samples='5' max-failed='10%' soak='24h' max-silent='50%'/></ring>"
	"<ring name='two' defer-days='2' after='one'><match>tag.ring = two</match>"
	"<deadline days='3' grace-days='2'/>"
	"<active-hours from='08:00' to='18:00' zone='Europe/Berlin'/>"
	"<gate min-samples='10' max-failed='10%' soak='12h'/><gradual days='3'/></ring>"
	"<ring name='asks' defer-days='4' install='notify' after='two'>"
	"<match>tag.ring = asks</match><deadline days='5' grace-days='2'/></ring>"
	"<ring name='rest' defer-days='7'><match>any</match>"
	"<window from='20:00' to='06:00' zone='Europe/Berlin'/></ring>"
	"<hold release='KB5066835'><match>tag.eager = yes</match></hold>";

static const char fleet[] =
	"<group name='a' share='3'><product id='windows-11-24h2' share='4'/>"
	"<product id='windows-11-24h2' arch='arm64' behind-days='60'/>"
	"<product id='windows-11-24h2' kb='KB5044284'/>"
	"<fact name='os.edition'><value share='8'>Enterprise</value>"
	"<value>Professional</value></fact>"
	"<fact name='vbs'><value share='7'>running</value><value>off</value>"
	"<not-reported/></fact><fact name='chpe'><value>off</value><not-reported/></fact>"
	"<fact name='tag.hotpatch'><value share='5'>yes</value><value>no</value></fact>"
	"<fact name='tag.eager'><value>yes</value><value share='4'>no</value></fact>"
	"<fact name='tag.ring'><value>one</value><value share='3'>two</value>"
	"<value>asks</value><value share='2'>rest</value></fact>"
	"<work from='08:00' to='17:00' days='Mon Tue Wed Thu Fri' zone='Europe/Berlin'/>"
	"<offline share='10%' least='2d' most='40d'/>"
	"<restart at-once='1' end-of-day='2' deadline='1'/></group>"
	"<group name='b'><product id='windows-server-2025'/>"
	"<fact name='os.edition'><value>ServerDatacenter</value></fact>"
	"<fact name='vbs'><value>running</value></fact>"
	"<fact name='tag.ring'><value>one</value><value>rest</value></fact></group>"
	"<failure release='KB5058497' rate='30%' spread='10%'/>"
	"<failure rate='4%' spread='2%' again='50%'/>";

/* All of it that is a result. */
static char *written(const struct rehearsal_result *r)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	fprintf(file, "%u %u %u %u %u %u\n", r->devices, r->days, r->up_to_date,
		r->restarts, r->avoided, r->hotpatches);
	for (int i = 0; i < RESTARTS_MOST; i++)
		fprintf(file, "%u ", r->restarts_of[i]);
	for (uint32_t i = 0; i < r->days; i++)
		fprintf(file, "%u ", r->restarts_on[i]);
	for (size_t i = 0; i < r->cell_count; i++) {
		const struct result_cell *c = &r->cells[i];
		fprintf(file, "\n%u/%d: %u %u %u %u %u %u %u %u %u %u", c->title, c->ring,
			c->devices, c->offered, c->verified, c->failed, c->late,
			c->silent, c->halted_s, c->passed_s, c->failed_at_halt,
			c->passed_empty);
		for (int k = 0; k < REACH_STEPS; k++)
			fprintf(file, " %u", c->reach_s[k]);
	}
	for (size_t i = 0; i < r->reason_count; i++)
		fprintf(file, "\n%d %d %u %u", r->reasons[i].ring, r->reasons[i].reason,
			r->reasons[i].devices, r->reasons[i].never);
	for (size_t i = 0; i < r->leaving_count; i++)
		fprintf(file, "\n%u %u %u %u %u", r->leavings[i].title,
			r->leavings[i].left, r->leavings[i].back,
			r->leavings[i].first_left_s, r->leavings[i].last_back_s);
	fclose(file);
	return text;
}

static char *play(const struct playhouse *house, uint32_t number,
		  struct rehearsal_result *result)
{
	playhouse_play(house, number, result);
	return written(result);
}

static void open_house(struct playhouse *house)
{
	playhouse_open(house, plan, fleet);
	playhouse_span(house, "2025-01-01", "2025-08-01");
}

TEST(the_same_seed_and_number_give_the_same_run)
{
	struct playhouse house;
	struct rehearsal_result one = { 0 }, two = { 0 }, three = { 0 };

	open_house(&house);
	char *first = play(&house, 3, &one);
	char *other = play(&house, 4, &two);
	char *again = play(&house, 3, &three);
	assert_string_equal(first, again);
	assert_string_not_equal(first, other);
	free(first);
	free(other);
	free(again);
	house.ask.seed = 2;
	rehearsal_result_free(&one);
	first = play(&house, 3, &one);
	again = written(&three);
	assert_string_not_equal(first, again);
	free(first);
	free(again);
	rehearsal_result_free(&one);
	rehearsal_result_free(&two);
	rehearsal_result_free(&three);
	playhouse_close(&house);
}

TEST(what_is_remembered_is_what_the_engine_says)
{
	struct playhouse house;

	open_house(&house);
	for (uint32_t number = 0; number < 6; number++) {
		struct rehearsal_result with = { 0 }, without = { 0 };
		house.ask.no_memo = false;
		char *remembered = play(&house, number, &with);
		house.ask.no_memo = true;
		char *asked = play(&house, number, &without);
		assert_true(with.remembered > 0);
		assert_int_equal(without.remembered, 0);
		assert_true(with.decisions < without.decisions);
		assert_string_equal(remembered, asked);
		free(remembered);
		free(asked);
		rehearsal_result_free(&with);
		rehearsal_result_free(&without);
	}
	playhouse_close(&house);
}

TEST(this_test_has_everything_in_it)
{
	struct playhouse house;
	struct rehearsal_result result = { 0 };
	bool halted = false, passed = false, late = false, failed = false;

	open_house(&house);
	playhouse_play(&house, 1, &result);
	for (size_t i = 0; i < result.cell_count; i++) {
		const struct result_cell *cell = &result.cells[i];
		halted |= cell->halted_s != REACH_NEVER;
		passed |= cell->passed_s != REACH_NEVER && !cell->passed_empty;
		late |= cell->late > 0;
		failed |= cell->failed > 0;
	}
	assert_true(halted);
	assert_true(passed);
	assert_true(late);
	assert_true(failed);
	assert_true(result.reason_count > 3);
	assert_true(result.avoided > 0);
	rehearsal_result_free(&result);
	playhouse_close(&house);
}

static bool stop_after(void *owner, uint32_t permille)
{
	unsigned *asked = owner;

	assert_in_range(permille, 0, 1000);
	return ++*asked < 2;
}

TEST(a_run_stops_when_it_is_told_to)
{
	struct playhouse house;
	struct rehearsal_result result = { 0 };
	struct problem *nobody = NULL;
	unsigned asked = 0;
	const struct rehearsal_watch watch = { stop_after, &asked };

	open_house(&house);
	struct rehearsal *rehearsal = rehearsal_new(&house.ask, nobody);
	assert_non_null(rehearsal);
	assert_int_equal(rehearsal_run(rehearsal, 0, &watch, &result, nobody),
			 REHEARSAL_STOPPED);
	assert_int_equal(asked, 2);
	assert_null(result.cells);
	rehearsal_free(rehearsal);
	playhouse_close(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_seed_and_number_give_the_same_run),
		cmocka_unit_test(what_is_remembered_is_what_the_engine_says),
		cmocka_unit_test(this_test_has_everything_in_it),
		cmocka_unit_test(a_run_stops_when_it_is_told_to),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

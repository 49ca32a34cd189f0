/* What explain said at any moment is what it says of that moment later.
 *
 * PATCHYARD_LIVES sets how many lives are lived, PATCHYARD_SEED where to begin; both are
 * printed. */

#include "protocol/server/past.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/explain.h"
#include "engine/instant.h"
#include "protocol/admin/decision_json.h"
#include "protocol/server/site_private.h"
#include "tests/lib/case.h"
#include "tests/unit/server/life.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { LIVES_DEFAULT = 2 };
#else
enum { LIVES_DEFAULT = 4 };
#endif
enum { STEPS = 300, MOMENTS = LIFE_DEVICES * (STEPS + 1) };

static struct lab lab;
static struct life life;

/* What was said of a device at the end of a second; NULL: it was not there. */
static struct moment {
	int64_t at_s;
	int device;
	char *said;
	char what[sizeof life.what];
} moments[MOMENTS];
static size_t moment_count;

/* Explanation, facts with their times, flow and marks: everything as one text. */
static char *say(const struct view *view, struct device_record *record, int64_t at_s)
{
	static struct explanation explanation;
	struct situation situation = site_situation(lab.site, view, record, at_s);

	explain(&situation, NULL, &explanation);
	record->history.flow.sequence = 0; /* the wires' own */
	json_t *body = explanation_json(&explanation, view->snapshot->plan);
	member_set(body, "facts", facts_json(record));
	member_set(body, "flow", flow_json(record));
	member_set(body, "marks", marks_json(&record->history));
	char *text = json_dumps(body, JSON_INDENT(1) | JSON_SORT_KEYS);
	json_decref(body);
	assert_non_null(text);
	return text;
}

static struct session *open_session(void)
{
	struct problem p = { 0 };
	struct session *session = lab.backend->ops->open(lab.backend, &p);

	if (session == NULL)
		fail_msg("%s", p.text);
	return session;
}

static char *say_now(int device)
{
	static struct device_record record;
	struct problem p = { 0 };
	struct session *session = open_session();
	char *text = NULL;

	int rc = lab.backend->ops->device_read(session, life_device(device), &record, &p);
	assert_true(rc >= 0);
	if (rc == 1) {
		struct view *view = site_view(lab.site);
		text = say(view, &record, site_now(lab.site));
		view_give(view);
	}
	lab.backend->ops->close(session);
	return text;
}

static void remember(int device)
{
	int64_t now_s = site_now(lab.site);
	struct moment *moment = NULL;

	for (size_t i = moment_count; i-- > 0 && moments[i].at_s == now_s;) {
		if (moments[i].device == device)
			moment = &moments[i];
	}
	if (moment == NULL) {
		assert_true(moment_count < MOMENTS);
		moment = &moments[moment_count++];
		*moment = (struct moment){ .at_s = now_s, .device = device };
	}
	free(moment->said);
	moment->said = say_now(device);
	memcpy(moment->what, life.what, sizeof moment->what);
}

static void tell_difference(const char *was, const char *is)
{
	size_t at = 0, line = 0;

	for (; was[at] != '\0' && was[at] == is[at]; at++) {
		if (was[at] == '\n')
			line = at + 1;
	}
	printf("it was:\n%.400s\nit is:\n%.400s\n", was + line, is + line);
}

static void check(uint64_t seed, const struct moment *moment, struct session *session,
		  const struct view *present)
{
	static struct past past;
	struct problem p = { 0 };
	char at[INSTANT_TEXT];

	instant_format(moment->at_s, at);
	past = (struct past){ .site = lab.site,
			      .session = session,
			      .present = present,
			      .device = life_device(moment->device),
			      .then_s = moment->at_s };
	int rc = past_open(&past, &p);
	if ((rc == 0) != (moment->said != NULL))
		fail_msg("seed %llu, %s at %s: %s", (unsigned long long)seed,
			 life_device(moment->device), at, rc < 0 ? p.text : "was not");
	if (rc == 0) {
		char *now = say(past.view, &past.replay.record, moment->at_s);
		if (strcmp(now, moment->said) != 0) {
			tell_difference(moment->said, now);
			fail_msg("seed %llu, %s at %s, after: %s",
				 (unsigned long long)seed, life_device(moment->device),
				 at, moment->what);
		}
		free(now);
		past_close(&past);
	} else {
		assert_int_equal(p.kind, PROBLEM_NOT_FOUND);
	}
}

static uint64_t setting(const char *name, uint64_t usual)
{
	const char *text = getenv(name);
	return text == NULL ? usual : strtoull(text, NULL, 10);
}

static void live(uint64_t seed)
{
	lab_open_site(&lab, "2025-05-10T06:00:00Z");
	life_begin(&life, &lab, seed);
	moment_count = 0;
	for (int step = 0; step < STEPS; step++) {
		life_step(&life);
		for (int device = 0; device < LIFE_DEVICES; device++)
			remember(device);
	}
	assert_true(life.done > STEPS / 4);
	struct session *session = open_session();
	struct view *present = site_view(lab.site);
	for (size_t i = 0; i < moment_count; i++) {
		check(seed, &moments[i], session, present);
		free(moments[i].said);
	}
	view_give(present);
	lab.backend->ops->close(session);
	lab_close(&lab);
}

TEST(what_was_said_at_a_moment_is_said_of_it_later)
{
	uint64_t seed = setting("PATCHYARD_SEED", 1);
	uint64_t lives = setting("PATCHYARD_LIVES", LIVES_DEFAULT);

	printf("seeds from %llu, %llu lives\n", (unsigned long long)seed,
	       (unsigned long long)lives);
	for (uint64_t i = 0; i < lives; i++)
		live(seed + i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_said_at_a_moment_is_said_of_it_later),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

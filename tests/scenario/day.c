/* What an operator does on the day: to a release, in a ring or in all of them.
 *
 *	approve KB [BUILD] [in RING] [for-track]	disapprove KB [BUILD] [in RING]
 *	withdraw KB [BUILD] [in RING]			halt KB [BUILD] [in RING]
 *	resume KB [BUILD] [in RING] [limit PERCENT] [waive]
 *	expedite KB [BUILD] [in RING] within DURATION
 *	pause KB|ring NAME [in RING] for DURATION	resume ring NAME
 *	payload missing|present KB [BUILD]
 *
 * A KB alone means every release with it. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"

#define EXPEDITE_MOST_S ((int64_t)2 * DAY_S)

/* The release and the ring that a statement names. */
struct subject {
	struct release_key key; /* kb 0: the whole ring */
	char ring[LIMIT_NAME + 1];
};

static int take_subject(struct words *words, struct subject *subject)
{
	memset(subject, 0, sizeof *subject);
	if (words_take_if(words, "ring")) {
		snprintf(subject->ring, sizeof subject->ring, "%s",
			 words_need(words, "a ring"));
		return 0;
	}
	if (words_kb(words, &subject->key.kb) < 0)
		return -1;
	words_maybe_build(words, &subject->key.build);
	if (words_take_if(words, "in"))
		snprintf(subject->ring, sizeof subject->ring, "%s",
			 words_need(words, "a ring"));
	return 0;
}

static bool is_known(const struct stage *stage, const struct subject *subject)
{
	if (subject->ring[0] != '\0' && plan_ring_named(stage->plan, subject->ring) < 0)
		return false;
	for (size_t i = 0; subject->key.kb != 0 && i < stage->catalog->title_count; i++) {
		if (stage->catalog->titles[i].kb == subject->key.kb)
			return true;
	}
	return subject->key.kb == 0;
}

static struct rollout_record *open_record(struct stage *stage, struct words *words)
{
	struct subject subject;

	if (!stage->has_begun) {
		trouble_tell(words, "the clock has not begun: say `at` first");
		return NULL;
	}
	if (stage_ready(stage, words) < 0 || take_subject(words, &subject) < 0)
		return NULL;
	if (!is_known(stage, &subject)) {
		trouble_tell(words, "there is no such release or ring");
		return NULL;
	}
	return stage_record(stage, &subject.key, subject.ring, words);
}

/* Everybody polls: what was done on the day counts at once. */
static int done(struct stage *stage, struct words *words)
{
	if (words_end(words) < 0)
		return -1;
	return stage_move(stage, stage->now_s + 1, words);
}

static int run_approve(struct stage *stage, struct words *words)
{
	struct rollout_record *record = open_record(stage, words);

	if (record == NULL)
		return -1;
	record->approval = APPROVAL_GIVEN;
	record->approved_for_track = words_take_if(words, "for-track");
	return done(stage, words);
}

static int run_disapprove(struct stage *stage, struct words *words)
{
	struct rollout_record *record = open_record(stage, words);

	if (record == NULL)
		return -1;
	record->approval = APPROVAL_REFUSED;
	record->approved_for_track = false;
	return done(stage, words);
}

static int run_withdraw(struct stage *stage, struct words *words)
{
	struct rollout_record *record = open_record(stage, words);

	if (record == NULL)
		return -1;
	record->withdrawn = true;
	return done(stage, words);
}

static int run_halt(struct stage *stage, struct words *words)
{
	struct rollout_record *record = open_record(stage, words);

	if (record == NULL)
		return -1;
	record->halted = true;
	record->halted_s = stage->now_s;
	return done(stage, words);
}

static int run_expedite(struct stage *stage, struct words *words)
{
	struct rollout_record *record = open_record(stage, words);

	if (record == NULL)
		return -1;
	record->expedited = true;
	if (!words_take_if(words, "within"))
		return trouble_tell(words, "an expedited release has a deadline of its "
					   "own: within DURATION");
	if (words_duration(words, &record->expedite_deadline_s) < 0)
		return -1;
	if (record->expedite_deadline_s > EXPEDITE_MOST_S)
		return trouble_tell(words, "the deadline is at most two days");
	return done(stage, words);
}

static int run_pause(struct stage *stage, struct words *words)
{
	struct rollout_record *record = open_record(stage, words);
	int64_t duration_s;

	if (record == NULL)
		return -1;
	if (!words_take_if(words, "for"))
		return trouble_tell(words, "a pause ends: for DURATION");
	if (words_duration(words, &duration_s) < 0)
		return -1;
	if (duration_s > PAUSE_MAX_S)
		return trouble_tell(words, "a pause lasts 35 days at most");
	record->paused_until_s = stage->now_s + duration_s;
	return done(stage, words);
}

/* A halt may stand under the exact release, put there by a gate. */
static void let_go(struct rollout_record *record, uint32_t limit_permille, bool waived)
{
	record->halted = false;
	record->paused_until_s = 0;
	record->max_failed_permille = limit_permille;
	record->waived = waived;
}

static int run_resume(struct stage *stage, struct words *words)
{
	struct rollout_record *record = open_record(stage, words);
	uint32_t limit_permille = 0;

	if (record == NULL)
		return -1;
	if (words_take_if(words, "limit"))
		limit_permille =
			(uint32_t)(strtod(words_need(words, "a percentage"), NULL) * 10 +
				   0.5);
	bool waived = words_take_if(words, "waive");
	for (size_t i = 0; i < stage->record_count; i++) {
		struct rollout_record *other = &stage->records[i];
		if (other->key.kb == record->key.kb &&
		    (record->key.build.base == 0 ||
		     build_equal(record->key.build, other->key.build)) &&
		    (record->ring[0] == '\0' || strcmp(record->ring, other->ring) == 0))
			let_go(other, limit_permille, waived);
	}
	return done(stage, words);
}

static int run_payload(struct stage *stage, struct words *words)
{
	struct release_key key = { .kb = 0 };
	bool missing = words_take_if(words, "missing");

	if (!missing && !words_take_if(words, "present"))
		return trouble_tell(words, "a payload is missing or present");
	if (words_kb(words, &key.kb) < 0)
		return -1;
	words_maybe_build(words, &key.build);
	for (size_t i = 0; i < stage->missing_count; i++) {
		if (stage->missing[i].kb == key.kb)
			stage->missing[i--] = stage->missing[--stage->missing_count];
	}
	if (missing && stage->missing_count == STAGE_MISSING)
		return trouble_tell(words, "more than %d missing payloads",
				    STAGE_MISSING);
	if (missing)
		stage->missing[stage->missing_count++] = key;
	stage->rollouts_are_new = true;
	if (!stage->has_begun)
		return words_end(words);
	return done(stage, words);
}

const struct verb day_verbs[] = {
	{ .name = "approve", .run = run_approve },
	{ .name = "disapprove", .run = run_disapprove },
	{ .name = "withdraw", .run = run_withdraw },
	{ .name = "halt", .run = run_halt },
	{ .name = "expedite", .run = run_expedite },
	{ .name = "pause", .run = run_pause },
	{ .name = "resume", .run = run_resume },
	{ .name = "payload", .run = run_payload },
	{ .name = NULL },
};

#include "protocol/server/ring_gate.h"

#include <string.h>

#include "engine/instant.h"
#include "engine/problem.h"
#include "protocol/server/survey.h"

bool title_is_offered(const struct gate_look *look, uint32_t title, int ring)
{
	return title_is_out(look->snapshot, title, ring, look->now_s);
}

static int64_t sooner(int64_t a, int64_t b)
{
	if (a == INSTANT_NONE || b == INSTANT_NONE)
		return a == INSTANT_NONE ? b : a;
	return a < b ? a : b;
}

/* One of the kin. */
static int count_results(const struct gate_look *look, uint32_t title,
			 const struct ring *ring, struct gate_question *question,
			 struct gate_counts *counts, struct problem *p)
{
	struct release_key key;
	struct ring_results results;
	int64_t silent_s = look->now_s - gate_silent_after_s(gate_of(ring));

	title_key(look->snapshot->catalog, title, &key);
	if (look->ops->results(look->session, &key, ring->name, &results, p) < 0 ||
	    look->ops->offers_open(look->session, &key, ring->name, silent_s,
				   &counts->silent, p) < 0)
		return -1;
	counts->verified = results.verified;
	counts->failed = results.failed;
	counts->unverified = results.unverified;
	counts->not_applicable = results.not_applicable;
	counts->declined = results.rejected;
	question->first_s = sooner(question->first_s, results.first_s);
	return 0;
}

static void add_counts(struct gate_counts *to, const struct gate_counts *counts)
{
	to->verified += counts->verified;
	to->failed += counts->failed;
	to->silent += counts->silent;
	to->declined += counts->declined;
	to->not_applicable += counts->not_applicable;
	to->unverified += counts->unverified;
}

/* A survey from before the soak was over does not know who came since. */
static int64_t count_devices(const struct gate_look *look, const struct kin *kin,
			     int ring, const struct gate_question *question)
{
	int64_t devices = 0;

	if (look->survey == NULL || question->opened_s == INSTANT_NONE ||
	    survey_time(look->survey) < question->opened_s + question->gate->soak_s)
		return GATE_DEVICES_UNKNOWN;
	for (size_t i = 0; i < kin->count; i++)
		devices += survey_eligible(look->survey, kin->titles[i], ring);
	return devices;
}

int ring_gate_read(const struct gate_look *look, uint32_t title, int ring,
		   struct ring_gate *gate, struct problem *p)
{
	const struct snapshot *snapshot = look->snapshot;
	const struct ring *judged = &snapshot->plan->rings[ring];
	struct gate_question *question = &gate->question;
	struct kin kin;

	gate->rollout = rollouts_find(snapshot->rollouts, title, ring);
	gate->is_open = opening_ask(snapshot, title, ring, look->now_s, question);
	title_kin(snapshot->catalog, title, &kin);
	for (size_t i = 0; i < kin.count; i++) {
		struct gate_counts counts = { 0 };
		if (count_results(look, kin.titles[i], judged, question, &counts, p) < 0)
			return -1;
		add_counts(&question->together, &counts);
		if (i == 0)
			question->alone = counts;
	}
	question->devices = count_devices(look, &kin, ring, question);
	return 0;
}

#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "tests/lib/case.h"

enum { LINES_MOST = WORLD_RELEASES + 1, LINE_SIZE = 200, MONTHS = 16 };

/* splitmix64 */
uint64_t roll(struct dice *dice, uint64_t sides)
{
	uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return sides == 0 ? z : z % sides;
}

bool chance(struct dice *dice, unsigned percent)
{
	return roll(dice, 100) < percent;
}

static struct written *add(struct world *w, struct written release)
{
	assert_true(w->release_count < WORLD_RELEASES);
	w->releases[w->release_count] = release;
	return &w->releases[w->release_count++];
}

/* A fix some days after: for the track, of the track, or off it. */
static void add_fix(struct world *w, struct dice *dice, struct written like,
		    uint32_t baseline, uint32_t repairs)
{
	like.cadence = CADENCE_OOB;
	like.published_s += (int64_t)roll(dice, 12) * DAY_S;
	like.repairs = chance(dice, 50) ? repairs : 0;
	like.approval = chance(dice, 25);
	like.targeted = chance(dice, 15);
	like.baseline = 0;
	like.kind = RELEASE_LCU;
	if (baseline != 0 && chance(dice, 60)) {
		like.baseline = baseline;
		if (chance(dice, 70))
			like.kind = RELEASE_HOTPATCH;
	}
	add(w, like);
}

/* One month: a baseline, or a hotpatch and an update; fixes and a preview. */
static void add_month(struct world *w, struct dice *dice, int month, uint32_t *baseline)
{
	uint32_t kb = 1000 + 20 * (uint32_t)month;
	uint32_t revision = 100 + 100 * (uint32_t)month;
	uint32_t repaired = kb;
	struct written one = { .kb = kb, .revision = revision, .cadence = CADENCE_B };

	one.published_s = at("2025-01-14") + DAYS(30 * month);
	if (month % 3 == 0 || chance(dice, 15)) {
		one.kind = RELEASE_BASELINE;
		*baseline = kb;
		add(w, one);
	} else {
		one.kind = RELEASE_LCU;
		one.revision = revision + 40;
		add(w, one);
		one.kind = RELEASE_HOTPATCH;
		one.kb = kb + 1;
		one.revision = revision;
		one.baseline = *baseline;
		if (*baseline != 0 && chance(dice, 85))
			repaired = add(w, one)->kb;
	}
	for (uint32_t i = 0; chance(dice, 45) && i < 4; i++) {
		one.kb = kb + 5 + i;
		/* At times two KBs with one build, or one numbered below. */
		one.revision = revision + 50 + (chance(dice, 20) ? 0 : i);
		add_fix(w, dice, one, *baseline, repaired);
	}
	if (!chance(dice, 40))
		return;
	one = (struct written){ .kb = kb + 10,
				.revision = revision + 70,
				.kind = RELEASE_PREVIEW,
				.cadence = CADENCE_D,
				.published_s = one.published_s + DAYS(14) };
	add(w, one);
	if (chance(dice, 40)) {
		one.kb = kb + 11;
		one.revision = revision + 71;
		add_fix(w, dice, one, 0, kb + 10);
	}
}

static void write_release(const struct written *release, char line[static LINE_SIZE])
{
	char when[INSTANT_TEXT], kb[KB_TEXT] = "-";
	int used;

	if (release->kb != 0)
		kb_format(release->kb, kb);
	used = snprintf(line, LINE_SIZE, "%s 26100.%u %s %s %s", kb, release->revision,
			release_kind_names[release->kind],
			instant_format(release->published_s, when),
			cadence_names[release->cadence]);
	if (release->baseline != 0)
		used += snprintf(line + used, LINE_SIZE - (size_t)used,
				 " baseline=KB%u%s", release->baseline,
				 release->kind == RELEASE_LCU ? " track" : "");
	if (release->repairs != 0)
		used += snprintf(line + used, LINE_SIZE - (size_t)used, " repairs=KB%u",
				 release->repairs);
	if (release->approval)
		used += snprintf(line + used, LINE_SIZE - (size_t)used,
				 " offer=approval");
	if (release->targeted)
		snprintf(line + used, LINE_SIZE - (size_t)used, " match=tag.fix = yes");
}

static void make_catalog(struct world *w, struct dice *dice)
{
	static char room[LINES_MOST][LINE_SIZE];
	const char *lines[LINES_MOST];
	uint32_t baseline = 0;

	add(w, (struct written){ .revision = 1,
				 .kind = RELEASE_RTM,
				 .published_s = at("2024-10-01") });
	for (int month = 0; month < MONTHS; month++)
		add_month(w, dice, month, &baseline);
	snprintf(room[0], LINE_SIZE,
		 "product p client 26100 from=26100.%u planned=2025-07-13 "
		 "planned=2025-10-11 leaves=KB9000",
		 (unsigned)roll(dice, 3) * 100);
	lines[0] = room[0];
	for (size_t i = 0; i < w->release_count; i++) {
		write_release(&w->releases[i], room[i + 1]);
		lines[i + 1] = room[i + 1];
	}
	w->catalog = yard_catalog(lines, w->release_count + 1);
}

static void write_ring(struct world *w, struct dice *dice, int index,
		       char line[static LINE_SIZE])
{
	static const int days[] = { 0, 0, 1, 6, 9, 14, 30 };
	struct written_ring *ring = &w->rings[index];
	int used;

	int defer = days[roll(dice, COUNT_OF(days))];
	int gradual = chance(dice, 20) ? 1 + (int)roll(dice, 9) : 0;
	ring->defer_s = DAYS(defer);
	ring->gradual_s = DAYS(gradual);
	ring->after =
		index > 0 && chance(dice, 40) ? (int)roll(dice, (uint64_t)index) : -1;
	ring->canary = chance(dice, 15);
	ring->manual = chance(dice, 10);
	used = snprintf(line, LINE_SIZE,
			"ring r%d defer=%d gradual=%d attempts=%d retry=%d", index, defer,
			gradual, 1 + (int)roll(dice, 4), 1 + (int)roll(dice, 4));
	if (ring->after >= 0)
		used += snprintf(line + used, LINE_SIZE - (size_t)used, " after=r%d",
				 ring->after);
	static const struct {
		unsigned percent;
		const char *text;
	} extras[] = {
		{ 70, " deadline=2" },  { 50, " grace=2" },     { 30, " active=8-18" },
		{ 25, " window=22-4" }, { 15, " scheduled=3" }, { 15, " notify" },
	};
	for (size_t i = 0; i < COUNT_OF(extras); i++) {
		if (chance(dice, extras[i].percent))
			used += snprintf(line + used, LINE_SIZE - (size_t)used, "%s",
					 extras[i].text);
	}
	snprintf(line + used, LINE_SIZE - (size_t)used, "%s%s match=tag.r = %d",
		 ring->canary ? " canary" : "", ring->manual ? " manual" : "", index);
}

static void make_plan(struct world *w, struct dice *dice)
{
	static char room[WORLD_POLICIES + WORLD_RINGS + WORLD_HOLDS][LINE_SIZE];
	const char *lines[COUNT_OF(room)];
	size_t count = 0;

	for (int i = 0; i < WORLD_POLICIES; i++) {
		struct written_policy *policy = &w->policies[i];
		*policy = (struct written_policy){ .allow = chance(dice, 75),
						   .optional = chance(dice, 20),
						   .behind_baseline = chance(dice, 40),
						   .payload_wait = chance(dice, 40),
						   .exists = i == 0 || chance(dice, 80) };
		if (!policy->exists)
			continue;
		snprintf(room[count++], LINE_SIZE, "policy p%d%s%s%s%s match=tag.p = %d",
			 i, policy->allow ? " allow" : "",
			 policy->optional ? " optional" : "",
			 policy->behind_baseline ? " behind=baseline" : "",
			 policy->payload_wait ? " payload=wait" : "", i);
	}
	for (int i = 0; i < WORLD_RINGS; i++)
		write_ring(w, dice, i, room[count++]);
	w->hold_count = roll(dice, WORLD_HOLDS + 1);
	for (size_t i = 0; i < w->hold_count; i++) {
		w->holds[i] = w->releases[1 + roll(dice, w->release_count - 1)].kb;
		snprintf(room[count++], LINE_SIZE, "hold KB%u match=tag.held = yes",
			 w->holds[i]);
	}
	for (size_t i = 0; i < count; i++)
		lines[i] = room[i];
	w->plan = yard_plan(lines, count);
}

static void set_fact(struct world *w, int device, const char *name, const char *value)
{
	struct problem p = { 0 };
	if (facts_set(&w->devices[device].facts, name, value, w->now_s, FACT_REPORTED,
		      NULL, &p) < 0)
		fail_msg("%s", p.text);
}

static void make_device(struct world *w, struct dice *dice, int device)
{
	char id[16], digit[2] = "0";
	const struct written *level = &w->releases[roll(dice, w->release_count / 2)];

	snprintf(id, sizeof id, "pc-%d", device);
	device_record_init(&w->devices[device], id, w->now_s);
	w->devices[device].facts_wanted = false;
	w->truths[device] = (struct truth){ .kb = level->kb,
					    .revision = level->revision,
					    .boots = 1 };
	set_fact(w, device, "os.family", "client");
	set_fact(w, device, "os.arch", chance(dice, 70) ? "x64" : "arm64");
	set_fact(w, device, "os.edition", chance(dice, 85) ? "Enterprise" : "Core");
	set_fact(w, device, "vbs", chance(dice, 80) ? "running" : "off");
	set_fact(w, device, "chpe", chance(dice, 70) ? "off" : "on");
	digit[0] = (char)('0' + roll(dice, WORLD_RINGS));
	set_fact(w, device, "tag.r", digit);
	digit[0] = (char)('0' + roll(dice, WORLD_POLICIES));
	set_fact(w, device, "tag.p", digit);
}

void world_open(struct world *w, uint64_t seed)
{
	struct dice dice = { seed };

	memset(w, 0, sizeof *w);
	w->seed = seed;
	w->now_s = at("2025-02-01");
	w->next_flow_id = 1;
	make_catalog(w, &dice);
	make_plan(w, &dice);
	w->rollouts = rollouts_build(w->catalog, w->plan, NULL, 0);
	assert_non_null(w->rollouts);
	for (int device = 0; device < WORLD_DEVICES; device++)
		make_device(w, &dice, device);
}

void world_close(struct world *w)
{
	rollouts_give(w->rollouts);
	plan_give(w->plan);
	catalog_give(w->catalog);
}

struct situation world_situation(struct world *w, int device)
{
	return (struct situation){
		.device = w->devices[device].id,
		.facts = &w->devices[device].facts,
		.history = &w->devices[device].history,
		.catalog = w->catalog,
		.plan = w->plan,
		.rollouts = w->rollouts,
		.now_s = w->now_s,
	};
}

const struct rollout *world_rollout(const struct world *w, uint32_t kb, uint32_t revision,
				    int ring)
{
	const struct product *product = &w->catalog->products[0];
	int64_t title = catalog_title(w->catalog, product, kb,
				      (struct build){ product->base, revision });

	assert_true(title >= 0);
	return rollouts_find(w->rollouts, (uint32_t)title, ring);
}

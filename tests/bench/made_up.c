#include "made_up.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/facts.h"
#include "engine/findings.h"
#include "engine/instant.h"
#include "engine/plan.h"
#include "engine/problem.h"
#include "engine/rollout.h"

enum { NOW = 1747820520, HOLDS = 40 };
#define DAYS(n) ((int64_t)(n)*DAY_S)
#define MONTH_S (DAYS(30) + (int64_t)10 * HOUR_S)

const char *const device_kind_names[DEVICE_KINDS] = {
	[DEVICE_UP_TO_DATE] = "up to date on the track",
	[DEVICE_HOTPATCH_DUE] = "a hotpatch is due",
	[DEVICE_QUARTER_BEHIND] = "a quarter behind",
	[DEVICE_LCU_DUE] = "no VBS: a cumulative update is due",
	[DEVICE_WAITS] = "waits for its deferral and a ring",
	[DEVICE_INSTALLING] = "installing",
	[DEVICE_YEAR_BEHIND] = "a year behind",
	[DEVICE_DECADE_BEHIND] = "ten years behind",
	[DEVICE_UNAPPROVED] = "a year behind, nothing is approved",
	[DEVICE_MUCH_HISTORY] = "forty releases left marks",
	[DEVICE_UNKNOWN_LEVEL] = "a level nobody knows",
	[DEVICE_FACTS_STALE] = "its facts are stale",
};

const unsigned char device_kind_shares[DEVICE_KINDS] = {
	[DEVICE_UP_TO_DATE] = 49, [DEVICE_HOTPATCH_DUE] = 12, [DEVICE_QUARTER_BEHIND] = 4,
	[DEVICE_LCU_DUE] = 10,    [DEVICE_WAITS] = 10,        [DEVICE_INSTALLING] = 4,
	[DEVICE_YEAR_BEHIND] = 3, [DEVICE_DECADE_BEHIND] = 1, [DEVICE_MUCH_HISTORY] = 2,
	[DEVICE_UNAPPROVED] = 1,  [DEVICE_UNKNOWN_LEVEL] = 1, [DEVICE_FACTS_STALE] = 3,
};

static void give_up(const char *what)
{
	fprintf(stderr, "cannot make the site up: %s\n", what);
	exit(1);
}

/* One release after another, by what a month brings. */
struct writer {
	struct catalog_draft *draft; /* NULL: only counting */
	size_t count, most;
	uint32_t kb, revision;
	char baseline[KB_TEXT]; /* of the quarter */
	uint32_t base;
};

static void write_release(struct writer *w, enum release_kind kind, int cadence,
			  const char *repairs, int64_t at_s)
{
	char kb[KB_TEXT], build[BUILD_TEXT];
	bool hotpatch = kind == RELEASE_HOTPATCH;
	/* Hotpatches are numbered below the cumulative update of the same month. */
	const struct build number = { w->base, w->revision + (hotpatch ? 0 : 60) };

	if (w->count == w->most)
		return;
	w->count++;
	w->kb++;
	w->revision += 3;
	kb_format(w->kb, kb);
	const struct release_draft release = {
		.kb = kb,
		.build = build_format(number, build),
		.kind = kind,
		.cadence = cadence,
		.offer = -1,
		.archs = ARCH_X64 | ARCH_ARM64,
		.published_s = at_s,
		.baseline = hotpatch ? w->baseline : NULL,
		.repairs = repairs,
		.match = cadence == CADENCE_OOB && w->kb % 7 == 0
				 ? "hardware.model ~ \"Gen1\""
				 : NULL,
		.origin = { "made up", (uint32_t)w->count },
	};
	if (w->draft != NULL && catalog_draft_release(w->draft, &release) < 0)
		give_up("a release was refused");
	if (kind == RELEASE_BASELINE)
		memcpy(w->baseline, kb, sizeof kb);
}

static void write_month(struct writer *w, int month, int64_t at_s)
{
	char regular[KB_TEXT];

	w->revision += 100;
	if (month % 3 == 0) {
		write_release(w, RELEASE_BASELINE, -1, NULL, at_s);
	} else {
		write_release(w, RELEASE_HOTPATCH, -1, NULL, at_s);
		kb_format(w->kb, regular);
		write_release(w, RELEASE_LCU, -1, NULL, at_s);
		if (month % 5 == 1)
			write_release(w, RELEASE_HOTPATCH, CADENCE_OOB, regular,
				      at_s + DAYS(3));
	}
	if (month % 7 == 2)
		write_release(w, RELEASE_LCU, CADENCE_OOB, NULL, at_s + DAYS(5));
	write_release(w, RELEASE_PREVIEW, -1, NULL, at_s + DAYS(14));
}

static int count_months(struct writer w)
{
	int months = 0;

	w.draft = NULL;
	while (w.count < w.most)
		write_month(&w, months++, 0);
	return months;
}

static void write_product(struct catalog_draft *draft, const char *id, enum family family,
			  uint32_t base, size_t releases)
{
	struct product product = { .family = family,
				   .base = base,
				   .from = { base, 1 },
				   .edition_count = 2,
				   .editions = { "Enterprise", "EnterpriseN" },
				   .planned_count = 1,
				   .planned = { { RELEASE_BASELINE, NOW + DAYS(50) } } };
	struct writer w = { .draft = draft,
			    .most = releases,
			    .kb = base * 100,
			    .revision = 1000,
			    .base = base };
	/* The second month of a quarter was the last; those to come are known too. */
	int months = count_months(w), last = months - 3 - months % 3 + 1;

	snprintf(product.id, sizeof product.id, "%s", id);
	snprintf(product.name, sizeof product.name, "%s", id);
	if (catalog_draft_product(draft, &product, (struct origin){ "made up", 0 }) < 0)
		give_up("a product was refused");
	for (int month = 0; month < months; month++)
		write_month(&w, month, NOW - DAYS(8) + (month - last) * MONTH_S);
}

static void tell_findings(const struct findings *findings)
{
	char text[400];

	if (findings->count > 0)
		give_up(finding_format(&findings->list[0], text, sizeof text));
	give_up("out of memory");
}

static void make_catalog(struct made_up *m, size_t releases)
{
	struct catalog_draft *draft = catalog_draft_new();
	struct findings findings;

	if (draft == NULL)
		give_up("out of memory");
	findings_init(&findings);
	write_product(draft, "windows-11-24h2", FAMILY_CLIENT, 26100, releases);
	write_product(draft, "windows-11-25h2", FAMILY_CLIENT, 26200, 40);
	write_product(draft, "server-2025", FAMILY_SERVER, 26100, 40);
	write_product(draft, "server-2022-azure", FAMILY_SERVER, 20348, 60);
	m->catalog = catalog_seal(draft, &findings);
	catalog_draft_free(draft);
	if (m->catalog == NULL)
		tell_findings(&findings);
	findings_fini(&findings);
	m->line = product_line(catalog_product(m->catalog, "windows-11-24h2"), ARCH_X64);
}

static void write_rings(struct plan_draft *draft)
{
	static const struct {
		const char *name, *after, *match;
		int defer_days;
	} rings[] = {
		{ "canary", NULL, "tag.role = canary", 0 },
		{ "test", "canary", "tag.role = test and site in (lab-1, lab-2)", 1 },
		{ "servers", NULL, "os.family = server", 3 },
		{ "early", "test", "tag.ring = early or hardware.model ~ \"*Dev*\"", 2 },
		{ "by hand", NULL, "tag.ring = hand", 1 },
		{ "slow", "early", "tag.ring = slow and not site = lab-1", 30 },
		{ "broad", "early", "any", 4 },
	};

	for (size_t i = 0; i < sizeof rings / sizeof rings[0]; i++) {
		const struct ring_draft ring = {
			.ring = { .defer_s = DAYS(rings[i].defer_days),
				  .deadline_set = true,
				  .deadline_s = DAYS(5),
				  .grace_s = DAYS(2),
				  .active_hours = { 480, 1080, 0, true },
				  .window = { 1320, 240, 0, i == 2 },
				  .approval = i == 4 ? APPROVE_MANUAL : APPROVE_AUTO,
				  .attempts_max = 3,
				  .retry_s = HOUR_S,
				  .gate = { .set = true,
					    .min_samples = 20,
					    .max_failed_permille = 50,
					    .soak_s = DAY_S,
					    .max_silent_permille = 1000 } },
			.after = rings[i].after,
			.match = rings[i].match,
			.origin = { "made up", (uint32_t)i + 1 },
		};
		struct ring_draft named = ring;
		snprintf(named.ring.name, sizeof named.ring.name, "%s", rings[i].name);
		if (plan_draft_ring(draft, &named) < 0)
			give_up("a ring was refused");
	}
}

static void make_plan(struct made_up *m)
{
	static const char *const policies[] = {
		"tag.hotpatch = no", "site = kiosk and not vbs = running",
		"os.family = client and licence.hotpatch in (yes, trial)", "any"
	};
	struct plan_draft *draft = plan_draft_new(DAY_S);
	struct findings findings;

	if (draft == NULL)
		give_up("out of memory");
	findings_init(&findings);
	for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
		struct policy policy = { .hotpatch = i >= 2,
					 .origin = { "made up", (uint32_t)i + 1 } };
		snprintf(policy.name, sizeof policy.name, "policy-%zu", i);
		if (plan_draft_policy(draft, &policy, policies[i]) < 0)
			give_up("a policy was refused");
	}
	write_rings(draft);
	/* Of the newest releases, and of old ones. */
	for (size_t i = 0; i < HOLDS; i++) {
		const struct release *release =
			&m->line->releases[m->line->count - 1 - i * i % m->line->count];
		struct hold hold = { .kb = release->kb,
				     .reason = "firmware first",
				     .origin = { "made up", (uint32_t)i + 1 } };
		if (plan_draft_hold(draft, &hold, "hardware.model ~ \"Gen1\"") < 0)
			give_up("a hold was refused");
	}
	m->plan = plan_seal(draft, NULL, NULL, &findings);
	plan_draft_free(draft);
	if (m->plan == NULL)
		tell_findings(&findings);
	findings_fini(&findings);
}

/* What was published some days ago has passed every ring by its soak, as it does in
 * time; a few are halted or paused. */
static size_t write_records(const struct made_up *m, struct rollout_record *records)
{
	size_t count = 0;

	for (size_t i = 0; i < m->line->count; i++) {
		const struct release *release = &m->line->releases[i];
		struct rollout_record record = { .changed_s = NOW - DAY_S };
		if (release->published_s > NOW)
			break;
		release_key_set(&record.key, m->line, release);
		record.passed_s = release->published_s + DAYS(2);
		if (record.passed_s > NOW)
			record.passed_s = 0;
		if (i % 300 == 120)
			record.paused_until_s = NOW + DAYS(5);
		record.halted = i % 90 == 17;
		records[count++] = record;
	}
	return count;
}

/* Every payload is there. */
static void make_rollouts(struct made_up *m)
{
	struct rollout_record *records = calloc(m->line->count, sizeof *records);

	if (records == NULL)
		give_up("out of memory");
	m->rollouts =
		rollouts_build(m->catalog, m->plan, records, write_records(m, records));
	free(records);
	if (m->rollouts == NULL)
		give_up("out of memory");
	rollouts_salt(m->rollouts, 20250521);
	for (size_t i = 0; i < m->catalog->title_count; i++) {
		const struct title *title = &m->catalog->titles[i];
		const struct release_key key = { .kb = title->kb, .build = title->build };
		rollouts_payload(m->rollouts, &key, ARCH_X64);
		rollouts_payload(m->rollouts, &key, ARCH_ARM64);
	}
}

void made_up_open(struct made_up *m, size_t releases)
{
	*m = (struct made_up){ .now_s = NOW };
	make_catalog(m, releases);
	make_plan(m);
	make_rollouts(m);
}

void made_up_close(struct made_up *m)
{
	rollouts_give(m->rollouts);
	plan_give(m->plan);
	catalog_give(m->catalog);
}

/* Devices. */

static void say(struct device_record *record, const char *name, const char *value,
		int64_t at_s)
{
	struct problem p;

	if (facts_set(&record->facts, name, value, at_s, FACT_REPORTED, NULL, &p) < 0)
		give_up(p.text);
}

/* The newest release of a kind that was published at least so long ago. */
static int32_t newest(const struct made_up *m, enum release_kind kind, int64_t age_s)
{
	for (int32_t i = (int32_t)m->line->count - 1; i >= 0; i--) {
		if (m->line->releases[i].kind == kind &&
		    m->line->releases[i].cadence == CADENCE_B &&
		    m->line->releases[i].published_s <= m->now_s - age_s)
			return i;
	}
	give_up("the line is too short");
	return -1;
}

static int32_t level_of(const struct made_up *m, enum device_kind kind)
{
	int32_t hotpatch = newest(m, RELEASE_HOTPATCH, 0);

	switch (kind) {
	case DEVICE_HOTPATCH_DUE:
	case DEVICE_WAITS:
	case DEVICE_MUCH_HISTORY:
		return m->line->releases[hotpatch].quarter;
	case DEVICE_QUARTER_BEHIND:
		return newest(
			m, RELEASE_HOTPATCH,
			m->now_s - m->line->releases[m->line->releases[hotpatch].quarter]
					   .published_s);
	case DEVICE_LCU_DUE:
		return newest(m, RELEASE_LCU, DAYS(40));
	case DEVICE_YEAR_BEHIND:
	case DEVICE_UNAPPROVED:
		return newest(m, RELEASE_HOTPATCH, DAYS(365));
	case DEVICE_DECADE_BEHIND:
		return newest(m, RELEASE_LCU, DAYS(3650));
	default:
		return hotpatch;
	}
}

static void say_level(const struct made_up *m, enum device_kind kind,
		      struct device_record *record, int64_t at_s)
{
	const struct release *level = &m->line->releases[level_of(m, kind)];
	struct build build = level->build;
	char text[BUILD_TEXT], kbs[160] = "", kb[KB_TEXT];

	if (kind == DEVICE_UNKNOWN_LEVEL)
		build.revision = 1; /* older than all */
	say(record, "os.build", build_format(build, text), at_s);
	for (int i = 0; i < 6; i++) {
		size_t used = strlen(kbs);
		snprintf(kbs + used, sizeof kbs - used, "%s ",
			 kb_format(5000000U + (uint32_t)i * 1117U, kb));
	}
	size_t used = strlen(kbs);
	if (kind != DEVICE_UNKNOWN_LEVEL)
		snprintf(kbs + used, sizeof kbs - used, "%s", kb_format(level->kb, kb));
	say(record, "os.kbs", kbs, at_s);
}

/* What nobody asks, and what expressions ask. */
static void say_rest(enum device_kind kind, uint32_t n, struct device_record *record,
		     int64_t at_s)
{
	static const char *const models[] = { "Elite Gen9", "Latitude 7440", "Surface" };
	char name[32], value[64];

	say(record, "hardware.model", models[n % 3], at_s);
	say(record, "site", n % 5 == 0 ? "berlin" : "lab-7", at_s);
	say(record, "tag.ring",
	    kind == DEVICE_WAITS        ? "slow"
	    : kind == DEVICE_UNAPPROVED ? "hand"
					: "broad",
	    at_s);
	say(record, "tag.owner", "desk 12", at_s);
	for (int i = 0; i < 16; i++) {
		snprintf(name, sizeof name, "hardware.part%d", i);
		snprintf(value, sizeof value, "serial %u-%d", n, i);
		say(record, name, value, at_s);
	}
}

static void begin_flow(const struct made_up *m, struct device_record *record)
{
	struct flow *flow = &record->history.flow;

	flow->id = 7;
	flow->state = FLOW_INSTALLING;
	release_key_set(&flow->key, m->line,
			&m->line->releases[newest(m, RELEASE_HOTPATCH, 0)]);
	flow->offered_s = flow->retrieved_s = m->now_s - HOUR_S;
	flow->changed_s = m->now_s - 60;
	flow->lease_s = m->now_s + HOUR_S;
}

static void leave_marks(const struct made_up *m, int count, struct device_record *record)
{
	for (int i = 0; i < count; i++) {
		struct release_key key;
		release_key_set(&key, m->line,
				&m->line->releases[m->line->count - 1 - (size_t)i * 2]);
		struct mark *mark = history_mark_open(&record->history, &key, m->now_s);
		mark->first_offered_s = m->now_s - DAY_S;
	}
}

void made_up_device(const struct made_up *m, enum device_kind kind, uint32_t n,
		    struct device_record *record)
{
	int64_t at_s = m->now_s - (kind == DEVICE_FACTS_STALE ? DAYS(3) : HOUR_S);
	char id[32];

	snprintf(id, sizeof id, "BEN-LAB7-%07u", n);
	device_record_init(record, id, m->now_s - DAYS(90));
	say(record, "os.family", "client", at_s);
	say(record, "os.arch", "x64", at_s);
	say(record, "os.edition", "Enterprise", at_s);
	say(record, "licence.hotpatch", "yes", at_s);
	say(record, "vbs", kind == DEVICE_LCU_DUE ? "off" : "running", at_s);
	say(record, "restart.pending", "no", at_s);
	say(record, "os.boot", "2025-05-14T06:00:00Z", at_s);
	say_level(m, kind, record, at_s);
	say_rest(kind, n, record, at_s);
	history_saw(&record->history, &record->facts, at_s);
	leave_marks(m, kind == DEVICE_MUCH_HISTORY ? 40 : 3, record);
	if (kind == DEVICE_INSTALLING)
		begin_flow(m, record);
}

#include <string.h>

#include "engine/ascii.h"
#include "engine/facts.h"
#include "engine/judgement.h"

const char *const row_names[ROWS] = {
	[ROW_POLICY] = "policy",   [ROW_EDITION] = "edition",   [ROW_VERSION] = "version",
	[ROW_LICENCE] = "licence", [ROW_VBS] = "vbs",           [ROW_CHPE] = "chpe",
	[ROW_TRACK] = "track",     [ROW_BASELINE] = "baseline",
};
const char *const verdict_names[4] = { "pass", "fail", "not reported", "does not apply" };

static struct row pass(void)
{
	return (struct row){ VERDICT_PASS, true, REASON_NONE };
}

static struct row failed(enum reason reason)
{
	return (struct row){ VERDICT_FAIL, false, reason };
}

static struct row verdict(bool passes, enum reason reason)
{
	return passes ? pass() : failed(reason);
}

/* Without a product there is nothing to ask, and nothing that qualifies. */
static struct row not_asked(void)
{
	return (struct row){ VERDICT_DOES_NOT_APPLY, false, REASON_NONE };
}

static struct row judge_edition(const struct product *product, const char *edition)
{
	if (edition == NULL)
		return (struct row){ VERDICT_NOT_REPORTED, false,
				     REASON_EDITION_NOT_REPORTED };
	if (product == NULL)
		return not_asked();
	for (size_t i = 0; i < product->edition_count; i++) {
		if (ascii_compare(product->editions[i], edition) == 0)
			return pass();
	}
	return failed(REASON_EDITION);
}

static struct row judge_version(const struct product *product, struct build build)
{
	if (build.base == 0)
		return (struct row){ VERDICT_NOT_REPORTED, false, REASON_FACTS_MISSING };
	if (product == NULL)
		return not_asked();
	struct build from = product->from;
	bool late_enough = build.base > from.base ||
			   (build.base == from.base && build.revision >= from.revision);
	return verdict(from.base != 0 && late_enough, REASON_VERSION);
}

static struct row judge_licence(const char *licence)
{
	if (licence == NULL)
		return (struct row){ VERDICT_NOT_REPORTED, true,
				     REASON_LICENCE_NOT_REPORTED };
	return verdict(ascii_compare(licence, "no") != 0, REASON_LICENCE);
}

static struct row judge_vbs(const char *vbs)
{
	if (vbs == NULL)
		return (struct row){ VERDICT_NOT_REPORTED, false,
				     REASON_VBS_NOT_REPORTED };
	return verdict(ascii_compare(vbs, "running") == 0, REASON_VBS);
}

static struct row judge_chpe(enum arch arch, const char *chpe)
{
	if (arch == ARCH_NONE)
		return not_asked();
	if (arch != ARCH_ARM64)
		return (struct row){ VERDICT_DOES_NOT_APPLY, true, REASON_NONE };
	if (chpe == NULL)
		return (struct row){ VERDICT_NOT_REPORTED, false,
				     REASON_CHPE_NOT_REPORTED };
	return verdict(ascii_compare(chpe, "off") == 0, REASON_CHPE);
}

static struct row judge_track(const struct decision *d)
{
	if (d->level.state == LEVEL_NONE)
		return not_asked();
	if (d->level.state == LEVEL_AMBIGUOUS)
		return failed(REASON_LEVEL_AMBIGUOUS);
	if (d->level.state == LEVEL_UNKNOWN)
		return failed(REASON_LEVEL_UNKNOWN);
	return verdict(d->track == TRACK_HOTPATCH,
		       d->left_track ? REASON_LEFT_TRACK : REASON_OFF_TRACK);
}

void eligibility_standing_rows(struct judgement *j)
{
	struct decision *d = j->decision;
	const struct facts *facts = j->situation->facts;

	d->rows[ROW_POLICY] =
		verdict(j->policy != NULL && j->policy->hotpatch, REASON_POLICY);
	d->rows[ROW_EDITION] =
		judge_edition(d->product, facts_known(facts, FACT_OS_EDITION));
	d->rows[ROW_VERSION] = judge_version(d->product, d->build);
	d->rows[ROW_LICENCE] = judge_licence(facts_known(facts, FACT_LICENCE_HOTPATCH));
	d->rows[ROW_VBS] = judge_vbs(facts_known(facts, FACT_VBS));
	d->rows[ROW_CHPE] = judge_chpe(d->arch, facts_known(facts, FACT_CHPE));
	d->rows[ROW_TRACK] = judge_track(d);
	d->rows[ROW_BASELINE] = (struct row){ VERDICT_DOES_NOT_APPLY, true, REASON_NONE };
	d->qualifies = true;
	for (int row = ROW_POLICY; row <= ROW_CHPE; row++)
		d->qualifies = d->qualifies && d->rows[row].passes;
}

/* The eight rows of DESIGN 2.3, and the way back to hotpatches for a device that does
 * not get them. */

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/ascii.h"
#include "engine/explain_private.h"

static const char leave_for_good[] =
	"As the device leaves hotpatch for good: clear the CHPE flag "
	"(HotPatchRestrictions=0) and restart.";

/* An arm64 device whose CHPE was turned off for hotpatches that it will not get. */
static bool leaves_for_good(const struct decision *d)
{
	return d->arch == ARCH_ARM64 && d->rows[ROW_CHPE].verdict == VERDICT_PASS &&
	       (!d->rows[ROW_POLICY].passes ||
		d->rows[ROW_EDITION].verdict == VERDICT_FAIL);
}

static void show_policy(struct telling *t, struct rule *rule)
{
	tell_expected(rule, "hotpatch=\"allow\"");
	tell_source(rule, "plan");
	if (t->j->policy == NULL) {
		tell_observed(rule, "no policy: blocked");
		return;
	}
	tell_observed(rule, "%s: %s", t->j->policy->name,
		      t->j->policy->hotpatch ? "allow" : "block");
	tell_source(rule, "policy %s", t->j->policy->name);
}

static void show_edition(struct telling *t, struct rule *rule)
{
	const struct product *product = t->explanation->decision.product;
	char list[sizeof rule->expected] = "";
	size_t used = 0;

	tell_fact(t, rule, FACT_OS_EDITION);
	for (size_t i = 0; product != NULL && i < product->edition_count; i++) {
		const char *edition = product->editions[i];
		if (used + strlen(edition) + sizeof ", ..." >= sizeof list) {
			memcpy(list + used, ", ...", sizeof ", ...");
			break;
		}
		used += (size_t)snprintf(list + used, sizeof list - used, "%s%s",
					 i == 0 ? "" : ", ", edition);
	}
	tell_expected(rule, "%s", list[0] == '\0' ? "none qualifies" : list);
}

static void show_version(struct telling *t, struct rule *rule)
{
	const struct product *product = t->explanation->decision.product;
	char build[BUILD_TEXT];

	tell_fact(t, rule, FACT_OS_BUILD);
	if (product == NULL || product->from.base == 0)
		tell_expected(rule, "the product takes no hotpatches");
	else
		tell_expected(rule, "%s or later", build_format(product->from, build));
}

static void show_licence(struct telling *t, struct rule *rule)
{
	tell_fact(t, rule, FACT_LICENCE_HOTPATCH);
	tell_expected(rule, "not \"no\"");
}

static void show_vbs(struct telling *t, struct rule *rule)
{
	tell_fact(t, rule, FACT_VBS);
	tell_expected(rule, "running");
}

static void show_chpe(struct telling *t, struct rule *rule)
{
	const struct decision *d = &t->explanation->decision;

	tell_expected(rule, "off");
	if (d->arch != ARCH_ARM64) {
		tell_observed(rule, "%s", arch_name(d->arch));
		tell_source(rule, "fact os.arch");
		return;
	}
	tell_fact(t, rule, FACT_CHPE);
	if (leaves_for_good(d))
		rule->remedy = leave_for_good;
}

static void show_track(struct telling *t, struct rule *rule)
{
	const struct decision *d = &t->explanation->decision;
	char text[RELEASE_TEXT], day[MOMENT_TEXT];

	tell_expected(rule, "a baseline, or a release of its quarter");
	tell_source(rule, "catalog");
	if (d->level.state != LEVEL_KNOWN) {
		tell_observed(rule, "%s",
			      d->level.state == LEVEL_NONE      ? "no level"
			      : d->level.state == LEVEL_UNKNOWN ? "level unknown"
								: "level ambiguous");
		return;
	}
	int32_t quarter = d->line->releases[d->level.index].quarter;
	if (d->track == TRACK_HOTPATCH)
		tell_observed(rule, "in the quarter of %s",
			      release_text(d->line, quarter, text));
	else if (d->left_track)
		tell_observed(rule, "left the quarter of %s by a feature update",
			      release_text(d->line, quarter, text));
	else if (d->rejoin_s != INSTANT_NONE)
		tell_observed(rule, "standard until the baseline of %s",
			      day_text(d->rejoin_s, day));
	else
		tell_observed(rule, "standard; no baseline is planned yet");
}

static void show_baseline(struct telling *t, struct rule *rule)
{
	const struct decision *d = &t->explanation->decision;

	tell_expected(rule, "nothing open to it belongs to a newer quarter");
	tell_source(rule, "catalog");
	tell_observed(rule, "%s",
		      rule->verdict == VERDICT_DOES_NOT_APPLY ? "off the track"
		      : d->rows[ROW_BASELINE].passes          ? "the latest open to it"
						     : "a newer quarter is open");
}

void explain_rows(struct telling *t)
{
	static const struct {
		const char *title;
		void (*show)(struct telling *t, struct rule *rule);
	} rows[ROWS] = {
		[ROW_POLICY] = { "policy allows hotpatch", show_policy },
		[ROW_EDITION] = { "edition is eligible", show_edition },
		[ROW_VERSION] = { "build takes hotpatches", show_version },
		[ROW_LICENCE] = { "licence is not denied", show_licence },
		[ROW_VBS] = { "VBS is running", show_vbs },
		[ROW_CHPE] = { "CHPE is off (arm64 only)", show_chpe },
		[ROW_TRACK] = { "on the hotpatch track", show_track },
		[ROW_BASELINE] = { "on the latest baseline", show_baseline },
	};
	const struct decision *d = &t->explanation->decision;

	for (int i = 0; i < ROWS; i++) {
		struct rule *rule =
			tell(t, RULES_ELIGIBILITY, row_names[i], rows[i].title);
		tell_verdict(rule, d->rows[i].passes, d->rows[i].reason);
		rule->verdict = d->rows[i].verdict;
		rows[i].show(t, rule);
	}
}

__attribute__((format(printf, 2, 3))) static void step(struct telling *t, const char *fmt,
						       ...)
{
	struct explanation *e = t->explanation;
	va_list args;

	assert(e->way_back_count < EXPLANATION_STEPS);
	va_start(args, fmt);
	vsnprintf(e->way_back[e->way_back_count++], sizeof e->way_back[0], fmt, args);
	va_end(args);
}

/* An install that has begun goes on, and may end off the track. */
static bool leaves_track_now(const struct telling *t)
{
	const struct decision *d = &t->explanation->decision;
	const struct flow *flow = running_flow(t->j);

	return flow != NULL && flow->kind == FLOW_INSTALL && d->release >= 0 &&
	       flow_state_is_committed(flow->state) &&
	       d->line->releases[d->release].quarter < 0;
}

/* The next baseline: the one the device is on its way to, or the planned one. */
static void step_baseline(struct telling *t)
{
	const struct decision *d = &t->explanation->decision;
	char text[RELEASE_TEXT], moment[MOMENT_TEXT];
	bool planned;
	int64_t next_s = level_next_baseline(t->j, &planned);

	if (d->release >= 0 && d->line->releases[d->release].kind == RELEASE_BASELINE) {
		release_text(d->line, d->release, text);
		if (d->action != ACTION_INSTALL && d->opens_s > t->explanation->now_s)
			step(t, "Wait until %s opens on %s.", text,
			     moment_text(d->opens_s, moment));
		step(t, "Install %s, with one restart.", text);
	} else if (next_s != INSTANT_NONE) {
		step(t, "Wait for the planned baseline of %s.", day_text(next_s, moment));
		step(t, "Install it, with one restart.");
	} else {
		step(t, "Wait for the next baseline; none is planned yet.");
		step(t, "Install it, with one restart.");
	}
	step(t, "Hotpatches follow from then on.");
}

static void step_rows(struct telling *t)
{
	const struct decision *d = &t->explanation->decision;

	for (int row = ROW_POLICY; row <= ROW_CHPE; row++) {
		if (!d->rows[row].passes && d->rows[row].reason != REASON_NONE)
			step(t, "%s", reason_face(d->rows[row].reason)->remedy);
	}
	if (d->level.state == LEVEL_UNKNOWN || d->level.state == LEVEL_AMBIGUOUS)
		step(t, "%s", reason_face(d->rows[ROW_TRACK].reason)->remedy);
}

void explain_way_back(struct telling *t)
{
	const struct decision *d = &t->explanation->decision;
	bool on_track = d->track == TRACK_HOTPATCH;
	char text[RELEASE_TEXT];

	if (d->line == NULL || d->product->from.base == 0)
		return;
	if (d->qualifies && on_track && !leaves_track_now(t))
		return;
	if (leaves_track_now(t)) {
		step(t, "Let %s finish: what has begun goes on, and leaves the track.",
		     release_text(d->line, d->release, text));
		on_track = false;
	}
	step_rows(t);
	if (!on_track)
		step_baseline(t);
	else if (d->action == ACTION_INSTALL && d->release >= 0 &&
		 d->line->releases[d->release].quarter < 0)
		step(t, "Hotpatches follow at once, unless %s is installed before.",
		     release_text(d->line, d->release, text));
	else
		step(t, "Hotpatches follow at once.");
	if (leaves_for_good(d))
		step(t, "%s", leave_for_good);
}

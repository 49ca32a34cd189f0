/* A decision in words: for what a script says when it was wrong. */

#include <stdarg.h>
#include <stdio.h>

#include "actor.h"

struct writing {
	char *room;
	size_t size, used;
};

static void put(struct writing *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void put(struct writing *w, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int wanted = vsnprintf(w->room + w->used, w->size - w->used, fmt, args);
	va_end(args);
	w->used += wanted < (int)(w->size - w->used) ? (size_t)wanted
						     : w->size - w->used - 1;
}

static void put_release(struct writing *w, const struct decision *d)
{
	char build[BUILD_TEXT], kb[KB_TEXT];

	if (d->release < 0)
		return;
	const struct release *release = &d->line->releases[d->release];
	put(w, "%s %s %s (%s %s)", d->action == ACTION_NONE ? " for" : "",
	    kb_format(release->kb, kb), build_format(release->build, build),
	    cadence_names[release->cadence], release_kind_names[release->kind]);
}

static void put_time(struct writing *w, const char *what, int64_t at_s)
{
	char text[INSTANT_TEXT];

	if (at_s != INSTANT_NONE)
		put(w, "\n    %s %s", what, instant_format(at_s, text));
}

static void put_level(struct writing *w, const struct decision *d)
{
	static const char *const states[] = { "none", "known", "unknown", "ambiguous" };
	char build[BUILD_TEXT], kb[KB_TEXT];

	put(w, "\n    level %s %s, %s; track %s%s",
	    d->level.state == LEVEL_KNOWN ? kb_format(d->level.kb, kb) : "-",
	    build_format(d->build, build), states[d->level.state],
	    d->track == TRACK_HOTPATCH ? "hotpatch" : "standard",
	    d->left_track ? ", which it left" : "");
}

char *decision_tell(const struct decision *d, char *room, size_t size)
{
	struct writing w = { room, size, 0 };

	put(&w, "%s", action_names[d->action]);
	put_release(&w, d);
	if (d->rule != 0)
		put(&w, " by rule %c", d->rule);
	put(&w, ", %s%s%s", standing_names[d->standing],
	    d->download_only ? ", download only" : "", d->overdue ? ", overdue" : "");
	put(&w, "\n    reasons");
	for (int i = 0; i < d->reason_count; i++)
		put(&w, " %s", reason_face(d->reasons[i])->name);
	if (d->reason_count == 0)
		put(&w, " none");
	put_level(&w, d);
	put(&w, "\n    rows");
	for (int row = 0; row < ROWS; row++)
		put(&w, " %s:%s%s", row_names[row], d->rows[row].passes ? "" : "FAILS ",
		    verdict_names[d->rows[row].verdict]);
	put_time(&w, "opens", d->opens_s);
	put_time(&w, "install by", d->install_by_s);
	put_time(&w, "restart by", d->restart_by_s);
	put_time(&w, "not before", d->not_before_s);
	put_time(&w, "rejoins", d->rejoin_s);
	return room;
}

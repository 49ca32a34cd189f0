/* An explanation for people, in the manner of a check list. */

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/explain_private.h"

enum { TITLE_COLUMN = 29, OBSERVED_COLUMN = 38 };

struct page {
	char *room;
	size_t size, used;
	size_t line; /* where the last whole line ended */
};

__attribute__((format(printf, 2, 3))) static void write_line(struct page *page,
							     const char *fmt, ...)
{
	va_list args;

	if (page->used >= page->size)
		return; /* full: nothing follows the first line that was cut */
	va_start(args, fmt);
	int wanted =
		vsnprintf(page->room + page->used, page->size - page->used, fmt, args);
	va_end(args);
	page->used += (size_t)wanted;
	if (page->used + 1 < page->size) {
		page->room[page->used++] = '\n';
		page->room[page->used] = '\0';
		page->line = page->used;
	} else {
		page->used = page->size;
		page->room[page->line] = '\0';
	}
}

/* As many characters as fit, counted as they show: bytes that continue one are none. */
static int padding(const char *text, int column)
{
	int shown = 0;

	for (; *text != '\0'; text++)
		shown += ((unsigned char)*text & 0xc0) != 0x80;
	return shown < column ? column - shown : 0;
}

static const char *mark_of(const struct rule *rule)
{
	switch (rule->verdict) {
	case VERDICT_PASS:
		return "\u2713";
	case VERDICT_FAIL:
		return "\u2717";
	case VERDICT_NOT_REPORTED:
		return rule->passes ? "?" : "\u2717";
	case VERDICT_DOES_NOT_APPLY:
		break;
	}
	return "\u00b7";
}

static void write_rule(struct page *page, const struct rule *rule)
{
	char from[sizeof rule->source + MOMENT_TEXT], moment[MOMENT_TEXT];
	char what[sizeof rule->observed + 24];

	snprintf(from, sizeof from, "%s%s%.16s", rule->source,
		 rule->observed_s == INSTANT_NONE ? "" : " ",
		 rule->observed_s == INSTANT_NONE
			 ? ""
			 : moment_text(rule->observed_s, moment));
	snprintf(what, sizeof what, "%s%s",
		 rule->verdict == VERDICT_DOES_NOT_APPLY ? "does not apply: " : "",
		 rule->observed);
	write_line(page, "  %s  %s%*s%s%*s  %s", mark_of(rule), rule->title,
		   padding(rule->title, TITLE_COLUMN), "", what,
		   padding(what, OBSERVED_COLUMN), "", from);
	if (!rule->passes && rule->expected[0] != '\0')
		write_line(page, "%*s expected: %s", TITLE_COLUMN + 4, "",
			   rule->expected);
	if (rule->remedy[0] != '\0')
		write_line(page, "%*s -> %s", TITLE_COLUMN + 4, "", rule->remedy);
}

/* A rule that passes and only says "nothing of the kind" is left out of the text. */
static bool is_worth_a_line(const struct rule *rule)
{
	if (!rule->passes || rule->group == RULES_PLACEMENT ||
	    rule->group == RULES_ELIGIBILITY)
		return true;
	return rule->verdict != VERDICT_DOES_NOT_APPLY;
}

static void write_rules(struct page *page, const struct explanation *e,
			enum rule_group group, const char *heading)
{
	bool begun = false;

	for (int i = 0; i < e->rule_count; i++) {
		if (e->rules[i].group != group || !is_worth_a_line(&e->rules[i]))
			continue;
		if (!begun)
			write_line(page, "\n%s", heading);
		begun = true;
		write_rule(page, &e->rules[i]);
	}
}

static void write_reasons(struct page *page, const struct explanation *e)
{
	const struct decision *d = &e->decision;

	for (int i = 0; i < d->reason_count; i++) {
		const struct reason_face *face = reason_face(d->reasons[i]);
		write_line(page, "  %s: %s", face->name, face->sentence);
	}
}

static void write_times(struct page *page, const struct decision *d)
{
	char moment[MOMENT_TEXT];

	if (d->opens_s != INSTANT_NONE)
		write_line(page, "  opens       %s", moment_text(d->opens_s, moment));
	if (d->install_by_s != INSTANT_NONE)
		write_line(page, "  install by  %s",
			   moment_text(d->install_by_s, moment));
	if (d->restart_by_s != INSTANT_NONE)
		write_line(page, "  restart by  %s",
			   moment_text(d->restart_by_s, moment));
	if (d->not_before_s != INSTANT_NONE)
		write_line(page, "  not before  %s",
			   moment_text(d->not_before_s, moment));
	if (d->overdue)
		write_line(page, "  overdue: the deadline has passed");
}

char *explanation_text(const struct explanation *e, char *room, size_t size)
{
	struct page page = { room, size, 0, 0 };
	char heading[RELEASE_TEXT + 16], release[RELEASE_TEXT], moment[MOMENT_TEXT];

	assert(size > 0);
	room[0] = '\0';
	write_line(&page, "%s", e->headline);
	if (e->instead[0] != '\0')
		write_line(&page, "Instead: %s", e->instead);
	write_reasons(&page, e);
	write_times(&page, &e->decision);
	write_line(&page, "  as of       %s", moment_text(e->now_s, moment));
	for (int i = 0; i < e->note_count; i++)
		write_line(&page, "  %s", e->notes[i]);
	write_rules(&page, e, RULES_PLACEMENT, "Where it belongs");
	write_rules(&page, e, RULES_ELIGIBILITY, "Whether it takes hotpatches");
	if (e->release >= 0 && e->decision.line != NULL) {
		snprintf(heading, sizeof heading, "What %s meets",
			 release_text(e->decision.line, e->release, release));
		write_rules(&page, e, RULES_RELEASE, heading);
	}
	write_rules(&page, e, RULES_NOT_NOW, "Whether now");
	if (e->way_back_count > 0)
		write_line(&page, "\nWay back to hotpatches");
	for (int i = 0; i < e->way_back_count; i++)
		write_line(&page, "  %d. %s", i + 1, e->way_back[i]);
	return room;
}

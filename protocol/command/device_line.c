#include "protocol/command/device_line.h"

#include <stdio.h>
#include <string.h>

#include "engine/instant.h"
#include "engine/problem.h"
#include "protocol/command/history_fold.h"
#include "protocol/command/json_scan.h"
#include "protocol/command/suggest.h"

enum member { MEMBER_ID, MEMBER_FACTS, MEMBER_OBSERVED, MEMBER_HISTORY, MEMBERS };

static const char *const member_names[MEMBERS] = { "id", "facts", "observed", "history" };

static int unknown_member(const char *name, struct problem *p)
{

	return problem_set(p, PROBLEM_BAD_INPUT,
			   "a device has no member \"%.60s\"; it has id, facts, observed "
			   "and history%s",
			   name, suggest(name, member_names, MEMBERS).text);
}

/* Where each member's value is.  The id is read at once: an error is to name it. */
static int find_members(struct device_line *line, struct json_scan *scan,
			struct json_scan places[static MEMBERS], struct problem *p)
{
	bool first = true;

	(void)json_scan_open(scan, '{');
	while (json_scan_more(scan, &first, '}')) {
		size_t member = 0;
		const char *name = json_scan_name(scan);
		if (name == NULL)
			break;
		while (member < MEMBERS && strcmp(member_names[member], name) != 0)
			member++;
		if (member == MEMBERS)
			return unknown_member(name, p);
		if (places[member].at != NULL)
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "the member \"%s\" is there twice", name);
		(void)json_scan_peek(scan);
		places[member] = *scan;
		if (member == MEMBER_ID)
			line->id = json_scan_text(scan);
		else
			(void)json_scan_skip(scan);
	}
	return json_scan_end(scan) ? 0 : json_scan_fault(scan, p);
}

static int check_id(struct device_line *line, struct problem *p)
{
	if (line->id == NULL)
		return problem_set(p, PROBLEM_BAD_INPUT, "the member \"id\" is missing");
	if (line->id[0] != '\0' && strlen(line->id) <= LIMIT_DEVICE_ID)
		return 0;
	line->id = NULL;
	return problem_set(p, PROBLEM_BAD_INPUT, "an id has 1 to %d bytes",
			   LIMIT_DEVICE_ID);
}

static int read_fact(struct device_line *line, struct json_scan *scan, const char *name,
		     int64_t observed_s, struct problem *p)
{
	uint16_t before = line->facts.count;

	if (json_scan_peek(scan) == 'n')
		return json_scan_null(scan) ? 0 : json_scan_fault(scan, p);
	if (json_scan_peek(scan) != '"')
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the fact '%.64s' is no text; facts are texts, in "
				   "quotes",
				   name);
	const char *value = json_scan_text(scan);
	if (value == NULL)
		return json_scan_fault(scan, p);
	if (facts_set(&line->facts, name, value, observed_s, FACT_REPORTED, NULL, p) < 0)
		return -1;
	if (line->facts.count == before)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the fact '%.64s' is there twice", name);
	return 0;
}

static int read_facts(struct device_line *line, struct json_scan *scan,
		      int64_t observed_s, struct problem *p)
{
	bool first = true;

	facts_init(&line->facts);
	(void)json_scan_open(scan, '{');
	while (json_scan_more(scan, &first, '}')) {
		const char *name = json_scan_name(scan);
		if (name == NULL)
			break;
		if (read_fact(line, scan, name, observed_s, p) < 0)
			return -1;
	}
	if (scan->fault != NULL)
		return json_scan_fault(scan, p);
	line->facts.reported_s = observed_s;
	return 0;
}

static int read_observed(struct json_scan *scan, int64_t now_s, int64_t *observed_s,
			 struct problem *p)
{
	*observed_s = now_s;
	if (scan->at == NULL)
		return 0;
	const char *text = json_scan_text(scan);
	if (text == NULL)
		return json_scan_fault(scan, p);
	if (!instant_parse(text, observed_s))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "\"observed\" is no time such as "
				   "2025-05-21T06:00:00Z: \"%.40s\"",
				   text);
	if (*observed_s > now_s)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "\"observed\" is later than the moment of the "
				   "decision: \"%.40s\"",
				   text);
	return 0;
}

int device_line_read(struct device_line *line, char *text, size_t size,
		     struct situation *situation, struct problem *p)
{
	struct json_scan scan, places[MEMBERS] = { 0 };
	int64_t observed_s;

	line->id = NULL;
	line->has_history = false;
	json_scan_init(&scan, text);
	if (find_members(line, &scan, places, p) < 0)
		return -1;
	if (scan.at != text + size)
		return problem_set(p, PROBLEM_BAD_INPUT, "a NUL is in it, at byte %zu",
				   (size_t)(scan.at - text) + 1);
	if (check_id(line, p) < 0)
		return -1;
	if (places[MEMBER_FACTS].at == NULL)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the member \"facts\" is missing");
	if (read_observed(&places[MEMBER_OBSERVED], situation->now_s, &observed_s, p) <
		    0 ||
	    read_facts(line, &places[MEMBER_FACTS], observed_s, p) < 0)
		return -1;
	situation->device = line->id;
	situation->facts = &line->facts;
	situation->history = NULL;
	if (places[MEMBER_HISTORY].at == NULL)
		return 0;
	if (history_fold(line, &places[MEMBER_HISTORY], situation, p) < 0)
		return -1;
	history_saw(&line->history, &line->facts, observed_s);
	line->has_history = true;
	situation->history = &line->history;
	return 0;
}

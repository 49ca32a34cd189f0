/* The options of a rehearsal, made sense of. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/instant.h"
#include "engine/problem.h"
#include "protocol/command/rehearse.h"

static const enum option needed[] = { OPTION_CATALOG, OPTION_PLAN, OPTION_FROM,
				      OPTION_UNTIL };

static enum status check_needed(const struct invocation *invocation)
{
	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
		const struct option_row *row = &option_rows[needed[i]];
		if (!invocation_has(invocation, needed[i]))
			return tell_usage(invocation, "\"rehearse\" needs --%s %s: %s",
					  row->name, row->value, row->summary);
	}
	if (!invocation_has(invocation, OPTION_FLEET) &&
	    !invocation_has(invocation, OPTION_DEVICES))
		return tell_usage(
			invocation,
			"\"rehearse\" needs --fleet FILE.xml, a made-up fleet, or "
			"--devices FILE.jsonl, a known one");
	if (invocation_has(invocation, OPTION_OUTPUT) &&
	    (invocation->format == FORMAT_TABLE || invocation->format == FORMAT_JSONL))
		return tell_usage(invocation,
				  "\"rehearse\" speaks -o text, json, csv or svg");
	return STATUS_DONE;
}

static enum status read_time(const struct invocation *invocation, enum option option,
			     int64_t *at_s)
{
	const char *text = invocation->options[option];

	if (text == NULL || instant_parse(text, at_s))
		return STATUS_DONE;
	return tell_usage(invocation,
			  "--%s takes a time such as 2025-05-01 or 2025-05-21T09:42:00Z, "
			  "not \"%.60s\"",
			  option_rows[option].name, text);
}

static enum status read_number(const struct invocation *invocation, enum option option,
			       uint64_t most, uint64_t *number)
{
	const char *text = invocation->options[option];
	char *end;

	if (text == NULL)
		return STATUS_DONE;
	unsigned long long value = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && value <= most &&
	    (value > 0 || option == OPTION_SEED)) {
		*number = value;
		return STATUS_DONE;
	}
	return tell_usage(invocation,
			  "--%s takes a number from %d to %llu, not \"%.40s\"",
			  option_rows[option].name, option != OPTION_SEED,
			  (unsigned long long)most, text);
}

static enum status read_offline(struct rehearsing *r)
{
	const char *text = r->invocation->options[OPTION_OFFLINE];
	const char *end = NULL;

	if (text == NULL)
		return STATUS_DONE;
	r->has_offline = true;
	if (rehearse_share_parse(text, &r->offline_ppm, &end) && *end == '\0' &&
	    r->offline_ppm <= 900000)
		return STATUS_DONE;
	return tell_usage(r->invocation,
			  "--offline takes a share of 0%% to 90%%, such as 5%%, not "
			  "\"%.40s\"",
			  text);
}

static enum status check_fails(const struct invocation *invocation)
{
	struct fleet_failure failure;
	struct problem p;

	for (size_t i = 0; i < invocation->fail_count; i++) {
		if (rehearse_fail_parse(invocation->fails[i], &failure, &p) < 0)
			return tell_usage(invocation, "%s", p.text);
	}
	return STATUS_DONE;
}

static uint64_t core_count(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	return cores < 1 ? 1 : (uint64_t)cores;
}

enum status rehearse_options(struct rehearsing *r, const struct invocation *invocation)
{
	uint64_t runs = 1, seed = 1, sample = 0, jobs = core_count();
	enum status status;

	r->invocation = invocation;
	r->as_of_s = INSTANT_NONE;
	if ((status = check_needed(invocation)) != STATUS_DONE ||
	    (status = read_time(invocation, OPTION_FROM, &r->ask.from_s)) !=
		    STATUS_DONE ||
	    (status = read_time(invocation, OPTION_UNTIL, &r->ask.until_s)) !=
		    STATUS_DONE ||
	    (status = read_time(invocation, OPTION_AS_OF, &r->as_of_s)) != STATUS_DONE ||
	    (status = read_number(invocation, OPTION_RUNS, REHEARSE_RUNS_MOST, &runs)) !=
		    STATUS_DONE ||
	    (status = read_number(invocation, OPTION_SEED, INT64_MAX, &seed)) !=
		    STATUS_DONE ||
	    (status = read_number(invocation, OPTION_SAMPLE, FLEET_DEVICES, &sample)) !=
		    STATUS_DONE ||
	    (status = read_number(invocation, OPTION_JOBS, REHEARSE_JOBS_MOST, &jobs)) !=
		    STATUS_DONE ||
	    (status = read_offline(r)) != STATUS_DONE ||
	    (status = check_fails(invocation)) != STATUS_DONE)
		return status;
	r->runs = (uint32_t)runs;
	r->jobs = (uint32_t)(jobs < runs ? jobs : runs);
	r->ask.seed = seed;
	r->ask.devices = (uint32_t)sample;
	return STATUS_DONE;
}

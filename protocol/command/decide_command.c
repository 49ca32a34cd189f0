/* patchyard decide: the decision as a filter.  No server and no database: catalog, plan
 * and rollouts are read once, then one line comes in and one goes out, in the same
 * order, in memory that does not grow. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/instant.h"
#include "engine/problem.h"
#include "engine/rollout.h"
#include "protocol/command/check.h"
#include "protocol/command/decision_line.h"
#include "protocol/command/device_line.h"
#include "protocol/command/line_reader.h"
#include "protocol/command/rollout_file.h"
#include "protocol/command/tables.h"
#include "protocol/command/tell.h"
#include "protocol/xml/zone_files.h"

enum { OUTPUT_ROOM = 256 * 1024 };

struct deciding {
	struct yard_files files;
	struct situation situation;
	struct rollouts *rollouts;
	struct line_reader *reader;
	struct device_line line;
	struct decision decision;
	uint64_t number; /* of the line, from 1 */
	uint64_t faults;
};

static const enum option needed[] = { OPTION_CATALOG, OPTION_PLAN, OPTION_DEVICES,
				      OPTION_AT };

static enum status check_options(const struct invocation *invocation, int64_t *now_s)
{
	const char *at = invocation->options[OPTION_AT];

	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
		const struct option_row *row = &option_rows[needed[i]];
		if (!invocation_has(invocation, needed[i]))
			return tell_usage(invocation, "\"decide\" needs --%s %s: %s",
					  row->name, row->value, row->summary);
	}
	if (!instant_parse(at, now_s))
		return tell_usage(invocation,
				  "--at takes a time such as 2025-05-21T09:42:00Z, not "
				  "\"%.60s\"",
				  at);
	if (invocation_has(invocation, OPTION_OUTPUT) &&
	    invocation->format != FORMAT_JSONL)
		return tell_usage(invocation, "\"decide\" speaks -o jsonl only");
	return STATUS_DONE;
}

/* Catalog, plan, rollouts, and the devices opened.  -1 with *trouble told. */
static int prepare(const struct invocation *invocation, struct deciding *deciding,
		   struct trouble *trouble)
{
	struct yard_files *files = &deciding->files;
	const char *rollouts = invocation->options[OPTION_ROLLOUTS];
	struct problem p;
	char count[96];

	if (yard_files_catalog(files, invocation->catalogs, invocation->catalog_count,
			       &p) < 0 ||
	    yard_files_plan(files, invocation->options[OPTION_PLAN], &p) < 0)
		goto fail;
	if (files->findings.errors > 0) {
		tell_findings(&files->findings);
		return trouble_set(
			trouble, STATUS_FAILED, "catalog and plan have %s",
			count_findings(files->findings.errors, 0, count, sizeof count));
	}
	if (rollouts != NULL) {
		deciding->rollouts =
			rollout_file_read(rollouts, files->catalog, files->plan, &p);
		if (deciding->rollouts == NULL)
			goto fail;
	}
	deciding->reader = line_reader_open(invocation->options[OPTION_DEVICES], &p);
	if (deciding->reader == NULL)
		goto fail;
	deciding->situation.catalog = files->catalog;
	deciding->situation.plan = files->plan;
	deciding->situation.rollouts = deciding->rollouts;
	return 0;
fail:
	return trouble_set(trouble,
			   p.kind == PROBLEM_NOT_FOUND ? STATUS_NOT_FOUND : STATUS_FAILED,
			   "%s", p.text);
}

/* The device's own zone, for rings that name none. */
static const struct zone *zone_of(struct deciding *deciding)
{
	const char *name = facts_get(&deciding->line.facts, "tz");
	return name == NULL ? NULL : zone_files_find(deciding->files.zones, name);
}

static size_t decide_line(struct deciding *deciding, char *text, size_t size,
			  char room[static DECISION_LINE_MOST])
{
	struct device_line *line = &deciding->line;
	struct situation *situation = &deciding->situation;
	struct problem p;

	situation->zone = NULL;
	if (device_line_read(line, text, size, situation, &p) < 0) {
		deciding->faults++;
		return fault_line_write(line->id, deciding->number, p.text, room);
	}
	situation->zone = zone_of(deciding);
	decide(situation, &deciding->decision);
	return decision_line_write(line->id, &deciding->decision, room);
}

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t\r")] == '\0';
}

/* Every line.  -1 with *trouble told: the disk or the pipe, on either side. */
static int decide_all(struct deciding *deciding, struct trouble *trouble)
{
	char room[DECISION_LINE_MOST], *text;
	size_t size, out;
	struct problem p;

	for (;;) {
		/* whoever sends one line and waits for its answer is to get it */
		if (line_reader_must_wait(deciding->reader) && fflush(stdout) != 0)
			break;
		enum line_result result =
			line_reader_next(deciding->reader, &text, &size, &p);
		if (result == LINE_END)
			return 0;
		if (result == LINE_FAILED)
			return trouble_set(trouble, STATUS_FAILED, "%s", p.text);
		deciding->number++;
		if (result == LINE_READ && size == strlen(text) && is_blank(text))
			continue;
		if (result == LINE_READ) {
			out = decide_line(deciding, text, size, room);
		} else {
			deciding->faults++;
			problem_set(&p, PROBLEM_TOO_LARGE,
				    "the line is longer than %d bytes", LINE_MOST);
			out = fault_line_write(NULL, deciding->number, p.text, room);
		}
		if (fwrite_unlocked(room, 1, out, stdout) != out)
			break;
	}
	return trouble_set(trouble, STATUS_FAILED, "the result cannot be written");
}

static enum status run_decide(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	struct problem p;
	struct deciding *deciding = calloc(1, sizeof *deciding);
	int64_t now_s = 0;
	enum status status = check_options(invocation, &now_s);

	if (deciding == NULL || status != STATUS_DONE) {
		free(deciding);
		if (status != STATUS_DONE)
			return status;
		trouble_set(&trouble, STATUS_FAILED, "no memory");
		return tell_trouble(invocation, "decide", &trouble);
	}
	deciding->situation.now_s = now_s;
	(void)setvbuf(stdout, NULL, _IOFBF, OUTPUT_ROOM);
	int result = yard_files_init(&deciding->files, &p);
	if (result < 0)
		trouble_set(&trouble, STATUS_FAILED, "%s", p.text);
	if (result == 0)
		result = prepare(invocation, deciding, &trouble);
	if (result == 0)
		result = decide_all(deciding, &trouble);
	if (deciding->faults > 0)
		status = STATUS_NO;
	rollouts_give(deciding->rollouts);
	line_reader_close(deciding->reader);
	yard_files_fini(&deciding->files);
	free(deciding);
	return result == 0 ? status : tell_trouble(invocation, "decide", &trouble);
}

/* clang-format off */
const struct command decide_commands[] = {
	{ "decide", NULL, "", 0, 0, TAKES(OPTION_CATALOG) | TAKES(OPTION_PLAN) | TAKES(OPTION_DEVICES) |
	  TAKES(OPTION_ROLLOUTS) | TAKES(OPTION_AT),
	  "what devices should run, by catalog, plan and time alone",
	  "One line in for each device, one line out, in the same order; a line that is wrong becomes\n"
	  "{\"id\":..,\"line\":N,\"error\":..} and the exit status is 2 in the end.\n"
	  "in   {\"id\":\"a\",\"facts\":{\"os.build\":\"26100.3775\",..},\"observed\":TIME,\"history\":[EVENT,..]}\n"
	  "     Facts are texts; absent is not reported.  Without `observed` they are of --at.\n"
	  "out  {\"id\",\"product\",\"level\":{\"kb\",\"build\"},\"track\",\"action\",\"kb\",\"build\",\"kind\",\"opens\",\n"
	  "     \"install_by\",\"reasons\"}, null where there is none; action is install, uninstall, restart\n"
	  "     or none, and with none the release is the one waited for.\n"
	  "EVENT {\"at\":TIME,\"event\":WORD,\"kb\",\"build\",\"product\",\"kbs\",\"until\",\"install_by\",\"wait\"}, in order\n"
	  "     of time; WORD: offered accepted downloading downloaded installing installed\n"
	  "     restart-pending verified unverified failed not-applicable rejected expired withdrawn\n"
	  "     removing removed uninstall-requested rollback-requested recovered stuck blocked\n"
	  "     unblocked retry paused (until) resumed seen (kbs).  Without history an offer counts\n"
	  "     as first made at --at.\n"
	  "--rollouts [{\"product\",\"kb\",\"build\",\"ring\",\"approval\":\"given\"|\"refused\",\"approved_for_track\",\n"
	  "     \"withdrawn\",\"halted\",\"paused_until\",\"expedited\",\"expedite_deadline_days\",\"passed\":TIME,\n"
	  "     \"canary\",\"canary_verified\",\"arch\",\"payload\":\"missing\"},..]; no kb: every release, no ring:\n"
	  "     every ring.",
	  NULL,
	  { "decide --catalog conf/catalog --plan plan.xml --devices fleet.jsonl --at 2025-05-21T09:42:00Z",
	    "decide --catalog conf/catalog --plan plan.xml --devices - --at 2025-05-21 < fleet.jsonl" },
	  run_decide },
	{ 0 },
};
/* clang-format on */

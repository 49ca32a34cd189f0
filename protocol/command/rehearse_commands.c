/* patchyard rehearse: what a plan would do to a fleet, before it does.  No server:
 * catalog, plan and fleet are files. */

#include <stdlib.h>
#include <string.h>

#include "engine/instant.h"
#include "engine/opening.h"
#include "engine/problem.h"
#include "protocol/command/rehearse.h"
#include "protocol/command/tables.h"
#include "protocol/command/text.h"

enum { REAL_DIGITS = 10 };

/* -1 with *trouble told. */
static int read_files(struct rehearsing *r, struct trouble *trouble)
{
	const struct invocation *invocation = r->invocation;
	struct problem p;
	char count[96];

	if (yard_files_init(&r->files, &p) < 0 ||
	    yard_files_catalog(&r->files, invocation->catalogs, invocation->catalog_count,
			       &p) < 0 ||
	    yard_files_plan(&r->files, invocation->options[OPTION_PLAN], &p) < 0)
		return trouble_set(trouble,
				   p.kind == PROBLEM_NOT_FOUND ? STATUS_NOT_FOUND
							       : STATUS_FAILED,
				   "%s", p.text);
	if (r->files.findings.errors > 0) {
		tell_findings(&r->files.findings);
		return trouble_set(
			trouble, STATUS_FAILED, "catalog and plan have %s",
			count_findings(r->files.findings.errors, 0, count, sizeof count));
	}
	return rehearse_fleet(r, trouble);
}

/* What is not known yet is as if it were withdrawn: it is no candidate whatever happens.
 */
static int forget_later(struct rehearsing *r, struct trouble *trouble)
{
	const struct catalog *catalog = r->files.catalog;

	if (r->as_of_s == INSTANT_NONE)
		return 0;
	r->records = calloc(catalog->title_count + 1, sizeof r->records[0]);
	if (r->records == NULL)
		return trouble_set(trouble, STATUS_FAILED, "no memory");
	for (uint32_t i = 0; i < catalog->title_count; i++) {
		if (catalog->titles[i].published_s <= r->as_of_s)
			continue;
		struct rollout_record *record = &r->records[r->record_count++];
		title_key(catalog, i, &record->key);
		record->withdrawn = true;
	}
	return 0;
}

static int fail(struct trouble *trouble, const struct problem *p)
{
	return trouble_set(trouble, STATUS_FAILED, "%s", p->text);
}

/* The document of what came out; NULL with *trouble told. */
static json_t *play(struct rehearsing *r, struct trouble *trouble)
{
	struct rehearse_results results = { 0 };
	struct summary summary = { 0 };
	struct problem p = { 0 };
	json_t *document = NULL;

	r->ask.catalog = r->files.catalog;
	r->ask.plan = r->files.plan;
	r->ask.fleet = r->fleet;
	r->ask.records = r->records;
	r->ask.record_count = r->record_count;
	struct rehearsal *rehearsal = rehearsal_new(&r->ask, &p);
	if (rehearsal == NULL) {
		fail(trouble, &p);
		return NULL;
	}
	int rc = rehearse_jobs(r, rehearsal, &results, &p);
	if (rc == 0 && results.count > 0)
		rc = summary_make(&summary, results.list, results.count, &p);
	if (rc < 0)
		fail(trouble, &p);
	else if (results.count == 0)
		trouble_set(trouble, STATUS_FAILED,
			    "it was stopped before any run was done");
	else
		document = rehearse_document(r, &summary);
	if (document == NULL && trouble->text[0] == '\0')
		trouble_set(trouble, STATUS_FAILED, "no memory");
	if (document != NULL && results.stopped)
		tell_note(r->invocation,
			  "Stopped: %u of %u runs are done; these are kept.",
			  results.count, r->runs);
	summary_fini(&summary);
	rehearse_results_free(&results, r->runs);
	rehearsal_free(rehearsal);
	return document;
}

static void print(const struct invocation *invocation, const json_t *document)
{
	switch (invocation_has(invocation, OPTION_OUTPUT) ? invocation->format
							  : FORMAT_TEXT) {
	case FORMAT_JSON:
		json_dumpf(document, stdout,
			   JSON_INDENT(1) | JSON_REAL_PRECISION(REAL_DIGITS));
		fputc('\n', stdout);
		break;
	case FORMAT_CSV:
		rehearse_csv(stdout, document);
		break;
	case FORMAT_SVG:
		rehearse_svg(stdout, document);
		break;
	default:
		rehearse_text(stdout, document, &invocation->terminal);
		break;
	}
}

static enum status run_rehearse(const struct invocation *invocation)
{
	struct rehearsing r = { 0 };
	struct trouble trouble = { 0 };
	struct problem p;
	json_t *document = NULL;
	enum status status = rehearse_options(&r, invocation);

	if (status != STATUS_DONE)
		return status;
	int rc = read_files(&r, &trouble);
	if (rc == 0)
		rc = forget_later(&r, &trouble);
	if (rc == 0) {
		document = play(&r, &trouble);
		rc = document == NULL ? -1 : 0;
	}
	if (rc == 0)
		print(invocation, document);
	if (rc == 0 && invocation_has(invocation, OPTION_SAVE) &&
	    rehearse_save(document, invocation->options[OPTION_SAVE], &p) < 0)
		rc = fail(&trouble, &p);
	json_decref(document);
	free(r.records);
	fleet_free(r.fleet);
	yard_files_fini(&r.files);
	return rc == 0 ? STATUS_DONE : tell_trouble(invocation, "rehearse", &trouble);
}

static enum status run_compare(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	struct problem p = { 0 };
	json_t *a = NULL, *b = NULL;

	if (invocation_has(invocation, OPTION_OUTPUT) &&
	    invocation->format != FORMAT_JSON && invocation->format != FORMAT_TEXT)
		return tell_usage(invocation,
				  "\"rehearse compare\" speaks -o text or json");
	a = rehearse_load(invocation->arguments[0], &p);
	if (a != NULL)
		b = rehearse_load(invocation->arguments[1], &p);
	if (b == NULL) {
		json_decref(a);
		trouble_set(&trouble,
			    p.kind == PROBLEM_NOT_FOUND ? STATUS_NOT_FOUND
							: STATUS_FAILED,
			    "%s", p.text);
		return tell_trouble(invocation, "compare rehearsals", &trouble);
	}
	json_t *comparison = rehearse_compare(a, b);
	if (invocation->format == FORMAT_JSON) {
		json_dumpf(comparison, stdout,
			   JSON_INDENT(1) | JSON_REAL_PRECISION(REAL_DIGITS));
		fputc('\n', stdout);
	} else {
		rehearse_compare_text(stdout, comparison);
	}
	json_decref(comparison);
	json_decref(a);
	json_decref(b);
	return STATUS_DONE;
}

static enum status run_show(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	struct problem p = { 0 };
	json_t *document = rehearse_load(invocation->arguments[0], &p);

	if (document == NULL) {
		trouble_set(&trouble,
			    p.kind == PROBLEM_NOT_FOUND ? STATUS_NOT_FOUND
							: STATUS_FAILED,
			    "%s", p.text);
		return tell_trouble(invocation, "show the rehearsal", &trouble);
	}
	print(invocation, document);
	json_decref(document);
	return STATUS_DONE;
}

/* clang-format off */
const struct command rehearse_commands[] = {
	{ "rehearse", NULL, "", 0, 0, TAKES(OPTION_CATALOG) | TAKES(OPTION_PLAN) | TAKES(OPTION_FLEET) |
	  TAKES(OPTION_DEVICES) | TAKES(OPTION_FROM) | TAKES(OPTION_UNTIL) | TAKES(OPTION_RUNS) |
	  TAKES(OPTION_SEED) | TAKES(OPTION_SAMPLE) | TAKES(OPTION_FAIL) | TAKES(OPTION_OFFLINE) |
	  TAKES(OPTION_JOBS) | TAKES(OPTION_SAVE) | TAKES(OPTION_AS_OF),
	  "what a plan would do to a fleet, in virtual time",
	  "The engine that decides on the server lives through the time between, device by device, with\n"
	  "its flows and gates; nothing is asked of any server.  Devices are made up (--fleet, as\n"
	  "conf/fleet.xml) or known (--devices, lines as for decide).  The same seed gives the same\n"
	  "result, on any number of threads.  Ctrl-C keeps the runs that are done.\n"
	  "--fail WHAT=RATE  WHAT is a KB, baseline, hotpatch, lcu, preview or any; RATE a share such as\n"
	  "     2%, or 2%+-1: each run draws its own from 1% to 3%.  It goes before the fleet's failures.\n"
	  "-o text (the page), json (all of it), csv (the rollouts) or svg (a picture).  Times are counted\n"
	  "from publication; (low-high) is what eight runs of ten keep to.\n"
	  "rehearse compare A B: two saved ones on one page.  rehearse show NAME: one of them again.",
	  NULL,
	  { "rehearse --catalog cat --plan plan.xml --fleet fleet.xml --from 2025-01-01 --until 2025-07-01",
	    "rehearse --catalog cat --plan new.xml --devices all.jsonl --from 2025-05-12 --until 2025-06-12" },
	  run_rehearse, true },
	{ "rehearse", "compare", "A B", 2, 2, 0,
	  "what changes from one saved rehearsal to another, on one page",
	  "A and B are names or files of --save: what is, and what would be.", NULL,
	  { "rehearse compare now new", "rehearse compare now.rehearsal.json out/new.json -o json" },
	  run_compare, true },
	{ "rehearse", "show", "NAME", 1, 1, 0, "a saved rehearsal, again",
	  "NAME is a name or a file of --save.", NULL,
	  { "rehearse show now", "rehearse show now -o svg" }, run_show, true },
	{ 0 },
};
/* clang-format on */

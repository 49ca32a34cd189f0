#include "protocol/command/check_commands.h"

#include <stdio.h>

#include "engine/catalog.h"
#include "engine/plan.h"
#include "engine/problem.h"
#include "protocol/command/list.h"

static json_t *finding_json(const struct finding *finding)
{
	json_t *object =
		json_pack("{s:s,s:s}", "severity",
			  finding->severity == SEVERITY_ERROR ? "error" : "warning",
			  "text", finding->text);

	if (finding->origin.file != NULL)
		json_object_set_new(object, "file", json_string(finding->origin.file));
	if (finding->origin.line != 0)
		json_object_set_new(object, "line",
				    json_integer((json_int_t)finding->origin.line));
	if (finding->hint[0] != '\0')
		json_object_set_new(object, "hint", json_string(finding->hint));
	return object;
}

static void show_json(const struct invocation *invocation,
		      const struct findings *findings)
{
	json_t *list = json_array();

	for (size_t i = 0; i < findings->count; i++)
		json_array_append_new(list, finding_json(&findings->list[i]));
	json_t *whole =
		json_pack("{s:I,s:I,s:o}", "errors", (json_int_t)findings->errors,
			  "warnings", (json_int_t)findings->warnings, "findings", list);
	(void)json_shown(invocation, whole);
	json_decref(whole);
}

/* What was checked, for the last line of a good end. */
static void summary(const struct yard_files *files, char *room, size_t size)
{
	char releases[48], products[48], rings[48], holds[48];

	if (files->plan == NULL)
		snprintf(room, size, "%s of %s",
			 count_things(files->catalog->title_count, "release", releases,
				      sizeof releases),
			 count_things(files->catalog->product_count, "product", products,
				      sizeof products));
	else
		snprintf(room, size, "%zu %s, %s, %s", files->plan->policy_count,
			 files->plan->policy_count == 1 ? "policy" : "policies",
			 count_things(files->plan->ring_count, "ring", rings,
				      sizeof rings),
			 count_things(files->plan->hold_count, "hold", holds,
				      sizeof holds));
}

static enum status finish(const struct invocation *invocation, struct yard_files *files,
			  int result, const struct problem *p)
{
	const struct findings *findings = &files->findings;
	char count[96], what[160];
	enum status status = findings->errors > 0 ? STATUS_NO : STATUS_DONE;

	if (result < 0) {
		struct trouble trouble = { 0 };
		trouble_set(&trouble,
			    p->kind == PROBLEM_NOT_FOUND ? STATUS_NOT_FOUND
							 : STATUS_FAILED,
			    "%s", p->text);
		yard_files_fini(files);
		return tell_trouble(invocation, "check", &trouble);
	}
	count_findings(findings->errors, findings->warnings, count, sizeof count);
	if (invocation->format == FORMAT_JSON || invocation->format == FORMAT_JSONL) {
		show_json(invocation, findings);
	} else {
		tell_findings(findings);
		if (status != STATUS_DONE) {
			fprintf(stderr, "%s.  Nothing was changed.\n", count);
		} else if (!invocation_has(invocation, OPTION_QUIET)) {
			summary(files, what, sizeof what);
			printf("%s: no errors, %s.\n", what,
			       findings->warnings == 0 ? "no warnings" : count);
		}
	}
	yard_files_fini(files);
	return status;
}

enum status run_catalog_check(const struct invocation *invocation)
{
	struct yard_files files;
	struct problem p = { 0 };
	int result = yard_files_init(&files, &p);

	if (result == 0)
		result = yard_files_catalog(&files, invocation->arguments,
					    (size_t)invocation->argument_count, &p);
	return finish(invocation, &files, result, &p);
}

enum status run_plan_check(const struct invocation *invocation)
{
	struct yard_files files;
	struct problem p = { 0 };
	int result = yard_files_init(&files, &p);

	if (result == 0 && invocation->catalog_count > 0)
		result = yard_files_catalog(&files, invocation->catalogs,
					    invocation->catalog_count, &p);
	if (result == 0)
		result = yard_files_plan(&files, invocation->arguments[0], &p);
	return finish(invocation, &files, result, &p);
}

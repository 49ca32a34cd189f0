/* Catalog files and the plan: read in, checked as a whole, kept or refused.
 *
 * The check is that of the new view (edit.h), so a file with an error changes nothing,
 * and the answer names its line. */

#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/plan.h"
#include "protocol/admin/call.h"
#include "protocol/admin/decision_json.h"
#include "protocol/admin/routes.h"
#include "protocol/server/edit.h"
#include "protocol/server/site.h"

enum { FILES_MAX = 256 };

struct documents_edit {
	struct edit edit;
	struct call *call;
	json_t *body;        /* of an import */
	const json_t *files; /* in it: [{"name","text"}] */
	char plan_name[256];
	int64_t revision; /* what the plan became */
};

static void answer_no_memory(struct call *call)
{
	struct problem p;

	problem_set(&p, PROBLEM_NO_MEMORY, "out of memory");
	call_problem(call, &p);
}

static struct documents_edit *new_edit(struct call *call)
{
	struct documents_edit *it = exchange_allocate(call->exchange, sizeof *it);

	if (it == NULL) {
		answer_no_memory(call);
		return NULL;
	}
	it->call = call;
	it->edit.site = call->desk->site;
	it->edit.loop = call->desk->loop;
	it->edit.changes_view = true;
	return it;
}

/* `document` has its name and its text. */
static int put(struct documents_edit *it, struct session *session, const char *kind,
	       struct document *document, struct problem *p)
{
	document->at_s = it->edit.now_s;
	snprintf(document->kind, sizeof document->kind, "%s", kind);
	snprintf(document->by, sizeof document->by, "%s", it->call->by);
	return edit_ops(&it->edit)->document_put(session, document, p);
}

static int import_files(struct edit *edit, struct session *session, struct problem *p)
{
	struct documents_edit *it = (struct documents_edit *)edit;
	size_t count = json_array_size(it->files);

	for (size_t i = 0; i < count; i++) {
		const json_t *file = json_array_get(it->files, i);
		const char *name = json_string_value(json_object_get(file, "name"));
		const json_t *text = json_object_get(file, "text");
		const struct audit_entry entry =
			call_audit(it->call, "catalog.import", name, "");
		struct document document = { .text = json_string_value(text),
					     .size = json_string_length(text) };
		snprintf(document.name, sizeof document.name, "%s", name);
		if (put(it, session, "catalog", &document, p) < 0 ||
		    edit_audit(edit, session, &entry, p) < 0)
			return -1;
	}
	return 0;
}

static json_t *warnings_of(const struct edit *edit)
{
	return findings_json(&edit->check.findings);
}

static void answer_import(struct edit *edit, const struct problem *problem)
{
	struct documents_edit *it = (struct documents_edit *)edit;
	struct call *call = it->call;
	struct edit ended = *edit; /* the exchange's memory goes with the reply */

	json_decref(it->body);
	if (problem == NULL) {
		size_t releases = ended.view->snapshot->catalog->title_count;
		call_reply(call, 200,
			   json_pack("{s:I, s:o}", "releases", (json_int_t)releases,
				     "warnings", warnings_of(&ended)));
	} else {
		call_problem_findings(call, problem, &ended.check.findings);
	}
	edit_fini(&ended);
}

/* As struct document keeps it, and as findings show it. */
static bool name_is_legal(const char *name)
{
	size_t size = strlen(name);
	return size >= 1 && size < 256 && strchr(name, '/') == NULL;
}

/* 0, or -1 with *p told: what a schema would say of the body. */
static int check_files(const json_t *files, struct problem *p)
{
	size_t count = json_array_size(files);

	if (count == 0 || count > FILES_MAX)
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"the body wants {\"files\": [{\"name\", \"text\"}]}, 1 "
			"to %d of them",
			FILES_MAX);
	for (size_t i = 0; i < count; i++) {
		const json_t *file = json_array_get(files, i);
		const char *name = json_string_value(json_object_get(file, "name"));
		if (name == NULL || !name_is_legal(name))
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "file %zu has no name of 1 to 255 bytes "
					   "without a slash",
					   i + 1);
		if (!json_is_string(json_object_get(file, "text")))
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "file '%.100s' has no text", name);
		for (size_t j = 0; j < i; j++) {
			const json_t *other =
				json_object_get(json_array_get(files, j), "name");
			if (strcmp(name, json_string_value(other)) == 0)
				return problem_set(p, PROBLEM_BAD_INPUT,
						   "file '%.100s' is there twice", name);
		}
	}
	return 0;
}

void api_catalog_import(struct call *call)
{
	struct problem p;
	json_t *body = call_object(call);

	if (body == NULL)
		return;
	const json_t *files = json_object_get(body, "files");
	const json_t *dry_run = json_object_get(body, "dry_run");
	int rc = check_files(files, &p);
	if (rc == 0 && dry_run != NULL && !json_is_boolean(dry_run))
		rc = problem_set(&p, PROBLEM_BAD_INPUT, "dry_run is true or false");
	if (rc < 0) {
		json_decref(body);
		call_problem(call, &p);
		return;
	}
	struct documents_edit *it = new_edit(call);
	if (it == NULL) {
		json_decref(body);
		return;
	}
	it->body = body;
	it->files = files;
	it->edit.dry_run = json_is_true(dry_run);
	it->edit.apply = import_files;
	it->edit.answer = answer_import;
	site_edit(&it->edit);
}

/* GET /plan */
struct plan_text {
	char *text;
	size_t size;
	bool found, lost;
};

static int each_plan(void *owner, const struct document *document)
{
	struct plan_text *plan = owner;

	plan->found = true;
	plan->text = malloc(document->size + 1);
	if (plan->text == NULL) {
		plan->lost = true;
		return 1;
	}
	memcpy(plan->text, document->text, document->size);
	plan->size = document->size;
	return 1;
}

void api_plan(struct call *call)
{
	struct desk *desk = call->desk;
	const struct backend_ops *ops = site_backend(desk->site)->ops;
	struct plan_text plan = { 0 };
	struct problem p;

	int rc = ops->documents(desk->session, "plan", each_plan, &plan, &p);
	if (rc == 0 && plan.lost)
		rc = problem_set(&p, PROBLEM_NO_MEMORY, "out of memory");
	else if (rc == 0 && !plan.found)
		rc = problem_set(&p, PROBLEM_NOT_FOUND,
				 "no plan has been applied yet; PUT one here");
	if (rc < 0)
		call_problem(call, &p);
	else
		call_reply_text(call, 200, "application/xml", plan.text, plan.size);
	free(plan.text);
}

static int each_revision(void *owner, const struct document *document)
{
	*(int64_t *)owner = document->revision;
	return 0;
}

static int apply_plan(struct edit *edit, struct session *session, struct problem *p)
{
	struct documents_edit *it = (struct documents_edit *)edit;
	const struct http_request *request = it->call->request;
	const struct audit_entry entry =
		call_audit(it->call, "plan.apply", it->plan_name, "");

	struct document document = { .text = request->body, .size = request->body_size };
	snprintf(document.name, sizeof document.name, "%s", it->plan_name);
	if (put(it, session, "plan", &document, p) < 0 ||
	    edit_audit(edit, session, &entry, p) < 0)
		return -1;
	return edit_ops(edit)->documents(session, "plan", each_revision, &it->revision,
					 p);
}

static void answer_plan(struct edit *edit, const struct problem *problem)
{
	struct documents_edit *it = (struct documents_edit *)edit;
	struct edit ended = *edit;

	if (problem == NULL)
		call_reply(it->call, 200,
			   json_pack("{s:I, s:o}", "revision", (json_int_t)it->revision,
				     "warnings", warnings_of(&ended)));
	else
		call_problem_findings(it->call, problem, &ended.check.findings);
	edit_fini(&ended);
}

void api_plan_apply(struct call *call)
{
	struct documents_edit *it = new_edit(call);
	bool dry_run = false;

	if (it == NULL)
		return;
	int named = call_query(call, "name", it->plan_name, sizeof it->plan_name);
	if (named < 0 || call_query_flag(call, "dry-run", &dry_run) < 0)
		return;
	if (named == 0)
		strcpy(it->plan_name, "plan.xml");
	if (!name_is_legal(it->plan_name)) {
		struct problem p;
		problem_set(&p, PROBLEM_BAD_INPUT,
			    "the parameter 'name' is no file name without a slash");
		call_problem(call, &p);
		return;
	}
	it->edit.dry_run = dry_run;
	it->edit.apply = apply_plan;
	it->edit.answer = answer_plan;
	site_edit(&it->edit);
}

/* Update metadata for Windows Update Agents: to list, and to import genuine ones. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/snapshot.h"
#include "protocol/admin/call.h"
#include "protocol/admin/decision_json.h"
#include "protocol/admin/routes.h"
#include "protocol/server/edit.h"
#include "protocol/server/site.h"
#include "protocol/wusp/identity.h"
#include "protocol/wusp/import.h"
#include "protocol/wusp/library.h"

enum { DOCUMENTS_MOST = 1000 };

static json_t *update_json(const struct update *update)
{
	const struct update_document *document = &update->document;
	char id[GUID_TEXT], kb[KB_TEXT], build[BUILD_TEXT];
	json_t *one = json_object();

	member_set(one, "id", json_string(guid_format(&document->identity.id, id)));
	member_set(one, "revision", json_integer(document->identity.revision));
	member_set(one, "number", json_integer(update->revision_id));
	member_set(one, "type", json_string(update_type_names[document->type]));
	member_set(one, "title", text_json(document->title));
	if (update->key.kb != 0) {
		member_set(one, "kb", json_string(kb_format(update->key.kb, kb)));
		member_set(one, "build",
			   json_string(build_format(update->key.build, build)));
		member_set(one, "product", text_json(update->key.product));
		member_set(one, "arch", json_string(arch_name(update->arch)));
	}
	member_set(one, "bundled", json_boolean(update->is_member));
	member_set(one, "files", json_integer((json_int_t)document->file_count));
	member_set(one, "added", instant_json(update->added_s));
	return one;
}

struct listing {
	const struct library *library;
	json_t *list;
};

/* Where it came from is the store's to say. */
static int each_update(void *owner, const struct update_revision *revision)
{
	struct listing *listing = owner;
	const struct update *update =
		library_by_revision(listing->library, revision->revision_id);

	if (update == NULL)
		return 0; /* put a moment ago: the next list has it */
	json_t *one = update_json(update);
	member_set(one, "origin",
		   json_string(revision->is_imported ? "imported" : "made"));
	return json_array_append_new(listing->list, one);
}

void api_updates(struct call *call)
{
	struct desk *desk = call->desk;
	const struct backend_ops *ops = site_backend(desk->site)->ops;
	struct view *view = site_view(desk->site);
	struct listing listing = { view->library, json_array() };
	struct problem p;

	int rc = ops->updates(desk->session, each_update, &listing, &p);
	view_give(view);
	if (rc < 0) {
		json_decref(listing.list);
		call_problem(call, &p);
		return;
	}
	call_reply(call, 200, json_pack("{s:o}", "updates", listing.list));
}

/* --- import ----------------------------------------------------------------------- */

/* In the exchange's memory, but for the documents. */
struct import_call {
	struct edit edit; /* first: cast back */
	struct call *call;
	json_t *body;
	struct import_wish wish;
	const char *reason;
	size_t count;
	struct import_one *ones;
};

static json_t *document_at(const struct import_call *it, size_t index)
{
	return json_array_get(json_object_get(it->body, "documents"), index);
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text == NULL ? "" : text;
}

static int read_all(struct import_call *it, struct problem *p)
{
	for (size_t i = 0; i < it->count; i++) {
		const char *text = text_of(document_at(it, i), "text");
		if (update_document_read(text_of(document_at(it, i), "name"), text,
					 strlen(text), &it->ones[i].document,
					 &it->edit.check.findings) < 0)
			problem_set(p, PROBLEM_BAD_INPUT,
				    "the update documents have errors");
	}
	return it->edit.check.findings.errors > 0 ? -1 : 0;
}

static int put(struct import_call *it, struct session *session, size_t index,
	       struct problem *p)
{
	const struct import_one *one = &it->ones[index];
	const char *text = text_of(document_at(it, index), "text");
	struct update_revision update = { .revision = one->document.identity.revision,
					  .is_imported = true,
					  .key = one->key,
					  .arch = one->arch,
					  .document = text,
					  .size = strlen(text),
					  .added_s = it->edit.now_s };
	const struct backend_ops *ops = edit_ops(&it->edit);
	int32_t newest = 0;

	guid_format(&one->document.identity.id, update.id);
	int rc = ops->update_newest(session, update.id, &newest, p);
	if (rc < 0)
		return -1;
	if (rc == 1 && update.revision <= newest)
		return problem_set(p, PROBLEM_CONFLICT,
				   "%.80s: revision %d of this update is here already; "
				   "agents would not take %d for new",
				   text_of(document_at(it, index), "name"), newest,
				   update.revision);
	return ops->update_put(session, &update, p);
}

static int import(struct edit *edit, struct session *session, struct problem *p)
{
	struct import_call *it = (struct import_call *)edit;
	struct view *view = site_view(edit->site);
	char subject[64];

	int rc = read_all(it, p);
	if (rc == 0)
		rc = import_match(view->snapshot->catalog, &it->wish, it->ones, it->count,
				  p);
	for (size_t i = 0; rc == 0 && i < it->count; i++)
		rc = put(it, session, i, p);
	if (rc == 0)
		rc = wusp_identity_put_generation(edit_ops(edit), session,
						  view->wusp.generation + 1, p);
	view_give(view);
	if (rc < 0)
		return -1;
	snprintf(subject, sizeof subject, "%zu updates", it->count);
	const struct audit_entry entry =
		call_audit(it->call, "update.import", subject, it->reason);
	return edit_audit(edit, session, &entry, p);
}

static json_t *imported_json(const struct import_call *it)
{
	json_t *list = json_array();
	char kb[KB_TEXT], id[GUID_TEXT];

	for (size_t i = 0; i < it->count; i++) {
		const struct import_one *one = &it->ones[i];
		json_t *told = json_object();
		member_set(told, "id",
			   json_string(guid_format(&one->document.identity.id, id)));
		member_set(told, "title", text_json(one->document.title));
		if (one->key.kb != 0) {
			member_set(told, "kb", json_string(kb_format(one->key.kb, kb)));
			member_set(told, "product", text_json(one->key.product));
			member_set(told, "arch", json_string(arch_name(one->arch)));
		}
		json_array_append_new(list, told);
	}
	return json_pack("{s:o,s:b}", "imported", list, "dry_run", it->edit.dry_run);
}

static void answer(struct edit *edit, const struct problem *problem)
{
	struct import_call *it = (struct import_call *)edit;
	struct edit ended = *edit; /* the exchange's memory goes with the reply */
	struct import_one *ones = it->ones;
	size_t count = it->count;
	json_t *body = it->body;

	if (problem != NULL)
		call_problem_findings(it->call, problem, &ended.check.findings);
	else
		call_reply(it->call, 200, imported_json(it));
	for (size_t i = 0; i < count; i++)
		update_document_fini(&ones[i].document);
	free(ones);
	json_decref(body);
	edit_fini(&ended);
}

static int read_wish(struct import_call *it, struct problem *p)
{
	const char *kb = text_of(it->body, "kb"), *arch = text_of(it->body, "arch");

	it->wish.product = text_of(it->body, "product");
	it->reason = text_of(it->body, "reason");
	it->edit.dry_run = json_is_true(json_object_get(it->body, "dry_run"));
	if (kb[0] != '\0' && !kb_parse(kb, &it->wish.kb))
		return problem_set(p, PROBLEM_BAD_INPUT, "'%.40s' is no KB", kb);
	it->wish.arch = arch[0] == '\0' ? ARCH_NONE : arch_parse(arch);
	if (arch[0] != '\0' && it->wish.arch == ARCH_NONE)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "'%.40s' is no architecture: x64 or arm64 is", arch);
	it->count = json_array_size(json_object_get(it->body, "documents"));
	if (it->count == 0 || it->count > DOCUMENTS_MOST)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "\"documents\" wants 1 to %d update documents",
				   DOCUMENTS_MOST);
	it->ones = calloc(it->count, sizeof it->ones[0]);
	return it->ones == NULL ? problem_set(p, PROBLEM_NO_MEMORY, "out of memory") : 0;
}

void api_updates_import(struct call *call)
{
	struct import_call *it = exchange_allocate(call->exchange, sizeof *it);
	struct problem p;

	json_t *body = call_object(call);
	if (body == NULL)
		return;
	if (it == NULL) {
		json_decref(body);
		problem_set(&p, PROBLEM_NO_MEMORY, "out of memory");
		call_problem(call, &p);
		return;
	}
	it->call = call;
	it->body = body;
	if (read_wish(it, &p) < 0) {
		json_decref(body);
		call_problem(call, &p);
		return;
	}
	it->edit.site = call->desk->site;
	it->edit.loop = call->desk->loop;
	it->edit.changes_view = true;
	it->edit.apply = import;
	it->edit.answer = answer;
	site_edit(&it->edit);
}

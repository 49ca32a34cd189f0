/* Update metadata for Windows Update Agents: to look at, and to retire genuine ones. */

#include <stdio.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/snapshot.h"
#include "protocol/admin/call.h"
#include "protocol/admin/decision_json.h"
#include "protocol/admin/routes.h"
#include "protocol/server/edit.h"
#include "protocol/server/site.h"
#include "protocol/wusp/identity.h"
#include "protocol/wusp/library.h"

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

/* --- one ---------------------------------------------------------------------------- */

/* "72e7624a-5b00-45d2-b92f-e561c0a6a160 Windows 11" */
static json_t *named_json(const struct library *library, const struct guid *id)
{
	const struct update_identity identity = { *id, 0 };
	const struct update *update = library_by_identity(library, &identity);
	char text[GUID_TEXT + sizeof update->document.title + 1], name[GUID_TEXT];

	snprintf(text, sizeof text, "%s %s", guid_format(id, name),
		 update != NULL ? update->document.title : "(not here)");
	return text_json(text);
}

static json_t *needs_json(const struct library *library,
			  const struct update_document *document)
{
	json_t *list = json_array();

	for (size_t i = 0; i < document->clause_count; i++) {
		const struct update_clause *clause = &document->clauses[i];
		json_t *any = json_array();
		for (size_t k = 0; k < clause->count; k++)
			json_array_append_new(any, named_json(library, &clause->ids[k]));
		json_array_append_new(list, any);
	}
	return list;
}

static json_t *files_json(const struct view *view, const struct update_document *document)
{
	json_t *list = json_array();

	for (size_t i = 0; i < document->file_count; i++) {
		const struct update_file *file = &document->files[i];
		char sha256[2 * sizeof file->sha256 + 1] = "";
		bool is_here = false;
		for (size_t k = 0; file->has_sha256 && k < sizeof file->sha256; k++)
			snprintf(sha256 + 2 * k, 3, "%02x", file->sha256[k]);
		for (size_t k = 0; k < view->payload_count; k++)
			is_here =
				is_here || strcmp(view->payloads[k].sha256, sha256) == 0;
		json_t *one = json_object();
		member_set(one, "name", text_json(file->name));
		member_set(one, "size", json_integer((json_int_t)file->size_bytes));
		member_set(one, "sha256", json_string(sha256));
		member_set(one, "here", json_boolean(is_here));
		json_array_append_new(list, one);
	}
	return list;
}

static json_t *whole_json(const struct view *view, const struct update *update)
{
	const struct update_document *document = &update->document;
	json_t *one = update_json(update), *kbs = json_array(), *bundles = json_array();
	json_t *supersedes = json_array();
	char kb[KB_TEXT];

	for (size_t i = 0; i < document->kb_count; i++)
		json_array_append_new(kbs, json_string(kb_format(document->kbs[i], kb)));
	for (size_t i = 0; i < document->member_count; i++)
		json_array_append_new(
			bundles, named_json(view->library, &document->members[i].id));
	for (size_t i = 0; i < document->superseded_count; i++)
		json_array_append_new(
			supersedes, named_json(view->library, &document->superseded[i]));
	member_set(one, "leaf", json_boolean(update->is_leaf));
	member_set(one, "handler", text_json(document->handler));
	member_set(one, "uninstalls", json_boolean(document->can_uninstall));
	member_set(one, "kbs", kbs);
	member_set(one, "needs", needs_json(view->library, document));
	member_set(one, "bundles", bundles);
	member_set(one, "supersedes", supersedes);
	member_set(one, "files", files_json(view, document));
	return one;
}

/* The store's side of one update. */
struct finding_one {
	const char *id;
	bool is_found, is_imported;
	int32_t revision_id;
	json_t *document;
};

static int each_sought(void *owner, const struct update_revision *revision)
{
	struct finding_one *sought = owner;

	if (strcmp(revision->id, sought->id) != 0)
		return 0;
	sought->is_found = true;
	sought->is_imported = revision->is_imported;
	sought->revision_id = revision->revision_id;
	sought->document = json_stringn(revision->document, revision->size);
	return 1;
}

static int not_found(const char *id, struct problem *p)
{
	return problem_set(
		p, PROBLEM_NOT_FOUND,
		"there is no update '%.80s'; \"patchyard update list --columns "
		"id,title\" has them all",
		id);
}

/* In the form that the store keeps it; false where it is no GUID. */
static bool read_id(const char *text, char id[static UPDATE_ID_TEXT])
{
	struct guid guid;

	if (!guid_parse(text, strlen(text), &guid))
		return false;
	guid_format(&guid, id);
	return true;
}

void api_update(struct call *call)
{
	struct desk *desk = call->desk;
	const struct backend_ops *ops = site_backend(desk->site)->ops;
	char id[UPDATE_ID_TEXT] = "";
	struct finding_one sought = { .id = id };
	struct problem p;

	int rc = read_id(call->id, id)
			 ? ops->updates(desk->session, each_sought, &sought, &p)
			 : 0;
	struct view *view = site_view(desk->site);
	const struct update *update =
		rc == 0 && sought.is_found
			? library_by_revision(view->library, sought.revision_id)
			: NULL;
	if (update != NULL) {
		json_t *one = whole_json(view, update);
		member_set(one, "origin",
			   json_string(sought.is_imported ? "imported" : "made"));
		member_set(one, "document", json_incref(sought.document));
		call_reply(call, 200, one);
	} else {
		if (rc == 0)
			not_found(call->id, &p);
		call_problem(call, &p);
	}
	json_decref(sought.document);
	view_give(view);
}

/* --- retire ---------------------------------------------------------------------------
 */

/* In the exchange's memory. */
struct retire_call {
	struct edit edit; /* first: cast back */
	struct call *call;
	char id[UPDATE_ID_TEXT], reason[256];
	json_t *retired; /* ids and titles */
};

/* Does anything else that is here bundle it? */
static bool is_bundled_elsewhere(const struct library *library, const struct update *root,
				 const struct guid *member)
{
	for (size_t i = 0; i < library_count(library); i++) {
		const struct update *other = library_at(library, i);
		for (size_t k = 0; other != root && k < other->document.member_count;
		     k++) {
			if (guid_equal(&other->document.members[k].id, member))
				return true;
		}
	}
	return false;
}

static int retire_one(struct retire_call *it, struct session *session,
		      const struct library *library, const struct guid *id,
		      struct problem *p)
{
	char text[UPDATE_ID_TEXT];

	json_array_append_new(it->retired, named_json(library, id));
	return edit_ops(&it->edit)->update_retire(session, guid_format(id, text), p);
}

/* With the members that it alone has. */
static int retire_all(struct retire_call *it, struct session *session,
		      const struct library *library, const struct update *update,
		      struct problem *p)
{
	const struct update_document *document = &update->document;
	const struct backend_ops *ops = edit_ops(&it->edit);
	struct wusp_identity identity;

	if (retire_one(it, session, library, &document->identity.id, p) < 0)
		return -1;
	for (size_t i = 0; i < document->member_count; i++) {
		const struct guid *member = &document->members[i].id;
		if (!is_bundled_elsewhere(library, update, member) &&
		    retire_one(it, session, library, member, p) < 0)
			return -1;
	}
	return wusp_identity_read(ops, session, &identity, p) < 0
		       ? -1
		       : wusp_identity_put_generation(ops, session,
						      identity.generation + 1, p);
}

static int retire(struct edit *edit, struct session *session, struct problem *p)
{
	struct retire_call *it = (struct retire_call *)edit;
	struct finding_one sought = { .id = it->id };
	char subject[sizeof((struct update_document *)0)->title + UPDATE_ID_TEXT + 1];

	int rc = edit_ops(edit)->updates(session, each_sought, &sought, p);
	json_decref(sought.document);
	if (rc < 0)
		return -1;
	if (!sought.is_found)
		return not_found(it->id, p);
	if (!sought.is_imported)
		return problem_set(p, PROBLEM_CONFLICT,
				   "the server made this update of the catalog and a "
				   "payload, and would make it again; genuine ones can "
				   "be retired");
	struct view *view = edit_view(edit);
	const struct update *update =
		library_by_revision(view->library, sought.revision_id);
	rc = update == NULL ? not_found(it->id, p)
			    : retire_all(it, session, view->library, update, p);
	snprintf(subject, sizeof subject, "%s %s", it->id,
		 update == NULL ? "" : update->document.title);
	view_give(view);
	if (rc < 0)
		return -1;
	const struct audit_entry entry =
		call_audit(it->call, "update.retire", subject, it->reason);
	return edit_audit(edit, session, &entry, p);
}

static void answer_retire(struct edit *edit, const struct problem *problem)
{
	struct retire_call *it = (struct retire_call *)edit;
	struct edit ended = *edit; /* the exchange's memory goes with the reply */
	json_t *retired = it->retired;

	if (problem != NULL)
		call_problem(it->call, problem);
	else
		call_reply(it->call, 200,
			   json_pack("{s:O,s:b}", "retired", retired, "dry_run",
				     edit->dry_run));
	json_decref(retired);
	edit_fini(&ended);
}

void api_update_retire(struct call *call)
{
	struct retire_call *it = exchange_allocate(call->exchange, sizeof *it);
	struct problem p;

	if (it == NULL) {
		problem_set(&p, PROBLEM_NO_MEMORY, "out of memory");
		call_problem(call, &p);
		return;
	}
	if (call_query(call, "reason", it->reason, sizeof it->reason) < 0 ||
	    call_query_flag(call, "dry-run", &it->edit.dry_run) < 0)
		return;
	if (!read_id(call->id, it->id)) {
		not_found(call->id, &p);
		call_problem(call, &p);
		return;
	}
	it->call = call;
	it->retired = json_array();
	it->edit.site = call->desk->site;
	it->edit.loop = call->desk->loop;
	it->edit.changes_view = true;
	it->edit.apply = retire;
	it->edit.answer = answer_retire;
	site_edit(&it->edit);
}

/* Genuine update metadata that an operator brings: taken as a set, all or nothing. */

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

enum { DOCUMENTS_MOST = 1000 };

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
		struct import_one *one = &it->ones[i];
		one->name = text_of(document_at(it, i), "name");
		one->text = text_of(document_at(it, i), "text");
		if (update_document_read(one->name, one->text, strlen(one->text),
					 &one->document, &it->edit.check.findings) < 0)
			problem_set(p, PROBLEM_BAD_INPUT,
				    "the update documents have errors");
	}
	return it->edit.check.findings.errors > 0 ? -1 : 0;
}

/* Walks the updates that are current. */
struct meeting {
	struct import_call *it;
	struct problem *p;
	bool failed;
};

static int each_current(void *owner, const struct update_revision *update)
{
	struct meeting *meeting = owner;
	struct import_call *it = meeting->it;

	meeting->failed = import_meet(update, it->ones, it->count, meeting->p) < 0;
	return meeting->failed;
}

static int meet(struct import_call *it, struct session *session, struct problem *p)
{
	struct meeting meeting = { .it = it, .p = p };

	return edit_ops(&it->edit)->updates(session, each_current, &meeting, p) < 0 ||
			       meeting.failed
		       ? -1
		       : 0;
}

static int put(struct import_call *it, struct session *session,
	       const struct import_one *one, struct problem *p)
{
	struct update_revision update = { .revision = one->document.identity.revision,
					  .is_imported = true,
					  .key = one->key,
					  .arch = one->arch,
					  .document = one->text,
					  .size = strlen(one->text),
					  .added_s = it->edit.now_s };
	const struct backend_ops *ops = edit_ops(&it->edit);
	int32_t newest = 0;

	guid_format(&one->document.identity.id, update.id);
	int rc = ops->update_newest(session, update.id, &newest, p);
	if (rc < 0)
		return -1;
	if (rc == 1 && update.revision < newest)
		return problem_set(p, PROBLEM_CONFLICT,
				   "%.80s: revision %d of this update was here; agents "
				   "would not take %d for new",
				   one->name, newest, update.revision);
	return ops->update_put(session, &update, p) < 0
		       ? problem_while(p, "%.80s", one->name)
		       : 0;
}

/* How many were new, or -1. */
static int put_all(struct import_call *it, struct session *session, struct problem *p)
{
	const struct backend_ops *ops = edit_ops(&it->edit);
	struct wusp_identity identity;
	int count = 0;

	for (size_t i = 0; i < it->count; i++) {
		if (it->ones[i].is_known)
			continue;
		if (put(it, session, &it->ones[i], p) < 0)
			return -1;
		count++;
	}
	if (count == 0)
		return 0;
	if (wusp_identity_read(ops, session, &identity, p) < 0 ||
	    wusp_identity_put_generation(ops, session, identity.generation + 1, p) < 0)
		return -1;
	return count;
}

/* "3 updates, for KB5060842 of windows-11-24h2 on x64" */
static int keep_audit(struct import_call *it, struct session *session, int count,
		      struct problem *p)
{
	char subject[256], kb[KB_TEXT];
	size_t used = (size_t)snprintf(subject, sizeof subject, "%d update%s", count,
				       count == 1 ? "" : "s");

	for (size_t i = 0; i < it->count && used < sizeof subject; i++) {
		const struct import_one *one = &it->ones[i];
		if (one->key.kb == 0)
			continue;
		used += (size_t)snprintf(subject + used, sizeof subject - used,
					 ", for %s of %s on %s",
					 kb_format(one->key.kb, kb), one->key.product,
					 arch_name(one->arch));
	}
	const struct audit_entry entry =
		call_audit(it->call, "update.import", subject, it->reason);
	return edit_audit(&it->edit, session, &entry, p);
}

static int import(struct edit *edit, struct session *session, struct problem *p)
{
	struct import_call *it = (struct import_call *)edit;
	struct view *view = edit_view(edit);

	int rc = read_all(it, p);
	if (rc == 0)
		rc = import_match(view->snapshot->catalog, &it->wish, it->ones, it->count,
				  p);
	view_give(view);
	if (rc == 0)
		rc = meet(it, session, p);
	if (rc == 0)
		rc = put_all(it, session, p);
	return rc > 0 ? keep_audit(it, session, rc, p) : rc;
}

static bool is_at_hand(const struct view *view, const struct update_file *file)
{
	char sha256[2 * sizeof file->sha256 + 1];

	for (size_t i = 0; i < sizeof file->sha256; i++)
		snprintf(sha256 + 2 * i, 3, "%02x", file->sha256[i]);
	for (size_t i = 0; file->has_sha256 && i < view->payload_count; i++) {
		if (strcmp(view->payloads[i].sha256, sha256) == 0)
			return true;
	}
	return false;
}

/* Agents will ask for these files and not get them. */
static void warn_of_files(const struct import_call *it, struct edit *ended)
{
	for (size_t i = 0; i < it->count; i++) {
		const struct import_one *one = &it->ones[i];
		const struct update_file *missing = NULL;
		size_t count = 0;
		for (size_t k = 0; k < one->document.file_count; k++) {
			const struct update_file *file = &one->document.files[k];
			if (is_at_hand(ended->view, file))
				continue;
			count++;
			missing = missing == NULL ? file : missing;
		}
		if (count > 0)
			findings_add(&ended->check.findings, SEVERITY_WARNING,
				     (struct origin){ one->name, 0 },
				     "patchyard payload add",
				     "%zu of its %zu files are not among the payloads, "
				     "so agents cannot download it: '%.100s'%s",
				     count, one->document.file_count, missing->name,
				     count > 1 ? " and others" : "");
	}
}

static json_t *imported_json(const struct import_call *it,
			     const struct findings *findings)
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
		member_set(told, "known", json_boolean(one->is_known));
		json_array_append_new(list, told);
	}
	return json_pack("{s:o,s:o,s:b}", "imported", list, "warnings",
			 findings_json(findings), "dry_run", it->edit.dry_run);
}

static void answer(struct edit *edit, const struct problem *problem)
{
	struct import_call *it = (struct import_call *)edit;
	struct edit ended = *edit; /* the exchange's memory goes with the reply */
	struct import_one *ones = it->ones;
	size_t count = it->count;
	json_t *body = it->body;

	if (problem != NULL) {
		call_problem_findings(it->call, problem, &ended.check.findings);
	} else {
		warn_of_files(it, &ended);
		call_reply(it->call, 200, imported_json(it, &ended.check.findings));
	}
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

/* Payload files: hashed and copied on the pool, then recorded in one transaction. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "protocol/admin/call.h"
#include "protocol/admin/job.h"
#include "protocol/admin/routes.h"
#include "protocol/server/edit.h"
#include "protocol/server/site.h"

enum { PAYLOADS_MAX = 4096 };

struct payloads_job {
	struct job job;   /* first the copying */
	struct edit edit; /* then the records */
	size_t count;
	struct payload *payloads;
	json_t *body; /* the paths are in it */
	const json_t *list;
};

static struct payloads_job *job_of(struct edit *edit)
{
	return (struct payloads_job *)((char *)edit -
				       offsetof(struct payloads_job, edit));
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL ? text : "";
}

/* Which release, of which architecture?  Checked against the catalog at hand. */
static int parse_one(const json_t *one, const struct catalog *catalog,
		     struct payload *payload, struct problem *p)
{
	const char *product_id = text_of(one, "product"), *path = text_of(one, "path");
	const struct product *product = catalog_product(catalog, product_id);
	struct build build;
	uint32_t kb;

	if (product == NULL)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "'%.64s' is no product of the catalog", product_id);
	if (!kb_parse(text_of(one, "kb"), &kb))
		return problem_set(p, PROBLEM_BAD_INPUT, "'%.32s' is no KB",
				   text_of(one, "kb"));
	if (!build_parse(text_of(one, "build"), &build))
		return problem_set(p, PROBLEM_BAD_INPUT, "'%.32s' is no build",
				   text_of(one, "build"));
	int64_t title = catalog_title(catalog, product, kb, build);
	if (title < 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "%s has no release KB%u with build %u.%u", product_id,
				   kb, build.base, build.revision);
	payload->arch = arch_parse(text_of(one, "arch"));
	if (payload->arch == ARCH_NONE ||
	    (catalog->titles[title].archs & payload->arch) == 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "KB%u of %s is not published for arch '%.16s'", kb,
				   product_id, text_of(one, "arch"));
	if (path[0] != '/' || strlen(path) >= 4096)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the path '%.100s' does not begin at /", path);
	snprintf(payload->key.product, sizeof payload->key.product, "%s", product->id);
	payload->key.kb = kb;
	payload->key.build = build;
	const char *name = strrchr(path, '/') + 1;
	int wanted = snprintf(payload->name, sizeof payload->name, "%s", name);
	if (wanted <= 0 || (size_t)wanted >= sizeof payload->name)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the path '%.100s' ends in no file name of up to 255 "
				   "bytes",
				   path);
	return 0;
}

static int copy_files(struct job *job, struct problem *p)
{
	struct payloads_job *it = (struct payloads_job *)job;

	for (size_t i = 0; i < it->count; i++) {
		const json_t *one = json_array_get(it->list, i);
		if (parse_one(one, job->view->snapshot->catalog, &it->payloads[i], p) < 0)
			return problem_while(p, "payload %zu", i + 1);
	}
	for (size_t i = 0; i < it->count; i++) {
		const char *path = text_of(json_array_get(it->list, i), "path");
		if (job_may_go_on(job, p) < 0 ||
		    site_content_add(job->site, path, &it->payloads[i], p) < 0)
			return problem_while(p, "payload %zu", i + 1);
	}
	return 0;
}

static int put_records(struct edit *edit, struct session *session, struct problem *p)
{
	struct payloads_job *it = job_of(edit);

	for (size_t i = 0; i < it->count; i++) {
		struct payload *payload = &it->payloads[i];
		char subject[512];
		payload->added_s = edit->now_s;
		snprintf(subject, sizeof subject, "%s KB%u %u.%u %s %s",
			 payload->key.product, payload->key.kb, payload->key.build.base,
			 payload->key.build.revision, arch_name(payload->arch),
			 payload->sha256);
		const struct audit_entry entry =
			call_audit(it->job.call, "payload.add", subject, "");
		if (edit_ops(edit)->payload_put(session, payload, p) < 0 ||
		    edit_audit(edit, session, &entry, p) < 0)
			return -1;
	}
	return 0;
}

static void finish(struct payloads_job *it, const struct problem *problem)
{
	struct call *call = it->job.call;
	json_int_t count = (json_int_t)it->count;

	json_decref(it->body);
	free(it->payloads);
	edit_fini(&it->edit);
	if (problem != NULL)
		call_problem(call, problem);
	else
		call_reply(call, 200, json_pack("{s:I}", "added", count));
}

static void answer_records(struct edit *edit, const struct problem *problem)
{
	finish(job_of(edit), problem);
}

static void files_copied(struct job *job, const struct problem *problem)
{
	struct payloads_job *it = (struct payloads_job *)job;

	if (problem != NULL) {
		finish(it, problem);
		return;
	}
	it->edit.site = job->site;
	it->edit.loop = job->call->desk->loop;
	it->edit.changes_view = true;
	it->edit.apply = put_records;
	it->edit.answer = answer_records;
	site_edit(&it->edit);
}

void api_payloads_add(struct call *call)
{
	struct problem p;
	json_t *body = call_object(call);

	if (body == NULL)
		return;
	const json_t *list = json_object_get(body, "payloads");
	size_t count = json_array_size(list);
	if (count == 0 || count > PAYLOADS_MAX) {
		json_decref(body);
		problem_set(&p, PROBLEM_BAD_INPUT,
			    "the body wants {\"payloads\": [{\"product\", \"kb\", "
			    "\"build\", \"arch\", \"path\"}]}, 1 to %d of them",
			    PAYLOADS_MAX);
		call_problem(call, &p);
		return;
	}
	struct payloads_job *it = exchange_allocate(call->exchange, sizeof *it);
	struct payload *payloads = calloc(count, sizeof *payloads);
	if (it == NULL || payloads == NULL) {
		free(payloads);
		json_decref(body);
		problem_set(&p, PROBLEM_NO_MEMORY, "out of memory");
		call_problem(call, &p);
		return;
	}
	it->count = count;
	it->payloads = payloads;
	it->body = body;
	it->list = list;
	it->job.call = call;
	it->job.work = copy_files;
	it->job.reply = files_copied;
	job_start(&it->job);
}

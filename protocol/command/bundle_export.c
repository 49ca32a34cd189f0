/* A bundle onto media: snapshot and timestamp made, then the files that are wanted, then
 * the metadata, and the timestamp last, so that a medium that was broken off is not taken
 * for a whole one.  An export that was broken off is made again and goes on with what is
 * there. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "engine/buffer.h"
#include "engine/instant.h"
#include "engine/problem.h"
#include "protocol/command/bundle.h"
#include "protocol/command/bundle_contents.h"
#include "protocol/command/bundle_export.h"
#include "protocol/command/tell.h"
#include "protocol/tuf/tuf_medium.h"
#include "protocol/tuf/tuf_tree.h"
#include "protocol/tuf/tuf_write.h"

/* The newest file of a role, good at `now_s` and signed as `root` asks. */
static struct tuf_metadata *newest(int repository, enum tuf_role role,
				   const struct tuf_metadata *root, int64_t now_s,
				   struct problem *p)
{
	uint32_t version;

	if (bundle_newest(repository, role, &version, p) < 0)
		return NULL;
	struct tuf_metadata *m =
		bundle_read(repository, role, version == 0 ? 1 : version, p);
	if (m != NULL && tuf_metadata_signed(m, root == NULL ? m : root, p) == 0 &&
	    tuf_metadata_fresh(m, now_s, p) == 0)
		return m;
	tuf_metadata_free(m);
	return NULL;
}

/* Sign a draft, see that it has enough signatures, and keep it in the repository. */
static struct tuf_metadata *publish(struct export *export, enum tuf_role role,
				    struct buffer *draft, const char *name,
				    struct problem *p)
{
	size_t signers;
	struct tuf_metadata *m = NULL;

	if (bundle_sign(draft, role, &export->keys, export->root, &signers, p) == 0)
		m = tuf_metadata_read(role, name, draft->at, draft->size, p);
	if (m != NULL && tuf_metadata_signed(m, export->root, p) == 0) {
		int folder = bundle_folder(export->repository, "metadata", p);
		int result = folder < 0
				     ? -1
				     : tuf_tree_write(folder, name, m->bytes, m->size, p);
		if (folder >= 0)
			close(folder);
		if (result == 0)
			return m;
	}
	tuf_metadata_free(m);
	return NULL;
}

static int make_snapshot(struct export *export, struct tuf_head *head, struct problem *p)
{
	struct buffer draft;
	char name[BUNDLE_NAME];

	if (bundle_newest(export->repository, TUF_SNAPSHOT, &head->version, p) < 0)
		return -1;
	head->version++;
	snprintf(name, sizeof name, "%u.snapshot.json", head->version);
	buffer_init(&draft, TUF_SNAPSHOT_MOST);
	if (tuf_write_snapshot(&draft, head, export->file[TUF_TARGETS], p) == 0)
		export->file[TUF_SNAPSHOT] =
			publish(export, TUF_SNAPSHOT, &draft, name, p);
	buffer_fini(&draft);
	return export->file[TUF_SNAPSHOT] == NULL ? -1 : 0;
}

static int make_timestamp(struct export *export, struct tuf_head *head, struct problem *p)
{
	struct buffer draft;
	struct tuf_metadata *before =
		bundle_read(export->repository, TUF_TIMESTAMP, 0, p);

	if (before == NULL && p->kind != PROBLEM_NOT_FOUND)
		return -1;
	head->version = before == NULL ? 1 : before->version + 1;
	head->made_s = export->now_s;
	tuf_metadata_free(before);
	buffer_init(&draft, TUF_TIMESTAMP_MOST);
	if (tuf_write_timestamp(&draft, head, export->file[TUF_SNAPSHOT], p) == 0)
		export->file[TUF_TIMESTAMP] =
			publish(export, TUF_TIMESTAMP, &draft, "timestamp.json", p);
	buffer_fini(&draft);
	return export->file[TUF_TIMESTAMP] == NULL ? -1 : 0;
}

static int prepare(struct export *export, const struct invocation *invocation,
		   struct problem *p)
{
	const char *since = invocation->options[OPTION_SINCE];
	const char *most = invocation->options[OPTION_MAX_SIZE];
	struct tuf_head head = { 0 };

	export->most = UINT64_MAX;
	if (most != NULL && !bundle_size_parse(most, &export->most))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "--max-size takes a size such as 4G or 650M, not "
				   "\"%.60s\"",
				   most);
	export->splits = most != NULL;
	if (bundle_now(invocation, &export->now_s, p) < 0 ||
	    bundle_expiry(invocation, export->now_s, BUNDLE_EXPORT_DAYS, &head.expires_s,
			  p) < 0 ||
	    bundle_contents_read(&export->contents, invocation->options[OPTION_CONTENTS],
				 p) < 0 ||
	    bundle_keys_read(&export->keys, invocation, p) < 0)
		return -1;
	export->root = newest(export->repository, TUF_ROOT, NULL, export->now_s, p);
	if (export->root == NULL)
		return -1;
	export->file[TUF_TARGETS] =
		newest(export->repository, TUF_TARGETS, export->root, export->now_s, p);
	if (export->file[TUF_TARGETS] == NULL ||
	    export_plan(export, since, p) < 0) /* before a version is used up */
		return -1;
	if (make_snapshot(export, &head, p) < 0)
		return -1;
	return make_timestamp(export, &head, p);
}

static void export_fini(struct export *export)
{
	if (export->repository >= 0)
		close(export->repository);
	bundle_contents_fini(&export->contents);
	bundle_keys_fini(&export->keys);
	tuf_metadata_free(export->root);
	for (int role = TUF_TIMESTAMP; role < TUF_ROLES; role++)
		tuf_metadata_free(export->file[role]);
	free(export->items);
}

static void tell_done(const struct invocation *invocation, const struct export *export)
{
	char files[48];

	if (invocation->format == FORMAT_JSON || invocation->format == FORMAT_JSONL) {
		json_t *whole =
			json_pack("{s:I,s:I,s:I,s:I,s:I}", "timestamp",
				  (json_int_t) export->file[TUF_TIMESTAMP]->version,
				  "volumes", (json_int_t) export->volumes, "files",
				  (json_int_t) export->written, "left_out",
				  (json_int_t) export->left_out, "removed",
				  (json_int_t) export->removed);
		json_dumpf(whole, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(whole);
		return;
	}
	tell_note(invocation, "%s on %zu %s, %zu left out since they are there already.",
		  count_things(export->written, "file", files, sizeof files),
		  export->volumes, export->volumes == 1 ? "volume" : "volumes",
		  export->left_out);
	if (export->removed > 0)
		tell_note(invocation, "Removed of older bundles there: %zu.",
			  export->removed);
}

enum status run_bundle_export(const struct invocation *invocation)
{
	struct export export = { .contents = { .folder = -1 } };
	struct problem p = { 0 };
	int result = -1;

	export.repository = tuf_tree_open(invocation->arguments[0], &p);
	if (export.repository >= 0 && invocation->options[OPTION_CONTENTS] == NULL)
		problem_set(&p, PROBLEM_BAD_INPUT,
			    "the files themselves are needed; name their folder with "
			    "--contents");
	else if (export.repository >= 0 && prepare(&export, invocation, &p) == 0)
		result = export_write(&export, invocation->arguments[1], &p);
	enum status status =
		result == 0 ? STATUS_DONE : bundle_told(invocation, "export it", &p);
	if (result == 0)
		tell_done(invocation, &export);
	export_fini(&export);
	return status;
}

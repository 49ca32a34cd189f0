/* The list of targets, made from a folder of contents and waiting for its signatures. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/buffer.h"
#include "engine/problem.h"
#include "protocol/command/bundle.h"
#include "protocol/command/bundle_contents.h"
#include "protocol/command/tell.h"
#include "protocol/tuf/tuf_tree.h"

static int measure(const struct bundle_contents *contents, struct tuf_entry *entries,
		   struct problem *p)
{
	for (size_t i = 0; i < contents->count; i++) {
		const struct bundle_content *content = &contents->list[i];
		struct tuf_entry *entry = &entries[i];
		uint64_t size;
		int fd;
		enum tuf_found found =
			tuf_tree_file(contents->folder, content->path, &fd, &size, p);
		if (found == TUF_ABSENT)
			return problem_set(
				p, PROBLEM_NOT_FOUND,
				"contents.tsv names %.120s, which is not there",
				content->path);
		if (found == TUF_FAULTY)
			return -1;
		entry->name = content->name;
		entry->custom = content->custom;
		int result = tuf_digest_fd(fd, TUF_LENGTH_MOST, entry->digest,
					   &entry->length, p);
		close(fd);
		if (result < 0)
			return problem_while(p, "%.100s", content->path);
	}
	return 0;
}

/* Which version comes next: an unsigned draft is made anew in its place. */
static int next_version(int repository, const struct tuf_metadata *root,
			uint32_t *version, struct problem *p)
{
	struct problem none;

	if (bundle_newest(repository, TUF_TARGETS, version, p) < 0)
		return -1;
	struct tuf_metadata *newest =
		*version == 0 ? NULL : bundle_read(repository, TUF_TARGETS, *version, p);
	if (*version > 0 && newest == NULL)
		return -1;
	if (newest == NULL || tuf_metadata_signed(newest, root, &none) == 0)
		++*version;
	tuf_metadata_free(newest);
	return 0;
}

static struct tuf_metadata *newest_root(int repository, struct problem *p)
{
	uint32_t version;

	if (bundle_newest(repository, TUF_ROOT, &version, p) < 0)
		return NULL;
	struct tuf_metadata *root =
		bundle_read(repository, TUF_ROOT, version == 0 ? 1 : version, p);
	if (root != NULL && tuf_metadata_signed(root, root, p) == 0)
		return root;
	tuf_metadata_free(root);
	problem_while(p, "the repository's root");
	return NULL;
}

struct preparation {
	struct bundle_contents contents;
	struct bundle_keys keys;
	struct tuf_metadata *root;
	struct tuf_entry *entries;
	struct tuf_head head;
	struct buffer draft;
	size_t signers;
};

static int prepare(struct preparation *work, const struct invocation *invocation,
		   int repository, struct problem *p)
{
	char name[BUNDLE_NAME];
	int64_t now_s;

	if (bundle_now(invocation, &now_s, p) < 0 ||
	    bundle_expiry(invocation, now_s, BUNDLE_TARGETS_DAYS, &work->head.expires_s,
			  p) < 0 ||
	    bundle_contents_read(&work->contents, invocation->arguments[1], p) < 0)
		return -1;
	work->root = newest_root(repository, p);
	if (work->root == NULL ||
	    next_version(repository, work->root, &work->head.version, p) < 0)
		return -1;
	work->entries = calloc(work->contents.count, sizeof *work->entries);
	if (work->entries == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY, "no memory");
	if (measure(&work->contents, work->entries, p) < 0 ||
	    tuf_write_targets(&work->draft, &work->head, work->entries,
			      work->contents.count, p) < 0 ||
	    bundle_keys_read(&work->keys, invocation, p) < 0 ||
	    bundle_sign(&work->draft, TUF_TARGETS, &work->keys, work->root,
			&work->signers, p) < 0)
		return -1;
	int folder = bundle_folder(repository, "metadata", p);
	if (folder < 0)
		return -1;
	snprintf(name, sizeof name, "%u.targets.json", work->head.version);
	int result = tuf_tree_write(folder, name, work->draft.at, work->draft.size, p);
	close(folder);
	return result;
}

enum status run_bundle_prepare(const struct invocation *invocation)
{
	struct preparation work = { .contents = { .folder = -1 } };
	struct problem p = { 0 };
	int repository = tuf_tree_open(invocation->arguments[0], &p);

	buffer_init(&work.draft, TUF_TARGETS_MOST);
	int result = repository < 0 ? -1 : prepare(&work, invocation, repository, &p);
	if (result == 0)
		tell_note(invocation,
			  "%s/metadata/%u.targets.json lists %zu files and has %zu of "
			  "the %u signatures it needs.",
			  invocation->arguments[0], work.head.version,
			  work.contents.count, work.signers,
			  work.root->trust[TUF_TARGETS].threshold);
	if (repository >= 0)
		close(repository);
	buffer_fini(&work.draft);
	bundle_keys_fini(&work.keys);
	bundle_contents_fini(&work.contents);
	tuf_metadata_free(work.root);
	free(work.entries);
	return result == 0 ? STATUS_DONE : bundle_told(invocation, "prepare it", &p);
}

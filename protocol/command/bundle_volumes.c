/* The volumes of an export: which file goes where, and all of it written. */

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
#include "protocol/command/bundle_export.h"
#include "protocol/tuf/tuf_medium.h"
#include "protocol/tuf/tuf_tree.h"

/* Room that the metadata of a volume take beside its files, generously. */
static uint64_t overhead(const struct export *export)
{
	return export->file[TUF_TARGETS]->size +
	       export->root->size * export->root->version +
	       (uint64_t)TUF_TIMESTAMP_MOST * 4;
}

static int too_large(const struct export *export, const struct tuf_target *target,
		     struct problem *p)
{
	return problem_set(
		p, PROBLEM_TOO_LARGE,
		"'%.120s' with its metadata needs %llu bytes, more than the %llu "
		"of --max-size; take larger media",
		target->name,
		(unsigned long long)target->length + (unsigned long long)overhead(export),
		(unsigned long long)export->most);
}

/* What an earlier bundle listed.  It decides only what is left out, and an importer that
 * has it not says so: so its form is looked at, not its signatures. */
static struct tuf_metadata *earlier(const char *since, struct problem *p)
{
	uint32_t version;
	int fd = tuf_tree_open(since, p);

	if (fd < 0)
		return NULL;
	struct tuf_metadata *targets =
		bundle_newest(fd, TUF_TARGETS, &version, p) < 0
			? NULL
			: bundle_read(fd, TUF_TARGETS, version == 0 ? 1 : version, p);
	close(fd);
	if (targets == NULL)
		problem_while(p, "--since %.80s", since);
	return targets;
}

static bool listed_before(const struct tuf_metadata *before,
			  const struct tuf_target *target)
{
	const struct tuf_target *found =
		before == NULL ? NULL : tuf_metadata_target(before, target->name);

	return found != NULL && memcmp(found->digest, target->digest, TUF_DIGEST) == 0;
}

static int plan_all(struct export *export, const struct tuf_metadata *before,
		    struct problem *p)
{
	const struct tuf_metadata *targets = export->file[TUF_TARGETS];
	uint64_t fixed = overhead(export), used = fixed;

	export->volumes = 1;
	for (size_t i = 0; i < targets->target_count; i++) {
		struct export_item *item = &export->items[i];
		item->target = &targets->targets[i];
		if (listed_before(before, item->target)) {
			export->left_out++;
			continue;
		}
		item->content =
			bundle_contents_find(&export->contents, item->target->name);
		if (item->content == NULL)
			return problem_set(
				p, PROBLEM_NOT_FOUND,
				"'%.120s' is signed but not in contents.tsv; "
				"prepare and sign the present contents, or add "
				"it",
				item->target->name);
		if (fixed > export->most || item->target->length > export->most - fixed)
			return too_large(export, item->target, p);
		if (item->target->length > export->most - used) {
			if (++export->volumes > TUF_VOLUMES_MOST)
				return problem_set(p, PROBLEM_TOO_LARGE,
						   "more than %d volumes; take larger "
						   "media",
						   TUF_VOLUMES_MOST);
			used = fixed;
		}
		used += item->target->length;
		item->volume = export->volumes;
		export->written++;
	}
	return 0;
}

int export_plan(struct export *export, const char *since, struct problem *p)
{
	struct tuf_metadata *before = since == NULL ? NULL : earlier(since, p);

	if (since != NULL && before == NULL)
		return -1;
	export->items = calloc(export->file[TUF_TARGETS]->target_count + 1,
			       sizeof *export->items);
	int result = export->items == NULL
			     ? problem_set(p, PROBLEM_NO_MEMORY, "no memory")
			     : plan_all(export, before, p);
	tuf_metadata_free(before);
	return result;
}

struct cleaning {
	struct export *export;
	int folder;
	size_t volume;
	bool targets; /* the folder of targets, not of metadata */
};

static bool belongs(const struct cleaning *cleaning, const char *entry)
{
	const struct export *export = cleaning->export;
	char name[TUF_FILE_NAME];

	if (!cleaning->targets) {
		snprintf(name, sizeof name, "%u.snapshot.json",
			 export->file[TUF_SNAPSHOT]->version);
		bool kept = strcmp(entry, name) == 0;
		snprintf(name, sizeof name, "%u.targets.json",
			 export->file[TUF_TARGETS]->version);
		return kept || strcmp(entry, name) == 0 ||
		       strstr(entry, ".root.json") != NULL;
	}
	/* "<sha256>.<name>", and perhaps ".part" */
	size_t size = strlen(entry), part = sizeof ".part" - 1;
	bool partial = size > part && strcmp(entry + size - part, ".part") == 0;
	snprintf(name, sizeof name, "%.*s", (int)(partial ? size - part : size), entry);
	const struct tuf_metadata *targets = export->file[TUF_TARGETS];
	const struct tuf_target *target =
		tuf_metadata_target(targets, name + TUF_DIGEST_TEXT);
	if (target == NULL ||
	    export->items[target - targets->targets].volume != cleaning->volume)
		return false;
	tuf_target_file(target, name);
	return strncmp(entry, name, strlen(name)) == 0;
}

/* Files of the form that bundles have, of an older one: they would be in its way. */
static bool is_ours(const struct cleaning *cleaning, const char *entry)
{
	if (cleaning->targets)
		return strspn(entry, "0123456789abcdef") == TUF_DIGEST_TEXT - 1 &&
		       entry[TUF_DIGEST_TEXT - 1] == '.';
	return strcmp(entry, "timestamp.json") == 0 ||
	       strstr(entry, ".snapshot.json") != NULL ||
	       strstr(entry, ".targets.json") != NULL;
}

static int on_older(void *owner, const char *entry, struct problem *p)
{
	struct cleaning *cleaning = owner;

	if (!is_ours(cleaning, entry) || belongs(cleaning, entry))
		return 0;
	if (unlinkat(cleaning->folder, entry, 0) < 0)
		return problem_set(p, PROBLEM_EXTERNAL, "%.160s cannot be removed: %s",
				   entry, strerror(errno));
	/* the timestamp is always written anew, and last */
	cleaning->export->removed += strcmp(entry, "timestamp.json") != 0;
	return 0;
}

static int write_targets(struct export *export, int folder, size_t volume,
			 struct problem *p)
{
	char file[TUF_FILE_NAME];
	struct problem none;

	for (size_t i = 0; i < export->file[TUF_TARGETS]->target_count; i++) {
		const struct export_item *item = &export->items[i];
		uint64_t size;
		int from;
		if (item->volume != volume)
			continue;
		tuf_target_file(item->target, file);
		if (tuf_target_verify(item->target, folder, file, &none) == 0)
			continue; /* of an export that was broken off */
		enum tuf_found found = tuf_tree_file(
			export->contents.folder, item->content->path, &from, &size, p);
		if (found == TUF_ABSENT)
			return problem_set(p, PROBLEM_NOT_FOUND,
					   "%.120s is not in the contents any more",
					   item->content->path);
		if (found == TUF_FAULTY)
			return -1;
		int result = tuf_target_copy(item->target, from, folder, file, p);
		close(from);
		if (result < 0)
			return -1;
	}
	return 0;
}

static int write_metadata(const struct export *export, int folder, struct problem *p)
{
	static const enum tuf_role order[] = { TUF_TARGETS, TUF_SNAPSHOT, TUF_TIMESTAMP };
	char name[BUNDLE_NAME];

	for (uint32_t version = 1; version <= export->root->version; version++) {
		struct tuf_metadata *root =
			bundle_read(export->repository, TUF_ROOT, version, p);
		if (root == NULL)
			return -1;
		snprintf(name, sizeof name, "%u.root.json", version);
		int result = tuf_tree_write(folder, name, root->bytes, root->size, p);
		tuf_metadata_free(root);
		if (result < 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
		const struct tuf_metadata *m = export->file[order[i]];
		if (order[i] == TUF_TIMESTAMP)
			snprintf(name, sizeof name, "timestamp.json");
		else
			snprintf(name, sizeof name, "%u.%s.json", m->version,
				 tuf_role_names[order[i]]);
		if (tuf_tree_write(folder, name, m->bytes, m->size, p) < 0)
			return -1;
	}
	return 0;
}

/* For people who find the disk in a drawer; nobody reads it otherwise. */
static int write_hint(const struct export *export, int folder, size_t volume,
		      struct problem *p)
{
	char made[INSTANT_TEXT], expires[INSTANT_TEXT];
	const struct tuf_metadata *timestamp = export->file[TUF_TIMESTAMP];
	json_t *hint = json_pack(
		"{s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I}", "note",
		"A hint for people.  It is not signed: patchyard bundle verify knows.",
		"made", instant_format(export->now_s, made), "good_until",
		instant_format(timestamp->expires_s, expires), "bundle",
		(json_int_t)timestamp->version, "volume", (json_int_t)volume, "volumes",
		(json_int_t) export->volumes, "files",
		(json_int_t) export->file[TUF_TARGETS]->target_count, "left_out",
		(json_int_t) export->left_out);
	char *text = hint == NULL ? NULL : json_dumps(hint, JSON_INDENT(2));
	int result = text == NULL ? problem_set(p, PROBLEM_NO_MEMORY, "no memory")
				  : tuf_tree_write(folder, "bundle.json", text,
						   strlen(text), p);
	free(text);
	json_decref(hint);
	return result;
}

static int write_volume(struct export *export, int folder, size_t volume,
			struct problem *p)
{
	int metadata = bundle_folder(folder, "metadata", p);
	int targets = metadata < 0 ? -1 : bundle_folder(folder, "targets", p);
	struct cleaning cleaning = { export, metadata, volume, false };
	int result = -1;

	if (targets < 0 || tuf_tree_list(folder, "metadata", on_older, &cleaning, p) < 0)
		goto end;
	cleaning.folder = targets;
	cleaning.targets = true;
	if (tuf_tree_list(folder, "targets", on_older, &cleaning, p) == 0 &&
	    write_targets(export, targets, volume, p) == 0 &&
	    write_hint(export, folder, volume, p) == 0 &&
	    write_metadata(export, metadata, p) == 0)
		result = 0;
end:
	if (metadata >= 0)
		close(metadata);
	if (targets >= 0)
		close(targets);
	return result;
}

int export_write(struct export *export, const char *path, struct problem *p)
{
	int top = bundle_folder_named(path, p);
	int result = top < 0 ? -1 : 0;

	for (size_t volume = 1; result == 0 && volume <= export->volumes; volume++) {
		char name[24];
		snprintf(name, sizeof name, "%zu", volume);
		int folder = bundle_folder(top, export->splits ? name : ".", p);
		result = folder < 0 ? -1 : write_volume(export, folder, volume, p);
		if (folder >= 0)
			close(folder);
	}
	if (top >= 0)
		close(top);
	return result;
}

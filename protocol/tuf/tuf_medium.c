#include "protocol/tuf/tuf_medium.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "engine/buffer.h"
#include "engine/problem.h"
#include "protocol/tuf/tuf_tree.h"

enum { COPY_ROOM = 1024 * 1024 };

struct volume {
	const char *path;
	int fd;
};

struct tuf_medium {
	struct tuf_client *client;
	size_t volume_count;
	struct volume volumes[TUF_VOLUMES_MOST];
	size_t count;
	struct tuf_item *items; /* in the order of the names of the targets */
	size_t *by_file;        /* positions of items in the order of their files */
	size_t present;         /* the volume that is being listed */
};

void tuf_target_file(const struct tuf_target *target, char file[TUF_FILE_NAME])
{
	char hex[TUF_DIGEST_TEXT];

	tuf_hex(target->digest, sizeof target->digest, hex);
	snprintf(file, TUF_FILE_NAME, "%s.%s", hex, target->name);
}

/* Give the client each file it asks for, off the first volume. */
static int feed(struct tuf_medium *medium, struct problem *p)
{
	struct tuf_wanted wanted;

	while (tuf_client_next(medium->client, &wanted)) {
		char name[64];
		struct buffer bytes;
		int result;
		snprintf(name, sizeof name, "metadata/%s", wanted.name);
		buffer_init(&bytes, wanted.most);
		switch (tuf_tree_read(medium->volumes[0].fd, name, &bytes, p)) {
		case TUF_FOUND:
			result = tuf_client_take(medium->client,
						 bytes.at == NULL ? "" : bytes.at,
						 bytes.size, p);
			break;
		case TUF_ABSENT:
			result = tuf_client_missing(medium->client, p);
			break;
		default:
			result = -1;
		}
		buffer_fini(&bytes);
		if (result < 0)
			return -1;
	}
	return 0;
}

static int unlisted(const struct tuf_medium *medium, const char *folder,
		    const char *entry, struct problem *p)
{
	return problem_set(p, PROBLEM_BAD_INPUT,
			   "%.60s: '%s%.90s' is not part of the signed bundle; take it "
			   "off the medium, or copy the bundle anew",
			   medium->volumes[medium->present].path, folder, entry);
}

/* Is it one of the files of this bundle, or an older root? */
static bool metadata_listed(const struct tuf_medium *medium, const char *entry)
{
	char name[64];
	const struct tuf_metadata *root = tuf_client_file(medium->client, TUF_ROOT);

	if (strcmp(entry, "timestamp.json") == 0)
		return true;
	for (int role = TUF_SNAPSHOT; role <= TUF_TARGETS; role++) {
		snprintf(name, sizeof name, "%u.%s.json",
			 tuf_client_file(medium->client, (enum tuf_role)role)->version,
			 tuf_role_names[role]);
		if (strcmp(entry, name) == 0)
			return true;
	}
	char *end;
	unsigned long version = strtoul(entry, &end, 10);
	snprintf(name, sizeof name, "%lu.root.json", version);
	return version >= 1 && version <= root->version && strcmp(entry, name) == 0;
}

/* One file of metadata of a further volume: as on the first. */
static int same_everywhere(const struct tuf_medium *medium, const char *entry,
			   struct problem *p)
{
	char name[300];
	struct buffer here, first;
	const struct volume *volume = &medium->volumes[medium->present];

	snprintf(name, sizeof name, "metadata/%.255s", entry);
	buffer_init(&here, TUF_TARGETS_MOST);
	buffer_init(&first, TUF_TARGETS_MOST);
	int result = tuf_tree_read(volume->fd, name, &here, p) == TUF_FOUND ? 0 : -1;
	enum tuf_found found =
		result < 0 ? TUF_FAULTY
			   : tuf_tree_read(medium->volumes[0].fd, name, &first, p);
	if (found == TUF_FAULTY)
		result = -1;
	else if (found == TUF_ABSENT || here.size != first.size ||
		 (here.size > 0 && memcmp(here.at, first.at, here.size) != 0))
		result = problem_set(p, PROBLEM_BAD_INPUT,
				     "%.60s: %s is not as on %.60s: these are volumes "
				     "of different bundles; bring those of one",
				     volume->path, name, medium->volumes[0].path);
	buffer_fini(&here);
	buffer_fini(&first);
	return result;
}

/* A root that is older than the trusted one is not needed, but what lies there must be
 * one; the trusted one must be the very same. */
static int root_fits(const struct tuf_medium *medium, const char *entry,
		     struct problem *p)
{
	const struct tuf_metadata *root = tuf_client_file(medium->client, TUF_ROOT);
	char name[300];
	struct buffer bytes;
	int result = 0;

	snprintf(name, sizeof name, "metadata/%.255s", entry);
	buffer_init(&bytes, TUF_ROOT_MOST);
	if (tuf_tree_read(medium->volumes[medium->present].fd, name, &bytes, p) !=
	    TUF_FOUND) {
		buffer_fini(&bytes);
		return -1;
	}
	struct tuf_metadata *m = tuf_metadata_read(
		TUF_ROOT, entry, bytes.at == NULL ? "" : bytes.at, bytes.size, p);
	buffer_fini(&bytes);
	if (m == NULL)
		return -1;
	bool same = m->canonical_size == root->canonical_size &&
		    memcmp(m->canonical, root->canonical, m->canonical_size) == 0;
	if (tuf_metadata_signed(m, m, p) < 0)
		result = -1;
	else if (m->version != (uint32_t)strtoul(entry, NULL, 10) ||
		 (m->version == root->version && !same))
		result = problem_set(p, PROBLEM_BAD_INPUT,
				     "%.60s: it is not the root of this version that is "
				     "trusted; copy the bundle anew",
				     entry);
	tuf_metadata_free(m);
	return result;
}

static int on_metadata(void *owner, const char *entry, struct problem *p)
{
	struct tuf_medium *medium = owner;

	if (!metadata_listed(medium, entry))
		return unlisted(medium, "metadata/", entry, p);
	if (strstr(entry, ".root.json") != NULL && root_fits(medium, entry, p) < 0)
		return -1;
	return same_everywhere(medium, entry, p);
}

static int on_top(void *owner, const char *entry, struct problem *p)
{
	struct tuf_medium *medium = owner;
	uint64_t size;
	int fd;

	if (strcmp(entry, "metadata") == 0 || strcmp(entry, "targets") == 0)
		return 0;
	if (strcmp(entry, "bundle.json") != 0)
		return unlisted(medium, "", entry, p);
	if (tuf_tree_file(medium->volumes[medium->present].fd, entry, &fd, &size, p) !=
	    TUF_FOUND)
		return -1;
	close(fd);
	return 0;
}

static int by_file(const void *a, const void *b, void *owner)
{
	const struct tuf_medium *medium = owner;
	const size_t *one = a, *other = b;

	return strcmp(medium->items[*one].file, medium->items[*other].file);
}

static int list_items(struct tuf_medium *medium, struct problem *p)
{
	const struct tuf_metadata *targets = tuf_client_file(medium->client, TUF_TARGETS);

	medium->items = calloc(targets->target_count + 1, sizeof *medium->items);
	medium->by_file = calloc(targets->target_count + 1, sizeof *medium->by_file);
	if (medium->items == NULL || medium->by_file == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY, "no memory for the targets");
	medium->count = targets->target_count;
	for (size_t i = 0; i < medium->count; i++) {
		medium->items[i].target = &targets->targets[i];
		tuf_target_file(&targets->targets[i], medium->items[i].file);
		medium->by_file[i] = i;
	}
	qsort_r(medium->by_file, medium->count, sizeof *medium->by_file, by_file, medium);
	return 0;
}

struct tuf_medium *tuf_medium_open(const char *const *paths, size_t count,
				   struct tuf_client *client, struct problem *p)
{
	struct tuf_medium *medium = calloc(1, sizeof *medium);
	int result = 0;

	if (medium == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "no memory for the medium");
		return NULL;
	}
	if (count == 0 || count > TUF_VOLUMES_MOST)
		result = problem_set(p, PROBLEM_BAD_INPUT, "a bundle has 1 to %d volumes",
				     TUF_VOLUMES_MOST);
	medium->client = client;
	for (size_t i = 0; result == 0 && i < count; i++) {
		struct volume *volume = &medium->volumes[medium->volume_count];
		*volume = (struct volume){ paths[i], tuf_tree_open(paths[i], p) };
		if (volume->fd < 0)
			result = -1;
		else
			medium->volume_count++;
	}
	if (result == 0)
		result = feed(medium, p);
	if (result < 0 || list_items(medium, p) < 0) {
		tuf_medium_close(medium);
		return NULL;
	}
	return medium;
}

void tuf_medium_close(struct tuf_medium *medium)
{
	if (medium == NULL)
		return;
	for (size_t i = 0; i < medium->volume_count; i++)
		close(medium->volumes[i].fd);
	free(medium->items);
	free(medium->by_file);
	free(medium);
}

static struct tuf_item *find_file(struct tuf_medium *medium, const char *file)
{
	size_t low = 0, high = medium->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct tuf_item *item = &medium->items[medium->by_file[middle]];
		int order = strcmp(item->file, file);
		if (order == 0)
			return item;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int on_target(void *owner, const char *entry, struct problem *p)
{
	struct tuf_medium *medium = owner;
	struct tuf_item *item = find_file(medium, entry);
	const struct volume *volume = &medium->volumes[medium->present];
	char name[300];
	uint64_t size;
	int fd;

	if (item == NULL)
		return unlisted(medium, "targets/", entry, p);
	snprintf(name, sizeof name, "targets/%.255s", entry);
	if (tuf_tree_file(volume->fd, name, &fd, &size, p) != TUF_FOUND)
		return -1;
	close(fd);
	if (size != item->target->length)
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"%.60s: '%.120s' has %llu bytes, and %llu were signed; "
			"copy it anew",
			volume->path, item->target->name, (unsigned long long)size,
			(unsigned long long)item->target->length);
	if (item->place == TUF_PLACE_MISSING) {
		item->place = TUF_PLACE_MEDIUM;
		item->volume = medium->present;
	}
	return 0;
}

int tuf_medium_survey(struct tuf_medium *medium,
		      bool (*have)(void *owner, const struct tuf_item *item), void *owner,
		      struct problem *p)
{
	for (size_t i = 0; i < medium->count; i++) {
		struct tuf_item *item = &medium->items[i];
		item->place = have != NULL && have(owner, item) ? TUF_PLACE_HOME
								: TUF_PLACE_MISSING;
	}
	for (size_t i = 0; i < medium->volume_count; i++) {
		int fd = medium->volumes[i].fd;
		medium->present = i;
		if (tuf_tree_list(fd, ".", on_top, medium, p) < 0 ||
		    tuf_tree_list(fd, "metadata", on_metadata, medium, p) < 0 ||
		    tuf_tree_list(fd, "targets", on_target, medium, p) < 0)
			return -1;
	}
	return 0;
}

size_t tuf_medium_count(const struct tuf_medium *medium)
{
	return medium->count;
}

const struct tuf_item *tuf_medium_item(const struct tuf_medium *medium, size_t i)
{
	return &medium->items[i];
}

uint64_t tuf_medium_bytes(const struct tuf_medium *medium)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < medium->count; i++) {
		if (medium->items[i].place == TUF_PLACE_MEDIUM)
			bytes += medium->items[i].target->length;
	}
	return bytes;
}

int tuf_medium_room(const struct tuf_medium *medium, int work, uint64_t reserve,
		    struct problem *p)
{
	struct statvfs disk;
	uint64_t wanted = tuf_medium_bytes(medium);

	if (fstatvfs(work, &disk) < 0)
		return problem_set(p, PROBLEM_EXTERNAL, "free space cannot be asked: %s",
				   strerror(errno));
	for (size_t i = 0; i < medium->count; i++) {
		struct stat seen;
		char part[TUF_FILE_NAME + 8];
		if (medium->items[i].place != TUF_PLACE_MEDIUM)
			continue;
		snprintf(part, sizeof part, "%s.part", medium->items[i].file);
		if ((fstatat(work, medium->items[i].file, &seen, AT_SYMLINK_NOFOLLOW) ==
			     0 ||
		     fstatat(work, part, &seen, AT_SYMLINK_NOFOLLOW) == 0) &&
		    (uint64_t)seen.st_size <= medium->items[i].target->length)
			wanted -= (uint64_t)seen.st_size;
	}
	uint64_t room = (uint64_t)disk.f_bavail * disk.f_frsize;
	if (room >= reserve && room - reserve >= wanted)
		return 0;
	return problem_set(p, PROBLEM_EXTERNAL,
			   "the bundle needs %llu more bytes and %llu are to stay free, "
			   "but %llu are; make room, nothing was copied",
			   (unsigned long long)wanted, (unsigned long long)reserve,
			   (unsigned long long)room);
}

/* `fd` against what was signed; closes it. */
static int compare(const struct tuf_target *target, int fd, struct problem *p)
{
	uint8_t digest[TUF_DIGEST];
	uint64_t size;
	int result = tuf_digest_fd(fd, target->length, digest, &size, p);

	close(fd);
	if (result < 0)
		return problem_while(p, "'%.120s'", target->name);
	if (size == target->length && memcmp(digest, target->digest, TUF_DIGEST) == 0)
		return 0;
	return problem_set(
		p, PROBLEM_BAD_INPUT,
		"'%.120s' is not what was signed (other length or SHA-256): it "
		"was changed or damaged; copy it anew",
		target->name);
}

int tuf_target_verify(const struct tuf_target *target, int folder, const char *file,
		      struct problem *p)
{
	uint64_t size;
	int fd;
	enum tuf_found found = tuf_tree_file(folder, file, &fd, &size, p);

	if (found == TUF_ABSENT)
		return problem_set(p, PROBLEM_NOT_FOUND, "'%.120s' is missing",
				   target->name);
	return found == TUF_FAULTY ? -1 : compare(target, fd, p);
}

static int item_open(const struct tuf_medium *medium, size_t i, struct problem *p)
{
	const struct tuf_item *item = &medium->items[i];
	char name[TUF_FILE_NAME + 16];
	uint64_t size;
	int fd;

	snprintf(name, sizeof name, "targets/%s", item->file);
	enum tuf_found found =
		tuf_tree_file(medium->volumes[item->volume].fd, name, &fd, &size, p);
	if (found == TUF_ABSENT)
		return problem_set(p, PROBLEM_NOT_FOUND,
				   "%.60s: '%.120s' is there no more; bring the medium "
				   "back",
				   medium->volumes[item->volume].path,
				   item->target->name);
	return found == TUF_FAULTY ? -1 : fd;
}

int tuf_medium_check(const struct tuf_medium *medium, size_t i, struct problem *p)
{
	int fd = item_open(medium, i, p);

	return fd < 0 ? -1 : compare(medium->items[i].target, fd, p);
}

static int disk_failed(const struct tuf_target *target, const char *doing,
		       struct problem *p)
{
	return problem_set(p, PROBLEM_EXTERNAL,
			   "'%.120s' cannot be %s: %s; what was copied stays, try again",
			   target->name, doing, strerror(errno));
}

/* From `from` into `to`, which has `done` bytes of it already; not one byte more than
 * was signed. */
static int pump(const struct tuf_target *target, int from, int to, uint64_t done,
		struct problem *p)
{
	char *room = malloc(COPY_ROOM);
	int result = 0;

	if (room == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY, "no memory to copy");
	if (lseek(from, (off_t)done, SEEK_SET) < 0)
		result = disk_failed(target, "read", p);
	while (result == 0 && done < target->length) {
		uint64_t left = target->length - done;
		ssize_t got =
			read(from, room, left < COPY_ROOM ? (size_t)left : COPY_ROOM);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			result = disk_failed(target, "read", p);
		if (got <= 0)
			break; /* too short: the copy will not verify */
		for (ssize_t put = 0; result == 0 && put < got;) {
			ssize_t wrote = write(to, room + put, (size_t)(got - put));
			if (wrote >= 0)
				put += wrote;
			else if (errno != EINTR)
				result = disk_failed(target, "copied", p);
		}
		done += (uint64_t)got;
	}
	free(room);
	return result;
}

/* The copy that was begun, or a new one. */
static int part_open(int work, const char *part, uint64_t length, uint64_t *done)
{
	struct stat seen;
	int fd = openat(work, part, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, &seen) == 0 && S_ISREG(seen.st_mode) &&
	    seen.st_nlink == 1 && (uint64_t)seen.st_size <= length) {
		*done = (uint64_t)seen.st_size;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	*done = 0;
	(void)unlinkat(work, part, 0);
	return openat(work, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

int tuf_target_copy(const struct tuf_target *target, int from, int work, const char *file,
		    struct problem *p)
{
	char part[TUF_FILE_NAME + 8];
	uint64_t done;

	snprintf(part, sizeof part, "%s.part", file);
	int to = part_open(work, part, target->length, &done);
	int result = to < 0 ? disk_failed(target, "copied", p)
			    : pump(target, from, to, done, p);
	if (result == 0 && fsync(to) < 0)
		result = disk_failed(target, "copied", p);
	if (to >= 0 && close(to) < 0 && result == 0)
		result = disk_failed(target, "copied", p);
	if (result < 0)
		return -1;
	if (tuf_target_verify(target, work, part, p) < 0) {
		(void)unlinkat(work, part, 0); /* nothing to go on with */
		return -1;
	}
	if (renameat(work, part, work, file) < 0)
		return disk_failed(target, "renamed", p);
	return 0;
}

int tuf_medium_copy(const struct tuf_medium *medium, size_t i, int work,
		    struct problem *p)
{
	const struct tuf_item *item = &medium->items[i];
	struct problem none;

	if (tuf_target_verify(item->target, work, item->file, &none) == 0)
		return 0;
	(void)unlinkat(work, item->file, 0);
	int from = item_open(medium, i, p);
	if (from < 0)
		return -1;
	int result = tuf_target_copy(item->target, from, work, item->file, p);
	close(from);
	return result;
}

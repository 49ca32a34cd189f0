/* Names below the root are followed one folder at a time from a descriptor, and never
 * through a link.  The root itself may be one: where it lies is the operator's choice. */

#include "store/content_store.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "engine/backend.h"
#include "engine/problem.h"
#include "store/content_digest.h"

enum {
	CHUNK_BYTES = 256 * 1024,
	HEX = 64,        /* digits of a SHA-256 */
	FOLDER_NAME = 3, /* "ab" */
	INCOMING_NAME = 48,
	BELOW_ROOT = sizeof "/sha256/ab/" + HEX, /* longest path, with its NUL */
};
#define RESERVE_BYTES (UINT64_C(64) << 20)
enum { RESERVE_PART = 100 }; /* or a hundredth of the disk */

struct content_store {
	char root[CONTENT_PATH];
	int tree, incoming, quarantine; /* folders */
	atomic_uint_fast64_t copies;    /* made so far: numbers their names */
	/* Held from a look at a name to the move that follows from it. */
	pthread_mutex_t moving;
};

static void close_descriptor(const int *fd)
{
	if (*fd >= 0)
		close(*fd); /* what was written has been synced, or is given up */
}
#define SCOPED_FD __attribute__((cleanup(close_descriptor)))

/* What errno says of a file or folder, and what to do about it. */
static int tell(const char *what, struct problem *p)
{
	/* clang-format off */
	static const struct {
		int error;
		enum problem_kind kind;
		const char *remedy;
	} faces[] = {
		{ ENOENT, PROBLEM_NOT_FOUND, "; check the path" },
		{ ENOTDIR, PROBLEM_EXTERNAL, "; a folder of the store belongs there" },
		{ ENOSPC, PROBLEM_BUSY, "; free some space and try again" },
		{ EDQUOT, PROBLEM_BUSY, "; raise the quota or free some space, and try again" },
		{ EFBIG, PROBLEM_TOO_LARGE,
		  "; the file system or a limit of the process takes no file of that size" },
		{ ELOOP, PROBLEM_BAD_INPUT, "; links are not followed, name the file itself" },
		{ EACCES, PROBLEM_EXTERNAL, "; give the server's user access to it" },
		{ EPERM, PROBLEM_EXTERNAL, "; give the server's user access to it" },
		{ EROFS, PROBLEM_EXTERNAL, "; the file system must be writable" },
		{ EIO, PROBLEM_EXTERNAL, "; check the disk and the kernel's log" },
		{ ENOMEM, PROBLEM_NO_MEMORY, "" },
	};
	/* clang-format on */
	int error = errno;
	enum problem_kind kind = PROBLEM_EXTERNAL;
	const char *remedy = "";

	for (size_t i = 0; i < sizeof faces / sizeof faces[0]; i++) {
		if (faces[i].error == error) {
			kind = faces[i].kind;
			remedy = faces[i].remedy;
		}
	}
	return problem_set(p, kind, "%s: %s%s", what, strerror(error), remedy);
}

/* Open a folder of ours; make it when it is missing.  Making is for nothing until the
 * parent is on the disk, so that is synced whoever made it. */
static int open_folder(int parent, const char *name, struct problem *p)
{
	if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
		goto fail;
	if (fsync(parent) < 0)
		goto fail;
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		return fd;
fail:
	return tell(name, p);
}

/* Nobody else copies yet, so whatever lies there was left by a crash. */
static int remove_leftovers(int incoming, struct problem *p)
{
	const struct dirent *entry;
	int fd = fcntl(incoming, F_DUPFD_CLOEXEC, 0);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);

	if (folder == NULL) {
		tell("incoming", p);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	rewinddir(folder);
	while (errno = 0, (entry = readdir(folder)) != NULL) {
		/* A folder is none of ours; it is in nobody's way. */
		if (unlinkat(incoming, entry->d_name, 0) < 0 && errno != EISDIR &&
		    errno != EPERM && errno != ENOENT)
			break;
	}
	int error = errno;
	closedir(folder);
	errno = error;
	return error == 0 ? 0 : tell("removing what a crash left in 'incoming'", p);
}

static int open_root(const char *root, struct problem *p)
{
	if (mkdir(root, 0755) < 0 && errno != EEXIST)
		return tell("making the folder", p);
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 ? fd : tell("opening the folder", p);
}

static int open_folders(struct content_store *store, struct problem *p)
{
	SCOPED_FD int root = open_root(store->root, p);
	if (root < 0)
		return -1;
	SCOPED_FD int above = openat(root, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (above >= 0)
		(void)fsync(above); /* may be another's folder: it is tried */
	store->tree = open_folder(root, "sha256", p);
	store->incoming = store->tree < 0 ? -1 : open_folder(root, "incoming", p);
	store->quarantine = store->incoming < 0 ? -1 : open_folder(root, "quarantine", p);
	return store->quarantine < 0 ? -1 : remove_leftovers(store->incoming, p);
}

struct content_store *content_store_open(const char *root, struct problem *p)
{
	struct content_store *store = calloc(1, sizeof *store);

	if (store == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "content store: out of memory");
		return NULL;
	}
	store->tree = store->incoming = store->quarantine = -1;
	pthread_mutex_init(&store->moving, NULL);
	size_t length = strlen(root);
	if (length == 0 || length > CONTENT_PATH - BELOW_ROOT) {
		problem_set(p, PROBLEM_BAD_INPUT, "the path has %zu bytes, 1 to %d fit",
			    length, CONTENT_PATH - BELOW_ROOT);
		goto fail;
	}
	memcpy(store->root, root, length + 1);
	if (open_folders(store, p) == 0)
		return store;
fail:
	problem_while(p, "opening the content store '%s'", root);
	content_store_close(store);
	return NULL;
}

void content_store_close(struct content_store *store)
{
	if (store == NULL)
		return;
	close_descriptor(&store->tree);
	close_descriptor(&store->incoming);
	close_descriptor(&store->quarantine);
	pthread_mutex_destroy(&store->moving);
	free(store);
}

/* What reading a file through takes. */
struct reading {
	struct content_digest *digest;
	unsigned char *buffer; /* of CHUNK_BYTES */
};

static int reading_init(struct reading *reading, int hashes, struct problem *p)
{
	reading->digest = NULL;
	reading->buffer = malloc(CHUNK_BYTES);
	if (reading->buffer == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY, "reading it: out of memory");
	reading->digest = content_digest_new(hashes, p);
	return reading->digest == NULL ? -1 : 0;
}

static void reading_fini(struct reading *reading)
{
	content_digest_free(reading->digest);
	free(reading->buffer);
}

/* Copying in. */

struct copy {
	const struct content_store *store;
	int source, target;
	int64_t size_bytes; /* of the source when it was opened */
	char name[INCOMING_NAME];
};

/* Not to wait for the writer of a pipe, the file is opened without blocking. */
static int open_source(const char *path, struct stat *status, struct problem *p)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return tell("opening it", p);
	if (fstat(fd, status) < 0)
		tell("opening it", p);
	else if (!S_ISREG(status->st_mode))
		problem_set(p, PROBLEM_BAD_INPUT,
			    "it is no regular file; name the update file itself");
	else
		return fd;
	close(fd);
	return -1;
}

static int open_target(struct content_store *store, char name[static INCOMING_NAME],
		       struct problem *p)
{
	snprintf(name, INCOMING_NAME, "%ld-%" PRIuFAST64, (long)getpid(),
		 atomic_fetch_add(&store->copies, 1));
	int fd = openat(store->incoming, name,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
	return fd >= 0 ? fd : tell("making a file in 'incoming'", p);
}

/* The database and everything else on this disk go on living there. */
static int check_room(const struct copy *copy, int64_t coming_bytes, struct problem *p)
{
	struct statvfs disk;

	if (fstatvfs(copy->store->incoming, &disk) < 0)
		return tell("asking for free space", p);
	uint64_t unit = disk.f_frsize;
	uint64_t part = disk.f_blocks / RESERVE_PART * unit;
	uint64_t reserve = part > RESERVE_BYTES ? part : RESERVE_BYTES;
	uint64_t free_bytes = disk.f_bavail * unit;
	if (free_bytes >= reserve && free_bytes - reserve >= (uint64_t)coming_bytes)
		return 0;
	return problem_set(p, PROBLEM_BUSY,
			   "the disk is too full: %" PRIu64 " MiB are free, %" PRIu64
			   " MiB of them stay so, and %" PRId64
			   " MiB are to come; free some space and try again",
			   free_bytes >> 20, reserve >> 20, (coming_bytes >> 20) + 1);
}

/* 0 at the end. */
static ssize_t read_chunk(int fd, unsigned char *buffer)
{
	ssize_t got;

	do
		got = read(fd, buffer, CHUNK_BYTES);
	while (got < 0 && errno == EINTR);
	return got;
}

static int write_chunk(int fd, const unsigned char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t put = write(fd, bytes, size);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		bytes += put;
		size -= (size_t)put;
	}
	return 0;
}

static int changed_meanwhile(struct problem *p)
{
	return problem_set(p, PROBLEM_CONFLICT,
			   "it changed while it was copied; try again when it is whole");
}

/* The hashes are of the very bytes that are written, whatever the source does. */
static int copy_bytes(const struct copy *copy, struct content_digest *digest,
		      unsigned char *buffer, struct problem *p)
{
	int64_t left = copy->size_bytes;
	ssize_t got;

	if (check_room(copy, left, p) < 0)
		return -1;
	while ((got = read_chunk(copy->source, buffer)) > 0) {
		if (got > left)
			return changed_meanwhile(p);
		if (check_room(copy, left, p) < 0 ||
		    content_digest_add(digest, buffer, (size_t)got, p) < 0)
			return -1;
		if (write_chunk(copy->target, buffer, (size_t)got) < 0)
			return tell("writing the copy", p);
		left -= got;
	}
	if (got < 0)
		return tell("reading it", p);
	return left == 0 ? 0 : changed_meanwhile(p);
}

static int copy_all(const struct copy *copy, const struct stat *before,
		    struct content_hashes *hashes, struct problem *p)
{
	struct stat after;
	struct reading reading;

	int rc = reading_init(&reading, CONTENT_HASHES, p);
	if (rc == 0)
		rc = copy_bytes(copy, reading.digest, reading.buffer, p);
	if (rc == 0)
		rc = content_digest_end(reading.digest, hashes, p);
	reading_fini(&reading);
	if (rc < 0)
		return -1;
	if (fstat(copy->source, &after) < 0)
		return tell("reading it", p);
	if (after.st_size != before->st_size ||
	    after.st_mtim.tv_sec != before->st_mtim.tv_sec ||
	    after.st_mtim.tv_nsec != before->st_mtim.tv_nsec)
		return changed_meanwhile(p);
	/* A sync that failed is not tried again: the kernel may have dropped the bytes
	 * and would say yes. */
	if (fsync(copy->target) < 0)
		return tell("bringing the copy to the disk", p);
	return 0;
}

/* Give the copy its name, and that to the disk. */
static int settle(struct content_store *store, const struct copy *copy,
		  const char *sha256, struct problem *p)
{
	const char folder_name[FOLDER_NAME] = { sha256[0], sha256[1], '\0' };
	SCOPED_FD int folder = open_folder(store->tree, folder_name, p);
	if (folder < 0)
		return -1;

	pthread_mutex_lock(&store->moving);
	int rc = renameat(store->incoming, copy->name, folder, sha256);
	int error = errno;
	pthread_mutex_unlock(&store->moving);
	errno = error;
	if (rc < 0 || fsync(folder) < 0)
		return tell("giving the copy its name", p);
	return 0;
}

static int add(struct content_store *store, const char *source_path, struct payload *out,
	       struct problem *p)
{
	struct stat status = { 0 };
	struct content_hashes hashes;
	struct copy copy = { .store = store };
	_Static_assert(sizeof out->sha256 == sizeof hashes.sha256 &&
			       sizeof out->sha1 == sizeof hashes.sha1 &&
			       sizeof out->md5 == sizeof hashes.md5,
		       "both hold hex");
	SCOPED_FD int source = open_source(source_path, &status, p);
	if (source < 0)
		return -1;
	SCOPED_FD int target = open_target(store, copy.name, p);
	if (target < 0)
		return -1;

	copy.source = source;
	copy.target = target;
	copy.size_bytes = status.st_size;
	if (copy_all(&copy, &status, &hashes, p) < 0 ||
	    settle(store, &copy, hashes.sha256, p) < 0) {
		unlinkat(store->incoming, copy.name, 0); /* not there once settled */
		return -1;
	}
	out->size_bytes = copy.size_bytes;
	memcpy(out->sha256, hashes.sha256, sizeof out->sha256);
	memcpy(out->sha1, hashes.sha1, sizeof out->sha1);
	memcpy(out->md5, hashes.md5, sizeof out->md5);
	return 0;
}

int content_store_add(struct content_store *store, const char *source_path,
		      struct payload *out, struct problem *p)
{
	if (add(store, source_path, out, p) < 0)
		return problem_while(p, "taking in '%s'", source_path);
	return 0;
}

/* Finding and verifying. */

static bool name_is_good(const char *sha256)
{
	return strspn(sha256, "0123456789abcdef") == HEX && sha256[HEX] == '\0';
}

bool content_store_path(const struct content_store *store, const char *sha256,
			char path[static CONTENT_PATH])
{
	if (!name_is_good(sha256))
		return false;
	int length = snprintf(path, CONTENT_PATH, "%s/sha256/%.2s/%s", store->root,
			      sha256, sha256);
	assert(length > 0 && length < CONTENT_PATH); /* seen to when it was opened */
	return true;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* 1 when the bytes fit the name, 0 when not. */
static int bytes_fit(int fd, const char *sha256, struct problem *p)
{
	struct content_hashes hashes;
	struct reading reading;
	ssize_t got;

	int rc = reading_init(&reading, CONTENT_SHA256 + 1, p);
	while (rc == 0 && (got = read_chunk(fd, reading.buffer)) != 0)
		rc = got < 0 ? tell("reading it", p)
			     : content_digest_add(reading.digest, reading.buffer,
						  (size_t)got, p);
	if (rc == 0)
		rc = content_digest_end(reading.digest, &hashes, p);
	reading_fini(&reading);
	if (rc < 0)
		return -1;
	return strcmp(hashes.sha256, sha256) == 0;
}

/* Move what `seen` is of out of the tree.  If something else has come to that name
 * meanwhile, it was copied in and so hashed just now: nothing is moved. */
static int put_in_quarantine(struct content_store *store, int folder, const char *sha256,
			     const struct stat *seen, struct problem *p)
{
	struct stat now;
	bool moved = false;

	pthread_mutex_lock(&store->moving);
	int rc = fstatat(folder, sha256, &now, AT_SYMLINK_NOFOLLOW);
	if (rc == 0 && same_file(&now, seen)) {
		rc = renameat(folder, sha256, store->quarantine, sha256);
		moved = rc == 0;
	}
	int error = errno;
	pthread_mutex_unlock(&store->moving);
	errno = error;
	if (rc < 0 || (moved && (fsync(store->quarantine) < 0 || fsync(folder) < 0))) {
		tell("moving it to 'quarantine'", p);
		return problem_while(p, "its bytes are damaged");
	}
	if (!moved)
		return 0;
	return problem_set(p, PROBLEM_CONFLICT,
			   "its bytes are not those it was stored with; it lies in "
			   "'quarantine' now: import it again");
}

static int verify(struct content_store *store, const char *sha256, struct problem *p)
{
	const char folder_name[FOLDER_NAME] = { sha256[0], sha256[1], '\0' };
	struct stat seen, opened;
	SCOPED_FD int folder = openat(store->tree, folder_name,
				      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (folder < 0 || fstatat(folder, sha256, &seen, AT_SYMLINK_NOFOLLOW) < 0)
		return errno != ENOENT ? tell("looking for it", p)
				       : problem_set(p, PROBLEM_NOT_FOUND,
						     "it is not in the store; import it");
	if (!S_ISREG(seen.st_mode))
		return put_in_quarantine(store, folder, sha256, &seen, p);
	SCOPED_FD int file =
		openat(folder, sha256, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (file < 0 || fstat(file, &opened) < 0)
		return tell("opening it", p);
	(void)posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
	int rc = bytes_fit(file, sha256, p);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	return put_in_quarantine(store, folder, sha256, &opened, p);
}

int content_store_verify(struct content_store *store, const char *sha256,
			 struct problem *p)
{
	if (!name_is_good(sha256))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "'%.80s' is no SHA-256: 64 lower-case hex digits are",
				   sha256);
	if (verify(store, sha256, p) < 0)
		return problem_while(p, "verifying payload %.12s...", sha256);
	return 0;
}

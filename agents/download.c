#include "agents/download.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/disk.h"
#include "engine/problem.h"

static const char etag_name[] = ".etag";

struct download {
	char *folder;
	char path[PATH_MAX];
	int fd; /* -1 without a folder */
	int64_t size, have, piece;
	char sha256[SHA256_TEXT], etag[ETAG_MOST];
	EVP_MD_CTX *hash;
	char head[DOWNLOAD_HEAD];
	/* The transfer under way. */
	int64_t asked_from, retry_after_s;
	bool overlong;
	struct problem fault;
};

static int hash_restart(struct download *download, struct problem *p)
{
	download->have = 0;
	if (EVP_DigestInit_ex(download->hash, EVP_sha256(), NULL) != 1)
		return problem_set(p, PROBLEM_EXTERNAL, "cannot begin a SHA-256");
	return 0;
}

/* Count, hash and remember bytes that are (or are already) on disk. */
static int swallow(struct download *download, const void *data, size_t size,
		   struct problem *p)
{
	if (EVP_DigestUpdate(download->hash, data, size) != 1)
		return problem_set(p, PROBLEM_EXTERNAL, "cannot go on with a SHA-256");
	if (download->have < DOWNLOAD_HEAD) {
		size_t room = DOWNLOAD_HEAD - (size_t)download->have;
		memcpy(download->head + download->have, data, size < room ? size : room);
	}
	download->have += (int64_t)size;
	return 0;
}

/* Throw away what came, and begin anew. */
static int start_over(struct download *download, struct problem *p)
{
	if (download->fd >= 0 &&
	    (ftruncate(download->fd, 0) < 0 || lseek(download->fd, 0, SEEK_SET) < 0))
		return problem_set(p, PROBLEM_EXTERNAL, "cannot empty '%s': %s",
				   download->path, strerror(errno));
	download->etag[0] = '\0';
	if (download->folder != NULL && disk_remove(download->folder, etag_name, p) < 0)
		return -1;
	return hash_restart(download, p);
}

/* Hash what an earlier life left.  More than was announced is not the beginning of the
 * file, whatever it is. */
static int pick_up(struct download *download, struct problem *p)
{
	static const size_t block = 65536;
	struct problem ignored = { 0 };
	size_t size = 0;
	ssize_t got;

	char *etag =
		disk_read(download->folder, etag_name, ETAG_MOST - 1, &size, &ignored);
	if (etag != NULL)
		memcpy(download->etag, etag, size + 1);
	free(etag);
	char *room = malloc(block);
	if (room == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY,
				   "no memory to resume a download");
	while ((got = read(download->fd, room, block)) > 0) {
		if (download->have + got > download->size ||
		    swallow(download, room, (size_t)got, p) < 0)
			break;
	}
	free(room);
	if (got < 0)
		return problem_set(p, PROBLEM_EXTERNAL, "cannot read '%s': %s",
				   download->path, strerror(errno));
	return got > 0 ? start_over(download, p) : 0;
}

static int open_file(struct download *download, const char *name, struct problem *p)
{
	int wanted = snprintf(download->path, sizeof download->path, "%s/%s",
			      download->folder, name);
	if (wanted < 0 || wanted >= (int)sizeof download->path)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "the path of a download is too long");
	if (disk_make_folder(download->folder, p) < 0)
		return -1;
	download->fd = open(download->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (download->fd < 0)
		return problem_set(p, PROBLEM_EXTERNAL, "cannot open '%s': %s",
				   download->path, strerror(errno));
	return pick_up(download, p);
}

struct download *download_open(const char *folder, const struct offer *offer,
			       int64_t piece_bytes, struct problem *p)
{
	struct download *download = calloc(1, sizeof *download);
	if (download == NULL)
		goto no_memory;
	download->fd = -1;
	download->size = offer->size_bytes;
	download->piece = piece_bytes;
	memcpy(download->sha256, offer->sha256, sizeof download->sha256);
	download->hash = EVP_MD_CTX_new();
	if (download->hash == NULL ||
	    (folder != NULL && (download->folder = strdup(folder)) == NULL))
		goto no_memory;
	if (hash_restart(download, p) < 0 ||
	    (folder != NULL && open_file(download, offer->file, p) < 0)) {
		download_close(download);
		return NULL;
	}
	return download;
no_memory:
	download_close(download);
	problem_set(p, PROBLEM_NO_MEMORY, "no memory for a download");
	return NULL;
}

void download_close(struct download *download)
{
	if (download == NULL)
		return;
	if (download->fd >= 0)
		close(download->fd);
	EVP_MD_CTX_free(download->hash);
	free(download->folder);
	free(download);
}

/* A 206 must begin where we stopped; a 200 is the whole file again.  The ETag is on disk
 * before the first byte, so that a later resume can ask for the same file. */
static bool on_open(void *owner, const struct answer *answer)
{
	struct download *download = owner;
	struct problem *p = &download->fault;

	if (answer->status == 206 && answer->range_from != download->asked_from) {
		problem_set(p, PROBLEM_BAD_INPUT,
			    "the server sent another range than asked");
		return false;
	}
	if (answer->status == 200 && download->have > 0 && start_over(download, p) < 0)
		return false;
	if (answer->length > download->size - download->have) {
		download->overlong = true;
		return false;
	}
	if (strcmp(download->etag, answer->etag) == 0)
		return true;
	memcpy(download->etag, answer->etag, sizeof download->etag);
	return download->folder == NULL ||
	       disk_write(download->folder, etag_name, answer->etag, strlen(answer->etag),
			  p) == 0;
}

static bool on_take(void *owner, const void *data, size_t size)
{
	struct download *download = owner;
	const char *at = data;
	size_t left = download->fd >= 0 ? size : 0;

	if ((int64_t)size > download->size - download->have) {
		download->overlong = true;
		return false;
	}
	while (left > 0) {
		ssize_t done = write(download->fd, at, left);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			problem_set(&download->fault, PROBLEM_EXTERNAL,
				    "cannot write '%s': %s", download->path,
				    strerror(errno));
			return false;
		}
		at += done;
		left -= (size_t)done;
	}
	return swallow(download, data, size, &download->fault) == 0;
}

static enum download_turn finish(struct download *download, struct problem *p)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	char text[2 * EVP_MAX_MD_SIZE + 1] = "";
	unsigned size = 0;

	if (EVP_DigestFinal_ex(download->hash, sum, &size) != 1) {
		problem_set(p, PROBLEM_EXTERNAL, "cannot finish a SHA-256");
		return DOWNLOAD_LATER;
	}
	for (unsigned i = 0; i < size; i++)
		snprintf(text + 2 * (size_t)i, 3, "%02x", sum[i]);
	if (strcmp(text, download->sha256) != 0) {
		if (start_over(download, p) == 0)
			problem_set(
				p, PROBLEM_BAD_INPUT,
				"the file has SHA-256 %.16s..., announced was %.16s...",
				text, download->sha256);
		return DOWNLOAD_WRONG;
	}
	if (download->fd >= 0 &&
	    (fsync(download->fd) < 0 || disk_sync_folder(download->folder, p) < 0)) {
		problem_set(p, PROBLEM_EXTERNAL, "cannot flush '%s': %s", download->path,
			    strerror(errno));
		return DOWNLOAD_LATER;
	}
	return DOWNLOAD_DONE;
}

static enum download_turn judge(struct download *download, int status, struct problem *p)
{
	if (download->overlong) {
		if (start_over(download, p) == 0)
			problem_set(p, PROBLEM_BAD_INPUT,
				    "the server sends more than the %lld bytes announced",
				    (long long)download->size);
		return DOWNLOAD_WRONG;
	}
	if (download->fault.kind != PROBLEM_NONE) {
		*p = download->fault;
		return DOWNLOAD_LATER;
	}
	if (status == 416) {
		/* What we hold is not a beginning of what they have. */
		if (start_over(download, p) == 0)
			problem_set(p, PROBLEM_BAD_INPUT,
				    "the server has no more bytes of this file");
		return DOWNLOAD_WRONG;
	}
	if (status == 403 || status == 404 || status == 410) {
		problem_set(p, PROBLEM_NOT_FOUND, "the server answers %d to the download",
			    status);
		return DOWNLOAD_GONE;
	}
	if (status != 200 && status != 206) {
		problem_set(p, PROBLEM_BUSY, "the server answers %d to the download",
			    status);
		return DOWNLOAD_LATER;
	}
	return DOWNLOAD_MORE;
}

enum download_turn download_turn(struct download *download,
				 const struct transport *transport, const char *url,
				 const char *authorization, struct problem *p)
{
	const struct sink sink = { download, on_open, on_take };
	struct request request = { .method = "GET",
				   .url = url,
				   .sink = &sink,
				   .authorization = authorization,
				   .range_from = -1,
				   .range_to = -1 };
	struct answer answer;

	if (download->have == download->size)
		return finish(download, p);
	int64_t before = download->have;
	download->asked_from = before;
	download->overlong = false;
	download->retry_after_s = 0;
	memset(&download->fault, 0, sizeof download->fault);
	if (before > 0 || download->size > download->piece) {
		request.range_from = before;
		if (download->size - before > download->piece)
			request.range_to = before + download->piece - 1;
	}
	/* A weak tag cannot promise the same bytes (RFC 9110, 13.1.5). */
	if (before > 0 && download->etag[0] == '"')
		request.if_range = download->etag;
	if (transport->exchange(transport->owner, &request, &answer, p) < 0)
		return DOWNLOAD_LATER;
	int status = answer.status;
	if (answer.retry_after_s > 0)
		download->retry_after_s = answer.retry_after_s;
	answer_fini(&answer);
	enum download_turn turn = judge(download, status, p);
	if (turn != DOWNLOAD_MORE)
		return turn;
	if (download->have == download->size)
		return finish(download, p);
	if (download->have == before) {
		problem_set(p, PROBLEM_EXTERNAL, "the server sends none of the file");
		return DOWNLOAD_LATER;
	}
	return DOWNLOAD_MORE;
}

int64_t download_have(const struct download *download)
{
	return download->have;
}

int64_t download_retry_after_s(const struct download *download)
{
	return download->retry_after_s;
}

const char *download_path(const struct download *download)
{
	return download->fd >= 0 ? download->path : NULL;
}

const void *download_head(const struct download *download, size_t *size)
{
	*size = download->have < DOWNLOAD_HEAD ? (size_t)download->have : DOWNLOAD_HEAD;
	return download->head;
}

int download_clear(const char *folder, struct problem *p)
{
	struct dirent *entry;
	DIR *listing = opendir(folder);
	if (listing == NULL && errno == ENOENT)
		return 0;
	if (listing == NULL)
		return problem_set(p, PROBLEM_EXTERNAL, "cannot list '%s': %s", folder,
				   strerror(errno));
	int result = 0;
	while (result == 0 && (entry = readdir(listing)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			result = disk_remove(folder, entry->d_name, p);
	}
	closedir(listing);
	return result;
}

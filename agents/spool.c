#include "agents/spool.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/disk.h"
#include "engine/problem.h"

/* A line is "<sum> R <id> <d|c> <action> <seq> <body>\n" or "<sum> A <id>\n", the sum
 * being over everything between it and the end of the line. */
enum { LINE_MOST = SPOOL_BODY + 128, SUM_TEXT = 16, FILE_MOST = 8 * 1024 * 1024 };
static const char file_name[] = "spool";

struct entry {
	uint64_t id;
	struct spool_record record;
};

struct spool {
	int fd; /* -1 in memory */
	uint64_t next_id;
	off_t size; /* of the file, all of it good */
	size_t count, room, damaged;
	struct entry *entries;
};

static uint64_t sum_of(const char *text, size_t size)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < size; i++) {
		sum ^= (unsigned char)text[i];
		sum *= UINT64_C(0x100000001b3);
	}
	return sum;
}

static int keep(struct spool *spool, uint64_t id, const struct spool_record *record,
		struct problem *p)
{
	if (spool->count == spool->room) {
		size_t room = spool->room == 0 ? 4 : spool->room * 2;
		struct entry *bigger = reallocarray(spool->entries, room, sizeof *bigger);
		if (bigger == NULL)
			return problem_set(p, PROBLEM_NO_MEMORY,
					   "no memory for a report");
		spool->entries = bigger;
		spool->room = room;
	}
	spool->entries[spool->count].id = id;
	spool->entries[spool->count].record = *record;
	spool->count++;
	return 0;
}

static void forget(struct spool *spool, uint64_t id)
{
	size_t at = 0;
	while (at < spool->count && spool->entries[at].id != id)
		at++;
	if (at == spool->count)
		return;
	spool->count--;
	memmove(spool->entries + at, spool->entries + at + 1,
		(spool->count - at) * sizeof *spool->entries);
}

/* Decimal digits, and behind them the next word; false without any. */
static bool take_number(const char **at, uint64_t *value)
{
	char *end;
	if (**at < '0' || **at > '9')
		return false;
	*value = strtoull(*at, &end, 10);
	*at = end + strspn(end, " ");
	return true;
}

/* What follows the sum: "R <id> <d|c> <action> <seq> <body>". */
static bool read_record(const char *text, uint64_t *id, struct spool_record *record)
{
	uint64_t seq;

	if (strncmp(text, "R ", 2) != 0)
		return false;
	text += 2;
	if (!take_number(&text, id) || (*text != 'd' && *text != 'c') || text[1] != ' ')
		return false;
	record->cancel = *text == 'c';
	text += 2;
	size_t size = strcspn(text, " ");
	if (size == 0 || size >= sizeof record->action)
		return false;
	memcpy(record->action, text, size);
	record->action[size] = '\0';
	text += size + strspn(text + size, " ");
	if (!take_number(&text, &seq) || seq > UINT32_MAX ||
	    strlen(text) >= sizeof record->body)
		return false;
	record->seq = (uint32_t)seq;
	memcpy(record->body, text, strlen(text) + 1);
	return true;
}

/* One line without its end.  Returns 1 when it is damaged, -1 without memory. */
static int read_line(struct spool *spool, char *line, size_t size, struct problem *p)
{
	struct spool_record record = { 0 };
	uint64_t sum, id = 0;
	char *end;

	line[size] = '\0';
	if (strlen(line) != size || size < SUM_TEXT + 4 || line[SUM_TEXT] != ' ')
		return 1;
	sum = strtoull(line, &end, 16);
	const char *text = line + SUM_TEXT + 1;
	if (end != line + SUM_TEXT || sum != sum_of(text, strlen(text)))
		return 1;
	if (strncmp(text, "A ", 2) == 0) {
		text += 2;
		if (!take_number(&text, &id) || *text != '\0')
			return 1;
		forget(spool, id);
		if (id >= spool->next_id)
			spool->next_id = id + 1;
		return 0;
	}
	if (!read_record(text, &id, &record))
		return 1;
	if (id >= spool->next_id)
		spool->next_id = id + 1;
	return keep(spool, id, &record, p);
}

static int load(struct spool *spool, const char *folder, struct problem *p)
{
	size_t size = 0, start = 0;
	char *text = disk_read(folder, file_name, FILE_MOST, &size, p);
	if (text == NULL)
		return -1;
	int result = 0;
	for (size_t at = 0; at < size && result >= 0; at++) {
		if (text[at] != '\n')
			continue;
		result = read_line(spool, text + start, at - start, p);
		spool->damaged += result > 0;
		start = at + 1;
	}
	free(text);
	if (result < 0)
		return -1;
	/* What is left has no end: a crash cut it, and nobody relied on it yet. */
	if (start < size && ftruncate(spool->fd, (off_t)start) < 0)
		return problem_set(p, PROBLEM_EXTERNAL, "cannot cut '%s/%s': %s", folder,
				   file_name, strerror(errno));
	spool->size = (off_t)start;
	return 0;
}

struct spool *spool_open(const char *folder, struct problem *p)
{
	char path[PATH_MAX];
	struct spool *spool = calloc(1, sizeof *spool);
	if (spool == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "no memory for the reports");
		return NULL;
	}
	spool->fd = -1;
	spool->next_id = 1;
	if (folder == NULL)
		return spool;
	int wanted = snprintf(path, sizeof path, "%s/%s", folder, file_name);
	if (wanted < 0 || wanted >= (int)sizeof path) {
		problem_set(p, PROBLEM_TOO_LARGE, "the path of the spool is too long");
		goto fail;
	}
	spool->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (spool->fd < 0) {
		problem_set(p, PROBLEM_EXTERNAL, "cannot open '%s': %s", path,
			    strerror(errno));
		goto fail;
	}
	if (load(spool, folder, p) < 0 || disk_sync_folder(folder, p) < 0)
		goto fail;
	return spool;
fail:
	spool_close(spool);
	return NULL;
}

void spool_close(struct spool *spool)
{
	if (spool == NULL)
		return;
	if (spool->fd >= 0)
		close(spool->fd);
	free(spool->entries);
	free(spool);
}

/* Append one line; on any fault the file is cut back to what was good before. */
static int write_line(struct spool *spool, const char *text, bool flush,
		      struct problem *p)
{
	char line[LINE_MOST];

	if (spool->fd < 0)
		return 0;
	int size = snprintf(line, sizeof line, "%0*" PRIx64 " %s\n", SUM_TEXT,
			    sum_of(text, strlen(text)), text);
	assert(size > 0 && (size_t)size < sizeof line);
	ssize_t done = write(spool->fd, line, (size_t)size);
	if (done == size && (!flush || fdatasync(spool->fd) == 0)) {
		spool->size += size;
		return 0;
	}
	int cause = done < 0 || done == size ? errno : ENOSPC;
	problem_set(p, PROBLEM_EXTERNAL, "cannot write a report to the spool: %s",
		    strerror(cause));
	if (ftruncate(spool->fd, spool->size) < 0)
		problem_while(p, "the spool may hold half a line");
	return -1;
}

int spool_append(struct spool *spool, const struct spool_record *record,
		 struct problem *p)
{
	char text[LINE_MOST - SUM_TEXT - 2];

	assert(strchr(record->body, '\n') == NULL);
	if (spool->count == SPOOL_MOST)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "%d reports wait for the server; no more are taken",
				   SPOOL_MOST);
	int size = snprintf(text, sizeof text, "R %" PRIu64 " %c %s %" PRIu32 " %s",
			    spool->next_id, record->cancel ? 'c' : 'd', record->action,
			    record->seq, record->body);
	if (size < 0 || (size_t)size >= sizeof text)
		return problem_set(p, PROBLEM_TOO_LARGE, "a report is too long");
	if (keep(spool, spool->next_id, record, p) < 0)
		return -1;
	if (write_line(spool, text, true, p) < 0) {
		spool->count--;
		return -1;
	}
	spool->next_id++;
	return 0;
}

const struct spool_record *spool_first(const struct spool *spool)
{
	return spool->count == 0 ? NULL : &spool->entries[0].record;
}

/* The mark need not be flushed: losing it costs one report sent twice, unchanged. */
int spool_drop_first(struct spool *spool, struct problem *p)
{
	char text[48];

	assert(spool->count > 0);
	uint64_t id = spool->entries[0].id;
	snprintf(text, sizeof text, "A %" PRIu64, id);
	forget(spool, id);
	if (spool->count > 0 || spool->fd < 0)
		return write_line(spool, text, false, p);
	if (ftruncate(spool->fd, 0) < 0)
		return problem_set(p, PROBLEM_EXTERNAL, "cannot empty the spool: %s",
				   strerror(errno));
	spool->size = 0;
	return 0;
}

size_t spool_count(const struct spool *spool)
{
	return spool->count;
}

size_t spool_damaged(const struct spool *spool)
{
	return spool->damaged;
}

uint32_t spool_last_seq(const struct spool *spool, const char *action)
{
	uint32_t last = 0;
	for (size_t i = 0; i < spool->count; i++) {
		const struct spool_record *record = &spool->entries[i].record;
		if (strcmp(record->action, action) == 0 && record->seq > last)
			last = record->seq;
	}
	return last;
}

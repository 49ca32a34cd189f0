#include "protocol/server/seen.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Without memory an addition is given up, not the process. */
#define HASH_NONFATAL_OOM      1
#define uthash_nonfatal_oom(e) ((e)->lost = true)
#include <uthash.h>

#include "engine/backend.h"
#include "engine/problem.h"
#include "protocol/server/log.h"

enum { DEVICES_MAX = 65536 };

struct seen {
	UT_hash_handle hh;
	int64_t at_s;
	bool lost;
	char device[];
};

struct seen_batch {
	struct seen *table;
};

struct flush {
	struct work work;
	struct backend *backend;
	struct seen *table;
};

struct seen_batch *seen_new(void)
{
	return calloc(1, sizeof(struct seen_batch));
}

static void free_table(struct seen *table)
{
	struct seen *one = table;

	HASH_CLEAR(hh, table); /* leaves the list they are on */
	while (one != NULL) {
		struct seen *next = one->hh.next;
		free(one);
		one = next;
	}
}

void seen_free(struct seen_batch *batch)
{
	if (batch == NULL)
		return;
	free_table(batch->table);
	free(batch);
}

void seen_note(struct seen_batch *batch, const char *device, int64_t at_s)
{
	struct seen *found;

	HASH_FIND_STR(batch->table, device, found);
	if (found != NULL) {
		found->at_s = at_s;
		return;
	}
	if (HASH_COUNT(batch->table) >= DEVICES_MAX)
		return;
	size_t size = strlen(device);
	struct seen *one = calloc(1, sizeof *one + size + 1);
	if (one == NULL)
		return;
	memcpy(one->device, device, size + 1);
	one->at_s = at_s;
	HASH_ADD_KEYPTR(hh, batch->table, one->device, size, one);
	if (one->lost)
		free(one);
}

static int run(struct work *work, struct session *session, struct problem *p)
{
	struct flush *flush = (struct flush *)work;

	for (struct seen *one = flush->table; one != NULL; one = one->hh.next) {
		if (flush->backend->ops->device_seen(session, one->device, one->at_s, p) <
		    0)
			return -1;
	}
	return 0;
}

static void done(struct work *work, const struct problem *problem)
{
	struct flush *flush = (struct flush *)work;

	if (problem != NULL) {
		struct log_line line;
		log_begin(&line, LOG_LEVEL_WARNING, "seen-lost");
		log_number(&line, "devices", HASH_COUNT(flush->table));
		log_problem(&line, problem);
		log_end(&line);
	}
	free_table(flush->table);
	free(flush);
}

void seen_flush(struct seen_batch *batch, struct backend *backend)
{
	if (batch->table == NULL)
		return;
	struct flush *flush = calloc(1, sizeof *flush);
	if (flush == NULL)
		return; /* it stays, for the next time */
	flush->work.run = run;
	flush->work.done = done;
	flush->backend = backend;
	flush->table = batch->table;
	batch->table = NULL;
	backend->ops->submit(backend, &flush->work);
}

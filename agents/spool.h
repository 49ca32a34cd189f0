/* Reports that must arrive: a queue on disk that outlives the connection and the process.
 *
 * Each report is appended as one line with a sum and flushed before anything relies on
 * it; an answered one is marked by another line.  A line that a crash left half-written
 * is cut off when the spool is opened; a damaged line inside is skipped and counted. When
 * everything is answered the file is emptied.  Reports leave in the order they came and
 * unchanged.  Without a folder the queue is in memory only. */

#ifndef AGENTS_SPOOL_H
#define AGENTS_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agents/message.h"

struct problem;

enum { SPOOL_BODY = 2048, SPOOL_MOST = 256 };

struct spool_record {
	bool cancel; /* answers a cancellation, else reports on the deployment */
	char action[ACTION_TEXT];
	uint32_t seq;
	char body[SPOOL_BODY]; /* JSON, one line */
};

struct spool;
struct spool *spool_open(const char *folder, struct problem *p);
void spool_close(struct spool *spool); /* accepts NULL */

int spool_append(struct spool *spool, const struct spool_record *record,
		 struct problem *p);

/* The oldest unanswered report; NULL when there is none. */
const struct spool_record *spool_first(const struct spool *spool);

/* The oldest one was answered, or will never be. */
int spool_drop_first(struct spool *spool, struct problem *p);

size_t spool_count(const struct spool *spool);
size_t spool_damaged(const struct spool *spool); /* lines skipped when opening */

/* The highest sequence number waiting for this action; 0 for none. */
uint32_t spool_last_seq(const struct spool *spool, const char *action);

#endif

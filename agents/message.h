/* What agent and server say to each other: hawkBit DDI messages as JSON, and back.
 *
 * Pure conversion.  Everything read from the server is checked here and lands in plain
 * structs of fixed size; what is absent and may be absent is empty, what is there and
 * cannot be used is a problem.  Everything written is a malloc'd string the caller frees,
 * in printable ASCII whatever the words came from. */

#ifndef AGENTS_MESSAGE_H
#define AGENTS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/catalog.h"

struct fact_set;
struct problem;

enum {
	ACTION_TEXT = 24,
	HREF_TEXT = 768,
	TOKEN_TEXT = 132,
	FILE_TEXT = 128,
	SHA256_TEXT = 65,
	FEEDBACK_DETAILS = 4,
	FEEDBACK_TEXT = 200,
};

/* The answer to a poll. */
struct poll_answer {
	int64_t sleep_s;
	char token[TOKEN_TEXT]; /* only to a gateway token; else empty */
	char deployment[HREF_TEXT], cancel[HREF_TEXT]; /* empty: not offered */
	bool wants_facts;
};

enum offer_op { OFFER_INSTALL, OFFER_UNINSTALL, OFFER_RESTART, OFFER_OPS };

struct offer {
	char action[ACTION_TEXT];
	enum offer_op op;
	uint32_t kb;
	struct build build; /* the build to show afterwards; {0,0} unless an install */
	char url[HREF_TEXT];
	char file[FILE_TEXT];
	char sha256[SHA256_TEXT];
	int64_t size_bytes;
	bool may_download, may_install;
	bool needs_restart;         /* the offer says so ahead */
	int64_t restart_deadline_s; /* INSTANT_NONE: at once */
};

/* One piece of progress. */
struct feedback {
	const char *execution; /* scheduled, download, ... */
	const char *finished;  /* none | success | failure */
	bool has_code;
	int32_t code;
	uint32_t seq;
	char details[FEEDBACK_DETAILS][FEEDBACK_TEXT]; /* besides py:seq; not the empty */
};

char *message_facts(const struct fact_set *facts, struct problem *p);
char *message_feedback(const char *action, const struct feedback *feedback, int64_t now_s,
		       struct problem *p);

int message_read_poll(const char *text, size_t size, struct poll_answer *answer,
		      struct problem *p);
int message_read_offer(const char *text, size_t size, struct offer *offer,
		       struct problem *p);

/* The id of the action to stop. */
int message_read_cancel(const char *text, size_t size, char action[static ACTION_TEXT],
			struct problem *p);

#endif

/* Telling people what went wrong, on standard error, always in the same form:
 *
 *	error: cannot apply the plan: what happened and why
 *	  What to do about it.
 *
 * Results go to standard output and nothing else does.  With -o json or jsonl an error
 * is one JSON object instead, on standard error too: the server's own, as it came
 * (RFC 9457), or one of the same shape. */

#ifndef PROTOCOL_COMMAND_TELL_H
#define PROTOCOL_COMMAND_TELL_H

#include <jansson.h>

#include "protocol/command/command.h"

struct findings;

struct trouble {
	enum status status;
	char text[600];   /* what happened, and why */
	char advice[300]; /* what to do; may be empty */
	json_t *document; /* the server's own words, or NULL; freed by trouble_fini */
};

/* Fill one in.  Returns -1, so that a failing function ends with it. */
int trouble_set(struct trouble *trouble, enum status status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void trouble_advise(struct trouble *trouble, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void trouble_fini(struct trouble *trouble);

/* "error: cannot <doing>: ..." and all that belongs to it.  Frees what it holds and
 * returns its status. */
enum status tell_trouble(const struct invocation *invocation, const char *doing,
			 struct trouble *trouble);

/* Wrong words: "error: ..." and where help is.  Returns STATUS_USAGE. */
enum status tell_usage(const struct invocation *invocation, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Something worth knowing beside the result; not with -q. */
void tell_note(const struct invocation *invocation, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The findings of a check, one a line. */
void tell_findings(const struct findings *findings);

/* The "warnings" of the server's answer to a change, one a line. */
void tell_warnings(const struct invocation *invocation, const json_t *answer);

/* "3 errors, 1 warning" */
char *count_findings(size_t errors, size_t warnings, char *room, size_t size);

/* "1 device", "1 204 devices": for sentences. */
char *count_things(size_t count, const char *thing, char *room, size_t size);

/* Write what is buffered; STATUS_FAILED, told, when standard output took not all. */
enum status tell_end(enum status status);

#endif

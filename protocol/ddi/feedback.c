#include "protocol/ddi/feedback.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "engine/utf8.h"
#include "protocol/ddi/json_in.h"

static const uint32_t code_not_applicable = 0x80240017;

static const char *const execution_words[EXECUTIONS] = {
	[EXECUTION_CLOSED] = "closed",     [EXECUTION_PROCEEDING] = "proceeding",
	[EXECUTION_CANCELED] = "canceled", [EXECUTION_SCHEDULED] = "scheduled",
	[EXECUTION_REJECTED] = "rejected", [EXECUTION_RESUMED] = "resumed",
	[EXECUTION_DOWNLOAD] = "download", [EXECUTION_DOWNLOADED] = "downloaded",
};
static const char *const finished_words[FINISHES] = {
	[FINISHED_NONE] = "none",
	[FINISHED_SUCCESS] = "success",
	[FINISHED_FAILURE] = "failure",
};

/* Sentences by which clients without our lines tell where they are: those of swupdate
 * 2022.12 and of rauc-hawkbit-updater.  A line that begins so counts. */
static const struct {
	const char *start;
	enum flow_state state;
} known_lines[] = {
	{ "Installing Update Chunk Artifacts.", FLOW_DOWNLOADING },
	{ "Installed Chunk.", FLOW_INSTALLING },
	{ "All Chunks Installed.", FLOW_RESTART_PENDING },
	{ "Update Installed, Testing Pending.", FLOW_RESTART_PENDING },
	{ "Download complete", FLOW_DOWNLOADED },
	{ "File checksum OK.", FLOW_DOWNLOADED },
};

static bool code_asks_for_restart(uint32_t code)
{
	return code == CODE_RESTART_REQUIRED || code == 0x80070BC2 || code == 0x80070BC9;
}

static int read_word(json_t *status, const char *where, const char *const *words,
		     int count, struct problem *p)
{
	const char *word = json_string_value(status);

	if (word == NULL)
		return problem_set(p, PROBLEM_BAD_INPUT, "%s is missing or no text",
				   where);
	for (int i = 0; i < count; i++) {
		if (strcmp(word, words[i]) == 0)
			return i;
	}
	char list[120] = "";
	size_t used = 0;
	for (int i = 0; i < count; i++)
		used += (size_t)snprintf(list + used, sizeof list - used, "%s%s",
					 i > 0 ? ", " : "", words[i]);
	return problem_set(p, PROBLEM_BAD_INPUT, "%s '%.40s' is not one of: %s", where,
			   word, list);
}

/* Result codes are 32 bits whose sign nobody agrees on. */
static bool fits_code(long long value)
{
	return value >= INT32_MIN && value <= (long long)UINT32_MAX;
}

static int read_code(json_t *code, struct feedback *feedback, struct problem *p)
{
	long long value = 0;

	if (code == NULL || json_is_null(code))
		return 0;
	if (json_is_integer(code)) {
		value = json_integer_value(code);
	} else if (json_is_string(code)) {
		const char *text = json_string_value(code);
		char *end;
		errno = 0;
		value = strtoll(text, &end, strncasecmp(text, "0x", 2) == 0 ? 16 : 10);
		if (errno != 0 || end == text || *end != '\0')
			value = INT64_MAX;
	} else {
		value = INT64_MAX;
	}
	if (!fits_code(value))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "status.code must be a number of 32 bits, signed or "
				   "not, or such a number as decimal or 0x text");
	feedback->has_code = true;
	feedback->code = (uint32_t)value;
	return 0;
}

/* "0x800F0922" anywhere in a line. */
static bool find_code(const char *line, uint32_t *code)
{
	for (const char *at = line; (at = strstr(at, "0x")) != NULL; at += 2) {
		size_t digits = strspn(at + 2, "0123456789abcdefABCDEF");
		if (digits == 8) {
			*code = (uint32_t)strtoul(at + 2, NULL, 16);
			return true;
		}
	}
	return false;
}

/* Words of the device go to logs and tables: one line that prints, of bounded length. */
static void keep_text(const char *line, char text[static FEEDBACK_TEXT])
{
	int wanted = snprintf(text, FEEDBACK_TEXT, "%s", line);

	utf8_mark_cut(text, FEEDBACK_TEXT, wanted);
	utf8_scrub(text);
}

static void read_extension(const char *line, struct feedback *feedback)
{
	if (strncmp(line, "seq=", 4) == 0) {
		char *end;
		errno = 0;
		unsigned long value = strtoul(line + 4, &end, 10);
		if (isdigit((unsigned char)line[4]) && *end == '\0' && errno == 0 &&
		    value <= UINT32_MAX)
			feedback->sequence = (uint32_t)value;
	} else if (strncmp(line, "state=", 6) == 0) {
		feedback->state = flow_state_of(line + 6);
	} else if (strncmp(line, "hresult=", 8) == 0) {
		if (!feedback->has_code)
			feedback->has_code = find_code(line + 8, &feedback->code);
	} else if (strncmp(line, "defer-until=", 12) == 0) {
		feedback->defers = true;
	}
}

static void read_line(const char *line, struct feedback *feedback)
{
	uint32_t code;

	if (strncmp(line, "py:", 3) == 0) {
		read_extension(line + 3, feedback);
		return;
	}
	for (size_t i = 0; i < sizeof known_lines / sizeof known_lines[0]; i++) {
		if (strncmp(line, known_lines[i].start, strlen(known_lines[i].start)) ==
		    0)
			feedback->line = known_lines[i].state;
	}
	/* Only a failure's lines speak of codes; others may show any number. */
	if (!feedback->has_code && feedback->finished == FINISHED_FAILURE &&
	    find_code(line, &code)) {
		feedback->has_code = true;
		feedback->code = code;
	}
	if (line[0] != '\0')
		keep_text(line, feedback->text);
}

static int read_status(json_t *root, struct feedback *feedback, struct problem *p)
{
	json_t *status = json_object_get(root, "status");
	json_t *result = json_object_get(status, "result");
	json_t *details = json_object_get(status, "details");
	json_t *line;
	size_t i;

	if (!json_is_object(status))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "status is missing or no object");
	int execution = read_word(json_object_get(status, "execution"),
				  "status.execution", execution_words, EXECUTIONS, p);
	if (execution < 0)
		return -1;
	if (!json_is_object(result))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "status.result is missing or no object");
	int finished = read_word(json_object_get(result, "finished"),
				 "status.result.finished", finished_words, FINISHES, p);
	if (finished < 0)
		return -1;
	feedback->execution = (enum execution)execution;
	feedback->finished = (enum finished)finished;
	if (read_code(json_object_get(status, "code"), feedback, p) < 0)
		return -1;
	if (json_is_string(details))
		read_line(json_string_value(details), feedback);
	json_array_foreach(details, i, line)
	{
		if (i < FEEDBACK_DETAILS && json_is_string(line))
			read_line(json_string_value(line), feedback);
	}
	return 0;
}

int feedback_read(const char *body, size_t size, struct feedback *feedback,
		  struct problem *p)
{
	json_t *root = json_in_object(body, size, p);
	if (root == NULL)
		return -1;
	memset(feedback, 0, sizeof *feedback);
	int rc = read_status(root, feedback, p);
	json_decref(root);
	return rc;
}

/* What our own clients may say they have reached on the way. */
static bool is_on_the_way(enum flow_state state)
{
	return state != FLOW_NONE && state != FLOW_OFFERED && !flow_state_is_final(state);
}

/* A plain client that says it is at work: the first time it is about to fetch the file,
 * for nothing in the protocol tells the two apart, and from the second time on it
 * installs. */
static enum flow_state work_of(const struct flow *flow)
{
	switch (flow->state) {
	case FLOW_OFFERED:
	case FLOW_ACCEPTED:
		return FLOW_DOWNLOADING;
	case FLOW_DOWNLOADING:
	case FLOW_DOWNLOADED:
		return FLOW_INSTALLING;
	default:
		return FLOW_NONE;
	}
}

static enum flow_state claim_progress(const struct feedback *feedback,
				      const struct flow *flow)
{
	bool removes = flow->kind == FLOW_UNINSTALL;

	if (is_on_the_way(feedback->state))
		return feedback->state;
	if (feedback->has_code && code_asks_for_restart(feedback->code))
		return FLOW_RESTART_PENDING;
	switch (feedback->execution) {
	case EXECUTION_SCHEDULED:
		return removes ? FLOW_NONE : FLOW_ACCEPTED;
	case EXECUTION_DOWNLOAD:
		return removes ? FLOW_NONE : FLOW_DOWNLOADING;
	case EXECUTION_DOWNLOADED:
		return removes ? FLOW_NONE : FLOW_DOWNLOADED;
	default:
		break;
	}
	if (removes)
		return FLOW_REMOVING;
	return feedback->line != FLOW_NONE ? feedback->line : work_of(flow);
}

enum flow_state feedback_claim(const struct feedback *feedback, const struct flow *flow)
{
	switch (feedback->execution) {
	case EXECUTION_CLOSED:
		if (feedback->finished != FINISHED_FAILURE)
			return flow->kind == FLOW_UNINSTALL ? FLOW_REMOVED
							    : FLOW_VERIFIED;
		return feedback->has_code && feedback->code == code_not_applicable
			       ? FLOW_NOT_APPLICABLE
			       : FLOW_FAILED;
	case EXECUTION_REJECTED:
		/* "Not now" keeps the action open. */
		return feedback->defers ? FLOW_NONE : FLOW_NOT_APPLICABLE;
	case EXECUTION_CANCELED:
		/* hawkBit keeps an action open that its client merely calls cancelled. */
		return FLOW_NONE;
	default:
		return claim_progress(feedback, flow);
	}
}

enum stop_answer feedback_stop(const struct feedback *feedback)
{
	switch (feedback->execution) {
	case EXECUTION_CLOSED:
		return feedback->finished == FINISHED_FAILURE ? STOP_REFUSED : STOP_DONE;
	case EXECUTION_CANCELED:
		/* hawkBit wants `closed`; clients that say `canceled` mean the same. */
		return STOP_DONE;
	case EXECUTION_REJECTED:
		return STOP_REFUSED;
	default:
		return STOP_NOTE;
	}
}

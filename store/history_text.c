#include "store/history_text.h"

#include <assert.h>

#include "engine/problem.h"
#include "store/lines.h"

enum line_word { LINE_PAUSED, LINE_REQUEST, LINE_MARK, LINE_SEEN, LINE_WORDS };

static const char *const line_words[LINE_WORDS] = { "paused", "request", "mark", "seen" };
const char *const request_words[REQUEST_WORDS] = {
	[REQUEST_NONE] = "none",
	[REQUEST_UNINSTALL] = "uninstall",
	[REQUEST_ROLLBACK] = "rollback",
};
const char *const block_words[BLOCK_WORDS] = {
	[BLOCK_NONE] = "none",
	[BLOCK_OPERATOR] = "operator",
	[BLOCK_UNINSTALLED] = "uninstalled",
};
/* The store's own words, for the engine's serve people and share one between two. */
const char *const recovery_words[RECOVERY_STATES] = {
	[RECOVERY_NONE] = "none",           [RECOVERY_REQUESTED] = "requested",
	[RECOVERY_REMOVING] = "removing",   [RECOVERY_REMOVE_RESTART] = "remove-restart",
	[RECOVERY_REMOVED] = "removed",     [RECOVERY_LCU_OFFERED] = "lcu-offered",
	[RECOVERY_RECOVERED] = "recovered", [RECOVERY_STUCK] = "stuck",
};
_Static_assert(RECOVERY_STUCK + 1 == RECOVERY_STATES, "every state has a word");

static void write_key(struct lines_out *out, const struct release_key *key)
{
	lines_out_text(out, key->product);
	lines_out_int(out, key->kb);
	lines_out_int(out, key->build.base);
	lines_out_int(out, key->build.revision);
}

static void write_request(struct lines_out *out, const struct request *request)
{
	lines_out_text(out, line_words[LINE_REQUEST]);
	lines_out_text(out, request_words[request->kind]);
	lines_out_text(out, recovery_words[request->state]);
	lines_out_int(out, request->wait);
	write_key(out, &request->key);
	lines_out_int(out, request->removed_published_s);
	lines_out_int(out, request->at_s);
	lines_out_int(out, request->failures);
	lines_out_text(out, request->reason);
	lines_out_end(out);
}

static void write_mark(struct lines_out *out, const struct mark *mark)
{
	lines_out_text(out, line_words[LINE_MARK]);
	write_key(out, &mark->key);
	lines_out_int(out, mark->first_offered_s);
	lines_out_int(out, mark->last_s);
	lines_out_int(out, mark->failures);
	lines_out_int(out, mark->last_failed_s);
	lines_out_int(out, mark->unshown);
	lines_out_int(out, mark->not_applicable);
	lines_out_int(out, mark->unverifiable);
	lines_out_text(out, block_words[mark->block]);
	lines_out_int(out, mark->blocked_s);
	lines_out_end(out);
}

size_t history_text_write(const struct history *history,
			  char text[static HISTORY_TEXT_MAX])
{
	struct lines_out out;

	lines_out_init(&out, text, HISTORY_TEXT_MAX - 1);
	if (history->paused_until_s != 0) {
		lines_out_text(&out, line_words[LINE_PAUSED]);
		lines_out_int(&out, history->paused_until_s);
		lines_out_end(&out);
	}
	/* A request that is over still tells what was asked for last. */
	if (history->request.kind != REQUEST_NONE || history->request.at_s != 0)
		write_request(&out, &history->request);
	for (uint16_t i = 0; i < history->mark_count; i++)
		write_mark(&out, &history->marks[i]);
	for (uint16_t i = 0; i < history->sighting_count; i++) {
		lines_out_text(&out, line_words[LINE_SEEN]);
		lines_out_int(&out, history->sightings[i].kb);
		lines_out_int(&out, history->sightings[i].since_s);
		lines_out_end(&out);
	}
	assert(!out.full); /* HISTORY_TEXT_MAX is reckoned from the limits */
	text[out.used] = '\0';
	return out.used;
}

static uint32_t read_u32(struct lines_in *in)
{
	int64_t value = lines_in_int(in);

	if (value < 0 || value > UINT32_MAX) {
		in->bad = true;
		return 0;
	}
	return (uint32_t)value;
}

static void read_key(struct lines_in *in, struct release_key *key)
{
	lines_in_text(in, key->product, sizeof key->product);
	key->kb = read_u32(in);
	key->build.base = read_u32(in);
	key->build.revision = read_u32(in);
}

static void read_request(struct lines_in *in, struct request *request)
{
	request->kind =
		(enum request_kind)lines_in_word(in, request_words, REQUEST_WORDS);
	request->state =
		(enum recovery_state)lines_in_word(in, recovery_words, RECOVERY_STATES);
	request->wait = lines_in_int(in) != 0;
	read_key(in, &request->key);
	request->removed_published_s = lines_in_int(in);
	request->at_s = lines_in_int(in);
	request->failures = read_u32(in);
	lines_in_text(in, request->reason, sizeof request->reason);
}

static void read_mark(struct lines_in *in, struct history *history)
{
	if (history->mark_count == HISTORY_MARKS) {
		in->bad = true;
		return;
	}
	struct mark *mark = &history->marks[history->mark_count++];

	read_key(in, &mark->key);
	mark->first_offered_s = lines_in_int(in);
	mark->last_s = lines_in_int(in);
	mark->failures = read_u32(in);
	mark->last_failed_s = lines_in_int(in);
	mark->unshown = read_u32(in);
	mark->not_applicable = lines_in_int(in) != 0;
	mark->unverifiable = lines_in_int(in) != 0;
	mark->block = (enum block)lines_in_word(in, block_words, BLOCK_WORDS);
	mark->blocked_s = lines_in_int(in);
}

static void read_sighting(struct lines_in *in, struct history *history)
{
	if (history->sighting_count == HISTORY_SIGHTINGS) {
		in->bad = true;
		return;
	}
	struct sighting *sighting = &history->sightings[history->sighting_count++];

	sighting->kb = read_u32(in);
	sighting->since_s = lines_in_int(in);
}

static void read_line(struct lines_in *in, struct history *history)
{
	switch ((enum line_word)lines_in_word(in, line_words, LINE_WORDS)) {
	case LINE_PAUSED:
		history->paused_until_s = lines_in_int(in);
		break;
	case LINE_REQUEST:
		read_request(in, &history->request);
		break;
	case LINE_MARK:
		read_mark(in, history);
		break;
	case LINE_SEEN:
		read_sighting(in, history);
		break;
	case LINE_WORDS:
		break;
	}
}

int history_text_read(const char *text, size_t size, struct history *history,
		      struct problem *p)
{
	struct lines_in in;

	history_init(history);
	lines_in_init(&in, text, size);
	while (lines_in_next(&in))
		read_line(&in, history);
	if (in.bad) {
		history_init(history);
		return problem_set(p, PROBLEM_EXTERNAL,
				   "database: the history of a device is damaged; "
				   "restore a backup");
	}
	return 0;
}

#include "protocol/command/act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/problem.h"
#include "protocol/command/list.h"
#include "protocol/command/text.h"

enum { SET_COLUMNS = 32 };

/* --- words into a body -------------------------------------------------------------- */

static int set_text(json_t *body, const char *member, const char *text,
		    struct trouble *trouble)
{
	if (json_object_set_new(body, member, json_string(text)) == 0)
		return 0;
	return trouble_set(trouble, STATUS_USAGE, "\"%.60s\" is no text in UTF-8", text);
}

/* "KB5058497@26100.3981": false when it is no KB at all. */
static bool split_release(const char *word, uint32_t *kb, const char **build)
{
	char name[32];
	size_t size = strcspn(word, "@");

	if (size >= sizeof name)
		return false;
	memcpy(name, word, size);
	name[size] = '\0';
	*build = word[size] == '@' ? word + size + 1 : NULL;
	/* A ring may have a number for a name. */
	return (word[0] == 'K' || word[0] == 'k') && kb_parse(name, kb);
}

int act_name_release(json_t *body, const char *word, struct trouble *trouble)
{
	char name[KB_TEXT];
	const char *text;
	struct build build;
	uint32_t kb;

	if (!split_release(word, &kb, &text) ||
	    (text != NULL && !build_parse(text, &build)))
		return trouble_set(trouble, STATUS_USAGE,
				   "a release is KB5058497, or KB5058497@26100.3981, not "
				   "\"%.60s\"",
				   word);
	if (set_text(body, "kb", kb_format(kb, name), trouble) < 0)
		return -1;
	return text == NULL ? 0 : set_text(body, "build", text, trouble);
}

int act_name_target(json_t *body, const char *word, struct trouble *trouble)
{
	const char *build;
	uint32_t kb;

	if (split_release(word, &kb, &build))
		return act_name_release(body, word, trouble);
	return set_text(body, "ring", word, trouble);
}

/* clang-format off */
static const struct {
	enum option option;
	const char *member;
} texts[] = {
	{ OPTION_RING,       "ring" },
	{ OPTION_PRODUCT,    "product" },
	{ OPTION_REASON,     "reason" },
	{ OPTION_WHERE,      "where" },
	{ OPTION_FOR,        "for" },
	{ OPTION_DEADLINE,   "deadline" },
	{ OPTION_MAX_FAILED, "max_failed" },
}, flags[] = {
	{ OPTION_DRY_RUN,    "dry_run" },
	{ OPTION_UNDO,       "undo" },
	{ OPTION_WAIVE,      "waive" },
	{ OPTION_WAIT,       "wait" },
	{ OPTION_FOR_TRACK,  "for_hotpatch_track" },
};
/* clang-format on */

static int set_at_most(json_t *body, const char *word, struct trouble *trouble)
{
	char *end;
	long number = strtol(word, &end, 10);

	if (*end != '\0' || end == word || number < 1)
		return trouble_set(trouble, STATUS_USAGE,
				   "--at-most takes a number of devices, not \"%.60s\"",
				   word);
	json_object_set_new(body, "at_most", json_integer(number));
	return 0;
}

int act_set_options(json_t *body, const struct invocation *invocation,
		    struct trouble *trouble)
{
	const char *at_most = invocation->options[OPTION_AT_MOST];

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		const char *text = invocation->options[texts[i].option];
		if (text == NULL)
			continue;
		if (json_object_get(body, texts[i].member) != NULL)
			return trouble_set(trouble, STATUS_USAGE,
					   "the %s is named already: leave --%s out",
					   texts[i].member,
					   option_rows[texts[i].option].name);
		if (set_text(body, texts[i].member, text, trouble) < 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
		if (invocation_has(invocation, flags[i].option))
			json_object_set_new(body, flags[i].member, json_true());
	}
	return at_most == NULL ? 0 : set_at_most(body, at_most, trouble);
}

/* --- the answer into sentences ------------------------------------------------------ */

static long long number_of(const json_t *answer, const char *member)
{
	return (long long)json_integer_value(json_object_get(answer, member));
}

static const char *text_of(const json_t *answer, const char *member)
{
	const char *text = json_string_value(json_object_get(answer, member));
	return text == NULL ? "" : text;
}

static void say(const char *text)
{
	text_print(stdout, text);
}

void act_tell_releases(const json_t *answer)
{
	const json_t *releases = json_object_get(answer, "releases"), *release;
	char line[300];
	size_t i;

	if (json_array_size(releases) < 2)
		return;
	snprintf(line, sizeof line, "%s is %zu releases, and all of them are meant:\n",
		 text_of(json_array_get(releases, 0), "kb"), json_array_size(releases));
	say(line);
	json_array_foreach(releases, i, release)
	{
		snprintf(line, sizeof line, "  %s %s, %s\n", text_of(release, "product"),
			 text_of(release, "build"), text_of(release, "kind"));
		say(line);
	}
}

/* "  not started, and will not      3160" */
static void tell_set(long long count, const char *what)
{
	if (count != 0)
		printf("  %-*s %8lld\n", SET_COLUMNS, what, count);
}

static void tell_sets(const json_t *answer, const struct act_words *words)
{
	tell_set(number_of(answer, "finished"), "finished, and stay so");
	tell_set(number_of(answer, "running"), "on the way, and will finish");
	tell_set(number_of(answer, "stopped"), "on the way, and told to stop");
	tell_set(number_of(answer, "starts"), "offered it from now on");
	tell_set(number_of(answer, "instead"), "offered another in its place");
	tell_set(number_of(answer, "not_started"), words->waiting);
	tell_set(number_of(answer, "restarts"), "restarts in all");
}

static void tell_behind(const json_t *answer)
{
	const json_t *rings = json_object_get(answer, "rings_behind"), *ring;
	char line[200];
	size_t i;

	json_array_foreach(rings, i, ring)
	{
		snprintf(line, sizeof line, "%s stays closed while %s has not passed.\n",
			 json_string_value(ring), text_of(answer, "ring"));
		say(line);
	}
}

void act_tell_undo(const struct invocation *invocation, const json_t *answer)
{
	const char *undo = text_of(answer, "undo");

	if (undo[0] != '\0' && !invocation_has(invocation, OPTION_DRY_RUN))
		tell_note(invocation, "Undo: patchyard %s", undo);
}

void act_tell_devices(const struct invocation *invocation, json_t *answer,
		      const struct columns *columns)
{
	struct problem p;
	long long more = number_of(answer, "more");

	if (json_array_size(json_object_get(answer, "devices")) == 0)
		return;
	struct sheet *sheet = sheet_new(invocation, columns, false, &p);
	if (sheet == NULL)
		return;
	fputc('\n', stdout);
	if (sheet_rows(sheet, json_object_get(answer, "devices")) == 0)
		sheet_end(sheet, NULL);
	sheet_free(sheet);
	if (more > 0)
		printf("and %lld more\n", more);
}

/* clang-format off */
static const struct column effect_list[] = {
	{ "id",  "DEVICE", "id",  CELL_TEXT, 0, false },
	{ "set", "SET",    "set", CELL_TEXT, 0, false },
	{ "kb",  "UPDATE", "kb",  CELL_TEXT, 1, false },
};
static const struct columns effect_columns = {
	.list = effect_list, .count = sizeof effect_list / sizeof effect_list[0],
	.member = "devices", .none = NULL,
};
/* clang-format on */

void act_tell(const struct invocation *invocation, json_t *answer, const char *subject,
	      const struct act_words *words)
{
	bool dry = invocation_has(invocation, OPTION_DRY_RUN);
	const char *until = text_of(answer, "until");
	char line[400];

	act_tell_releases(answer);
	snprintf(line, sizeof line, "%s %s%s%s.\n", dry ? words->would : words->done,
		 subject, until[0] != '\0' ? " until " : "", until);
	say(line);
	tell_sets(answer, words);
	tell_behind(answer);
	if (dry) {
		act_tell_devices(invocation, answer, &effect_columns);
		tell_note(invocation, "Nothing is done: --dry-run.");
	}
	act_tell_undo(invocation, answer);
}

enum status act_post(const struct invocation *invocation, const char *path, json_t *body,
		     const char *subject, const struct act_words *words)
{
	json_t *answer = NULL;
	enum status status =
		change_make(invocation, words->doing, "POST", path, body, &answer);

	if (status != STATUS_DONE)
		return status;
	if (invocation->format != FORMAT_JSON && invocation->format != FORMAT_JSONL)
		act_tell(invocation, answer, subject, words);
	json_decref(answer);
	return STATUS_DONE;
}

#include "protocol/ddi/config_data.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/problem.h"
#include "protocol/ddi/json_in.h"

static const char *const mode_words[CONFIG_MODES] = {
	[CONFIG_MERGE] = "merge",
	[CONFIG_REPLACE] = "replace",
	[CONFIG_REMOVE] = "remove",
};

enum { KB_PARTS = CONFIG_ENTRIES, NUMBER_TEXT = 32 };

/* The pieces of os.kbs while they come in. */
struct kb_list {
	bool seen;    /* any of its keys */
	bool counted; /* os.kbs.n has a value */
	long count;
	const char *parts[KB_PARTS];
};

static uint32_t keep(struct config_data *data, const char *text)
{
	size_t size = strlen(text) + 1;
	uint32_t at = (uint32_t)data->used;

	assert(data->used + size <= sizeof data->text);
	memcpy(data->text + at, text, size);
	data->used += size;
	return at;
}

static void add(struct config_data *data, const char *name, const char *value)
{
	assert(data->count < sizeof data->entries / sizeof data->entries[0]);
	data->entries[data->count].name_at = keep(data, name);
	data->entries[data->count].removed = value == NULL;
	data->entries[data->count].value_at = value != NULL ? keep(data, value) : 0;
	data->count++;
}

/* Characters, not bytes; jansson has seen to it that this is UTF-8. */
static size_t characters(const char *text)
{
	size_t count = 0;
	for (; *text != '\0'; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static int fold_key(const char *key, char name[static LIMIT_FACT_NAME + 1],
		    struct problem *p)
{
	char plain[CONFIG_CHARACTERS + 1];
	size_t used = 0, count = characters(key);

	if (count == 0 || count > CONFIG_CHARACTERS)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "an attribute's key has 1 to %d characters: '%.60s' "
				   "has %zu",
				   CONFIG_CHARACTERS, key, count);
	for (; *key != '\0'; key++) {
		bool is_plain = (*key >= 'a' && *key <= 'z') ||
				(*key >= 'A' && *key <= 'Z') ||
				(*key >= '0' && *key <= '9') || *key == '.' ||
				*key == '_' || *key == '-';
		if (((unsigned char)*key & 0xc0) != 0x80)
			plain[used++] = (char)(is_plain ? *key : '-');
	}
	plain[used] = '\0';
	bool ok = fact_name_fold(plain, name);
	assert(ok);
	return ok ? 0 : -1;
}

/* The text of a scalar; NULL for null.  -1 with *p told for anything else. */
static int read_value(json_t *value, const char *key, char number[static NUMBER_TEXT],
		      const char **text, struct problem *p)
{
	*text = number;
	switch (json_typeof(value)) {
	case JSON_STRING:
		*text = json_string_value(value);
		break;
	case JSON_INTEGER:
		snprintf(number, NUMBER_TEXT, "%lld",
			 (long long)json_integer_value(value));
		break;
	case JSON_REAL:
		snprintf(number, NUMBER_TEXT, "%.15g", json_real_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		*text = json_is_true(value) ? "true" : "false";
		break;
	case JSON_NULL:
		*text = NULL;
		return 0;
	default:
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "attribute '%.60s' is no text, number or boolean",
				   key);
	}
	size_t count = characters(*text);
	if (count > CONFIG_CHARACTERS)
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"the value of attribute '%.60s' has %zu characters, at "
			"most %d are taken; a KB list is split over os.kbs.0, "
			"os.kbs.1, ...",
			key, count, CONFIG_CHARACTERS);
	return 0;
}

/* 1 when it is a piece of the KB list, 0 when not, -1 with *p told for a wrong one. */
static int take_kbs(struct kb_list *kbs, const char *name, const char *value,
		    struct problem *p)
{
	static const char start[] = "os.kbs.";
	char *end;

	if (strncmp(name, start, sizeof start - 1) != 0)
		return 0;
	const char *part = name + sizeof start - 1;
	kbs->seen = true;
	if (strcmp(part, "n") == 0) {
		if (value == NULL)
			return 1;
		kbs->counted = true;
		kbs->count = strtol(value, &end, 10);
		if (end == value || *end != '\0' || kbs->count < 0)
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "os.kbs.n is a count of KBs, not '%.40s'",
					   value);
		return 1;
	}
	unsigned long index = strtoul(part, &end, 10);
	if (*part < '0' || *part > '9' || *end != '\0' || index >= KB_PARTS)
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"'%.60s' is no piece of the KB list: they are os.kbs.n "
			"and os.kbs.0 to os.kbs.%d",
			name, KB_PARTS - 1);
	kbs->parts[index] = value;
	return 1;
}

/* A list that lost a piece would look as if the device had lost KBs. */
static int join_kbs(const struct kb_list *kbs, struct config_data *data,
		    struct problem *p)
{
	char list[LIMIT_FACT_VALUE + 1] = "";
	size_t used = 0;
	long count = 0;
	uint32_t kb;

	for (size_t i = 0; i < KB_PARTS; i++) {
		if (kbs->parts[i] == NULL)
			continue;
		size_t size = strlen(kbs->parts[i]);
		if (used + size + 2 > sizeof list)
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "the KB list has more than %d bytes in all",
					   LIMIT_FACT_VALUE);
		used += (size_t)snprintf(list + used, sizeof list - used, "%s%s",
					 used > 0 ? "," : "", kbs->parts[i]);
	}
	for (const char *at = list; facts_next_kb(&at, &kb);)
		count++;
	if (kbs->counted && count != kbs->count)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "os.kbs.n says %ld KBs, but os.kbs.0 and following "
				   "hold %ld",
				   kbs->count, count);
	add(data, "os.kbs", kbs->counted || used > 0 ? list : NULL);
	return 0;
}

static int read_entries(json_t *root, struct config_data *data, struct problem *p)
{
	json_t *object = json_object_get(root, "data"), *value;
	struct kb_list kbs = { 0 };
	char name[LIMIT_FACT_NAME + 1] = "", number[NUMBER_TEXT];
	const char *key, *text;

	if (!json_is_object(object) || json_object_size(object) == 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "data is missing, or no object with attributes");
	if (json_object_size(object) > CONFIG_ENTRIES)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "a device sends at most %d attributes, not %zu",
				   CONFIG_ENTRIES, json_object_size(object));
	json_object_foreach(object, key, value)
	{
		if (fold_key(key, name, p) < 0 ||
		    read_value(value, key, number, &text, p) < 0)
			return -1;
		if (data->mode == CONFIG_REMOVE)
			text = NULL;
		/* A number is held in a room of its own; in a KB list it is no KB. */
		if (text == number && strncmp(name, "os.kbs.", 7) == 0 &&
		    strcmp(name, "os.kbs.n") != 0)
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "attribute '%.60s' is no list of KBs", key);
		int taken = take_kbs(&kbs, name, text, p);
		if (taken < 0)
			return -1;
		if (taken == 0)
			add(data, name, text);
	}
	return kbs.seen ? join_kbs(&kbs, data, p) : 0;
}

static int read_mode(json_t *root, struct config_data *data, struct problem *p)
{
	json_t *mode = json_object_get(root, "mode");
	const char *word = json_string_value(mode);

	data->mode = CONFIG_MERGE;
	if (mode == NULL || json_is_null(mode))
		return 0;
	for (int i = 0; word != NULL && i < CONFIG_MODES; i++) {
		if (strcmp(word, mode_words[i]) == 0) {
			data->mode = (enum config_mode)i;
			return 0;
		}
	}
	return problem_set(p, PROBLEM_BAD_INPUT,
			   "mode '%.40s' is not one of: merge, replace, remove",
			   word != NULL ? word : "");
}

int config_data_read(const char *body, size_t size, struct config_data *data,
		     struct problem *p)
{
	json_t *root = json_in_object(body, size, p);
	if (root == NULL)
		return -1;
	data->count = data->used = 0;
	int rc = read_mode(root, data, p);
	if (rc == 0)
		rc = read_entries(root, data, p);
	json_decref(root);
	return rc;
}

static bool remove_reported(struct facts *facts, const char *name)
{
	const struct fact *fact = facts_find(facts, name);
	return fact != NULL && fact->source == FACT_REPORTED && facts_remove(facts, name);
}

static bool lists(const struct config_data *data, const char *name)
{
	for (size_t i = 0; i < data->count; i++) {
		if (!data->entries[i].removed &&
		    strcmp(data->text + data->entries[i].name_at, name) == 0)
			return true;
	}
	return false;
}

static void remove_unlisted(const struct config_data *data, struct facts *facts,
			    unsigned *changed)
{
	for (size_t i = facts->count; i-- > 0;) {
		char name[LIMIT_FACT_NAME + 1];
		snprintf(name, sizeof name, "%s", fact_name(facts, &facts->fact[i]));
		if (!lists(data, name) && remove_reported(facts, name))
			++*changed;
	}
}

int config_data_apply(const struct config_data *data, struct facts *facts, int64_t now_s,
		      unsigned *changed, struct problem *p)
{
	*changed = 0;
	if (data->mode == CONFIG_REPLACE)
		remove_unlisted(data, facts, changed);
	for (size_t i = 0; i < data->count; i++) {
		const char *name = data->text + data->entries[i].name_at;
		bool is_new = false;
		if (data->entries[i].removed)
			is_new = remove_reported(facts, name);
		else if (facts_set(facts, name, data->text + data->entries[i].value_at,
				   now_s, FACT_REPORTED, &is_new, p) < 0)
			return -1;
		*changed += is_new;
	}
	return 0;
}

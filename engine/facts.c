#include "engine/facts.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/ascii.h"
#include "engine/catalog.h"
#include "engine/instant.h"
#include "engine/problem.h"
#include "engine/utf8.h"

static const char *const known_names[FACTS_KNOWN] = {
	[FACT_OTHER] = "",
	[FACT_OS_FAMILY] = "os.family",
	[FACT_OS_BUILD] = "os.build",
	[FACT_OS_EDITION] = "os.edition",
	[FACT_OS_ARCH] = "os.arch",
	[FACT_OS_KBS] = "os.kbs",
	[FACT_VBS] = "vbs",
	[FACT_CHPE] = "chpe",
	[FACT_LICENCE_HOTPATCH] = "licence.hotpatch",
	[FACT_RESTART_PENDING] = "restart.pending",
	[FACT_OS_BOOT] = "os.boot",
};

const char *const fact_source_names[FACT_SOURCES] = {
	[FACT_REPORTED] = "reported",
	[FACT_ASSERTED] = "asserted",
	[FACT_ASSUMED] = "assumed",
};

/* What other clients call the same things, already folded to lower case.  An alias is
 * no shorter than its name, so folding never lengthens. */
static const struct {
	const char *alias;
	enum fact_id id;
} aliases[] = {
	{ "osversion", FACT_OS_BUILD },
	{ "os.version", FACT_OS_BUILD },
	{ "license.hotpatch", FACT_LICENCE_HOTPATCH },
};

void facts_init(struct facts *facts)
{
	facts->count = facts->used = 0;
	facts->reported_s = INSTANT_NONE;
	memset(facts->known, 0, sizeof facts->known);
	memset(facts->slot, 0, sizeof facts->slot);
}

static bool in_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
	       c == '-';
}

bool fact_name_fold(const char *name, char folded[static LIMIT_FACT_NAME + 1])
{
	size_t size = 0;

	for (; name[size] != '\0'; size++) {
		if (size == LIMIT_FACT_NAME || !in_name(ascii_lower(name[size])))
			return false;
		folded[size] = ascii_lower(name[size]);
	}
	folded[size] = '\0';
	for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
		if (strcmp(folded, aliases[i].alias) == 0)
			snprintf(folded, LIMIT_FACT_NAME + 1, "%s",
				 known_names[aliases[i].id]);
	}
	return size > 0;
}

const char *fact_id_name(enum fact_id id)
{
	assert(id < FACTS_KNOWN);
	return known_names[id];
}

enum fact_id fact_id_of(const char *name)
{
	char folded[LIMIT_FACT_NAME + 1];

	if (!fact_name_fold(name, folded))
		return FACT_OTHER;
	for (int id = FACT_OTHER + 1; id < FACTS_KNOWN; id++) {
		if (strcmp(known_names[id], folded) == 0)
			return (enum fact_id)id;
	}
	return FACT_OTHER;
}

/* Tabs and line ends between words become spaces: lists are joined with either. */
static int copy_value(const char *name, const char *value,
		      char copy[static LIMIT_FACT_VALUE + 1], struct problem *p)
{
	size_t size = strlen(value);

	if (size > LIMIT_FACT_VALUE)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "the value of fact '%.64s' has %zu bytes; at most %d "
				   "are kept",
				   name, size, LIMIT_FACT_VALUE);
	memcpy(copy, value, size + 1);
	for (size_t i = 0; i < size; i++) {
		if (copy[i] == '\t' || copy[i] == '\n' || copy[i] == '\r')
			copy[i] = ' ';
	}
	for (size_t at = 0; at < size;) {
		size_t step = utf8_printable(copy + at);
		if (step == 0)
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "the value of fact '%.64s' is no printable "
					   "UTF-8 at byte %zu",
					   name, at + 1);
		at += step;
	}
	return 0;
}

uint16_t fact_name_hash(const char *name)
{
	uint32_t hash = 0x811c9dc5;

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 0x01000193;
	return (uint16_t)(hash ^ hash >> 16);
}

_Static_assert(LIMIT_FACTS < UINT8_MAX && 2 * LIMIT_FACTS < FACT_SLOTS,
	       "a place fits into a slot, and some slot stays free");

/* fact[place - 1] can be found from now on. */
static void note_place(struct facts *facts, size_t place)
{
	const struct fact *fact = &facts->fact[place - 1];
	size_t slot = fact_name_hash(fact_name(facts, fact)) % FACT_SLOTS;

	while (facts->slot[slot] != 0)
		slot = (slot + 1) % FACT_SLOTS;
	facts->slot[slot] = (uint8_t)place;
	if (fact->id != FACT_OTHER && facts->known[fact->id] == 0)
		facts->known[fact->id] = (uint8_t)place;
}

void facts_index(struct facts *facts)
{
	memset(facts->known, 0, sizeof facts->known);
	memset(facts->slot, 0, sizeof facts->slot);
	for (size_t i = 0; i < facts->count; i++)
		note_place(facts, i + 1);
}

const struct fact *facts_find_hashed(const struct facts *facts, const char *name,
				     uint16_t hash)
{
	size_t slot = hash % FACT_SLOTS;

	for (; facts->slot[slot] != 0; slot = (slot + 1) % FACT_SLOTS) {
		const struct fact *fact = &facts->fact[facts->slot[slot] - 1];
		if (strcmp(fact_name(facts, fact), name) == 0)
			return fact;
	}
	return NULL;
}

static struct fact *find(struct facts *facts, const char *folded)
{
	return (struct fact *)facts_find(facts, folded);
}

/* Take `size` bytes at `at` out of the text. */
static void cut(struct facts *facts, size_t at, size_t size)
{
	assert(at + size <= facts->used);
	memmove(facts->text + at, facts->text + at + size, facts->used - at - size);
	facts->used = (uint16_t)(facts->used - size);
	for (size_t i = 0; i < facts->count; i++) {
		struct fact *fact = &facts->fact[i];
		if (fact->name_at > at)
			fact->name_at = (uint16_t)(fact->name_at - size);
		if (fact->value_at > at)
			fact->value_at = (uint16_t)(fact->value_at - size);
	}
}

static uint16_t append(struct facts *facts, const char *text)
{
	size_t size = strlen(text) + 1;
	uint16_t at = facts->used;

	assert(at + size <= LIMIT_FACTS_TEXT);
	memcpy(facts->text + at, text, size);
	facts->used = (uint16_t)(at + size);
	return at;
}

/* Room for the fact, beside what its old value gives back. */
static int check_room(const struct facts *facts, const struct fact *old, const char *name,
		      const char *value, struct problem *p)
{
	size_t wanted = facts->used + strlen(value) + 1;

	if (old == NULL && facts->count == LIMIT_FACTS)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "a device has at most %d facts: '%.64s' is one too "
				   "many",
				   LIMIT_FACTS, name);
	if (old == NULL)
		wanted += strlen(name) + 1;
	else
		wanted -= strlen(fact_value(facts, old)) + 1;
	if (wanted > LIMIT_FACTS_TEXT)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "the facts of a device have at most %d bytes in all: "
				   "there is no room for '%.64s'",
				   LIMIT_FACTS_TEXT, name);
	return 0;
}

static void put(struct facts *facts, struct fact *fact, const char *folded,
		const char *value, int64_t now_s)
{
	if (fact == NULL) {
		fact = &facts->fact[facts->count];
		fact->name_at = append(facts, folded);
		fact->id = (uint8_t)fact_id_of(folded);
		facts->count++;
		note_place(facts, facts->count);
	} else {
		cut(facts, fact->value_at, strlen(fact_value(facts, fact)) + 1);
	}
	fact->value_at = append(facts, value);
	fact->since_s = now_s;
}

// NOLINTNEXTLINE(readability-function-size): who says it, and when, belong to a fact
int facts_set(struct facts *facts, const char *name, const char *value, int64_t now_s,
	      enum fact_source source, bool *changed, struct problem *p)
{
	char folded[LIMIT_FACT_NAME + 1], copy[LIMIT_FACT_VALUE + 1];

	if (!fact_name_fold(name, folded))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "'%.64s' is not a fact name: 1 to %d letters, digits, "
				   "'.', '_' and '-'",
				   name, LIMIT_FACT_NAME);
	if (copy_value(folded, value, copy, p) < 0)
		return -1;
	struct fact *fact = find(facts, folded);
	bool same = fact != NULL && strcmp(fact_value(facts, fact), copy) == 0;
	if (!same && check_room(facts, fact, folded, copy, p) < 0)
		return -1;

	if (changed != NULL)
		*changed = !same || fact->source != (uint8_t)source;
	if (!same) {
		put(facts, fact, folded, copy, now_s);
		fact = find(facts, folded);
	}
	fact->source = (uint8_t)source;
	fact->observed_s = now_s;
	if (source == FACT_REPORTED && facts->reported_s < now_s)
		facts->reported_s = now_s;
	return 0;
}

void facts_confirm(struct facts *facts, int64_t now_s)
{
	for (size_t i = 0; i < facts->count; i++) {
		if (facts->fact[i].source == FACT_REPORTED)
			facts->fact[i].observed_s = now_s;
	}
	if (facts->reported_s < now_s)
		facts->reported_s = now_s;
}

bool facts_remove(struct facts *facts, const char *name)
{
	char folded[LIMIT_FACT_NAME + 1];

	if (!fact_name_fold(name, folded))
		return false;
	struct fact *fact = find(facts, folded);
	if (fact == NULL)
		return false;
	cut(facts, fact->value_at, strlen(fact_value(facts, fact)) + 1);
	cut(facts, fact->name_at, strlen(fact_name(facts, fact)) + 1);
	size_t after = facts->count - (size_t)(fact - facts->fact) - 1;
	memmove(fact, fact + 1, after * sizeof *fact);
	facts->count--;
	facts_index(facts);
	return true;
}

const struct fact *facts_find(const struct facts *facts, const char *name)
{
	return facts_find_hashed(facts, name, fact_name_hash(name));
}

const char *facts_get(const struct facts *facts, const char *name)
{
	const struct fact *fact = facts_find(facts, name);
	return fact == NULL ? NULL : fact_value(facts, fact);
}

const char *facts_known(const struct facts *facts, enum fact_id id)
{
	assert(id > FACT_OTHER);
	assert(id < FACTS_KNOWN);
	size_t place = facts->known[id];
	return place == 0 ? NULL : fact_value(facts, &facts->fact[place - 1]);
}

const char *fact_name(const struct facts *facts, const struct fact *fact)
{
	return facts->text + fact->name_at;
}

const char *fact_value(const struct facts *facts, const struct fact *fact)
{
	return facts->text + fact->value_at;
}

bool facts_next_kb(const char **at, uint32_t *kb)
{
	static const char separators[] = " \t\r\n,;";

	for (;;) {
		*at += strspn(*at, separators);
		size_t size = strcspn(*at, separators);
		char word[KB_TEXT];
		if (size == 0)
			return false;
		const char *start = *at;
		*at += size;
		if (size >= sizeof word)
			continue;
		memcpy(word, start, size);
		word[size] = '\0';
		if (kb_parse(word, kb))
			return true;
	}
}

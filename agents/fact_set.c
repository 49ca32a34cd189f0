#include "agents/fact_set.h"

#include <string.h>

#include "engine/catalog.h"
#include "engine/limits.h"
#include "engine/problem.h"

void fact_set_clear(struct fact_set *set)
{
	set->count = 0;
	set->used = 0;
}

static size_t position(const struct fact_set *set, const char *name)
{
	size_t at = 0;
	while (at < set->count && strcmp(fact_set_name(set, at), name) != 0)
		at++;
	return at;
}

static uint16_t keep(struct fact_set *set, const char *word, size_t size)
{
	size_t at = set->used;
	memcpy(set->text + at, word, size);
	set->text[at + size] = '\0';
	set->used += size + 1;
	return (uint16_t)at;
}

/* The characters that hawkBit allows in attributes. */
static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++) {
		bool white = *text == ' ' || *text == '\t';
		if (!white && (*text < '!' || *text > '}' || *text == '`'))
			return false;
	}
	return true;
}

static int put(struct fact_set *set, const char *name, size_t name_size,
	       const char *value, struct problem *p)
{
	char wanted[FACT_WORD + 1];
	size_t value_size = strlen(value);

	if (name_size == 0 || name_size > FACT_WORD)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "a fact's name has 1 to %d characters: '%.*s'",
				   FACT_WORD, (int)(name_size < 60 ? name_size : 60),
				   name);
	memcpy(wanted, name, name_size);
	wanted[name_size] = '\0';
	if (!is_plain(wanted) || !is_plain(value))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the fact '%.60s' has a character that attributes "
				   "cannot carry: use printable ASCII without ~ and `",
				   wanted);
	size_t most = strcmp(wanted, "os.kbs") == 0 ? LIMIT_FACT_VALUE : FACT_WORD;
	if (value_size > most)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "the fact %s has %zu characters, at most %zu are sent",
				   wanted, value_size, most);
	size_t at = position(set, wanted);
	if (at == FACT_SET_COUNT ||
	    set->used + name_size + value_size + 2 > sizeof set->text)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "no room for the fact %s: a device shows at most %d",
				   wanted, FACT_SET_COUNT);
	if (at == set->count) {
		set->name_at[at] = keep(set, wanted, name_size);
		set->count++;
	}
	set->value_at[at] = keep(set, value, value_size);
	return 0;
}

int fact_set_put(struct fact_set *set, const char *name, const char *value,
		 struct problem *p)
{
	return put(set, name, strlen(name), value, p);
}

int fact_set_put_pair(struct fact_set *set, const char *pair, struct problem *p)
{
	const char *sign = strchr(pair, '=');
	if (sign == NULL)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "'%.80s' is not a fact: write it as name=value", pair);
	return put(set, pair, (size_t)(sign - pair), sign + 1, p);
}

const char *fact_set_name(const struct fact_set *set, size_t index)
{
	return set->text + set->name_at[index];
}

const char *fact_set_value(const struct fact_set *set, size_t index)
{
	return set->text + set->value_at[index];
}

const char *fact_set_find(const struct fact_set *set, const char *name)
{
	size_t at = position(set, name);
	return at == set->count ? NULL : fact_set_value(set, at);
}

bool fact_set_has_kb(const struct fact_set *set, uint32_t kb)
{
	static const char between[] = " \t\r\n,";
	const char *at = fact_set_find(set, "os.kbs");
	if (at == NULL)
		return true;
	for (at += strspn(at, between); *at != '\0'; at += strspn(at, between)) {
		char word[KB_TEXT] = "";
		uint32_t shown = 0;
		size_t size = strcspn(at, between);
		if (size < sizeof word) {
			memcpy(word, at, size);
			word[size] = '\0';
		}
		if (kb_parse(word, &shown) && shown == kb)
			return true;
		at += size;
	}
	return false;
}

/* FNV-1a: not a defence, only a way to see that something is different. */
uint64_t fact_set_digest(const struct fact_set *set)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < set->count; i++) {
		const char *words[] = { fact_set_name(set, i), fact_set_value(set, i) };
		for (size_t w = 0; w < 2; w++) {
			/* The terminator is part of the sum, so that "ab","c" and
			 * "a","bc" differ. */
			for (size_t c = 0; c <= strlen(words[w]); c++) {
				sum ^= (unsigned char)words[w][c];
				sum *= UINT64_C(0x100000001b3);
			}
		}
	}
	return sum == 0 ? 1 : sum;
}

/* The facts a device shows right now: names and values, in the order they were put.
 *
 * A fact set is a plain value of fixed size without pointers.  It is filled by a host
 * (the simulated Windows, or the operator's facts), compared by its digest with what was
 * last reported, and sent as a whole.  Names and values keep to what DDI allows for
 * attributes: 128 characters each, but for the list of KBs, which is split on its way
 * out. */

#ifndef AGENTS_FACT_SET_H
#define AGENTS_FACT_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct problem;

enum { FACT_SET_COUNT = 64, FACT_SET_TEXT = 8192, FACT_WORD = 128 };

struct fact_set {
	size_t count, used;
	uint16_t name_at[FACT_SET_COUNT];
	uint16_t value_at[FACT_SET_COUNT];
	char text[FACT_SET_TEXT];
};

void fact_set_clear(struct fact_set *set);

/* Add or replace one fact. */
int fact_set_put(struct fact_set *set, const char *name, const char *value,
		 struct problem *p);

/* The same from one text: "name=value". */
int fact_set_put_pair(struct fact_set *set, const char *pair, struct problem *p);

const char *fact_set_name(const struct fact_set *set, size_t index);
const char *fact_set_value(const struct fact_set *set, size_t index);

/* NULL when the device does not show it. */
const char *fact_set_find(const struct fact_set *set, const char *name);

/* Whether `kb` stands in os.kbs; true as well when os.kbs is not shown at all, for then
 * nothing speaks against it. */
bool fact_set_has_kb(const struct fact_set *set, uint32_t kb);

/* Changes with every name and value; never 0. */
uint64_t fact_set_digest(const struct fact_set *set);

#endif

/* Attributes a device sends: configData bodies, from bytes to facts.
 *
 * Pure.  Numbers and booleans become text.  Keys are folded to fact names: every
 * character that a fact name cannot have becomes '-'.  A DDI attribute holds 128
 * characters, so a long KB list comes as os.kbs.0, os.kbs.1, ...; they are joined into
 * os.kbs, and os.kbs.n must say how many KBs there are.  A body is taken whole or not at
 * all. */

#ifndef PROTOCOL_DDI_CONFIG_DATA_H
#define PROTOCOL_DDI_CONFIG_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/limits.h"

struct facts;
struct problem;

enum config_mode { CONFIG_MERGE, CONFIG_REPLACE, CONFIG_REMOVE, CONFIG_MODES };

enum {
	CONFIG_ENTRIES = 100,    /* hawkBit's quota */
	CONFIG_CHARACTERS = 128, /* of a key, and of a value; four bytes each at most */
	CONFIG_TEXT = CONFIG_ENTRIES * (LIMIT_FACT_NAME + 1 + 4 * CONFIG_CHARACTERS + 1) +
		      LIMIT_FACT_VALUE + 1,
};

struct config_data {
	enum config_mode mode;
	size_t count, used;
	struct {
		uint32_t name_at, value_at; /* offsets into text[] */
		bool removed;               /* null: there is no value */
	} entries[CONFIG_ENTRIES + 1];
	char text[CONFIG_TEXT];
};

/* -1 with *p told: PROBLEM_TOO_LARGE for more entries than the quota, else
 * PROBLEM_BAD_INPUT. */
int config_data_read(const char *body, size_t size, struct config_data *data,
		     struct problem *p);

/* Set and remove facts.  Only what a device reported can be removed by it: what an
 * operator asserted stays until a report says otherwise.  *changed counts new values and
 * removals. -1 when the facts find no room; they are then half done and of no use. */
int config_data_apply(const struct config_data *data, struct facts *facts, int64_t now_s,
		      unsigned *changed, struct problem *p);

#endif

/* Made-up devices: random in every field the store keeps, from a seed that a failing
 * test prints. */

#ifndef TESTS_UNIT_STORE_SAMPLE_H
#define TESTS_UNIT_STORE_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/record.h"
#include "tests/lib/difference.h"

struct dice {
	uint64_t state;
};
uint64_t dice_roll(struct dice *dice);
uint32_t dice_below(struct dice *dice, uint32_t limit); /* limit > 0 */
bool dice_chance(struct dice *dice, uint32_t percent);

/* Text of any bytes but NUL, with many of those that need an escape; shorter than
 * `size`, often empty, sometimes as long as can be. */
void sample_text(struct dice *dice, char *text, size_t size);
void sample_key(struct dice *dice, struct release_key *key);
/* Facts that may be full to the last byte.  Names are unlike each other. */
void sample_facts(struct dice *dice, struct facts *facts);
void sample_flow(struct dice *dice, struct flow *flow, int64_t id);
void sample_history(struct dice *dice, struct history *history); /* without flow */
/* Everything; a flow only when `flow_id` is not 0. */
void sample_record(struct dice *dice, struct device_record *record, const char *id,
		   int64_t flow_id);

#endif

/* A seeded generator (splitmix64): the same seed, the same throws, on every machine.
 *
 * Each device of each run has dice of its own, so what one device draws never depends on
 * when another one's turn came. */

#ifndef ENGINE_REHEARSAL_DICE_H
#define ENGINE_REHEARSAL_DICE_H

#include <stdbool.h>
#include <stdint.h>

enum { DICE_PPM = 1000000 };

struct dice {
	uint64_t state;
};

static inline uint64_t dice_mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline uint64_t dice_roll(struct dice *dice)
{
	dice->state += UINT64_C(0x9e3779b97f4a7c15);
	return dice_mix(dice->state);
}

/* Dice of their own for a part of the whole: a run, a device, a failure. */
static inline struct dice dice_of(uint64_t seed, uint64_t part)
{
	return (struct dice){ dice_mix(seed + dice_mix(part + 1)) };
}

/* 0 to sides - 1; 0 for none. */
static inline uint64_t dice_below(struct dice *dice, uint64_t sides)
{
	return (uint64_t)(((unsigned __int128)dice_roll(dice) * sides) >> 64);
}

static inline int64_t dice_between(struct dice *dice, int64_t least, int64_t most)
{
	return least + (int64_t)dice_below(dice, (uint64_t)(most - least) + 1);
}

static inline bool dice_chance(struct dice *dice, uint32_t ppm)
{
	return dice_below(dice, DICE_PPM) < ppm;
}

#endif

#include "protocol/ddi/sleep.h"

#include <stdio.h>

#include "engine/instant.h"

enum { RUNNING_DIVISOR = 5, SPREAD_DIVISOR = 4, JITTER_PERMILLE = 100 };

/* FNV-1a: spreads, and needs to do no more. */
static uint32_t hash_of(const char *device, int64_t salt)
{
	uint32_t hash = 2166136261U;

	for (; *device != '\0'; device++)
		hash = (hash ^ (unsigned char)*device) * 16777619U;
	for (int i = 0; i < 8; i++)
		hash = (hash ^ ((uint64_t)salt >> (8 * i) & 0xff)) * 16777619U;
	return hash ^ hash >> 15;
}

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

int64_t sleep_choose(const struct sleep_wish *wish)
{
	int64_t steady_s = clamp(wish->steady_s, 1, SLEEP_MOST_S);
	int64_t least_s = steady_s < SLEEP_SHORT_S ? steady_s : SLEEP_SHORT_S;
	int64_t sleep_s = steady_s;
	uint32_t hash = hash_of(wish->device, wish->now_s / HOUR_S);

	if (wish->running)
		sleep_s = clamp(steady_s / RUNNING_DIVISOR, least_s, steady_s);
	if (wish->urgent)
		sleep_s = least_s;
	int64_t permille = (int64_t)(hash % (2 * JITTER_PERMILLE + 1)) - JITTER_PERMILLE;
	sleep_s += sleep_s * permille / 1000;
	if (wish->boundary_s != INSTANT_NONE && wish->boundary_s > wish->now_s) {
		int64_t spread_s =
			hash_of(wish->device, 0) % (steady_s / SPREAD_DIVISOR + 1);
		int64_t until_s = wish->boundary_s - wish->now_s + 1 + spread_s;
		if (until_s < sleep_s)
			sleep_s = until_s;
	}
	return clamp(sleep_s, 1, SLEEP_MOST_S);
}

void sleep_format(int64_t sleep_s, char text[static SLEEP_TEXT])
{
	unsigned s = (unsigned)clamp(sleep_s, 0, SLEEP_MOST_S);
	snprintf(text, SLEEP_TEXT, "%02u:%02u:%02u", s / 3600 % 24, s / 60 % 60, s % 60);
}

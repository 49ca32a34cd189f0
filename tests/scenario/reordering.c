/* reordering [--seed N] [--lives N]: reports that are lost, doubled and mixed up change
 * no end.
 *
 * Each seed's life is lived over a good network and over a bad one, and must stand alike
 * whenever a chapter is looked at.  The first seed is printed; --seed replays from there.
 * A seed that fails is replayed with ever fewer messages touched, and what is left is
 * told. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lives.h"

enum { LIVES_USUAL = 20000 };

static struct network good, bad = { .is_bad = true };

/* The first chapter that comes out otherwise over `network`, or -1. */
static int find_difference(struct world *world, uint64_t seed,
			   const struct network *network)
{
	static struct life straight, mixed;

	life_live(world, seed, &good, TELL_NOTHING, &straight);
	life_live(world, seed, network, TELL_NOTHING, &mixed);
	for (int chapter = 0; chapter < LIFE_CHAPTERS; chapter++) {
		for (int look = 0; look < LIFE_LOOKS; look++) {
			if (strcmp(straight.looks[chapter][look],
				   mixed.looks[chapter][look]) != 0)
				return chapter;
		}
	}
	return -1;
}

/* Leave ever more messages in peace, as long as it still comes out otherwise. */
static void tell_shortest(struct world *world, uint64_t seed)
{
	static struct life life;
	static struct network less;

	less = bad;
	for (size_t size = LIFE_MESSAGES / 2; size > 0; size /= 2) {
		for (size_t from = 0; from < LIFE_MESSAGES; from += size) {
			struct network before = less;
			memset(less.calm + from, 1, size);
			if (find_difference(world, seed, &less) < 0)
				less = before;
		}
	}
	int chapter = find_difference(world, seed, &less);
	printf("seed %llu, chapter %d, over a good network:\n", (unsigned long long)seed,
	       chapter);
	life_live(world, seed, &good, chapter, &life);
	printf("over a bad one:\n");
	life_live(world, seed, &less, chapter, &life);
	printf("touched:");
	for (size_t i = 0; i < life.message_count; i++) {
		if (!less.calm[i])
			printf(" %zu", i);
	}
	printf("\n");
}

int main(int argc, char **argv)
{
	uint64_t seed = 1, lives = LIVES_USUAL;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--lives") == 0)
			lives = strtoull(argv[i + 1], NULL, 10);
	}
	printf("seeds from %llu, %llu lives\n", (unsigned long long)seed,
	       (unsigned long long)lives);
	fflush(stdout);
	struct world *world = world_new();
	int failed = 0;
	for (uint64_t end = seed + lives; seed < end && failed == 0; seed++) {
		if (find_difference(world, seed, &bad) < 0)
			continue;
		tell_shortest(world, seed);
		failed = 1;
	}
	world_free(world);
	return failed;
}

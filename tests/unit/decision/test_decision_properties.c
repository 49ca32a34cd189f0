/* What must always hold, over generated worlds.  PATCHYARD_STEPS sets how many steps,
 * PATCHYARD_SEED where to begin; both are printed.  A world that fails is replayed with
 * ever fewer steps, and what is left is told. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/case.h"
#include "world.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STEPS_DEFAULT = 60000 };
#else
enum { STEPS_DEFAULT = 1000000 };
#endif
enum { WORLD_STEPS = 600 };

static struct world world;
static char failure[480];

/* Replays `steps` of the seed's world, those that are `kept`: how many steps it took to
 * fail, 0 when it did not. */
static int replay(uint64_t seed, int steps, const unsigned char *kept, bool tell)
{
	int failed = 0;

	world_open(&world, seed);
	for (int i = 0; i < steps && failed == 0; i++) {
		if (kept != NULL && !kept[i])
			continue;
		const char *wrong = world_step(&world, (uint64_t)i);
		if (tell) {
			char now[INSTANT_TEXT];
			printf("  %s  %s\n", instant_format(world.now_s, now),
			       world.story);
		}
		if (wrong == NULL)
			continue;
		snprintf(failure, sizeof failure, "%s", wrong);
		failed = i + 1;
	}
	world_close(&world);
	return failed;
}

/* Leave out ever smaller runs of steps, as long as it still fails. */
static void shrink(uint64_t seed, int steps)
{
	static unsigned char kept[WORLD_STEPS];
	char first[sizeof failure];

	memcpy(first, failure, sizeof first);
	memset(kept, 1, sizeof kept);
	for (int size = steps / 2; size > 0; size /= 2) {
		for (int from = 0; from < steps; from += size) {
			unsigned char before[WORLD_STEPS];
			int end = from + size < steps ? from + size : steps;
			memcpy(before, kept, sizeof before);
			memset(kept + from, 0, (size_t)(end - from));
			if (replay(seed, steps, kept, false) == 0)
				memcpy(kept, before, sizeof before);
		}
	}
	printf("seed %llu fails: %s\nshortened to:\n", (unsigned long long)seed, first);
	replay(seed, steps, kept, true);
	printf("  and: %s\n", failure);
}

static uint64_t setting(const char *name, uint64_t usual)
{
	const char *text = getenv(name);
	return text == NULL ? usual : strtoull(text, NULL, 10);
}

TEST(what_must_hold_holds_after_every_step)
{
	uint64_t seed = setting("PATCHYARD_SEED", 1);
	uint64_t steps = setting("PATCHYARD_STEPS", STEPS_DEFAULT);

	printf("seeds from %llu, %llu steps\n", (unsigned long long)seed,
	       (unsigned long long)steps);
	for (uint64_t done = 0; done < steps; done += WORLD_STEPS, seed++) {
		int failed = replay(seed, WORLD_STEPS, NULL, false);
		if (failed == 0)
			continue;
		shrink(seed, failed);
		fail_msg("seed %llu: %s", (unsigned long long)seed, failure);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_must_hold_holds_after_every_step),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

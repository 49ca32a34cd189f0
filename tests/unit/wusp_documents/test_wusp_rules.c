/* The rules of every release of the real catalog, against what the engine says of the
 * same level, for each level there is, levels there are not, and random machines. */

#include "tests/lib/case.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "engine/decision.h"
#include "tests/unit/wusp_documents/documents_case.h"
#include "tests/unit/wusp_documents/rules.h"
#include "tests/unit/wusp_words/shelf.h"

enum { MACHINES = 6, UNKNOWN_BUILDS = 40 };

static struct catalog *catalog;

static uint32_t seed;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

/* --- one line --------------------------------------------------------------------- */

struct scene {
	const struct line *line;
	struct made_line made;
	struct rules **rules; /* of each made document */
};

static void scene_init(struct scene *scene, const struct line *line)
{
	scene->line = line;
	assert_int_equal(made_line_init(&scene->made, line, ".msu"), 0);
	scene->rules = calloc(scene->made.count, sizeof(void *));
	for (size_t i = 0; i < scene->made.count; i++) {
		scene->rules[i] = rules_new(&scene->made.made[i].document.core);
		assert_non_null(scene->rules[i]);
	}
}

static void scene_fini(struct scene *scene)
{
	for (size_t i = 0; i < scene->made.count; i++)
		rules_free(scene->rules[i]);
	free(scene->rules);
	made_line_fini(&scene->made);
}

static size_t index_of(const struct scene *scene, const struct guid *id)
{
	const struct made *one = made_find(&scene->made, id);

	if (one == NULL)
		fail_msg("a document is named that is not there");
	return (size_t)(one - scene->made.made);
}

/* Are all prerequisites met, and theirs? */
static bool is_reached(const struct scene *scene, size_t at,
		       const struct machine *machine)
{
	const struct update_document *document = &scene->made.made[at].document;

	for (size_t i = 0; i < document->clause_count; i++) {
		bool met = false;
		for (size_t k = 0; k < document->clauses[i].count; k++) {
			size_t other = index_of(scene, &document->clauses[i].ids[k]);
			met = met || (is_reached(scene, other, machine) &&
				      rules_installed(scene->rules[other], machine));
		}
		if (!met)
			return false;
	}
	return true;
}

struct outlook {
	bool installed, installable;
};

/* What an agent finds of a release: bundle and member must agree. */
static struct outlook judge(const struct scene *scene, const struct release *release,
			    const struct machine *machine)
{
	struct guid ids[2];
	struct outlook verdicts[2];

	update_make_ids(scene->line, release, &ids[0], &ids[1]);
	for (int i = 0; i < 2; i++) {
		size_t at = index_of(scene, &ids[i]);
		bool reached = is_reached(scene, at, machine);
		verdicts[i] = (struct outlook){
			reached && rules_installed(scene->rules[at], machine),
			reached && rules_installable(scene->rules[at], machine),
		};
	}
	assert_int_equal(verdicts[0].installed, verdicts[1].installed);
	assert_int_equal(verdicts[0].installable, verdicts[1].installable);
	return verdicts[0];
}

static bool edition_is_listed(const struct product *product, long sku)
{
	const char *edition = edition_of_sku(sku);

	for (size_t i = 0; edition != NULL && i < product->edition_count; i++) {
		if (strcasecmp(product->editions[i], edition) == 0)
			return true;
	}
	return false;
}

static bool same_track(const struct release *a, const struct release *b)
{
	bool hotpatch = a->kind == RELEASE_HOTPATCH || b->kind == RELEASE_HOTPATCH;

	return !hotpatch || (a->quarter >= 0 && a->quarter == b->quarter);
}

/* What must be found where the machine shows the level's build, and no other release of
 * the line has that build. */
static void check(const struct scene *scene, int32_t release, int32_t level,
		  const struct machine *machine)
{
	const struct line *line = scene->line;
	const struct release *r = &line->releases[release], *l = &line->releases[level];
	struct outlook found = judge(scene, r, machine);
	bool above = release_above(line, release, level);
	bool installed, installable;

	if (r->kind == RELEASE_HOTPATCH) {
		installed = same_track(r, l) && !above;
		installable = same_track(r, l) && above &&
			      edition_is_listed(line->product, machine->sku);
	} else if (l->kind == RELEASE_HOTPATCH) {
		/* Between the tracks the numbers decide.  Whatever the engine may offer
		 * must be installable. */
		installable = r->build.revision > l->build.revision;
		installed = !installable;
		if (above && !installable)
			fail_msg("%s: KB%u is above KB%u, and its rules do not say so",
				 line->product->id, r->kb, l->kb);
	} else {
		installed = !above;
		installable = above;
	}
	if (found.installed != installed || found.installable != installable)
		fail_msg("%s %s, KB%u (%u.%u) on %u.%u, OSSkuId %ld: installed %d, "
			 "installable %d",
			 line->product->id, arch_name(line->arch), r->kb, r->build.base,
			 r->build.revision, machine->base, machine->revision,
			 machine->sku, found.installed, found.installable);
}

static struct machine machine_of(const struct line *line)
{
	static const long others[] = { 48, 101, 7, 8, 145, 175, 9999 };
	const struct product *product = line->product;
	struct machine machine = {
		.product_type = product->family == FAMILY_SERVER ? 2 + draw(2) : 1,
		.processor = line->arch == ARCH_ARM64 ? 12 : 9,
		.base = product->base,
	};

	if (draw(2) == 0)
		machine.sku = sku_of_edition(
			product->editions[draw((uint32_t)product->edition_count)], -1);
	else
		machine.sku = others[draw(COUNT_OF(others))];
	return machine;
}

static bool has_twin(const struct line *line, size_t level)
{
	for (size_t i = 0; i < line->count; i++) {
		if (i != level &&
		    build_equal(line->releases[i].build, line->releases[level].build))
			return true;
	}
	return false;
}

static void for_each_line(void (*each)(const struct line *line))
{
	seed = 20250610;
	for (size_t i = 0; i < catalog->product_count; i++) {
		for (size_t k = 0; k < 2; k++) {
			if (catalog->products[i].lines[k].count > 0)
				each(&catalog->products[i].lines[k]);
		}
	}
}

/* --- the promises ----------------------------------------------------------------- */

static size_t checked, twins;

static void check_levels(const struct line *line)
{
	struct scene scene;

	scene_init(&scene, line);
	for (size_t level = 0; level < line->count; level++) {
		if (has_twin(line, level)) {
			twins++;
			continue;
		}
		for (size_t i = 0; i < line->count; i++) {
			if (line->releases[i].kind == RELEASE_RTM)
				continue;
			for (size_t m = 0; m < MACHINES; m++) {
				struct machine machine = machine_of(line);
				machine.revision = line->releases[level].build.revision;
				check(&scene, (int32_t)i, (int32_t)level, &machine);
				checked++;
			}
		}
	}
	scene_fini(&scene);
}

TEST(rules_say_of_every_level_what_the_engine_says)
{
	checked = twins = 0;
	for_each_line(check_levels);
	printf("%zu verdicts, %zu levels with a twin\n", checked, twins);
	assert_true(checked > 50000);
	assert_true(twins < 20);
}

static void check_unknown(const struct line *line)
{
	struct scene scene;

	scene_init(&scene, line);
	for (size_t n = 0; n < UNKNOWN_BUILDS; n++) {
		struct machine machine = machine_of(line);
		machine.revision = draw(40000);
		const struct build build = { machine.base, machine.revision };
		if (line_find_build(line, build) < line->count)
			continue;
		for (size_t i = 0; i < line->count; i++) {
			const struct release *r = &line->releases[i];
			if (r->kind == RELEASE_RTM)
				continue;
			struct outlook found = judge(&scene, r, &machine);
			bool cumulative = r->kind != RELEASE_HOTPATCH;
			bool below = machine.revision < r->build.revision;
			assert_int_equal(found.installable, cumulative && below);
			assert_int_equal(found.installed, cumulative && !below);
		}
	}
	scene_fini(&scene);
}

TEST(on_a_build_that_no_release_has_only_cumulative_ones_apply)
{
	for_each_line(check_unknown);
}

static void check_foreign(const struct line *line)
{
	struct scene scene;

	scene_init(&scene, line);
	for (size_t i = 0; i < line->count; i++) {
		const struct release *r = &line->releases[i];
		const struct machine own = machine_of(line);
		struct machine foreign[3] = { own, own, own };
		if (r->kind == RELEASE_RTM)
			continue;
		foreign[0].processor = own.processor == 9 ? 12 : 9;
		foreign[1].product_type = own.product_type == 1 ? 3 : 1;
		foreign[2].base += draw(2) == 0 ? 1 : (uint32_t)-1;
		for (size_t k = 0; k < 3; k++) {
			for (int32_t step = -1; step <= 1; step++) {
				foreign[k].revision = r->build.revision + (uint32_t)step;
				struct outlook found = judge(&scene, r, &foreign[k]);
				assert_false(found.installed);
				assert_false(found.installable);
			}
		}
	}
	scene_fini(&scene);
}

TEST(what_is_for_another_processor_system_or_family_never_applies)
{
	for_each_line(check_foreign);
}

/* What the engine offers is always the next thing on the device's own track or a
 * cumulative release: installing what is installable ends with it installed, and nothing
 * is ever both. */
static void check_ends(const struct line *line)
{
	struct scene scene;

	scene_init(&scene, line);
	for (size_t i = 0; i < line->count; i++) {
		const struct release *r = &line->releases[i];
		struct machine machine = machine_of(line);
		if (r->kind == RELEASE_RTM)
			continue;
		machine.revision = r->build.revision;
		struct outlook after = judge(&scene, r, &machine);
		assert_true(after.installed);
		assert_false(after.installable);
	}
	scene_fini(&scene);
}

TEST(a_machine_that_shows_the_build_of_a_release_has_it)
{
	for_each_line(check_ends);
}

TEST(where_no_edition_has_a_number_a_hotpatch_is_never_installable)
{
	const struct line *real = &catalog->products[0].lines[0];
	struct product product = *real->product;
	struct line line = *real;
	struct scene scene;

	product.edition_count = 1;
	snprintf(product.editions[0], sizeof product.editions[0], "Unheard");
	line.product = &product;
	scene_init(&scene, &line);
	for (size_t i = 0; i < line.count; i++) {
		const struct release *r = &line.releases[i];
		if (r->kind != RELEASE_HOTPATCH)
			continue;
		for (size_t level = 0; level < line.count; level++) {
			struct machine machine = { 1, 9, product.base,
						   line.releases[level].build.revision,
						   4 };
			assert_false(judge(&scene, r, &machine).installable);
		}
	}
	scene_fini(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_say_of_every_level_what_the_engine_says),
		cmocka_unit_test(
			on_a_build_that_no_release_has_only_cumulative_ones_apply),
		cmocka_unit_test(
			what_is_for_another_processor_system_or_family_never_applies),
		cmocka_unit_test(a_machine_that_shows_the_build_of_a_release_has_it),
		cmocka_unit_test(
			where_no_edition_has_a_number_a_hotpatch_is_never_installable),
	};

	catalog = shelf_catalog();
	if (catalog == NULL)
		return 1;
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	catalog_give(catalog);
	return rc;
}

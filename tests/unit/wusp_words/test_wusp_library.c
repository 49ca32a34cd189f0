#include "tests/lib/case.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/instant.h"
#include "protocol/wusp/sync.h"
#include "protocol/wusp/update_make.h"
#include "tests/unit/wusp_words/shelf.h"

static struct catalog *catalog;
static struct library *library;
static const struct line *line; /* Windows 11 24H2 on x64 */

enum { GENERATION = 7 };

static int load(void **state)
{
	(void)state;
	catalog = shelf_catalog();
	if (catalog == NULL)
		return -1;
	library = made_library(catalog, NULL, 1, GENERATION);
	line = product_line(catalog_product(catalog, "windows-11-24h2"), ARCH_X64);
	return library == NULL || line == NULL ? -1 : 0;
}

static int unload(void **state)
{
	(void)state;
	library_give(library);
	catalog_give(catalog);
	return 0;
}

TEST(every_release_becomes_a_bundle_and_its_package_in_a_complete_chain)
{
	size_t releases = 0;

	for (size_t i = 0; i < catalog->product_count; i++) {
		for (size_t k = 0; k < 2; k++) {
			const struct line *each = &catalog->products[i].lines[k];
			for (size_t r = 0; r < each->count; r++) {
				const struct release *release = &each->releases[r];
				const struct update *root =
					library_release(library, each, release);
				if (release->kind == RELEASE_RTM) {
					assert_null(root);
					continue;
				}
				releases++;
				assert_non_null(root);
				assert_true(root->is_leaf && !root->is_member);
				assert_int_equal(root->document.kbs[0], release->kb);
				assert_int_equal(root->document.member_count, 1);
				const struct update *member = library_by_identity(
					library, &root->document.members[0]);
				assert_non_null(member);
				assert_true(member->is_leaf && member->is_member);
				assert_int_equal(member->document.file_count, 1);
				assert_true(member->document.can_uninstall);
			}
		}
	}
	assert_true(releases > 300);
	assert_true(library_count(library) > 2 * releases);
}

TEST(an_update_is_no_leaf_exactly_when_a_prerequisite_names_it)
{
	for (size_t i = 0; i < library_count(library); i++) {
		const struct update *update = library_at(library, i);
		bool is_named = false;
		for (size_t k = 0; !is_named && k < library_count(library); k++) {
			const struct update_document *other =
				&library_at(library, k)->document;
			for (size_t c = 0; c < other->clause_count; c++)
				for (size_t a = 0; a < other->clauses[c].count; a++)
					is_named |=
						guid_equal(&other->clauses[c].ids[a],
							   &update->document.identity.id);
		}
		assert_int_equal(update->is_leaf, !is_named);
	}
}

TEST(a_scope_holds_its_line_and_nothing_of_another)
{
	const struct scope *scope = library_scope(library, line);
	const struct line *other =
		product_line(catalog_product(catalog, "windows-server-2025"), ARCH_X64);

	assert_true(scope->count > 100);
	assert_true(library_scope(library, other)->count > 0);
	assert_int_equal(library_scope(library, NULL)->count, 0);
	for (size_t i = 0; i < scope->count; i++) {
		const struct update *update = scope->updates[i];
		if (update->key.kb != 0)
			assert_string_equal(update->key.product, "windows-11-24h2");
		if (i > 0)
			assert_true(scope->updates[i - 1]->revision_id <
				    update->revision_id);
	}
}

/* --- a computer ------------------------------------------------------------------- */

enum { KNOWN_MOST = 3000 };

struct machine {
	size_t installed_count, cached_count;
	int64_t installed[KNOWN_MOST], cached[KNOWN_MOST];
	struct told told;
	bool told_known;
	const struct scope *scope;
	struct deployment deployment;
	/* What it was told of each update last. */
	enum deploy_action actions[KNOWN_MOST];
	unsigned rounds;
};

static struct sync_page page;

static void forget(int64_t *ids, size_t *count, int64_t id)
{
	for (size_t i = 0; i < *count; i++) {
		if (ids[i] == id)
			ids[i--] = ids[--*count];
	}
}

static bool knows(const struct machine *computer, int64_t id)
{
	for (size_t i = 0; i < computer->installed_count; i++)
		if (computer->installed[i] == id)
			return true;
	for (size_t i = 0; i < computer->cached_count; i++)
		if (computer->cached[i] == id)
			return true;
	return false;
}

static void take(struct machine *computer)
{
	assert_true(page.new_count <= SYNC_PAGE);
	for (size_t i = 0; i < page.out_count; i++) {
		forget(computer->installed, &computer->installed_count, page.out[i]);
		forget(computer->cached, &computer->cached_count, page.out[i]);
	}
	for (size_t i = 0; i < page.new_count; i++) {
		const struct sync_item *item = &page.new_items[i];
		int64_t id = item->update->revision_id;
		assert_false(knows(computer, id));
		computer->actions[id] = item->action;
		/* It has whatever is no leaf, and nothing else. */
		if (item->update->is_leaf)
			computer->cached[computer->cached_count++] = id;
		else
			computer->installed[computer->installed_count++] = id;
	}
	for (size_t i = 0; i < page.changed_count; i++) {
		int64_t id = page.changed[i].update->revision_id;
		assert_true(knows(computer, id));
		computer->actions[id] = page.changed[i].action;
	}
	computer->told = page.told;
	computer->told_known = true;
}

/* Until nothing is new, as MS-WUSP has agents do it. */
static void scan(struct machine *computer)
{
	for (computer->rounds = 0; computer->rounds < 50;) {
		const struct sync_question question = {
			.library = library,
			.scope = computer->scope,
			.deployment = computer->deployment,
			.told = computer->told,
			.told_known = computer->told_known,
			.installed_count = computer->installed_count,
			.cached_count = computer->cached_count,
			.installed = computer->installed,
			.cached = computer->cached,
		};
		sync_plan(&question, &page);
		bool goes_on = page.new_count > 0;
		take(computer);
		computer->rounds++;
		if (!goes_on)
			return;
	}
	fail_msg("the scan does not end");
}

static struct machine *new_computer(void)
{
	struct machine *computer = calloc(1, sizeof *computer);

	computer->scope = library_scope(library, line);
	return computer;
}

static struct deployment deploy(uint32_t kb, enum deploy_action action)
{
	struct deployment deployment = { .action = action,
					 .is_assigned = true,
					 .deadline_s = INSTANT_NONE,
					 .flow = 12 };

	for (size_t i = 0; i < line->count; i++) {
		if (line->releases[i].kb == kb)
			deployment.update =
				library_release(library, line, &line->releases[i]);
	}
	assert_non_null(deployment.update);
	return deployment;
}

static enum deploy_action shown(const struct machine *computer,
				const struct deployment *deployment)
{
	return computer->actions[deployment->update->revision_id];
}

TEST(a_scan_comes_in_layers_and_ends_with_exactly_the_scope)
{
	struct machine *computer = new_computer();

	computer->deployment = deploy(5060842, DEPLOY_INSTALL);
	scan(computer);
	assert_int_equal(computer->installed_count + computer->cached_count,
			 computer->scope->count);
	/* Company, family, product: three layers before any release. */
	assert_true(computer->rounds > computer->scope->count / SYNC_PAGE);
	for (size_t i = 0; i < computer->scope->count; i++) {
		const struct update *update = computer->scope->updates[i];
		enum deploy_action expected = DEPLOY_PRE_CHECK;
		if (update == computer->deployment.update)
			expected = DEPLOY_INSTALL;
		else if (update->is_member)
			expected = DEPLOY_BUNDLE;
		else if (!update->is_leaf || update->document.type == UPDATE_CATEGORY)
			expected = DEPLOY_EVALUATE;
		assert_int_equal(computer->actions[update->revision_id], expected);
	}
	scan(computer);
	assert_int_equal(computer->rounds, 1);
	assert_int_equal(page.changed_count + page.out_count, 0);
	free(computer);
}

TEST(a_page_is_truncated_exactly_when_more_is_due)
{
	struct machine *computer = new_computer();
	struct sync_question question = { .library = library, .scope = computer->scope };

	scan(computer);
	question.installed = computer->installed;
	question.installed_count = computer->installed_count;
	question.cached = computer->cached;
	for (size_t left = 0; left <= 3 * SYNC_PAGE; left++) {
		question.cached_count = computer->cached_count - left;
		sync_plan(&question, &page);
		assert_int_equal(page.truncated, left > SYNC_PAGE);
		assert_int_equal(page.new_count, left < SYNC_PAGE ? left : SYNC_PAGE);
	}
	free(computer);
}

TEST(a_change_of_the_decision_is_told_and_nothing_else)
{
	struct machine *computer = new_computer();
	struct deployment june = deploy(5060842, DEPLOY_INSTALL);
	struct deployment hotpatch = deploy(5060841, DEPLOY_INSTALL);
	struct deployment removal = deploy(5060841, DEPLOY_UNINSTALL);

	computer->deployment = june;
	scan(computer);
	computer->deployment = hotpatch;
	scan(computer);
	assert_int_equal(page.changed_count, 2);
	assert_int_equal(shown(computer, &june), DEPLOY_PRE_CHECK);
	assert_int_equal(shown(computer, &hotpatch), DEPLOY_INSTALL);
	computer->deployment = removal;
	scan(computer);
	assert_int_equal(page.changed_count, 1);
	assert_int_equal(shown(computer, &removal), DEPLOY_UNINSTALL);
	computer->deployment = (struct deployment){ .update = NULL };
	scan(computer);
	assert_int_equal(page.changed_count, 1);
	assert_int_equal(shown(computer, &removal), DEPLOY_PRE_CHECK);
	/* A deadline alone is a change too. */
	computer->deployment = june;
	scan(computer);
	computer->deployment.deadline_s = 5000;
	scan(computer);
	assert_int_equal(page.changed_count, 1);
	scan(computer);
	assert_int_equal(page.changed_count, 0);
	free(computer);
}

TEST(what_a_computer_was_told_is_told_anew_when_nobody_remembers)
{
	struct machine *computer = new_computer();

	computer->deployment = deploy(5060842, DEPLOY_INSTALL);
	scan(computer);
	computer->told_known = false;
	scan(computer);
	assert_int_equal(page.changed_count, computer->scope->count);
	computer->told.generation--;
	scan(computer);
	assert_int_equal(page.changed_count, computer->scope->count);
	free(computer);
}

TEST(what_is_not_of_the_scope_any_more_is_told_to_be_out_of_it)
{
	struct machine *computer = new_computer();

	scan(computer);
	size_t known = computer->scope->count;
	computer->cached[computer->cached_count++] = 2000000;
	computer->cached[computer->cached_count++] = -5;
	computer->cached[computer->cached_count++] = INT64_MAX;
	scan(computer);
	assert_int_equal(page.out_count, 1);
	assert_int_equal(page.out[0], 2000000);
	computer->cached_count = known - computer->installed_count;
	computer->scope = library_scope(library, NULL);
	scan(computer);
	assert_int_equal(page.out_count, known);
	assert_int_equal(computer->installed_count + computer->cached_count, 0);
	free(computer);
}

TEST(without_its_prerequisite_an_update_goes_out_of_scope)
{
	struct machine *computer = new_computer();

	scan(computer);
	/* The last layer's prerequisites are lost: company, family, product remain. */
	for (size_t i = 0; i < computer->scope->count; i++) {
		const struct update *update = computer->scope->updates[i];
		if (update->document.type == UPDATE_DETECTOID) {
			forget(computer->installed, &computer->installed_count,
			       update->revision_id);
			computer->cached[computer->cached_count++] = update->revision_id;
		}
	}
	scan(computer);
	for (size_t i = 0; i < computer->cached_count; i++) {
		const struct update *update =
			library_by_revision(library, (int32_t)computer->cached[i]);
		assert_int_equal(update->document.type, UPDATE_DETECTOID);
	}
	free(computer);
}

/* --- categories ------------------------------------------------------------------- */

static struct guid guid(const char *text)
{
	struct guid id;
	assert_true(guid_parse(text, strlen(text), &id));
	return id;
}

#define WINDOWS_11 "72e7624a-5b00-45d2-b92f-e561c0a6a160"
#define SECURITY   "0fa1201d-4330-4fa8-8ae9-b877473b6441"
#define CRITICAL   "e6cf1350-c01b-414d-a61f-263d14d133b4"
#define OOBE       "dd78b8a1-0b20-45c1-add6-4da72e9364cf"

TEST(a_filtered_sync_holds_the_updates_of_the_category_alone)
{
	struct machine *computer = new_computer();
	const struct guid filter = guid(CRITICAL);
	struct sync_question question = { .library = library,
					  .scope = computer->scope,
					  .filter_count = 1,
					  .filter = &filter };
	size_t roots = 0;

	scan(computer);
	question.installed = computer->installed;
	question.installed_count = computer->installed_count;
	sync_plan(&question, &page);
	for (size_t i = 0; i < page.new_count; i++) {
		const struct update *update = page.new_items[i].update;
		if (update->key.kb == 0 || update->is_member)
			continue;
		roots++;
		for (size_t r = 0; r < line->count; r++) {
			if (release_key_is(&update->key, line, &line->releases[r]))
				assert_int_equal(line->releases[r].cadence, CADENCE_OOB);
		}
	}
	assert_true(roots > 3);
	/* The rest is cached and not asked for: gone, or only not in this scan. */
	question.cached = computer->cached;
	question.cached_count = computer->cached_count;
	sync_plan(&question, &page);
	assert_true(page.out_count > 0 && page.deployed_out_count == 0);
	size_t out = page.out_count;
	question.two_group = true;
	sync_plan(&question, &page);
	assert_int_equal(page.out_count, 0);
	assert_int_equal(page.deployed_out_count, out);
	free(computer);
}

TEST(a_category_scan_prefers_products_alone)
{
	static const struct {
		const char *name;
		struct {
			int64_t group;
			const char *id;
		} wishes[4];
		size_t count, preferred, unknown;
	} rows[] = {
		{ "a product", { { 0, WINDOWS_11 } }, 1, 1, 0 },
		{ "a product with a class",
		  { { 0, WINDOWS_11 }, { 0, SECURITY } },
		  2,
		  1,
		  0 },
		{ "the same twice", { { 0, WINDOWS_11 }, { 1, WINDOWS_11 } }, 2, 1, 0 },
		{ "a class alone", { { 0, SECURITY } }, 1, 0, 0 },
		{ "a class beside a product",
		  { { 0, WINDOWS_11 }, { 1, SECURITY } },
		  2,
		  0,
		  0 },
		{ "two classes",
		  { { 0, WINDOWS_11 }, { 0, SECURITY }, { 0, CRITICAL } },
		  3,
		  0,
		  0 },
		{ "unknown alone", { { 0, OOBE } }, 1, 0, 1 },
		{ "unknown with a product", { { 0, OOBE }, { 0, WINDOWS_11 } }, 2, 0, 1 },
		{ "unknown beside a product",
		  { { 0, OOBE }, { 1, WINDOWS_11 } },
		  2,
		  1,
		  1 },
		{ "unknown twice", { { 0, OOBE }, { 1, OOBE } }, 2, 0, 1 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct category_wish wishes[4];
		struct guid preferred[4], unknown[4];
		struct category_answer answer = { 0, 0, preferred, unknown };
		for (size_t k = 0; k < rows[i].count; k++)
			wishes[k] = (struct category_wish){ rows[i].wishes[k].group,
							    guid(rows[i].wishes[k].id) };
		sync_categories(library, wishes, rows[i].count, &answer);
		if (answer.preferred_count != rows[i].preferred ||
		    answer.unknown_count != rows[i].unknown)
			fail_msg("%s: %zu preferred, %zu unknown", rows[i].name,
				 answer.preferred_count, answer.unknown_count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_release_becomes_a_bundle_and_its_package_in_a_complete_chain),
		cmocka_unit_test(
			an_update_is_no_leaf_exactly_when_a_prerequisite_names_it),
		cmocka_unit_test(a_scope_holds_its_line_and_nothing_of_another),
		cmocka_unit_test(a_scan_comes_in_layers_and_ends_with_exactly_the_scope),
		cmocka_unit_test(a_page_is_truncated_exactly_when_more_is_due),
		cmocka_unit_test(a_change_of_the_decision_is_told_and_nothing_else),
		cmocka_unit_test(
			what_a_computer_was_told_is_told_anew_when_nobody_remembers),
		cmocka_unit_test(
			what_is_not_of_the_scope_any_more_is_told_to_be_out_of_it),
		cmocka_unit_test(without_its_prerequisite_an_update_goes_out_of_scope),
		cmocka_unit_test(a_filtered_sync_holds_the_updates_of_the_category_alone),
		cmocka_unit_test(a_category_scan_prefers_products_alone),
	};
	return cmocka_run_group_tests(tests, load, unload);
}

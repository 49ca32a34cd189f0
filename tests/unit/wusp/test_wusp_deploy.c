/* Decisions in MS-WUSP's words, without a server. */

#include "protocol/wusp/deploy.h"

#include <stdio.h>

#include "engine/findings.h"
#include "engine/instant.h"
#include "tests/lib/case.h"

#define NOW INT64_C(1747728000)

/* A line with one release, a library with its root and another's. */
static const struct release release = { .kb = 5058411, .build = { 26100, 4061 } };
static const struct product product = { .id = "windows-11-24h2" };
static const struct line line = {
	.product = &product, .arch = ARCH_X64, .count = 1, .releases = &release
};
static const struct ring rings[] = { { .behaviour = INSTALL_AUTO },
				     { .behaviour = INSTALL_NOTIFY } };
static const struct plan plan = { .ring_count = 2, .rings = rings };
static struct library *library;
static struct device_record record;
static struct decision decision;
static struct deploy_scene scene;

static void add(struct library_draft *draft, int32_t id, uint32_t kb, const char *line_id,
		bool can_uninstall)
{
	struct update update = { .revision_id = id, .arch = ARCH_X64 };

	update.document.identity.id.bytes[0] = (uint8_t)id;
	update.document.identity.revision = 1;
	update.document.type = UPDATE_SOFTWARE;
	update.document.can_uninstall = can_uninstall;
	update.key.kb = kb;
	update.key.build = release.build;
	snprintf(update.key.product, sizeof update.key.product, "%s", line_id);
	assert_int_equal(library_draft_add(draft, &update), 0);
}

static void set_up(bool can_uninstall)
{
	struct findings findings;
	struct library_draft *draft = library_draft_new();

	findings_init(&findings);
	add(draft, 11, 5058411, product.id, can_uninstall);
	add(draft, 12, 5055523, "windows-server-2025", true);
	library = library_seal(draft, 3, &findings);
	findings_fini(&findings);
	assert_non_null(library);
	device_record_init(&record, "pc", NOW);
	release_key_set(&record.history.flow.key, &line, &release);
	record.history.flow.id = 7;
	record.history.flow.state = FLOW_OFFERED;
	record.history.flow.offered_s = NOW - 60;
	decision = (struct decision){ .line = &line,
				      .arch = ARCH_X64,
				      .action = ACTION_INSTALL,
				      .install_by_s = NOW + 100,
				      .restart_by_s = NOW + 200 };
	scene = (struct deploy_scene){ library, &plan, &record, &decision, NOW };
}

static int set_up_each(void **state)
{
	(void)state;
	set_up(true);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	library_give(library);
	return 0;
}

TEST(an_offer_is_an_install_of_its_root_by_its_deadline)
{
	struct deployment deployment = deploy_of(&scene);

	assert_int_equal(deployment.update->revision_id, 11);
	assert_int_equal(deployment.action, DEPLOY_INSTALL);
	assert_true(deployment.is_assigned);
	assert_int_equal(deployment.deadline_s, NOW + 100);
	assert_int_equal(deployment.changed_s, NOW - 60);
	assert_int_equal(deployment.flow, 7);
	decision.install_by_s = INSTANT_NONE;
	record.history.flow.install_by_s = NOW + 90;
	assert_int_equal(deploy_of(&scene).deadline_s, NOW + 90);
	record.history.flow.install_by_s = 0;
	assert_int_equal(deploy_of(&scene).deadline_s, NOW + 200);
	decision.restart_by_s = INSTANT_NONE;
	assert_int_equal(deploy_of(&scene).deadline_s, INSTANT_NONE);
}

static const struct {
	enum flow_kind kind;
	enum flow_state state;
	enum action action;
	bool withdrawing, shown;
} shows[] = {
	{ FLOW_INSTALL, FLOW_NONE, ACTION_INSTALL, false, false },
	{ FLOW_INSTALL, FLOW_OFFERED, ACTION_INSTALL, false, true },
	{ FLOW_INSTALL, FLOW_OFFERED, ACTION_NONE, false, false },
	{ FLOW_INSTALL, FLOW_OFFERED, ACTION_RESTART, false, false },
	{ FLOW_INSTALL, FLOW_OFFERED, ACTION_UNINSTALL, false, false },
	{ FLOW_INSTALL, FLOW_DOWNLOADED, ACTION_INSTALL, false, true },
	{ FLOW_INSTALL, FLOW_DOWNLOADED, ACTION_INSTALL, true, false },
	{ FLOW_INSTALL, FLOW_INSTALLING, ACTION_NONE, false, true },
	{ FLOW_INSTALL, FLOW_INSTALLING, ACTION_NONE, true, true },
	{ FLOW_INSTALL, FLOW_RESTART_PENDING, ACTION_RESTART, false, true },
	{ FLOW_INSTALL, FLOW_VERIFIED, ACTION_INSTALL, false, false },
	{ FLOW_INSTALL, FLOW_FAILED, ACTION_INSTALL, false, false },
	{ FLOW_UNINSTALL, FLOW_OFFERED, ACTION_UNINSTALL, false, true },
	{ FLOW_UNINSTALL, FLOW_OFFERED, ACTION_INSTALL, false, false },
	{ FLOW_UNINSTALL, FLOW_REMOVING, ACTION_NONE, false, true },
};

TEST(a_flow_is_shown_while_it_is_wanted_and_once_it_has_begun)
{
	for (size_t i = 0; i < COUNT_OF(shows); i++) {
		record.history.flow.kind = shows[i].kind;
		record.history.flow.state = shows[i].state;
		record.history.flow.withdrawing = shows[i].withdrawing;
		decision.action = shows[i].action;
		struct deployment deployment = deploy_of(&scene);
		if ((deployment.update != NULL) != shows[i].shown)
			fail_msg("row %zu", i);
		if (deployment.update != NULL)
			assert_int_equal(deployment.action,
					 shows[i].kind == FLOW_UNINSTALL
						 ? DEPLOY_UNINSTALL
						 : DEPLOY_INSTALL);
	}
}

TEST(what_cannot_be_removed_is_not_asked_to_be)
{
	library_give(library);
	set_up(false);
	record.history.flow.kind = FLOW_UNINSTALL;
	decision.action = ACTION_UNINSTALL;
	assert_null(deploy_of(&scene).update);
	/* It may be installed all the same. */
	record.history.flow.kind = FLOW_INSTALL;
	decision.action = ACTION_INSTALL;
	assert_non_null(deploy_of(&scene).update);
}

TEST(users_are_asked_until_the_deadline)
{
	decision.download_only = true;
	assert_false(deploy_of(&scene).is_assigned);
	/* Once it installs the decision says nothing of it any more: the ring does. */
	decision.download_only = false;
	decision.action = ACTION_NONE;
	decision.install_by_s = INSTANT_NONE;
	record.history.flow.state = FLOW_INSTALLING;
	record.history.flow.install_by_s = NOW + 1;
	assert_true(deploy_of(&scene).is_assigned);
	decision.ring = 1;
	assert_false(deploy_of(&scene).is_assigned);
	record.history.flow.install_by_s = NOW;
	assert_true(deploy_of(&scene).is_assigned);
	decision.ring = -1;
	assert_true(deploy_of(&scene).is_assigned);
}

TEST(a_restart_that_is_due_has_its_own_deadline)
{
	record.history.flow.state = FLOW_RESTART_PENDING;
	record.history.flow.install_by_s = NOW + 100;
	assert_int_equal(deploy_of(&scene).deadline_s, NOW + 200);
	decision.restart_by_s = INSTANT_NONE;
	assert_int_equal(deploy_of(&scene).deadline_s, NOW + 100);
}

TEST(without_a_line_nothing_is_shown_and_nothing_known)
{
	assert_true(
		deploy_in_scope(deploy_scope(&scene), library_by_revision(library, 11)));
	assert_false(
		deploy_in_scope(deploy_scope(&scene), library_by_revision(library, 12)));
	assert_false(deploy_in_scope(deploy_scope(&scene), NULL));
	decision.line = NULL;
	assert_null(deploy_of(&scene).update);
	assert_null(deploy_root(&scene));
	assert_false(
		deploy_in_scope(deploy_scope(&scene), library_by_revision(library, 11)));
}

TEST(who_was_told_and_comes_back_without_having_begun_has_stopped)
{
	struct told told = { .revision_id = 11, .action = DEPLOY_INSTALL };

	assert_false(deploy_is_stopped(&scene, &told, true));
	record.history.flow.withdrawing = true;
	assert_false(deploy_is_stopped(&scene, &told, true));
	told.revision_id = 0;
	assert_false(deploy_is_stopped(&scene, &told, false));
	assert_true(deploy_is_stopped(&scene, &told, true));
	record.history.flow.state = FLOW_INSTALLING;
	assert_false(deploy_is_stopped(&scene, &told, true));
}

#define EACH(name) cmocka_unit_test_setup_teardown(name, set_up_each, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(an_offer_is_an_install_of_its_root_by_its_deadline),
		EACH(a_flow_is_shown_while_it_is_wanted_and_once_it_has_begun),
		EACH(what_cannot_be_removed_is_not_asked_to_be),
		EACH(users_are_asked_until_the_deadline),
		EACH(a_restart_that_is_due_has_its_own_deadline),
		EACH(without_a_line_nothing_is_shown_and_nothing_known),
		EACH(who_was_told_and_comes_back_without_having_begun_has_stopped),
	};
	return cmocka_run_group_tests_name("wusp/deploy", tests, NULL, NULL);
}

#include "tests/lib/case.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/flow.h"
#include "engine/instant.h"

enum { ALL = FLOW_STATES };

/* The design's states and nothing else, in the order of a passage. */
static const char *const names[ALL] = {
	[FLOW_NONE] = "none",
	[FLOW_OFFERED] = "offered",
	[FLOW_ACCEPTED] = "accepted",
	[FLOW_DOWNLOADING] = "downloading",
	[FLOW_DOWNLOADED] = "downloaded",
	[FLOW_INSTALLING] = "installing",
	[FLOW_INSTALLED] = "installed",
	[FLOW_REMOVING] = "removing",
	[FLOW_RESTART_PENDING] = "restart-pending",
	[FLOW_VERIFIED] = "verified",
	[FLOW_REMOVED] = "removed",
	[FLOW_UNVERIFIED] = "unverified",
	[FLOW_FAILED] = "failed",
	[FLOW_NOT_APPLICABLE] = "not-applicable",
	[FLOW_REJECTED] = "rejected",
	[FLOW_EXPIRED] = "expired",
	[FLOW_WITHDRAWN] = "withdrawn",
};

TEST(every_state_has_a_stable_name_both_ways)
{
	for (int each = 0; each < ALL; each++) {
		assert_string_equal(flow_state_name((enum flow_state)each), names[each]);
		assert_int_equal(flow_state_of(names[each]), each);
	}
	assert_int_equal(flow_state_of(""), FLOW_NONE);
	assert_int_equal(flow_state_of("Offered"), FLOW_NONE);
	assert_string_equal(flow_kind_names[FLOW_INSTALL], "install");
	assert_string_equal(flow_kind_names[FLOW_UNINSTALL], "uninstall");
}

/* The machine once more, written the other way round: for each state, where an install
 * and where an uninstall may go, by name. */
static const struct {
	enum flow_state from;
	const char *install, *uninstall;
} moves[] = {
	{ FLOW_NONE, "offered", "offered" },
	{ FLOW_OFFERED,
	  "accepted downloading downloaded installing installed restart-pending verified "
	  "unverified failed not-applicable rejected expired withdrawn",
	  "removing restart-pending removed failed not-applicable rejected expired "
	  "withdrawn" },
	{ FLOW_ACCEPTED,
	  "downloading downloaded installing installed restart-pending verified "
	  "unverified failed not-applicable rejected expired withdrawn",
	  "" },
	{ FLOW_DOWNLOADING,
	  "downloaded installing installed restart-pending verified unverified failed "
	  "not-applicable rejected expired withdrawn",
	  "" },
	{ FLOW_DOWNLOADED,
	  "installing installed restart-pending verified unverified failed "
	  "not-applicable rejected expired withdrawn",
	  "" },
	{ FLOW_INSTALLING,
	  "installed restart-pending verified unverified failed not-applicable", "" },
	{ FLOW_INSTALLED, "restart-pending verified unverified failed", "" },
	{ FLOW_REMOVING, "", "restart-pending removed failed not-applicable" },
	{ FLOW_RESTART_PENDING, "verified unverified failed", "removed failed" },
	{ FLOW_VERIFIED, "", "" },
	{ FLOW_REMOVED, "", "" },
	{ FLOW_UNVERIFIED, "verified", "" },
	{ FLOW_FAILED, "", "" },
	{ FLOW_NOT_APPLICABLE, "", "" },
	{ FLOW_REJECTED, "", "" },
	{ FLOW_EXPIRED, "", "" },
	{ FLOW_WITHDRAWN, "", "" },
};

static bool lists(const char *list, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = list; (at = strstr(at, word)) != NULL; at += size) {
		if ((at == list || at[-1] == ' ') &&
		    (at[size] == ' ' || at[size] == '\0'))
			return true;
	}
	return false;
}

TEST(the_table_allows_these_moves_and_refuses_all_others)
{
	assert_int_equal(COUNT_OF(moves), ALL);
	for (size_t i = 0; i < COUNT_OF(moves); i++) {
		for (int to = 0; to < ALL; to++) {
			enum flow_state from = moves[i].from;
			bool install = lists(moves[i].install, names[to]);
			bool removal = lists(moves[i].uninstall, names[to]);
			if (flow_may_move(FLOW_INSTALL, from, (enum flow_state)to) !=
			    install)
				fail_msg("install: %s -> %s", names[from], names[to]);
			if (flow_may_move(FLOW_UNINSTALL, from, (enum flow_state)to) !=
			    removal)
				fail_msg("uninstall: %s -> %s", names[from], names[to]);
		}
	}
}

/* Walk from `none`; returns how many states were reached, by kind. */
static void reach(enum flow_kind kind, enum flow_state from, bool reached[static ALL])
{
	reached[from] = true;
	for (int to = 0; to < ALL; to++) {
		if (!reached[to] && flow_may_move(kind, from, (enum flow_state)to))
			reach(kind, (enum flow_state)to, reached);
	}
}

TEST(every_state_is_reached_by_an_install_or_a_removal)
{
	bool install[ALL] = { false }, removal[ALL] = { false };

	reach(FLOW_INSTALL, FLOW_NONE, install);
	reach(FLOW_UNINSTALL, FLOW_NONE, removal);
	for (int each = 0; each < ALL; each++) {
		bool only_removal = each == FLOW_REMOVING || each == FLOW_REMOVED;
		bool only_install = (each >= FLOW_ACCEPTED && each <= FLOW_INSTALLED) ||
				    each == FLOW_VERIFIED || each == FLOW_UNVERIFIED;
		if (install[each] == only_removal || removal[each] == only_install)
			fail_msg("%s", names[each]);
	}
}

TEST(nothing_goes_back_and_nothing_leaves_its_end)
{
	for (int kind = 0; kind < FLOW_KINDS; kind++) {
		for (int from = 0; from < ALL; from++) {
			for (int to = 0; to < ALL; to++) {
				enum flow_state a = (enum flow_state)from;
				enum flow_state b = (enum flow_state)to;
				if (!flow_may_move((enum flow_kind)kind, a, b))
					continue;
				bool late = a == FLOW_UNVERIFIED && b == FLOW_VERIFIED;
				if (b <= a && !late)
					fail_msg("%s -> %s", names[a], names[b]);
				assert_true(late || !flow_state_is_final(a));
			}
		}
	}
}

/* What the passage of a device relies on, whatever the table's shape. */
TEST(every_unfinished_flow_can_end)
{
	for (int each = FLOW_OFFERED; each < ALL; each++) {
		enum flow_state at = (enum flow_state)each;
		bool installs = flow_may_move(FLOW_INSTALL, at, FLOW_FAILED);
		bool removes = flow_may_move(FLOW_UNINSTALL, at, FLOW_FAILED);
		if (flow_state_is_final(at)) {
			assert_false(installs || removes);
			continue;
		}
		assert_true(installs || removes);
		bool early = !flow_state_is_committed(at);
		if (installs) {
			/* what the facts show ends it from anywhere */
			assert_true(flow_may_move(FLOW_INSTALL, at, FLOW_VERIFIED));
			/* the end of a lease, by whether it has begun */
			assert_true(
				flow_may_move(FLOW_INSTALL, at,
					      early ? FLOW_EXPIRED : FLOW_UNVERIFIED));
			assert_int_equal(flow_may_move(FLOW_INSTALL, at, FLOW_WITHDRAWN),
					 early);
			assert_int_equal(flow_may_move(FLOW_INSTALL, at, FLOW_EXPIRED),
					 early);
		}
		if (removes) {
			assert_true(flow_may_move(FLOW_UNINSTALL, at, FLOW_REMOVED));
			assert_int_equal(
				flow_may_move(FLOW_UNINSTALL, at, FLOW_WITHDRAWN), early);
		}
	}
}

TEST(final_and_committed_states_are_these)
{
	for (int each = 0; each < ALL; each++) {
		assert_int_equal(flow_state_is_final((enum flow_state)each),
				 each >= FLOW_VERIFIED);
		assert_int_equal(flow_state_is_committed((enum flow_state)each),
				 each >= FLOW_INSTALLING && each <= FLOW_RESTART_PENDING);
	}
}

TEST(every_unfinished_state_has_a_lease_and_no_other_has)
{
	static const struct {
		enum flow_state state;
		int64_t days;
	} leases[] = {
		{ FLOW_OFFERED, 14 },    { FLOW_ACCEPTED, 14 },
		{ FLOW_DOWNLOADING, 3 }, { FLOW_DOWNLOADED, 40 },
		{ FLOW_INSTALLING, 1 },  { FLOW_INSTALLED, 14 },
		{ FLOW_REMOVING, 1 },    { FLOW_RESTART_PENDING, 40 },
	};
	for (size_t i = 0; i < COUNT_OF(leases); i++)
		assert_int_equal(flow_lease_s(leases[i].state), leases[i].days * DAY_S);
	for (int each = FLOW_OFFERED; each < ALL; each++) {
		enum flow_state at = (enum flow_state)each;
		assert_int_equal(flow_lease_s(at) > 0, !flow_state_is_final(at));
	}
	assert_int_equal(flow_lease_s(FLOW_NONE), 0);
}

TEST(a_release_key_is_product_kb_and_build)
{
	const struct product client = { .id = "windows-11-24h2" };
	const struct product server = { .id = "server-2025" };
	const struct line line = { .product = &client }, other = { .product = &server };
	const struct release release = { .kb = 5055523, .build = { 26100, 3775 } };
	const struct release another_kb = { .kb = 5055524, .build = { 26100, 3775 } };
	const struct release another_build = { .kb = 5055523, .build = { 26100, 3776 } };
	struct release_key key, same;

	memset(&key, 0xff, sizeof key);
	release_key_set(&key, &line, &release);
	assert_string_equal(key.product, "windows-11-24h2");
	assert_int_equal(key.kb, 5055523);
	assert_true(release_key_is(&key, &line, &release));
	assert_false(release_key_is(&key, &other, &release));
	assert_false(release_key_is(&key, &line, &another_kb));
	assert_false(release_key_is(&key, &line, &another_build));

	release_key_set(&same, &line, &release);
	assert_true(release_key_equal(&key, &same));
	assert_memory_equal(&key, &same, sizeof key);
	release_key_set(&same, &other, &release);
	assert_false(release_key_equal(&key, &same));
	release_key_set(&same, &line, &another_kb);
	assert_false(release_key_equal(&key, &same));
	release_key_set(&same, &line, &another_build);
	assert_false(release_key_equal(&key, &same));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_has_a_stable_name_both_ways),
		cmocka_unit_test(the_table_allows_these_moves_and_refuses_all_others),
		cmocka_unit_test(every_state_is_reached_by_an_install_or_a_removal),
		cmocka_unit_test(nothing_goes_back_and_nothing_leaves_its_end),
		cmocka_unit_test(every_unfinished_flow_can_end),
		cmocka_unit_test(final_and_committed_states_are_these),
		cmocka_unit_test(every_unfinished_state_has_a_lease_and_no_other_has),
		cmocka_unit_test(a_release_key_is_product_kb_and_build),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

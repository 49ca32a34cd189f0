#include "tests/lib/case.h"

#include <stdbool.h>
#include <string.h>

#include "engine/reason.h"

/* Machine names are shared by the API, metrics, reports and the console: a name that is
 * here may not change.  Two reasons may share one: they differ for people only. */
static const struct {
	enum reason reason;
	const char *name;
} names[] = {
	{ REASON_NONE, "" },
	{ REASON_POLICY, "policy-blocks-hotpatch" },
	{ REASON_EDITION, "edition" },
	{ REASON_EDITION_NOT_REPORTED, "edition" },
	{ REASON_VERSION, "version" },
	{ REASON_LICENCE, "licence" },
	{ REASON_LICENCE_NOT_REPORTED, "licence-not-reported" },
	{ REASON_VBS, "vbs-not-running" },
	{ REASON_VBS_NOT_REPORTED, "vbs-not-reported" },
	{ REASON_CHPE, "chpe-enabled" },
	{ REASON_CHPE_NOT_REPORTED, "chpe-not-reported" },
	{ REASON_OFF_TRACK, "off-track" },
	{ REASON_LEFT_TRACK, "off-track" },
	{ REASON_BEHIND_BASELINE, "behind-baseline" },
	{ REASON_BASELINE_WITHHELD, "baseline-withheld" },
	{ REASON_NEW_QUARTER, "new-quarter" },
	{ REASON_LEVEL_AMBIGUOUS, "level-ambiguous" },
	{ REASON_LEVEL_UNKNOWN, "level-unknown" },
	{ REASON_LEVEL_AHEAD, "level-ahead" },
	{ REASON_FACTS_MISSING, "facts-missing" },
	{ REASON_FACTS_STALE, "facts-stale" },
	{ REASON_NO_PRODUCT, "no-product" },
	{ REASON_NO_RING, "no-ring" },
	{ REASON_RESTART_PENDING, "restart-pending" },
	{ REASON_RUNNING, "running" },
	{ REASON_UNINSTALL_REQUESTED, "uninstall-requested" },
	{ REASON_ROLLBACK_REQUESTED, "rollback-requested" },
	{ REASON_UNINSTALLED_BY_REQUEST, "uninstalled-by-request" },
	{ REASON_STUCK, "stuck" },
	{ REASON_PAYLOAD_MISSING, "payload-missing" },
	{ REASON_DEFERRED, "deferred" },
	{ REASON_GATE_WAITING, "gate-waiting" },
	{ REASON_GRADUAL, "deferred" },
	{ REASON_CANARY_WAITING, "canary-waiting" },
	{ REASON_RING_PAUSED, "ring-paused" },
	{ REASON_DEVICE_PAUSED, "device-paused" },
	{ REASON_HALTED, "halted" },
	{ REASON_HELD, "held" },
	{ REASON_BLOCKED, "blocked" },
	{ REASON_WITHDRAWN, "withdrawn" },
	{ REASON_NOT_APPROVED, "not-approved" },
	{ REASON_OUTSIDE_WINDOW, "outside-window" },
	{ REASON_RETRY_BACKOFF, "retry-backoff" },
	{ REASON_RETRY_EXHAUSTED, "retry-exhausted" },
	{ REASON_REINSTALL_LOOP, "reinstall-loop" },
	{ REASON_NOT_APPLICABLE, "not-applicable" },
	{ REASON_UNVERIFIED, "unverified" },
	{ REASON_SUPERSEDED, "superseded" },
	{ REASON_NOT_PUBLISHED, "not-published" },
	{ REASON_NOT_NEWER, "not-newer" },
	{ REASON_NOT_TARGETED, "not-targeted" },
	{ REASON_OPTIONAL, "optional" },
	{ REASON_USER_DECIDES, "user-decides" },
	{ REASON_APPROVED_FOR_TRACK, "approved-for-track" },
	{ REASON_UP_TO_DATE, "up-to-date" },
};

TEST(every_reason_has_its_stable_name)
{
	bool named[REASONS] = { false };

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		assert_string_equal(reason_face(names[i].reason)->name, names[i].name);
		named[names[i].reason] = true;
	}
	for (int reason = 0; reason < REASONS; reason++) {
		if (!named[reason])
			fail_msg("add '%s' to the table: it is stable from now on",
				 reason_face((enum reason)reason)->name);
	}
}

TEST(names_are_lower_case_words_joined_by_dashes)
{
	for (int reason = REASON_NONE + 1; reason < REASONS; reason++) {
		const char *name = reason_face((enum reason)reason)->name;
		assert_true(name[0] >= 'a' && name[0] <= 'z');
		if (strspn(name, "abcdefghijklmnopqrstuvwxyz-") != strlen(name))
			fail_msg("%s", name);
	}
}

static bool is_sentence(const char *text)
{
	size_t size = strlen(text);
	return size > 1 && text[0] >= 'A' && text[0] <= 'Z' && text[size - 1] == '.' &&
	       strchr(text, '\n') == NULL;
}

TEST(every_reason_has_a_sentence_a_remedy_and_somebody_to_act)
{
	for (int reason = REASON_NONE + 1; reason < REASONS; reason++) {
		const struct reason_face *face = reason_face((enum reason)reason);
		if (!is_sentence(face->sentence))
			fail_msg("%s: %s", face->name, face->sentence);
		if (face->remedy[0] != '\0' && !is_sentence(face->remedy))
			fail_msg("%s: %s", face->name, face->remedy);
		/* Whoever has to act is told what to do. */
		if (face->who == WHO_DEVICE_OWNER && face->remedy[0] == '\0')
			fail_msg("%s: no remedy", face->name);
		assert_true(who_name(face->who)[0] != '\0');
	}
	assert_string_equal(who_name(WHO_NOBODY), "nobody");
	assert_string_equal(who_name(WHO_DEVICE_OWNER), "device-owner");
	assert_string_equal(who_name(WHO_OPERATOR), "operator");
	assert_string_equal(who_name(WHO_TIME), "time");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason_has_its_stable_name),
		cmocka_unit_test(names_are_lower_case_words_joined_by_dashes),
		cmocka_unit_test(
			every_reason_has_a_sentence_a_remedy_and_somebody_to_act),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

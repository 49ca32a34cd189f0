#include "tests/lib/case.h"

#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "tests/unit/tuf/repository.h"

static struct repository r;
static struct tuf_client *seen; /* what was trusted after the first refresh */

static int set_up(void **state)
{
	struct problem p = { 0 };

	(void)state;
	repository_init(&r);
	repository_targets(&r, 5, EXPIRY, TARGETS);
	repository_snapshot(&r, 5, EXPIRY, SNAPSHOT);
	repository_timestamp(&r, (struct tuf_head){ 5, EXPIRY, NOW }, TIMESTAMP);
	assert_int_equal(repository_refresh(&r, NULL, NOW, &seen, &p), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tuf_client_free(seen);
	repository_fini(&r);
	return 0;
}

/* Refused with these words, by one that has seen version 5 of all. */
static void refused(int64_t now_s, const char *said)
{
	struct problem p = { 0 };

	if (repository_refresh(&r, seen, now_s, NULL, &p) == 0)
		fail_msg("taken, not refused with '%s'", said);
	if (strstr(p.text, said) == NULL)
		fail_msg("'%s' is not '%s'", p.text, said);
}

static void taken(int64_t now_s)
{
	struct problem p = { 0 };
	struct tuf_client *after;

	if (repository_refresh(&r, seen, now_s, &after, &p) < 0)
		fail_msg("refused: %s", p.text);
	tuf_client_free(seen);
	seen = after;
}

static void publish(uint32_t version)
{
	repository_targets(&r, version, EXPIRY, TARGETS);
	repository_snapshot(&r, version, EXPIRY, SNAPSHOT);
	repository_timestamp(&r, (struct tuf_head){ version, EXPIRY, NOW }, TIMESTAMP);
}

TEST(a_whole_repository_is_taken_again_and_when_newer)
{
	taken(NOW);
	assert_false(tuf_client_changed(seen, TUF_TIMESTAMP));
	publish(6);
	taken(NOW);
	assert_true(tuf_client_changed(seen, TUF_TIMESTAMP));
	assert_true(tuf_client_changed(seen, TUF_TARGETS));
	const struct tuf_metadata *targets = tuf_client_file(seen, TUF_TARGETS);
	assert_int_equal(targets->version, 6);
	assert_int_equal(tuf_metadata_target(targets, "a.msu")->length, 5);
	assert_null(tuf_metadata_target(targets, "b.msu"));
}

TEST(every_older_version_is_a_rollback)
{
	publish(4);
	refused(NOW, "timestamp.json: it has version 4 of itself, but 5 was seen before");

	repository_snapshot(&r, 4, EXPIRY, SNAPSHOT);
	repository_timestamp(&r, (struct tuf_head){ 6, EXPIRY, 0 }, TIMESTAMP);
	refused(NOW, "timestamp.json: it has version 4 of snapshot.json, but 5");

	repository_targets(&r, 4, EXPIRY, TARGETS);
	repository_snapshot(&r, 6, EXPIRY, SNAPSHOT);
	repository_timestamp(&r, (struct tuf_head){ 6, EXPIRY, 0 }, TIMESTAMP);
	refused(NOW, "6.snapshot.json: it has version 4 of targets.json, but 5");
}

TEST(an_expired_file_is_refused_from_its_second_of_expiry_on)
{
	taken(EXPIRY - 1);
	refused(EXPIRY, "expired at 2025-10-09T08:53:20Z");
	refused(EXPIRY + 1, "root.json: it expired at");

	repository_root_with(&r, 2, EXPIRY + 1000, false, false);
	refused(EXPIRY + 1, "timestamp.json: it expired at");
	repository_timestamp(&r, (struct tuf_head){ 6, EXPIRY + 1000, 0 }, TIMESTAMP);
	refused(EXPIRY + 1, "5.snapshot.json: it expired at");
	repository_snapshot(&r, 6, EXPIRY + 1000, SNAPSHOT);
	repository_timestamp(&r, (struct tuf_head){ 6, EXPIRY + 1000, 0 }, TIMESTAMP);
	refused(EXPIRY + 1, "5.targets.json: it expired at");
	repository_targets(&r, 6, EXPIRY + 1000, TARGETS);
	repository_snapshot(&r, 6, EXPIRY + 1000, SNAPSHOT);
	repository_timestamp(&r, (struct tuf_head){ 6, EXPIRY + 1000, 0 }, TIMESTAMP);
	taken(EXPIRY + 1);
}

TEST(a_clock_set_back_does_not_make_old_files_good)
{
	repository_root_with(&r, 2, EXPIRY + 1000, false, false);
	repository_targets(&r, 6, EXPIRY + 1000, TARGETS);
	repository_snapshot(&r, 6, EXPIRY + 1000, SNAPSHOT);
	repository_timestamp(&r, (struct tuf_head){ 6, EXPIRY + 1000, EXPIRY },
			     TIMESTAMP);
	taken(EXPIRY);
	repository_targets(&r, 7, EXPIRY - 1, TARGETS);
	repository_snapshot(&r, 7, EXPIRY + 1000, SNAPSHOT);
	repository_timestamp(&r, (struct tuf_head){ 7, EXPIRY + 1000, EXPIRY },
			     TIMESTAMP);
	refused(NOW - INT64_C(365) * 86400, "7.targets.json: it expired at");
}

TEST(bundles_that_are_mixed_are_refused)
{
	struct buffer targets = r.file[TUF_TARGETS], snapshot = r.file[TUF_SNAPSHOT];

	r.file[TUF_TARGETS] = (struct buffer){ 0 };
	r.file[TUF_SNAPSHOT] = (struct buffer){ 0 };
	publish(6);
	struct buffer six = r.file[TUF_SNAPSHOT];
	r.file[TUF_SNAPSHOT] = snapshot;
	refused(NOW, "6.snapshot.json: it is not the file that timestamp.json lists");
	r.file[TUF_SNAPSHOT] = six;
	six = r.file[TUF_TARGETS];
	r.file[TUF_TARGETS] = targets;
	refused(NOW, "6.targets.json: it is not the file that snapshot.json lists");
	r.file[TUF_TARGETS] = six;
	taken(NOW);
	buffer_fini(&snapshot);
	buffer_fini(&targets);
}

/* Where no length and no digest are listed, the version inside must do. */
TEST(a_version_that_is_not_the_listed_one_is_refused)
{
	publish(6);
	repository_replace(&r, TUF_TIMESTAMP, "\"hashes\":", "\"x\":", TIMESTAMP);
	repository_replace(&r, TUF_TIMESTAMP, "\"length\":", "\"y\":", TIMESTAMP);
	taken(NOW);
	repository_replace(&r, TUF_TIMESTAMP, "\"version\":6}", "\"version\":7}",
			   TIMESTAMP);
	repository_replace(&r, TUF_TIMESTAMP, "\"version\":6", "\"version\":7",
			   TIMESTAMP);
	refused(NOW,
		"7.snapshot.json: it has version 6 inside, but timestamp.json lists 7");
}

TEST(only_the_keys_of_a_role_sign_for_it)
{
	publish(6);
	repository_timestamp(&r, (struct tuf_head){ 6, EXPIRY, 0 }, SNAPSHOT);
	refused(NOW, "timestamp.json: 0 of the 1 signatures that root.json asks for");
	repository_snapshot(&r, 6, EXPIRY, TARGETS);
	repository_timestamp(&r, (struct tuf_head){ 6, EXPIRY, 0 }, TIMESTAMP);
	refused(NOW, "6.snapshot.json: 0 of the 1");
	repository_targets(&r, 6, EXPIRY, ROOT_1);
	repository_snapshot(&r, 6, EXPIRY, SNAPSHOT);
	repository_timestamp(&r, (struct tuf_head){ 6, EXPIRY, 0 }, TIMESTAMP);
	refused(NOW, "6.targets.json: 0 of the 1");
}

TEST(a_new_root_is_signed_by_the_old_and_by_itself_and_is_the_next)
{
	static const enum who one[] = { ROOT_2 }, two[] = { ROOT_2, ROOT_3 };

	repository_root(&r, 2, one, 1);
	refused(NOW, "2.root.json: 1 of the 2 signatures");
	repository_root(&r, 3, two, 2);
	refused(NOW, "root 1 must be followed by 2");
	repository_root(&r, 1, two, 2);
	refused(NOW, "root 1 must be followed by 2");
	repository_root(&r, 2, two, 2);
	taken(NOW);
	assert_true(tuf_client_changed(seen, TUF_ROOT));
	assert_int_equal(tuf_client_file(seen, TUF_ROOT)->version, 2);
}

TEST(replaced_keys_let_versions_begin_anew)
{
	publish(TUF_VERSION_MOST); /* a thief of the keys runs ahead */
	taken(NOW);
	publish(6);
	refused(NOW, "but 2147483647 was seen before");
	repository_root_with(&r, 2, EXPIRY, true, true);
	repository_snapshot(&r, 6, EXPIRY, SPARE);
	repository_timestamp(&r, (struct tuf_head){ 6, EXPIRY, 0 }, SPARE);
	taken(NOW);
	assert_int_equal(tuf_client_file(seen, TUF_TARGETS)->version, 6);
}

TEST(a_missing_file_is_named_and_a_missing_root_is_no_root)
{
	struct problem p = { 0 };
	struct tuf_client *client = tuf_client_new(NOW);
	struct tuf_wanted wanted;
	const struct buffer *root = &r.file[TUF_ROOT];

	assert_int_equal(tuf_client_trust(client, TUF_ROOT, "{}", 2, &p), -1);
	assert_int_equal(tuf_client_trust(client, TUF_ROOT, root->at, root->size, &p), 0);
	assert_true(tuf_client_next(client, &wanted));
	assert_string_equal(wanted.name, "2.root.json");
	assert_int_equal(tuf_client_missing(client, &p), 0);
	assert_true(tuf_client_next(client, &wanted));
	assert_string_equal(wanted.name, "timestamp.json");
	assert_int_equal(wanted.most, TUF_TIMESTAMP_MOST);
	assert_int_equal(tuf_client_missing(client, &p), -1);
	assert_string_equal(p.text, "timestamp.json is missing; the bundle is not whole: "
				    "copy it anew");
	assert_false(tuf_client_next(client, &wanted)); /* spent */
	tuf_client_free(client);
}

/* Whatever byte of a file is changed, however: refused, or the very same content. */
static void flip_all(enum tuf_role role)
{
	struct buffer *file = &r.file[role];
	unsigned same = 0;

	for (size_t i = 0; i < file->size; i++) {
		for (unsigned change = 1; change < 256; change = change * 32) {
			struct problem p = { 0 };
			struct tuf_client *after = NULL;
			file->at[i] = (char)(file->at[i] ^ (char)change);
			if (repository_refresh(&r, NULL, NOW, &after, &p) == 0) {
				same++;
				for (int k = 0; k < TUF_ROLES; k++) {
					const struct tuf_metadata *was =
						tuf_client_file(seen, (enum tuf_role)k);
					const struct tuf_metadata *is =
						tuf_client_file(after, (enum tuf_role)k);
					assert_int_equal(was->canonical_size,
							 is->canonical_size);
					assert_memory_equal(was->canonical, is->canonical,
							    is->canonical_size);
				}
				tuf_client_free(after);
			} else {
				assert_int_not_equal(p.text[0], '\0');
			}
			file->at[i] = (char)(file->at[i] ^ (char)change);
		}
	}
	/* one of three signatures of the root is spare; nothing else may change */
	assert_true(role == TUF_ROOT || same == 0);
	assert_true(role != TUF_ROOT || same > 0);
}

TEST(every_flipped_byte_is_a_refusal_or_the_same_content)
{
	for (int role = 0; role < TUF_ROLES; role++)
		flip_all((enum tuf_role)role);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_whole_repository_is_taken_again_and_when_newer, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(every_older_version_is_a_rollback, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			an_expired_file_is_refused_from_its_second_of_expiry_on, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			a_clock_set_back_does_not_make_old_files_good, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bundles_that_are_mixed_are_refused,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_version_that_is_not_the_listed_one_is_refused, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(only_the_keys_of_a_role_sign_for_it,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_new_root_is_signed_by_the_old_and_by_itself_and_is_the_next,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(replaced_keys_let_versions_begin_anew,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_missing_file_is_named_and_a_missing_root_is_no_root, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			every_flipped_byte_is_a_refusal_or_the_same_content, set_up,
			tear_down),
	};
	return cmocka_run_group_tests_name("tuf_client", tests, NULL, NULL);
}

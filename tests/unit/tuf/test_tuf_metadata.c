#include "tests/lib/case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/tuf/tuf_json.h"
#include "tests/unit/tuf/repository.h"

static struct repository r;

static int set_up(void **state)
{
	(void)state;
	repository_init(&r);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	repository_fini(&r);
	return 0;
}

static struct tuf_metadata *read_file(enum tuf_role role, struct problem *p)
{
	return tuf_metadata_read(role, tuf_role_names[role], r.file[role].at,
				 r.file[role].size, p);
}

/* clang-format off */
static const struct {
	enum tuf_role role;
	const char *from, *to, *said;
} wrong[] = {
	{ TUF_ROOT, "\"threshold\":2", "\"threshold\":0", "root: role 'root' asks for less than one signature" },
	{ TUF_ROOT, "\"threshold\":2", "\"threshold\":-1", "asks for less than one signature" },
	{ TUF_ROOT, "\"threshold\":2", "\"threshold\":4", "more signatures than it has keys" },
	{ TUF_ROOT, "\"threshold\":2", "\"threshold\":\"2\"", "has no 'keyids' or no 'threshold'" },
	{ TUF_ROOT, "\"scheme\":\"ed25519\"", "\"scheme\":\"ed25518\"", "is no ed25519 key" },
	{ TUF_ROOT, "\"keytype\":\"ed25519\"", "\"keytype\":\"rsa\"", "is no ed25519 key" },
	{ TUF_ROOT, "\"scheme\":\"ed25519\"}", "\"scheme\":\"ed25519\",\"x\":1}", "under an id that is not its own" },
	{ TUF_ROOT, "\"consistent_snapshot\":true", "\"consistent_snapshot\":1", "neither true nor false" },
	{ TUF_ROOT, "\"timestamp\":{", "\"time\":{", "'timestamp' has no" },
	{ TUF_ROOT, "\"_type\":\"root\"", "\"_type\":\"targets\"", "says of itself to be 'targets', not 'root'" },
	{ TUF_ROOT, "1.0.31", "2.0.31", "none of TUF 1.x" },
	{ TUF_ROOT, "1.0.31", "1.", "none of TUF 1.x" },
	{ TUF_ROOT, "\"version\":1", "\"version\":0", "no number from 1" },
	{ TUF_ROOT, "\"version\":1", "\"version\":2147483648", "no number from 1" },
	{ TUF_ROOT, "\"version\":1", "\"version\":\"1\"", "no number from 1" },
	{ TUF_ROOT, "T08:53:20Z", "T08:53:20+00:00", "expiry is no time" },
	{ TUF_ROOT, "T08:53:20Z", "T08:53:20", "expiry is no time" },
	{ TUF_ROOT, "2025-10-09", "2025-13-09", "expiry is no time" },
	{ TUF_TIMESTAMP, "\"snapshot.json\":{", "\"snapshot.jsn\":{", "'snapshot.json' is missing" },
	{ TUF_TIMESTAMP, "\"snapshot.json\":{", "\"a\":{\"version\":1},\"snapshot.json\":{", "lists more than snapshot.json" },
	{ TUF_TIMESTAMP, "\"length\":", "\"length\":-", "has a length that is none" },
	{ TUF_TIMESTAMP, "\"sha256\":", "\"md5\":", "has no sha256" },
	{ TUF_TIMESTAMP, "\"sha256\":", "\"md5\":\"00\",\"sha256\":", "has a digest that is not sha256" },
	{ TUF_TIMESTAMP, "\"version\":1}", "\"version\":0}", "has no version from 1" },
	{ TUF_TIMESTAMP, "\"spec_version\"", "\"made\":\"2099-01-01T00:00:00Z\",\"spec_version\"", "made at no time before its expiry" },
	{ TUF_SNAPSHOT, "\"targets.json\":{", "\"targets.jsn\":{", "'targets.json' is missing" },
	{ TUF_SNAPSHOT, "\"targets.json\":{", "\"b.json\":3,\"targets.json\":{", "'b.json' is no object" },
	{ TUF_TARGETS, "\"plan.xml\"", "\"../plan.xml\"", "cannot be a file of this name" },
	{ TUF_TARGETS, "\"plan.xml\"", "\".plan.xml\"", "cannot be a file of this name" },
	{ TUF_TARGETS, "\"plan.xml\"", "\"\"", "cannot be a file of this name" },
	{ TUF_TARGETS, "\"length\":5", "\"size\":5", "has no length or no sha256" },
	{ TUF_TARGETS, "\"spec_version\"", "\"delegations\":{},\"spec_version\"", "passes trust on" },
};
/* clang-format on */

TEST(a_file_of_the_wrong_form_is_refused_whoever_signed_it)
{
	static const enum who usual[] = { ROOT_1, TIMESTAMP, SNAPSHOT, TARGETS };

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct problem p = { 0 };
		set_up(NULL);
		repository_replace(&r, wrong[i].role, wrong[i].from, wrong[i].to,
				   usual[wrong[i].role]);
		struct tuf_metadata *m = read_file(wrong[i].role, &p);
		if (m != NULL || strstr(p.text, wrong[i].said) == NULL)
			fail_msg("%s: got '%s'", wrong[i].to, p.text);
		tear_down(NULL);
	}
}

TEST(signatures_count_by_distinct_keys_that_verify)
{
	static const enum who sets[][3] = { { ROOT_1, ROOT_2, ROOT_3 },
					    { ROOT_1, ROOT_1, ROOT_1 },
					    { TARGETS, SPARE, ROOT_2 },
					    { ROOT_3, ROOT_1, SPARE } };
	static const size_t signers[] = { 3, 1, 1, 2 };

	for (size_t i = 0; i < COUNT_OF(sets); i++) {
		struct problem p = { 0 };
		repository_root(&r, 1, sets[i], 3);
		struct tuf_metadata *m = read_file(TUF_ROOT, &p);
		assert_non_null(m);
		assert_int_equal(tuf_metadata_signers(m, m), signers[i]);
		assert_int_equal(tuf_metadata_signed(m, m, &p), signers[i] < 2 ? -1 : 0);
		if (signers[i] < 2)
			assert_non_null(strstr(p.text, "root: 1 of the 2 signatures"));
		tuf_metadata_free(m);
	}
}

/* Change the list of signatures of the timestamp by hand. */
static struct tuf_metadata *with_signatures(const char *list, struct problem *p)
{
	char text[8192];
	const char *signed_part = strstr(r.file[TUF_TIMESTAMP].at, "],\"signed\"");

	snprintf(text, sizeof text, "{\"signatures\":[%s%.*s", list,
		 (int)(r.file[TUF_TIMESTAMP].at + r.file[TUF_TIMESTAMP].size -
		       signed_part),
		 signed_part);
	return tuf_metadata_read(TUF_TIMESTAMP, "timestamp.json", text, strlen(text), p);
}

TEST(no_signature_and_one_signature_twice_are_no_signature)
{
	struct problem p = { 0 };
	char one[400], two[900];
	struct tuf_metadata *root = read_file(TUF_ROOT, &p);
	const char *at = strchr(r.file[TUF_TIMESTAMP].at, '[') + 1;

	snprintf(one, sizeof one, "%.*s", (int)(strchr(at, ']') - at), at);
	snprintf(two, sizeof two, "%s,%s", one, one);
	struct tuf_metadata *m = with_signatures("", &p);
	assert_non_null(m);
	assert_int_equal(tuf_metadata_signed(m, root, &p), -1);
	assert_non_null(strstr(p.text, "timestamp.json: 0 of the 1 signatures"));
	tuf_metadata_free(m);

	assert_null(with_signatures(two, &p));
	assert_non_null(strstr(p.text, "two signatures say to be of key"));
	assert_null(with_signatures("3", &p));
	assert_null(with_signatures("{\"keyid\":\"\"}", &p));

	m = with_signatures(one, &p);
	assert_int_equal(tuf_metadata_signed(m, root, &p), 0);
	tuf_metadata_free(m);
	tuf_metadata_free(root);
}

TEST(one_key_under_two_ids_is_refused)
{
	struct problem p = { 0 };
	struct buffer text;
	uint8_t digest[TUF_DIGEST];
	char hex[TUF_DIGEST_TEXT], public[TUF_DIGEST_TEXT], entry[600], object[400];

	tuf_hex(tuf_secret_key(r.secret[ROOT_1])->public, TUF_DIGEST, public);
	snprintf(object, sizeof object,
		 "{\"keytype\":\"ed25519\",\"keyval\":{\"public\":\"%s\"},"
		 "\"scheme\":\"ed25519\",\"x\":1}",
		 public);
	assert_int_equal(tuf_digest(object, strlen(object), digest, &p), 0);
	tuf_hex(digest, sizeof digest, hex);
	snprintf(entry, sizeof entry, "\"keys\":{\"%s\":%s,", hex, object);
	buffer_init(&text, 100);
	repository_replace(&r, TUF_ROOT, "\"keys\":{", entry, ROOT_1);
	assert_null(read_file(TUF_ROOT, &p));
	assert_non_null(strstr(p.text, "one key is listed under two ids"));
}

TEST(a_secret_comes_back_from_its_file_with_its_passphrase_only)
{
	struct problem p = { 0 };
	struct buffer pem;
	char signature[TUF_SIGNATURE_TEXT];

	buffer_init(&pem, 8192);
	assert_int_equal(tuf_secret_write(r.secret[SPARE], "short", &pem, &p), -1);
	assert_int_equal(tuf_secret_write(r.secret[SPARE], "long enough", &pem, &p), 0);
	assert_null(tuf_secret_read("k.pem", pem.at, pem.size, "long enougH", &p));
	assert_non_null(strstr(p.text, "k.pem: the passphrase does not open this key"));
	assert_null(tuf_secret_read("k.pem", pem.at, 20, "long enough", &p));
	struct tuf_secret *again =
		tuf_secret_read("k.pem", pem.at, pem.size, "long enough", &p);
	assert_non_null(again);
	assert_string_equal(tuf_secret_key(again)->id,
			    tuf_secret_key(r.secret[SPARE])->id);
	assert_int_equal(tuf_secret_sign(again, "x", 1, signature, &p), 0);
	assert_true(tuf_key_verifies(tuf_secret_key(again), signature, "x", 1));
	assert_false(tuf_key_verifies(tuf_secret_key(again), signature, "y", 1));
	tuf_secret_free(again);
	buffer_fini(&pem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_of_the_wrong_form_is_refused_whoever_signed_it),
		cmocka_unit_test_setup_teardown(
			signatures_count_by_distinct_keys_that_verify, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			no_signature_and_one_signature_twice_are_no_signature, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(one_key_under_two_ids_is_refused, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			a_secret_comes_back_from_its_file_with_its_passphrase_only,
			set_up, tear_down),
	};
	return cmocka_run_group_tests_name("tuf_metadata", tests, NULL, NULL);
}

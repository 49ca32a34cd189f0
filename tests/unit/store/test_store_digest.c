/* Hashes of content, against the vectors of the standards. */

#include <string.h>

#include "engine/problem.h"
#include "store/content_digest.h"
#include "tests/lib/case.h"

#define ABC_SHA256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC_SHA1   "a9993e364706816aba3e25717850c26c9cd0d89d"
#define ABC_MD5    "900150983cd24fb0d6963f7d28e17f72"

TEST(digests_are_those_of_the_standards_however_the_bytes_are_cut)
{
	static const struct {
		const char *text;
		int times;
		const char *sha256, *sha1, *md5;
	} rows[] = {
		{ "", 0,
		  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		  "da39a3ee5e6b4b0d3255bfef95601890afd80709",
		  "d41d8cd98f00b204e9800998ecf8427e" },
		{ "abc", 1, ABC_SHA256, ABC_SHA1, ABC_MD5 },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
		  "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
		  "8215ef0796a20bcaaae116d3876c664a" },
		{ "aaaaaaaaaa", 100000,
		  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
		  "34aa973cd4c4daa4f61eeb2bdbad27316534016f",
		  "7707d6ae4e027c70eea2a935c2296f21" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct content_hashes hashes;
		struct problem p = { 0 };
		struct content_digest *digest = content_digest_new(CONTENT_HASHES, &p);
		assert_non_null(digest);
		for (int j = 0; j < rows[i].times; j++) {
			size_t size = strlen(rows[i].text), cut = (size_t)j % (size + 1);
			content_digest_add(digest, rows[i].text, cut, &p);
			content_digest_add(digest, rows[i].text + cut, size - cut, &p);
		}
		assert_int_equal(content_digest_end(digest, &hashes, &p), 0);
		assert_string_equal(hashes.sha256, rows[i].sha256);
		assert_string_equal(hashes.sha1, rows[i].sha1);
		assert_string_equal(hashes.md5, rows[i].md5);
		content_digest_free(digest);
	}
}

TEST(hashes_not_asked_for_are_empty)
{
	struct content_hashes hashes;
	struct problem p = { 0 };
	struct content_digest *digest = content_digest_new(CONTENT_SHA256 + 1, &p);

	assert_non_null(digest);
	assert_int_equal(content_digest_add(digest, "abc", 3, &p), 0);
	assert_int_equal(content_digest_end(digest, &hashes, &p), 0);
	assert_string_equal(hashes.sha256, ABC_SHA256);
	assert_string_equal(hashes.sha1, "");
	assert_string_equal(hashes.md5, "");
	content_digest_free(digest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			digests_are_those_of_the_standards_however_the_bytes_are_cut),
		cmocka_unit_test(hashes_not_asked_for_are_empty),
	};
	return cmocka_run_group_tests_name("store digest", tests, NULL, NULL);
}

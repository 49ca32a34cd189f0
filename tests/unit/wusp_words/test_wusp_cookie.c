#include "tests/lib/case.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/instant.h"
#include "protocol/wusp/cookie.h"

enum { NOW = 1747728000 };

static struct cookie_keys keys;
static struct cookie_present present;
static uint8_t bytes[COOKIE_SIZE];

static const struct cookie session = {
	.kind = COOKIE_SESSION,
	.store_generation = 9,
	.server = { { 1, 2, 3 } },
	.configuration = 4,
	.issued_s = NOW,
	.expires_s = NOW + 3600,
	.computer = { { 7, 7 } },
	.told_known = true,
	.told = { .generation = 9,
		  .revision_id = 31,
		  .action = DEPLOY_INSTALL,
		  .is_assigned = true,
		  .deadline_s = NOW + 86400 },
};

static int prepare(void **state)
{
	uint8_t random[COOKIE_KEY];

	(void)state;
	memset(&keys, 0, sizeof keys);
	memset(random, 0x5a, sizeof random);
	cookie_keys_rotate(&keys, NOW, 30 * DAY_S, random);
	present = (struct cookie_present){ &keys, session.server, 9, 4, NOW };
	cookie_seal(&session, &keys, bytes);
	return 0;
}

static enum cookie_verdict judge(struct cookie *cookie)
{
	return cookie_open(bytes, sizeof bytes, COOKIE_SESSION, &present, cookie);
}

TEST(what_was_sealed_is_opened_as_it_was)
{
	struct cookie cookie;

	assert_int_equal(judge(&cookie), COOKIE_GOOD);
	assert_int_equal(cookie.store_generation, 9);
	assert_true(guid_equal(&cookie.computer, &session.computer));
	assert_int_equal(cookie.expires_s, session.expires_s);
	assert_true(cookie.told_known && cookie.told.is_assigned);
	assert_int_equal(cookie.told.revision_id, 31);
	assert_int_equal(cookie.told.deadline_s, NOW + 86400);
}

TEST(no_flipped_bit_and_no_other_length_is_ever_believed)
{
	uint8_t longer[COOKIE_SIZE + 40] = { 0 };
	struct cookie cookie;

	for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(judge(&cookie), COOKIE_FORGED);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	memcpy(longer, bytes, sizeof bytes);
	for (size_t size = 0; size <= sizeof longer; size++) {
		if (size != COOKIE_SIZE)
			assert_int_equal(cookie_open(longer, size, COOKIE_SESSION,
						     &present, &cookie),
					 COOKIE_FORGED);
	}
	assert_int_equal(judge(&cookie), COOKIE_GOOD);
}

TEST(shapes_that_other_servers_fell_for_are_bytes_like_any_others)
{
	/* Starts of a .NET BinaryFormatter stream, a Java one, and a SOAP formatter's. */
	static const char *const shapes[] = { "\x00\x01\x00\x00\x00\xff\xff\xff\xff\x01",
					      "\xac\xed\x00\x05sr\x00\x11java.util",
					      "<SOAP-ENV:Envelope xmlns:xsi=" };
	struct cookie cookie;

	for (size_t i = 0; i < COUNT_OF(shapes); i++) {
		uint8_t forged[COOKIE_SIZE] = { 0 };
		memcpy(forged, shapes[i], 10);
		assert_int_equal(cookie_open(forged, sizeof forged, COOKIE_SESSION,
					     &present, &cookie),
				 COOKIE_FORGED);
	}
}

TEST(each_failure_of_an_authentic_cookie_has_its_verdict_in_order)
{
	static const struct {
		const char *name;
		uint8_t server;
		uint64_t store, configuration;
		int64_t now_s;
		enum cookie_verdict verdict;
	} rows[] = {
		{ "good", 1, 9, 4, NOW, COOKIE_GOOD },
		{ "the store has grown", 1, 10, 4, NOW, COOKIE_GOOD },
		{ "another server", 8, 9, 4, NOW, COOKIE_OTHER_SERVER },
		{ "an older store", 1, 8, 4, NOW, COOKIE_OTHER_SERVER },
		{ "other settings", 1, 9, 5, NOW, COOKIE_OTHER_SETTINGS },
		{ "older settings", 1, 9, 3, NOW, COOKIE_OTHER_SETTINGS },
		{ "its last second", 1, 9, 4, NOW + 3599, COOKIE_GOOD },
		{ "over", 1, 9, 4, NOW + 3600, COOKIE_EXPIRED },
		{ "the clock went back", 1, 9, 4, NOW - 86400, COOKIE_GOOD },
		{ "server before settings", 8, 9, 5, NOW + 9999, COOKIE_OTHER_SERVER },
		{ "settings before age", 1, 9, 5, NOW + 9999, COOKIE_OTHER_SETTINGS },
	};
	struct cookie cookie;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		present.server.bytes[0] = rows[i].server;
		present.store_generation = rows[i].store;
		present.configuration = rows[i].configuration;
		present.now_s = rows[i].now_s;
		if (judge(&cookie) != rows[i].verdict)
			fail_msg("%s", rows[i].name);
		/* Also when it is over, what it says is true. */
		assert_int_equal(cookie.told.revision_id, 31);
	}
}

TEST(one_kind_never_passes_for_the_other)
{
	struct cookie cookie;

	assert_int_equal(
		cookie_open(bytes, sizeof bytes, COOKIE_AUTHORIZATION, &present, &cookie),
		COOKIE_FORGED);
}

TEST(keys_rotate_and_an_old_one_reads_until_what_it_signed_is_over)
{
	uint8_t random[COOKIE_KEY];
	struct cookie cookie;

	memset(random, 0x77, sizeof random);
	assert_false(cookie_keys_rotate(&keys, NOW + 29 * DAY_S, 30 * DAY_S, random));
	assert_true(cookie_keys_rotate(&keys, NOW + 30 * DAY_S, 30 * DAY_S, random));
	assert_int_equal(keys.keys[0].id, 2);
	assert_int_equal(judge(&cookie), COOKIE_GOOD);
	assert_false(cookie_keys_rotate(&keys, NOW + 31 * DAY_S, 30 * DAY_S, random));
	assert_int_equal(judge(&cookie), COOKIE_GOOD);
	assert_true(cookie_keys_rotate(&keys, NOW + 31 * DAY_S + 1, 30 * DAY_S, random));
	assert_int_equal(judge(&cookie), COOKIE_FORGED);
	cookie_seal(&session, &keys, bytes);
	assert_int_equal(judge(&cookie), COOKIE_GOOD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_was_sealed_is_opened_as_it_was, prepare),
		cmocka_unit_test_setup(
			no_flipped_bit_and_no_other_length_is_ever_believed, prepare),
		cmocka_unit_test_setup(
			shapes_that_other_servers_fell_for_are_bytes_like_any_others,
			prepare),
		cmocka_unit_test_setup(
			each_failure_of_an_authentic_cookie_has_its_verdict_in_order,
			prepare),
		cmocka_unit_test_setup(one_kind_never_passes_for_the_other, prepare),
		cmocka_unit_test_setup(
			keys_rotate_and_an_old_one_reads_until_what_it_signed_is_over,
			prepare),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "agents/message.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "agents/fact_set.h"
#include "engine/instant.h"
#include "engine/problem.h"
#include "tests/lib/case.h"

#define SHA "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define FILE_OF(name, size, sha, link)                                                   \
	"{\"filename\":\"" name "\",\"size\":" size ",\"hashes\":{\"sha1\":\"x\","       \
	"\"sha256\":\"" sha "\"},\"_links\":{\"" link "\":{\"href\":\"https://h/f\"}}}"
#define GOOD_FILE FILE_OF("a.msu", "1024", SHA, "download")
#define OFFER(id, deployment)                                                            \
	"{\"id\":" id ",\"deployment\":{" deployment "},\"x-patchyard\":{\"sig\":\"s\"}" \
	"}"
#define CHUNK(part, name, version, files, metadata)                                      \
	"\"chunks\":[{\"part\":" part ",\"name\":" name ",\"version\":" version          \
	",\"artifacts\":[" files "],\"metadata\":[" metadata "]}]"
#define INSTALL(files)   CHUNK("\"os\"", "\"KB5055523\"", "\"10.0.26100.3775\"", files, "")
#define META(key, value) "{\"key\":\"" key "\",\"value\":\"" value "\"}"

TEST(a_poll_says_when_to_come_back_and_what_is_there)
{
	static const char text[] =
		"{\"config\":{\"polling\":{\"sleep\":\"01:02:03\"}},\"_links\":{"
		"\"deploymentBase\":{\"href\":\"https://h/d/7?c=-1\"},"
		"\"cancelAction\":{\"href\":\"/c/6\"},\"installedBase\":{\"href\":\"i\"},"
		"\"configData\":{\"href\":\"https://h/configData\"}},"
		"\"x-patchyard\":{\"token\":\"abc\"}}";
	struct poll_answer answer;
	struct problem p = { 0 };

	assert_int_equal(message_read_poll(text, strlen(text), &answer, &p), 0);
	assert_int_equal(answer.sleep_s, 3723);
	assert_string_equal(answer.deployment, "https://h/d/7?c=-1");
	assert_string_equal(answer.cancel, "/c/6");
	assert_string_equal(answer.token, "abc");
	assert_true(answer.wants_facts);
}

TEST(an_odd_sleep_is_five_minutes)
{
	static const struct {
		const char *text;
		int64_t sleep_s;
	} rows[] = {
		{ "\"00:00:30\"", 30 },
		{ "\"23:59:59\"", 86399 },
		{ "\"99:00:00\"", 356400 },
		{ "\"0:00:30\"", 300 },
		{ "\"00:00:30 \"", 300 },
		{ "\"\"", 300 },
		{ "\"-1:00:30\"", 300 },
		{ "\"00-00-30\"", 300 },
		{ "30", 300 },
		{ "null", 300 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[80];
		struct poll_answer answer;
		struct problem p = { 0 };
		snprintf(text, sizeof text, "{\"config\":{\"polling\":{\"sleep\":%s}}}",
			 rows[i].text);
		if (message_read_poll(text, strlen(text), &answer, &p) < 0 ||
		    answer.sleep_s != rows[i].sleep_s || answer.wants_facts)
			fail_msg("%s", rows[i].text);
	}
}

TEST(a_poll_that_cannot_be_used_is_refused)
{
	char far[HREF_TEXT + 100];
	static const char *const rows[] = {
		"",
		"null",
		"nonsense",
		"{\"config\":",
		"{} trailing",
		"{\"_links\":{\"deploymentBase\":{}}}",
		"{\"_links\":{\"deploymentBase\":{\"href\":7}}}",
		"{\"_links\":{\"cancelAction\":\"x\"}}",
		"{\"x-patchyard\":{\"token\":\"two words\"}}",
		"{\"x-patchyard\":{\"token\":\"line\\r\\nX-Evil: 1\"}}",
		"{\"x-patchyard\":{\"token\":\"\"}}",
		"{\"x-patchyard\":{\"token\":7}}",
		"{\"x-patchyard\":{\"token\":\"\\u0000\"}}",
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct poll_answer answer;
		struct problem p = { 0 };
		if (message_read_poll(rows[i], strlen(rows[i]), &answer, &p) == 0 ||
		    p.kind != PROBLEM_BAD_INPUT || p.text[0] == '\0')
			fail_msg("taken: %s", rows[i]);
	}
	size_t used = (size_t)snprintf(far, sizeof far,
				       "{\"_links\":{\"deploymentBase\":{\"href\":\"");
	memset(far + used, 'a', HREF_TEXT);
	memcpy(far + used + HREF_TEXT, "\"}}}", sizeof "\"}}}");
	struct poll_answer answer;
	struct problem p = { 0 };
	assert_int_equal(message_read_poll(far, strlen(far), &answer, &p), -1);
	assert_int_equal(message_read_poll(NULL, 0, &answer, &p), -1);
}

TEST(an_install_is_read_whole)
{
	static const char text[] =
		OFFER("\"7\"",
		      "\"download\":\"forced\",\"update\":\"skip\"," CHUNK(
			      "\"os\"", "\"KB5055523\"", "\"10.0.26100.3775\"", GOOD_FILE,
			      META("py.kind", "baseline") "," META(
				      "py.restart",
				      "required") "," META("py.restart.deadline",
							   "2025-04-10T00:00:00Z")));
	struct offer offer;
	struct problem p = { 0 };

	assert_int_equal(message_read_offer(text, strlen(text), &offer, &p), 0);
	assert_string_equal(offer.action, "7");
	assert_int_equal(offer.op, OFFER_INSTALL);
	assert_int_equal(offer.kb, 5055523);
	assert_int_equal(offer.build.base, 26100);
	assert_int_equal(offer.build.revision, 3775);
	assert_string_equal(offer.url, "https://h/f");
	assert_string_equal(offer.file, "a.msu");
	assert_string_equal(offer.sha256, SHA);
	assert_int_equal(offer.size_bytes, 1024);
	assert_true(offer.may_download);
	assert_false(offer.may_install);
	assert_true(offer.needs_restart);
	assert_int_equal(offer.restart_deadline_s, 1744243200);
}

TEST(uninstalls_and_restarts_need_no_file)
{
	static const struct {
		const char *text;
		enum offer_op op;
		uint32_t kb;
	} rows[] = {
		{ OFFER("9", CHUNK("\"py.uninstall\"", "\"KB5060841\"", "\"-\"", "",
				   META("py.target", "KB5060841"))),
		  OFFER_UNINSTALL, 5060841 },
		{ OFFER("9", CHUNK("\"py.uninstall\"", "\"some words\"", "\"-\"", "",
				   META("py.target", "KB5060841"))),
		  OFFER_UNINSTALL, 5060841 },
		{ OFFER("9", CHUNK("\"py.uninstall\"", "\"KB5060841\"", "\"-\"", "", "")),
		  OFFER_UNINSTALL, 5060841 },
		{ OFFER("9", CHUNK("\"py.restart\"", "\"restart\"", "\"-\"", "", "")),
		  OFFER_RESTART, 0 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct offer offer;
		struct problem p = { 0 };
		if (message_read_offer(rows[i].text, strlen(rows[i].text), &offer, &p) <
			    0 ||
		    offer.op != rows[i].op || offer.kb != rows[i].kb ||
		    strcmp(offer.action, "9") != 0)
			fail_msg("%s: %s", rows[i].text, p.text);
	}
}

TEST(an_offer_that_cannot_be_used_says_why)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "[]", "no number" },
		{ OFFER("\"\"", INSTALL(GOOD_FILE)), "no number" },
		{ OFFER("-7", INSTALL(GOOD_FILE)), "no number" },
		{ OFFER("\"../7\"", INSTALL(GOOD_FILE)), "no number" },
		{ OFFER("\"123456789012345678901234\"", INSTALL(GOOD_FILE)),
		  "no number" },
		{ OFFER("7", "\"chunks\":[]"), "one part, not 0" },
		{ OFFER("7", "\"chunks\":[{},{}]"), "one part, not 2" },
		{ OFFER("7", "\"chunks\":[{}]"), "says not what it is" },
		{ OFFER("7", CHUNK("\"bApp\"", "\"KB1\"", "\"1.1\"", "", "")), "'bApp'" },
		{ OFFER("7", CHUNK("\"os\"", "\"nothing\"", "\"1.1\"", "", "")),
		  "no KB" },
		{ OFFER("7", CHUNK("\"os\"", "\"KB1\"", "\"1\"", "", "")), "no build" },
		{ OFFER("7", CHUNK("\"os\"", "\"KB1\"", "5", "", "")), "no build" },
		{ OFFER("7", INSTALL("")), "one file, not 0" },
		{ OFFER("7", INSTALL(GOOD_FILE "," GOOD_FILE)), "one file, not 2" },
		{ OFFER("7", INSTALL(FILE_OF("../a", "1", SHA, "download"))), "name" },
		{ OFFER("7", INSTALL(FILE_OF(".etag", "1", SHA, "download"))), "name" },
		{ OFFER("7", INSTALL(FILE_OF("a b", "1", SHA, "download"))), "name" },
		{ OFFER("7", INSTALL(FILE_OF("a", "-1", SHA, "download"))), "size" },
		{ OFFER("7", INSTALL(FILE_OF("a", "1.5", SHA, "download"))), "size" },
		{ OFFER("7", INSTALL(FILE_OF("a", "1", "00ff", "download"))), "SHA-256" },
		{ OFFER("7", INSTALL(FILE_OF("a", "1", SHA, "md5sum"))), "link" },
		{ OFFER("7", CHUNK("\"os\"", "\"KB1\"", "\"1.1\"", GOOD_FILE,
				   META("py.restart.deadline", "soon"))),
		  "'soon' is not a time" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct offer offer;
		struct problem p = { 0 };
		if (message_read_offer(rows[i].text, strlen(rows[i].text), &offer, &p) ==
			    0 ||
		    strstr(p.text, rows[i].why) == NULL)
			fail_msg("%s\n gives: %s", rows[i].text, p.text);
	}
}

TEST(the_second_download_link_will_do)
{
	static const char text[] =
		OFFER("7", INSTALL(FILE_OF("a.msu", "0", SHA, "download-http")));
	struct offer offer;
	struct problem p = { 0 };

	assert_int_equal(message_read_offer(text, strlen(text), &offer, &p), 0);
	assert_string_equal(offer.url, "https://h/f");
	assert_int_equal(offer.size_bytes, 0);
}

TEST(deep_and_endless_json_is_refused)
{
	enum { DEEP = 100000 };
	struct offer offer;
	struct problem p = { 0 };
	char *deep = malloc(DEEP);

	assert_non_null(deep);
	memset(deep, '[', DEEP);
	assert_int_equal(message_read_offer(deep, DEEP, &offer, &p), -1);
	free(deep);
}

TEST(a_cancellation_names_the_action_to_stop)
{
	static const struct {
		const char *text, *action; /* NULL: refused */
	} rows[] = {
		{ "{\"id\":\"7\",\"cancelAction\":{\"stopId\":\"7\"}}", "7" },
		{ "{\"id\":\"7\",\"cancelAction\":{\"stopId\":8}}", "8" },
		{ "{\"id\":\"7\",\"cancelAction\":{}}", NULL },
		{ "{\"id\":\"7\"}", NULL },
		{ "{\"cancelAction\":{\"stopId\":\"7/../8\"}}", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char action[ACTION_TEXT] = "";
		struct problem p = { 0 };
		int result = message_read_cancel(rows[i].text, strlen(rows[i].text),
						 action, &p);
		if ((result == 0) != (rows[i].action != NULL) ||
		    (result == 0 && strcmp(action, rows[i].action) != 0))
			fail_msg("%s", rows[i].text);
	}
}

static json_t *parse(char *text)
{
	json_t *json = text == NULL ? NULL : json_loads(text, 0, NULL);
	free(text);
	assert_non_null(json);
	return json;
}

TEST(facts_go_out_with_their_kbs_twelve_to_a_key)
{
	struct fact_set facts;
	struct problem p = { 0 };

	fact_set_clear(&facts);
	assert_int_equal(fact_set_put(&facts, "os.build", "26100.2605", &p), 0);
	assert_int_equal(fact_set_put(&facts, "os.kbs",
				      "KB1,KB2 KB3, KB4\tKB5,KB6,KB7,KB8,KB9,KB10,KB11,"
				      "KB12,KB13",
				      &p),
			 0);
	json_t *json = parse(message_facts(&facts, &p));
	json_t *data = json_object_get(json, "data");
	assert_string_equal(json_string_value(json_object_get(json, "mode")), "merge");
	assert_string_equal(json_string_value(json_object_get(data, "os.kbs.n")), "13");
	assert_string_equal(json_string_value(json_object_get(data, "os.kbs.0")),
			    "KB1,KB2,KB3,KB4,KB5,KB6,KB7,KB8,KB9,KB10,KB11,KB12");
	assert_string_equal(json_string_value(json_object_get(data, "os.kbs.1")), "KB13");
	assert_null(json_object_get(data, "os.kbs"));
	assert_string_equal(json_string_value(json_object_get(data, "os.build")),
			    "26100.2605");
	assert_non_null(
		strstr(json_string_value(json_object_get(data, "py.caps")), "uninstall"));
	json_decref(json);
}

TEST(no_value_of_a_long_kb_list_is_longer_than_an_attribute)
{
	char kbs[FACT_SET_TEXT / 4] = "";
	struct fact_set facts;
	struct problem p = { 0 };

	for (int i = 0; i < 100; i++)
		snprintf(kbs + strlen(kbs), sizeof kbs - strlen(kbs), "KB%d ",
			 1234567890 + i);
	fact_set_clear(&facts);
	assert_int_equal(fact_set_put(&facts, "os.kbs", kbs, &p), 0);
	json_t *json = parse(message_facts(&facts, &p));
	const char *key;
	json_t *value;
	json_object_foreach(json_object_get(json, "data"), key, value)
		assert_in_range(strlen(json_string_value(value)), 1, FACT_WORD);
	json_decref(json);
}

TEST(a_report_carries_its_number_first_and_leaves_out_what_is_empty)
{
	struct feedback feedback = { .execution = "closed",
				     .finished = "failure",
				     .has_code = true,
				     .code = (int32_t)0x800F0922,
				     .seq = 12,
				     .details = { "py:hresult=0x800F0922", "", "why" } };
	struct problem p = { 0 };

	json_t *json = parse(message_feedback("7", &feedback, 1700000000, &p));
	json_t *status = json_object_get(json, "status");
	json_t *details = json_object_get(status, "details");
	assert_string_equal(json_string_value(json_object_get(json, "id")), "7");
	assert_int_equal(json_integer_value(json_object_get(json, "timestamp")),
			 1700000000000);
	assert_int_equal(json_integer_value(json_object_get(status, "code")),
			 -2146498270);
	assert_int_equal(json_array_size(details), 3);
	assert_string_equal(json_string_value(json_array_get(details, 0)), "py:seq=12");
	assert_string_equal(json_string_value(json_array_get(details, 2)), "why");
	json_decref(json);
}

TEST(a_report_can_be_written_whatever_words_it_quotes)
{
	struct feedback feedback = { .execution = "closed", .finished = "failure" };
	struct problem p = { 0 };

	/* Cut in the middle of a character, and every byte there is. */
	snprintf(feedback.details[0], FEEDBACK_TEXT, "the offer's part 'M\xc3");
	for (int i = 1; i < FEEDBACK_TEXT; i++)
		feedback.details[1][i - 1] = (char)(i + 56);
	memset(feedback.details[2], '"', FEEDBACK_TEXT - 1);
	memset(feedback.details[3], '\n', FEEDBACK_TEXT - 1);
	char *text = message_feedback("7", &feedback, 0, &p);
	assert_non_null(text);
	for (const char *at = text; *at != '\0'; at++)
		assert_in_range(*at, ' ', '~');
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_poll_says_when_to_come_back_and_what_is_there),
		cmocka_unit_test(an_odd_sleep_is_five_minutes),
		cmocka_unit_test(a_poll_that_cannot_be_used_is_refused),
		cmocka_unit_test(an_install_is_read_whole),
		cmocka_unit_test(uninstalls_and_restarts_need_no_file),
		cmocka_unit_test(an_offer_that_cannot_be_used_says_why),
		cmocka_unit_test(the_second_download_link_will_do),
		cmocka_unit_test(deep_and_endless_json_is_refused),
		cmocka_unit_test(a_cancellation_names_the_action_to_stop),
		cmocka_unit_test(facts_go_out_with_their_kbs_twelve_to_a_key),
		cmocka_unit_test(no_value_of_a_long_kb_list_is_longer_than_an_attribute),
		cmocka_unit_test(
			a_report_carries_its_number_first_and_leaves_out_what_is_empty),
		cmocka_unit_test(a_report_can_be_written_whatever_words_it_quotes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

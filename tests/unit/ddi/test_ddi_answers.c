/* What answers look like: statuses, headers, error bodies, conditions, files. */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/ddi/flow_case.h"

static void expect_header(const struct http_answer *answer, const char *name,
			  const char *wanted)
{
	char value[1300];
	bool there = http_answer_header(answer, name, value, sizeof value);

	if (wanted == NULL ? there : !there || strcmp(value, wanted) != 0)
		fail_msg("%s is '%s', wanted '%s'", name, there ? value : "(absent)",
			 wanted == NULL ? "(absent)" : wanted);
}

TEST(a_poll_has_exactly_the_members_that_clients_know)
{
	struct http_answer answer = talk_ask(&talk, "GET", "", "", NULL);
	char length[24];

	assert_int_equal(answer.status, 200);
	snprintf(length, sizeof length, "%zu", answer.body_size);
	expect_header(&answer, "Content-Length", length);
	expect_header(&answer, "Transfer-Encoding", NULL);
	expect_header(&answer, "Content-Type", "application/hal+json");
	expect_header(&answer, "Cache-Control", "no-cache");
	char *sleep = strstr(answer.body, "\"sleep\":\"00:0");
	assert_non_null(sleep);
	for (size_t i = 0; i < 8; i++)
		sleep[9 + i] = "00:05:00"[i]; /* whatever the jitter */
	assert_string_equal(
		answer.body,
		"{\"config\":{\"polling\":{\"sleep\":\"00:05:00\"}},\"_links\":{"
		"\"configData\":{\"href\":"
		"\"https://lab/DEFAULT/controller/v1/d-1/configData\"}}}");
	http_answer_free(&answer);

	/* Nothing to link to: no member at all. */
	assert_int_equal(talk_facts(&talk, "\"site\":\"none\""), 200);
	answer = talk_ask(&talk, "GET", "", "", NULL);
	assert_null(strstr(answer.body, "_links"));
	http_answer_free(&answer);
}

TEST(links_are_spelled_as_the_request_was_and_fit_small_clients)
{
	offer_for(MACHINE APRIL CAPS);
	talk.device = "d%2D1";
	json_t *json = talk_get(&talk, "");
	const char *href = talk_text(json, "_links.deploymentBase.href");

	assert_non_null(href);
	assert_int_equal(strncmp(href,
				 "https://lab/DEFAULT/controller/v1/d%2D1/"
				 "deploymentBase/",
				 55),
			 0);
	/* Zephyr keeps 49 characters from "deploymentBase/" on. */
	assert_true(strlen(strstr(href, "deploymentBase/")) <= 49);
	assert_non_null(strstr(href, "?c="));
	json_decref(json);
}

TEST(json_documents_have_a_tag_and_are_not_sent_twice)
{
	char tag[64], header[128];
	int64_t id = offer_for(MACHINE APRIL);
	char rest[64];

	snprintf(rest, sizeof rest, "/deploymentBase/%lld", (long long)id);
	const char *paths[] = { "", rest };
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct http_answer answer = talk_ask(&talk, "GET", paths[i], "", NULL);
		assert_int_equal(answer.status, 200);
		assert_true(http_answer_header(&answer, "ETag", tag, sizeof tag));
		size_t size = answer.body_size;
		http_answer_free(&answer);

		answer = talk_ask(&talk, "HEAD", paths[i], "", NULL);
		snprintf(header, sizeof header, "%zu", size);
		assert_int_equal(answer.status, 200);
		expect_header(&answer, "ETag", tag);
		expect_header(&answer, "Content-Length", header);
		http_answer_free(&answer);

		snprintf(header, sizeof header, "If-None-Match: \"x\", %s\r\n", tag);
		answer = talk_ask(&talk, "GET", paths[i], header, NULL);
		assert_int_equal(answer.status, 304);
		assert_int_equal(answer.body_size, 0);
		expect_header(&answer, "ETag", tag);
		http_answer_free(&answer);
		answer = talk_ask(&talk, "GET", paths[i], "If-None-Match: \"x\"\r\n",
				  NULL);
		assert_int_equal(answer.status, 200);
		http_answer_free(&answer);
	}
	/* One hour later the jitter is another, and so is the document. */
	assert_true(yard_advance(&yard, HOURS(1)));
	struct http_answer answer = talk_ask(&talk, "GET", "", "", NULL);
	assert_int_equal(answer.status, 200);
	expect_header(&answer, "Cache-Control", "no-cache");
	http_answer_free(&answer);
}

static const struct {
	const char *method, *rest, *headers, *body;
	int status;
	const char *code, *message;
} errors[] = {
	{ "GET", "/deploymentBase/99", "", NULL, 404, "repo.entityNotFound",
	  "no such action" },
	{ "GET", "/deploymentBase/0", "", NULL, 404, "repo.entityNotFound", "" },
	{ "GET", "/cancelAction/99", "", NULL, 404, "repo.entityNotFound", "" },
	{ "GET", "/installedBase/99", "", NULL, 404, "repo.entityNotFound", "" },
	{ "GET", "/softwaremodules/99/artifacts", "", NULL, 404, "repo.entityNotFound",
	  "" },
	{ "GET", "/confirmationBase", "", NULL, 404, "repo.entityNotFound",
	  "nothing at '/confirmationBase'" },
	{ "POST", "/confirmationBase/activateAutoConfirm", "", "{}", 404,
	  "repo.entityNotFound", "" },
	{ "PUT", "/installedBase", "", "{}", 404, "repo.entityNotFound", "" },
	{ "GET", "/deploymentBase/x", "", NULL, 400, "repo.constraintViolation",
	  "'x' is no number" },
	{ "POST", "", "", "{}", 405, "rest.method.notSupported", "Allow" },
	{ "DELETE", "/deploymentBase/1", "", NULL, 405, "rest.method.notSupported", "" },
	{ "GET", "/configData", "", NULL, 405, "rest.method.notSupported", "" },
	{ "GET", "/deploymentBase/1/feedback", "", NULL, 405, "rest.method.notSupported",
	  "" },
	{ "PATCH", "", "", NULL, 405, "rest.method.notSupported", "" },
	{ "GET", "", "Accept: application/cbor\r\n", NULL, 406, "rest.notAcceptable",
	  "application/json" },
	{ "GET", "/deploymentBase/1", "Accept: text/html\r\n", NULL, 406,
	  "rest.notAcceptable", "" },
	{ "PUT", "/configData", "Content-Length: 0\r\n", NULL, 415,
	  "rest.mediaType.notSupported", "application/json" },
	{ "PUT", "/configData", "Content-Type: text/plain\r\n", "{}", 415,
	  "rest.mediaType.notSupported", "" },
	{ "PUT", "/configData", "", "", 400, "repo.invalidTargetAttributes", "no body" },
	{ "PUT", "/configData", "", "{\"data\":{}}", 400, "repo.invalidTargetAttributes",
	  "data is missing" },
	{ "POST", "/deploymentBase/1/feedback", "", "{\"status\":{}}", 400,
	  "rest.body.notReadable", "status.execution is missing" },
	{ "POST", "/cancelAction/1/feedback", "", "nonsense", 400,
	  "rest.body.notReadable", "not JSON" },
	{ "POST", "/deploymentBase/0/feedback", "",
	  "{\"status\":{\"execution\":\"closed\",\"result\":{\"finished\":"
	  "\"none\"}}}",
	  404, "repo.entityNotFound", "" },
	{ "POST", "/cancelAction/0/feedback", "",
	  "{\"status\":{\"execution\":\"closed\",\"result\":{\"finished\":"
	  "\"none\"}}}",
	  404, "repo.entityNotFound", "" },
};

TEST(errors_have_hawkbits_form_and_our_words)
{
	for (size_t i = 0; i < COUNT_OF(errors); i++) {
		struct http_answer answer =
			talk_ask(&talk, errors[i].method, errors[i].rest,
				 errors[i].headers, errors[i].body);
		char wanted[96];
		if (answer.status != errors[i].status)
			fail_msg("%s '%s': %d %s", errors[i].method, errors[i].rest,
				 answer.status, answer.body);
		expect_header(&answer, "Content-Type", "application/json");
		json_t *json = json_loadb(answer.body, answer.body_size, 0, NULL);
		snprintf(wanted, sizeof wanted, "hawkbit.server.error.%s",
			 errors[i].code);
		assert_string_equal(talk_text(json, "errorCode"), wanted);
		assert_int_equal(
			strncmp(talk_text(json, "exceptionClass"), "patchyard.", 10), 0);
		if (strstr(talk_text(json, "message"), errors[i].message) == NULL)
			fail_msg("%s '%s': %s", errors[i].method, errors[i].rest,
				 talk_text(json, "message"));
		if (errors[i].status == 405)
			expect_header(&answer, "Allow",
				      strstr(errors[i].rest, "feedback") != NULL ? "POST"
				      : strstr(errors[i].rest, "configData") != NULL
					      ? "PUT"
					      : "GET, HEAD");
		json_decref(json);
		http_answer_free(&answer);
	}
}

TEST(types_of_answers_and_bodies_are_as_asked)
{
	static const struct {
		const char *accept, *type;
	} rows[] = {
		{ "Accept: application/json\r\n", "application/json" },
		{ "Accept: application/json;charset=UTF-8\r\n", "application/json" },
		{ "Accept: */*\r\n", "application/hal+json" },
		{ "", "application/hal+json" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct http_answer answer =
			talk_ask(&talk, "GET", "", rows[i].accept, NULL);
		expect_header(&answer, "Content-Type", rows[i].type);
		http_answer_free(&answer);
	}
	struct http_answer answer = talk_ask(
		&talk, "PUT", "/configData",
		"Accept: application/cbor\r\nContent-Type: "
		"application/hal+json;charset=UTF-8\r\nContent-Length: 20\r\n\r\n"
		"{\"data\":{\"a\":\"bcd\"}}",
		NULL);
	assert_int_equal(answer.status, 200);
	expect_header(&answer, "Content-Length", "0");
	expect_header(&answer, "Content-Type", NULL);
	http_answer_free(&answer);
}

TEST(swupdate_waits_for_no_100_when_it_sends_its_attributes)
{
	static const char body[] = "{\"data\":{\"serial\":\"1\"}}";
	char request[512];

	snprintf(request, sizeof request,
		 "PUT /DEFAULT/controller/v1/d-1/configData HTTP/1.1\r\nHost: lab\r\n"
		 "Authorization: %s\r\nContent-Type: application/json\r\n"
		 "Expect: 100-continue\r\nContent-Length: %zu\r\n\r\n",
		 talk.authorization, sizeof body - 1);
	struct http_answer answer = http_client_ask(&talk.client, request);
	assert_int_equal(answer.status, 100);
	http_answer_free(&answer);
	answer = http_client_ask(&talk.client, body);
	assert_int_equal(answer.status, 200);
	http_answer_free(&answer);
}

/* The path of a link of the artifact, after the device's. */
static void find_link(json_t *artifact, const char *relation, char *rest, size_t room)
{
	char path[64];
	snprintf(path, sizeof path, "_links.%s.href", relation);
	const char *href = talk_text(artifact, path);
	assert_non_null(href);
	assert_int_equal(strncmp(href, "https://lab/DEFAULT/controller/v1/d-1/", 38), 0);
	snprintf(rest, room, "%s", href + 37);
}

TEST(an_artifact_is_described_and_served_with_all_its_links)
{
	static const char *const relations[] = { "download", "download-http", "md5sum",
						 "md5sum-http" };
	static const char *const hashes[] = { "hashes.sha1", "hashes.md5",
					      "hashes.sha256" };
	static const size_t sizes[] = { 40, 32, 64 };
	int64_t id = offer_for(MACHINE APRIL);
	const char *bytes = yard_payload(5058411);
	char rest[256], tag[96];

	json_t *json = deployment(id);
	json_t *chunk = json_array_get(
		json_object_get(json_object_get(json, "deployment"), "chunks"), 0);
	json_t *artifact = json_array_get(json_object_get(chunk, "artifacts"), 0);
	assert_string_equal(talk_text(artifact, "filename"), "kb5058411 x64.swu");
	assert_int_equal(json_integer_value(json_object_get(artifact, "size")),
			 strlen(bytes));
	for (size_t i = 0; i < COUNT_OF(hashes); i++) {
		const char *hash = talk_text(artifact, hashes[i]);
		assert_int_equal(strlen(hash), sizes[i]);
		assert_int_equal(strspn(hash, "0123456789abcdef"), sizes[i]);
	}
	for (size_t i = 0; i < COUNT_OF(relations); i++) {
		find_link(artifact, relations[i], rest, sizeof rest);
		struct http_answer answer = talk_ask(&talk, "GET", rest, "", NULL);
		assert_int_equal(answer.status, 200);
		if (i < 2) {
			assert_string_equal(answer.body, bytes);
			snprintf(tag, sizeof tag, "\"%s\"",
				 talk_text(artifact, "hashes.sha1"));
			expect_header(&answer, "ETag", tag);
			expect_header(&answer, "Content-Type",
				      "application/octet-stream");
		} else {
			snprintf(tag, sizeof tag, "%s  kb5058411 x64.swu",
				 talk_text(artifact, "hashes.md5"));
			assert_string_equal(answer.body, tag);
			expect_header(&answer, "Content-Type", "text/plain");
			expect_header(
				&answer, "Content-Disposition",
				"attachment; filename=\"kb5058411 x64.swu.MD5SUM\"");
		}
		http_answer_free(&answer);
	}
	find_link(artifact, "download", rest, sizeof rest);
	struct http_answer answer =
		talk_ask(&talk, "GET", rest, "Range: bytes=4-\r\n", NULL);
	assert_int_equal(answer.status, 206);
	assert_string_equal(answer.body, bytes + 4);
	http_answer_free(&answer);
	answer = talk_ask(&talk, "HEAD", rest, "Accept: application/octet-stream\r\n",
			  NULL);
	assert_int_equal(answer.status, 200);
	http_answer_free(&answer);
	assert_int_equal(talk_status(&talk, "PUT", rest, "{}"), 405);

	/* The list of the module's files is the same. */
	snprintf(rest, sizeof rest, "/softwaremodules/%lld/artifacts", (long long)id);
	json_t *list = talk_get(&talk, rest);
	assert_true(json_equal(json_array_get(list, 0), artifact));
	assert_int_equal(json_array_size(list), 1);
	json_decref(list);
	json_decref(json);
}

TEST(files_are_for_those_whose_action_they_belong_to_while_it_lasts)
{
	static const char *const wrong[] = {
		"kb5058411", "kb5058411%20x64.swu.MD5", "kb5058411%20x64.swux",
		"..",        "%2e%2e%2fpatchyard.db",   "a"
	};
	int64_t id = offer_for(MACHINE APRIL);
	char rest[256];

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		snprintf(rest, sizeof rest, "/softwaremodules/%lld/artifacts/%s",
			 (long long)id, wrong[i]);
		assert_int_equal(talk_status(&talk, "GET", rest, NULL), 404);
	}
	snprintf(rest, sizeof rest,
		 "/softwaremodules/%lld/artifacts/kb5058411%%20x64.swu", (long long)id);
	assert_int_equal(talk_status(&talk, "GET", rest, NULL), 200);
	/* Once installed it can still be had. */
	assert_int_equal(talk_facts(&talk, MACHINE MAY_LCU), 200);
	assert_int_equal(talk_status(&talk, "GET", rest, NULL), 200);
	assert_int_equal(say(id, "closed", "success", ""), 200);
	expect_state(FLOW_VERIFIED);

	/* Called off it is gone, so that a client that resumes gives up. */
	talk_close(&talk);
	assert_true(talk_open(&talk, &yard, "d-2"));
	assert_true(talk_enrol(&talk));
	assert_int_equal(talk_status(&talk, "GET", rest, NULL), 404);
	id = offer_for(MACHINE APRIL);
	assert_true(yard_withdraw(&yard, 5058411));
	assert_true(talk_poll(&talk, &poll));
	snprintf(rest, sizeof rest,
		 "/softwaremodules/%lld/artifacts/kb5058411%%20x64.swu", (long long)id);
	assert_int_equal(talk_status(&talk, "GET", rest, NULL), 410);
	assert_int_equal(talk_status(&talk, "HEAD", rest, NULL), 410);
}

TEST(the_devices_own_words_can_be_asked_for_newest_first)
{
	int64_t id = offer_for(MACHINE APRIL);
	char rest[96];

	assert_int_equal(say(id, "scheduled", "none", ",\"details\":[\"one\"]"), 200);
	assert_int_equal(say(id, "download", "none", ",\"details\":[\"two\"]"), 200);
	assert_int_equal(say(id, "downloaded", "none", ",\"details\":[\"three\"]"), 200);
	json_t *json = deployment(id);
	assert_null(json_object_get(json, "actionHistory"));
	json_decref(json);

	static const struct {
		const char *count;
		size_t lines;
	} rows[] = { { "2", 2 }, { "-1", 3 }, { "100", 3 }, { "5000", 3 } };
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		snprintf(rest, sizeof rest, "/deploymentBase/%lld?c=1&actionHistory=%s",
			 (long long)id, rows[i].count);
		json = talk_get(&talk, rest);
		assert_string_equal(talk_text(json, "actionHistory.status"),
				    "DOWNLOADED");
		json_t *lines = json_object_get(json_object_get(json, "actionHistory"),
						"messages");
		assert_int_equal(json_array_size(lines), rows[i].lines);
		assert_string_equal(json_string_value(json_array_get(lines, 0)), "three");
		assert_string_equal(json_string_value(json_array_get(lines, 1)), "two");
		json_decref(json);
	}
	snprintf(rest, sizeof rest, "/deploymentBase/%lld?actionHistory=x",
		 (long long)id);
	assert_int_equal(talk_status(&talk, "GET", rest, NULL), 400);
	snprintf(rest, sizeof rest, "/deploymentBase/%lld?actionHistory=0",
		 (long long)id);
	json = talk_get(&talk, rest);
	assert_null(json_object_get(json, "actionHistory"));
	json_decref(json);
}

TEST(a_body_past_its_limit_is_413_and_the_limit_is_the_paths_own)
{
	char *body = malloc(LIMIT_FEEDBACK_BODY + 2);
	assert_non_null(body);
	static const struct {
		const char *method, *rest;
		size_t size;
		int status;
	} rows[] = {
		{ "PUT", "/configData", LIMIT_CONFIG_DATA_BODY, 400 },
		{ "PUT", "/configData", LIMIT_CONFIG_DATA_BODY + 1, 413 },
		{ "POST", "/deploymentBase/1/feedback", LIMIT_FEEDBACK_BODY, 400 },
		{ "POST", "/deploymentBase/1/feedback", LIMIT_FEEDBACK_BODY + 1, 413 },
		{ "POST", "/deploymentBase/1", 4097, 413 },
	};
	memset(body, 'x', LIMIT_FEEDBACK_BODY + 1);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		body[rows[i].size] = '\0';
		int status = talk_status(&talk, rows[i].method, rows[i].rest, body);
		body[rows[i].size] = 'x';
		if (status != rows[i].status)
			fail_msg("row %zu: %d", i, status);
		talk_close(&talk);
		char keep[200];
		snprintf(keep, sizeof keep, "%s", talk.authorization);
		assert_true(talk_open(&talk, &yard, "d-1"));
		snprintf(talk.authorization, sizeof talk.authorization, "%s", keep);
	}
	free(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FLOW_CASE(a_poll_has_exactly_the_members_that_clients_know),
		FLOW_CASE(links_are_spelled_as_the_request_was_and_fit_small_clients),
		FLOW_CASE(json_documents_have_a_tag_and_are_not_sent_twice),
		FLOW_CASE(errors_have_hawkbits_form_and_our_words),
		FLOW_CASE(types_of_answers_and_bodies_are_as_asked),
		FLOW_CASE(swupdate_waits_for_no_100_when_it_sends_its_attributes),
		FLOW_CASE(an_artifact_is_described_and_served_with_all_its_links),
		FLOW_CASE(files_are_for_those_whose_action_they_belong_to_while_it_lasts),
		FLOW_CASE(the_devices_own_words_can_be_asked_for_newest_first),
		FLOW_CASE(a_body_past_its_limit_is_413_and_the_limit_is_the_paths_own),
	};
	return cmocka_run_group_tests_name("ddi_answers", tests, NULL, NULL);
}

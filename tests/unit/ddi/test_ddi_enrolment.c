#include <stdio.h>
#include <string.h>

#include "tests/lib/case.h"
#include "tests/unit/ddi/talk.h"

static const char plan[] =
	"<plan xmlns=\"urn:patchyard:plan:1\">"
	"<policy name=\"p\" hotpatch=\"allow\"><match>any</match></policy>"
	"<ring name=\"all\"><match>any</match></ring></plan>";

static struct yard yard;
static struct talk talk;
static struct device_record record;

static int setup(void **state)
{
	(void)state;
	return yard_open(&yard, plan) && talk_open(&talk, &yard, "d-1") ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	talk_close(&talk);
	yard_close(&yard);
	return 0;
}

static void speak(const char *authorization)
{
	snprintf(talk.authorization, sizeof talk.authorization, "%s", authorization);
}

TEST(a_new_device_is_given_a_token_and_from_its_first_use_on_no_other_opens_it)
{
	static const char gateway[] = "GatewayToken " YARD_ENROLMENT;
	struct talk_poll poll;
	char first[200], second[200];

	assert_false(yard_device(&yard, "d-1", &record));
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(strlen(poll.token), 32);
	assert_true(poll.wants_facts);
	assert_int_equal(poll.deployment, 0);
	snprintf(first, sizeof first, "TargetToken %s", poll.token);
	assert_true(yard_device(&yard, "d-1", &record));
	assert_true(record.has_token);
	assert_false(record.token_used);

	/* The first answer may have been lost: there is a new one each time, and only
	 * the newest is good. */
	assert_true(talk_poll(&talk, &poll));
	snprintf(second, sizeof second, "TargetToken %s", poll.token);
	assert_string_not_equal(first, second);
	speak(first);
	assert_int_equal(talk_status(&talk, "GET", "", NULL), 401);

	/* Other requests by the enrolment token do not make one. */
	speak(gateway);
	assert_int_equal(talk_facts(&talk, "\"site\":\"lab\""), 200);

	speak(second);
	assert_true(talk_poll(&talk, &poll));
	assert_string_equal(poll.token, "");
	assert_true(yard_device(&yard, "d-1", &record));
	assert_true(record.token_used);
	speak(gateway);
	assert_int_equal(talk_status(&talk, "GET", "", NULL), 401);
	assert_int_equal(talk_facts(&talk, "\"site\":\"lab\""), 401);
	speak(second);
	assert_int_equal(talk_status(&talk, "GET", "", NULL), 200);
}

TEST(the_first_use_counts_whatever_the_request_is)
{
	assert_true(talk_enrol(&talk));
	assert_int_equal(talk_status(&talk, "GET", "/deploymentBase/1", NULL), 404);
	assert_true(yard_device(&yard, "d-1", &record));
	assert_true(record.token_used);
}

TEST(whatever_is_wrong_with_a_token_is_401_without_a_word)
{
	static const char *const wrong[] = {
		"",
		"TargetToken",
		"TargetToken ",
		"TargetToken wrong",
		"GatewayToken wrong",
		"GatewayToken",
		"targettoken x",
		"gatewaytoken " YARD_ENROLMENT,
		"GatewayToken  " YARD_ENROLMENT,
		"TargetToken " YARD_ENROLMENT,
		"Bearer " YARD_ENROLMENT,
		"Basic ZDpk",
		"GatewayToken " YARD_ENROLMENT "x",
		"TargetToken "
		"0123456789012345678901234567890123456789012345678901234567890"
		"1234567890123456789012345678901234567890123456789012345678901234567",
	};
	static const char *const paths[] = { "",
					     "/deploymentBase/1",
					     "/cancelAction/1",
					     "/installedBase/1",
					     "/softwaremodules/1/artifacts",
					     "/softwaremodules/1/artifacts/a.swu" };
	char own[200], value[64];

	assert_true(talk_enrol(&talk));
	snprintf(own, sizeof own, "%s", talk.authorization);
	assert_int_equal(talk_status(&talk, "GET", "", NULL), 200);
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		speak(wrong[i]);
		for (size_t j = 0; j < COUNT_OF(paths); j++) {
			struct http_answer answer =
				talk_ask(&talk, "GET", paths[j], "", NULL);
			if (answer.status != 401 || answer.body_size != 0)
				fail_msg("'%s' on '%s': %d", wrong[i], paths[j],
					 answer.status);
			assert_false(http_answer_header(&answer, "WWW-Authenticate",
							value, sizeof value));
			http_answer_free(&answer);
		}
		assert_int_equal(talk_facts(&talk, "\"a\":\"b\""), 401);
		assert_int_equal(talk_feedback(&talk, "deploymentBase", 1, "closed",
					       "success", ""),
				 401);
	}
	/* Its own token opens no other device, known or not. */
	speak(own);
	struct talk other;
	assert_true(talk_open(&other, &yard, "d-2"));
	assert_true(talk_enrol(&other));
	snprintf(other.authorization, sizeof other.authorization, "%s", own);
	assert_int_equal(talk_status(&other, "GET", "", NULL), 401);
	other.device = "nobody";
	assert_int_equal(talk_status(&other, "GET", "", NULL), 401);
	talk_close(&other);
	assert_false(yard_device(&yard, "nobody", &record));
}

TEST(only_a_poll_makes_a_device)
{
	assert_int_equal(talk_facts(&talk, "\"a\":\"b\""), 404);
	assert_int_equal(talk_status(&talk, "GET", "/deploymentBase/1", NULL), 404);
	assert_int_equal(talk_status(&talk, "HEAD", "", NULL), 404);
	assert_false(yard_device(&yard, "d-1", &record));
}

TEST(ids_are_taken_as_they_decode)
{
	talk.device = "lab%2F1%20%C3%BC";
	assert_true(talk_enrol(&talk));
	assert_true(yard_device(&yard, "lab/1 \xc3\xbc", &record));
	/* Spelled otherwise it is still the same. */
	talk.device = "lab%2f%31%20%c3%bc";
	assert_int_equal(talk_status(&talk, "GET", "", NULL), 200);
}

static int collect(void *owner, const struct event *event)
{
	unsigned *counts = owner;
	counts[event->kind]++;
	return 0;
}

TEST(an_enrolment_is_one_event_however_often_it_asks)
{
	unsigned counts[EVENT_KINDS] = { 0 };

	assert_true(talk_enrol(&talk));
	speak("GatewayToken " YARD_ENROLMENT);
	assert_true(talk_enrol(&talk));
	assert_true(yard_events(&yard, "d-1", collect, counts));
	assert_int_equal(counts[EVENT_ENROLLED], 1);
}

TEST(a_token_is_handed_out_in_an_answer_that_nobody_keeps)
{
	char value[64];
	struct http_answer answer = talk_ask(&talk, "GET", "", "", NULL);

	assert_int_equal(answer.status, 200);
	assert_true(http_answer_header(&answer, "Cache-Control", value, sizeof value));
	assert_string_equal(value, "no-store");
	assert_false(http_answer_header(&answer, "ETag", value, sizeof value));
	http_answer_free(&answer);
}

/* A request that is sent, and its answer taken later. */
static void send_poll(struct talk *t)
{
	char request[400];
	snprintf(request, sizeof request,
		 "GET /DEFAULT/controller/v1/%s HTTP/1.1\r\nHost: lab\r\n"
		 "Authorization: %s\r\n\r\n",
		 t->device, t->authorization);
	assert_true(http_client_send(&t->client, request, strlen(request)));
	assert_true(yard_await_request(&yard));
}

static int take_status(struct talk *t)
{
	struct http_answer answer = http_client_answer(&t->client, false);
	int status = answer.status;
	http_answer_free(&answer);
	return status;
}

TEST(who_comes_first_decides_between_a_first_use_and_another_enrolment)
{
	struct talk other;

	assert_true(talk_open(&other, &yard, "d-1"));
	assert_true(talk_enrol(&talk)); /* has a token, and has not used it */

	/* The other enrols once more while the first use is on its way. */
	assert_true(yard_hold(&yard));
	send_poll(&other);
	send_poll(&talk);
	yard_go_on(&yard);
	assert_int_equal(take_status(&other), 200);
	assert_int_equal(take_status(&talk), 401);

	/* And the other way round. */
	speak("GatewayToken " YARD_ENROLMENT);
	assert_true(talk_enrol(&talk));
	assert_true(yard_hold(&yard));
	send_poll(&talk);
	send_poll(&other);
	yard_go_on(&yard);
	assert_int_equal(take_status(&talk), 200);
	assert_int_equal(take_status(&other), 401);
	assert_int_equal(talk_status(&talk, "GET", "", NULL), 200);
	talk_close(&other);
}

TEST(a_device_that_is_forgotten_meanwhile_is_not_made_again_by_its_report)
{
	static const char body[] = "{\"data\":{\"site\":\"lab\"}}";
	char request[512];

	assert_true(talk_enrol(&talk));
	assert_int_equal(talk_status(&talk, "GET", "", NULL), 200);
	assert_true(yard_hold(&yard));
	yard_forget(&yard, "d-1");
	snprintf(request, sizeof request,
		 "PUT /DEFAULT/controller/v1/d-1/configData HTTP/1.1\r\nHost: lab\r\n"
		 "Authorization: %s\r\nContent-Type: application/json\r\n"
		 "Content-Length: %zu\r\n\r\n%s",
		 talk.authorization, sizeof body - 1, body);
	assert_true(http_client_send(&talk.client, request, strlen(request)));
	assert_true(yard_await_request(&yard));
	yard_go_on(&yard);
	assert_int_equal(take_status(&talk), 404);
	assert_false(yard_device(&yard, "d-1", &record));
	assert_int_equal(talk_status(&talk, "GET", "", NULL), 401);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_new_device_is_given_a_token_and_from_its_first_use_on_no_other_opens_it),
		CASE(the_first_use_counts_whatever_the_request_is),
		CASE(whatever_is_wrong_with_a_token_is_401_without_a_word),
		CASE(only_a_poll_makes_a_device),
		CASE(ids_are_taken_as_they_decode),
		CASE(an_enrolment_is_one_event_however_often_it_asks),
		CASE(a_token_is_handed_out_in_an_answer_that_nobody_keeps),
		CASE(who_comes_first_decides_between_a_first_use_and_another_enrolment),
		CASE(a_device_that_is_forgotten_meanwhile_is_not_made_again_by_its_report),
	};
	return cmocka_run_group_tests_name("ddi_enrolment", tests, NULL, NULL);
}

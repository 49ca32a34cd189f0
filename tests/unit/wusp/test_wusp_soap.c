/* The frame of a call: HTTP, media types, SOAP in both versions, what is no call. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/buffer.h"
#include "engine/problem.h"
#include "protocol/soap/xpress.h"
#include "tests/unit/wusp/wusp_case.h"

#define XML_TYPE "Content-Type: text/xml; charset=utf-8\r\n"
#define GET_CONFIG                                                                       \
	"<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>"     \
	"<GetConfig xmlns=\"" CLIENT_SPACE "\"><protocolVersion>2.90</protocolVersion>"  \
	"</GetConfig></s:Body></s:Envelope>"
#define GET_CONFIG_12                                                                    \
	"<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body>"       \
	"<GetConfig xmlns=\"" CLIENT_SPACE "\"/></s:Body></s:Envelope>"
#define ACTION(name) "SOAPAction: \"" CLIENT_SPACE "/" name "\"\r\n"

static const char *header(const char *name)
{
	static char value[256];

	if (!http_answer_header(&agent.answer, name, value, sizeof value))
		value[0] = '\0';
	return value;
}

static int ask(const char *method, const char *target)
{
	char request[512];

	http_answer_free(&agent.answer);
	snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: lab:8531\r\n\r\n",
		 method, target);
	agent.answer = http_client_ask(&agent.client, request);
	agent.text = agent.answer.body;
	return agent.status = agent.answer.status;
}

static const struct {
	const char *headers, *body;
	int status;
} posts[] = {
	{ XML_TYPE ACTION("GetConfig"), GET_CONFIG, 200 },
	{ XML_TYPE "SOAPAction: " CLIENT_SPACE "/GetConfig\r\n", GET_CONFIG, 200 },
	{ XML_TYPE, GET_CONFIG, 200 },
	{ XML_TYPE "SOAPAction: \"\"\r\n", GET_CONFIG, 200 },
	{ "Content-Type: TEXT/XML\r\n", GET_CONFIG, 200 },
	{ "Content-Type: text/xml; charset=\"UTF-8\"\r\n", GET_CONFIG, 200 },
	{ "Content-Type: application/soap+xml; charset=utf-8\r\n", GET_CONFIG_12, 200 },
	{ "Content-Type: application/soap+xml; action=\"" CLIENT_SPACE "/GetConfig\"\r\n",
	  GET_CONFIG_12, 200 },
	/* Not the message that the head announces. */
	{ XML_TYPE ACTION("GetCookie"), GET_CONFIG, 500 },
	{ XML_TYPE ACTION("GetConfig2"), GET_CONFIG, 500 },
	{ XML_TYPE "SOAPAction: \"GetConfig\"\r\n", GET_CONFIG, 500 },
	{ "Content-Type: application/soap+xml; action=\"" CLIENT_SPACE "/No\"\r\n",
	  GET_CONFIG_12, 500 },
	/* Not what a message is sent as. */
	{ "", GET_CONFIG, 415 },
	{ "Content-Type: application/json\r\n", GET_CONFIG, 415 },
	{ "Content-Type: text/xmlx\r\n", GET_CONFIG, 415 },
	{ "Content-Type: text/xml; charset=utf-16\r\n", GET_CONFIG, 415 },
	{ XML_TYPE "Content-Encoding: gzip\r\n", GET_CONFIG, 415 },
	/* No message. */
	{ XML_TYPE, "", 500 },
	{ XML_TYPE, "hello", 500 },
	{ XML_TYPE, "<GetConfig xmlns=\"" CLIENT_SPACE "\"/>", 500 },
	{ XML_TYPE, "<!DOCTYPE a>" GET_CONFIG, 500 },
};

TEST(a_message_is_taken_by_what_it_is_sent_as_and_by_what_it_is)
{
	for (size_t i = 0; i < COUNT_OF(posts); i++) {
		int status =
			agent_post(&agent, CLIENT_PATH, posts[i].headers, posts[i].body);
		if (status != posts[i].status)
			fail_msg("%zu: %s: %d\n%s", i, posts[i].headers, status,
				 agent.text);
	}
}

TEST(an_answer_is_in_the_version_of_the_question)
{
	agent_post(&agent, CLIENT_PATH, XML_TYPE, GET_CONFIG);
	assert_string_equal(header("Content-Type"), "text/xml; charset=utf-8");
	assert_string_equal(header("Cache-Control"), "private");
	assert_non_null(strstr(agent.text, "http://schemas.xmlsoap.org/soap/envelope/"));
	agent_post(&agent, CLIENT_PATH, "Content-Type: application/soap+xml\r\n",
		   GET_CONFIG_12);
	assert_string_equal(header("Content-Type"),
			    "application/soap+xml; charset=utf-8");
	assert_non_null(strstr(agent.text, "http://www.w3.org/2003/05/soap-envelope"));
}

TEST(what_nobody_ever_specified_is_a_fault_without_a_code)
{
	static const char *const names[] = { "GetConfig2", "GetTimestamps", "Ping" };

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		assert_int_equal(agent_ask(&agent, names[i], ""), 500);
		assert_null(strstr(agent.text, "<ErrorCode>"));
		assert_non_null(strstr(agent.text, ":Client</faultcode>"));
	}
}

TEST(a_fault_has_a_number_of_its_own)
{
	char first[64];

	agent_ask(&agent, "SyncUpdates", "");
	snprintf(first, sizeof first, "%s", agent_said(&agent, "ID", 0));
	assert_int_equal(strlen(first), 36);
	agent_ask(&agent, "SyncUpdates", "");
	assert_int_equal(strlen(agent_said(&agent, "ID", 0)), 36);
	assert_string_not_equal(agent_said(&agent, "ID", 0), first);
	assert_string_equal(header("Content-Type"), "text/xml; charset=utf-8");
}

TEST(services_are_asked_by_post_and_described_by_get)
{
	static const struct {
		const char *path, *address;
	} services[] = {
		{ "/clientwebservice/client.asmx?wsdl",
		  "https://lab:8531/ClientWebService/Client.asmx" },
		{ "/SimpleAuthWebService/SimpleAuth.asmx?WSDL",
		  "https://lab:8531/SimpleAuthWebService/SimpleAuth.asmx" },
		{ "/ReportingWebService/WebService.asmx?wsdl",
		  "https://lab:8531/ReportingWebService/WebService.asmx" },
	};

	for (size_t i = 0; i < COUNT_OF(services); i++) {
		assert_int_equal(ask("GET", services[i].path), 200);
		assert_string_equal(header("Content-Type"), "text/xml; charset=utf-8");
		assert_non_null(strstr(agent.text, services[i].address));
		assert_null(strstr(agent.text, "location=\"\""));
	}
	assert_int_equal(ask("GET", CLIENT_PATH), 405);
	assert_string_equal(header("Allow"), "POST");
	assert_int_equal(ask("DELETE", CLIENT_PATH), 405);
	assert_int_equal(ask("GET", CLIENT_PATH "?disco"), 405);
	assert_int_equal(ask("DELETE", "/Content/3F/"
				       "0102030405060708090A0B0C0D0E0F101112133F.cab"),
			 405);
	assert_int_equal(ask("GET", "/Content/3F/"
				    "0102030405060708090A0B0C0D0E0F101112133F.cab"),
			 404);
}

TEST(an_address_is_filled_in_with_nothing_but_an_address)
{
	http_answer_free(&agent.answer);
	agent.answer =
		http_client_ask(&agent.client, "GET " CLIENT_PATH "?wsdl HTTP/1.1\r\n"
					       "Host: lab\"/&<x>'\r\n\r\n");
	if (agent.answer.status == 200)
		assert_null(strstr(agent.answer.body, "<x>"));
	else
		assert_int_equal(agent.answer.status, 400);
}

TEST(a_body_that_is_too_large_is_refused_before_it_is_read)
{
	char request[512];

	snprintf(request, sizeof request,
		 "POST %s HTTP/1.1\r\nHost: lab\r\nContent-Length: 4194305\r\n\r\n",
		 CLIENT_PATH);
	http_answer_free(&agent.answer);
	agent.answer = http_client_ask(&agent.client, request);
	assert_int_equal(agent.answer.status, 413);
}

/* GetConfig's answer is over half a kilobyte, and its tags repeat. */
TEST(who_asks_for_it_gets_an_answer_in_fewer_bytes)
{
	struct buffer whole;
	struct problem p;

	agent_post(&agent, CLIENT_PATH, XML_TYPE, GET_CONFIG);
	assert_string_equal(header("Content-Encoding"), "");
	char *plain = strdup(agent.text);
	size_t plain_size = agent.answer.body_size;
	agent_post(&agent, CLIENT_PATH, XML_TYPE "Accept-Encoding: xpress\r\n",
		   GET_CONFIG);
	assert_string_equal(header("Content-Encoding"), "xpress");
	assert_true(agent.answer.body_size < plain_size);
	buffer_init(&whole, 65536);
	assert_int_equal(xpress_decode(agent.answer.body, agent.answer.body_size, 65536,
				       &whole, &p),
			 0);
	assert_int_equal(whole.size, plain_size);
	assert_memory_equal(whole.at, plain, plain_size);
	buffer_fini(&whole);
	free(plain);
}

TEST(who_does_not_ask_for_it_or_for_something_small_gets_it_as_it_is)
{
	static const char *const others[] = {
		"Accept-Encoding: gzip, deflate\r\n",
		"Accept-Encoding: xpress;q=0\r\n",
		"Accept-Encoding: xpressive\r\n",
		"Accept-Encoding: ,\r\n",
	};

	for (size_t i = 0; i < COUNT_OF(others); i++) {
		char headers[256];
		snprintf(headers, sizeof headers, XML_TYPE "%s", others[i]);
		agent_post(&agent, CLIENT_PATH, headers, GET_CONFIG);
		if (header("Content-Encoding")[0] != '\0')
			fail_msg("%s", others[i]);
	}
	agent_post(&agent, CLIENT_PATH,
		   XML_TYPE "Accept-Encoding: gzip, Xpress ;q=0.5\r\n", GET_CONFIG);
	assert_string_equal(header("Content-Encoding"), "xpress");
	/* A fault is small. */
	agent_post(&agent, CLIENT_PATH, XML_TYPE "Accept-Encoding: xpress\r\n", "hello");
	assert_string_equal(header("Content-Encoding"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WUSP_CASE(a_message_is_taken_by_what_it_is_sent_as_and_by_what_it_is),
		WUSP_CASE(an_answer_is_in_the_version_of_the_question),
		WUSP_CASE(what_nobody_ever_specified_is_a_fault_without_a_code),
		WUSP_CASE(a_fault_has_a_number_of_its_own),
		WUSP_CASE(services_are_asked_by_post_and_described_by_get),
		WUSP_CASE(an_address_is_filled_in_with_nothing_but_an_address),
		WUSP_CASE(a_body_that_is_too_large_is_refused_before_it_is_read),
		WUSP_CASE(who_asks_for_it_gets_an_answer_in_fewer_bytes),
		WUSP_CASE(
			who_does_not_ask_for_it_or_for_something_small_gets_it_as_it_is),
	};
	return cmocka_run_group_tests_name("wusp/soap", tests, NULL, NULL);
}

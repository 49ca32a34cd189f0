#include "protocol/ddi/route.h"

#include <stdio.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/ddi/ddi.h"
#include "protocol/http/exchange.h"
#include "tests/lib/case.h"

#define B "/DEFAULT/controller/v1/d"

TEST(every_resource_has_its_path)
{
	static const struct {
		const char *path;
		enum ddi_resource resource;
		unsigned methods;
		int64_t id;
		const char *file;
	} rows[] = {
		{ B, DDI_POLL, HTTP_GET | HTTP_HEAD, 0, "" },
		{ "/default/controller/v1/d", DDI_POLL, HTTP_GET | HTTP_HEAD, 0, "" },
		{ B "/configData", DDI_CONFIG_DATA, HTTP_PUT, 0, "" },
		{ B "/deploymentBase/7", DDI_DEPLOYMENT, HTTP_GET | HTTP_HEAD, 7, "" },
		{ B "/deploymentBase/007", DDI_DEPLOYMENT, HTTP_GET | HTTP_HEAD, 7, "" },
		{ B "/deploymentBase/7/feedback", DDI_DEPLOYMENT_FEEDBACK, HTTP_POST, 7,
		  "" },
		{ B "/cancelAction/9223372036854775807", DDI_CANCEL, HTTP_GET | HTTP_HEAD,
		  INT64_MAX, "" },
		{ B "/cancelAction/8/feedback", DDI_CANCEL_FEEDBACK, HTTP_POST, 8, "" },
		{ B "/installedBase/9", DDI_INSTALLED, HTTP_GET | HTTP_HEAD, 9, "" },
		{ B "/softwaremodules/9/artifacts", DDI_ARTIFACTS, HTTP_GET | HTTP_HEAD,
		  9, "" },
		{ B "/softwaremodules/9/artifacts/a%20b%2Fc.swu", DDI_ARTIFACT,
		  HTTP_GET | HTTP_HEAD, 9, "a b/c.swu" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ddi_route route;
		struct problem p;
		if (ddi_route_find(rows[i].path, &route, &p) != ROUTE_FOUND)
			fail_msg("%s is not found", rows[i].path);
		assert_int_equal(route.resource, rows[i].resource);
		assert_int_equal(route.methods, rows[i].methods);
		assert_int_equal(route.id, rows[i].id);
		assert_string_equal(route.file, rows[i].file);
		assert_string_equal(route.device, "d");
		assert_int_equal(route.prefix_size, strlen(B));
		assert_int_equal(ddi_body_limit(rows[i].path), route.body_limit);
	}
}

TEST(what_is_no_ddi_path_or_no_resource_is_told_apart)
{
	static const struct {
		const char *path;
		enum route_verdict verdict;
		const char *words;
	} rows[] = {
		{ "/", ROUTE_FOREIGN, "" },
		{ "", ROUTE_FOREIGN, "" },
		{ "/healthz", ROUTE_FOREIGN, "" },
		{ "/DEFAULT/controller", ROUTE_FOREIGN, "" },
		{ "/DEFAULT/controller/v2/d", ROUTE_FOREIGN, "" },
		{ "/a/DEFAULT/controller/v1/d", ROUTE_FOREIGN, "" },
		{ "/DEFAULT/Controller/v1/d", ROUTE_FOREIGN, "" },
		{ "/other/controller/v1/d", ROUTE_UNKNOWN, "no tenant 'other'" },
		{ "/DEFAULTx/controller/v1/d", ROUTE_UNKNOWN, "no tenant" },
		{ "//controller/v1/d", ROUTE_UNKNOWN, "no tenant" },
		{ B "/", ROUTE_UNKNOWN, "nothing at '/'" },
		{ B "/confirmationBase", ROUTE_UNKNOWN, "confirmationBase" },
		{ B "/confirmationBase/7/feedback", ROUTE_UNKNOWN, "" },
		{ B "/confirmationBase/activateAutoConfirm", ROUTE_UNKNOWN, "" },
		{ B "/installedBase", ROUTE_UNKNOWN, "" },
		{ B "/deploymentBase", ROUTE_UNKNOWN, "" },
		{ B "/deploymentBase/", ROUTE_UNKNOWN, "" },
		{ B "/deploymentBase/7/", ROUTE_UNKNOWN, "" },
		{ B "/deploymentBase/7/feedback/x", ROUTE_UNKNOWN, "" },
		{ B "/deploymentBase//feedback", ROUTE_UNKNOWN, "" },
		{ B "/softwaremodules/9/artifacts/", ROUTE_UNKNOWN, "" },
		{ B "/configdata", ROUTE_UNKNOWN, "" },
		{ "/DEFAULT/controller/v1/", ROUTE_MALFORMED, "1 to 256" },
		{ "/DEFAULT/controller/v1", ROUTE_MALFORMED, "1 to 256" },
		{ "/DEFAULT/controller/v1/%", ROUTE_MALFORMED, "" },
		{ "/DEFAULT/controller/v1/%zz", ROUTE_MALFORMED, "" },
		{ "/DEFAULT/controller/v1/a%00b", ROUTE_MALFORMED, "" },
		{ "/DEFAULT/controller/v1/a%0Ab", ROUTE_MALFORMED, "" },
		{ "/DEFAULT/controller/v1/a%7Fb", ROUTE_MALFORMED, "" },
		{ "/DEFAULT/controller/v1/%C3", ROUTE_MALFORMED, "" },
		{ "/DEFAULT/controller/v1/%C3%28", ROUTE_MALFORMED, "" },
		{ "/DEFAULT/controller/v1/%ED%A0%80", ROUTE_MALFORMED, "" },
		{ "/DEFAULT/controller/v1/%C0%AF", ROUTE_MALFORMED, "" },
		{ B "/deploymentBase/seven", ROUTE_MALFORMED, "'seven' is no number" },
		{ B "/deploymentBase/-7", ROUTE_MALFORMED, "" },
		{ B "/deploymentBase/+7/feedback", ROUTE_MALFORMED, "" },
		{ B "/deploymentBase/9223372036854775808", ROUTE_MALFORMED, "" },
		{ B "/softwaremodules/1/artifacts/%", ROUTE_MALFORMED, "" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ddi_route route;
		struct problem p = { 0 };
		if (ddi_route_find(rows[i].path, &route, &p) != rows[i].verdict)
			fail_msg("%s is judged otherwise", rows[i].path);
		if (strstr(p.text, rows[i].words) == NULL)
			fail_msg("%s: '%s'", rows[i].path, p.text);
		assert_int_equal(ddi_body_limit(rows[i].path) == 0,
				 rows[i].verdict == ROUTE_FOREIGN);
	}
}

TEST(an_id_has_up_to_256_bytes_however_they_are_encoded)
{
	char path[1024];
	size_t used = (size_t)snprintf(path, sizeof path, "/DEFAULT/controller/v1/");
	struct ddi_route route;
	struct problem p;

	for (int i = 0; i < 128; i++)
		used += (size_t)snprintf(path + used, sizeof path - used, "%%C3%%BC");
	assert_int_equal(ddi_route_find(path, &route, &p), ROUTE_FOUND);
	assert_int_equal(strlen(route.device), 256);
	snprintf(path + used, sizeof path - used, "a");
	assert_int_equal(ddi_route_find(path, &route, &p), ROUTE_MALFORMED);
}

TEST(a_slash_within_an_id_belongs_to_it)
{
	struct ddi_route route;
	struct problem p;
	const char *path = "/DEFAULT/controller/v1/lab%2F1%20%C3%BC/configData";

	assert_int_equal(ddi_route_find(path, &route, &p), ROUTE_FOUND);
	assert_string_equal(route.device, "lab/1 \xc3\xbc");
	assert_int_equal(route.resource, DDI_CONFIG_DATA);
	assert_memory_equal(path + route.prefix_size, "/configData", 11);
}

TEST(allow_names_the_methods)
{
	assert_string_equal(ddi_methods_text(HTTP_GET | HTTP_HEAD), "GET, HEAD");
	assert_string_equal(ddi_methods_text(HTTP_PUT), "PUT");
	assert_string_equal(ddi_methods_text(HTTP_POST), "POST");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_resource_has_its_path),
		cmocka_unit_test(what_is_no_ddi_path_or_no_resource_is_told_apart),
		cmocka_unit_test(an_id_has_up_to_256_bytes_however_they_are_encoded),
		cmocka_unit_test(a_slash_within_an_id_belongs_to_it),
		cmocka_unit_test(allow_names_the_methods),
	};
	return cmocka_run_group_tests_name("ddi_route", tests, NULL, NULL);
}

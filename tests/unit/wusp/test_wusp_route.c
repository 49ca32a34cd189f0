/* Paths of MS-WUSP, in whatever case, and names of files under /Content. */

#include "protocol/wusp/route.h"

#include <stdio.h>

#include "tests/lib/case.h"

#define SHA1 "0102030405060708090A0B0C0D0E0F101112133F"

static const struct {
	const char *path;
	enum wusp_resource resource;
} paths[] = {
	{ "/ClientWebService/client.asmx", WUSP_CLIENT },
	{ "/clientwebservice/CLIENT.ASMX", WUSP_CLIENT },
	{ "/ClientWebService/client.asmx/secured", WUSP_FOREIGN },
	{ "/ClientWebService/client.asmx/", WUSP_FOREIGN },
	{ "/ClientWebService", WUSP_FOREIGN },
	{ "/SimpleAuthWebService/SimpleAuth.asmx", WUSP_SIMPLE_AUTH },
	{ "/ReportingWebService/ReportingWebService.asmx", WUSP_REPORTING },
	{ "/ReportingWebService/WebService.asmx", WUSP_REPORTING },
	{ "/ServerSyncWebService/ServerSyncWebService.asmx", WUSP_FOREIGN },
	{ "/DEFAULT/controller/v1/pc", WUSP_FOREIGN },
	{ "/", WUSP_FOREIGN },
	{ "/Content/3F/" SHA1 ".cab", WUSP_CONTENT },
	{ "/content/3f/0102030405060708090a0b0c0d0e0f101112133f.CAB", WUSP_CONTENT },
	{ "/Content/3E/" SHA1 ".cab", WUSP_FOREIGN }, /* another's folder */
	{ "/Content/3F/" SHA1, WUSP_FOREIGN },
	{ "/Content/3F/" SHA1 ".", WUSP_FOREIGN },
	{ "/Content/3F/" SHA1 ".cab/x", WUSP_FOREIGN },
	{ "/Content/3F/" SHA1 ".extensions", WUSP_FOREIGN },
	{ "/Content/3F/0" SHA1 ".cab", WUSP_FOREIGN },
	{ "/Content/3F/../3F.cab", WUSP_FOREIGN },
	{ "/Content/", WUSP_FOREIGN },
	{ "/Content/3", WUSP_FOREIGN },
	{ "/Content/ZZ/" SHA1 ".cab", WUSP_FOREIGN },
};

TEST(a_path_leads_to_its_service_whatever_its_case)
{
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct wusp_route route = wusp_route_find(paths[i].path);
		if (route.resource != paths[i].resource)
			fail_msg("%s leads to %d", paths[i].path, route.resource);
	}
}

TEST(a_service_is_described_at_the_address_it_was_asked_at)
{
	assert_string_equal(wusp_route_find("/reportingwebservice/webservice.asmx").path,
			    "/ReportingWebService/WebService.asmx");
}

static const struct {
	const char *file, *name;
} files[] = {
	{ "kb5058411-x64.msu", "/3F/" SHA1 ".msu" },
	{ "Windows11.0-KB5058411.x64.CAB", "/3F/" SHA1 ".CAB" },
	{ "no extension", "/3F/" SHA1 ".bin" },
	{ "ends in a dot.", "/3F/" SHA1 ".bin" },
	{ "a.far/../away", "/3F/" SHA1 ".bin" },
	{ "much.toolongtobe", "/3F/" SHA1 ".bin" },
};

TEST(a_file_has_the_name_that_leads_back_to_it)
{
	char name[WUSP_CONTENT_NAME], path[WUSP_CONTENT_NAME + 16];
	struct wusp_route route = wusp_route_find("/Content/3F/" SHA1 ".cab");
	const uint8_t first[] = { 1, 2, 3, 4 };

	assert_memory_equal(route.sha1, first, sizeof first);
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		wusp_content_name(route.sha1, files[i].file, name);
		assert_string_equal(name, files[i].name);
		snprintf(path, sizeof path, "/Content%s", name);
		struct wusp_route back = wusp_route_find(path);
		assert_int_equal(back.resource, WUSP_CONTENT);
		assert_memory_equal(back.sha1, route.sha1, sizeof back.sha1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_leads_to_its_service_whatever_its_case),
		cmocka_unit_test(a_service_is_described_at_the_address_it_was_asked_at),
		cmocka_unit_test(a_file_has_the_name_that_leads_back_to_it),
	};
	return cmocka_run_group_tests_name("wusp/route", tests, NULL, NULL);
}

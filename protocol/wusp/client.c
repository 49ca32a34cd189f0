/* The client service: its operations, and those that need no more than a few lines. */

#include <stdio.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/wusp/client_messages.h"
#include "protocol/wusp/sync_answer.h"

static void put_property(struct soap_writer *out, const char *name, const char *value)
{
	soap_open(out, "ConfigurationProperty");
	soap_text(out, "Name", name);
	soap_text(out, "Value", value);
	soap_close(out, "ConfigurationProperty");
}

/* Nobody asks for the share, but agents want every property to be there. */
static void put_properties(struct wusp_call *call, struct soap_writer *out)
{
	const struct http_request *request = exchange_request(call->exchange);
	char room[WUSP_BASE], share[WUSP_BASE], most[16];
	const char *base =
		site_base_url(call->desk->site, request->host, room, sizeof room);
	const char *host = strstr(base, "//");

	host = host != NULL ? host + 2 : base;
	snprintf(share, sizeof share, "\\\\%.*s\\UpdateServicesPackages",
		 (int)strcspn(host, ":/"), host);
	snprintf(most, sizeof most, "%d", EXTENDED_MOST);
	soap_open(out, "Properties");
	put_property(out, "MaxExtendedUpdatesPerRequest", most);
	put_property(out, "PackageServerShare", share);
	put_property(out, "ProtocolVersion", "3.2");
	put_property(out, "IsInventoryRequired", "0");
	put_property(out, "ClientReportingLevel", "2");
	soap_close(out, "Properties");
}

void wusp_get_config(struct wusp_call *call)
{
	struct view *view = site_view(call->desk->site);
	struct soap_writer out;

	wusp_answer(call, &out);
	soap_open(&out, "GetConfigResult");
	soap_time(&out, "LastChange", view->wusp.last_change_s);
	soap_bool(&out, "IsRegistrationRequired", true);
	soap_open(&out, "AuthInfo");
	soap_open(&out, "AuthPlugInInfo");
	soap_text(&out, "PlugInID", "SimpleTargeting");
	soap_text(&out, "ServiceUrl", "SimpleAuthWebService/SimpleAuth.asmx");
	soap_text(&out, "Parameter", "");
	soap_close(&out, "AuthPlugInInfo");
	soap_close(&out, "AuthInfo");
	put_properties(call, &out);
	soap_close(&out, "GetConfigResult");
	view_give(view);
	wusp_reply(call, &out);
}

static void put_guids(struct soap_writer *out, const char *name, const struct guid *guids,
		      size_t count)
{
	if (count == 0)
		return;
	soap_open(out, name);
	for (size_t i = 0; i < count; i++)
		soap_guid(out, "guid", &guids[i]);
	soap_close(out, name);
}

void wusp_start_category_scan(struct wusp_call *call)
{
	const struct start_category_scan *sent = call->request;
	struct guid preferred[WISHES_BEFORE], unknown[WISHES_BEFORE];
	struct category_answer answer = { .preferred = preferred, .unknown = unknown };
	struct soap_writer out;

	if (sent->wishes.list.count >= WISHES_BEFORE) {
		wusp_reply_fault(call, WUSP_INVALID_PARAMETERS, "requestedCategories");
		return;
	}
	struct view *view = site_view(call->desk->site);
	sync_categories(view->library, sent->wishes.list.items, sent->wishes.list.count,
			&answer);
	view_give(view);
	wusp_answer(call, &out);
	put_guids(&out, "preferredCategoryIds", preferred, answer.preferred_count);
	put_guids(&out, "requestedCategoryIdsInError", unknown, answer.unknown_count);
	wusp_reply(call, &out);
}

/* There are no drivers here, so nothing for printers. */
void wusp_sync_printer_catalog(struct wusp_call *call)
{
	const struct sync_printer_catalog *sent = call->request;

	if (wusp_session(call, &sent->cookie, WUSP_CONFIGURED | WUSP_REGISTERED))
		sync_answer_nothing(call, "SyncPrinterCatalogResult");
}

#define COOKIE_AT(type) ((int)offsetof(struct type, cookie))

static const struct soap_operation messages[] = {
	{ "GetConfig", &get_config_group },
	{ "GetCookie", &get_cookie_group },
	{ "RegisterComputer", &register_computer_group },
	{ "StartCategoryScan", &start_category_scan_group },
	{ "SyncUpdates", &sync_updates_group },
	{ "SyncPrinterCatalog", &sync_printer_catalog_group },
	{ "RefreshCache", &refresh_cache_group },
	{ "GetExtendedUpdateInfo", &get_extended_update_info_group },
	{ "GetExtendedUpdateInfo2", &get_extended_update_info2_group },
	{ "GetFileLocations", &get_file_locations_group },
};
static const struct wusp_operation operations[] = {
	{ "GetConfigResponse", wusp_get_config, -1 },
	{ "GetCookieResponse", wusp_get_cookie, -1 },
	{ "RegisterComputerResponse", wusp_register_computer,
	  COOKIE_AT(register_computer) },
	{ "StartCategoryScanResponse", wusp_start_category_scan, -1 },
	{ "SyncUpdatesResponse", wusp_sync_updates, COOKIE_AT(sync_updates) },
	{ "SyncPrinterCatalogResponse", wusp_sync_printer_catalog,
	  COOKIE_AT(sync_printer_catalog) },
	{ "RefreshCacheResponse", wusp_refresh_cache, COOKIE_AT(refresh_cache) },
	{ "GetExtendedUpdateInfoResponse", wusp_get_extended_update_info,
	  COOKIE_AT(get_extended_update_info) },
	{ "GetExtendedUpdateInfo2Response", wusp_get_extended_update_info2,
	  COOKIE_AT(get_extended_update_info) },
	{ "GetFileLocationsResponse", wusp_get_file_locations,
	  COOKIE_AT(get_file_locations) },
};
_Static_assert(sizeof messages / sizeof messages[0] ==
		       sizeof operations / sizeof operations[0],
	       "one handler for each message");

const struct wusp_service wusp_client = {
	.soap = { "http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService",
		  sizeof messages / sizeof messages[0], messages },
	.operations = operations,
};

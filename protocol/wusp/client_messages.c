#include "protocol/wusp/client_messages.h"

#include "protocol/wusp/sync.h"

/* Names of types and members stand in no parentheses. */
/* NOLINTBEGIN(bugprone-macro-parentheses) */
#define GROUP(type, fields)                                                              \
	{                                                                                \
		sizeof(type), sizeof(fields) / sizeof((fields)[0]), fields               \
	}
#define ONE(type, member, element, what)                                                 \
	{                                                                                \
		.name = element, .kind = what, .offset = offsetof(type, member)          \
	}
#define NEEDED(type, member, element, what)                                              \
	{                                                                                \
		.name = element, .kind = what, .offset = offsetof(type, member),         \
		.required = true                                                         \
	}
#define PART(type, member, element, of)                                                  \
	{                                                                                \
		.name = element, .kind = SOAP_GROUP, .offset = offsetof(type, member),   \
		.group = &(of)                                                           \
	}
#define NEEDED_PART(type, member, element, of)                                           \
	{                                                                                \
		.name = element, .kind = SOAP_GROUP, .offset = offsetof(type, member),   \
		.required = true, .group = &(of)                                         \
	}
/* The only field of an ArrayOf... */
#define ITEMS(element, what, how_many)                                                   \
	{                                                                                \
		{                                                                        \
			.name = element, .kind = what,                                   \
			.offset = offsetof(struct many, list), .most = how_many          \
		}                                                                        \
	}
#define PARTS(element, how_many, of)                                                     \
	{                                                                                \
		{                                                                        \
			.name = element, .kind = SOAP_GROUP,                             \
			.offset = offsetof(struct many, list), .most = how_many,         \
			.group = &(of)                                                   \
		}                                                                        \
	}
/* NOLINTEND(bugprone-macro-parentheses) */

static const struct soap_field ints_fields[] = ITEMS("int", SOAP_INT, SYNC_CACHED_MOST);
static const struct soap_group ints = GROUP(struct many, ints_fields);
static const struct soap_field strings_fields[] = ITEMS("string", SOAP_TEXT, 64);
static const struct soap_group strings = GROUP(struct many, strings_fields);
static const struct soap_field binaries_fields[] =
	ITEMS("base64Binary", SOAP_BYTES, 1000);
static const struct soap_group binaries = GROUP(struct many, binaries_fields);

/* SimpleAuth.  What must be there is looked at by hand: an empty one is missing too. */
static const struct soap_field get_authorization_cookie_fields[] = {
	ONE(struct get_authorization_cookie, client_id, "clientId", SOAP_TEXT),
	ONE(struct get_authorization_cookie, target_group, "targetGroupName", SOAP_TEXT),
	ONE(struct get_authorization_cookie, dns_name, "dnsName", SOAP_TEXT),
};
const struct soap_group get_authorization_cookie_group =
	GROUP(struct get_authorization_cookie, get_authorization_cookie_fields);

/* Any version of the protocol is welcome, also none. */
static const struct soap_field get_config_fields[] = {
	ONE(struct get_config, protocol_version, "protocolVersion", SOAP_TEXT),
};
const struct soap_group get_config_group = GROUP(struct get_config, get_config_fields);

static const struct soap_field authorization_cookie_fields[] = {
	ONE(struct authorization_cookie, plug_in_id, "PlugInId", SOAP_TEXT),
	ONE(struct authorization_cookie, data, "CookieData", SOAP_TEXT),
};
static const struct soap_group authorization_cookie =
	GROUP(struct authorization_cookie, authorization_cookie_fields);
static const struct soap_field authorizations_fields[] =
	PARTS("AuthorizationCookie", 16, authorization_cookie);
static const struct soap_group authorizations = GROUP(struct many, authorizations_fields);
static const struct soap_field get_cookie_fields[] = {
	PART(struct get_cookie, authorization, "authCookies", authorizations),
	PART(struct get_cookie, old, "oldCookie", wusp_cookie_group),
	NEEDED(struct get_cookie, last_change_s, "lastChange", SOAP_TIME),
	ONE(struct get_cookie, protocol_version, "protocolVersion", SOAP_TEXT),
};
const struct soap_group get_cookie_group = GROUP(struct get_cookie, get_cookie_fields);

static const struct soap_field computer_info_fields[] = {
	ONE(struct computer_info, dns_name, "DnsName", SOAP_TEXT),
	ONE(struct computer_info, manufacturer, "ComputerManufacturer", SOAP_TEXT),
	ONE(struct computer_info, model, "ComputerModel", SOAP_TEXT),
	ONE(struct computer_info, arch, "ProcessorArchitecture", SOAP_TEXT),
	ONE(struct computer_info, old_product_type, "OldProductType", SOAP_INT),
	ONE(struct computer_info, new_product_type, "NewProductType", SOAP_INT),
	ONE(struct computer_info, client_version[0], "ClientVersionMajorNumber",
	    SOAP_INT),
	ONE(struct computer_info, client_version[1], "ClientVersionMinorNumber",
	    SOAP_INT),
	ONE(struct computer_info, client_version[2], "ClientVersionBuildNumber",
	    SOAP_INT),
	ONE(struct computer_info, client_version[3], "ClientVersionQfeNumber", SOAP_INT),
};
static const struct soap_group computer_info =
	GROUP(struct computer_info, computer_info_fields);
static const struct soap_field register_computer_fields[] = {
	WUSP_COOKIE_FIELD(struct register_computer, cookie),
	NEEDED_PART(struct register_computer, info, "computerInfo", computer_info),
};
const struct soap_group register_computer_group =
	GROUP(struct register_computer, register_computer_fields);

static const struct soap_field wish_fields[] = {
	NEEDED(struct category_wish, group, "IndexOfAndGroup", SOAP_INT),
	NEEDED(struct category_wish, id, "CategoryId", SOAP_GUID),
};
static const struct soap_group wish = GROUP(struct category_wish, wish_fields);
static const struct soap_field wishes_fields[] =
	PARTS("CategoryRelationship", 2 * WISHES_BEFORE, wish);
static const struct soap_group wishes = GROUP(struct many, wishes_fields);
static const struct soap_field start_category_scan_fields[] = {
	NEEDED_PART(struct start_category_scan, wishes, "requestedCategories", wishes),
};
const struct soap_group start_category_scan_group =
	GROUP(struct start_category_scan, start_category_scan_fields);

struct category_identifier {
	struct guid id;
};
static const struct soap_field category_fields[] = {
	NEEDED(struct category_identifier, id, "Id", SOAP_GUID),
};
static const struct soap_group category =
	GROUP(struct category_identifier, category_fields);
static const struct soap_field categories_fields[] =
	PARTS("CategoryIdentifier", 2 * WISHES_BEFORE, category);
static const struct soap_group categories = GROUP(struct many, categories_fields);
static const struct soap_group nothing = { sizeof(struct nothing), 0, NULL };
static const struct soap_field products_fields[] = {
	ONE(struct products_parameters, device_attributes, "DeviceAttributes", SOAP_TEXT),
};
static const struct soap_group products =
	GROUP(struct products_parameters, products_fields);
static const struct soap_field parameters_fields[] = {
	PART(struct sync_parameters, installed, "InstalledNonLeafUpdateIDs", ints),
	PART(struct sync_parameters, cached, "OtherCachedUpdateIDs", ints),
	{ .name = "SystemSpec",
	  .kind = SOAP_GROUP,
	  .offset = offsetof(struct sync_parameters, system_spec),
	  .group = &nothing,
	  .tells = true,
	  .tells_offset = offsetof(struct sync_parameters, has_system_spec) },
	ONE(struct sync_parameters, skips_software, "SkipSoftwareSync", SOAP_BOOL),
	PART(struct sync_parameters, filter, "FilterCategoryIds", categories),
	ONE(struct sync_parameters, two_group, "NeedTwoGroupOutOfScopeUpdates",
	    SOAP_BOOL),
	PART(struct sync_parameters, products, "ProductsParameters", products),
};
static const struct soap_group parameters =
	GROUP(struct sync_parameters, parameters_fields);
static const struct soap_field sync_updates_fields[] = {
	WUSP_COOKIE_FIELD(struct sync_updates, cookie),
	NEEDED_PART(struct sync_updates, parameters, "parameters", parameters),
};
const struct soap_group sync_updates_group =
	GROUP(struct sync_updates, sync_updates_fields);

static const struct soap_field sync_printer_catalog_fields[] = {
	WUSP_COOKIE_FIELD(struct sync_printer_catalog, cookie),
};
const struct soap_group sync_printer_catalog_group =
	GROUP(struct sync_printer_catalog, sync_printer_catalog_fields);

static const struct soap_field identity_fields[] = {
	NEEDED(struct sent_identity, id, "UpdateID", SOAP_GUID),
	NEEDED(struct sent_identity, revision, "RevisionNumber", SOAP_INT),
};
static const struct soap_group identity = GROUP(struct sent_identity, identity_fields);
static const struct soap_field identities_fields[] =
	PARTS("UpdateIdentity", IDENTITIES_MOST, identity);
static const struct soap_group identities = GROUP(struct many, identities_fields);
static const struct soap_field refresh_cache_fields[] = {
	WUSP_COOKIE_FIELD(struct refresh_cache, cookie),
	NEEDED_PART(struct refresh_cache, identities, "globalIDs", identities),
};
const struct soap_group refresh_cache_group =
	GROUP(struct refresh_cache, refresh_cache_fields);

static const struct soap_field info_types_fields[] =
	ITEMS("XmlUpdateFragmentType", SOAP_TEXT, 16);
static const struct soap_group info_types = GROUP(struct many, info_types_fields);
#define INFO_FIELDS                                                                      \
	NEEDED_PART(struct get_extended_update_info, info_types, "infoTypes",            \
		    info_types),                                                         \
	{                                                                                \
		.name = "locales", .kind = SOAP_GROUP,                                   \
		.offset = offsetof(struct get_extended_update_info, locales),            \
		.group = &strings, .tells = true,                                        \
		.tells_offset = offsetof(struct get_extended_update_info, has_locales)   \
	}
static const struct soap_field get_extended_update_info_fields[] = {
	WUSP_COOKIE_FIELD(struct get_extended_update_info, cookie),
	NEEDED_PART(struct get_extended_update_info, revisions, "revisionIDs", ints),
	INFO_FIELDS,
};
const struct soap_group get_extended_update_info_group =
	GROUP(struct get_extended_update_info, get_extended_update_info_fields);
static const struct soap_field get_extended_update_info2_fields[] = {
	WUSP_COOKIE_FIELD(struct get_extended_update_info, cookie),
	NEEDED_PART(struct get_extended_update_info, identities, "updateIDs", identities),
	INFO_FIELDS,
};
const struct soap_group get_extended_update_info2_group =
	GROUP(struct get_extended_update_info, get_extended_update_info2_fields);

static const struct soap_field get_file_locations_fields[] = {
	WUSP_COOKIE_FIELD(struct get_file_locations, cookie),
	NEEDED_PART(struct get_file_locations, digests, "fileDigests", binaries),
};
const struct soap_group get_file_locations_group =
	GROUP(struct get_file_locations, get_file_locations_fields);

/* The messages of MS-WUSP's client and simple-auth services, as they are read
 * (MS-WUSP 2.2.2.1 and 2.2.2.2), with what agents send beyond the specification.
 *
 * Members are in the order of the wire's elements, which are taken in any order.  Where
 * an operation has limits of its own, the table's are wider: it says itself which
 * parameter is at fault, after it knows who asks. */

#ifndef PROTOCOL_WUSP_CLIENT_MESSAGES_H
#define PROTOCOL_WUSP_CLIENT_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/soap/soap_read.h"
#include "protocol/wusp/call.h"

enum {
	EXTENDED_MOST = 50,  /* MaxExtendedUpdatesPerRequest */
	WISHES_BEFORE = 200, /* so many categories are too many */
	DIGEST_BYTES = 20,   /* of a SHA-1 */
	IDENTITIES_MOST = 5000,
};

/* Each ArrayOf...: a list inside an element of its own. */
struct many {
	struct soap_list list;
};

struct get_authorization_cookie {
	struct soap_text client_id, target_group, dns_name;
};

struct get_config {
	struct soap_text protocol_version;
};

struct authorization_cookie {
	struct soap_text plug_in_id, data;
};

struct get_cookie {
	struct many authorization; /* struct authorization_cookie */
	struct wusp_cookie old;
	int64_t last_change_s;
	struct soap_text protocol_version;
};

struct computer_info {
	struct soap_text dns_name, manufacturer, model, arch;
	int64_t old_product_type, new_product_type;
	int64_t client_version[4];
};

struct register_computer {
	struct wusp_cookie cookie;
	struct computer_info info;
};

struct start_category_scan {
	struct many wishes; /* struct category_wish */
};

struct sync_updates {
	struct wusp_cookie cookie;
	struct sync_parameters {
		struct many installed, cached; /* int64_t */
		bool has_system_spec;
		struct nothing {
			char unused;
		} system_spec;
		bool skips_software;
		struct many filter; /* struct guid */
		bool two_group;
		struct products_parameters {
			struct soap_text device_attributes;
		} products;
	} parameters;
};

struct sync_printer_catalog {
	struct wusp_cookie cookie;
};

/* UpdateIdentity as it is sent. */
struct sent_identity {
	struct guid id;
	int64_t revision;
};

struct refresh_cache {
	struct wusp_cookie cookie;
	struct many identities; /* struct sent_identity */
};

struct get_extended_update_info {
	struct wusp_cookie cookie;
	struct many revisions;           /* int64_t */
	struct many identities;          /* struct sent_identity: of the second form */
	struct many info_types, locales; /* struct soap_text */
	bool has_locales;
};

struct get_file_locations {
	struct wusp_cookie cookie;
	struct many digests; /* struct soap_text */
};

extern const struct soap_group get_authorization_cookie_group, get_config_group,
	get_cookie_group, register_computer_group, start_category_scan_group,
	sync_updates_group, sync_printer_catalog_group, refresh_cache_group,
	get_extended_update_info_group, get_extended_update_info2_group,
	get_file_locations_group;

#endif

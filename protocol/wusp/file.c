/* Files of updates: where they are, and their bytes. */

#include <stdio.h>

#include "protocol/content/content.h"
#include "protocol/wusp/call.h"
#include "protocol/wusp/library.h"

enum { PATH_MOST = 4096 };

const char *wusp_content_base(struct wusp_call *call, char room[static WUSP_BASE])
{
	const struct http_request *request = exchange_request(call->exchange);
	const char *own = site_wusp_terms(call->desk->site)->content_url;
	char base[WUSP_BASE - 16];

	if (own[0] != '\0')
		return own;
	site_base_url(call->desk->site, request->host, base, sizeof base);
	snprintf(room, WUSP_BASE, "%s/Content", base);
	return room;
}

void wusp_put_location(struct soap_writer *out, const char *base,
		       const struct update_file *file, bool extended)
{
	char name[WUSP_CONTENT_NAME], url[WUSP_BASE + WUSP_CONTENT_NAME];

	wusp_content_name(file->sha1, file->name, name);
	snprintf(url, sizeof url, "%s%s", base, name);
	soap_open(out, "FileLocation");
	soap_bytes(out, "FileDigest", file->sha1, sizeof file->sha1);
	soap_text(out, "Url", url);
	if (extended)
		soap_text(out, "FileDigestAlgorithm", "SHA1");
	soap_close(out, "FileLocation");
}

static void hex_of(const uint8_t *bytes, size_t size, char *text)
{
	for (size_t i = 0; i < size; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

void wusp_content(struct wusp_call *call)
{
	struct view *view = site_view(call->desk->site);
	const struct update_file *file = library_file(view->library, call->route.sha1);
	char path[PATH_MOST], sha256[65], sha1[41];

	if (file != NULL && file->has_sha256) {
		hex_of(file->sha256, sizeof file->sha256, sha256);
		hex_of(file->sha1, sizeof file->sha1, sha1);
	}
	if (file == NULL || !file->has_sha256 ||
	    !site_content_path(call->desk->site, sha256, path, sizeof path)) {
		exchange_reply(call->exchange, 404, NULL, NULL, 0, NULL);
	} else {
		struct content_file found = { .path = path,
					      .name = file->name,
					      .size_bytes = file->size_bytes,
					      .sha256 = sha256,
					      .sha1 = sha1 };
		content_reply(call->exchange, &found);
	}
	view_give(view);
}

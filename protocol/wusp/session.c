/* Who asks: by the cookie of a session, checked in the order of MS-WUSP 3.1.5. */

#include <string.h>

#include "engine/problem.h"
#include "protocol/soap/base64.h"
#include "protocol/wusp/call.h"
#include "protocol/wusp/library.h"

static const struct soap_field cookie_fields[] = {
	{ .name = "Expiration",
	  .kind = SOAP_TIME,
	  .offset = offsetof(struct wusp_cookie, expiration_s) },
	/* Text, for what is no base64 is no cookie either, and told so. */
	{ .name = "EncryptedData",
	  .kind = SOAP_TEXT,
	  .offset = offsetof(struct wusp_cookie, data),
	  .tells = true,
	  .tells_offset = offsetof(struct wusp_cookie, is_there) },
};
const struct soap_group wusp_cookie_group = { sizeof(struct wusp_cookie),
					      sizeof cookie_fields /
						      sizeof cookie_fields[0],
					      cookie_fields };

void wusp_client_id(const struct guid *guid, char id[static UPDATE_ID_TEXT])
{
	_Static_assert((int)UPDATE_ID_TEXT == (int)GUID_TEXT, "one text");
	guid_format(guid, id);
}

/* Where files are, in 32 bits (FNV-1a). */
static uint32_t place_mark(struct site *site)
{
	const struct wusp_terms *terms = site_wusp_terms(site);
	char room[WUSP_BASE];
	const char *at = terms->content_url[0] != '\0'
				 ? terms->content_url
				 : site_base_url(site, "", room, sizeof room);
	uint32_t mark = 0x811c9dc5;

	for (; *at != '\0'; at++)
		mark = (mark ^ (unsigned char)*at) * 0x01000193;
	return mark;
}

struct cookie_present wusp_present(struct wusp_call *call, const struct view *view)
{
	const struct wusp_identity *identity = &view->wusp;

	return (struct cookie_present){
		.keys = &identity->keys,
		.server = identity->server,
		.store_generation = library_generation(view->library),
		.configuration = (uint64_t)place_mark(call->desk->site) << 32 |
				 (uint32_t)identity->configuration,
		.now_s = site_now(call->desk->site),
	};
}

enum cookie_verdict wusp_cookie_open(struct wusp_call *call,
				     const struct cookie_present *present,
				     const struct soap_text *sent, enum cookie_kind kind,
				     struct cookie *cookie)
{
	uint8_t bytes[COOKIE_SIZE];
	ssize_t size = -1;

	if (sent->at != NULL)
		size = base64_decode(sent->at, sent->size, bytes, sizeof bytes);
	if (size < 0)
		return COOKIE_FORGED;
	enum cookie_verdict verdict =
		cookie_open(bytes, (size_t)size, kind, present, cookie);
	/* Ours, and from a later time than we remember. */
	if (verdict == COOKIE_OTHER_SERVER &&
	    guid_equal(&cookie->server, &present->server))
		site_wusp_restored(call->desk->site, cookie->store_generation);
	return verdict;
}

enum wusp_fault wusp_cookie_fault(enum cookie_verdict verdict,
				  const struct cookie *cookie,
				  const struct cookie_present *present, unsigned wanted)
{
	switch (verdict) {
	case COOKIE_GOOD:
		return WUSP_FAULT_NONE;
	case COOKIE_FORGED:
		return WUSP_INVALID_COOKIE;
	case COOKIE_OTHER_SERVER:
		return WUSP_SERVER_CHANGED;
	case COOKIE_EXPIRED:
		return WUSP_COOKIE_EXPIRED;
	case COOKIE_OTHER_SETTINGS:
		break;
	}
	/* Its age goes first; and not every operation cares about settings. */
	if (cookie->expires_s <= present->now_s)
		return WUSP_COOKIE_EXPIRED;
	if ((wanted & WUSP_CONFIGURED) == 0)
		return WUSP_FAULT_NONE;
	return (uint32_t)cookie->configuration != (uint32_t)present->configuration
		       ? WUSP_CONFIG_CHANGED
		       : WUSP_FILE_LOCATION_CHANGED;
}

static enum wusp_fault open_cookie(struct wusp_call *call, const struct wusp_cookie *sent,
				   unsigned wanted)
{
	struct view *view = site_view(call->desk->site);
	struct cookie_present present = wusp_present(call, view);

	enum cookie_verdict verdict = wusp_cookie_open(call, &present, &sent->data,
						       COOKIE_SESSION, &call->cookie);
	view_give(view);
	if (verdict == COOKIE_OTHER_SERVER &&
	    guid_equal(&call->cookie.server, &present.server))
		site_wusp_restored(call->desk->site, call->cookie.store_generation);
	return wusp_cookie_fault(verdict, &call->cookie, &present, wanted);
}

bool wusp_session(struct wusp_call *call, const struct wusp_cookie *sent, unsigned wanted)
{
	const struct backend_ops *ops = site_backend(call->desk->site)->ops;
	enum wusp_fault fault = open_cookie(call, sent, wanted);
	char id[UPDATE_ID_TEXT];
	struct problem p;
	int rc = 0;

	if (fault == WUSP_FAULT_NONE) {
		wusp_client_id(&call->cookie.computer, id);
		rc = ops->computer_read(call->desk->session, id, &call->computer, &p);
		if (rc == 1)
			rc = ops->device_read(call->desk->session, call->computer.device,
					      &call->desk->record, &p);
		/* One that was forgotten begins anew. */
		if (rc == 0)
			fault = WUSP_INVALID_COOKIE;
		else if (rc == 1 && (wanted & WUSP_REGISTERED) != 0 &&
			 !call->computer.is_registered)
			fault = WUSP_REGISTRATION_REQUIRED;
	}
	if (rc < 0)
		wusp_reply_problem(call, &p);
	else if (fault != WUSP_FAULT_NONE)
		wusp_reply_fault(call, fault, NULL);
	else
		desk_seen(call->desk, call->computer.device);
	return rc >= 0 && fault == WUSP_FAULT_NONE;
}

void wusp_put_cookie(struct wusp_call *call, const struct view *view,
		     struct soap_writer *out, const char *name)
{
	uint8_t bytes[COOKIE_SIZE];

	call->cookie.store_generation = library_generation(view->library);
	cookie_seal(&call->cookie, &view->wusp.keys, bytes);
	soap_open(out, name);
	soap_time(out, "Expiration", call->cookie.expires_s);
	soap_bytes(out, "EncryptedData", bytes, sizeof bytes);
	soap_close(out, name);
}

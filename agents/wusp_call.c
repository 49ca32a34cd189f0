#include "agents/wusp_call.h"

#include <stdio.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/soap/xpress.h"

enum { MESSAGE_MOST = 64 * 1024 * 1024, ITEMS_MOST = 20000 };

/* --- answers as tables ------------------------------------------------------------ */

#define ONE(type, member, word, what)                                                    \
	{                                                                                \
		.name = word, .kind = what, .offset = offsetof(type, member)             \
	}
#define PART(type, member, word, of)                                                     \
	{                                                                                \
		.name = word, .kind = SOAP_GROUP, .offset = offsetof(type, member),      \
		.group = &(of)                                                           \
	}
#define MANY(word, of)                                                                   \
	{                                                                                \
		.name = word, .kind = SOAP_GROUP, .most = ITEMS_MOST, .group = &(of)     \
	}
#define GROUP(type, fields)                                                              \
	{                                                                                \
		sizeof(type), sizeof(fields) / sizeof(fields[0]), fields                 \
	}

static const struct soap_field cookie_fields[] = {
	ONE(struct wu_cookie, expiration, "Expiration", SOAP_TEXT),
	ONE(struct wu_cookie, data, "EncryptedData", SOAP_TEXT),
};
static const struct soap_group cookie_group = GROUP(struct wu_cookie, cookie_fields);

static const struct soap_field config_result_fields[] = {
	ONE(struct wu_config_result, last_change, "LastChange", SOAP_TEXT),
};
static const struct soap_group config_result =
	GROUP(struct wu_config_result, config_result_fields);
static const struct soap_field config_fields[] = {
	PART(struct wu_config, result, "GetConfigResult", config_result),
};
static const struct soap_group config_group = GROUP(struct wu_config, config_fields);

static const struct soap_field authorization_result_fields[] = {
	ONE(struct wu_authorization_result, plug_in, "PlugInId", SOAP_TEXT),
	ONE(struct wu_authorization_result, data, "CookieData", SOAP_TEXT),
};
static const struct soap_group authorization_result =
	GROUP(struct wu_authorization_result, authorization_result_fields);
static const struct soap_field authorization_fields[] = {
	PART(struct wu_authorization, result, "GetAuthorizationCookieResult",
	     authorization_result),
};
static const struct soap_group authorization_group =
	GROUP(struct wu_authorization, authorization_fields);

static const struct soap_field session_fields[] = {
	PART(struct wu_session, cookie, "GetCookieResult", cookie_group),
};
static const struct soap_group session_group = GROUP(struct wu_session, session_fields);

static const struct soap_field deployment_fields[] = {
	ONE(struct wu_deployment, action, "Action", SOAP_TEXT),
	ONE(struct wu_deployment, deadline, "Deadline", SOAP_TEXT),
	ONE(struct wu_deployment, is_assigned, "IsAssigned", SOAP_BOOL),
};
static const struct soap_group deployment_group =
	GROUP(struct wu_deployment, deployment_fields);
static const struct soap_field info_fields[] = {
	ONE(struct wu_info, id, "ID", SOAP_INT),
	PART(struct wu_info, deployment, "Deployment", deployment_group),
	ONE(struct wu_info, is_leaf, "IsLeaf", SOAP_BOOL),
	ONE(struct wu_info, xml, "Xml", SOAP_TEXT),
};
static const struct soap_group info_group = GROUP(struct wu_info, info_fields);
static const struct soap_field infos_fields[] = { MANY("UpdateInfo", info_group) };
static const struct soap_group infos_group = GROUP(struct wu_list, infos_fields);
static const struct soap_field ints_fields[] = {
	{ .name = "int", .kind = SOAP_INT, .most = ITEMS_MOST },
};
static const struct soap_group ints_group = GROUP(struct wu_list, ints_fields);
static const struct soap_field sync_result_fields[] = {
	PART(struct wu_sync_result, fresh, "NewUpdates", infos_group),
	PART(struct wu_sync_result, out, "OutOfScopeRevisionIDs", ints_group),
	PART(struct wu_sync_result, changed, "ChangedUpdates", infos_group),
	ONE(struct wu_sync_result, truncated, "Truncated", SOAP_BOOL),
	PART(struct wu_sync_result, cookie, "NewCookie", cookie_group),
};
static const struct soap_group sync_result =
	GROUP(struct wu_sync_result, sync_result_fields);
static const struct soap_field sync_fields[] = {
	PART(struct wu_sync, result, "SyncUpdatesResult", sync_result),
};
static const struct soap_group sync_group = GROUP(struct wu_sync, sync_fields);

static const struct soap_field text_fields[] = {
	ONE(struct wu_text, id, "ID", SOAP_INT),
	ONE(struct wu_text, xml, "Xml", SOAP_TEXT),
};
static const struct soap_group text_group = GROUP(struct wu_text, text_fields);
static const struct soap_field texts_fields[] = { MANY("Update", text_group) };
static const struct soap_group texts_group = GROUP(struct wu_list, texts_fields);
static const struct soap_field place_fields[] = {
	ONE(struct wu_place, digest, "FileDigest", SOAP_TEXT),
	ONE(struct wu_place, url, "Url", SOAP_TEXT),
};
static const struct soap_group place_group = GROUP(struct wu_place, place_fields);
static const struct soap_field places_fields[] = { MANY("FileLocation", place_group) };
static const struct soap_group places_group = GROUP(struct wu_list, places_fields);
static const struct soap_field extended_result_fields[] = {
	PART(struct wu_extended_result, texts, "Updates", texts_group),
	PART(struct wu_extended_result, places, "FileLocations", places_group),
};
static const struct soap_group extended_result =
	GROUP(struct wu_extended_result, extended_result_fields);
static const struct soap_field extended_fields[] = {
	PART(struct wu_extended, result, "GetExtendedUpdateInfoResult", extended_result),
};
static const struct soap_group extended_group =
	GROUP(struct wu_extended, extended_fields);

static const struct soap_field global_fields[] = {
	ONE(struct wu_global, id, "UpdateID", SOAP_GUID),
	ONE(struct wu_global, revision, "RevisionNumber", SOAP_INT),
};
static const struct soap_group global_group = GROUP(struct wu_global, global_fields);
static const struct soap_field known_fields[] = {
	ONE(struct wu_known, id, "RevisionID", SOAP_INT),
	PART(struct wu_known, global, "GlobalID", global_group),
	ONE(struct wu_known, is_leaf, "IsLeaf", SOAP_BOOL),
	PART(struct wu_known, deployment, "Deployment", deployment_group),
};
static const struct soap_group known_group = GROUP(struct wu_known, known_fields);
static const struct soap_field knowns_fields[] = {
	MANY("RefreshCacheResult", known_group),
};
static const struct soap_group knowns_group = GROUP(struct wu_list, knowns_fields);
static const struct soap_field refreshed_fields[] = {
	PART(struct wu_refreshed, known, "RefreshCacheResult", knowns_group),
};
static const struct soap_group refreshed_group =
	GROUP(struct wu_refreshed, refreshed_fields);

static const struct soap_field reported_fields[] = {
	ONE(struct wu_reported, taken, "ReportEventBatchResult", SOAP_BOOL),
};
static const struct soap_group reported_group =
	GROUP(struct wu_reported, reported_fields);
static const struct soap_group empty_group = { 1, 0, NULL };

static const struct soap_operation client_answers[] = {
	{ "GetConfigResponse", &config_group },
	{ "GetCookieResponse", &session_group },
	{ "RegisterComputerResponse", &empty_group },
	{ "SyncUpdatesResponse", &sync_group },
	{ "GetExtendedUpdateInfoResponse", &extended_group },
	{ "RefreshCacheResponse", &refreshed_group },
};
static const struct soap_operation auth_answers[] = {
	{ "GetAuthorizationCookieResponse", &authorization_group },
};
static const struct soap_operation report_answers[] = {
	{ "ReportEventBatchResponse", &reported_group },
};

#define SPACE "http://www.microsoft.com/SoftwareDistribution"
static const struct {
	const char *path;
	struct soap_service service;
} services[WU_SERVICES] = {
	[WU_CLIENT] = { "/ClientWebService/client.asmx",
			{ SPACE "/Server/ClientWebService",
			  sizeof client_answers / sizeof client_answers[0],
			  client_answers } },
	[WU_AUTH] = { "/SimpleAuthWebService/SimpleAuth.asmx",
		      { SPACE "/Server/SimpleAuthWebService", 1, auth_answers } },
	[WU_REPORT] = { "/ReportingWebService/ReportingWebService.asmx",
			{ SPACE, 1, report_answers } },
};

/* --- calls ------------------------------------------------------------------------ */

int wusp_link_open(struct wusp_link *link, const struct transport *transport,
		   const char *server, struct problem *p)
{
	*link = (struct wusp_link){ .transport = *transport, .server = server };
	buffer_init(&link->request, MESSAGE_MOST);
	buffer_init(&link->plain, MESSAGE_MOST);
	for (int i = 0; i < WU_SERVICES; i++) {
		link->readers[i] = soap_reader_new(&services[i].service, MESSAGE_MOST);
		if (link->readers[i] != NULL)
			continue;
		wusp_link_close(link);
		return problem_set(p, PROBLEM_NO_MEMORY, "no memory for a link");
	}
	return 0;
}

void wusp_link_close(struct wusp_link *link)
{
	for (int i = 0; i < WU_SERVICES; i++)
		soap_reader_free(link->readers[i]);
	buffer_fini(&link->request);
	buffer_fini(&link->plain);
}

void wusp_begin(struct wusp_link *link, enum wusp_service_id service,
		const char *operation)
{
	buffer_clear(&link->request, SIZE_MAX);
	soap_begin(&link->out, &link->request, SOAP_11, operation,
		   services[service].service.space);
}

/* The body as it is meant, and its size. */
static int unpack(struct wusp_link *link, const struct answer *answer, const char **body,
		  size_t *size, struct problem *p)
{
	*body = answer->body == NULL ? "" : answer->body;
	*size = answer->body_size;
	if (!answer->is_xpress)
		return 0;
	buffer_clear(&link->plain, SIZE_MAX);
	if (xpress_decode(*body, *size, MESSAGE_MOST, &link->plain, p) < 0)
		return -1;
	*body = link->plain.at == NULL ? "" : link->plain.at;
	*size = link->plain.size;
	return 0;
}

static int read_answer(struct wusp_link *link, enum wusp_service_id service,
		       const struct answer *answer, struct problem *p)
{
	const char *body;
	size_t size;

	if (answer->status != 200 && answer->status != 500)
		return problem_set(p, PROBLEM_EXTERNAL, "the server answers %d",
				   answer->status);
	if (unpack(link, answer, &body, &size, p) < 0 ||
	    soap_read(link->readers[service], body, size, &link->message, p) < 0)
		return -1;
	return link->message.is_fault ? 0 : 1;
}

int wusp_send(struct wusp_link *link, enum wusp_service_id service, const char *operation,
	      struct problem *p)
{
	char url[700], action[256];
	struct answer answer;

	if (!soap_end(&link->out, operation) || !buffer_append(&link->request, "", 1))
		return problem_set(p, PROBLEM_NO_MEMORY, "no memory for a request");
	snprintf(url, sizeof url, "%s%s", link->server, services[service].path);
	snprintf(action, sizeof action, "%s/%s", services[service].service.space,
		 operation);
	const struct request request = { .method = "POST",
					 .url = url,
					 .body = link->request.at,
					 .type = "text/xml; charset=utf-8",
					 .soap_action = action,
					 .range_from = -1 };
	if (link->transport.exchange(link->transport.owner, &request, &answer, p) < 0)
		return problem_while(p, "%s", operation);
	int rc = read_answer(link, service, &answer, p);
	answer_fini(&answer);
	return rc < 0 ? problem_while(p, "%s", operation) : rc;
}

#include "tests/unit/wusp/agent.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/wusp/library.h"

enum { BODY_MOST = 2 * 1024 * 1024, PAGES_MOST = 40, SAID = 8192 };

bool agent_open(struct agent *agent, struct yard *yard, const char *id, const char *dns)
{
	*agent = (struct agent){ .yard = yard, .id = id, .dns = dns };
	snprintf(agent->attributes, sizeof agent->attributes, "%s", ENTERPRISE APRIL);
	return http_client_tls(&agent->client, loop_port(yard->loop), yard->client, NULL);
}

void agent_close(struct agent *agent)
{
	http_answer_free(&agent->answer);
	http_client_close(&agent->client, true);
}

int agent_post(struct agent *agent, const char *path, const char *headers,
	       const char *body)
{
	char *request = malloc(BODY_MOST);

	http_answer_free(&agent->answer);
	agent->answer = (struct http_answer){ 0 };
	if (request != NULL) {
		int size = snprintf(request, BODY_MOST,
				    "POST %s HTTP/1.1\r\nHost: lab:8531\r\n%s"
				    "Content-Length: %zu\r\n\r\n%s",
				    path, headers, strlen(body), body);
		if (size > 0 && size < BODY_MOST)
			agent->answer = http_client_ask(&agent->client, request);
	}
	free(request);
	agent->status = agent->answer.status;
	agent->text = agent->answer.body;
	return agent->status;
}

static int ask_service(struct agent *agent, const char *path, const char *space,
		       const char *operation, const char *inner)
{
	char headers[512];
	char *body = malloc(BODY_MOST);

	snprintf(headers, sizeof headers,
		 "Content-Type: text/xml; charset=utf-8\r\nSOAPAction: \"%s/%s\"\r\n",
		 space, operation);
	if (body == NULL)
		return 0;
	snprintf(
		body, BODY_MOST,
		"<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\">"
		"<soap:Body><%s xmlns=\"%s\">%s</%s></soap:Body></soap:Envelope>",
		operation, space, inner, operation);
	agent_post(agent, path, headers, body);
	free(body);
	return agent->status;
}

int agent_ask(struct agent *agent, const char *operation, const char *inner)
{
	return ask_service(agent, CLIENT_PATH, CLIENT_SPACE, operation, inner);
}

/* The inside of the first such element in a text; NULL where there is none. */
static const char *inside(const char *text, const char *name, size_t *size)
{
	char open[80], shut[80];

	if (text == NULL)
		return NULL;
	snprintf(open, sizeof open, "<%s>", name);
	snprintf(shut, sizeof shut, "</%s>", name);
	const char *from = strstr(text, open);
	const char *to = from != NULL ? strstr(from, shut) : NULL;
	if (to == NULL)
		return NULL;
	from += strlen(open);
	*size = (size_t)(to - from);
	return from;
}

static void copy_inside(char *out, size_t room, const char *text, const char *name)
{
	size_t size = 0;
	const char *at = inside(text, name, &size);

	snprintf(out, room, "%.*s", (int)size, at != NULL ? at : "");
}

const char *agent_said(const struct agent *agent, const char *name, unsigned n)
{
	static char said[4][SAID];
	static unsigned turn;
	char *out = said[turn++ % 4];
	const char *at = agent->text;
	size_t size = 0;

	for (unsigned i = 0; at != NULL && i <= n; i++)
		at = inside(at, name, &size);
	snprintf(out, SAID, "%.*s", (int)size, at != NULL ? at : "");
	return out;
}

bool agent_failed(const struct agent *agent, const char *code, const char *message)
{
	bool failed = agent->status == 500 &&
		      strcmp(agent_said(agent, "ErrorCode", 0), code) == 0 &&
		      (message == NULL ||
		       strcmp(agent_said(agent, "Message", 0), message) == 0);

	if (!failed)
		fprintf(stderr, "%d, not %s: %s\n", agent->status, code,
			agent->text != NULL ? agent->text : "");
	return failed;
}

bool agent_config(struct agent *agent)
{
	if (agent_ask(agent, "GetConfig", "<protocolVersion>2.90</protocolVersion>") !=
	    200)
		return false;
	copy_inside(agent->last_change, sizeof agent->last_change, agent->text,
		    "LastChange");
	return true;
}

bool agent_authorize(struct agent *agent)
{
	char inner[8192];

	snprintf(inner, sizeof inner,
		 "<clientId>%s</clientId><targetGroupName/><dnsName>%s</dnsName>",
		 agent->id, agent->dns);
	if (ask_service(agent, AUTH_PATH, AUTH_SPACE, "GetAuthorizationCookie", inner) !=
	    200)
		return false;
	copy_inside(agent->authorization, sizeof agent->authorization, agent->text,
		    "CookieData");
	return true;
}

static void keep_cookie(struct agent *agent, const char *element)
{
	char *text = agent->text;
	size_t size;
	const char *at = inside(text, element, &size);

	copy_inside(agent->expiration, sizeof agent->expiration, at, "Expiration");
	copy_inside(agent->cookie, sizeof agent->cookie, at, "EncryptedData");
}

bool agent_cookie(struct agent *agent)
{
	char inner[4096], old[1024];

	snprintf(old, sizeof old,
		 agent->cookie[0] != '\0'
			 ? "<Expiration>%s</Expiration><EncryptedData>%s</EncryptedData>"
			 : "<Expiration>2025-05-20T08:00:00Z</Expiration>",
		 agent->expiration, agent->cookie);
	snprintf(inner, sizeof inner,
		 "<authCookies><AuthorizationCookie><PlugInId>SimpleTargeting</PlugInId>"
		 "<CookieData>%s</CookieData></AuthorizationCookie></authCookies>"
		 "<oldCookie>%s</oldCookie><lastChange>%s</lastChange>"
		 "<currentTime>2025-05-20T08:00:00Z</currentTime>"
		 "<protocolVersion>2.90</protocolVersion>",
		 agent->authorization, old, agent->last_change);
	if (agent_ask(agent, "GetCookie", inner) != 200)
		return false;
	keep_cookie(agent, "GetCookieResult");
	return true;
}

const char *agent_cookie_element(const struct agent *agent)
{
	static char text[1024];

	snprintf(text, sizeof text,
		 "<cookie><Expiration>%s</Expiration><EncryptedData>%s</EncryptedData>"
		 "</cookie>",
		 agent->expiration, agent->cookie);
	return text;
}

bool agent_register(struct agent *agent)
{
	char inner[4096];

	snprintf(inner, sizeof inner,
		 "%s<computerInfo><DnsName>%s</DnsName>"
		 "<OSMajorVersion>10</OSMajorVersion><OSMinorVersion>0</OSMinorVersion>"
		 "<OSBuildNumber>26100</OSBuildNumber>"
		 "<OSServicePackMajorNumber>0</OSServicePackMajorNumber>"
		 "<OSServicePackMinorNumber>0</OSServicePackMinorNumber>"
		 "<OSLocale>en-US</OSLocale>"
		 "<ComputerManufacturer>Contoso</ComputerManufacturer>"
		 "<ComputerModel>Gen2</ComputerModel><BiosVersion>1</BiosVersion>"
		 "<BiosName>B</BiosName>"
		 "<BiosReleaseDate>2024-01-01T00:00:00Z</BiosReleaseDate>"
		 "<ProcessorArchitecture>AMD64</ProcessorArchitecture>"
		 "<SuiteMask>256</SuiteMask><OldProductType>1</OldProductType>"
		 "<NewProductType>4</NewProductType><SystemMetrics>0</SystemMetrics>"
		 "<ClientVersionMajorNumber>1507</ClientVersionMajorNumber>"
		 "<ClientVersionMinorNumber>2601</ClientVersionMinorNumber>"
		 "<ClientVersionBuildNumber>30012</ClientVersionBuildNumber>"
		 "<ClientVersionQfeNumber>0</ClientVersionQfeNumber>"
		 "<OSDescription>Windows 10 Enterprise</OSDescription><OEM/>"
		 "<DeviceType/><FirmwareVersion/><MobileOperator/></computerInfo>",
		 agent_cookie_element(agent), agent->dns);
	return agent_ask(agent, "RegisterComputer", inner) == 200;
}

bool agent_login(struct agent *agent)
{
	return agent_config(agent) && agent_authorize(agent) && agent_cookie(agent) &&
	       agent_register(agent);
}

static void put(char *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(char *out, const char *format, ...)
{
	size_t used = strlen(out);
	va_list values;

	va_start(values, format);
	vsnprintf(out + used, BODY_MOST - used, format, values);
	va_end(values);
}

static void put_ids(const struct agent *agent, char *out, const char *name, bool leaves)
{
	bool any = false;

	for (size_t i = 0; i < agent->count; i++) {
		if (agent->updates[i].is_leaf != leaves)
			continue;
		if (!any)
			put(out, "<%s>", name);
		any = true;
		put(out, "<int>%" PRId32 "</int>", agent->updates[i].id);
	}
	if (any)
		put(out, "</%s>", name);
}

static struct agent_update *find(struct agent *agent, int32_t id)
{
	for (size_t i = 0; i < agent->count; i++) {
		if (agent->updates[i].id == id)
			return &agent->updates[i];
	}
	return NULL;
}

/* One <UpdateInfo>, of NewUpdates or ChangedUpdates. */
static void take_update(struct agent *agent, const char *info)
{
	char text[16];

	copy_inside(text, sizeof text, info, "ID");
	int32_t id = (int32_t)strtol(text, NULL, 10);
	struct agent_update *update = find(agent, id);
	if (update == NULL && agent->count < AGENT_UPDATES)
		update = &agent->updates[agent->count++];
	if (update == NULL)
		return;
	update->id = id;
	copy_inside(text, sizeof text, info, "IsLeaf");
	update->is_leaf = strcmp(text, "true") == 0;
	copy_inside(update->action, sizeof update->action, info, "Action");
	/* Only what stands before this one's end is its own. */
	update->deadline[0] = '\0';
	const char *deadline = strstr(info, "<Deadline>");
	if (deadline != NULL && deadline < strstr(info, "<IsAssigned>"))
		copy_inside(update->deadline, sizeof update->deadline, info, "Deadline");
	copy_inside(update->last_change, sizeof update->last_change, info,
		    "LastChangeTime");
	copy_inside(text, sizeof text, info, "IsAssigned");
	update->is_assigned = strcmp(text, "true") == 0;
}

static void forget(struct agent *agent, int32_t id)
{
	struct agent_update *update = find(agent, id);

	if (update != NULL)
		*update = agent->updates[--agent->count];
}

static void take_page(struct agent *agent)
{
	size_t size;
	const char *gone = inside(agent->text, "OutOfScopeRevisionIDs", &size);

	for (const char *at = strstr(agent->text, "<UpdateInfo>"); at != NULL;
	     at = strstr(at + 1, "<UpdateInfo>"))
		take_update(agent, at);
	for (const char *at = gone; at != NULL && at < gone + size;) {
		const char *next = strstr(at, "<int>");
		if (next == NULL || next >= gone + size)
			break;
		forget(agent, (int32_t)strtol(next + strlen("<int>"), NULL, 10));
		at = next + 1;
	}
	keep_cookie(agent, "NewCookie");
}

int agent_sync(struct agent *agent, const char *rest)
{
	char *inner = calloc(1, BODY_MOST);

	if (inner == NULL)
		return 0;
	put(inner, "%s<parameters><ExpressQuery>false</ExpressQuery>",
	    agent_cookie_element(agent));
	put_ids(agent, inner, "InstalledNonLeafUpdateIDs", false);
	put_ids(agent, inner, "OtherCachedUpdateIDs", true);
	put(inner,
	    "<SkipSoftwareSync>false</SkipSoftwareSync>%s<ProductsParameters>"
	    "<SyncCurrentVersionOnly>false</SyncCurrentVersionOnly>"
	    "<DeviceAttributes>%s</DeviceAttributes><CallerAttributes>Id=tests;"
	    "</CallerAttributes><Products/></ProductsParameters></parameters>",
	    rest, agent->attributes);
	agent_ask(agent, "SyncUpdates", inner);
	free(inner);
	if (agent->status == 200)
		take_page(agent);
	return agent->status;
}

bool agent_scan(struct agent *agent)
{
	for (agent->syncs = 1; agent->syncs < PAGES_MOST; agent->syncs++) {
		if (agent_sync(agent, "") != 200)
			return false;
		if (strstr(agent->text, "<NewUpdates>") == NULL &&
		    strcmp(agent_said(agent, "Truncated", 0), "false") == 0)
			return true;
	}
	return false;
}

const struct agent_update *agent_task(const struct agent *agent)
{
	const struct agent_update *found = NULL;

	for (size_t i = 0; i < agent->count; i++) {
		const struct agent_update *update = &agent->updates[i];
		if (strcmp(update->action, "Install") != 0 &&
		    strcmp(update->action, "Uninstall") != 0)
			continue;
		if (found != NULL)
			return NULL; /* there is never more than one */
		found = update;
	}
	return found;
}

uint32_t agent_kb(const struct agent *agent, const struct agent_update *update)
{
	struct view *view = site_view(agent->yard->site);
	const struct update *known =
		update != NULL ? library_by_revision(view->library, update->id) : NULL;
	uint32_t kb = known != NULL ? known->key.kb : 0;

	view_give(view);
	return kb;
}

/* A stock Windows Update Agent as tests tell it: its messages as text, over TLS to a
 * yard, and what it remembers.  It takes whatever is no leaf for installed, which is
 * right for the categories and detectoids of the yard's own line, and never installs
 * anything by itself. */

#ifndef TESTS_UNIT_WUSP_AGENT_H
#define TESTS_UNIT_WUSP_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/lib/yard.h"
#include "tests/unit/http/http_client.h"

#define CLIENT_PATH "/ClientWebService/client.asmx"
#define AUTH_PATH   "/SimpleAuthWebService/SimpleAuth.asmx"
#define CLIENT_SPACE                                                                     \
	"http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService"
#define AUTH_SPACE                                                                       \
	"http://www.microsoft.com/SoftwareDistribution/Server/SimpleAuthWebService"

/* A computer of the yard's line; what follows says on which build. */
#define ENTERPRISE                                                                       \
	"OSArchitecture=AMD64;OSSkuId=4;ProductType=WinNT;InstallationType=Client;"      \
	"VBSState=0;HotpatchError=0;"
#define APRIL "OSVersion=10.0.26100.3775;"
#define MAY_H "OSVersion=10.0.26100.3981;"
#define MAY   "OSVersion=10.0.26100.4061;"

enum { AGENT_UPDATES = 400 };

/* An update that it was told of. */
struct agent_update {
	int32_t id;
	bool is_leaf;
	char action[24], deadline[32], last_change[16];
	bool is_assigned;
};

struct agent {
	struct yard *yard;
	struct http_client client;
	const char *id, *dns;
	char attributes[1024];
	char last_change[40], authorization[512], expiration[40], cookie[512];
	size_t count;
	struct agent_update updates[AGENT_UPDATES];
	/* The last answer: its text stays until the next. */
	int status;
	char *text;
	struct http_answer answer;
	unsigned syncs; /* calls of the last scan */
};

bool agent_open(struct agent *agent, struct yard *yard, const char *id, const char *dns);
void agent_close(struct agent *agent);

/* Sends a whole body and keeps the answer; its status. */
int agent_post(struct agent *agent, const char *path, const char *headers,
	       const char *body);
/* An operation of the client service, by what its element holds. */
int agent_ask(struct agent *agent, const char *operation, const char *inner);
/* The text between <name> and </name> in the last answer, the n-th; "" for none.  Valid
 * until the next call. */
const char *agent_said(const struct agent *agent, const char *name, unsigned n);
/* Did the last answer fail with this ErrorCode, and this Message (NULL for any)? */
bool agent_failed(const struct agent *agent, const char *code, const char *message);

/* The parts of a session; each is true when it went well. */
bool agent_config(struct agent *agent);
bool agent_authorize(struct agent *agent);
bool agent_cookie(struct agent *agent);
bool agent_register(struct agent *agent);
bool agent_login(struct agent *agent); /* all four */
/* "<cookie>...</cookie>" as it has it. */
const char *agent_cookie_element(const struct agent *agent);

/* One SyncUpdates with what it has; `rest` is added to the parameters. */
int agent_sync(struct agent *agent, const char *rest);
/* SyncUpdates until nothing is new. */
bool agent_scan(struct agent *agent);
/* The update that is to be installed or removed now: NULL where there is none. */
const struct agent_update *agent_task(const struct agent *agent);
/* The KB of the release that it stands for; 0 for none. */
uint32_t agent_kb(const struct agent *agent, const struct agent_update *update);

#endif

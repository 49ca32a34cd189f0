/* How this site serves Windows Update Agents: the daemon's settings under [wusp], part of
 * the site from its start to its end. */

#ifndef PROTOCOL_WUSP_TERMS_H
#define PROTOCOL_WUSP_TERMS_H

#include <stdbool.h>
#include <stdint.h>

/* Which device an agent is that nobody tied to one by hand. */
enum wusp_identity_rule {
	WUSP_BY_CLIENT_ID, /* the one whose id is its SusClientId, in lower case */
	WUSP_BY_DNS_NAME,  /* the one whose id is its DNS name, in lower case */
	WUSP_IDENTITY_RULES
};

/* How many agents one loop takes in within a minute, at most. */
enum { WUSP_JOINS_PER_MINUTE = 6000 };

struct wusp_terms {
	bool serves;
	bool joins; /* agents nobody knows become devices */
	uint32_t joins_per_minute;
	enum wusp_identity_rule identity;
	int64_t cookie_s;      /* how long a session's cookie is good */
	char content_url[256]; /* what URLs of files begin with; "": our own /Content */
};

#endif

/* Which device a Windows Update Agent is, and what it tells of itself.
 *
 * An agent is known by the id it gave itself.  The first time it asks for an
 * authorization it is tied to a device: by hand beforehand, else by the site's rule to an
 * existing one or to one of its own, never to one that another agent is tied to. */

#ifndef PROTOCOL_WUSP_COMPUTERS_H
#define PROTOCOL_WUSP_COMPUTERS_H

#include <stdbool.h>

#include "protocol/soap/guid.h"
#include "protocol/wusp/attributes.h"
#include "protocol/wusp/call.h"

enum { DNS_NAME = 256 };

struct joining {
	struct guid client;
	char client_id[UPDATE_ID_TEXT];
	char dns_name[DNS_NAME]; /* lower case */
	struct attributes told;
	bool is_new; /* nobody knew the agent when it came */
	bool by_name;
	void (*welcome)(struct wusp_call *call);
};

/* A name as DNS has them, in lower case into `out`; false for anything else. */
bool computer_name_fold(const struct soap_text *name, char out[static DNS_NAME]);

/* Goes on in joining->welcome() once computer and device are as they should be, or
 * answers with a fault. */
void computer_join(struct wusp_call *call, struct joining *joining);

/* Facts into the record of a change, where they are news or `again` wants them confirmed.
 * They are judged (engine/passage.h) only where they name the level. */
void computer_tell(struct change *change, const struct attributes *told, bool again);

#endif

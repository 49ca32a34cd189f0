/* What a device is told by the links of its poll: install, remove, restart, or stop.
 *
 * Pure.  A flow is one action of hawkBit.  Plain clients know one thing to do with an
 * action, to install its artifact; so removals and restarts go only to devices that said
 * in the fact `py.caps` that they can do them, and where a payload may be fetched but not
 * yet installed, only those that can defer are told; the others get no link until it may
 * be installed. */

#ifndef PROTOCOL_DDI_OFFER_H
#define PROTOCOL_DDI_OFFER_H

#include <stdbool.h>
#include <stdint.h>

struct decision;
struct device_record;
struct facts;

enum offer_kind {
	OFFER_NOTHING,
	OFFER_DEPLOYMENT, /* install or remove: by the flow's kind */
	OFFER_STOP,
	OFFER_RESTART, /* a restart that no running flow waits for */
};

struct offer {
	enum offer_kind kind;
	bool download_only; /* fetch it, but do not install it yet */
};

struct offer offer_of(const struct device_record *record,
		      const struct decision *decision);

/* Is `capability` in the list the device sent as py.caps? */
bool offer_device_can(const struct facts *facts, const char *capability);

/* When a restart for the record's flow is due at the latest; INSTANT_NONE: no deadline.
 */
int64_t offer_restart_by(const struct device_record *record,
			 const struct decision *decision);

#endif

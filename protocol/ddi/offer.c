#include "protocol/ddi/offer.h"

#include <string.h>

#include "engine/decision.h"
#include "engine/facts.h"
#include "engine/instant.h"
#include "engine/record.h"

bool offer_device_can(const struct facts *facts, const char *capability)
{
	const char *at = facts_get(facts, "py.caps");
	size_t wanted = strlen(capability);

	while (at != NULL && *at != '\0') {
		size_t size = strcspn(at, ", ");
		if (size == wanted && memcmp(at, capability, size) == 0)
			return true;
		at += size;
		at += strspn(at, ", ");
	}
	return false;
}

static bool is_outside_window(const struct decision *decision)
{
	for (int i = 0; i < decision->reason_count; i++) {
		if (decision->reasons[i] == REASON_OUTSIDE_WINDOW)
			return true;
	}
	return false;
}

static struct offer offer_running(const struct device_record *record,
				  const struct decision *decision)
{
	const struct flow *flow = &record->history.flow;
	struct offer offer = { OFFER_DEPLOYMENT, false };

	if (flow->kind == FLOW_UNINSTALL &&
	    !offer_device_can(&record->facts, "uninstall"))
		return (struct offer){ OFFER_NOTHING, false };
	if (flow_state_is_committed(flow->state))
		return offer;
	/* A restart that waits for something else goes first. */
	if (decision->action == ACTION_RESTART)
		return (struct offer){ OFFER_NOTHING, false };
	offer.download_only =
		decision->download_only ||
		(decision->action == ACTION_NONE && is_outside_window(decision));
	if (offer.download_only &&
	    (flow->kind == FLOW_UNINSTALL || !offer_device_can(&record->facts, "defer")))
		return (struct offer){ OFFER_NOTHING, false };
	return offer;
}

struct offer offer_of(const struct device_record *record, const struct decision *decision)
{
	const struct flow *flow = &record->history.flow;
	bool running = flow->state != FLOW_NONE && !flow_state_is_final(flow->state);

	/* What waits for its restart keeps its action whatever else happens: a client
	 * that comes back reports for the action it is offered. */
	if (running && flow->withdrawing && !flow_state_is_committed(flow->state))
		return (struct offer){ OFFER_STOP, false };
	/* An installed action was closed by its client, who would begin it anew. */
	if (running && flow->state != FLOW_INSTALLED)
		return offer_running(record, decision);
	if (decision->action == ACTION_RESTART && flow->id != 0 &&
	    offer_device_can(&record->facts, "restart"))
		return (struct offer){ OFFER_RESTART, false };
	return (struct offer){ OFFER_NOTHING, false };
}

int64_t offer_restart_by(const struct device_record *record,
			 const struct decision *decision)
{
	if (decision->restart_by_s != INSTANT_NONE)
		return decision->restart_by_s;
	/* While it installs the decision names none: what was said before still holds. */
	return record->history.flow.install_by_s != 0 ? record->history.flow.install_by_s
						      : INSTANT_NONE;
}

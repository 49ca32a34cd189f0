/* The documents that describe an action: deploymentBase, installedBase, artifact lists.
 *
 * Pure, but for memory.  An action has one chunk with one artifact, which is all that
 * generic clients take; its software module has the number of the action.  What DDI has
 * no words for stands in the chunk's metadata, as "py.*". */

#ifndef PROTOCOL_DDI_DOCUMENT_H
#define PROTOCOL_DDI_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/flow.h"
#include "protocol/ddi/offer.h"

struct buffer;
struct decision;
struct device_record;
struct payload;
struct view;

enum { DOCUMENT_MOST = 256 * 1024, HISTORY_LINES = 100, HISTORY_LINE = 256 };

/* What a document is written from. */
struct scene {
	const char *base;   /* "https://host:port" */
	const char *prefix; /* the device's path, as it was sent */
	size_t prefix_size;
	const struct view *view;
	const struct device_record *record;
	const struct decision *decision;
};

/* What the device said of an action, newest first. */
struct action_history {
	size_t count;
	char lines[HISTORY_LINES][HISTORY_LINE];
};

/* `history` may be NULL.  False without memory. */
bool document_deployment(struct buffer *buffer, const struct scene *scene,
			 const struct flow *flow, struct offer offer,
			 const struct action_history *history);
bool document_artifacts(struct buffer *buffer, const struct scene *scene,
			const struct flow *flow);

/* A number that changes when the deployment does: the link's `c`. */
int32_t document_mark(const struct buffer *deployment);

/* The file of an install; NULL when there is none or it is not at hand. */
const struct payload *document_payload(const struct scene *scene,
				       const struct flow *flow);

#endif

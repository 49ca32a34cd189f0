/* Artifacts: the file of an action, its MD5, and the list of both.
 *
 * A software module has the number of its action.  A device reaches the files of its own
 * actions only: those that run and those that ended as installed.  The file of one that
 * was called off is gone for it, so that a client that resumes stops trying. */

#include <stdio.h>
#include <string.h>

#include "engine/buffer.h"
#include "engine/problem.h"
#include "protocol/content/content.h"
#include "protocol/ddi/call.h"
#include "protocol/ddi/document.h"
#include "protocol/ddi/scene.h"

enum { PATH_MOST = 4096, MD5_LINE = 33 + 2 + ROUTE_FILE };

static const char md5_suffix[] = ".MD5SUM";

/* Answers when the files of this flow are not, or no longer, for this device. */
static bool may_fetch(struct ddi_call *call, const struct flow *flow)
{
	if (flow == NULL || flow->kind != FLOW_INSTALL) {
		ddi_reply_fault(call, FAULT_NOT_FOUND,
				"this device has no such software module");
		return false;
	}
	if (!flow_state_is_final(flow->state) || flow->state == FLOW_VERIFIED ||
	    flow->state == FLOW_UNVERIFIED)
		return true;
	ddi_reply_fault(call, FAULT_GONE,
			"the action that this file belonged to is over");
	return false;
}

static void reply_md5(struct ddi_call *call, const struct payload *payload)
{
	char line[MD5_LINE], disposition[CONTENT_DISPOSITION_TEXT], name[ROUTE_FILE + 8];
	const struct http_header extra[] = { { "Content-Disposition", disposition },
					     { "X-Content-Type-Options", "nosniff" },
					     { NULL, NULL } };
	int size = snprintf(line, sizeof line, "%s  %s", payload->md5, payload->name);

	snprintf(name, sizeof name, "%s%s", payload->name, md5_suffix);
	content_disposition(disposition, sizeof disposition, name);
	exchange_reply(call->exchange, 200, "text/plain", line, (size_t)size, extra);
}

static void reply_file(struct ddi_call *call, const struct payload *payload)
{
	char path[PATH_MOST];
	struct content_file file = { .path = path,
				     .name = payload->name,
				     .size_bytes = payload->size_bytes,
				     .sha256 = payload->sha256,
				     .sha1 = payload->sha1 };

	if (site_content_path(call->desk->site, payload->sha256, path, sizeof path))
		content_reply(call->exchange, &file);
	else
		ddi_reply_fault(call, FAULT_BROKEN,
				"the payload has no place in the server's store");
}

static void reply_named(struct ddi_call *call, const struct payload *payload)
{
	const char *file = call->route.file;
	size_t size = payload != NULL ? strlen(payload->name) : 0;
	bool fits = payload != NULL && strncmp(file, payload->name, size) == 0;

	if (fits && file[size] == '\0')
		reply_file(call, payload);
	else if (fits && strcmp(file + size, md5_suffix) == 0)
		reply_md5(call, payload);
	else
		ddi_reply_fault(call, FAULT_NOT_FOUND, "the module has no such file");
}

static void reply_list(struct ddi_call *call, const struct scene *scene,
		       const struct flow *flow)
{
	struct buffer buffer;

	buffer_init(&buffer, DOCUMENT_MOST);
	if (document_artifacts(&buffer, scene, flow))
		ddi_reply_document(call, &buffer, false);
	else
		ddi_reply_fault(call, FAULT_BUSY, "the server is short of memory");
	buffer_fini(&buffer);
}

void ddi_artifact(struct ddi_call *call)
{
	struct desk *desk = call->desk;
	struct scene_room base;
	struct flow room;
	struct problem p;
	const struct flow *flow = ddi_find_flow(call, &room, &p);

	if (flow == NULL && call->fault != FAULT_NONE) {
		ddi_reply_problem(call, &p);
		return;
	}
	if (!may_fetch(call, flow))
		return;
	struct view *view = site_view(desk->site);
	site_decide(desk->site, view, &desk->record, site_now(desk->site),
		    &desk->decision);
	struct scene scene = scene_of(call, view, &base);
	if (call->route.resource == DDI_ARTIFACTS)
		reply_list(call, &scene, flow);
	else
		reply_named(call, document_payload(&scene, flow));
	view_give(view);
}

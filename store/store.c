#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "store/audit.h"
#include "store/computers.h"
#include "store/devices.h"
#include "store/documents.h"
#include "store/fact_log.h"
#include "store/flows.h"
#include "store/group_writer.h"
#include "store/holds.h"
#include "store/operations.h"
#include "store/payloads.h"
#include "store/results.h"
#include "store/rollouts.h"
#include "store/session.h"
#include "store/updates.h"

struct store {
	struct backend backend; /* first: the seam's pointer is ours */
	struct group_writer *writer;
	char *path;
};

static struct store *store_of(struct backend *backend)
{
	return (struct store *)backend;
}

static struct session *open_session(struct backend *backend, struct problem *p)
{
	return session_open_reader(store_of(backend)->path, p);
}

static void submit(struct backend *backend, struct work *work)
{
	group_writer_submit(store_of(backend)->writer, work);
}

static const struct backend_ops ops = {
	.open = open_session,
	.close = session_close,
	.as_of = session_as_of,
	.device_read = store_device_read,
	.device_next = store_device_next,
	.device_count = store_device_count,
	.flow_read = store_flow_read,
	.flow_installed = store_flow_installed,
	.events = store_events,
	.flow_events = store_flow_events,
	.fact_changes = store_fact_changes,
	.documents = store_documents,
	.payloads = store_payloads,
	.rollouts = store_rollouts,
	.rollout_read = store_rollout_read,
	.results = store_results,
	.offers_open = store_offers_open,
	.holds = store_holds,
	.operations = store_operations,
	.operation_read = store_operation_read,
	.operation_devices = store_operation_devices,
	.operation_next = store_operation_next,
	.operation_of = store_operation_of,
	.counters = store_counters,
	.audits = store_audits,
	.setting_read = store_setting_read,
	.flow_id_new = store_flow_id_new,
	.device_write = store_device_write,
	.device_forget = store_device_forget,
	.device_seen = store_device_seen,
	.document_put = store_document_put,
	.document_retire = store_document_retire,
	.payload_put = store_payload_put,
	.rollout_put = store_rollout_put,
	.hold_add = store_hold_add,
	.hold_remove = store_hold_remove,
	.operation_add = store_operation_add,
	.operation_end = store_operation_end,
	.operation_device_put = store_operation_device_put,
	.audit_put = store_audit_put,
	.setting_put = store_setting_put,
	.updates = store_updates,
	.update_newest = store_update_newest,
	.computer_read = store_computer_read,
	.computer_of = store_computer_of,
	.computers = store_computers,
	.update_put = store_update_put,
	.update_retire = store_update_retire,
	.computer_put = store_computer_put,
	.report_note = store_report_note,
	.submit = submit,
};

struct backend *store_open(const char *path, struct problem *p)
{
	struct store *store = calloc(1, sizeof *store);
	char *kept = strdup(path);

	if (store == NULL || kept == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "opening the store: out of memory");
		goto fail;
	}
	struct session *session = session_open_writer(path, p);
	if (session == NULL)
		goto fail;
	store->writer = group_writer_start(session, p);
	if (store->writer == NULL)
		goto fail;
	store->path = kept;
	store->backend.ops = &ops;
	return &store->backend;
fail:
	free(kept);
	free(store);
	return NULL;
}

void store_close(struct backend *backend)
{
	if (backend == NULL)
		return;
	struct store *store = store_of(backend);

	group_writer_stop(store->writer);
	free(store->path);
	free(store);
}

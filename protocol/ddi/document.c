#include "protocol/ddi/document.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/decision.h"
#include "engine/facts.h"
#include "engine/instant.h"
#include "engine/plan.h"
#include "engine/record.h"
#include "protocol/ddi/json_out.h"
#include "protocol/server/site.h"

enum { HREF_MOST = 6 * 1024 };

static const struct line *line_of(const struct scene *scene, const struct flow *flow)
{
	const struct product *product =
		catalog_product(scene->view->snapshot->catalog, flow->key.product);
	enum arch arch = scene->decision->arch;
	const char *told = facts_known(&scene->record->facts, FACT_OS_ARCH);

	if (arch == ARCH_NONE && told != NULL)
		arch = arch_parse(told);
	return product == NULL || arch == ARCH_NONE ? NULL : product_line(product, arch);
}

/* NULL when the catalog does not know it any more. */
static const struct release *release_of(const struct line *line,
					const struct release_key *key)
{
	for (size_t i = 0; line != NULL && i < line->count; i++) {
		if (release_key_is(key, line, &line->releases[i]))
			return &line->releases[i];
	}
	return NULL;
}

const struct payload *document_payload(const struct scene *scene, const struct flow *flow)
{
	const struct line *line = line_of(scene, flow);
	const struct release *release = release_of(line, &flow->key);

	if (flow->kind != FLOW_INSTALL || release == NULL)
		return NULL;
	return view_payload(scene->view, line, release);
}

/* Percent-encode what is not unreserved (RFC 3986 2.3). */
static size_t encode(const char *text, char *out, size_t room)
{
	static const char hex[] = "0123456789ABCDEF";
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";
	size_t used = 0;

	for (; *text != '\0' && used + 4 < room; text++) {
		unsigned char byte = (unsigned char)*text;
		if (strchr(plain, byte) != NULL) {
			out[used++] = *text;
		} else {
			out[used++] = '%';
			out[used++] = hex[byte >> 4];
			out[used++] = hex[byte & 0xf];
		}
	}
	out[used] = '\0';
	return used;
}

/* All four relations lead to the same file: each client knows another. */
static void put_links(struct json_out *out, const struct scene *scene,
		      const struct flow *flow, const char *name)
{
	static const struct {
		const char *relation, *suffix;
	} links[] = { { "download", "" },
		      { "md5sum", ".MD5SUM" },
		      { "download-http", "" },
		      { "md5sum-http", ".MD5SUM" } };
	char href[HREF_MOST], file[3 * 256 + 1];

	encode(name, file, sizeof file);
	json_out_open(out, "_links", '{');
	for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
		snprintf(href, sizeof href,
			 "%s%.*s/softwaremodules/%" PRId64 "/artifacts/%s%s", scene->base,
			 (int)scene->prefix_size, scene->prefix, flow->id, file,
			 links[i].suffix);
		json_out_open(out, links[i].relation, '{');
		json_out_text(out, "href", href);
		json_out_close(out, '}');
	}
	json_out_close(out, '}');
}

static void put_artifacts(struct json_out *out, const char *key,
			  const struct scene *scene, const struct flow *flow)
{
	const struct payload *payload = document_payload(scene, flow);

	json_out_open(out, key, '[');
	if (payload != NULL) {
		json_out_open(out, NULL, '{');
		json_out_text(out, "filename", payload->name);
		json_out_open(out, "hashes", '{');
		json_out_text(out, "sha1", payload->sha1);
		json_out_text(out, "md5", payload->md5);
		json_out_text(out, "sha256", payload->sha256);
		json_out_close(out, '}');
		json_out_number(out, "size", payload->size_bytes);
		put_links(out, scene, flow, payload->name);
		json_out_close(out, '}');
	}
	json_out_close(out, ']');
}

static void put_pair(struct json_out *out, const char *key, const char *value)
{
	json_out_open(out, NULL, '{');
	json_out_text(out, "key", key);
	json_out_text(out, "value", value);
	json_out_close(out, '}');
}

/* What a restart has to respect: the deadline, and the hours in which people work. */
static void put_restart_terms(struct json_out *out, const struct scene *scene)
{
	const struct decision *d = scene->decision;
	int64_t by_s = offer_restart_by(scene->record, d);
	char text[128];

	put_pair(out, "py.restart", "required");
	if (by_s != INSTANT_NONE) {
		char at[INSTANT_TEXT];
		put_pair(out, "py.restart.deadline", instant_format(by_s, at));
	}
	if (d->ring < 0)
		return;
	const struct ring *ring = &scene->view->snapshot->plan->rings[d->ring];
	if (ring->active_hours.set) {
		snprintf(text, sizeof text, "%02d:%02d-%02d:%02d %.80s",
			 ring->active_hours.from_minute / 60,
			 ring->active_hours.from_minute % 60,
			 ring->active_hours.to_minute / 60,
			 ring->active_hours.to_minute % 60,
			 ring->zone != NULL ? zone_name(ring->zone) : "UTC");
		put_pair(out, "py.restart.ah", text);
	}
	if (ring->grace_s > 0) {
		snprintf(text, sizeof text, "PT%" PRId64 "M", ring->grace_s / MINUTE_S);
		put_pair(out, "py.restart.grace", text);
	}
}

static void put_install_terms(struct json_out *out, const struct scene *scene,
			      const struct flow *flow)
{
	const struct line *line = line_of(scene, flow);
	const struct release *release = release_of(line, &flow->key);
	char build[BUILD_TEXT];

	if (flow->ends_recovery)
		put_pair(out, "py.op", "rollback");
	put_pair(out, "py.kind", release_kind_names[flow->release_kind]);
	if (flow->release_kind != RELEASE_HOTPATCH) {
		put_restart_terms(out, scene);
		return;
	}
	if (release != NULL && release->quarter >= 0)
		put_pair(out, "py.baseline",
			 build_format(line->releases[release->quarter].build, build));
	put_pair(out, "py.requires", "vbs=running");
	put_pair(out, "py.restart", "none");
}

static void put_chunk(struct json_out *out, const struct scene *scene,
		      const struct flow *flow, struct offer offer)
{
	bool removes = flow->kind == FLOW_UNINSTALL;
	bool restarts = offer.kind == OFFER_RESTART;
	char kb[KB_TEXT], build[BUILD_TEXT], version[BUILD_TEXT + 8];

	kb_format(flow->key.kb, kb);
	snprintf(version, sizeof version, "10.0.%s",
		 build_format(flow->key.build, build));
	json_out_open(out, NULL, '{');
	json_out_text(out, "part",
		      restarts  ? "py.restart"
		      : removes ? "py.uninstall"
				: "os");
	json_out_text(out, "version", restarts || removes ? "-" : version);
	json_out_text(out, "name", restarts ? "restart" : kb);
	if (restarts || removes) {
		json_out_open(out, "artifacts", '[');
		json_out_close(out, ']');
	} else {
		put_artifacts(out, "artifacts", scene, flow);
	}
	json_out_open(out, "metadata", '[');
	if (restarts) {
		put_pair(out, "py.op", "restart");
		put_restart_terms(out, scene);
	} else if (removes) {
		put_pair(out, "py.op", "uninstall");
		put_pair(out, "py.target", kb);
		put_restart_terms(out, scene);
	} else {
		put_install_terms(out, scene, flow);
	}
	json_out_close(out, ']');
	json_out_close(out, '}');
}

/* hawkBit's words for where an action stands. */
static const char *history_status(const struct flow *flow)
{
	if (flow->withdrawing)
		return "CANCELING";
	switch (flow->state) {
	case FLOW_OFFERED:
		return "RETRIEVED";
	case FLOW_DOWNLOADING:
		return "DOWNLOAD";
	case FLOW_DOWNLOADED:
		return "DOWNLOADED";
	case FLOW_VERIFIED:
	case FLOW_UNVERIFIED:
	case FLOW_REMOVED:
		return "FINISHED";
	case FLOW_FAILED:
	case FLOW_NOT_APPLICABLE:
		return "ERROR";
	case FLOW_REJECTED:
	case FLOW_EXPIRED:
	case FLOW_WITHDRAWN:
		return "CANCELED";
	default:
		return "RUNNING";
	}
}

static void put_history(struct json_out *out, const struct flow *flow,
			const struct action_history *history)
{
	json_out_open(out, "actionHistory", '{');
	json_out_text(out, "status", history_status(flow));
	json_out_open(out, "messages", '[');
	for (size_t i = 0; i < history->count; i++)
		json_out_text(out, NULL, history->lines[i]);
	json_out_close(out, ']');
	json_out_close(out, '}');
}

static bool has_window(const struct scene *scene)
{
	const struct decision *d = scene->decision;
	if (d->ring < 0)
		return false;
	const struct ring *ring = &scene->view->snapshot->plan->rings[d->ring];
	return ring->window.set || ring->behaviour == INSTALL_SCHEDULED;
}

bool document_deployment(struct buffer *buffer, const struct scene *scene,
			 const struct flow *flow, struct offer offer,
			 const struct action_history *history)
{
	struct json_out out = { .buffer = buffer };
	char id[24];

	snprintf(id, sizeof id, "%" PRId64, flow->id);
	json_out_open(&out, NULL, '{');
	json_out_text(&out, "id", id);
	json_out_open(&out, "deployment", '{');
	json_out_text(&out, "download", "forced");
	json_out_text(&out, "update", offer.download_only ? "skip" : "forced");
	if (offer.download_only || has_window(scene))
		json_out_text(&out, "maintenanceWindow",
			      offer.download_only ? "unavailable" : "available");
	json_out_open(&out, "chunks", '[');
	put_chunk(&out, scene, flow, offer);
	json_out_close(&out, ']');
	json_out_close(&out, '}');
	if (history != NULL)
		put_history(&out, flow, history);
	json_out_close(&out, '}');
	return !out.failed;
}

bool document_artifacts(struct buffer *buffer, const struct scene *scene,
			const struct flow *flow)
{
	struct json_out out = { .buffer = buffer };

	put_artifacts(&out, NULL, scene, flow);
	return !out.failed;
}

int32_t document_mark(const struct buffer *deployment)
{
	uint32_t sum = 2166136261U;

	for (size_t i = 0; i < deployment->size; i++)
		sum = (sum ^ (unsigned char)deployment->at[i]) * 16777619U;
	return (int32_t)sum;
}

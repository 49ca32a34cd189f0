/* What became of a fleet: a table for people, JSON for programs. */

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/fleet_inner.h"
#include "engine/instant.h"

const char *fleet_device_error(const struct fleet_device *device, char *room, size_t size)
{
	const struct windows_tally *tally = windows_tally(device->windows);
	uint32_t code = device->agent == NULL ? 0 : agent_last_code(device->agent);
	bool simulated = code == HRESULT_INSTALL_FAILED && tally->simulated > 0 &&
			 !windows_in_error(device->windows);

	if (device->in_trouble)
		snprintf(room, size, "%s", device->problem.text);
	else if (tally->refused > 0)
		snprintf(room, size, "was offered %u updates that do not apply to it",
			 tally->refused);
	else if (windows_in_error(device->windows) || (code != HRESULT_OK && !simulated))
		snprintf(room, size, "its last update failed with 0x%08X", code);
	else
		return NULL;
	return room;
}

static void print_device(const struct fleet_device *device, FILE *out)
{
	const struct windows_tally *tally = windows_tally(device->windows);
	const struct windows_model *model = windows_model(device->windows);
	char kb_text[KB_TEXT], build_text[BUILD_TEXT];
	struct build build;
	uint32_t kb;

	windows_shown(device->windows, &kb, &build);
	fprintf(out, "%-22s %-7s %-17s %-10s %-13s %8u  %u/%u/%u/%u\n", device->id,
		arch_name(model->arch), model->edition,
		kb == 0 ? "rtm" : kb_format(kb, kb_text), build_format(build, build_text),
		tally->restarts, tally->installs[RELEASE_BASELINE],
		tally->installs[RELEASE_HOTPATCH], tally->installs[RELEASE_LCU],
		tally->installs[RELEASE_PREVIEW]);
}

static struct windows_tally sum_of(const struct fleet *fleet)
{
	struct windows_tally sum = { 0 };
	for (size_t i = 0; i < fleet->count; i++) {
		const struct windows_tally *one =
			windows_tally(fleet->devices[i].windows);
		sum.restarts += one->restarts;
		sum.removals += one->removals;
		sum.refused += one->refused;
		sum.failed += one->failed;
		sum.simulated += one->simulated;
		for (int kind = 0; kind < RELEASE_KINDS; kind++)
			sum.installs[kind] += one->installs[kind];
	}
	return sum;
}

/* A level and how many devices show it. */
struct share {
	uint32_t kb;
	struct build build;
	enum family family;
	size_t devices;
};

static size_t count_levels(const struct fleet *fleet, struct share *shares, size_t room)
{
	size_t count = 0;
	for (size_t i = 0; i < fleet->count; i++) {
		struct share one = {
			.family = windows_model(fleet->devices[i].windows)->family
		};
		size_t at = 0;
		windows_shown(fleet->devices[i].windows, &one.kb, &one.build);
		while (at < count &&
		       (shares[at].kb != one.kb || shares[at].family != one.family ||
			!build_equal(shares[at].build, one.build)))
			at++;
		if (at == count && count == room)
			continue;
		if (at == count)
			shares[count++] = one;
		shares[at].devices++;
	}
	return count;
}

static int by_size(const void *a, const void *b)
{
	const struct share *one = a, *two = b;
	if (one->devices != two->devices)
		return one->devices < two->devices ? 1 : -1;
	if (one->build.base != two->build.base)
		return one->build.base < two->build.base ? -1 : 1;
	return (one->build.revision > two->build.revision) -
	       (one->build.revision < two->build.revision);
}

static void print_levels(const struct fleet *fleet, FILE *out)
{
	struct share shares[64];
	char kb_text[KB_TEXT], build_text[BUILD_TEXT];
	size_t count = count_levels(fleet, shares, sizeof shares / sizeof shares[0]);

	qsort(shares, count, sizeof shares[0], by_size);
	fprintf(out, "\nlevels:\n");
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%6zu  %-6s  %-10s %s\n", shares[i].devices,
			family_name(shares[i].family),
			shares[i].kb == 0 ? "rtm" : kb_format(shares[i].kb, kb_text),
			build_format(shares[i].build, build_text));
}

void fleet_print(const struct fleet *fleet, FILE *out)
{
	struct windows_tally sum = sum_of(fleet);
	char room[400];
	size_t errors = 0;

	fprintf(out, "%-22s %-7s %-17s %-10s %-13s %8s  %s\n", "device", "arch",
		"edition", "KB", "build", "restarts", "baseline/hotpatch/lcu/preview");
	for (size_t i = 0; i < fleet->count; i++) {
		if (fleet->devices[i].sample)
			print_device(&fleet->devices[i], out);
	}
	print_levels(fleet, out);
	fprintf(out,
		"\ninstalls: %u baseline, %u hotpatch, %u lcu, %u preview; %u removals; "
		"%u restarts\nfailures: %u simulated, %u others; %u offers refused as "
		"not applicable\n",
		sum.installs[RELEASE_BASELINE], sum.installs[RELEASE_HOTPATCH],
		sum.installs[RELEASE_LCU], sum.installs[RELEASE_PREVIEW], sum.removals,
		sum.restarts, sum.simulated, sum.failed, sum.refused);
	for (size_t i = 0; i < fleet->count; i++) {
		const char *error =
			fleet_device_error(&fleet->devices[i], room, sizeof room);
		if (error == NULL)
			continue;
		if (errors++ < 20)
			fprintf(out, "error: %s: %s\n", fleet->devices[i].id, error);
	}
	fprintf(out, "%zu of %zu devices ended in an error\n", errors, fleet->count);
}

static json_t *pack_level(uint32_t kb, struct build build)
{
	char kb_text[KB_TEXT], build_text[BUILD_TEXT];
	return json_pack("{s:o,s:s}", "kb",
			 kb == 0 ? json_null() : json_string(kb_format(kb, kb_text)),
			 "build", build_format(build, build_text));
}

static json_t *pack_installs(const struct windows_tally *tally)
{
	return json_pack("{s:i,s:i,s:i,s:i}", "baseline",
			 (int)tally->installs[RELEASE_BASELINE], "hotpatch",
			 (int)tally->installs[RELEASE_HOTPATCH], "lcu",
			 (int)tally->installs[RELEASE_LCU], "preview",
			 (int)tally->installs[RELEASE_PREVIEW]);
}

static json_t *pack_history(const struct fleet_device *device)
{
	json_t *history = json_array();
	for (size_t i = 0; i < device->event_count; i++) {
		const struct fleet_event *event = &device->events[i];
		char at[INSTANT_TEXT];
		json_t *one = pack_level(event->kb, event->build);
		json_object_set_new(one, "time",
				    json_string(instant_format(event->at_s, at)));
		json_object_set_new(one, "restarts", json_integer(event->restarts));
		json_array_append_new(history, one);
	}
	return history;
}

static json_t *pack_device(const struct fleet_device *device)
{
	const struct windows_tally *tally = windows_tally(device->windows);
	const struct windows_model *model = windows_model(device->windows);
	struct build build;
	uint32_t kb;
	char room[400];

	windows_shown(device->windows, &kb, &build);
	const char *error = fleet_device_error(device, room, sizeof room);
	json_t *json = json_pack(
		"{s:s,s:b,s:s,s:s,s:s,s:s,s:o,s:i,s:o,s:i,s:i,s:i,s:i,s:s?,s:o}", "id",
		device->id, "sample", device->sample, "family",
		family_name(model->family), "edition", model->edition, "arch",
		arch_name(model->arch), "vbs", model->vbs, "level", pack_level(kb, build),
		"restarts", (int)tally->restarts, "installs", pack_installs(tally),
		"removals", (int)tally->removals, "refused", (int)tally->refused,
		"failed", (int)tally->failed, "simulated_failures", (int)tally->simulated,
		"error", error, "history", pack_history(device));
	if (model->arch == ARCH_ARM64)
		json_object_set_new(json, "chpe", json_string(model->chpe));
	for (size_t i = 0; i < model->tag_count; i++)
		json_object_set_new(json, model->tags[i].name,
				    json_string(model->tags[i].value));
	return json;
}

int fleet_write_report(const struct fleet *fleet, const char *path, struct problem *p)
{
	struct windows_tally sum = sum_of(fleet);
	char room[400];
	int errors = 0;
	json_t *devices = json_array();

	for (size_t i = 0; i < fleet->count; i++) {
		json_array_append_new(devices, pack_device(&fleet->devices[i]));
		errors +=
			fleet_device_error(&fleet->devices[i], room, sizeof room) != NULL;
	}
	json_t *json = json_pack("{s:i,s:o,s:i,s:i,s:i,s:i,s:i,s:I,s:o}", "errors",
				 errors, "installs", pack_installs(&sum), "removals",
				 (int)sum.removals, "restarts", (int)sum.restarts,
				 "refused", (int)sum.refused, "failed", (int)sum.failed,
				 "simulated_failures", (int)sum.simulated, "seed",
				 (json_int_t)fleet->options.seed, "devices", devices);
	if (json == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY, "no memory for the report");
	int failed = json_dump_file(json, path, JSON_INDENT(1));
	json_decref(json);
	return failed ? problem_set(p, PROBLEM_EXTERNAL, "cannot write the report '%s'",
				    path)
		      : 0;
}

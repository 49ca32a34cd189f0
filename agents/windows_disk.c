/* A simulated Windows on disk: one small JSON file, written whole. */

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "agents/disk.h"
#include "agents/windows_inner.h"
#include "engine/problem.h"

static const char file_name[] = "windows.json";
enum { FILE_MOST = 64 * 1024 };

static json_t *pack_level(const struct windows_level *level)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "kb", (json_int_t)level->kb, "base",
			 (json_int_t)level->build.base, "revision",
			 (json_int_t)level->build.revision, "baseline_kb",
			 (json_int_t)level->baseline_kb, "baseline_base",
			 (json_int_t)level->baseline_build.base, "baseline_revision",
			 (json_int_t)level->baseline_build.revision);
}

static int unpack_level(json_t *json, struct windows_level *level)
{
	json_int_t kb, base, revision, baseline_kb, baseline_base, baseline_revision;
	if (json_unpack(json, "{s:I,s:I,s:I,s:I,s:I,s:I}", "kb", &kb, "base", &base,
			"revision", &revision, "baseline_kb", &baseline_kb,
			"baseline_base", &baseline_base, "baseline_revision",
			&baseline_revision) != 0)
		return -1;
	level->kb = (uint32_t)kb;
	level->build = (struct build){ (uint32_t)base, (uint32_t)revision };
	level->baseline_kb = (uint32_t)baseline_kb;
	level->baseline_build =
		(struct build){ (uint32_t)baseline_base, (uint32_t)baseline_revision };
	return 0;
}

static json_t *pack_tally(const struct windows_tally *tally)
{
	json_t *installs = json_array();
	for (int kind = 0; kind < RELEASE_KINDS; kind++)
		json_array_append_new(installs, json_integer(tally->installs[kind]));
	return json_pack("{s:i,s:o,s:i,s:i,s:i,s:i}", "restarts", (int)tally->restarts,
			 "installs", installs, "removals", (int)tally->removals,
			 "refused", (int)tally->refused, "failed", (int)tally->failed,
			 "simulated", (int)tally->simulated);
}

static int unpack_tally(json_t *json, struct windows_tally *tally)
{
	json_t *installs;
	int restarts, removals, refused, failed, simulated;
	if (json_unpack(json, "{s:i,s:o,s:i,s:i,s:i,s:i}", "restarts", &restarts,
			"installs", &installs, "removals", &removals, "refused", &refused,
			"failed", &failed, "simulated", &simulated) != 0 ||
	    json_array_size(installs) != RELEASE_KINDS)
		return -1;
	for (size_t kind = 0; kind < RELEASE_KINDS; kind++)
		tally->installs[kind] =
			(unsigned)json_integer_value(json_array_get(installs, kind));
	tally->restarts = (unsigned)restarts;
	tally->removals = (unsigned)removals;
	tally->refused = (unsigned)refused;
	tally->failed = (unsigned)failed;
	tally->simulated = (unsigned)simulated;
	return 0;
}

int windows_save(const struct windows *windows, struct problem *p)
{
	if (windows->folder == NULL)
		return 0;
	json_t *json = json_pack(
		"{s:o,s:o,s:o,s:o,s:i,s:I,s:I,s:o,s:b}", "base",
		pack_level(&windows->base), "hotpatch", pack_level(&windows->hotpatch),
		"previous", pack_level(&windows->previous), "staged",
		pack_level(&windows->staged), "pending", (int)windows->pending, "boot",
		(json_int_t)windows->boot_s, "noise", (json_int_t)windows->noise, "tally",
		pack_tally(&windows->tally), "in_error", windows->in_error);
	char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (text == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY, "no memory to keep %s",
				   file_name);
	int failed = disk_write(windows->folder, file_name, text, strlen(text), p);
	free(text);
	return failed;
}

int windows_load(struct windows *windows, bool *found, struct problem *p)
{
	size_t size;
	json_int_t boot, noise;
	json_t *base, *hotpatch, *previous, *staged, *tally;
	int pending, in_error;

	*found = false;
	if (windows->folder == NULL)
		return 0;
	char *text = disk_read(windows->folder, file_name, FILE_MOST, &size, p);
	if (text == NULL && p->kind == PROBLEM_NOT_FOUND) {
		memset(p, 0, sizeof *p);
		return 0;
	}
	if (text == NULL)
		return -1;
	json_t *json = json_loadb(text, size, 0, NULL);
	free(text);
	int failed =
		json_unpack(json, "{s:o,s:o,s:o,s:o,s:i,s:I,s:I,s:o,s:b}", "base", &base,
			    "hotpatch", &hotpatch, "previous", &previous, "staged",
			    &staged, "pending", &pending, "boot", &boot, "noise", &noise,
			    "tally", &tally, "in_error", &in_error) != 0 ||
		unpack_level(base, &windows->base) < 0 ||
		unpack_level(hotpatch, &windows->hotpatch) < 0 ||
		unpack_level(previous, &windows->previous) < 0 ||
		unpack_level(staged, &windows->staged) < 0 ||
		unpack_tally(tally, &windows->tally) < 0 || pending < 0 ||
		pending > PENDING_ROLLBACK;
	json_decref(json);
	if (failed)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "'%s/%s' is damaged: remove it to start this "
				   "simulated Windows anew",
				   windows->folder, file_name);
	windows->pending = (enum pending)pending;
	windows->boot_s = boot;
	windows->noise = (uint64_t)noise;
	windows->in_error = in_error != 0;
	*found = true;
	return 0;
}

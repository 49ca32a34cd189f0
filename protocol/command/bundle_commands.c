/* patchyard bundle: the table of its verbs, and a look inside without believing. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "engine/buffer.h"
#include "engine/instant.h"
#include "engine/problem.h"
#include "protocol/command/bundle.h"
#include "protocol/command/sheet.h"
#include "protocol/command/tables.h"
#include "protocol/command/tell.h"
#include "protocol/tuf/tuf_json.h"
#include "protocol/tuf/tuf_tree.h"

/* clang-format off */
static const struct column target_list[] = {
	{ "what",    "WHAT",    "what",    CELL_TEXT, 2, false },
	{ "name",    "NAME",    "name",    CELL_TEXT, 0, false },
	{ "bytes",   "BYTES",   "bytes",   CELL_NUMBER, 3, false },
	{ "product", "PRODUCT", "product", CELL_TEXT, 5, false },
	{ "kb",      "KB",      "kb",      CELL_TEXT, 1, false },
	{ "build",   "BUILD",   "build",   CELL_TEXT, 4, false },
	{ "arch",    "ARCH",    "arch",    CELL_TEXT, 6, false },
	{ "kind",    "KIND",    "kind",    CELL_TEXT, 7, false },
	{ "handler", "HANDLER", "handler", CELL_TEXT, 8, false },
	{ "sha256",  "SHA256",  "sha256",  CELL_TEXT, 9, true },
};
/* clang-format on */
static const struct columns target_columns = { target_list,
					       sizeof target_list / sizeof target_list[0],
					       "targets", NULL, "It lists no files." };

static json_t *target_row(const struct tuf_target *target, const struct tuf_json *install)
{
	static const char *const members[] = { "product", "kb",   "build",
					       "arch",    "kind", "handler" };
	char hex[TUF_DIGEST_TEXT];
	const char *what = tuf_json_text(target->custom, "what");
	json_t *row = json_pack("{s:s,s:I,s:s}", "name", target->name, "bytes",
				(json_int_t)target->length, "what",
				what == NULL ? "unknown" : what);

	tuf_hex(target->digest, sizeof target->digest, hex);
	json_object_set_new(row, "sha256", json_string(hex));
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		const char *text = tuf_json_text(install, members[i]);
		if (text != NULL)
			json_object_set_new(row, members[i], json_string(text));
	}
	return row;
}

/* One row for a target, and for a payload one for each product it is for. */
static json_t *target_rows(const struct tuf_metadata *targets)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < targets->target_count; i++) {
		const struct tuf_target *target = &targets->targets[i];
		const struct tuf_json *install =
			tuf_json_of(target->custom, "install", TUF_JSON_LIST);
		size_t count = install == NULL ? 0 : install->inside.count;
		for (size_t k = 0; k == 0 || k < count; k++)
			json_array_append_new(
				rows,
				target_row(target,
					   count == 0 ? NULL : install->inside.at[k]));
	}
	return rows;
}

static json_t *file_row(const struct tuf_metadata *m, const struct tuf_metadata *root)
{
	char expires[INSTANT_TEXT];
	json_t *keys = json_array();

	for (size_t i = 0; i < m->signature_count; i++)
		json_array_append_new(keys, json_string(m->signatures[i].key_id));
	return json_pack(
		"{s:s,s:s,s:I,s:s,s:I,s:I,s:o}", "file", m->name, "role",
		tuf_role_names[m->role], "version", (json_int_t)m->version, "expires",
		instant_format(m->expires_s, expires), "good_signatures",
		(json_int_t)(root == NULL ? 0 : tuf_metadata_signers(m, root)), "needed",
		(json_int_t)(root == NULL ? 0 : root->trust[m->role].threshold),
		"signed_by", keys);
}

static struct tuf_metadata *newest_of(int folder, enum tuf_role role, struct problem *p)
{
	uint32_t version = 0;

	if (role != TUF_TIMESTAMP && bundle_newest(folder, role, &version, p) < 0)
		return NULL;
	return bundle_read(folder, role,
			   role == TUF_TIMESTAMP ? 0
			   : version == 0        ? 1
						 : version,
			   p);
}

/* Everything that the metadata say, by the root that lies beside them.  A file that is
 * not there yet is left out, but there must be a root or a list of targets. */
static json_t *look_inside(const char *path, struct problem *p)
{
	struct tuf_metadata *file[TUF_ROLES] = { 0 };
	json_t *whole = NULL, *files = json_array();
	int folder = tuf_tree_open(path, p);
	bool faulty = folder < 0;

	for (int role = 0; role < TUF_ROLES && !faulty; role++) {
		file[role] = newest_of(folder, (enum tuf_role)role, p);
		faulty = file[role] == NULL && p->kind != PROBLEM_NOT_FOUND;
		if (file[role] != NULL)
			json_array_append_new(files,
					      file_row(file[role], file[TUF_ROOT]));
	}
	if (!faulty && json_array_size(files) == 0) {
		problem_set(p, PROBLEM_NOT_FOUND,
			    "%.100s has no metadata; it is no bundle and no repository",
			    path);
	} else if (!faulty) {
		whole = json_pack("{s:O,s:o}", "files", files, "targets",
				  file[TUF_TARGETS] == NULL
					  ? json_array()
					  : target_rows(file[TUF_TARGETS]));
	}
	for (int role = 0; role < TUF_ROLES; role++)
		tuf_metadata_free(file[role]);
	if (folder >= 0)
		close(folder);
	json_decref(files);
	return whole;
}

static void tell_files(const struct invocation *invocation, const json_t *files)
{
	size_t i;
	json_t *one;

	json_array_foreach(files, i, one)
	{
		tell_note(invocation,
			  "%-18s version %lld, good until %s, %lld of %lld signatures",
			  json_string_value(json_object_get(one, "file")),
			  (long long)json_integer_value(json_object_get(one, "version")),
			  json_string_value(json_object_get(one, "expires")),
			  (long long)json_integer_value(
				  json_object_get(one, "good_signatures")),
			  (long long)json_integer_value(json_object_get(one, "needed")));
	}
	tell_note(
		invocation,
		"As it says of itself; 'patchyard bundle verify' says if that is true.");
}

enum status run_bundle_inspect(const struct invocation *invocation)
{
	struct problem p = { 0 };
	json_t *whole = look_inside(invocation->arguments[0], &p);
	struct sheet *sheet =
		whole == NULL ? NULL : sheet_new(invocation, &target_columns, true, &p);

	if (sheet == NULL || sheet_rows(sheet, json_object_get(whole, "targets")) < 0) {
		sheet_free(sheet);
		json_decref(whole);
		return bundle_told(invocation, "look inside", &p);
	}
	sheet_end(sheet, whole);
	if (invocation->format == FORMAT_TABLE)
		tell_files(invocation, json_object_get(whole, "files"));
	sheet_free(sheet);
	json_decref(whole);
	return STATUS_DONE;
}

#define SIGNS  (TAKES(OPTION_KEY) | TAKES(OPTION_PASSPHRASE_FILE))
#define DATES  (TAKES(OPTION_AT) | TAKES(OPTION_DAYS))
#define TRUSTS (TAKES(OPTION_ROOT) | TAKES(OPTION_STATE) | TAKES(OPTION_AT))

/* clang-format off */
const struct command bundle_commands[] = {
	{ "bundle", "init-keys", "KEYS [REPOSITORY]", 1, 2,
	  TAKES(OPTION_PASSPHRASE_FILE) | DATES,
	  "make the keys and the first root",
	  "KEYS is a new folder: three root keys of which two must sign, two targets keys, one\n"
	  "each for snapshot and timestamp, encrypted with one passphrase, and their .pub.\n"
	  "REPOSITORY gets metadata/1.root.json; without one, only keys are made.",
	  NULL, { "bundle init-keys keys yard.tuf" }, run_bundle_init_keys },
	{ "bundle", "prepare", "REPOSITORY CONTENTS", 2, 2, SIGNS | DATES,
	  "list the files of a folder as the next targets",
	  "CONTENTS has the files and a contents.tsv with, between tabs: catalog, plan,\n"
	  "update-document or payload, the file, and for a payload product, KB, build,\n"
	  "architecture, kind and handler.  With --key it is signed at once.",
	  NULL, { "bundle prepare yard.tuf contents" }, run_bundle_prepare },
	{ "bundle", "sign", "FILE", 1, 1, SIGNS,
	  "add signatures to a root or a list of targets",
	  "Each who signs may do so on a machine of their own: the file and the newest root\n"
	  "beside it are all that is needed there.",
	  NULL, { "bundle sign yard.tuf/metadata/1.targets.json --key keys/targets-1.pem" },
	  run_bundle_sign },
	{ "bundle", "renew", "REPOSITORY", 1, 1, DATES | TAKES(OPTION_REPLACE),
	  "make the next root: a later expiry, or a key replaced",
	  "It counts when two root keys of the old and two of the new root have signed it.",
	  NULL, { "bundle renew yard.tuf", "bundle renew yard.tuf --replace 3fa91b07=new/targets-1.pub" },
	  run_bundle_renew },
	{ "bundle", "export", "REPOSITORY MEDIUM", 2, 2,
	  SIGNS | DATES | TAKES(OPTION_CONTENTS) | TAKES(OPTION_SINCE) | TAKES(OPTION_MAX_SIZE),
	  "write a bundle onto a medium",
	  "Needs the snapshot and the timestamp key.  With --since, files that an earlier bundle\n"
	  "had are listed but left out.  With --max-size, volumes are the folders 1, 2, ... of\n"
	  "MEDIUM.  An export that was broken off is made again and goes on.",
	  NULL, { "bundle export yard.tuf disk --contents in --key keys/snapshot-1.pem --key keys/timestamp-1.pem" },
	  run_bundle_export },
	{ "bundle", "inspect", "MEDIUM", 1, 1, TAKES(OPTION_WHERE) | TAKES(OPTION_LIMIT),
	  "see what a bundle says of itself",
	  NULL, &target_columns, { "bundle inspect /media/disk" }, run_bundle_inspect },
	{ "bundle", "verify", "MEDIUM...", 1, BUNDLE_VOLUMES, TRUSTS,
	  "see whether a bundle is whole, signed and fresh",
	  "Name all its volumes.  --root is a root that came another way; --state is what an\n"
	  "import left, so that older bundles are refused and files that are there not missed.",
	  NULL, { "bundle verify /media/disk --root 1.root.json" }, run_bundle_verify },
	{ "bundle", "import", "MEDIUM...", 1, BUNDLE_VOLUMES, TRUSTS,
	  "take a bundle into a folder; all or nothing",
	  "Files are copied first and the copies verified.  --root is needed the first time.  An\n"
	  "import that was broken off changes nothing, and the next one goes on.",
	  NULL, { "bundle import /media/disk --state imported --root 1.root.json" },
	  run_bundle_import },
	{ "bundle", "client", "WHAT [FILE]", 1, 2,
	  TAKES(OPTION_METADATA_DIR) | TAKES(OPTION_METADATA_URL) | TAKES(OPTION_TARGET_NAME) |
	  TAKES(OPTION_TARGET_URL) | TAKES(OPTION_TARGET_DIR) | TAKES(OPTION_AT),
	  "audit a TUF repository over HTTP",
	  "WHAT is init with a trusted root FILE, refresh, or download.",
	  NULL, { "bundle client init 1.root.json --metadata-dir d", "bundle client refresh --metadata-dir d --metadata-url http://127.0.0.1:8000/metadata" },
	  run_bundle_client },
	{ 0 },
};
/* clang-format on */

/* What the bundle commands share: keys and passphrases, time, and the repository.
 *
 * A repository is a folder with metadata/ and nothing else of its own: every N.root.json
 * and N.targets.json that was ever made, and the newest snapshot and timestamp.  A bundle
 * is exported from it together with a folder of contents.  The commands need no server.
 *
 * What went wrong is a struct problem; bundle_told() prints it. */

#ifndef PROTOCOL_COMMAND_BUNDLE_H
#define PROTOCOL_COMMAND_BUNDLE_H

#include <stdint.h>

#include "protocol/command/command.h"
#include "protocol/tuf/tuf_metadata.h"

struct buffer;
struct problem;
struct tuf_client;

enum {
	BUNDLE_ROOT_KEYS = 3,
	BUNDLE_ROOT_DAYS = 730,
	BUNDLE_TARGETS_DAYS = 270,
	BUNDLE_EXPORT_DAYS = 30,
	BUNDLE_DAYS_MOST = 3650,
	BUNDLE_NAME = 64,
	BUNDLE_VOLUMES = 64, /* as TUF_VOLUMES_MOST */
};
/* Room that an import leaves free on its disk. */
#define BUNDLE_RESERVE (UINT64_C(16) * 1024 * 1024)

struct bundle_keys {
	size_t count;
	struct tuf_secret *secrets[KEYS_MOST];
};

/* The files of --key, opened with --passphrase-file or by asking on the terminal. */
int bundle_keys_read(struct bundle_keys *keys, const struct invocation *invocation,
		     struct problem *p);
void bundle_keys_fini(struct bundle_keys *keys);
/* A passphrase for what `name` says; `twice` for a new one.  Free with
 * bundle_passphrase_free().  NULL with *p told. */
char *bundle_passphrase(const struct invocation *invocation, const char *name, bool twice,
			struct problem *p);
void bundle_passphrase_free(char *passphrase);

/* --at, or the clock. */
int bundle_now(const struct invocation *invocation, int64_t *now_s, struct problem *p);
/* `now_s` and --days, or `days`. */
int bundle_expiry(const struct invocation *invocation, int64_t now_s, int days,
		  int64_t *expires_s, struct problem *p);
/* "650M", "4G", "1000000" */
bool bundle_size_parse(const char *text, uint64_t *bytes);

/* A folder below `folder`, made if it is not there.  -1 with *p told. */
int bundle_folder(int folder, const char *name, struct problem *p);
/* The same of a path that a person named; its parents must be there. */
int bundle_folder_named(const char *path, struct problem *p);

/* The greatest N of N.<role>.json in the folder `metadata` below `folder`; 0 for none. */
int bundle_newest(int folder, enum tuf_role role, uint32_t *version, struct problem *p);
/* Read metadata/N.<role>.json (metadata/timestamp.json for version 0).  NULL with *p
 * told. */
struct tuf_metadata *bundle_read(int folder, enum tuf_role role, uint32_t version,
				 struct problem *p);
/* Sign `draft` with those of the keys that `root` trusts for `role`; in place.  *signers
 * is how many good signatures it has then. */
int bundle_sign(struct buffer *draft, enum tuf_role role, const struct bundle_keys *keys,
		const struct tuf_metadata *root, size_t *signers, struct problem *p);

/* A client that trusts --root, or the metadata folder of --state.  NULL with *p told. */
struct tuf_client *bundle_client(const struct invocation *invocation, int64_t now_s,
				 struct problem *p);

/* "error: cannot <doing>: ..." and the exit status that goes with it. */
enum status bundle_told(const struct invocation *invocation, const char *doing,
			const struct problem *p);

enum status run_bundle_init_keys(const struct invocation *invocation);
enum status run_bundle_prepare(const struct invocation *invocation);
enum status run_bundle_sign(const struct invocation *invocation);
enum status run_bundle_renew(const struct invocation *invocation);
enum status run_bundle_export(const struct invocation *invocation);
enum status run_bundle_verify(const struct invocation *invocation);
enum status run_bundle_inspect(const struct invocation *invocation);
enum status run_bundle_import(const struct invocation *invocation);
enum status run_bundle_client(const struct invocation *invocation);

#endif

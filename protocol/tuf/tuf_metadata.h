/* One file of signed metadata, read: root, timestamp, snapshot or targets, as the TUF
 * specification 1.0.31 has them.
 *
 * Reading says that a file has the right form, nothing about whom it is from: that is
 * tuf_metadata_signed().  What is signed is the canonical form of what was read, so no
 * byte is used that no signature covers.  Fields that the specification does not name are
 * kept in that form and are otherwise ignored; delegations are refused, since nobody here
 * may pass on trust.
 *
 * Everything a struct tuf_metadata points at lives as long as it does; read only. */

#ifndef PROTOCOL_TUF_TUF_METADATA_H
#define PROTOCOL_TUF_TUF_METADATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/tuf/tuf_key.h"

struct problem;
struct tuf_json;

enum tuf_role { TUF_ROOT, TUF_TIMESTAMP, TUF_SNAPSHOT, TUF_TARGETS, TUF_ROLES };
extern const char *const tuf_role_names[TUF_ROLES];

enum {
	TUF_VERSION_MOST = 2147483647,
	TUF_KEYS_MOST = 64,
	TUF_SIGNATURES_MOST = 64,
	TUF_NAME_MOST = 160, /* of a target; with its hash it must fit a file name */
	/* bytes of a file where no signed length says less */
	TUF_ROOT_MOST = 512 * 1000,
	TUF_TIMESTAMP_MOST = 16 * 1024,
	TUF_SNAPSHOT_MOST = 2 * 1000 * 1000,
	TUF_TARGETS_MOST = 64 * 1024 * 1024,
};
extern const size_t tuf_most[TUF_ROLES];
/* Of one target, in bytes: a list has fewer than 2^18, so no sum of them overflows. */
#define TUF_LENGTH_MOST (UINT64_C(1) << 46)

/* Who may sign for a role, and how many of them must. */
struct tuf_trust {
	uint32_t threshold;
	size_t count;
	uint8_t keys[TUF_KEYS_MOST]; /* positions among the root's keys */
};

/* What timestamp says of snapshot, and snapshot of targets. */
struct tuf_listed {
	const char *name;
	uint32_t version;
	int64_t length; /* -1: not said */
	bool has_digest;
	uint8_t digest[TUF_DIGEST];
};

struct tuf_target {
	const char *name;
	uint64_t length;
	uint8_t digest[TUF_DIGEST];
	const struct tuf_json *custom; /* NULL: none */
};

struct tuf_signature {
	const char *key_id, *hex;
};

struct tuf_metadata {
	char name[64]; /* of the file, for sentences: "3.root.json" */
	enum tuf_role role;
	uint32_t version;
	int64_t expires_s;
	int64_t made_s; /* timestamp: when it was signed, if it says so; else 0 */
	/* root */
	size_t key_count;
	struct tuf_key keys[TUF_KEYS_MOST];
	struct tuf_trust trust[TUF_ROLES];
	bool consistent; /* consistent_snapshot */
	/* timestamp and snapshot, sorted by name */
	size_t listed_count;
	struct tuf_listed *listed;
	/* targets, sorted by name */
	size_t target_count;
	struct tuf_target *targets;

	size_t signature_count;
	struct tuf_signature signatures[TUF_SIGNATURES_MOST];
	char *bytes; /* the file as it came */
	size_t size;
	char *canonical; /* what is signed */
	size_t canonical_size;
	struct tuf_json_document *document;
};

/* Read a file as that of `role`.  NULL with *p told. */
struct tuf_metadata *tuf_metadata_read(enum tuf_role role, const char *name,
				       const char *bytes, size_t size, struct problem *p);
void tuf_metadata_free(struct tuf_metadata *metadata); /* accepts NULL */

/* How many different keys that `root` trusts for `metadata`'s role did sign it. */
size_t tuf_metadata_signers(const struct tuf_metadata *metadata,
			    const struct tuf_metadata *root);
/* Are they as many as `root` asks for?  -1 with *p told. */
int tuf_metadata_signed(const struct tuf_metadata *metadata,
			const struct tuf_metadata *root, struct problem *p);

/* Still good at `now_s`?  -1 with *p told. */
int tuf_metadata_fresh(const struct tuf_metadata *metadata, int64_t now_s,
		       struct problem *p);

const struct tuf_listed *tuf_metadata_listed(const struct tuf_metadata *metadata,
					     const char *name);
const struct tuf_target *tuf_metadata_target(const struct tuf_metadata *metadata,
					     const char *name);

/* May a target be called so?  Letters, digits, "._+-", not first a dot. */
bool tuf_name_allowed(const char *name);

#endif

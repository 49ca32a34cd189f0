/* Metadata made: the four kinds, as canonical text, unsigned or with a signature more.
 *
 * A file is made without signatures; each secret then adds its own, so that those who
 * sign need not be in one place.  Everything is written in canonical form, and read back
 * by the reader that the other side uses before it is given out: what it would refuse is
 * not written. */

#ifndef PROTOCOL_TUF_TUF_WRITE_H
#define PROTOCOL_TUF_TUF_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/tuf/tuf_metadata.h"

struct buffer;
struct problem;

/* What all have. */
struct tuf_head {
	uint32_t version;
	int64_t expires_s;
	int64_t made_s; /* of a timestamp; 0: not said */
};

/* Keys and who may sign what; `trust` as in struct tuf_metadata. */
int tuf_write_root(struct buffer *to, const struct tuf_head *head,
		   const struct tuf_key *keys, size_t key_count,
		   const struct tuf_trust trust[TUF_ROLES], struct problem *p);

/* The entry for another file: its version, length and digest. */
int tuf_write_timestamp(struct buffer *to, const struct tuf_head *head,
			const struct tuf_metadata *snapshot, struct problem *p);
int tuf_write_snapshot(struct buffer *to, const struct tuf_head *head,
		       const struct tuf_metadata *targets, struct problem *p);

/* One target of a list; `custom` is JSON text, or NULL. */
struct tuf_entry {
	const char *name;
	uint64_t length;
	uint8_t digest[TUF_DIGEST];
	const char *custom;
};
int tuf_write_targets(struct buffer *to, const struct tuf_head *head,
		      const struct tuf_entry *entries, size_t count, struct problem *p);

/* The file of `metadata` with one more signature; one by the same key is replaced. */
int tuf_write_signed(struct buffer *to, const struct tuf_metadata *metadata,
		     const struct tuf_secret *secret, struct problem *p);

#endif

/* The updates that the server can offer over MS-WUSP: immutable, counted, shared.
 *
 * A library is made from update documents (the current revision of each), knows how they
 * hang together, and is part of a view.  IsLeaf is computed over all of it: an update is
 * no leaf exactly when some prerequisite names it.  A *scope* is what computers of one
 * line know: the roots of the line's releases, their members, and everything their
 * prerequisites reach.  Nothing here depends on a device, a ring or the time.
 *
 * One thread builds it; after library_seal() any thread reads it. */

#ifndef PROTOCOL_WUSP_LIBRARY_H
#define PROTOCOL_WUSP_LIBRARY_H

#include "engine/catalog.h"
#include "engine/flow.h"
#include "protocol/wusp/update_document.h"

struct findings;

struct update {
	int32_t revision_id; /* this server's number for it, > 0, never reused */
	int64_t added_s;     /* when it came: LastChangeTime of what nobody deployed */
	struct update_document document;
	bool is_leaf;
	bool is_member;         /* of a bundle: deployed as "Bundle" */
	struct release_key key; /* the release it stands for; kb 0 for none */
	enum arch arch;
};

struct library;
struct scope {
	size_t count;
	const struct update *const *updates; /* ascending revision id */
};

struct library_draft;
struct library_draft *library_draft_new(void);
void library_draft_free(struct library_draft *draft); /* accepts NULL */
/* Takes the document over, also when it fails.  -1 without memory. */
int library_draft_add(struct library_draft *draft, struct update *update);
/* NULL with at least one error in *findings, or without memory.  Frees the draft.
 * `generation` is the store's number for this state of affairs. */
struct library *library_seal(struct library_draft *draft, uint32_t generation,
			     struct findings *findings);
struct library *library_take(struct library *library);
void library_give(struct library *library); /* accepts NULL */

uint32_t library_generation(const struct library *library);
size_t library_count(const struct library *library);
const struct update *library_at(const struct library *library, size_t index);
const struct update *library_by_revision(const struct library *library, int32_t id);
/* revision 0: whatever it is. */
const struct update *library_by_identity(const struct library *library,
					 const struct update_identity *identity);
/* What computers of this line know; never NULL, may be empty. */
const struct scope *library_scope(const struct library *library, const struct line *line);
/* The root that stands for a release of a line; NULL for none. */
const struct update *library_release(const struct library *library,
				     const struct line *line,
				     const struct release *release);
/* By the SHA-1 of a file; NULL for none. */
const struct update_file *library_file(const struct library *library,
				       const uint8_t sha1[static 20]);

#endif

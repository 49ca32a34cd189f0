/* The inside of a library; for library*.c and sync*.c alone.
 *
 * Updates stand in one array by ascending revision id; everything else speaks of them by
 * their place in it, so that a sync looks nothing up. */

#ifndef PROTOCOL_WUSP_LIBRARY_PRIVATE_H
#define PROTOCOL_WUSP_LIBRARY_PRIVATE_H

#include "protocol/wusp/library.h"

enum { LIBRARY_MOST = 20000, UPDATE_NOWHERE = UINT32_MAX };

/* Places, in a row of the library's. */
struct places {
	uint32_t count;
	const uint32_t *at;
};

struct links {
	uint32_t clause_count;
	const struct places *clauses; /* the alternatives at hand of each prerequisite */
	struct places members;
};

struct line_scope {
	char product[LIMIT_NAME + 1];
	enum arch arch;
	struct scope scope;
	const uint32_t *places;
	const uint64_t *bits; /* by place in the library */
};

struct library {
	int references; /* atomic */
	uint32_t generation;
	size_t count;
	struct update *updates;
	struct links *links;
	uint32_t *by_id; /* places, ascending GUID */
	size_t scope_count;
	struct line_scope *scopes;
	size_t file_count;
	const struct update_file **files; /* ascending SHA-1 */
	size_t root_count;
	uint32_t *roots; /* places of those that stand for releases, by key */
};

/* library_scopes.c, the last step of sealing.  -1 without memory. */
int library_make_scopes(struct library *library);

/* UPDATE_NOWHERE for none. */
uint32_t library_place_of_revision(const struct library *library, int64_t revision_id);
uint32_t library_place_of_id(const struct library *library, const struct guid *id);
uint32_t library_place(const struct library *library, const struct update *update);
/* NULL for a scope that is nobody's. */
const struct line_scope *library_scope_inside(const struct library *library,
					      const struct scope *scope);

static inline bool bit_is_set(const uint64_t *bits, uint32_t at)
{
	return (bits[at / 64] >> at % 64 & 1) != 0;
}

static inline void bit_set(uint64_t *bits, uint32_t at)
{
	bits[at / 64] |= UINT64_C(1) << at % 64;
}

#endif

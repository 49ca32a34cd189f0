/* Scopes: what the computers of one line know of a library. */

#include <stdlib.h>
#include <string.h>

#include "protocol/wusp/library_private.h"

/* Everything that `place` reaches, itself included; `stack` has room for the library. */
static void reach(const struct library *library, uint32_t place, uint64_t *bits,
		  uint32_t *stack)
{
	size_t depth = 0;

	if (bit_is_set(bits, place))
		return;
	bit_set(bits, place);
	stack[depth++] = place;
	while (depth > 0) {
		const struct links *links = &library->links[stack[--depth]];
		for (uint32_t c = 0; c <= links->clause_count; c++) {
			const struct places *places = c < links->clause_count
							      ? &links->clauses[c]
							      : &links->members;
			for (uint32_t k = 0; k < places->count; k++) {
				if (bit_is_set(bits, places->at[k]))
					continue;
				bit_set(bits, places->at[k]);
				stack[depth++] = places->at[k];
			}
		}
	}
}

static bool is_of(const struct update *update, const struct line_scope *scope)
{
	return update->arch == scope->arch &&
	       strcmp(update->key.product, scope->product) == 0;
}

static int fill(struct library *library, struct line_scope *scope, uint32_t *stack)
{
	uint64_t *bits = calloc(library->count / 64 + 1, sizeof bits[0]);
	const struct update **updates = calloc(library->count, sizeof updates[0]);
	uint32_t *places = calloc(library->count, sizeof places[0]);

	scope->bits = bits;
	scope->scope.updates = updates;
	scope->places = places;
	if (bits == NULL || updates == NULL || places == NULL)
		return -1;
	for (size_t i = 0; i < library->root_count; i++) {
		if (is_of(&library->updates[library->roots[i]], scope))
			reach(library, library->roots[i], bits, stack);
	}
	for (uint32_t i = 0; i < library->count; i++) {
		if (!bit_is_set(bits, i))
			continue;
		places[scope->scope.count] = i;
		updates[scope->scope.count++] = &library->updates[i];
	}
	return 0;
}

static struct line_scope *find(struct library *library, const struct update *root)
{
	for (size_t i = 0; i < library->scope_count; i++) {
		if (is_of(root, &library->scopes[i]))
			return &library->scopes[i];
	}
	return NULL;
}

int library_make_scopes(struct library *library)
{
	/* Each line of each product at most. */
	library->scopes = calloc(2 * LIMIT_PRODUCTS, sizeof library->scopes[0]);
	uint32_t *stack = calloc(library->count + 1, sizeof stack[0]);
	int rc = library->scopes == NULL || stack == NULL ? -1 : 0;

	for (size_t i = 0; rc == 0 && i < library->root_count; i++) {
		const struct update *root = &library->updates[library->roots[i]];
		if (find(library, root) != NULL ||
		    library->scope_count == 2 * LIMIT_PRODUCTS)
			continue;
		struct line_scope *scope = &library->scopes[library->scope_count++];
		memcpy(scope->product, root->key.product, sizeof scope->product);
		scope->arch = root->arch;
		rc = fill(library, scope, stack);
	}
	free(stack);
	return rc;
}

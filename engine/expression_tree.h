/* The inside of a compiled expression, shared by the two files that know it:
 * expression_compile.c builds it, expression.c asks it.
 *
 * One block of memory: the nodes, children before parents so that the last is the root,
 * then the texts of all names and values, each NUL-terminated. */

#ifndef ENGINE_EXPRESSION_TREE_H
#define ENGINE_EXPRESSION_TREE_H

#include <stddef.h>
#include <stdint.h>

enum node_kind {
	NODE_ANY,
	NODE_NOT,
	NODE_AND,
	NODE_OR,
	/* From here on comparisons. */
	NODE_EQUAL,
	NODE_NOT_EQUAL,
	NODE_LESS,
	NODE_GREATER,
	NODE_LIKE,
	NODE_IN,
};

struct node {
	uint8_t kind;         /* enum node_kind */
	uint8_t fact;         /* enum fact_id, of a comparison */
	uint16_t left, right; /* children: both of and, or; left of not */
	uint16_t name_at;     /* offsets into the text */
	uint16_t value_at;    /* of the first value; the others follow it */
	uint16_t value_count;
	uint16_t hash; /* of the name */
};

struct expression {
	size_t count;
	const char *text;
	struct node nodes[];
};

#endif

/* Match expressions over facts: `site = "lab-1" or tag.hotpatch = yes`.
 *
 *   expression := term { "or" term }        term := factor { "and" factor }
 *   factor     := "not" factor | "(" expression ")" | "any" | comparison
 *   comparison := name ( "=" | "!=" | "<" | ">" | "~" ) value
 *               | name "in" "(" value { "," value } ")"
 *   value      := a bare word, or text in double or single quotes
 *
 * Logic has three values.  Comparing a fact that was not reported is *unknown*; not
 * unknown is unknown; unknown does not match.  "=" folds ASCII case.  "~" is "contains",
 * case folded, where * and ? are wildcards.  "<" and ">" compare as dotted numbers when
 * both sides are (26100.9 < 26100.10), as numbers, else as text.  On os.kbs, "=" asks for
 * membership.  Compiled once, immutable, shared freely. */

#ifndef ENGINE_EXPRESSION_H
#define ENGINE_EXPRESSION_H

#include <stddef.h>

struct facts;
struct problem;
struct expression;

enum truth { TRUTH_FALSE, TRUTH_TRUE, TRUTH_UNKNOWN };

/* NULL with *p told: where in the text, what, what was expected. */
struct expression *expression_compile(const char *text, struct problem *p);
void expression_free(struct expression *expression); /* accepts NULL */

enum truth expression_test(const struct expression *expression,
			   const struct facts *facts);

/* A second evaluator for facts plus a few derived names (ring, policy, level, id, state):
 * `lookup` is asked first; NULL from it falls through to the facts. */
typedef const char *(*expression_lookup)(void *owner, const char *name);
enum truth expression_test_with(const struct expression *expression,
				const struct facts *facts, expression_lookup lookup,
				void *owner);

/* The n-th fact name it mentions, NULL past the end: for "unreachable" warnings. */
const char *expression_name_at(const struct expression *expression, size_t n);

#endif

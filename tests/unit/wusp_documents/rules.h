/* A small judge of applicability rules, of its own, so that what the server writes is not
 * judged by what the server or the agent thinks of it.
 *
 * It reads a core fragment as agents get it, once, into a tree, and answers for any
 * machine.  A rule that it does not know is a fault of the test. */

#ifndef TESTS_UNIT_WUSP_DOCUMENTS_RULES_H
#define TESTS_UNIT_WUSP_DOCUMENTS_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/wusp/update_document.h"

struct machine {
	unsigned product_type; /* 1 workstation, 2 domain controller, 3 server */
	unsigned processor;    /* 9 AMD64, 12 ARM64 */
	uint32_t base, revision;
	long sku;
};

struct rules;
struct rules *rules_new(const struct update_fragment *core); /* NULL: it is malformed */
void rules_free(struct rules *rules);                        /* accepts NULL */
/* A section that is not there does not hold. */
bool rules_installed(const struct rules *rules, const struct machine *machine);
bool rules_installable(const struct rules *rules, const struct machine *machine);

#endif

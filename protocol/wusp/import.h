/* Genuine update metadata that an operator brings: which release each stands for.
 *
 * A set of documents is taken together.  What no other document of the set bundles is a
 * root; a root with a KB stands for the release of that KB: the one that is named, else
 * the only one whose line has it and whose architecture the title names.  Where that
 * leaves several, nothing is guessed: it is asked for.  A root whose KB no line has, and
 * whatever else is in the set, is kept as what others may need.
 *
 * What such updates need is much the same for all of them, so a set may name what is here
 * already: categories as they are or older, and the same update to the letter.  Pure. */

#ifndef PROTOCOL_WUSP_IMPORT_H
#define PROTOCOL_WUSP_IMPORT_H

#include "engine/backend.h"
#include "engine/catalog.h"
#include "protocol/wusp/update_document.h"

struct problem;

struct import_wish {
	const char *product; /* "" where none was named */
	uint32_t kb;         /* 0: the document's */
	enum arch arch;      /* ARCH_NONE: the title's */
};

struct import_one {
	const char *name, *text; /* of its file */
	struct update_document document;
	bool is_known;          /* it is here already, or a newer one */
	struct release_key key; /* kb 0: it stands for no release */
	enum arch arch;
};

/* Fills key and arch of each.  -1 with *p told, which asks for what it takes. */
int import_match(const struct catalog *catalog, const struct import_wish *wish,
		 struct import_one *ones, size_t count, struct problem *p);

/* To be called with each update that is current: says of those of the set that are known.
 * -1 with *p told for one that would not be taken for new by any agent. */
int import_meet(const struct update_revision *here, struct import_one *ones, size_t count,
		struct problem *p);

#endif

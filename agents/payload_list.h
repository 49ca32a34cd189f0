/* Payload files for a whole catalog, made from a list.
 *
 * The list has one release to a line, its columns separated by tabs: product, family, KB,
 * build, kind, architecture, and for what belongs to a hotpatch quarter the KB and the
 * build of its baseline.  Blank lines and lines that begin with # are skipped.  Each file
 * lies in a folder named after the product, because one KB serves several products and
 * each has a payload of its own.  Making the same list twice writes the same bytes. */

#ifndef AGENTS_PAYLOAD_LIST_H
#define AGENTS_PAYLOAD_LIST_H

#include <stdio.h>

#include "agents/payload.h"

struct problem;

/* One line of a list, without its end; it is cut up in place. */
int payload_list_read(char *line, struct payload *payload, struct problem *p);

/* Make the files below `folder` and print "product<TAB>kb<TAB>build<TAB>arch<TAB>path"
 * for each.  `name` is what the list is called in a problem. */
int payload_list_make(FILE *list, const char *name, const char *folder, FILE *out,
		      struct problem *p);

#endif

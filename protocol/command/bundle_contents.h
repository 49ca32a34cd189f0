/* What goes into a bundle: a folder of files, and in it contents.tsv that says what each
 * of them is.
 *
 *	catalog		FILE
 *	plan		FILE
 *	update-document	FILE
 *	payload		FILE	PRODUCT KB BUILD ARCH KIND HANDLER
 *
 * One line a file, with tabs between; # begins a comment.  A payload for several products
 * has a line for each.  FILE is relative to the folder, and its last part is the name of
 * the target, so that may occur once. */

#ifndef PROTOCOL_COMMAND_BUNDLE_CONTENTS_H
#define PROTOCOL_COMMAND_BUNDLE_CONTENTS_H

#include <stddef.h>

#include "protocol/tuf/tuf_write.h"

struct problem;

struct bundle_content {
	char *name;   /* of the target */
	char *path;   /* below the folder */
	char *custom; /* JSON */
};

struct bundle_contents {
	int folder; /* -1: closed */
	size_t count;
	struct bundle_content *list; /* in the order of their names */
};

/* -1 with *p told: the line that is wrong, and how. */
int bundle_contents_read(struct bundle_contents *contents, const char *path,
			 struct problem *p);
void bundle_contents_fini(struct bundle_contents *contents);
const struct bundle_content *bundle_contents_find(const struct bundle_contents *contents,
						  const char *name);

#endif

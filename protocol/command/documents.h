/* XML documents that a command hands to the server, as they are. */

#ifndef PROTOCOL_COMMAND_DOCUMENTS_H
#define PROTOCOL_COMMAND_DOCUMENTS_H

#include <jansson.h>

struct invocation;
struct trouble;

/* The arguments are files, or folders of *.xml: an object with {name, text} of each under
 * `member`, and dry_run.  NULL with *trouble told. */
json_t *documents_read(const struct invocation *invocation, const char *member,
		       struct trouble *trouble);

#endif

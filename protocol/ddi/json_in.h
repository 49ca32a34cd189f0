/* Reads a JSON body: an object, or words about why it is none.
 *
 * Duplicate members are refused, because two readers could take either. */

#ifndef PROTOCOL_DDI_JSON_IN_H
#define PROTOCOL_DDI_JSON_IN_H

#include <jansson.h>
#include <stddef.h>

struct problem;

/* One reference; NULL with *p told. */
json_t *json_in_object(const char *body, size_t size, struct problem *p);

#endif

/* Media types of DDI: which JSON the client takes, and whether it sent some.
 *
 * Pure text in, verdict out (RFC 9110 12.5.1, 8.3).  CBOR, which hawkBit offers too, is
 * not spoken here. */

#ifndef PROTOCOL_DDI_MEDIA_H
#define PROTOCOL_DDI_MEDIA_H

#include <stdbool.h>

/* The type to answer with: plain JSON where it is asked for by name, hal+json else.
 * `accept` may be NULL.  NULL: the client takes neither, 406. */
const char *media_choose(const char *accept);

/* Is a body of this Content-Type (may be NULL) JSON? */
bool media_is_json(const char *content_type);

#endif

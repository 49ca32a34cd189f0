/* The real catalog's updates as a library, each release with a made-up payload. */

#ifndef TESTS_UNIT_WUSP_WORDS_SHELF_H
#define TESTS_UNIT_WUSP_WORDS_SHELF_H

#include "engine/catalog.h"
#include "protocol/wusp/library.h"

struct catalog *shelf_catalog(void);
/* Of the releases of one line, or of all with NULL; numbers from `first` on.  NULL, with
 * what is wrong printed. */
struct library *made_library(const struct catalog *catalog, const struct line *only,
			     int32_t first, uint32_t generation);
/* How many documents went into the last one, and how many were given twice. */
extern size_t shelf_documents, shelf_repeated;

#endif

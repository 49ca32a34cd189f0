/* Update documents for releases whose genuine metadata nobody imported.
 *
 * A release of one line becomes a bundle (what is approved and shown) with one member
 * that carries handler, rules and file; with it go the categories and detectoids that its
 * prerequisites name, up to the company, so that the chain is complete.  Identities are
 * made from names (guid_of_name), so that they are the same on every server; well-known
 * categories have their well-known ids.
 *
 *	the system's	OSInstaller
 *	a lab's own	CommandLineInstallation: a payload whose name ends in .exe
 *
 * The rules are those of update_rules.c.  The catalog knows how a release came, not what
 * the vendor called it: a preview is among the Updates, what came out of band among the
 * Critical Updates, the rest among the Security Updates.  It does not know how severe its
 * fixes are, so MsrcSeverity is left out.
 *
 * Pure: the same release and payload give the same text. */

#ifndef PROTOCOL_WUSP_UPDATE_MAKE_H
#define PROTOCOL_WUSP_UPDATE_MAKE_H

#include "engine/backend.h"
#include "engine/catalog.h"
#include "protocol/soap/guid.h"

struct buffer;

struct update_wish {
	const struct line *line;
	const struct release *release;
	const struct payload *payload; /* NULL while it is not at hand */
	int32_t revision;              /* RevisionNumber */
};

/* The identities that a release's documents have. */
void update_make_ids(const struct line *line, const struct release *release,
		     struct guid *bundle, struct guid *member);

/* Documents one after another: each() is called with a whole document; its answer other
 * than 0 ends the walk and is returned.  -1 with no memory.  First what others name:
 * company, family, product, classification, architecture; then member, then bundle. */
struct update_text {
	struct guid id;
	int32_t revision;
	const char *text;
	size_t size;
};
int update_make_shared(const struct line *line,
		       int (*each)(void *owner, const struct update_text *text),
		       void *owner);
int update_make_release(const struct update_wish *wish,
			int (*each)(void *owner, const struct update_text *text),
			void *owner);

/* EditionIDs by OSSkuId, and back: the least number of it greater than `after` (-1 to
 * begin).  NULL and -1 where there is none. */
const char *edition_of_sku(long sku);
long sku_of_edition(const char *edition, long after);

#endif

/* What the tests of update documents share: fragments as an agent sees them, and the
 * documents of one line of the catalog, made and read back. */

#ifndef TESTS_UNIT_WUSP_DOCUMENTS_DOCUMENTS_CASE_H
#define TESTS_UNIT_WUSP_DOCUMENTS_DOCUMENTS_CASE_H

#include "engine/catalog.h"
#include "protocol/wusp/update_document.h"
#include "protocol/wusp/update_make.h"

/* The text that an agent has after it read <Xml>; the caller frees it.  NULL where the
 * fragment was not escaped so that it can be read. */
char *plain_text(const struct update_fragment *fragment);

/* Starts of a document and its name spaces, for documents written by hand. */
#define SPACE "http://schemas.microsoft.com/msus/2002/12/"
#define HEAD                                                                             \
	"<upd:Update xmlns:upd='" SPACE "Update' xmlns:pub='" SPACE                      \
	"Publishing' xmlns:bar='" SPACE "BaseApplicabilityRules' xmlns:lar='" SPACE      \
	"LogicalApplicabilityRules' xmlns:msiar='" SPACE                                 \
	"MsiApplicabilityRules' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>"
#define IDENTITY                                                                         \
	"<upd:UpdateIdentity UpdateID='11111111-2222-3333-4444-555555555555' "           \
	"RevisionNumber='200'/>"
#define PROPERTIES "<upd:Properties UpdateType='Software'/>"
#define END        "</upd:Update>"

struct made {
	struct update_text text; /* a copy */
	struct update_document document;
};
struct made_line {
	const struct line *line;
	size_t count, room;
	struct made *made; /* in the order in which they came */
};

/* A payload for any release, always the same for the same one. */
void payload_for(const struct release *release, const char *suffix,
		 struct payload *payload);
/* Shared ones, then each release's but an rtm's.  -1 with what is wrong printed. */
int made_line_init(struct made_line *made, const struct line *line, const char *suffix);
void made_line_fini(struct made_line *made);
/* By id; NULL for none. */
const struct made *made_find(const struct made_line *made, const struct guid *id);

#endif

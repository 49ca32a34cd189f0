/* Writing update documents; for update_make*.c alone.
 *
 * A sheet fails once for all, without memory. */

#ifndef PROTOCOL_WUSP_UPDATE_TEXT_H
#define PROTOCOL_WUSP_UPDATE_TEXT_H

#include "engine/buffer.h"
#include "protocol/wusp/update_make.h"

struct sheet {
	struct buffer text;
	bool failed;
};

void sheet_init(struct sheet *sheet);
void sheet_fini(struct sheet *sheet);
/* The format's own text goes in as it is; %s are escaped. */
void sheet_put(struct sheet *sheet, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What every document has. */
struct sheet_head {
	struct guid id;
	int32_t revision;
	const char *type; /* UpdateType */
	const char *more; /* further attributes of Properties; plain text */
	int64_t created_s;
	const char *title, *description;
};
/* From the root to after LocalizedPropertiesCollection; `children` of Properties. */
void sheet_begin(struct sheet *sheet, const struct sheet_head *head,
		 const char *children);
void sheet_end(struct sheet *sheet);

/* A prerequisite. */
void sheet_clause(struct sheet *sheet, const struct guid *id, bool is_category);

/* What a line's documents name, beside each other. */
struct line_ids {
	struct guid company, family, product, classification, system, processor;
};
void line_ids(const struct line *line, const struct release *release,
	      struct line_ids *ids);
/* Made of "kind/product/...", in our own name space. */
void made_id(struct guid *id, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* update_rules.c: by what name agents know a line, and ApplicabilityRules of a release.
 */
const char *product_release_name(const struct line *line);
void put_release_rules(struct sheet *sheet, const struct line *line,
		       const struct release *release);

#endif

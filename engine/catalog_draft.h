/* The inside of a catalog draft, shared by the three files that build a catalog:
 * catalog_draft.c collects, catalog_check.c judges, catalog.c lays out. */

#ifndef ENGINE_CATALOG_DRAFT_H
#define ENGINE_CATALOG_DRAFT_H

#include "engine/catalog.h"

enum { SUPERSEDES_MAX = 32 };

/* One release as written, its text parsed where it could be. */
struct draft_release {
	size_t product; /* index into the draft's products */
	uint32_t kb;
	struct build build;
	enum release_kind kind;
	enum cadence cadence;
	enum release_offer offer;
	uint8_t archs;
	int64_t published_s;
	uint32_t baseline; /* KB, 0 none */
	uint32_t repairs;  /* KB, 0 none */
	bool track_hotpatch;
	char *match_text;
	struct expression *match; /* handed to the catalog at seal */
	size_t supersedes_count;
	uint32_t supersedes[SUPERSEDES_MAX];
	struct origin origin;
};

struct draft_product {
	struct product product;
	struct origin origin;
};

struct catalog_draft {
	size_t product_count, product_room;
	struct draft_product *products;
	size_t release_count, release_room;
	struct draft_release *releases;
	struct findings early; /* told while collecting; repeated at seal */
};

/* Everything a schema cannot know, across the whole draft. */
void catalog_check(const struct catalog_draft *draft, struct findings *findings);

#endif

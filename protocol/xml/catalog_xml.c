#include "protocol/xml/catalog_xml.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/findings.h"
#include "engine/instant.h"
#include "engine/problem.h"
#include "protocol/xml/filling.h"
#include "protocol/xml/xml_reader.h"
#include "protocol/xml/xml_schema.h"

extern const char catalog_xsd[];
extern const size_t catalog_xsd_size;

static struct xml_schema *schema;
static struct problem schema_problem;

static void read_schema(void)
{
	schema = xml_schema_new(catalog_xsd, catalog_xsd_size, &schema_problem);
}

/* One release, its texts copied: they must last from its start tag to its end. */
struct release_room {
	struct release_draft draft;
	char kb[KB_TEXT], build[BUILD_TEXT], baseline[KB_TEXT], repairs[KB_TEXT];
	char supersedes[32][KB_TEXT];
	bool has_match;
};

/* A draft wants a product before its releases, with all that is said of it; but
 * <planned> comes after them.  So the file is read twice: first the products are
 * gathered, then they are added with their releases. */
struct catalog_filling {
	struct filling filling; /* first: the events of filling.h see only this */
	struct catalog_draft *draft;
	size_t product_count;
	struct product *products; /* one for each <product> */
	struct origin *origins;   /* where they start */
	size_t at;                /* second reading: the product at hand, from 1 */
	struct release_room release;
};

static struct product *product_at_hand(struct catalog_filling *f)
{
	return &f->products[f->product_count - 1];
}

/* --- the first reading: products -------------------------------------------------- */

static void start_product(struct filling *filling, const struct xml_element *element)
{
	struct catalog_filling *f = (struct catalog_filling *)filling;

	if (f->product_count == LIMIT_PRODUCTS) {
		filling_tell(filling, NULL, "a catalog holds at most %d products",
			     LIMIT_PRODUCTS);
		return;
	}
	struct product *product = &f->products[f->product_count];
	f->origins[f->product_count++] = (struct origin){ filling->file, element->line };
	filling_copy(filling, product->id, sizeof product->id, element, "id");
	filling_copy(filling, product->name, sizeof product->name, element, "name");
	product->family = family_parse(xml_attribute(element, "family"));
	product->base = (uint32_t)strtoul(xml_attribute(element, "base"), NULL, 10);
}

static void add_editions(struct filling *filling, struct product *product,
			 const char *text)
{
	for (;;) {
		text += strspn(text, " \t\r\n");
		size_t size = strcspn(text, " \t\r\n");
		if (size == 0)
			return;
		if (product->edition_count == LIMIT_EDITIONS ||
		    size >= sizeof product->editions[0]) {
			filling_tell(filling, NULL, "<hotpatch> has too many editions");
			return;
		}
		memcpy(product->editions[product->edition_count++], text, size);
		text += size;
	}
}

static void start_hotpatch(struct filling *filling, const struct xml_element *element)
{
	struct product *product = product_at_hand((struct catalog_filling *)filling);
	const char *from = xml_attribute(element, "from");

	if (product->edition_count > 0) {
		filling_tell(filling, "keep one",
			     "<hotpatch> comes twice in product '%s'", product->id);
		return;
	}
	add_editions(filling, product, xml_attribute(element, "editions"));
	if (!build_parse(from, &product->from) || product->from.base != product->base)
		filling_tell(filling, "a build of the same base",
			     "from=\"%s\" of <hotpatch> is no build of product '%s', "
			     "which has base %u",
			     from, product->id, product->base);
}

static void start_leaves_track(struct filling *filling, const struct xml_element *element)
{
	struct product *product = product_at_hand((struct catalog_filling *)filling);
	enum { MOST = sizeof product->leaves_track / sizeof product->leaves_track[0] };

	if (product->leaves_track_count == MOST)
		filling_tell(filling, NULL, "a product has at most %d <leaves-track>",
			     MOST);
	else if (kb_parse(xml_attribute(element, "kb"),
			  &product->leaves_track[product->leaves_track_count]))
		product->leaves_track_count++;
}

static void start_planned(struct filling *filling, const struct xml_element *element)
{
	struct product *product = product_at_hand((struct catalog_filling *)filling);
	enum { MOST = sizeof product->planned / sizeof product->planned[0] };
	struct planned planned;

	if (product->planned_count == MOST) {
		filling_tell(filling, NULL, "a product has at most %d <planned>", MOST);
		return;
	}
	planned.kind = (enum release_kind)filling_word(
		element, "kind", release_kind_names, RELEASE_KINDS, RELEASE_BASELINE);
	if (!filling_instant(filling, element, "date", &planned.date_s))
		return;
	product->planned[product->planned_count++] = planned;
}

/* --- the second reading: releases ------------------------------------------------- */

static void add_product(struct filling *filling, const struct xml_element *element)
{
	struct catalog_filling *f = (struct catalog_filling *)filling;

	(void)element;
	if (f->at == f->product_count)
		return;
	/* What a draft refuses it remembers, and catalog_seal() tells. */
	(void)catalog_draft_product(f->draft, &f->products[f->at], f->origins[f->at]);
	f->at++;
}

static const char *copy_text(char *to, size_t room, const char *from)
{
	if (from == NULL)
		return NULL;
	snprintf(to, room, "%s", from);
	return to;
}

static void start_release(struct filling *filling, const struct xml_element *element)
{
	struct release_room *room = &((struct catalog_filling *)filling)->release;
	struct release_draft *draft = &room->draft;
	const char *archs = xml_attribute(element, "arch");

	*room = (struct release_room){ 0 };
	draft->origin = (struct origin){ filling->file, element->line };
	draft->kb = copy_text(room->kb, sizeof room->kb, xml_attribute(element, "kb"));
	draft->build = copy_text(room->build, sizeof room->build,
				 xml_attribute(element, "build"));
	draft->baseline = copy_text(room->baseline, sizeof room->baseline,
				    xml_attribute(element, "baseline"));
	draft->repairs = copy_text(room->repairs, sizeof room->repairs,
				   xml_attribute(element, "repairs"));
	draft->kind = (enum release_kind)filling_word(element, "kind", release_kind_names,
						      RELEASE_KINDS, RELEASE_LCU);
	draft->cadence = filling_word(element, "cadence", cadence_names, CADENCES, -1);
	draft->offer =
		filling_word(element, "offer", release_offer_names, RELEASE_OFFERS, -1);
	draft->archs = (uint8_t)((strstr(archs, "x64") != NULL ? ARCH_X64 : 0) |
				 (strstr(archs, "arm64") != NULL ? ARCH_ARM64 : 0));
	draft->track_hotpatch = xml_attribute(element, "track") != NULL;
	(void)filling_instant(filling, element, "published", &draft->published_s);
}

static void start_supersedes(struct filling *filling, const struct xml_element *element)
{
	struct release_room *room = &((struct catalog_filling *)filling)->release;
	size_t at = room->draft.supersedes_count;

	if (at == sizeof room->supersedes / sizeof room->supersedes[0])
		return; /* the schema has refused it */
	room->draft.supersedes[at] =
		copy_text(room->supersedes[at], sizeof room->supersedes[at],
			  xml_attribute(element, "kb"));
	room->draft.supersedes_count++;
}

static void end_match(struct filling *filling)
{
	((struct catalog_filling *)filling)->release.has_match = true;
}

static void end_release(struct filling *filling)
{
	struct catalog_filling *f = (struct catalog_filling *)filling;

	if (f->release.has_match)
		f->release.draft.match = filling->text;
	(void)catalog_draft_release(f->draft, &f->release.draft);
}

/* --- both ------------------------------------------------------------------------- */

static const struct filling_element products_table[] = {
	{ "product", start_product, NULL },
	{ "hotpatch", start_hotpatch, NULL },
	{ "leaves-track", start_leaves_track, NULL },
	{ "planned", start_planned, NULL },
	{ NULL, NULL, NULL },
};

static const struct filling_element releases_table[] = {
	{ "product", add_product, NULL },
	{ "release", start_release, end_release },
	{ "supersedes", start_supersedes, NULL },
	{ "match", filling_start_text, end_match },
	{ NULL, NULL, NULL },
};

static int fill(struct catalog_filling *f, const char *text, size_t size)
{
	f->products = calloc(LIMIT_PRODUCTS, sizeof *f->products);
	f->origins = calloc(LIMIT_PRODUCTS, sizeof *f->origins);
	if (f->products == NULL || f->origins == NULL)
		return filling_fail(&f->filling, "out of memory");
	if (filling_run(&f->filling, products_table, text, size) < 0)
		return -1;
	return filling_run(&f->filling, releases_table, text, size);
}

int catalog_xml_read(struct catalog_draft *draft, const char *file, const char *text,
		     size_t size, struct findings *findings)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct catalog_filling f = {
		.filling = { .file = file, .findings = findings },
		.draft = draft,
	};

	pthread_once(&once, read_schema);
	if (schema == NULL)
		return filling_fail(&f.filling, schema_problem.text);
	if (xml_schema_check(schema, file, text, size, findings) < 0)
		return -1;
	int rc = fill(&f, text, size);
	free(f.products);
	free(f.origins);
	return rc;
}

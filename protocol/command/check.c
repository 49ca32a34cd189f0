#include "protocol/command/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/plan.h"
#include "engine/problem.h"
#include "protocol/xml/catalog_xml.h"
#include "protocol/xml/plan_xml.h"
#include "protocol/xml/zone_files.h"

int yard_files_init(struct yard_files *files, struct problem *p)
{
	memset(files, 0, sizeof *files);
	findings_init(&files->findings);
	files->zones = zone_files_new();
	if (files->zones == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY, "no memory for time zones");
	return 0;
}

void yard_files_fini(struct yard_files *files)
{
	plan_give(files->plan);
	catalog_give(files->catalog);
	zone_files_free(files->zones);
	findings_fini(&files->findings);
	file_list_fini(&files->paths);
}

static int read_catalogs(struct yard_files *files, struct catalog_draft *draft,
			 size_t first, struct problem *p)
{
	for (size_t i = first; i < files->paths.count; i++) {
		const char *path = files->paths.paths[i];
		size_t size;
		char *text = file_read(path, LIMIT_XML_DOCUMENT, &size, p);
		if (text == NULL)
			return -1;
		/* a fault is a finding; the other files may have theirs */
		(void)catalog_xml_read(draft, path, text, size, &files->findings);
		free(text);
	}
	return 0;
}

int yard_files_catalog(struct yard_files *files, const char *const *paths, size_t count,
		       struct problem *p)
{
	size_t first = files->paths.count;
	size_t errors = files->findings.errors;

	for (size_t i = 0; i < count; i++) {
		if (file_list_add(&files->paths, paths[i], p) < 0)
			return -1;
	}
	struct catalog_draft *draft = catalog_draft_new();
	if (draft == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY, "no memory for the catalog");
	int result = read_catalogs(files, draft, first, p);
	/* what the draft lacks for a fault of the files would be told twice */
	if (result == 0 && files->findings.errors == errors)
		files->catalog = catalog_seal(draft, &files->findings);
	catalog_draft_free(draft);
	return result;
}

/* A hold must name a release there is: nothing else in a plan names one. */
static void check_holds(struct yard_files *files)
{
	const struct plan *plan = files->plan;
	const struct catalog *catalog = files->catalog;

	for (size_t h = 0; h < plan->hold_count; h++) {
		const struct hold *hold = &plan->holds[h];
		bool product_found = hold->product[0] == '\0', found = false;
		char kb[KB_TEXT];
		for (size_t t = 0; t < catalog->title_count; t++) {
			const struct title *title = &catalog->titles[t];
			const char *product = catalog->products[title->product].id;
			struct build build = { hold->base, hold->revision };
			bool same = hold->product[0] == '\0' ||
				    strcmp(product, hold->product) == 0;
			product_found |= same;
			found |= same && title->kb == hold->kb &&
				 (!hold->has_build || build_equal(title->build, build));
		}
		if (!product_found)
			findings_add(&files->findings, SEVERITY_ERROR, hold->origin, NULL,
				     "the hold names product '%s', which the catalog "
				     "does not have",
				     hold->product);
		else if (!found)
			findings_add(&files->findings, SEVERITY_WARNING, hold->origin,
				     NULL,
				     "the hold names %s, which the catalog does not "
				     "have: it holds nothing",
				     kb_format(hold->kb, kb));
	}
}

int yard_files_plan(struct yard_files *files, const char *path, struct problem *p)
{
	size_t size, errors = files->findings.errors;
	char *text = file_read(path, LIMIT_XML_DOCUMENT, &size, p);

	if (text == NULL)
		return -1;
	struct plan_draft *draft = plan_xml_read(path, text, size, &files->findings);
	free(text);
	if (draft != NULL && files->findings.errors == errors)
		files->plan =
			plan_seal(draft, zone_files_find, files->zones, &files->findings);
	plan_draft_free(draft);
	if (files->plan != NULL && files->catalog != NULL)
		check_holds(files);
	return 0;
}

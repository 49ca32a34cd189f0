#include "protocol/wusp/import.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/problem.h"

/* Does another of the set carry it as a member? */
static bool is_member(const struct import_one *ones, size_t count, size_t index)
{
	const struct guid *id = &ones[index].document.identity.id;

	for (size_t i = 0; i < count; i++) {
		const struct update_document *document = &ones[i].document;
		for (size_t k = 0; k < document->member_count; k++) {
			if (guid_equal(&document->members[k].id, id))
				return true;
		}
	}
	return false;
}

/* The architecture in a title such as "... for x64-based Systems (KB...)". */
static enum arch arch_of_title(const char *title)
{
	for (const char *at = title; *at != '\0'; at++) {
		if (strncasecmp(at, "arm64", 5) == 0)
			return ARCH_ARM64;
		if (strncasecmp(at, "x64", 3) == 0)
			return ARCH_X64;
	}
	return ARCH_NONE;
}

struct search {
	const struct import_wish *wish;
	uint32_t kb;
	enum arch arch;
	size_t found;
	const struct line *line;
	const struct release *release;
	char names[160]; /* of all that were found */
};

static void look(struct search *search, const struct line *line)
{
	if ((search->arch != ARCH_NONE && line->arch != search->arch) ||
	    (search->wish->product[0] != '\0' &&
	     strcmp(search->wish->product, line->product->id) != 0))
		return;
	for (size_t i = 0; i < line->count; i++) {
		size_t used = strlen(search->names);
		if (line->releases[i].kb != search->kb)
			continue;
		search->line = line;
		search->release = &line->releases[i];
		snprintf(search->names + used, sizeof search->names - used, "%s%s on %s",
			 search->found++ > 0 ? ", " : "", line->product->id,
			 arch_name(line->arch));
	}
}

static int match_one(const struct catalog *catalog, const struct import_wish *wish,
		     struct import_one *one, struct problem *p)
{
	struct search search = { .wish = wish,
				 .kb = wish->kb != 0 ? wish->kb : one->document.kbs[0],
				 .arch = wish->arch != ARCH_NONE
						 ? wish->arch
						 : arch_of_title(one->document.title) };

	for (size_t i = 0; i < catalog->product_count; i++) {
		for (size_t k = 0; k < 2; k++)
			look(&search, &catalog->products[i].lines[k]);
	}
	if (search.found > 1)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "'%.60s' (KB%u) could be %.100s: name --product and "
				   "--arch",
				   one->document.title, search.kb, search.names);
	if (search.found == 1) {
		release_key_set(&one->key, search.line, search.release);
		one->arch = search.line->arch;
	} else if (wish->kb != 0 || wish->product[0] != '\0') {
		return problem_set(p, PROBLEM_NOT_FOUND,
				   "the catalog has no KB%u for that product and "
				   "architecture",
				   search.kb);
	}
	return 0;
}

int import_match(const struct catalog *catalog, const struct import_wish *wish,
		 struct import_one *ones, size_t count, struct problem *p)
{
	size_t roots = 0;

	for (size_t i = 0; i < count; i++) {
		const struct update_document *document = &ones[i].document;
		if (document->type != UPDATE_SOFTWARE || is_member(ones, count, i) ||
		    (document->kb_count == 0 && wish->kb == 0))
			continue;
		if (roots++ > 0 && wish->kb != 0)
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "one release is named for several updates: "
					   "import them one by one");
		if (match_one(catalog, wish, &ones[i], p) < 0)
			return -1;
	}
	return 0;
}

static bool is_shared(const struct import_one *one)
{
	return one->document.type == UPDATE_CATEGORY ||
	       one->document.type == UPDATE_DETECTOID;
}

int import_meet(const struct update_revision *here, struct import_one *ones, size_t count,
		struct problem *p)
{
	struct guid id;

	if (!guid_parse(here->id, strlen(here->id), &id))
		return 0;
	for (size_t i = 0; i < count; i++) {
		struct import_one *one = &ones[i];
		int32_t revision = one->document.identity.revision;
		if (!guid_equal(&one->document.identity.id, &id) ||
		    revision > here->revision)
			continue;
		bool is_same = revision == here->revision &&
			       strlen(one->text) == here->size &&
			       memcmp(one->text, here->document, here->size) == 0;
		one->is_known = is_shared(one) || (is_same && one->key.kb == 0);
		if (!one->is_known)
			return problem_set(p, PROBLEM_CONFLICT,
					   "%.80s: revision %d of this update is here "
					   "already; agents would not take %d for new",
					   one->name, here->revision, revision);
	}
	return 0;
}

#include "protocol/wusp/library.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/findings.h"
#include "protocol/wusp/library_private.h"

struct library_draft {
	size_t count, room;
	struct update *updates;
};

struct library_draft *library_draft_new(void)
{
	return calloc(1, sizeof(struct library_draft));
}

static void free_updates(struct update *updates, size_t count)
{
	for (size_t i = 0; i < count; i++)
		update_document_fini(&updates[i].document);
	free(updates);
}

void library_draft_free(struct library_draft *draft)
{
	if (draft == NULL)
		return;
	free_updates(draft->updates, draft->count);
	free(draft);
}

int library_draft_add(struct library_draft *draft, struct update *update)
{
	if (draft->count == draft->room) {
		size_t room = draft->room == 0 ? 64 : 2 * draft->room;
		struct update *bigger =
			reallocarray(draft->updates, room, sizeof bigger[0]);
		if (bigger == NULL) {
			update_document_fini(&update->document);
			return -1;
		}
		draft->updates = bigger;
		draft->room = room;
	}
	draft->updates[draft->count++] = *update;
	return 0;
}

/* --- sealing ---------------------------------------------------------------------- */

static void complain(struct findings *findings, const struct update *update,
		     const char *what, const struct guid *other)
{
	const struct origin origin = { "updates", 0 };
	char id[GUID_TEXT], other_id[GUID_TEXT] = "";

	if (other != NULL)
		guid_format(other, other_id);
	findings_add(findings, SEVERITY_ERROR, origin, NULL, "update %s (%.120s) %s%s",
		     guid_format(&update->document.identity.id, id),
		     update->document.title, what, other_id);
}

static int by_revision(const void *a, const void *b)
{
	const struct update *one = a, *two = b;
	return (one->revision_id > two->revision_id) -
	       (one->revision_id < two->revision_id);
}

static int by_id(const void *a, const void *b, void *owner)
{
	const struct library *library = owner;
	const uint32_t *one = a, *two = b;
	return guid_compare(&library->updates[*one].document.identity.id,
			    &library->updates[*two].document.identity.id);
}

/* In order, and each only once. */
static int arrange(struct library *library, struct findings *findings)
{
	library->by_id = calloc(library->count + 1, sizeof library->by_id[0]);
	if (library->by_id == NULL)
		return -1;
	if (library->count > LIBRARY_MOST) {
		const struct origin origin = { "updates", 0 };
		findings_add(findings, SEVERITY_ERROR, origin, NULL,
			     "there are %zu updates; at most %d are held", library->count,
			     LIBRARY_MOST);
		return -1;
	}
	if (library->count > 0)
		qsort(library->updates, library->count, sizeof library->updates[0],
		      by_revision);
	for (uint32_t i = 0; i < library->count; i++)
		library->by_id[i] = i;
	qsort_r(library->by_id, library->count, sizeof library->by_id[0], by_id, library);
	for (size_t i = 1; i < library->count; i++) {
		if (by_id(&library->by_id[i - 1], &library->by_id[i], library) == 0)
			complain(findings, &library->updates[library->by_id[i]],
				 "is there twice", NULL);
		if (library->updates[i - 1].revision_id ==
		    library->updates[i].revision_id)
			complain(findings, &library->updates[i],
				 "shares its revision id with another", NULL);
	}
	return findings->errors > 0 ? -1 : 0;
}

static int link_clause(struct library *library, const struct update *update,
		       const struct update_clause *clause, struct places *places,
		       struct findings *findings)
{
	uint32_t *at = calloc(clause->count + 1, sizeof at[0]);

	if (at == NULL)
		return -1;
	places->at = at;
	for (size_t i = 0; i < clause->count; i++) {
		uint32_t place = library_place_of_id(library, &clause->ids[i]);
		if (place == UPDATE_NOWHERE)
			continue;
		at[places->count++] = place;
		library->updates[place].is_leaf = false;
	}
	if (places->count == 0)
		complain(findings, update, "needs what is not here: ",
			 clause->count > 0 ? &clause->ids[0] : NULL);
	return 0;
}

static int link_members(struct library *library, const struct update *update,
			struct places *places, struct findings *findings)
{
	const struct update_document *document = &update->document;
	uint32_t *at = calloc(document->member_count + 1, sizeof at[0]);

	if (at == NULL)
		return -1;
	places->at = at;
	for (size_t i = 0; i < document->member_count; i++) {
		uint32_t place = library_place_of_id(library, &document->members[i].id);
		if (place == UPDATE_NOWHERE) {
			complain(findings, update,
				 "bundles what is not here: ", &document->members[i].id);
			continue;
		}
		at[places->count++] = place;
		library->updates[place].is_member = true;
	}
	return 0;
}

static int link_update(struct library *library, size_t index, struct findings *findings)
{
	const struct update *update = &library->updates[index];
	struct links *links = &library->links[index];
	size_t count = update->document.clause_count;
	struct places *clauses = calloc(count + 1, sizeof clauses[0]);

	if (clauses == NULL)
		return -1;
	links->clauses = clauses;
	links->clause_count = (uint32_t)count;
	for (size_t i = 0; i < count; i++) {
		if (link_clause(library, update, &update->document.clauses[i],
				&clauses[i], findings) < 0)
			return -1;
	}
	return link_members(library, update, &links->members, findings);
}

static int link_all(struct library *library, struct findings *findings)
{
	library->links = calloc(library->count + 1, sizeof library->links[0]);
	if (library->links == NULL)
		return -1;
	for (size_t i = 0; i < library->count; i++) {
		library->updates[i].is_leaf = true;
		library->updates[i].is_member = false;
	}
	for (size_t i = 0; i < library->count; i++) {
		if (link_update(library, i, findings) < 0)
			return -1;
	}
	return 0;
}

/* Layer by layer as a computer that has everything would get it: what is never reached
 * hangs in a circle of prerequisites. */
static int find_circles(struct library *library, struct findings *findings)
{
	uint64_t *met = calloc(library->count / 64 + 1, sizeof met[0]);
	bool moved = true;

	if (met == NULL)
		return -1;
	while (moved) {
		moved = false;
		for (uint32_t i = 0; i < library->count; i++) {
			const struct links *links = &library->links[i];
			bool is_met = !bit_is_set(met, i);
			for (uint32_t c = 0; is_met && c < links->clause_count; c++) {
				const struct places *clause = &links->clauses[c];
				bool any = false;
				for (uint32_t k = 0; !any && k < clause->count; k++)
					any = bit_is_set(met, clause->at[k]);
				is_met = any;
			}
			if (is_met) {
				bit_set(met, i);
				moved = true;
			}
		}
	}
	for (uint32_t i = 0; i < library->count; i++) {
		if (!bit_is_set(met, i))
			complain(findings, &library->updates[i],
				 "can never be reached: its prerequisites go in a circle",
				 NULL);
	}
	free(met);
	return 0;
}

static int by_digest(const void *a, const void *b)
{
	const struct update_file *const *one = a, *const *two = b;
	return memcmp((*one)->sha1, (*two)->sha1, sizeof(*one)->sha1);
}

static int collect(struct library *library)
{
	size_t files = 0;

	for (size_t i = 0; i < library->count; i++)
		files += library->updates[i].document.file_count;
	library->files = calloc(files + 1, sizeof library->files[0]);
	library->roots = calloc(library->count + 1, sizeof library->roots[0]);
	if (library->files == NULL || library->roots == NULL)
		return -1;
	for (uint32_t i = 0; i < library->count; i++) {
		const struct update *update = &library->updates[i];
		for (size_t k = 0; k < update->document.file_count; k++)
			library->files[library->file_count++] =
				&update->document.files[k];
		if (update->key.kb != 0 && !update->is_member)
			library->roots[library->root_count++] = i;
	}
	qsort(library->files, library->file_count, sizeof library->files[0], by_digest);
	return 0;
}

struct library *library_seal(struct library_draft *draft, uint32_t generation,
			     struct findings *findings)
{
	struct library *library = calloc(1, sizeof *library);

	if (library == NULL) {
		library_draft_free(draft);
		return NULL;
	}
	library->references = 1;
	library->generation = generation;
	library->count = draft->count;
	library->updates = draft->updates;
	draft->count = 0;
	draft->updates = NULL;
	library_draft_free(draft);
	if (arrange(library, findings) == 0 && link_all(library, findings) == 0 &&
	    findings->errors == 0 && find_circles(library, findings) == 0 &&
	    findings->errors == 0 && collect(library) == 0 &&
	    library_make_scopes(library) == 0)
		return library;
	library_give(library);
	return NULL;
}

/* --- its life --------------------------------------------------------------------- */

struct library *library_take(struct library *library)
{
	__atomic_add_fetch(&library->references, 1, __ATOMIC_RELAXED);
	return library;
}

static void free_links(struct library *library)
{
	for (size_t i = 0; library->links != NULL && i < library->count; i++) {
		struct links *links = &library->links[i];
		for (uint32_t c = 0; links->clauses != NULL && c < links->clause_count;
		     c++)
			free((void *)links->clauses[c].at);
		free((void *)links->clauses);
		free((void *)links->members.at);
	}
	free(library->links);
}

void library_give(struct library *library)
{
	if (library == NULL ||
	    __atomic_sub_fetch(&library->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (size_t i = 0; i < library->scope_count; i++) {
		free((void *)library->scopes[i].scope.updates);
		free((void *)library->scopes[i].places);
		free((void *)library->scopes[i].bits);
	}
	free(library->scopes);
	free_links(library);
	free_updates(library->updates, library->count);
	free(library->by_id);
	free(library->files);
	free(library->roots);
	free(library);
}

/* Looking things up in a sealed library. */

#include <stdlib.h>
#include <string.h>

#include "protocol/wusp/library_private.h"

static const struct scope no_scope;

uint32_t library_generation(const struct library *library)
{
	return library->generation;
}

size_t library_count(const struct library *library)
{
	return library->count;
}

const struct update *library_at(const struct library *library, size_t index)
{
	return &library->updates[index];
}

uint32_t library_place(const struct library *library, const struct update *update)
{
	return (uint32_t)(update - library->updates);
}

uint32_t library_place_of_revision(const struct library *library, int64_t revision_id)
{
	size_t low = 0, high = library->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (library->updates[middle].revision_id < revision_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < library->count && library->updates[low].revision_id == revision_id
		       ? (uint32_t)low
		       : UPDATE_NOWHERE;
}

const struct update *library_by_revision(const struct library *library, int32_t id)
{
	uint32_t place = library_place_of_revision(library, id);
	return place == UPDATE_NOWHERE ? NULL : &library->updates[place];
}

uint32_t library_place_of_id(const struct library *library, const struct guid *id)
{
	size_t low = 0, high = library->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct update *update = &library->updates[library->by_id[middle]];
		if (guid_compare(&update->document.identity.id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == library->count)
		return UPDATE_NOWHERE;
	uint32_t place = library->by_id[low];
	return guid_equal(&library->updates[place].document.identity.id, id)
		       ? place
		       : UPDATE_NOWHERE;
}

const struct update *library_by_identity(const struct library *library,
					 const struct update_identity *identity)
{
	uint32_t place = library_place_of_id(library, &identity->id);

	if (place == UPDATE_NOWHERE)
		return NULL;
	const struct update *update = &library->updates[place];
	return identity->revision == 0 ||
			       identity->revision == update->document.identity.revision
		       ? update
		       : NULL;
}

const struct scope *library_scope(const struct library *library, const struct line *line)
{
	for (size_t i = 0; line != NULL && i < library->scope_count; i++) {
		const struct line_scope *scope = &library->scopes[i];
		if (scope->arch == line->arch &&
		    strcmp(scope->product, line->product->id) == 0)
			return &scope->scope;
	}
	return &no_scope;
}

const struct line_scope *library_scope_inside(const struct library *library,
					      const struct scope *scope)
{
	for (size_t i = 0; i < library->scope_count; i++) {
		if (&library->scopes[i].scope == scope)
			return &library->scopes[i];
	}
	return NULL;
}

const struct update *library_release(const struct library *library,
				     const struct line *line,
				     const struct release *release)
{
	for (size_t i = 0; i < library->root_count; i++) {
		const struct update *update = &library->updates[library->roots[i]];
		if (update->arch == line->arch &&
		    release_key_is(&update->key, line, release))
			return update;
	}
	return NULL;
}

static int compare_digest(const void *key, const void *member)
{
	const struct update_file *const *file = member;
	return memcmp(key, (*file)->sha1, sizeof(*file)->sha1);
}

const struct update_file *library_file(const struct library *library,
				       const uint8_t sha1[static 20])
{
	const struct update_file **found =
		library->file_count == 0
			? NULL
			: bsearch(sha1, library->files, library->file_count,
				  sizeof library->files[0], compare_digest);
	return found == NULL ? NULL : *found;
}

/* What an update document names: other updates, and files. */

#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/soap/base64.h"
#include "protocol/soap/soap_value.h"
#include "protocol/wusp/update_reading.h"

/* Far above any real one. */
enum { RELATIONS_MOST = 20000, FILES_MOST = 5000, NAME_MOST = 400 };

void *row_add(struct row *row, size_t item_size, size_t most)
{
	if (row->count >= most)
		return NULL;
	if (row->count == row->room) {
		size_t room = row->room == 0 ? 8 : 2 * row->room;
		void *bigger = reallocarray(row->at, room, item_size);
		if (bigger == NULL)
			return NULL;
		row->at = bigger;
		row->room = room;
	}
	void *item = (char *)row->at + row->count++ * item_size;
	memset(item, 0, item_size);
	return item;
}

bool is_true(const struct xml_element *element, const char *name)
{
	const char *value = xml_attribute(element, name);
	return value != NULL && (strcmp(value, "true") == 0 || strcmp(value, "1") == 0);
}

static int too_many(struct problem *p)
{
	return problem_set(p, PROBLEM_TOO_LARGE,
			   "the document names more updates or files than we read");
}

int identity_read(const struct xml_element *element, struct update_identity *identity,
		  struct problem *p)
{
	const char *id = xml_attribute(element, "UpdateID");
	const char *revision = xml_attribute(element, "RevisionNumber");
	int64_t number = 0;

	if (id == NULL || !guid_parse(id, strlen(id), &identity->id))
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"UpdateIdentity: UpdateID is '%.60s'; a GUID is wanted",
			id == NULL ? "" : id);
	if (revision != NULL && (!soap_value_int(revision, strlen(revision), &number) ||
				 number < 0 || number > INT32_MAX))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "UpdateIdentity: RevisionNumber is '%.60s'; a whole "
				   "number is wanted",
				   revision);
	identity->revision = (int32_t)number;
	return 0;
}

static int add_clause(struct reading *reading, bool is_category, struct problem *p)
{
	struct clause_start *clause =
		row_add(&reading->clauses, sizeof *clause, RELATIONS_MOST);

	if (clause == NULL)
		return too_many(p);
	clause->is_category = is_category;
	clause->first = reading->clause_ids.count;
	return 0;
}

static int add_identity(struct reading *reading, const struct xml_element *element,
			struct problem *p)
{
	struct update_identity identity, *member;
	struct guid *id;

	if (identity_read(element, &identity, p) < 0)
		return -1;
	if (reading->relation == RELATION_MEMBER) {
		member = row_add(&reading->members, sizeof *member, RELATIONS_MOST);
		if (member == NULL)
			return too_many(p);
		*member = identity;
		return 0;
	}
	bool is_clause = reading->relation == RELATION_PREREQUISITE;
	/* A bare one is a clause of its own. */
	if (is_clause && !reading->in_clause && add_clause(reading, false, p) < 0)
		return -1;
	id = row_add(is_clause ? &reading->clause_ids : &reading->superseded, sizeof *id,
		     RELATIONS_MOST);
	if (id == NULL)
		return too_many(p);
	*id = identity.id;
	return 0;
}

static enum relation relation_of(const char *name)
{
	static const struct {
		const char *name;
		enum relation relation;
	} kinds[] = {
		{ "SupersededUpdates", RELATION_SUPERSEDED },
		{ "Prerequisites", RELATION_PREREQUISITE },
		{ "BundledUpdates", RELATION_MEMBER },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (strcmp(kinds[i].name, name) == 0)
			return kinds[i].relation;
	}
	return RELATION_NONE;
}

int relation_start(struct reading *reading, const struct xml_element *element,
		   struct problem *p)
{
	if (reading->depth == 3) {
		reading->relation = relation_of(element->name);
		return 0;
	}
	if (reading->relation == RELATION_NONE)
		return 0;
	if (strcmp(element->name, "UpdateIdentity") == 0)
		return add_identity(reading, element, p);
	/* The alternatives of a bundle are its members as any. */
	if (strcmp(element->name, "AtLeastOne") == 0) {
		if (reading->relation != RELATION_PREREQUISITE)
			return 0;
		reading->in_clause = true;
		return add_clause(reading, is_true(element, "IsCategory"), p);
	}
	return problem_set(p, PROBLEM_BAD_INPUT,
			   "Relationships: <%.60s> is not known; UpdateIdentity or "
			   "AtLeastOne is wanted",
			   element->name);
}

void relation_end(struct reading *reading, const char *name)
{
	if (reading->depth == 3)
		reading->relation = RELATION_NONE;
	else if (strcmp(name, "AtLeastOne") == 0)
		reading->in_clause = false;
}

/* --- files ------------------------------------------------------------------------ */

static int read_file(const struct xml_element *element, struct update_file *file,
		     struct problem *p)
{
	const char *name = xml_attribute(element, "FileName");
	const char *digest = xml_attribute(element, "Digest");
	const char *algorithm = xml_attribute(element, "DigestAlgorithm");
	const char *size = xml_attribute(element, "Size");

	if (name == NULL || name[0] == '\0' || strlen(name) > NAME_MOST ||
	    strpbrk(name, "/\\") != NULL)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "File: FileName is '%.60s'; a name without folders is "
				   "wanted",
				   name == NULL ? "" : name);
	if (algorithm != NULL && strcmp(algorithm, "SHA1") != 0)
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"File %.60s: DigestAlgorithm is '%.20s'; SHA1 is wanted", name,
			algorithm);
	if (digest == NULL || base64_decode(digest, strlen(digest), file->sha1,
					    sizeof file->sha1) != sizeof file->sha1)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "File %.60s: Digest is no SHA-1 in base64", name);
	if (size == NULL || !soap_value_int(size, strlen(size), &file->size_bytes) ||
	    file->size_bytes < 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "File %.60s: Size is '%.40s'; its bytes are wanted",
				   name, size == NULL ? "" : size);
	file->name = strdup(name);
	return file->name != NULL ? 0
				  : problem_set(p, PROBLEM_NO_MEMORY, "out of memory");
}

int file_start(struct reading *reading, const struct xml_element *element,
	       struct problem *p)
{
	const char *algorithm = xml_attribute(element, "Algorithm");

	if (strcmp(element->name, "File") == 0) {
		struct update_file *file =
			row_add(&reading->files, sizeof *file, FILES_MOST);
		return file == NULL ? too_many(p) : read_file(element, file, p);
	}
	reading->wants_text = strcmp(element->name, "AdditionalDigest") == 0 &&
			      reading->files.count > 0 && algorithm != NULL &&
			      strcmp(algorithm, "SHA256") == 0;
	return 0;
}

int file_end(struct reading *reading, const char *name, struct problem *p)
{
	if (!reading->wants_text || strcmp(name, "AdditionalDigest") != 0)
		return 0;
	reading->wants_text = false;
	struct update_file *file =
		(struct update_file *)reading->files.at + reading->files.count - 1;
	if (base64_decode(reading->text, reading->text_size, file->sha256,
			  sizeof file->sha256) != sizeof file->sha256)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "File %.60s: AdditionalDigest is no SHA-256 in base64",
				   file->name);
	file->has_sha256 = true;
	return 0;
}

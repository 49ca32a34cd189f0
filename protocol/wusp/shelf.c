#include "protocol/wusp/shelf.h"

#include <stdlib.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/findings.h"
#include "engine/problem.h"
#include "protocol/wusp/identity.h"
#include "protocol/wusp/library.h"
#include "protocol/wusp/update_make.h"

/* One that is kept in the store. */
struct kept {
	struct guid id;
	int32_t revision;
	bool is_imported;
	bool is_wanted; /* something stands behind it */
	struct release_key key;
	enum arch arch;
	char *text;
	size_t size;
};

struct renewal {
	const struct shelf *shelf;
	struct problem *p;
	bool failed;
	bool changed;
	size_t count, room;
	struct kept *kept; /* ascending id */
	/* Of the documents being made. */
	const struct line *line;
	const struct release *release; /* NULL: what releases share */
	bool is_same;
};

static int no_memory(struct problem *p)
{
	return problem_set(p, PROBLEM_NO_MEMORY,
			   "keeping update metadata: out of memory");
}

static int compare(const void *a, const void *b)
{
	const struct kept *one = a, *two = b;
	return guid_compare(&one->id, &two->id);
}

static int each_kept(void *owner, const struct update_revision *update)
{
	struct renewal *renewal = owner;

	if (renewal->count == renewal->room) {
		size_t room = renewal->room == 0 ? 64 : 2 * renewal->room;
		struct kept *bigger = reallocarray(renewal->kept, room, sizeof bigger[0]);
		if (bigger == NULL)
			goto fail;
		renewal->kept = bigger;
		renewal->room = room;
	}
	struct kept *kept = &renewal->kept[renewal->count];
	*kept = (struct kept){ .revision = update->revision,
			       .is_imported = update->is_imported,
			       .key = update->key,
			       .arch = update->arch,
			       .size = update->size };
	if (!guid_parse(update->id, strlen(update->id), &kept->id))
		goto fail;
	kept->text = strndup(update->document, update->size);
	if (kept->text == NULL)
		goto fail;
	renewal->count++;
	return 0;
fail:
	renewal->failed = true;
	no_memory(renewal->p);
	return -1;
}

static struct kept *find(struct renewal *renewal, const struct guid *id)
{
	const struct kept key = { .id = *id };

	return renewal->count == 0 ? NULL
				   : bsearch(&key, renewal->kept, renewal->count,
					     sizeof renewal->kept[0], compare);
}

/* Genuine metadata stand for it. */
static bool is_imported(const struct renewal *renewal, const struct line *line,
			const struct release *release)
{
	for (size_t i = 0; i < renewal->count; i++) {
		const struct kept *kept = &renewal->kept[i];
		if (kept->is_imported && kept->arch == line->arch &&
		    release_key_is(&kept->key, line, release))
			return true;
	}
	return false;
}

/* --- documents -------------------------------------------------------------------- */

static int each_compared(void *owner, const struct update_text *text)
{
	struct renewal *renewal = owner;
	struct kept *kept = find(renewal, &text->id);

	if (kept == NULL || kept->size != text->size ||
	    memcmp(kept->text, text->text, text->size) != 0)
		renewal->is_same = false;
	if (kept != NULL)
		kept->is_wanted = true;
	return 0;
}

static int put(struct renewal *renewal, const struct update_text *text)
{
	const struct shelf *shelf = renewal->shelf;
	struct update_revision update = { .revision = text->revision,
					  .document = text->text,
					  .size = text->size,
					  .added_s = shelf->now_s };

	guid_format(&text->id, update.id);
	if (renewal->release != NULL) {
		release_key_set(&update.key, renewal->line, renewal->release);
		update.arch = renewal->line->arch;
	}
	renewal->changed = true;
	return shelf->ops->update_put(shelf->session, &update, renewal->p);
}

static int each_put(void *owner, const struct update_text *text)
{
	return put(owner, text);
}

static int newest_of(const struct renewal *renewal, const struct guid *id,
		     int32_t *newest)
{
	char text[UPDATE_ID_TEXT];

	*newest = 0;
	return renewal->shelf->ops->update_newest(
		renewal->shelf->session, guid_format(id, text), newest, renewal->p);
}

/* What releases share is put once, by whichever line comes first, and stays. */
static int each_shared(void *owner, const struct update_text *text)
{
	struct renewal *renewal = owner;
	int32_t newest;
	int rc = newest_of(renewal, &text->id, &newest);

	return rc < 0 ? -1 : rc == 1 ? 0 : put(renewal, text);
}

/* A release's documents with the revision they have, or if they came out otherwise now,
 * with the next one that was never used. */
static int renew_release(struct renewal *renewal, struct update_wish *wish)
{
	struct guid bundle, member;
	int32_t one, two;

	update_make_ids(wish->line, wish->release, &bundle, &member);
	const struct kept *kept = find(renewal, &bundle);
	renewal->is_same = kept != NULL;
	wish->revision = kept != NULL ? kept->revision : 1;
	if (kept != NULL && update_make_release(wish, each_compared, renewal) != 0)
		return no_memory(renewal->p);
	if (renewal->is_same)
		return 0;
	if (newest_of(renewal, &bundle, &one) < 0 ||
	    newest_of(renewal, &member, &two) < 0)
		return -1;
	wish->revision = (one > two ? one : two) + 1;
	problem_set(renewal->p, PROBLEM_NO_MEMORY,
		    "making update metadata: out of memory");
	return update_make_release(wish, each_put, renewal) == 0 ? 0 : -1;
}

static int renew_line(struct renewal *renewal, const struct line *line)
{
	const struct shelf *shelf = renewal->shelf;
	bool has_shared = false;

	for (size_t i = 0; i < line->count; i++) {
		const struct release *release = &line->releases[i];
		struct update_wish wish = { .line = line, .release = release };
		wish.payload = shelf->payload(shelf->owner, line, release);
		if (release->kind == RELEASE_RTM || wish.payload == NULL ||
		    is_imported(renewal, line, release))
			continue;
		renewal->line = line;
		renewal->release = NULL;
		if (!has_shared && update_make_shared(line, each_shared, renewal) != 0)
			return -1;
		has_shared = true;
		renewal->release = release;
		if (renew_release(renewal, &wish) < 0)
			return -1;
	}
	return 0;
}

/* Made documents of releases that nothing stands behind any more. */
static int retire(struct renewal *renewal)
{
	const struct shelf *shelf = renewal->shelf;
	char id[UPDATE_ID_TEXT];

	for (size_t i = 0; i < renewal->count; i++) {
		const struct kept *kept = &renewal->kept[i];
		if (kept->is_wanted || kept->is_imported || kept->key.kb == 0)
			continue;
		renewal->changed = true;
		if (shelf->ops->update_retire(shelf->session, guid_format(&kept->id, id),
					      renewal->p) < 0)
			return -1;
	}
	return 0;
}

static int renew(struct renewal *renewal)
{
	const struct shelf *shelf = renewal->shelf;
	const struct catalog *catalog = shelf->catalog;

	if (shelf->ops->updates(shelf->session, each_kept, renewal, renewal->p) < 0 ||
	    renewal->failed)
		return -1;
	if (renewal->count > 0)
		qsort(renewal->kept, renewal->count, sizeof renewal->kept[0], compare);
	for (size_t i = 0; i < catalog->product_count; i++) {
		for (size_t k = 0; k < 2; k++) {
			if (renew_line(renewal, &catalog->products[i].lines[k]) < 0)
				return -1;
		}
	}
	return retire(renewal);
}

int shelf_renew(const struct shelf *shelf, uint32_t *generation, struct problem *p)
{
	struct renewal renewal = { .shelf = shelf, .p = p };

	problem_set(p, PROBLEM_NO_MEMORY, "making update metadata: out of memory");
	int rc = renew(&renewal);
	for (size_t i = 0; i < renewal.count; i++)
		free(renewal.kept[i].text);
	free(renewal.kept);
	if (rc < 0)
		return -1;
	if (!renewal.changed)
		return 0;
	++*generation;
	return wusp_identity_put_generation(shelf->ops, shelf->session, *generation, p) <
			       0
		       ? -1
		       : 1;
}

/* --- the library ------------------------------------------------------------------ */

struct loading {
	struct library_draft *draft;
	struct findings findings;
	struct problem *p;
	bool failed;
};

static int each_loaded(void *owner, const struct update_revision *revision)
{
	struct loading *loading = owner;
	struct update update = { .revision_id = revision->revision_id,
				 .added_s = revision->added_s,
				 .key = revision->key,
				 .arch = revision->arch };

	loading->failed = update_document_read("update metadata", revision->document,
					       revision->size, &update.document,
					       &loading->findings) < 0 ||
			  library_draft_add(loading->draft, &update) < 0;
	return loading->failed;
}

/* *p gets the first error as one line. */
static void tell(struct loading *loading)
{
	char text[sizeof loading->p->text];

	if (loading->findings.count == 0)
		no_memory(loading->p);
	else
		problem_set(
			loading->p, PROBLEM_BAD_INPUT, "%s",
			finding_format(&loading->findings.list[0], text, sizeof text));
}

struct library *shelf_library(const struct backend_ops *ops, struct session *session,
			      uint32_t generation, struct problem *p)
{
	struct loading loading = { .draft = library_draft_new(), .p = p };
	struct library *library = NULL;

	findings_init(&loading.findings);
	int rc = loading.draft == NULL ? no_memory(p)
				       : ops->updates(session, each_loaded, &loading, p);
	if (rc == 0 && !loading.failed) {
		library = library_seal(loading.draft, generation, &loading.findings);
		loading.draft = NULL;
	}
	if (rc == 0 && library == NULL)
		tell(&loading);
	library_draft_free(loading.draft);
	findings_fini(&loading.findings);
	return library;
}

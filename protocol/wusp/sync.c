#include "protocol/wusp/sync.h"

#include <string.h>

#include "engine/instant.h"
#include "protocol/wusp/library_private.h"

const char *const deploy_action_names[DEPLOY_ACTIONS] = {
	[DEPLOY_EVALUATE] = "Evaluate",   [DEPLOY_PRE_CHECK] = "PreDeploymentCheck",
	[DEPLOY_BUNDLE] = "Bundle",       [DEPLOY_INSTALL] = "Install",
	[DEPLOY_UNINSTALL] = "Uninstall",
};

enum {
	WORDS = LIBRARY_MOST / 64 + 1,
	DEPLOYED_BIT = 0x40000000, /* ids of what was decided, apart from the rest */
};

/* One sync under way: sets of places in the library. */
struct sync {
	const struct sync_question *question;
	const struct library *library;
	const struct line_scope *scope; /* NULL: nothing is in scope */
	struct sync_page *page;
	uint64_t installed[WORDS], cached[WORDS]; /* what the computer has said */
	uint64_t wanted[WORDS];                   /* of the categories asked for */
};

static bool is_infrastructure(const struct update *update)
{
	return update->document.type == UPDATE_CATEGORY ||
	       update->document.type == UPDATE_DETECTOID;
}

struct sync_item sync_deployed(const struct update *update,
			       const struct deployment *deployment)
{
	struct sync_item item = {
		.update = update,
		.deadline_s = INSTANT_NONE,
		.changed_s = update->added_s,
		.deployment_id = update->revision_id,
	};

	if (update == deployment->update) {
		item.action = deployment->action;
		item.is_assigned = deployment->is_assigned;
		item.deadline_s = deployment->deadline_s;
		item.changed_s = deployment->changed_s;
		item.deployment_id =
			(deployment->flow & (DEPLOYED_BIT - 1)) | DEPLOYED_BIT;
	} else if (update->is_member) {
		item.action = DEPLOY_BUNDLE;
	} else if (is_infrastructure(update) || !update->is_leaf) {
		item.action = DEPLOY_EVALUATE;
	} else {
		item.action = DEPLOY_PRE_CHECK;
	}
	return item;
}

static void mark(const struct library *library, uint64_t *set, const int64_t *ids,
		 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t place = library_place_of_revision(library, ids[i]);
		if (place != UPDATE_NOWHERE)
			bit_set(set, place);
	}
}

/* --- what categories are asked for ------------------------------------------------ */

static bool is_filtered(const struct sync_question *question, const struct guid *id)
{
	for (size_t i = 0; i < question->filter_count; i++) {
		if (guid_equal(&question->filter[i], id))
			return true;
	}
	return false;
}

/* A category that was named, or stands under one that was. */
static bool is_asked(const struct sync *sync, uint32_t place, unsigned depth)
{
	enum { DEPTH_MOST = 8 };
	const struct links *links = &sync->library->links[place];
	const struct update *update = &sync->library->updates[place];

	if (is_filtered(sync->question, &update->document.identity.id))
		return true;
	for (uint32_t c = 0; depth < DEPTH_MOST && c < links->clause_count; c++) {
		for (uint32_t k = 0; k < links->clauses[c].count; k++) {
			uint32_t other = links->clauses[c].at[k];
			if (sync->library->updates[other].document.type ==
				    UPDATE_CATEGORY &&
			    is_asked(sync, other, depth + 1))
				return true;
		}
	}
	return false;
}

/* Members come with their bundles; categories and detectoids always. */
static void find_wanted(struct sync *sync)
{
	const struct line_scope *scope = sync->scope;

	for (size_t i = 0; i < scope->scope.count; i++) {
		uint32_t place = scope->places[i];
		const struct update *update = scope->scope.updates[i];
		if (is_infrastructure(update))
			bit_set(sync->wanted, place);
		if (update->is_member || is_infrastructure(update) ||
		    !is_asked(sync, place, 0))
			continue;
		const struct places *members = &sync->library->links[place].members;
		bit_set(sync->wanted, place);
		for (uint32_t k = 0; k < members->count; k++)
			bit_set(sync->wanted, members->at[k]);
	}
}

/* --- needed ----------------------------------------------------------------------- */

static bool is_met(const struct sync *sync, uint32_t place)
{
	const struct links *links = &sync->library->links[place];

	for (uint32_t c = 0; c < links->clause_count; c++) {
		const struct places *clause = &links->clauses[c];
		bool any = false;
		for (uint32_t k = 0; !any && k < clause->count; k++)
			any = bit_is_set(sync->installed, clause->at[k]);
		if (!any)
			return false;
	}
	return true;
}

/* Drivers go another way. */
static bool is_deployed(const struct sync *sync, uint32_t place)
{
	return sync->scope != NULL && bit_is_set(sync->scope->bits, place) &&
	       sync->library->updates[place].document.type != UPDATE_DRIVER &&
	       is_met(sync, place);
}

static bool is_needed(const struct sync *sync, uint32_t place)
{
	return is_deployed(sync, place) &&
	       (sync->question->filter_count == 0 || bit_is_set(sync->wanted, place));
}

/* --- the page --------------------------------------------------------------------- */

static void find_new(struct sync *sync)
{
	const struct line_scope *scope = sync->scope;
	struct sync_page *page = sync->page;

	for (size_t i = 0; i < scope->scope.count; i++) {
		uint32_t place = scope->places[i];
		if (bit_is_set(sync->installed, place) ||
		    bit_is_set(sync->cached, place) || !is_needed(sync, place))
			continue;
		if (page->new_count == SYNC_PAGE) {
			page->truncated = true;
			return;
		}
		page->new_items[page->new_count++] = sync_deployed(
			scope->scope.updates[i], &sync->question->deployment);
	}
}

static void find_out_of(struct sync *sync, const int64_t *ids, size_t count)
{
	const struct sync_question *question = sync->question;
	struct sync_page *page = sync->page;

	for (size_t i = 0; i < count; i++) {
		uint32_t place = library_place_of_revision(sync->library, ids[i]);
		if (ids[i] <= 0 || ids[i] > INT32_MAX ||
		    (place != UPDATE_NOWHERE && is_needed(sync, place)))
			continue;
		if (question->two_group && place != UPDATE_NOWHERE &&
		    is_deployed(sync, place)) {
			if (page->deployed_out_count < SYNC_CACHED_MOST)
				page->deployed_out[page->deployed_out_count++] =
					(int32_t)ids[i];
		} else if (page->out_count < SYNC_INSTALLED_MOST + SYNC_CACHED_MOST) {
			page->out[page->out_count++] = (int32_t)ids[i];
		}
	}
}

static void add_changed(struct sync *sync, uint32_t place)
{
	struct sync_page *page = sync->page;
	bool has = bit_is_set(sync->installed, place) || bit_is_set(sync->cached, place);

	if (has && is_needed(sync, place) && page->changed_count < SYNC_CHANGED_MOST)
		page->changed[page->changed_count++] = sync_deployed(
			&sync->library->updates[place], &sync->question->deployment);
}

static bool told_is(const struct told *a, const struct told *b)
{
	return a->revision_id == b->revision_id && a->action == b->action &&
	       a->is_assigned == b->is_assigned && a->deadline_s == b->deadline_s;
}

static void find_changed(struct sync *sync)
{
	const struct told *before = &sync->question->told, *now = &sync->page->told;

	if (!sync->question->told_known || before->generation != now->generation) {
		for (size_t i = 0; i < sync->scope->scope.count; i++)
			add_changed(sync, sync->scope->places[i]);
		return;
	}
	if (told_is(before, now))
		return;
	uint32_t old = library_place_of_revision(sync->library, before->revision_id);
	uint32_t fresh = library_place_of_revision(sync->library, now->revision_id);
	if (old != UPDATE_NOWHERE)
		add_changed(sync, old);
	if (fresh != UPDATE_NOWHERE && fresh != old)
		add_changed(sync, fresh);
}

static struct told tell(const struct sync *sync)
{
	const struct deployment *deployment = &sync->question->deployment;
	struct told told = { .generation = sync->library->generation,
			     .deadline_s = INSTANT_NONE };

	/* Only what its scope can show was told. */
	if (deployment->update == NULL || sync->scope == NULL ||
	    !bit_is_set(sync->scope->bits,
			library_place(sync->library, deployment->update)))
		return told;
	told.revision_id = deployment->update->revision_id;
	told.action = (uint8_t)deployment->action;
	told.is_assigned = deployment->is_assigned;
	told.deadline_s = deployment->deadline_s;
	return told;
}

void sync_plan(const struct sync_question *question, struct sync_page *page)
{
	struct sync sync;
	size_t bytes = (question->library->count / 64 + 1) * sizeof(uint64_t);

	sync.question = question;
	sync.library = question->library;
	sync.page = page;
	sync.scope = question->scope == NULL
			     ? NULL
			     : library_scope_inside(question->library, question->scope);
	memset(sync.installed, 0, bytes);
	memset(sync.cached, 0, bytes);
	memset(sync.wanted, 0, bytes);
	page->new_count = page->changed_count = 0;
	page->out_count = page->deployed_out_count = 0;
	page->truncated = false;
	page->told = tell(&sync);
	mark(sync.library, sync.installed, question->installed,
	     question->installed_count);
	mark(sync.library, sync.cached, question->cached, question->cached_count);
	if (sync.scope != NULL) {
		if (question->filter_count > 0)
			find_wanted(&sync);
		find_new(&sync);
		find_changed(&sync);
	}
	find_out_of(&sync, question->installed, question->installed_count);
	find_out_of(&sync, question->cached, question->cached_count);
}

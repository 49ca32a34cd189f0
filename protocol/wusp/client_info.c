/* What an agent asks about updates that it knows of: GetExtendedUpdateInfo in both
 * forms, GetFileLocations, RefreshCache (MS-WUSP 3.1.5.8 to 3.1.5.10). */

#include <string.h>
#include <strings.h>

#include "engine/passage.h"
#include "engine/problem.h"
#include "protocol/wusp/client_messages.h"
#include "protocol/wusp/deploy.h"
#include "protocol/wusp/sync_answer.h"

/* The kinds of fragments, as bits.  Those without a bit are taken and bring nothing. */
enum {
	INFO_CORE = 1,
	INFO_EXTENDED = 2,
	INFO_LOCALIZED = 4,
	INFO_EULA = 8,
	INFO_FILES = 16,
};

static const struct {
	const char *name;
	unsigned bits;
} info_types[] = {
	{ "Published", 0 },
	{ "Core", INFO_CORE },
	{ "Extended", INFO_EXTENDED },
	{ "VerificationRule", 0 },
	{ "LocalizedProperties", INFO_LOCALIZED },
	{ "Eula", INFO_EULA },
	{ "FileUrl", INFO_FILES },
	{ "FileDecryption", 0 },
	{ "PiecesHashUrl", 0 },
	{ "BlockMapUrl", 0 },
	{ "EsrpDecryptionInformation", 0 },
	{ "SamplingRate", 0 },
};

static bool read_types(const struct many *sent, unsigned *bits)
{
	const struct soap_text *words = sent->list.items;

	*bits = 0;
	for (size_t i = 0; i < sent->list.count; i++) {
		size_t known = 0;
		while (known < sizeof info_types / sizeof info_types[0] &&
		       (words[i].at == NULL ||
			strcmp(info_types[known].name, words[i].at) != 0))
			known++;
		if (known == sizeof info_types / sizeof info_types[0])
			return false;
		*bits |= info_types[known].bits;
	}
	return sent->list.count > 0;
}

/* What is shown to the device as its record stands in the desk. */
static struct deploy_scene scene_now(struct wusp_call *call, const struct view *view)
{
	struct desk *desk = call->desk;
	int64_t now_s = site_now(desk->site);

	site_decide(desk->site, view, &desk->record, now_s, &desk->decision);
	return (struct deploy_scene){ .library = view->library,
				      .plan = view->snapshot->plan,
				      .record = &desk->record,
				      .decision = &desk->decision,
				      .now_s = now_s };
}

/* By identity, not by revision id? */
static bool is_second(const struct wusp_call *call)
{
	return call->operation->serve == wusp_get_extended_update_info2;
}

/* Of the request: the i-th update where it is one that the device may know. */
static const struct update *wanted(const struct wusp_call *call, const struct view *view,
				   const struct scope *scope, size_t i)
{
	const struct get_extended_update_info *sent = call->request;
	const struct update *update = NULL;

	if (is_second(call)) {
		const struct sent_identity *identity = sent->identities.list.items;
		struct update_identity id = { .id = identity[i].id,
					      .revision = (int32_t)identity[i].revision };
		if (identity[i].revision > 0 && identity[i].revision <= INT32_MAX)
			update = library_by_identity(view->library, &id);
	} else {
		int64_t id = ((const int64_t *)sent->revisions.list.items)[i];
		if (id > 0 && id <= INT32_MAX)
			update = library_by_revision(view->library, (int32_t)id);
	}
	return deploy_in_scope(scope, update) ? update : NULL;
}

static size_t wanted_count(const struct wusp_call *call)
{
	const struct get_extended_update_info *sent = call->request;
	return sent->identities.list.count + sent->revisions.list.count;
}

static bool language_fits(const char *language, const char *locale, size_t size)
{
	return strlen(language) == size && strncasecmp(language, locale, size) == 0;
}

/* In the first locale for which there is one, by the whole or by its language; else in
 * English, else in any. */
static const struct update_fragment *in_language(const struct update_fragment *fragments,
						 size_t count, const struct many *locales)
{
	const struct soap_text *words = locales->list.items;

	for (size_t w = 0; w < locales->list.count; w++) {
		if (words[w].at == NULL)
			continue;
		size_t sizes[] = { words[w].size, strcspn(words[w].at, "-") };
		for (size_t s = 0; s < 2; s++) {
			for (size_t i = 0; i < count; i++) {
				if (language_fits(fragments[i].language, words[w].at,
						  sizes[s]))
					return &fragments[i];
			}
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (language_fits(fragments[i].language, "en", 2))
			return &fragments[i];
	}
	return count > 0 ? fragments : NULL;
}

static void put_fragment(struct soap_writer *out, const struct update *update,
			 const struct update_fragment *fragment)
{
	if (fragment == NULL || fragment->size == 0)
		return;
	soap_open(out, "Update");
	soap_int(out, "ID", update->revision_id);
	soap_open(out, "Xml");
	soap_raw(out, fragment->text, fragment->size);
	soap_close(out, "Xml");
	soap_close(out, "Update");
}

static void put_fragments(struct wusp_call *call, const struct view *view,
			  const struct scope *scope, struct soap_writer *out)
{
	const struct get_extended_update_info *sent = call->request;
	unsigned bits = 0;

	read_types(&sent->info_types, &bits);
	soap_open(out, "Updates");
	for (size_t i = 0; i < wanted_count(call); i++) {
		const struct update *update = wanted(call, view, scope, i);
		if (update == NULL)
			continue;
		const struct update_document *document = &update->document;
		if (bits & INFO_CORE)
			put_fragment(out, update, &document->core);
		if (bits & INFO_EXTENDED)
			put_fragment(out, update, &document->extended);
		if (bits & INFO_LOCALIZED)
			put_fragment(out, update,
				     in_language(document->localized,
						 document->localized_count,
						 &sent->locales));
		if (bits & INFO_EULA)
			put_fragment(out, update,
				     in_language(document->eulas, document->eula_count,
						 &sent->locales));
	}
	soap_close(out, "Updates");
}

static bool has_file(const struct update_document *document, size_t count,
		     const struct update_file *file)
{
	for (size_t i = 0; i < count; i++) {
		if (memcmp(document->files[i].sha1, file->sha1, sizeof file->sha1) == 0)
			return true;
	}
	return false;
}

/* Was the f-th file of the i-th update told of already? */
static bool was_put(struct wusp_call *call, const struct view *view,
		    const struct scope *scope, size_t i, size_t f)
{
	const struct update_document *document = &wanted(call, view, scope, i)->document;

	for (size_t u = 0; u < i; u++) {
		const struct update *before = wanted(call, view, scope, u);
		if (before != NULL &&
		    has_file(&before->document, before->document.file_count,
			     &document->files[f]))
			return true;
	}
	return has_file(document, f, &document->files[f]);
}

static void put_locations(struct wusp_call *call, const struct view *view,
			  const struct scope *scope, struct soap_writer *out)
{
	char room[WUSP_BASE];
	const char *base = wusp_content_base(call, room);

	soap_open(out, "FileLocations");
	for (size_t i = 0; i < wanted_count(call); i++) {
		const struct update *update = wanted(call, view, scope, i);
		for (size_t f = 0; update != NULL && f < update->document.file_count;
		     f++) {
			const struct update_file *file = &update->document.files[f];
			if (!was_put(call, view, scope, i, f))
				wusp_put_location(out, base, file, is_second(call));
		}
	}
	soap_close(out, "FileLocations");
}

static void put_unknown(struct wusp_call *call, const struct view *view,
			const struct scope *scope, struct soap_writer *out)
{
	const struct get_extended_update_info *sent = call->request;
	const int64_t *ids = sent->revisions.list.items;
	bool any = false;

	for (size_t i = 0; i < sent->revisions.list.count; i++) {
		if (wanted(call, view, scope, i) != NULL)
			continue;
		if (!any)
			soap_open(out, "OutOfScopeRevisionIDs");
		any = true;
		soap_int(out, "int", ids[i]);
	}
	if (any)
		soap_close(out, "OutOfScopeRevisionIDs");
}

static void put_encryption(struct wusp_call *call, const struct view *view,
			   const struct scope *scope, struct soap_writer *out)
{
	soap_open(out, "UpdateEncryptionDetails");
	for (size_t i = 0; i < wanted_count(call); i++) {
		const struct update *update = wanted(call, view, scope, i);
		if (update == NULL)
			continue;
		soap_open(out, "UpdateEncryptionDetail");
		soap_open(out, "UpdateIdentity");
		soap_guid(out, "UpdateID", &update->document.identity.id);
		soap_int(out, "RevisionNumber", update->document.identity.revision);
		soap_close(out, "UpdateIdentity");
		soap_bool(out, "HasEncryptedFiles", false);
		soap_close(out, "UpdateEncryptionDetail");
	}
	soap_close(out, "UpdateEncryptionDetails");
}

static void answer_info(struct wusp_call *call)
{
	bool second = is_second(call);
	const char *result =
		second ? "GetExtendedUpdateInfo2Result" : "GetExtendedUpdateInfoResult";
	struct view *view = site_view(call->desk->site);
	struct deploy_scene scene = scene_now(call, view);
	const struct scope *scope = deploy_scope(&scene);
	struct soap_writer out;

	wusp_answer(call, &out);
	soap_open(&out, result);
	put_fragments(call, view, scope, &out);
	put_locations(call, view, scope, &out);
	if (second)
		put_encryption(call, view, scope, &out);
	else
		put_unknown(call, view, scope, &out);
	soap_close(&out, result);
	view_give(view);
	wusp_reply(call, &out);
}

static bool belongs_to(const struct update *update, const struct update *root)
{
	if (update == root)
		return true;
	for (size_t i = 0; i < root->document.member_count; i++) {
		if (guid_equal(&root->document.members[i].id,
			       &update->document.identity.id))
			return true;
	}
	return false;
}

/* Does the agent fetch, for the first time, what its flow is about? */
static bool is_retrieving(struct wusp_call *call, const struct view *view,
			  const struct deploy_scene *scene)
{
	const struct update *root = deploy_root(scene);
	const struct scope *scope = deploy_scope(scene);

	if (root == NULL || scene->record->history.flow.retrieved_s != 0)
		return false;
	for (size_t i = 0; i < wanted_count(call); i++) {
		const struct update *update = wanted(call, view, scope, i);
		if (update != NULL && belongs_to(update, root))
			return true;
	}
	return false;
}

static int note_retrieved(struct wusp_call *call, struct problem *p)
{
	struct change *change = &call->change;
	const int64_t *flow = call->scratch;
	(void)p;
	passage_retrieved(change->record, *flow, change->now_s, change->outcome);
	return 0;
}

static void serve_info(struct wusp_call *call)
{
	struct view *view = site_view(call->desk->site);
	struct deploy_scene scene = scene_now(call, view);
	int64_t *flow = NULL;

	bool retrieving = is_retrieving(call, view, &scene);
	view_give(view);
	if (!retrieving) {
		answer_info(call);
		return;
	}
	flow = exchange_allocate(call->exchange, sizeof *flow);
	if (flow == NULL) {
		wusp_reply_fault(call, WUSP_SERVER_BUSY, NULL);
		return;
	}
	*flow = call->desk->record.history.flow.id;
	call->scratch = flow;
	wusp_change(call, call->computer.device, note_retrieved, answer_info);
}

/* The parameter that cannot be; NULL where all can. */
static const char *fault_in(const struct get_extended_update_info *sent)
{
	unsigned bits;

	if (sent->revisions.list.count > EXTENDED_MOST)
		return "revisionIDs";
	if (sent->identities.list.count > EXTENDED_MOST)
		return "updateIDs";
	if (!read_types(&sent->info_types, &bits))
		return "infoTypes";
	return (bits & (INFO_LOCALIZED | INFO_EULA)) != 0 && !sent->has_locales
		       ? "locales"
		       : NULL;
}

void wusp_get_extended_update_info(struct wusp_call *call)
{
	const struct get_extended_update_info *sent = call->request;

	if (!wusp_session(call, &sent->cookie, 0))
		return;
	const char *at_fault = fault_in(sent);
	if (at_fault != NULL)
		wusp_reply_fault(call, WUSP_INVALID_PARAMETERS, at_fault);
	else
		serve_info(call);
}

void wusp_get_extended_update_info2(struct wusp_call *call)
{
	wusp_get_extended_update_info(call);
}

static bool are_digests(const struct many *digests)
{
	const struct soap_text *list = digests->list.items;

	for (size_t i = 0; i < digests->list.count; i++) {
		if (list[i].size != DIGEST_BYTES)
			return false;
	}
	return digests->list.count > 0;
}

/* Files that are not here are left out: an address that leads nowhere helps nobody.
 * From now on the agent knows where they are. */
void wusp_get_file_locations(struct wusp_call *call)
{
	const struct get_file_locations *sent = call->request;
	const struct soap_text *digests = sent->digests.list.items;
	char room[WUSP_BASE];
	struct soap_writer out;

	if (!wusp_session(call, &sent->cookie, 0))
		return;
	if (!are_digests(&sent->digests)) {
		wusp_reply_fault(call, WUSP_INVALID_PARAMETERS, "fileDigests");
		return;
	}
	struct view *view = site_view(call->desk->site);
	const char *base = wusp_content_base(call, room);
	wusp_answer(call, &out);
	soap_open(&out, "GetFileLocationsResult");
	soap_open(&out, "FileLocations");
	for (size_t i = 0; i < sent->digests.list.count; i++) {
		const struct update_file *file =
			library_file(view->library, (const uint8_t *)digests[i].at);
		if (file != NULL)
			wusp_put_location(&out, base, file, false);
	}
	soap_close(&out, "FileLocations");
	uint64_t place = wusp_present(call, view).configuration & ~(uint64_t)UINT32_MAX;
	call->cookie.configuration = place | (uint32_t)call->cookie.configuration;
	wusp_put_cookie(call, view, &out, "NewCookie");
	soap_close(&out, "GetFileLocationsResult");
	view_give(view);
	wusp_reply(call, &out);
}

static void put_refreshed(struct soap_writer *out, const struct sync_item *item,
			  const struct sent_identity *identity)
{
	soap_open(out, "RefreshCacheResult");
	soap_int(out, "RevisionID", item->update->revision_id);
	soap_open(out, "GlobalID");
	soap_guid(out, "UpdateID", &identity->id);
	soap_int(out, "RevisionNumber", identity->revision);
	soap_close(out, "GlobalID");
	soap_bool(out, "IsLeaf", item->update->is_leaf);
	sync_put_deployment(out, item);
	soap_close(out, "RefreshCacheResult");
}

/* Members of bundles are left out, as by the original server; so is what we do not know:
 * the agent then drops it. */
void wusp_refresh_cache(struct wusp_call *call)
{
	const struct refresh_cache *sent = call->request;
	const struct sent_identity *identities = sent->identities.list.items;
	struct soap_writer out;

	if (!wusp_session(call, &sent->cookie, 0))
		return;
	struct view *view = site_view(call->desk->site);
	struct deploy_scene scene = scene_now(call, view);
	struct deployment deployment = deploy_of(&scene);
	const struct scope *scope = deploy_scope(&scene);
	wusp_answer(call, &out);
	soap_open(&out, "RefreshCacheResult");
	for (size_t i = 0; i < sent->identities.list.count; i++) {
		struct update_identity id = { .id = identities[i].id,
					      .revision =
						      (int32_t)identities[i].revision };
		const struct update *update = NULL;
		if (identities[i].revision > 0 && identities[i].revision <= INT32_MAX)
			update = library_by_identity(view->library, &id);
		if (!deploy_in_scope(scope, update))
			continue;
		struct sync_item item = sync_deployed(update, &deployment);
		if (item.action != DEPLOY_BUNDLE)
			put_refreshed(&out, &item, &identities[i]);
	}
	soap_close(&out, "RefreshCacheResult");
	view_give(view);
	wusp_reply(call, &out);
}

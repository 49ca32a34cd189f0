/* What the catalog holds: its files and its releases. */

#include "engine/catalog.h"
#include "protocol/admin/call.h"
#include "protocol/admin/decision_json.h"
#include "protocol/admin/routes.h"
#include "protocol/server/site.h"

static int each_file(void *owner, const struct document *document)
{
	json_t *one = json_object();

	member_set(one, "name", text_json(document->name));
	member_set(one, "revision", json_integer(document->revision));
	member_set(one, "imported", instant_json(document->at_s));
	member_set(one, "by", text_json(document->by));
	return json_array_append_new(owner, one);
}

/* Is there a file for every architecture it is published for? */
static bool has_payload(const struct view *view, const struct product *product,
			const struct title *title)
{
	for (int arch = ARCH_X64; arch <= ARCH_ARM64; arch++) {
		const struct line *line = product_line(product, (enum arch)arch);
		if ((title->archs & arch) == 0 || line == NULL)
			continue;
		const struct release release = { .kb = title->kb, .build = title->build };
		if (view_payload(view, line, &release) == NULL)
			return false;
	}
	return true;
}

static json_t *archs_json(const struct title *title)
{
	json_t *list = json_array();

	for (int arch = ARCH_X64; arch <= ARCH_ARM64; arch++) {
		if ((title->archs & arch) != 0)
			json_array_append_new(list,
					      json_string(arch_name((enum arch)arch)));
	}
	return list;
}

static json_t *supersedes_json(const struct title *title)
{
	char kb[KB_TEXT];
	json_t *list = json_array();

	for (size_t i = 0; i < title->supersedes_count; i++)
		json_array_append_new(list,
				      json_string(kb_format(title->supersedes[i], kb)));
	return list;
}

static json_t *release_json(const struct view *view, const struct line *line,
			    const struct release *release)
{
	const struct title *title = &view->snapshot->catalog->titles[release->title];
	char kb[KB_TEXT], build[BUILD_TEXT];
	json_t *one = json_object();

	member_set(one, "product", json_string(line->product->id));
	member_set(one, "kb", json_string(kb_format(release->kb, kb)));
	member_set(one, "build", json_string(build_format(release->build, build)));
	member_set(one, "kind", json_string(release_kind_names[release->kind]));
	member_set(one, "cadence", json_string(cadence_names[release->cadence]));
	member_set(one, "published", instant_json(release->published_s));
	member_set(one, "arch", archs_json(title));
	if (release->quarter >= 0 && release->kind != RELEASE_BASELINE) {
		const struct release *baseline = &line->releases[release->quarter];
		member_set(one, "baseline", json_string(kb_format(baseline->kb, kb)));
	}
	if (release->repairs >= 0) {
		const struct release *repaired = &line->releases[release->repairs];
		member_set(one, "repairs", json_string(kb_format(repaired->kb, kb)));
	}
	member_set(one, "offer", json_string(release_offer_names[release->offer]));
	member_set(one, "supersedes", supersedes_json(title));
	if (release->match_text != NULL)
		member_set(one, "match", json_string(release->match_text));
	member_set(one, "payload", json_boolean(has_payload(view, line->product, title)));
	return one;
}

/* A title is told by the first of its lines: x64, or arm64 where it has no other. */
static json_t *releases_json(const struct view *view)
{
	const struct catalog *catalog = view->snapshot->catalog;
	json_t *list = json_array();

	for (size_t i = 0; i < catalog->product_count; i++) {
		for (int l = 0; l < 2; l++) {
			const struct line *line = &catalog->products[i].lines[l];
			for (size_t r = 0; r < line->count; r++) {
				const struct release *release = &line->releases[r];
				uint8_t archs = catalog->titles[release->title].archs;
				if (line->arch != ARCH_X64 && (archs & ARCH_X64) != 0)
					continue;
				json_array_append_new(list,
						      release_json(view, line, release));
			}
		}
	}
	return list;
}

void api_catalog(struct call *call)
{
	struct desk *desk = call->desk;
	const struct backend_ops *ops = site_backend(desk->site)->ops;
	json_t *files = json_array();
	struct problem p;

	if (ops->documents(desk->session, "catalog", each_file, files, &p) < 0) {
		json_decref(files);
		call_problem(call, &p);
		return;
	}
	struct view *view = site_view(desk->site);
	json_t *releases = releases_json(view);
	view_give(view);
	call_reply(call, 200,
		   json_pack("{s:o, s:o}", "files", files, "releases", releases));
}

#include "stage.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "engine/catalog_draft.h"
#include "engine/expression.h"
#include "engine/problem.h"
#include "protocol/xml/catalog_xml.h"
#include "protocol/xml/files_read.h"
#include "protocol/xml/plan_xml.h"
#include "protocol/xml/zone_files.h"

enum { PATH = 512, FILES_MOST = 32 };

struct stage *stage_new(const char *folder, struct trouble *trouble)
{
	struct stage *stage = calloc(1, sizeof *stage);

	if (stage == NULL)
		return NULL;
	stage->trouble = trouble;
	stage->folder = folder;
	stage->next_flow_id = 1;
	stage->zones = zone_files_new();
	if (stage->zones == NULL) {
		free(stage);
		return NULL;
	}
	return stage;
}

void stage_free(struct stage *stage)
{
	for (size_t i = 0; i < stage->actor_count; i++)
		free(stage->actors[i]);
	rollouts_give(stage->rollouts);
	plan_give(stage->plan);
	catalog_give(stage->catalog);
	zone_files_free(stage->zones);
	free(stage);
}

static int tell_findings(const struct words *words, struct findings *findings)
{
	char text[700] = "without memory";

	if (findings->count > 0)
		finding_format(&findings->list[0], text, sizeof text);
	findings_fini(findings);
	return trouble_tell(words, "%s", text);
}

/* One catalog file into the draft.  `path` must outlive it. */
static int read_catalog_file(struct catalog_draft *draft, const char *path,
			     const struct words *words)
{
	struct findings findings;
	struct problem p;
	size_t size;
	char *text = files_read(path, LIMIT_XML_DOCUMENT, &size, &p);

	if (text == NULL)
		return trouble_tell(words, "%s", p.text);
	findings_init(&findings);
	int rc = catalog_xml_read(draft, path, text, size, &findings);
	free(text);
	if (rc < 0)
		return tell_findings(words, &findings);
	findings_fini(&findings);
	return 0;
}

static int is_xml(const struct dirent *entry)
{
	size_t size = strlen(entry->d_name);
	return size > 4 && strcmp(entry->d_name + size - 4, ".xml") == 0;
}

/* The files of a folder, by name; or the one file.  They are to be freed. */
static int list_files(const char *path, char *files[static FILES_MOST])
{
	struct dirent **entries;
	char whole[PATH];
	int found = scandir(path, &entries, is_xml, alphasort), count = 0;

	if (found < 0) {
		files[0] = strdup(path);
		return 1;
	}
	for (int i = 0; i < found; i++) {
		snprintf(whole, sizeof whole, "%.250s/%.250s", path, entries[i]->d_name);
		if (count < FILES_MOST)
			files[count++] = strdup(whole);
		free(entries[i]);
	}
	free(entries);
	return count;
}

/* A release of the history is made for some devices only, as a catalog would say it. */
static int set_target(struct catalog_draft *draft, const struct target *target,
		      const struct words *words)
{
	bool found = false;

	assert(draft != NULL);
	for (size_t i = 0; i < draft->release_count; i++) {
		struct draft_release *release = &draft->releases[i];
		struct problem p;
		if (release->kb != target->kb ||
		    strcmp(draft->products[release->product].product.id,
			   target->product) != 0)
			continue;
		found = true;
		expression_free(release->match);
		free(release->match_text);
		release->match = expression_compile(target->match, &p);
		release->match_text = strdup(target->match);
		if (release->match == NULL || release->match_text == NULL)
			return trouble_tell(words, "'%s': %s", target->match, p.text);
	}
	if (!found)
		return trouble_tell(words, "%s has no KB%u", target->product, target->kb);
	return 0;
}

static int seal_catalog(struct stage *stage, struct catalog_draft *draft,
			const struct words *words)
{
	struct findings findings;

	for (size_t i = 0; i < stage->target_count; i++) {
		if (set_target(draft, &stage->targets[i], words) < 0)
			return -1;
	}
	findings_init(&findings);
	stage->catalog = catalog_seal(draft, &findings);
	if (stage->catalog == NULL)
		return tell_findings(words, &findings);
	findings_fini(&findings);
	return 0;
}

static int read_catalog(struct stage *stage, const struct words *words)
{
	char path[PATH], *files[FILES_MOST];
	struct catalog_draft *draft = catalog_draft_new();

	snprintf(path, sizeof path, "%.250s/%.250s", stage->folder, stage->catalog_path);
	int count = list_files(path, files);
	int rc = draft != NULL && count > 0
			 ? 0
			 : trouble_tell(words, "no catalog in %s", path);
	for (int i = 0; i < count && rc == 0; i++)
		rc = read_catalog_file(draft, files[i], words);
	if (rc == 0)
		rc = seal_catalog(stage, draft, words);
	for (int i = 0; i < count; i++)
		free(files[i]);
	catalog_draft_free(draft);
	return rc;
}

static struct plan *plan_from_file(struct stage *stage, const struct words *words)
{
	char path[PATH];
	struct findings findings;
	struct problem p;
	size_t size;

	snprintf(path, sizeof path, "%.250s/%.250s", stage->folder, stage->plan_path);
	char *text = files_read(path, LIMIT_XML_DOCUMENT, &size, &p);
	if (text == NULL) {
		trouble_tell(words, "%s", p.text);
		return NULL;
	}
	findings_init(&findings);
	struct plan_draft *draft = plan_xml_read(stage->plan_path, text, size, &findings);
	free(text);
	struct plan *plan = NULL;
	if (draft != NULL)
		plan = plan_seal(draft, zone_files_find, stage->zones, &findings);
	plan_draft_free(draft);
	if (plan == NULL)
		tell_findings(words, &findings);
	else
		findings_fini(&findings);
	return plan;
}

static int read_plan(struct stage *stage, const struct words *words)
{
	struct plan *plan = stage->plan_path[0] != '\0' ? plan_from_file(stage, words)
							: plan_from_lines(stage, words);
	if (plan == NULL)
		return -1;
	plan_give(stage->plan);
	stage->plan = plan;
	stage->plan_is_new = false;
	stage->rollouts_are_new = true;
	return 0;
}

static int build_rollouts(struct stage *stage, const struct words *words)
{
	struct rollouts *rollouts = rollouts_build(stage->catalog, stage->plan,
						   stage->records, stage->record_count);
	if (rollouts == NULL)
		return trouble_tell(words, "without memory");
	for (size_t i = 0; i < stage->missing_count; i++) {
		rollouts_payload_missing(rollouts, &stage->missing[i], ARCH_X64);
		rollouts_payload_missing(rollouts, &stage->missing[i], ARCH_ARM64);
	}
	rollouts_give(stage->rollouts);
	stage->rollouts = rollouts;
	stage->rollouts_are_new = false;
	return 0;
}

int stage_ready(struct stage *stage, const struct words *words)
{
	if (stage->catalog == NULL && stage->catalog_path[0] == '\0')
		return trouble_tell(words, "no catalog is named yet");
	if (stage->catalog == NULL && read_catalog(stage, words) < 0)
		return -1;
	if ((stage->plan == NULL || stage->plan_is_new) && read_plan(stage, words) < 0)
		return -1;
	return stage->rollouts_are_new ? build_rollouts(stage, words) : 0;
}

int stage_move(struct stage *stage, int64_t to_s, const struct words *words)
{
	char now[INSTANT_TEXT], to[INSTANT_TEXT];

	if (stage->has_begun && to_s < stage->now_s)
		return trouble_tell(words, "time does not go back: it is %s, not %s",
				    instant_format(stage->now_s, now),
				    instant_format(to_s, to));
	stage->has_begun = true;
	stage->now_s = to_s;
	if (stage_ready(stage, words) < 0)
		return -1;
	for (size_t i = 0; i < stage->actor_count; i++) {
		struct actor *actor = stage->actors[i];
		if (!actor->is_away && actor_visit(stage, actor, words) < 0)
			return -1;
	}
	return gates_judge(stage, words);
}

static bool is_key_of(const struct rollout_record *record, const struct release_key *key,
		      const char *ring)
{
	return strcmp(record->ring, ring) == 0 && release_key_equal(&record->key, key);
}

struct rollout_record *stage_record(struct stage *stage, const struct release_key *key,
				    const char *ring, const struct words *words)
{
	stage->rollouts_are_new = true;
	for (size_t i = 0; i < stage->record_count; i++) {
		if (is_key_of(&stage->records[i], key, ring))
			return &stage->records[i];
	}
	if (stage->record_count == STAGE_RECORDS) {
		trouble_tell(words, "more than %d rollouts", STAGE_RECORDS);
		return NULL;
	}
	struct rollout_record *record = &stage->records[stage->record_count++];
	memset(record, 0, sizeof *record);
	record->key = *key;
	snprintf(record->ring, sizeof record->ring, "%s", ring);
	return record;
}

struct situation stage_situation(struct stage *stage, const struct actor *actor)
{
	const char *zone = facts_get(&actor->record.facts, "tz");

	return (struct situation){
		.device = actor->record.id,
		.facts = &actor->record.facts,
		.history = &actor->record.history,
		.catalog = stage->catalog,
		.plan = stage->plan,
		.rollouts = stage->rollouts,
		.zone = zone == NULL ? NULL : zone_files_find(stage->zones, zone),
		.now_s = stage->now_s,
	};
}

void stage_decide(struct stage *stage, const struct actor *actor,
		  struct decision *decision)
{
	struct situation situation = stage_situation(stage, actor);
	decide(&situation, decision);
}

static struct trial *find_trial(struct stage *stage, int64_t flow)
{
	for (size_t i = stage->trial_count; i > 0; i--) {
		if (stage->trials[i - 1].flow == flow)
			return &stage->trials[i - 1];
	}
	return NULL;
}

static void keep_flow_event(struct stage *stage, const struct actor *actor,
			    const struct event *event)
{
	struct trial *trial = find_trial(stage, event->flow);

	if (event->flow_kind != FLOW_INSTALL)
		return;
	if (trial == NULL && stage->trial_count < STAGE_OUTCOMES) {
		trial = &stage->trials[stage->trial_count++];
		*trial = (struct trial){ .actor = actor,
					 .key = event->key,
					 .flow = event->flow,
					 .offered_s = event->at_s };
		memcpy(trial->ring, event->ring, sizeof trial->ring);
	}
	if (trial == NULL)
		return; /* so many that no gate of a script counts them */
	trial->state = event->to;
	trial->code = event->code;
	if (flow_state_is_final(event->to))
		trial->ended_s = event->at_s;
}

void stage_keep(struct stage *stage, struct actor *actor, const struct outcome *outcome)
{
	for (int i = 0; i < outcome->count; i++) {
		const struct event *event = &outcome->events[i];
		actor->events[event->kind]++;
		if (event->kind == EVENT_FLOW)
			keep_flow_event(stage, actor, event);
	}
}

#include "protocol/command/history_fold.h"

#include <stdio.h>
#include <string.h>

#include "engine/instant.h"
#include "engine/problem.h"
#include "protocol/command/device_line.h"
#include "protocol/command/json_scan.h"
#include "protocol/command/suggest.h"

enum field {
	FIELD_AT,
	FIELD_EVENT,
	FIELD_KB,
	FIELD_BUILD,
	FIELD_PRODUCT,
	FIELD_KBS,
	FIELD_UNTIL,
	FIELD_INSTALL_BY,
	TEXT_FIELDS
};

static const char *const field_names[] = { "at",    "event",      "kb",
					   "build", "product",    "kbs",
					   "until", "install_by", "wait" };
enum { FIELDS = sizeof field_names / sizeof field_names[0] };

struct happening {
	const char *texts[TEXT_FIELDS]; /* NULL: absent */
	bool wait;
	int64_t at_s;
	int64_t until_s, install_by_s; /* INSTANT_NONE: absent */
	struct release_key key;
	const struct line *line;       /* NULL: the catalog does not have it */
	const struct release *release; /* NULL likewise */
};

struct fold {
	struct device_line *device;
	struct history *history;
	const struct situation *situation;
	struct happening now;
};

static struct mark *mark_of(struct fold *fold)
{
	return history_mark_open(fold->history, &fold->now.key, fold->now.at_s);
}

/* A flow for this release begins, unless it is the one that runs. */
static struct flow *flow_of(struct fold *fold, enum flow_kind kind)
{
	struct flow *flow = &fold->history->flow;
	const struct happening *now = &fold->now;
	bool runs = flow->state != FLOW_NONE && !flow_state_is_final(flow->state);

	if (runs && flow->kind == kind && release_key_equal(&flow->key, &now->key))
		return flow;
	*flow = (struct flow){ .id = 1,
			       .kind = kind,
			       .key = now->key,
			       .offered_s = now->at_s,
			       .retrieved_s = now->at_s };
	if (now->release != NULL)
		flow->release_kind = now->release->kind;
	flow->ends_recovery = kind == FLOW_INSTALL &&
			      fold->history->request.kind == REQUEST_ROLLBACK &&
			      fold->history->request.state == RECOVERY_REMOVED;
	return flow;
}

static void enter(struct fold *fold, struct flow *flow, enum flow_state state)
{
	int64_t at_s = fold->now.at_s;

	flow->state = state;
	flow->changed_s = at_s;
	flow->lease_s = flow_state_is_final(state) ? 0 : at_s + flow_lease_s(state);
	if (state == FLOW_RESTART_PENDING && flow->pending_since_s == 0)
		flow->pending_since_s = at_s;
}

static void leave_mark(struct fold *fold, enum flow_state state)
{
	struct mark *mark = mark_of(fold);

	if (mark->first_offered_s == 0)
		mark->first_offered_s = fold->now.at_s;
	if (state == FLOW_VERIFIED) {
		mark->failures = mark->unshown = 0;
		mark->not_applicable = mark->unverifiable = false;
	} else if (state == FLOW_FAILED || state == FLOW_EXPIRED) {
		mark->failures++;
		mark->last_failed_s = fold->now.at_s;
	} else if (state == FLOW_NOT_APPLICABLE) {
		mark->not_applicable = true;
	} else if (state == FLOW_UNVERIFIED) {
		mark->unshown++;
		if (facts_known(fold->situation->facts, FACT_OS_BUILD) == NULL)
			mark->unverifiable = true;
	}
}

static void fold_install(struct fold *fold, enum flow_state state)
{
	struct request *request = &fold->history->request;
	struct flow *flow = &fold->history->flow;
	/* a restart may end an uninstall too; the state alone does not say */
	enum flow_kind kind =
		state == FLOW_RESTART_PENDING && flow->state == FLOW_REMOVING
			? FLOW_UNINSTALL
			: FLOW_INSTALL;

	flow = flow_of(fold, kind);
	enter(fold, flow, state);
	if (kind == FLOW_UNINSTALL) {
		request->state = RECOVERY_REMOVE_RESTART;
		return;
	}
	if (fold->now.install_by_s != INSTANT_NONE)
		flow->install_by_s = fold->now.install_by_s;
	leave_mark(fold, state);
	if (flow->ends_recovery)
		request->state = state == FLOW_VERIFIED ? RECOVERY_RECOVERED
							: RECOVERY_LCU_OFFERED;
}

/* With a hotpatch goes everything of its quarter published until then. */
static void block_quarter(struct fold *fold)
{
	const struct happening *now = &fold->now;

	for (size_t i = 0; now->line != NULL && i < now->line->count; i++) {
		const struct release *other = &now->line->releases[i];
		struct release_key key;
		if (other->quarter < 0 || other->quarter != now->release->quarter ||
		    other->kind == RELEASE_BASELINE || other->published_s > now->at_s)
			continue;
		release_key_set(&key, now->line, other);
		struct mark *mark = history_mark_open(fold->history, &key, now->at_s);
		mark->block = BLOCK_UNINSTALLED;
		mark->blocked_s = now->at_s;
	}
}

static void fold_uninstall(struct fold *fold, enum flow_state state)
{
	struct request *request = &fold->history->request;

	enter(fold, flow_of(fold, FLOW_UNINSTALL), state);
	if (request->kind != REQUEST_NONE)
		request->state =
			state == FLOW_REMOVED ? RECOVERY_REMOVED : RECOVERY_REMOVING;
	if (state != FLOW_REMOVED)
		return;
	struct mark *mark = mark_of(fold);
	mark->block = BLOCK_UNINSTALLED;
	mark->blocked_s = fold->now.at_s;
	block_quarter(fold);
}

static void fold_request(struct fold *fold, enum flow_state state)
{
	const struct happening *now = &fold->now;
	bool is_rollback = strcmp(now->texts[FIELD_EVENT], "rollback-requested") == 0;

	(void)state;
	fold->history->request = (struct request){
		.kind = is_rollback ? REQUEST_ROLLBACK : REQUEST_UNINSTALL,
		.state = RECOVERY_REQUESTED,
		.wait = now->wait,
		.key = now->key,
		.removed_published_s =
			now->release != NULL ? now->release->published_s : now->at_s,
		.at_s = now->at_s,
	};
}

static void fold_recovery(struct fold *fold, enum flow_state state)
{
	(void)state;
	fold->history->request.state = strcmp(fold->now.texts[FIELD_EVENT], "stuck") == 0
					       ? RECOVERY_STUCK
					       : RECOVERY_RECOVERED;
}

static void fold_block(struct fold *fold, enum flow_state state)
{
	struct mark *mark = mark_of(fold);

	(void)state;
	mark->block = strcmp(fold->now.texts[FIELD_EVENT], "blocked") == 0
			      ? BLOCK_OPERATOR
			      : BLOCK_NONE;
	mark->blocked_s = fold->now.at_s;
}

static void fold_retry(struct fold *fold, enum flow_state state)
{
	struct mark *mark = mark_of(fold);

	(void)state;
	mark->failures = mark->unshown = 0;
	mark->not_applicable = mark->unverifiable = false;
}

static void fold_pause(struct fold *fold, enum flow_state state)
{
	(void)state;
	/* resumed has no `until` */
	fold->history->paused_until_s =
		fold->now.until_s == INSTANT_NONE ? 0 : fold->now.until_s;
}

static void fold_seen(struct fold *fold, enum flow_state state)
{
	(void)state;
	history_saw(fold->history, &fold->device->seen, fold->now.at_s);
}

static int read_seen(struct fold *fold, struct problem *p)
{
	const char *kbs = fold->now.texts[FIELD_KBS];

	facts_init(&fold->device->seen);
	if (kbs == NULL)
		return 0;
	return facts_set(&fold->device->seen, "os.kbs", kbs, fold->now.at_s,
			 FACT_REPORTED, NULL, p);
}

#define NEEDS(field) (1U << (field))

/* clang-format off */
static const struct event_row {
	const char *name;
	unsigned needs; /* beside `at` */
	void (*fold)(struct fold *fold, enum flow_state state);
	enum flow_state state;
} rows[] = {
	{ "offered",         NEEDS(FIELD_KB), fold_install, FLOW_OFFERED },
	{ "accepted",        NEEDS(FIELD_KB), fold_install, FLOW_ACCEPTED },
	{ "downloading",     NEEDS(FIELD_KB), fold_install, FLOW_DOWNLOADING },
	{ "downloaded",      NEEDS(FIELD_KB), fold_install, FLOW_DOWNLOADED },
	{ "installing",      NEEDS(FIELD_KB), fold_install, FLOW_INSTALLING },
	{ "installed",       NEEDS(FIELD_KB), fold_install, FLOW_INSTALLED },
	{ "restart-pending", NEEDS(FIELD_KB), fold_install, FLOW_RESTART_PENDING },
	{ "verified",        NEEDS(FIELD_KB), fold_install, FLOW_VERIFIED },
	{ "unverified",      NEEDS(FIELD_KB), fold_install, FLOW_UNVERIFIED },
	{ "failed",          NEEDS(FIELD_KB), fold_install, FLOW_FAILED },
	{ "not-applicable",  NEEDS(FIELD_KB), fold_install, FLOW_NOT_APPLICABLE },
	{ "rejected",        NEEDS(FIELD_KB), fold_install, FLOW_REJECTED },
	{ "expired",         NEEDS(FIELD_KB), fold_install, FLOW_EXPIRED },
	{ "withdrawn",       NEEDS(FIELD_KB), fold_install, FLOW_WITHDRAWN },
	{ "removing",        NEEDS(FIELD_KB), fold_uninstall, FLOW_REMOVING },
	{ "removed",         NEEDS(FIELD_KB), fold_uninstall, FLOW_REMOVED },
	{ "uninstall-requested", NEEDS(FIELD_KB), fold_request, FLOW_NONE },
	{ "rollback-requested",  NEEDS(FIELD_KB), fold_request, FLOW_NONE },
	{ "recovered",       0, fold_recovery, FLOW_NONE },
	{ "stuck",           0, fold_recovery, FLOW_NONE },
	{ "blocked",         NEEDS(FIELD_KB), fold_block, FLOW_NONE },
	{ "unblocked",       NEEDS(FIELD_KB), fold_block, FLOW_NONE },
	{ "retry",           NEEDS(FIELD_KB), fold_retry, FLOW_NONE },
	{ "paused",          NEEDS(FIELD_UNTIL), fold_pause, FLOW_NONE },
	{ "resumed",         0, fold_pause, FLOW_NONE },
	{ "seen",            NEEDS(FIELD_KBS), fold_seen, FLOW_NONE },
};
/* clang-format on */
enum { ROWS_OF_EVENTS = sizeof rows / sizeof rows[0] };

static const struct event_row *find_row(const char *name, struct problem *p)
{
	const char *names[ROWS_OF_EVENTS];

	for (size_t i = 0; i < ROWS_OF_EVENTS; i++) {
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
		names[i] = rows[i].name;
	}
	problem_set(p, PROBLEM_BAD_INPUT, "there is no event \"%.40s\"%s", name,
		    suggest(name, names, ROWS_OF_EVENTS).text);
	return NULL;
}

static int read_field(struct happening *now, struct json_scan *scan, const char *name,
		      struct problem *p)
{
	size_t field = 0;

	while (field < FIELDS && strcmp(field_names[field], name) != 0)
		field++;
	if (field == FIELDS) {
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "an event has no member \"%.60s\"%s", name,
				   suggest(name, field_names, FIELDS).text);
	}
	if (field == TEXT_FIELDS)
		return json_scan_truth(scan, &now->wait) ? 0 : json_scan_fault(scan, p);
	if (now->texts[field] != NULL)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the member \"%s\" is there twice", name);
	now->texts[field] = json_scan_text(scan);
	return now->texts[field] != NULL ? 0 : json_scan_fault(scan, p);
}

static int read_time(const struct happening *now, enum field field, int64_t *at_s,
		     struct problem *p)
{
	*at_s = INSTANT_NONE;
	if (now->texts[field] == NULL || instant_parse(now->texts[field], at_s))
		return 0;
	return problem_set(p, PROBLEM_BAD_INPUT,
			   "\"%s\" is no time such as 2025-05-21T06:00:00Z: \"%.40s\"",
			   field_names[field], now->texts[field]);
}

/* The one release of the line that is meant; which of several has to be said. */
static int find_release(struct happening *now, uint32_t kb, const struct build *build,
			struct problem *p)
{
	int found = 0;

	for (size_t i = 0; now->line != NULL && i < now->line->count; i++) {
		const struct release *release = &now->line->releases[i];
		if (release->kb != kb ||
		    (build != NULL && !build_equal(*build, release->build)))
			continue;
		now->release = release;
		found++;
	}
	if (found == 1) {
		release_key_set(&now->key, now->line, now->release);
		return 0;
	}
	now->release = NULL;
	now->line = NULL;
	if (build == NULL || now->key.product[0] == '\0')
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"\"%.20s\" names %s release of %s; say \"build\"%s too",
			now->texts[FIELD_KB], found == 0 ? "no" : "more than one",
			now->key.product[0] != '\0' ? now->key.product : "the device",
			now->key.product[0] != '\0' ? "" : " and \"product\"");
	now->key.kb = kb;
	now->key.build = *build;
	return 0;
}

static int find_key(struct fold *fold, struct problem *p)
{
	struct happening *now = &fold->now;
	const struct decision *device = &fold->device->decision;
	const struct product *product = device->product;
	const char *name = now->texts[FIELD_PRODUCT];
	struct build build = { 0 };
	uint32_t kb;

	if (now->texts[FIELD_KB] == NULL)
		return 0;
	if (name != NULL)
		product = catalog_product(fold->situation->catalog, name);
	if (name != NULL && strlen(name) > LIMIT_NAME)
		return problem_set(p, PROBLEM_BAD_INPUT, "\"%.60s...\" is no product",
				   name);
	if (!kb_parse(now->texts[FIELD_KB], &kb))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "\"%.40s\" is no KB such as KB5058497",
				   now->texts[FIELD_KB]);
	if (now->texts[FIELD_BUILD] != NULL &&
	    !build_parse(now->texts[FIELD_BUILD], &build))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "\"%.40s\" is no build such as 26100.3775",
				   now->texts[FIELD_BUILD]);
	snprintf(now->key.product, sizeof now->key.product, "%s",
		 product != NULL ? product->id
		 : name != NULL  ? name
				 : "");
	if (product != NULL && device->arch != ARCH_NONE)
		now->line = product_line(product, device->arch);
	return find_release(now, kb, now->texts[FIELD_BUILD] != NULL ? &build : NULL, p);
}

static int read_happening(struct fold *fold, struct json_scan *scan, struct problem *p)
{
	bool first = true;

	fold->now = (struct happening){ .wait = false };
	(void)json_scan_open(scan, '{');
	while (json_scan_more(scan, &first, '}')) {
		const char *name = json_scan_name(scan);
		if (name == NULL)
			break;
		if (read_field(&fold->now, scan, name, p) < 0)
			return -1;
	}
	return scan->fault == NULL ? 0 : json_scan_fault(scan, p);
}

static int apply(struct fold *fold, int64_t *last_s, struct problem *p)
{
	struct happening *now = &fold->now;

	for (int field = FIELD_AT; field <= FIELD_EVENT; field++) {
		if (now->texts[field] == NULL)
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "the member \"%s\" is missing",
					   field_names[field]);
	}
	const struct event_row *row = find_row(now->texts[FIELD_EVENT], p);
	if (row == NULL || read_time(now, FIELD_AT, &now->at_s, p) < 0 ||
	    read_time(now, FIELD_UNTIL, &now->until_s, p) < 0 ||
	    read_time(now, FIELD_INSTALL_BY, &now->install_by_s, p) < 0)
		return -1;
	for (int field = FIELD_KB; field < TEXT_FIELDS; field++) {
		if ((row->needs & NEEDS(field)) != 0 && now->texts[field] == NULL)
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "the event \"%s\" needs \"%s\"", row->name,
					   field_names[field]);
	}
	if (now->at_s < *last_s)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "it is earlier than the event before it");
	*last_s = now->at_s;
	if (now->at_s > fold->situation->now_s)
		return 0;
	if (find_key(fold, p) < 0 || read_seen(fold, p) < 0)
		return -1;
	row->fold(fold, row->state);
	return 0;
}

int history_fold(struct device_line *line, struct json_scan *scan,
		 const struct situation *situation, struct problem *p)
{
	struct fold fold = { .device = line,
			     .history = &line->history,
			     .situation = situation };
	int64_t last_s = INSTANT_NONE;
	size_t n = 0;
	bool first = true;

	history_init(&line->history);
	decide(situation, &line->decision); /* which product, which architecture */
	(void)json_scan_open(scan, '[');
	while (json_scan_more(scan, &first, ']')) {
		n++;
		if (read_happening(&fold, scan, p) < 0 || apply(&fold, &last_s, p) < 0)
			return problem_while(p, "history, event %zu", n);
	}
	return scan->fault == NULL ? 0 : json_scan_fault(scan, p);
}

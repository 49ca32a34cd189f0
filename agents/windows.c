#include "agents/windows.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/fact_set.h"
#include "agents/windows_inner.h"
#include "engine/instant.h"
#include "engine/problem.h"

enum { HEAD_MOST = 64 * 1024 };

/* xorshift64*: the same seed gives the same failures on every machine. */
static unsigned draw_permille(uint64_t *noise)
{
	*noise ^= *noise >> 12;
	*noise ^= *noise << 25;
	*noise ^= *noise >> 27;
	return (unsigned)((*noise * UINT64_C(0x2545F4914F6CDD1D)) >> 33) % 1000;
}

struct windows *windows_new(const struct windows_model *model,
			    const struct windows_knobs *knobs, const char *folder,
			    struct problem *p)
{
	bool found = false;
	struct windows *windows = calloc(1, sizeof *windows);
	if (windows == NULL ||
	    (folder != NULL && (windows->folder = strdup(folder)) == NULL)) {
		problem_set(p, PROBLEM_NO_MEMORY, "no memory for a simulated Windows");
		goto fail;
	}
	windows->model = *model;
	windows->knobs = *knobs;
	windows->base = model->base;
	windows->hotpatch = model->hotpatch;
	windows->boot_s = model->boot_s;
	/* A generator of this kind must not start from zero. */
	windows->noise = knobs->seed == 0 ? UINT64_C(0x9E3779B97F4A7C15) : knobs->seed;
	if (windows_load(windows, &found, p) < 0 ||
	    (!found && windows_save(windows, p) < 0))
		goto fail;
	return windows;
fail:
	windows_free(windows);
	return NULL;
}

void windows_free(struct windows *windows)
{
	if (windows == NULL)
		return;
	free(windows->folder);
	free(windows);
}

const struct windows_model *windows_model(const struct windows *windows)
{
	return &windows->model;
}

const struct windows_tally *windows_tally(const struct windows *windows)
{
	return &windows->tally;
}

void windows_shown(const struct windows *windows, uint32_t *kb, struct build *build)
{
	const struct windows_level *level =
		windows->hotpatch.kb != 0 ? &windows->hotpatch : &windows->base;
	*kb = level->kb;
	*build = level->build;
}

bool windows_restart_is_pending(const struct windows *windows)
{
	return windows->pending != PENDING_NOTHING;
}

bool windows_in_error(const struct windows *windows)
{
	return windows->in_error;
}

static int facts(void *owner, struct fact_set *set, struct problem *p)
{
	const struct windows *windows = owner;
	const struct windows_model *model = &windows->model;
	char build_text[BUILD_TEXT], boot[INSTANT_TEXT], base_kb[KB_TEXT],
		hot_kb[KB_TEXT];
	char kbs[2 * KB_TEXT + 1];
	struct build build;
	uint32_t kb;

	windows_shown(windows, &kb, &build);
	kb_format(windows->base.kb, base_kb);
	kb_format(windows->hotpatch.kb, hot_kb);
	snprintf(kbs, sizeof kbs, "%s%s%s", base_kb,
		 base_kb[0] != '\0' && hot_kb[0] != '\0' ? "," : "", hot_kb);
	const char *chpe = model->arch == ARCH_ARM64 ? model->chpe : "";
	const struct {
		const char *name, *value;
		bool may_be_empty;
	} shown[] = {
		{ "os.family", family_name(model->family), false },
		{ "os.build", build_format(build, build_text), false },
		{ "os.edition", model->edition, false },
		{ "os.arch", arch_name(model->arch), false },
		{ "os.kbs", kbs, true },
		{ "vbs", model->vbs, false },
		{ "chpe", chpe, false },
		{ "licence.hotpatch", model->licence, false },
		{ "restart.pending", windows->pending != PENDING_NOTHING ? "yes" : "no",
		  false },
		{ "os.boot", instant_format(windows->boot_s, boot), false },
		{ "tz", model->zone, false },
	};
	for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
		if ((shown[i].value[0] != '\0' || shown[i].may_be_empty) &&
		    fact_set_put(set, shown[i].name, shown[i].value, p) < 0)
			return -1;
	}
	for (size_t i = 0; i < model->tag_count; i++) {
		if (fact_set_put(set, model->tags[i].name, model->tags[i].value, p) < 0)
			return -1;
	}
	return 0;
}

/* The payload's text, from memory or from disk; HRESULT_OK or what is wrong with it. */
static uint32_t read_payload(struct windows *windows, const struct host_job *job)
{
	struct problem p = { 0 };
	char *text = NULL;
	const char *head = job->head;
	size_t size = job->head_size;

	if (job->path != NULL) {
		FILE *file = fopen(job->path, "rbe");
		text = malloc(HEAD_MOST);
		size = file != NULL && text != NULL ? fread(text, 1, HEAD_MOST, file) : 0;
		if (file != NULL)
			fclose(file);
		head = text;
	}
	int bad = head == NULL || payload_parse(head, size, &windows->payload, &p) < 0 ||
		  windows->payload.kb != job->kb ||
		  !build_equal(windows->payload.build, job->build);
	free(text);
	return bad ? HRESULT_CORRUPT_PAYLOAD : HRESULT_OK;
}

static int begin(void *owner, const struct host_job *job, int64_t now_s,
		 struct problem *p)
{
	struct windows *windows = owner;

	if (windows->job == HOST_RUNNING)
		return problem_set(p, PROBLEM_CONFLICT, "an install is already running");
	windows->asked = *job;
	windows->asked.path = NULL; /* read now; the caller's memory is not kept */
	windows->asked.head = NULL;
	windows->verdict_text = "";
	if (job->remove) {
		windows->verdict =
			windows_judge_removal(windows, job->kb, &windows->verdict_text);
	} else {
		windows->verdict = read_payload(windows, job);
		if (windows->verdict == HRESULT_OK)
			windows->verdict = windows_judge_install(
				windows, &windows->payload, &windows->verdict_text);
		else
			windows->verdict_text = "the payload is damaged, or not the "
						"update that was offered";
	}
	windows->job = HOST_RUNNING;
	windows->job_ready_s =
		now_s + (windows->verdict == HRESULT_OK ? windows->knobs.install_s : 0);
	return 0;
}

static struct windows_level level_of(const struct payload *payload)
{
	struct windows_level level = { payload->kb, payload->build, payload->baseline_kb,
				       payload->baseline_build };
	return level;
}

/* Carry out what was judged fit. */
static enum host_state apply(struct windows *windows)
{
	if (windows->asked.remove) {
		bool hot = windows->hotpatch.kb == windows->asked.kb;
		windows->pending = hot ? PENDING_UNHOTPATCH : PENDING_ROLLBACK;
		windows->tally.removals++;
		return HOST_NEEDS_RESTART;
	}
	windows->tally.installs[windows->payload.kind]++;
	if (windows->payload.kind == RELEASE_HOTPATCH) {
		windows->hotpatch = level_of(&windows->payload);
		return HOST_DONE;
	}
	windows->staged = level_of(&windows->payload);
	windows->pending = PENDING_UPDATE;
	return HOST_NEEDS_RESTART;
}

static enum host_state fail(uint32_t code, const char *text, struct host_result *result)
{
	result->code = code;
	snprintf(result->text, sizeof result->text, "%s", text);
	return HOST_FAILED;
}

static enum host_state finish(struct windows *windows, struct host_result *result)
{
	if (windows->verdict != HRESULT_OK) {
		if (windows->verdict == HRESULT_NOT_APPLICABLE)
			windows->tally.refused++;
		else
			windows->tally.failed++;
		windows->in_error = true;
		return fail(windows->verdict, windows->verdict_text, result);
	}
	if (!windows->asked.remove && windows->knobs.failure_permille > 0 &&
	    draw_permille(&windows->noise) < windows->knobs.failure_permille) {
		windows->tally.simulated++;
		windows->in_error = false;
		return fail(HRESULT_INSTALL_FAILED,
			    "the install failed, as the simulation was asked to", result);
	}
	windows->in_error = false;
	return apply(windows);
}

static enum host_state check(void *owner, int64_t now_s, struct host_result *result)
{
	struct windows *windows = owner;
	struct problem p = { 0 };

	memset(result, 0, sizeof *result);
	if (windows->job != HOST_RUNNING)
		return HOST_IDLE;
	if (now_s < windows->job_ready_s)
		return HOST_RUNNING;
	windows->job = HOST_IDLE;
	struct windows before = *windows;
	enum host_state state = finish(windows, result);
	if (windows_save(windows, &p) < 0) {
		/* What the disk does not hold did not happen. */
		*windows = before;
		return fail(HRESULT_INSTALL_FAILED, p.text, result);
	}
	return state;
}

static void settle(struct windows *windows)
{
	struct windows_level none = { 0 };
	switch (windows->pending) {
	case PENDING_NOTHING:
		break;
	case PENDING_UPDATE:
		windows->previous = windows->base;
		windows->base = windows->staged;
		windows->hotpatch = none;
		break;
	case PENDING_UNHOTPATCH:
		windows->hotpatch = none;
		break;
	case PENDING_ROLLBACK:
		windows->base = windows->previous;
		windows->previous = none;
		break;
	}
	windows->staged = none;
	windows->pending = PENDING_NOTHING;
}

static int restart(void *owner, int64_t now_s, struct problem *p)
{
	struct windows *windows = owner;

	if (windows->knobs.refuses_restart)
		return 0; /* asked, and nothing happens */
	struct windows before = *windows;
	settle(windows);
	windows->job = HOST_IDLE; /* a running install does not survive it */
	windows->tally.restarts++;
	windows->boot_s = now_s > windows->boot_s ? now_s : windows->boot_s + 1;
	if (windows_save(windows, p) < 0) {
		*windows = before;
		return -1;
	}
	return 0;
}

struct host windows_host(struct windows *windows)
{
	struct host host = { windows, facts, begin, check, restart };
	return host;
}

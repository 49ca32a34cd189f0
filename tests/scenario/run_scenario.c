/* scenario [--trace] SCRIPT...: plays scripts on the engine, in virtual time.
 *
 * A script says, statement by statement, what happens and what the engine must do then.
 * The first fault ends its script and is told as file:line: what was expected, and what
 * the engine said instead, whole.  Exit 0 when all went well. */

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "engine/problem.h"
#include "protocol/xml/files_read.h"

enum { SCRIPT_MOST = 1024 * 1024 };

static bool trace;

static void tell_all(struct stage *stage, const struct words *words)
{
	char text[1400], now[INSTANT_TEXT];

	printf("%s:%u: %s\n", words->origin.file, words->origin.line, words->text);
	if (!stage->has_begun)
		return;
	printf("  it is %s\n", instant_format(stage->now_s, now));
	for (size_t i = 0; i < stage->actor_count; i++) {
		struct decision d;
		stage_decide(stage, stage->actors[i], &d);
		printf("  %s: %s\n", stage->actors[i]->record.id,
		       decision_tell(&d, text, sizeof text));
	}
}

static int play(struct stage *stage, const char *path, const char *text)
{
	struct script script;
	struct words words;
	int rc;

	script_open(&script, path, text);
	while ((rc = script_next(&script, &words, stage->trouble)) > 0) {
		rc = verbs_run(stage, &words);
		if (rc < 0)
			break;
		if (trace)
			tell_all(stage, &words);
	}
	return rc < 0 ? -1 : 0;
}

static bool run(const char *path)
{
	struct trouble trouble = { "" };
	struct problem p = { 0 };
	size_t size;
	char *text = files_read(path, SCRIPT_MOST, &size, &p);
	struct stage *stage = stage_new(PROJECT_SOURCE_DIR, &trouble);
	int rc = -1;

	if (text == NULL)
		snprintf(trouble.text, sizeof trouble.text, "%s", p.text);
	else if (stage == NULL)
		snprintf(trouble.text, sizeof trouble.text, "without memory");
	else
		rc = play(stage, path, text);
	if (stage != NULL)
		stage_free(stage);
	free(text);
	if (rc < 0)
		fprintf(stderr, "%s\n", trouble.text);
	return rc == 0;
}

int main(int argc, char **argv)
{
	int at = 1, failed = 0;

	if (at < argc && strcmp(argv[at], "--trace") == 0) {
		trace = true;
		at++;
	}
	if (at == argc) {
		fprintf(stderr, "usage: %s [--trace] SCRIPT...\n", basename(argv[0]));
		return 2;
	}
	for (; at < argc; at++) {
		bool ok = run(argv[at]);
		failed += !ok;
		printf("%s %s\n", ok ? "ok" : "FAILED", basename(argv[at]));
	}
	return failed == 0 ? 0 : 1;
}

/* patchyard rollout ... */

#include <stdio.h>
#include <string.h>

#include "protocol/command/act.h"
#include "protocol/command/list.h"
#include "protocol/command/operation_words.h"
#include "protocol/command/tables.h"

/* clang-format off */
static const struct column rollout_list[] = {
	{ "kb",         "KB",         "kb",         CELL_TEXT,   0, false },
	{ "build",      "BUILD",      "build",      CELL_TEXT,   3, false },
	{ "product",    "PRODUCT",    "product",    CELL_TEXT,   6, false },
	{ "kind",       "KIND",       "kind",       CELL_TEXT,   5, false },
	{ "published",  "RELEASED",   "published",  CELL_TIME,   9, true  },
	{ "ring",       "RING",       "ring",       CELL_TEXT,   0, false },
	{ "state",      "STATE",      "state",      CELL_TEXT,   0, false },
	{ "verified",   "VERIFIED",   "verified",   CELL_NUMBER, 0, false },
	{ "failed",     "FAILED",     "failed",     CELL_NUMBER, 0, false },
	{ "silent",     "SILENT",     "silent",     CELL_NUMBER, 4, false },
	{ "unverified", "UNVERIFIED", "unverified", CELL_NUMBER, 9, true  },
	{ "declined",   "DECLINED",   "declined",   CELL_NUMBER, 9, true  },
	{ "not_applicable", "NOT APPLICABLE", "not_applicable", CELL_NUMBER, 9, true },
	{ "running",    "RUNNING",    "running",    CELL_NUMBER, 2, false },
	{ "waiting",    "WAITING",    "waiting",    CELL_NUMBER, 2, false },
	{ "limit",      "LIMIT %",    "limit",      CELL_PERCENT, 9, true },
	{ "opens",      "OPENS",      "opens",      CELL_TIME,   9, true  },
	{ "passed",     "PASSED",     "passed",     CELL_TIME,   9, true  },
	{ "canary",     "CANARY",     "canary",     CELL_TEXT,   9, true  },
	{ "why",        "WHY",        "why",        CELL_TEXT,   1, false },
	{ "by",         "BY",         "by",         CELL_TEXT,   9, true  },
	{ "reason",     "REASON",     "reason",     CELL_TEXT,   9, true  },
	{ "changed",    "CHANGED",    "changed",    CELL_TIME,   9, true  },
};
static const struct columns rollout_columns = {
	.list = rollout_list, .count = sizeof rollout_list / sizeof rollout_list[0],
	.member = "rollouts", .none = "No rollout is under way.  All of them: --all",
};
/* clang-format on */

static enum status run_list(const struct invocation *invocation)
{
	char path[512] = "/rollouts";
	const char *ring = invocation->options[OPTION_RING];

	if ((ring != NULL && path_query(path, sizeof path, "ring", ring) < 0) ||
	    (invocation_has(invocation, OPTION_ALL) &&
	     path_query(path, sizeof path, "all", "1") < 0))
		return tell_usage(invocation, "the name of the ring is too long");
	return list_show(invocation, "list the rollouts", path, NULL);
}

static const char *text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));
	return text == NULL ? "" : text;
}

static enum status run_show(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	char path[512] = "/rollouts";
	json_t *body = json_object();
	int result = act_name_release(body, invocation->arguments[0], &trouble);

	if (result == 0)
		result = act_set_options(body, invocation, &trouble);
	static const char *const members[] = { "kb", "build", "product", "ring" };
	for (size_t i = 0; i < sizeof members / sizeof members[0] && result == 0; i++) {
		const char *text = text_of(body, members[i]);
		if (text[0] != '\0' &&
		    path_query(path, sizeof path, members[i], text) < 0)
			result =
				trouble_set(&trouble, STATUS_USAGE, "a name is too long");
	}
	json_decref(body);
	if (result < 0)
		return tell_trouble(invocation, "show the rollout", &trouble);
	return list_show(invocation, "show the rollout", path, NULL);
}

/* One act: its words and its path. */
static enum status act(const struct invocation *invocation, const char *path,
		       const struct act_words *words)
{
	struct trouble trouble = { 0 };
	const char *subject = invocation->arguments[0];
	json_t *body = json_object();
	char text[200];

	if (act_name_target(body, subject, &trouble) < 0 ||
	    act_set_options(body, invocation, &trouble) < 0) {
		json_decref(body);
		return tell_trouble(invocation, words->doing, &trouble);
	}
	const char *ring = invocation->options[OPTION_RING];
	snprintf(text, sizeof text, "%.80s%s%.80s", subject, ring != NULL ? " in " : "",
		 ring != NULL ? ring : "");
	return act_post(invocation, path, body, text, words);
}

static enum status run_pause(const struct invocation *invocation)
{
	static const struct act_words words = { "pause it", "Paused", "Would pause",
						"not started, and will not" };
	return act(invocation, "/rollouts/pause", &words);
}

static enum status run_resume(const struct invocation *invocation)
{
	static const struct act_words words = { "resume it", "Resumed", "Would resume",
						"waiting for something else" };
	return act(invocation, "/rollouts/resume", &words);
}

static enum status run_halt(const struct invocation *invocation)
{
	static const struct act_words words = { "halt it", "Halted", "Would halt",
						"not started, and will not" };
	return act(invocation, "/rollouts/halt", &words);
}

static enum status run_approve(const struct invocation *invocation)
{
	static const struct act_words words = { "approve it", "Approved", "Would approve",
						"waiting for something else" };
	static const struct act_words back = { "take the approval back",
					       "Took back the approval of",
					       "Would take back the approval of",
					       "not started, and will not" };
	return act(invocation, "/rollouts/approve",
		   invocation_has(invocation, OPTION_UNDO) ? &back : &words);
}

static enum status run_expedite(const struct invocation *invocation)
{
	static const struct act_words words = { "expedite it", "Expedited",
						"Would expedite",
						"waiting for something else" };
	static const struct act_words back = { "take that back", "No longer expedited:",
					       "Would no longer expedite",
					       "not started, and will not" };
	return act(invocation, "/rollouts/expedite",
		   invocation_has(invocation, OPTION_UNDO) ? &back : &words);
}

static enum status run_withdraw(const struct invocation *invocation)
{
	static const struct act_words words = { "withdraw it", "Withdrew",
						"Would withdraw",
						"not started, and will not" };
	static const struct act_words back = { "reinstate it", "Reinstated",
					       "Would reinstate",
					       "waiting for something else" };
	return act(invocation, "/rollouts/withdraw",
		   invocation_has(invocation, OPTION_UNDO) ? &back : &words);
}

static enum status run_rollback(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	json_t *body = json_pack("{s:s}", "kind", "rollback");

	if (operation_check_to(invocation, &trouble) < 0 ||
	    act_name_target(body, invocation->arguments[0], &trouble) < 0 ||
	    act_set_options(body, invocation, &trouble) < 0) {
		json_decref(body);
		return tell_trouble(invocation, "roll back", &trouble);
	}
	if (json_object_get(body, "ring") == NULL &&
	    json_object_get(body, "where") == NULL)
		json_object_set_new(body, "where", json_string("any"));
	return operation_post(invocation, body, OPERATION_ROLLBACK);
}

#define WITH_REASON (TAKES(OPTION_REASON) | TAKES(OPTION_DRY_RUN))
#define WITH_RING   (TAKES(OPTION_RING) | TAKES(OPTION_PRODUCT) | WITH_REASON)

/* clang-format off */
const struct command rollout_commands[] = {
	{ "rollout", "list", "", 0, 0,
	  TAKES(OPTION_RING) | TAKES(OPTION_ALL) | TAKES(OPTION_WHERE) | TAKES(OPTION_LIMIT),
	  "each release in each ring: how it goes, and why it is not further",
	  "Those that somebody has to do with; --all shows every one.", &rollout_columns,
	  { "rollout list", "rollout list --where 'state = halted'", "rollout list --ring test -o csv" },
	  run_list },
	{ "rollout", "show", "KB[@BUILD]", 1, 1,
	  TAKES(OPTION_RING) | TAKES(OPTION_PRODUCT) | TAKES(OPTION_WHERE) | TAKES(OPTION_LIMIT),
	  "one release in all rings, or in one", NULL, &rollout_columns,
	  { "rollout show KB5058497", "rollout show KB5058497 --columns ring,state,by,reason" },
	  run_show },
	{ "rollout", "pause", "RING|KB[@BUILD]", 1, 1, TAKES(OPTION_FOR) | WITH_RING,
	  "begin nothing new; what runs will finish",
	  "Ends by itself, after 35 days at the latest.", NULL,
	  { "rollout pause broad --reason '0x800F0922 on lab-7'",
	    "rollout pause KB5058497 --ring broad --for 2d --dry-run" }, run_pause },
	{ "rollout", "resume", "RING|KB[@BUILD]", 1, 1,
	  TAKES(OPTION_MAX_FAILED) | TAKES(OPTION_WAIVE) | WITH_RING,
	  "go on after a pause or a halt",
	  "After a halt it wants --reason, and a higher --max-failed or --waive.", NULL,
	  { "rollout resume broad",
	    "rollout resume KB5058497 --ring test --max-failed 8% --reason 'old disks'" },
	  run_resume },
	{ "rollout", "halt", "KB[@BUILD]", 1, 1, WITH_RING,
	  "stop a release until somebody resumes it", NULL, NULL,
	  { "rollout halt KB5058497 --ring broad --reason 'printers fail'" }, run_halt },
	{ "rollout", "approve", "KB[@BUILD]", 1, 1,
	  TAKES(OPTION_UNDO) | TAKES(OPTION_FOR_TRACK) | WITH_RING,
	  "offer what waits for an approval",
	  "--for-hotpatch-track: a cumulative update for devices that take hotpatches too; they\n"
	  "leave the track until the next baseline.", NULL,
	  { "rollout approve KB5061977 --ring test", "rollout approve KB5061977 --undo" },
	  run_approve },
	{ "rollout", "expedite", "KB[@BUILD]", 1, 1,
	  TAKES(OPTION_UNDO) | TAKES(OPTION_DEADLINE) | WITH_RING,
	  "offer it at once, whatever the ring defers or waits for",
	  "The deadline is of 2 days at most.  Holds, halts and approvals stand.", NULL,
	  { "rollout expedite KB5058497 --deadline 1d --reason 'exploited'" }, run_expedite },
	{ "rollout", "withdraw", "KB[@BUILD]", 1, 1, TAKES(OPTION_UNDO) | WITH_RING,
	  "take it back from all that have not begun it", NULL, NULL,
	  { "rollout withdraw KB5058497 --reason 'recalled'", "rollout withdraw KB5058497 --undo" },
	  run_withdraw },
	{ "rollout", "rollback", "RING|KB[@BUILD]", 1, 1,
	  TAKES(OPTION_TO) | TAKES(OPTION_WHERE) | TAKES(OPTION_AT_MOST) | WITH_RING,
	  "remove a hotpatch from many devices, and install the latest update",
	  "As many at a time as --at-most says, 20 if it says nothing.", NULL,
	  { "rollout rollback broad --to lcu --where 'site = lab-7' --dry-run",
	    "rollout rollback KB5058497 --to lcu --at-most 40 --reason 'printers fail'" },
	  run_rollback },
	{ 0 },
};
/* clang-format on */

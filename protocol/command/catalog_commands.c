/* patchyard catalog ... */

#include "protocol/command/check_commands.h"
#include "protocol/command/documents.h"
#include "protocol/command/list.h"
#include "protocol/command/tables.h"

/* clang-format off */
static const struct column release_list[] = {
	{ "product",    "PRODUCT",    "product",    CELL_TEXT, 0, false },
	{ "kb",         "KB",         "kb",         CELL_TEXT, 0, false },
	{ "build",      "BUILD",      "build",      CELL_TEXT, 0, false },
	{ "kind",       "KIND",       "kind",       CELL_TEXT, 0, false },
	{ "cadence",    "CADENCE",    "cadence",    CELL_TEXT, 4, false },
	{ "published",  "PUBLISHED",  "published",  CELL_TIME, 0, false },
	{ "arch",       "ARCH",       "arch",       CELL_LIST, 3, false },
	{ "baseline",   "BASELINE",   "baseline",   CELL_TEXT, 1, false },
	{ "offer",      "OFFER",      "offer",      CELL_TEXT, 5, false },
	{ "payload",    "PAYLOAD",    "payload",    CELL_YES,  2, false },
	{ "supersedes", "SUPERSEDES", "supersedes", CELL_LIST, 9, true  },
};
static const struct columns release_columns = {
	.list = release_list, .count = sizeof release_list / sizeof release_list[0],
	.member = "releases",
	.none = "No catalog yet.  Give it one: patchyard catalog import FILE...",
};
/* clang-format on */

static enum status run_list(const struct invocation *invocation)
{
	return list_show(invocation, "list the catalog", "/catalog", NULL);
}

static enum status run_import(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	bool dry = invocation_has(invocation, OPTION_DRY_RUN);
	json_t *answer, *body = documents_read(invocation, "files", &trouble);

	if (body == NULL)
		return tell_trouble(invocation, "import the catalog", &trouble);
	enum status status = change_make(invocation, "import the catalog", "POST",
					 "/catalog", body, &answer);
	if (status != STATUS_DONE)
		return status_of_change(invocation, status);
	if (invocation->format == FORMAT_TABLE) {
		long long releases =
			json_integer_value(json_object_get(answer, "releases"));
		tell_warnings(invocation, answer);
		tell_note(invocation,
			  dry ? "The catalog would hold %lld releases.  Nothing is "
				"changed: --dry-run."
			      : "The catalog holds %lld releases.",
			  releases);
	}
	json_decref(answer);
	return STATUS_DONE;
}

/* clang-format off */
const struct command catalog_commands[] = {
	{ "catalog", "list", "", 0, 0, TAKES(OPTION_WHERE) | TAKES(OPTION_LIMIT),
	  "every release that is known", NULL, &release_columns,
	  { "catalog list --where 'product = windows-11-24h2 and kind = baseline'",
	    "catalog list --where 'payload = no and offer = auto' --columns kb,build,product" },
	  run_list },
	{ "catalog", "check", "FILE...", 1, ANY_NUMBER, 0,
	  "check catalog files, with no server",
	  "Several files, or a folder of *.xml, are checked as one catalog.  Exit status 2 when\n"
	  "there are errors; each is a line FILE:LINE: error: what, why (nearest right answer).",
	  NULL, { "catalog check conf/catalog", "catalog check server-2025.xml -o json" },
	  run_catalog_check },
	{ "catalog", "import", "FILE...", 1, ANY_NUMBER, TAKES(OPTION_DRY_RUN),
	  "give the server catalog files; all or nothing",
	  "A file replaces the one of the same name.  All are checked as one catalog with those\n"
	  "that stay; one error and nothing is changed.",
	  NULL, { "catalog import conf/catalog/*.xml --dry-run", "catalog import conf/catalog/*.xml" },
	  run_import },
	{ 0 },
};
/* clang-format on */

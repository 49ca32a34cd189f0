/* patchyard payload ... */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/catalog.h"
#include "engine/findings.h"
#include "engine/limits.h"
#include "engine/problem.h"
#include "protocol/command/files.h"
#include "protocol/command/list.h"
#include "protocol/command/tables.h"

enum { FIELDS = 5, PATH_MOST = 4096 };

static const char *const field_names[FIELDS] = { "product", "kb", "build", "arch",
						 "path" };

/* Cut one line at its tabs; false when there are not as many fields as there should be.
 */
static bool split(char *line, char *fields[static FIELDS])
{
	size_t count = 0;

	for (char *field = line; field != NULL; count++) {
		char *next = strchr(field, '\t');
		if (next != NULL)
			*next++ = '\0';
		if (count < FIELDS)
			fields[count] = field;
		field = next;
	}
	return count == FIELDS;
}

static void check_fields(struct findings *findings, struct origin origin,
			 char *const fields[static FIELDS])
{
	struct build build;
	uint32_t kb;

	for (int i = 0; i < FIELDS; i++) {
		if (fields[i][0] == '\0')
			findings_add(findings, SEVERITY_ERROR, origin, NULL,
				     "the %s is empty", field_names[i]);
	}
	if (fields[1][0] != '\0' && !kb_parse(fields[1], &kb))
		findings_add(findings, SEVERITY_ERROR, origin, "as in KB5055523",
			     "\"%.60s\" is no KB", fields[1]);
	if (fields[2][0] != '\0' && !build_parse(fields[2], &build))
		findings_add(findings, SEVERITY_ERROR, origin, "as in 26100.3775",
			     "\"%.60s\" is no build", fields[2]);
	if (fields[3][0] != '\0' && arch_parse(fields[3]) == ARCH_NONE)
		findings_add(findings, SEVERITY_ERROR, origin, "x64 or arm64",
			     "\"%.60s\" is no architecture", fields[3]);
}

static json_t *payload_json(char *const fields[static FIELDS], const char *folder)
{
	char path[PATH_MOST];
	bool is_absolute = fields[4][0] == '/';

	int wanted = snprintf(path, sizeof path, "%s%s%s", is_absolute ? "" : folder,
			      is_absolute ? "" : "/", fields[4]);
	if (wanted < 0 || (size_t)wanted >= sizeof path)
		return NULL;
	return json_pack("{s:s,s:s,s:s,s:s,s:s}", field_names[0], fields[0],
			 field_names[1], fields[1], field_names[2], fields[2],
			 field_names[3], fields[3], field_names[4], path);
}

static void read_line(json_t *payloads, char *line, struct origin origin,
		      const char *folder, struct findings *findings)
{
	char *fields[FIELDS];
	size_t size = strlen(line);

	if (size > 0 && line[size - 1] == '\r')
		line[size - 1] = '\0';
	if (line[0] == '\0' || line[0] == '#')
		return;
	if (!split(line, fields)) {
		findings_add(findings, SEVERITY_ERROR, origin,
			     "product, KB, build, architecture, path",
			     "a line has five fields with tabs between them");
		return;
	}
	size_t errors = findings->errors;
	check_fields(findings, origin, fields);
	if (findings->errors != errors)
		return;
	if (json_array_append_new(payloads, payload_json(fields, folder)) < 0)
		findings_add(findings, SEVERITY_ERROR, origin, NULL,
			     "the fields are no text in UTF-8, or the path is too long");
}

/* The body of an import; NULL with everything told. */
static json_t *read_list(const char *name, char *text, struct findings *findings)
{
	char folder[PATH_MOST];
	json_t *payloads = json_array();
	struct origin origin = { name, 0 };

	if (getcwd(folder, sizeof folder) == NULL)
		folder[0] = '\0';
	while (text != NULL) {
		char *next = strchr(text, '\n');
		if (next != NULL)
			*next++ = '\0';
		origin.line++;
		read_line(payloads, text, origin, folder, findings);
		text = next;
	}
	if (findings->errors == 0 && json_array_size(payloads) == 0)
		findings_add(findings, SEVERITY_ERROR, (struct origin){ name, 0 }, NULL,
			     "the list names no file");
	if (findings->errors == 0)
		return json_pack("{s:o}", "payloads", payloads);
	json_decref(payloads);
	return NULL;
}

static enum status run_import(const struct invocation *invocation)
{
	const char *name = invocation->arguments[0];
	struct trouble trouble = { 0 };
	struct findings findings;
	struct problem p;
	size_t size;
	char *text = file_read(name, LIMIT_ADMIN_BODY, &size, &p), count[96];
	json_t *answer;

	if (text == NULL) {
		trouble_set(&trouble,
			    p.kind == PROBLEM_NOT_FOUND ? STATUS_NOT_FOUND
							: STATUS_FAILED,
			    "%s", p.text);
		return tell_trouble(invocation, "import payloads", &trouble);
	}
	findings_init(&findings);
	json_t *body = read_list(strcmp(name, "-") == 0 ? "standard input" : name, text,
				 &findings);
	if (body == NULL) {
		tell_findings(&findings);
		fprintf(stderr, "%s.  Nothing was changed.\n",
			count_findings(findings.errors, 0, count, sizeof count));
	}
	findings_fini(&findings);
	free(text);
	if (body == NULL)
		return STATUS_FAILED;
	enum status status = change_make(invocation, "import payloads", "POST",
					 "/payloads", body, &answer);
	if (status != STATUS_DONE)
		return status_of_change(invocation, status);
	if (invocation->format == FORMAT_TABLE)
		tell_note(
			invocation, "%lld added.",
			(long long)json_integer_value(json_object_get(answer, "added")));
	json_decref(answer);
	return STATUS_DONE;
}

/* clang-format off */
const struct command payload_commands[] = {
	{ "payload", "import", "LIST", 1, 1, 0,
	  "give the server the files of releases; all or nothing",
	  "LIST (- is standard input) has one file a line, with tabs between product, KB, build,\n"
	  "architecture and path; # begins a comment.  A path is one of the server's machine, and\n"
	  "relative to the present folder.  Every file is hashed and copied.",
	  NULL, { "payload import payloads.tsv", "payload import - < payloads.tsv" }, run_import },
	{ 0 },
};
/* clang-format on */

#include "protocol/command/tell.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/findings.h"
#include "protocol/command/text.h"

static bool speaks_json(const struct invocation *invocation)
{
	return invocation->format == FORMAT_JSON || invocation->format == FORMAT_JSONL;
}

int trouble_set(struct trouble *trouble, enum status status, const char *fmt, ...)
{
	va_list args;

	trouble->status = status;
	trouble->advice[0] = '\0';
	va_start(args, fmt);
	vsnprintf(trouble->text, sizeof trouble->text, fmt, args);
	va_end(args);
	return -1;
}

void trouble_advise(struct trouble *trouble, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(trouble->advice, sizeof trouble->advice, fmt, args);
	va_end(args);
}

void trouble_fini(struct trouble *trouble)
{
	json_decref(trouble->document);
	trouble->document = NULL;
}

static void print_label(const struct invocation *invocation, enum ink ink,
			const char *label)
{
	bool paints = invocation->terminal.paints_errors;
	fprintf(stderr, "%s%s:%s ", terminal_ink(paints, ink), label,
		terminal_ink(paints, INK_PLAIN));
}

static const char *text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));
	return text == NULL ? "" : text;
}

/* A finding as the server sent it, in the form of finding_format(). */
static void print_finding(const struct invocation *invocation, const json_t *finding)
{
	const char *file = text_of(finding, "file"), *hint = text_of(finding, "hint");
	const char *severity = text_of(finding, "severity");
	json_int_t line = json_integer_value(json_object_get(finding, "line"));
	bool is_warning = strcmp(severity, "warning") == 0;
	char where[32] = "", whole[2048];

	if (line > 0)
		snprintf(where, sizeof where, "%lld: ", (long long)line);
	fflush(stdout);
	if (file[0] != '\0') {
		snprintf(whole, sizeof whole, "%s:%s%s", file, line > 0 ? "" : " ",
			 where);
		text_print(stderr, whole);
	}
	print_label(invocation, is_warning ? INK_WARN : INK_BAD,
		    is_warning ? "warning" : "error");
	snprintf(whole, sizeof whole, "%s%s%s%s\n", text_of(finding, "text"),
		 hint[0] != '\0' ? " (" : "", hint, hint[0] != '\0' ? ")" : "");
	text_print(stderr, whole);
}

static void print_findings(const struct invocation *invocation, const json_t *findings)
{
	size_t i;
	const json_t *finding;

	json_array_foreach(findings, i, finding) print_finding(invocation, finding);
}

void tell_warnings(const struct invocation *invocation, const json_t *answer)
{
	print_findings(invocation, json_object_get(answer, "warnings"));
}

/* An error of our own in the shape of the server's. */
static void dump_error(const char *doing, const struct trouble *trouble)
{
	static const char *const types[] = {
		[STATUS_FAILED] = "failed",           [STATUS_NO] = "no",
		[STATUS_NOT_FOUND] = "not-found",     [STATUS_REFUSED] = "refused",
		[STATUS_UNREACHABLE] = "unreachable", [STATUS_CONFLICT] = "conflict",
	};
	const char *type =
		trouble->status <= STATUS_CONFLICT ? types[trouble->status] : "usage";
	char title[160];

	snprintf(title, sizeof title, "cannot %s", doing);
	json_t *object =
		json_pack("{s:s,s:s,s:s*}", "type", type == NULL ? "failed" : type,
			  "title", title, "detail", trouble->text);
	if (object != NULL && trouble->advice[0] != '\0')
		json_object_set_new(object, "advice", json_string(trouble->advice));
	json_dumpf(object, stderr, JSON_COMPACT);
	fputc('\n', stderr);
	json_decref(object);
}

enum status tell_trouble(const struct invocation *invocation, const char *doing,
			 struct trouble *trouble)
{
	fflush(stdout);
	if (speaks_json(invocation) && trouble->document != NULL) {
		json_dumpf(trouble->document, stderr, JSON_COMPACT);
		fputc('\n', stderr);
	} else if (speaks_json(invocation)) {
		dump_error(doing, trouble);
	} else {
		print_findings(invocation,
			       json_object_get(trouble->document, "findings"));
		print_label(invocation, INK_BAD, "error");
		fprintf(stderr, "cannot %s: ", doing);
		text_print(stderr, trouble->text);
		fputc('\n', stderr);
		if (trouble->advice[0] != '\0') {
			fputs("  ", stderr);
			text_print(stderr, trouble->advice);
			fputc('\n', stderr);
		}
	}
	trouble_fini(trouble);
	return trouble->status;
}

enum status tell_usage(const struct invocation *invocation, const char *fmt, ...)
{
	char text[600];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	print_label(invocation, INK_BAD, "error");
	text_print(stderr, text);
	const struct command *command = invocation->command;
	const struct noun *noun = invocation->noun;
	fprintf(stderr, "\n  Help: patchyard%s%s%s%s --help\n", noun != NULL ? " " : "",
		noun != NULL ? noun->name : "",
		command != NULL && command->verb != NULL ? " " : "",
		command != NULL && command->verb != NULL ? command->verb : "");
	return STATUS_USAGE;
}

void tell_note(const struct invocation *invocation, const char *fmt, ...)
{
	char text[600];
	va_list args;

	if (invocation_has(invocation, OPTION_QUIET))
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	fflush(stdout);
	text_print(stderr, text);
	fputc('\n', stderr);
}

void tell_findings(const struct findings *findings)
{
	char line[1024];

	for (size_t i = 0; i < findings->count; i++) {
		text_print(stderr, finding_format(&findings->list[i], line, sizeof line));
		fputc('\n', stderr);
	}
	if (findings->cut)
		fputs("There is more; the rest is not shown.\n", stderr);
}

char *count_things(size_t count, const char *thing, char *room, size_t size)
{
	snprintf(room, size, "%zu %s%s", count, thing, count == 1 ? "" : "s");
	return room;
}

char *count_findings(size_t errors, size_t warnings, char *room, size_t size)
{
	char error_text[40], warning_text[40];

	count_things(errors, "error", error_text, sizeof error_text);
	count_things(warnings, "warning", warning_text, sizeof warning_text);
	if (errors > 0 && warnings > 0)
		snprintf(room, size, "%s, %s", error_text, warning_text);
	else
		snprintf(room, size, "%s", errors > 0 ? error_text : warning_text);
	return room;
}

enum status tell_end(enum status status)
{
	errno = 0;
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return status;
	fprintf(stderr, "error: cannot write the result: %s\n",
		errno != 0 ? strerror(errno) : "standard output took not all of it");
	return STATUS_FAILED;
}

#include "protocol/command/bundle_contents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "engine/buffer.h"
#include "engine/problem.h"
#include "protocol/command/files.h"
#include "protocol/tuf/tuf_tree.h"

enum { LIST_MOST = 16 * 1024 * 1024, FIELDS = 8 };

enum what { WHAT_CATALOG, WHAT_PLAN, WHAT_DOCUMENT, WHAT_PAYLOAD, WHATS };
static const char *const whats[WHATS] = {
	[WHAT_CATALOG] = "catalog",
	[WHAT_PLAN] = "plan",
	[WHAT_DOCUMENT] = "update-document",
	[WHAT_PAYLOAD] = "payload",
};

/* Of a payload, behind its file. */
static const char *const members[] = {
	"product", "kb", "build", "arch", "kind", "handler"
};
enum { MEMBERS = sizeof members / sizeof members[0] };

/* A line as it was read; those of one name become one content. */
struct line {
	const char *field[FIELDS];
	size_t fields, number;
	enum what what;
	const char *name;
};

static int wrong(const struct line *line, const char *what, struct problem *p)
{
	return problem_set(p, PROBLEM_BAD_INPUT, "contents.tsv:%zu: %s", line->number,
			   what);
}

static int check_line(struct line *line, struct problem *p)
{
	for (line->what = 0; line->what < WHATS; line->what++) {
		if (strcmp(line->field[0], whats[line->what]) == 0)
			break;
	}
	if (line->what == WHATS)
		return wrong(line,
			     "a line begins with catalog, plan, update-document or "
			     "payload, and a tab",
			     p);
	size_t wanted = line->what == WHAT_PAYLOAD ? 2 + MEMBERS : 2;
	if (line->fields != wanted)
		return wrong(
			line,
			line->what == WHAT_PAYLOAD
				? "a payload has tabs between its file, product, KB, "
				  "build, architecture, kind and handler"
				: "what follows a catalog, plan or update-document is "
				  "one file",
			p);
	for (size_t i = 1; i < line->fields; i++) {
		if (line->field[i][0] == '\0')
			return wrong(line, "a field is empty", p);
	}
	line->name = file_name(line->field[1]);
	if (!tuf_name_allowed(line->name))
		return wrong(line,
			     "the name of a file has letters, digits and ._+- only, 160 "
			     "at most",
			     p);
	return 0;
}

static int split(char *text, struct line *lines, size_t *count, struct problem *p)
{
	size_t number = 0;

	*count = 0;
	for (char *next = text; next != NULL;) {
		char *at = strsep(&next, "\n");
		struct line *line = &lines[*count];
		number++;
		at[strcspn(at, "\r")] = '\0';
		if (at[0] == '\0' || at[0] == '#')
			continue;
		*line = (struct line){ .number = number };
		while (at != NULL && line->fields < FIELDS)
			line->field[line->fields++] = strsep(&at, "\t");
		if (at != NULL)
			return wrong(line, "there are more fields than any line has", p);
		if (check_line(line, p) < 0)
			return -1;
		++*count;
	}
	return *count > 0
		       ? 0
		       : problem_set(p, PROBLEM_BAD_INPUT, "contents.tsv names no file");
}

static int by_name(const void *a, const void *b)
{
	const struct line *one = a, *other = b;
	int order = strcmp(one->name, other->name);

	return order != 0 ? order : one->number < other->number ? -1 : 1;
}

/* The signed word on a target: all of what is to be done with it. */
static char *custom_of(const struct line *lines, size_t count)
{
	json_t *install = json_array();
	json_t *custom = json_object();

	json_object_set_new(custom, "what", json_string(whats[lines[0].what]));
	for (size_t i = 0; i < count && lines[0].what == WHAT_PAYLOAD; i++) {
		json_t *one = json_object();
		for (size_t m = 0; m < MEMBERS; m++)
			json_object_set_new(one, members[m],
					    json_string(lines[i].field[2 + m]));
		json_array_append_new(install, one);
	}
	if (json_array_size(install) > 0)
		json_object_set(custom, "install", install);
	json_decref(install);
	char *text = json_dumps(custom, JSON_COMPACT);
	json_decref(custom);
	return text;
}

static int gather(struct bundle_contents *contents, const struct line *lines,
		  size_t count, struct problem *p)
{
	for (size_t i = 0, same; i < count; i += same) {
		struct bundle_content *one = &contents->list[contents->count++];
		for (same = 1; i + same < count; same++) {
			if (strcmp(lines[i + same].name, lines[i].name) != 0)
				break;
			if (strcmp(lines[i + same].field[1], lines[i].field[1]) != 0)
				return wrong(&lines[i + same],
					     "another file of this name is listed above; "
					     "rename one",
					     p);
			if (lines[i].what != WHAT_PAYLOAD ||
			    lines[i + same].what != WHAT_PAYLOAD)
				return wrong(&lines[i + same], "the file is listed twice",
					     p);
		}
		one->name = strdup(lines[i].name);
		one->path = strdup(lines[i].field[1]);
		one->custom = custom_of(lines + i, same);
		if (one->name == NULL || one->path == NULL)
			return problem_set(p, PROBLEM_NO_MEMORY, "no memory");
		if (one->custom == NULL)
			return wrong(&lines[i], "it is not UTF-8", p);
	}
	return 0;
}

int bundle_contents_read(struct bundle_contents *contents, const char *path,
			 struct problem *p)
{
	struct buffer text;
	struct line *lines = NULL;
	size_t count = 1;
	int result = -1;

	*contents = (struct bundle_contents){ .folder = tuf_tree_open(path, p) };
	if (contents->folder < 0)
		return -1;
	buffer_init(&text, LIST_MOST);
	enum tuf_found found = tuf_tree_read(contents->folder, "contents.tsv", &text, p);
	if (found == TUF_ABSENT)
		problem_set(p, PROBLEM_NOT_FOUND,
			    "%.100s has no contents.tsv, which says what its files are",
			    path);
	if (found == TUF_FOUND && buffer_append(&text, "", 1) && text.at != NULL) {
		for (const char *at = text.at; *at != '\0'; at++)
			count += *at == '\n';
		lines = calloc(count, sizeof *lines);
		contents->list = calloc(count, sizeof *contents->list);
		if (lines == NULL || contents->list == NULL)
			problem_set(p, PROBLEM_NO_MEMORY, "no memory");
		else
			result = split(text.at, lines, &count, p);
	}
	if (result == 0) {
		qsort(lines, count, sizeof *lines, by_name);
		result = gather(contents, lines, count, p);
	}
	free(lines);
	buffer_fini(&text);
	if (result < 0)
		bundle_contents_fini(contents);
	return result;
}

void bundle_contents_fini(struct bundle_contents *contents)
{
	for (size_t i = 0; i < contents->count; i++) {
		free(contents->list[i].name);
		free(contents->list[i].path);
		free(contents->list[i].custom);
	}
	free(contents->list);
	if (contents->folder >= 0)
		close(contents->folder);
	*contents = (struct bundle_contents){ .folder = -1 };
}

static int find_by_name(const void *name, const void *one)
{
	return strcmp(name, ((const struct bundle_content *)one)->name);
}

const struct bundle_content *bundle_contents_find(const struct bundle_contents *contents,
						  const char *name)
{
	if (contents->count == 0)
		return NULL;
	return bsearch(name, contents->list, contents->count, sizeof *contents->list,
		       find_by_name);
}

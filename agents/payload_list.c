#include "agents/payload_list.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agents/disk.h"
#include "engine/problem.h"

enum { COLUMNS_LEAST = 6, COLUMNS_MOST = 8, LINE_MOST = 400 };
static const char column_names[] =
	"product family kb build kind arch [baseline_kb baseline_build]";

static const struct column {
	enum payload_field field;
	const char *wanted;
} columns[COLUMNS_LEAST] = {
	{ PAYLOAD_PRODUCT, "a product's id" },
	{ PAYLOAD_FAMILY, "client or server" },
	{ PAYLOAD_KB, "a KB such as KB5055523" },
	{ PAYLOAD_BUILD, "a build such as 26100.3775" },
	{ PAYLOAD_KIND, "baseline, hotpatch, lcu or preview" },
	{ PAYLOAD_ARCH, "x64 or arm64" },
};

/* Cut the line at its tabs; the number of columns, or one more than can be. */
static size_t split(char *line, char *cells[static COLUMNS_MOST + 1])
{
	size_t count = 0;
	char *rest = line;

	while (count <= COLUMNS_MOST && (cells[count] = strsep(&rest, "\t")) != NULL)
		count++;
	/* Empty columns at the end say nothing. */
	while (count > COLUMNS_LEAST && cells[count - 1][0] == '\0')
		count--;
	return count;
}

int payload_list_read(char *line, struct payload *payload, struct problem *p)
{
	char *cells[COLUMNS_MOST + 1], baseline[LINE_MOST];

	memset(payload, 0, sizeof *payload);
	size_t count = split(line, cells);
	if (count != COLUMNS_LEAST && count != COLUMNS_MOST)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "%zu columns: write %s, with tabs", count,
				   column_names);
	for (size_t i = 0; i < COLUMNS_LEAST; i++) {
		if (!payload_put(payload, columns[i].field, cells[i]))
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "column %zu is '%.60s', wanted is %s", i + 1,
					   cells[i], columns[i].wanted);
	}
	/* The id becomes a folder's name. */
	if (payload->product[0] == '.' || strchr(payload->product, '/') != NULL)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "'%.60s' cannot be a product's id", payload->product);
	if (payload->kind == RELEASE_RTM)
		return problem_set(p, PROBLEM_BAD_INPUT, "an rtm has no payload");
	if (count == COLUMNS_LEAST)
		return payload->kind != RELEASE_HOTPATCH
			       ? 0
			       : problem_set(p, PROBLEM_BAD_INPUT,
					     "a hotpatch names its baseline in columns 7 "
					     "and 8");
	snprintf(baseline, sizeof baseline, "%.60s %.60s", cells[COLUMNS_LEAST],
		 cells[COLUMNS_LEAST + 1]);
	if (!payload_put(payload, PAYLOAD_BASELINE, baseline))
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"columns 7 and 8 are '%.80s', wanted are the KB and the "
			"build of a baseline",
			baseline);
	return 0;
}

/* The same file may be there from an earlier run; another one may not, for then two
 * releases of this product would share a name. */
static int write_file(const char *folder, const char *name, const struct payload *payload,
		      struct problem *p)
{
	char text[PAYLOAD_SIZE];
	size_t size = 0;
	struct problem absent = { 0 };

	payload_write(payload, text);
	char *found = disk_read(folder, name, PAYLOAD_SIZE, &size, &absent);
	bool same =
		found != NULL && size == sizeof text && memcmp(found, text, size) == 0;
	free(found);
	if (same)
		return 0;
	if (absent.kind != PROBLEM_NOT_FOUND)
		return problem_set(
			p, PROBLEM_CONFLICT,
			"'%.100s/%.60s' is there and is something else: is the KB "
			"listed with two builds, or the folder not empty?",
			folder, name);
	return disk_write(folder, name, text, sizeof text, p);
}

static int make(const struct payload *payload, const char *folder, FILE *out,
		struct problem *p)
{
	char path[PATH_MAX], name[PAYLOAD_NAME], kb[KB_TEXT], build[BUILD_TEXT];

	int wanted = snprintf(path, sizeof path, "%s/%s", folder, payload->product);
	if (wanted < 0 || wanted >= (int)sizeof path)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "the path '%.80s/...' is too long", folder);
	payload_file_name(payload, name);
	if (disk_make_folder(path, p) < 0 || write_file(path, name, payload, p) < 0)
		return -1;
	fprintf(out, "%s\t%s\t%s\t%s\t%s/%s\n", payload->product,
		kb_format(payload->kb, kb), build_format(payload->build, build),
		arch_name(payload->arch), path, name);
	return 0;
}

int payload_list_make(FILE *list, const char *name, const char *folder, FILE *out,
		      struct problem *p)
{
	char line[LINE_MOST];
	struct payload payload;
	unsigned long number = 0;

	if (disk_make_folder(folder, p) < 0)
		return -1;
	while (fgets(line, sizeof line, list) != NULL) {
		size_t size = strcspn(line, "\r\n");
		bool whole = line[size] != '\0' || feof(list);
		number++;
		line[size] = '\0';
		if (!whole)
			return problem_set(
				p, PROBLEM_BAD_INPUT,
				"%.80s:%lu: the line has more than %d characters", name,
				number, LINE_MOST - 2);
		if (line[0] == '\0' || line[0] == '#')
			continue;
		if (payload_list_read(line, &payload, p) < 0 ||
		    make(&payload, folder, out, p) < 0)
			return problem_while(p, "%.80s:%lu", name, number);
	}
	if (ferror(list))
		return problem_set(p, PROBLEM_EXTERNAL, "cannot read '%.80s'", name);
	if (fflush(out) != 0)
		return problem_set(p, PROBLEM_EXTERNAL, "cannot write the list of files");
	return 0;
}

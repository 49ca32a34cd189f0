/* Reading patchyardd.conf and its drop-ins: INI by libinih, lines counted by us. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/problem.h"
#include "protocol/server/settings.h"

enum { FILE_BYTES_MAX = 256 * 1024 };

/* One file while libinih walks it: it asks for lines, so that their numbers are ours to
 * know, and then tells what it read in them. */
struct reading {
	struct settings *settings;
	struct findings *findings;
	struct origin origin; /* line: the last one handed out */
	const char *rest;
	unsigned lines_set[SETTINGS_COUNT]; /* where this file said it; 0 not yet */
	unsigned open_line;                 /* a section without its end; 0 none */
};

static void refuse_line(struct reading *reading, unsigned line)
{
	const struct origin origin = { reading->origin.file, line };

	findings_add(reading->findings, SEVERITY_ERROR, origin,
		     "[section] or name = value",
		     "the line is neither a section nor a setting");
}

/* The next line, as fgets() would give it, except that one too long is cut: libinih
 * would take its tail for a line of its own. */
static char *next_line(char *room, int size, void *stream)
{
	struct reading *reading = stream;
	size_t length = strcspn(reading->rest, "\n");

	if (reading->rest[0] == '\0')
		return NULL;
	reading->origin.line++;
	size_t used = length;
	if (used > (size_t)size - 2) {
		used = (size_t)size - 2;
		findings_add(reading->findings, SEVERITY_ERROR, reading->origin, NULL,
			     "the line has %zu bytes; at most %zu are taken", length,
			     used);
	}
	/* libinih would tell after all else, when what follows looks wrong too. */
	const char *first = reading->rest + strspn(reading->rest, " \t");
	if (*first == '[' && memchr(first, ']', strcspn(first, "\n")) == NULL &&
	    reading->open_line == 0) {
		reading->open_line = reading->origin.line;
		refuse_line(reading, reading->open_line);
	}
	memcpy(room, reading->rest, used);
	memcpy(room + used, "\n", 2);
	reading->rest += length + (reading->rest[length] == '\n');
	return room;
}

static int on_pair(void *user, const char *section, const char *name, const char *value)
{
	struct reading *reading = user;

	for (size_t i = 0; settings_name(i) != NULL; i++) {
		if (strcmp(settings_name(i), name) != 0)
			continue;
		if (reading->lines_set[i] != 0) {
			findings_add(reading->findings, SEVERITY_ERROR, reading->origin,
				     NULL, "%s was given in line %u already", name,
				     reading->lines_set[i]);
			return 1;
		}
		reading->lines_set[i] = reading->origin.line;
	}
	settings_set(reading->settings, section, name, value, reading->origin,
		     reading->findings);
	return 1; /* faults are findings: go on */
}

/* All of a small file, NUL-terminated; NULL with *p told. */
static char *load(const char *path, size_t *size, struct problem *p)
{
	struct stat found;
	char *text = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &found) != 0) {
		problem_set(p, errno == ENOENT ? PROBLEM_NOT_FOUND : PROBLEM_EXTERNAL,
			    "reading '%s': %s", path, strerror(errno));
		goto done;
	}
	if (!S_ISREG(found.st_mode) || found.st_size > FILE_BYTES_MAX) {
		problem_set(p, PROBLEM_BAD_INPUT, "'%s' is no file of at most %d bytes",
			    path, FILE_BYTES_MAX);
		goto done;
	}
	text = malloc((size_t)found.st_size + 1);
	if (text == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "reading '%s': out of memory", path);
		goto done;
	}
	ssize_t got = read(fd, text, (size_t)found.st_size);
	if (got < 0) {
		problem_set(p, PROBLEM_EXTERNAL, "reading '%s': %s", path,
			    strerror(errno));
		free(text);
		text = NULL;
		goto done;
	}
	text[got] = '\0';
	*size = (size_t)got;
done:
	if (fd >= 0)
		close(fd);
	return text;
}

static int read_file(struct settings *settings, const char *path,
		     struct findings *findings, struct problem *p)
{
	struct reading reading = { .settings = settings, .findings = findings };
	size_t size;

	if (settings->file_count == SETTING_FILES_MAX)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "more than %d settings files, of which '%s'",
				   SETTING_FILES_MAX, path);
	char *text = load(path, &size, p);
	if (text == NULL)
		return -1;
	char *name = strdup(path);
	if (name == NULL) {
		free(text);
		return problem_set(p, PROBLEM_NO_MEMORY, "reading '%s': out of memory",
				   path);
	}
	settings->files[settings->file_count++] = name;
	reading.origin.file = name;
	reading.rest = text;
	if (strlen(text) != size) {
		findings_add(findings, SEVERITY_ERROR, reading.origin, NULL,
			     "the file holds a NUL byte; it is no text");
	} else {
		int line = ini_parse_stream(next_line, &reading, on_pair, &reading);
		if (line > 0 && (unsigned)line != reading.open_line)
			refuse_line(&reading, (unsigned)line);
	}
	free(text);
	return 0;
}

static int is_drop_in(const struct dirent *entry)
{
	size_t size = strlen(entry->d_name);
	return entry->d_name[0] != '.' && size > 5 &&
	       strcmp(entry->d_name + size - 5, ".conf") == 0;
}

static int read_drop_ins(struct settings *settings, const char *folder,
			 struct findings *findings, struct problem *p)
{
	struct dirent **entries;
	int rc = 0;
	int count = scandir(folder, &entries, is_drop_in, alphasort);

	if (count < 0)
		return errno == ENOENT
			       ? 0
			       : problem_set(p, PROBLEM_EXTERNAL, "reading '%s': %s",
					     folder, strerror(errno));
	for (int i = 0; i < count; i++) {
		char path[4096];
		int wanted =
			snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
		if (rc == 0 && (wanted < 0 || (size_t)wanted >= sizeof path))
			rc = problem_set(p, PROBLEM_TOO_LARGE, "'%.100s' is too long",
					 folder);
		if (rc == 0)
			rc = read_file(settings, path, findings, p);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

int settings_read(struct settings *settings, const char *path, bool required,
		  struct findings *findings, struct problem *p)
{
	char folder[4096];
	const char *slash = strrchr(path, '/');
	int parent = slash == NULL ? 0 : (int)(slash - path) + 1;

	ini_allow_multiline = false; /* a value is one line */
	if (read_file(settings, path, findings, p) < 0 &&
	    (required || p->kind != PROBLEM_NOT_FOUND))
		return -1;
	int wanted = snprintf(folder, sizeof folder, "%.*sconf.d", parent, path);
	if (wanted < 0 || (size_t)wanted >= sizeof folder)
		return problem_set(p, PROBLEM_TOO_LARGE, "'%.100s' is too long", path);
	return read_drop_ins(settings, folder, findings, p);
}

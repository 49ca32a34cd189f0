#include "run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/case.h"

enum { WORDS_MOST = 64, PATHS = 16 };

static char folder[64];
static char paths[PATHS][256];
static size_t path_count;

const char *folder_make(void)
{
	snprintf(folder, sizeof folder, "/tmp/patchyard-command-XXXXXX");
	assert_non_null(mkdtemp(folder));
	path_count = 0;
	return folder;
}

void folder_remove(void)
{
	DIR *open = opendir(folder);
	char path[512];

	if (open == NULL)
		return;
	for (struct dirent *entry; (entry = readdir(open)) != NULL;) {
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		(void)unlink(path);
	}
	closedir(open);
	(void)rmdir(folder);
}

const char *folder_file(const char *name, const char *text)
{
	char *path = paths[path_count++ % PATHS];

	snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	return path;
}

/* Cut `line` in place.  The words behind "patchyard". */
static void split(char *line, char *words[static WORDS_MOST])
{
	static char program[] = PATCHYARD_PROGRAM;
	size_t count = 0;

	words[count++] = program;
	for (char *at = line; *at != '\0' && count < WORDS_MOST - 1;) {
		bool quoted = *at == '\'';
		char *start = at + quoted;
		at = start + strcspn(start, quoted ? "'" : " ");
		words[count++] = start;
		if (*at != '\0')
			*at++ = '\0';
		at += strspn(at, " ");
	}
	words[count] = NULL;
}

static char *read_back(FILE *file, size_t *size)
{
	long end = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
	char *text = end < 0 ? NULL : malloc((size_t)end + 1);

	assert_non_null(text);
	rewind(file);
	*size = fread(text, 1, (size_t)end, file);
	text[*size] = '\0';
	fclose(file);
	return text;
}

struct running run_begin(const char *line, const char *input)
{
	char *copy = strdup(line), *words[WORDS_MOST];
	FILE *streams[3];

	split(copy, words);
	for (int i = 0; i < 3; i++) {
		streams[i] = tmpfile();
		assert_non_null(streams[i]);
	}
	fputs(input == NULL ? "" : input, streams[0]);
	rewind(streams[0]);
	fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		for (int i = 0; i < 3; i++)
			(void)dup2(fileno(streams[i]), i);
		execv(words[0], words);
		_exit(127);
	}
	fclose(streams[0]);
	free(copy);
	return (struct running){ child, { streams[1], streams[2] } };
}

struct ran run_end(struct running *running)
{
	struct ran ran;
	size_t size;
	int status;

	while (waitpid(running->pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	ran.out = read_back(running->streams[0], &ran.out_size);
	ran.err = read_back(running->streams[1], &size);
	return ran;
}

struct ran run(const char *line, const char *input)
{
	struct running running = run_begin(line, input);
	return run_end(&running);
}

void ran_fini(struct ran *ran)
{
	free(ran->out);
	free(ran->err);
}

void run_expect(const char *line, const char *input, int status, const char *out,
		const char *err)
{
	struct ran ran = run(line, input);

	if (ran.status != status || (out != NULL && strcmp(ran.out, out) != 0) ||
	    (err != NULL && strcmp(ran.err, err) != 0))
		fail_msg("patchyard %s\nended with %d, not %d\n--- out\n%s--- not\n%s"
			 "--- err\n%s--- not\n%s---",
			 line, ran.status, status, ran.out, out == NULL ? "(any)\n" : out,
			 ran.err, err == NULL ? "(any)\n" : err);
	ran_fini(&ran);
}

/* The program itself, as a child: what it says to which stream, and how it ends. */

#ifndef TESTS_UNIT_COMMAND_RUN_H
#define TESTS_UNIT_COMMAND_RUN_H

#include <stddef.h>

struct ran {
	int status; /* the exit status, or 128 and the signal */
	char *out, *err;
	size_t out_size;
};

/* `line` is cut at its spaces; a word with spaces stands in single quotes.  `input` (NULL
 * for none) is its standard input.  Free with ran_fini(). */
struct ran run(const char *line, const char *input);
void ran_fini(struct ran *ran);

/* The same in two steps, for a child that is to be stopped on its way. */
struct running {
	int pid;
	void *streams[2];
};
struct running run_begin(const char *line, const char *input);
struct ran run_end(struct running *running);

/* Fail the test, with everything the program said, when it ended otherwise. */
void run_expect(const char *line, const char *input, int status, const char *out,
		const char *err);

/* A folder of the test's own, removed by folder_remove(). */
const char *folder_make(void);
void folder_remove(void);
/* Write a file there; its path, good until the next call with the same slot. */
const char *folder_file(const char *name, const char *text);

#endif

/* Reading the files that people name. */

#ifndef PROTOCOL_COMMAND_FILES_H
#define PROTOCOL_COMMAND_FILES_H

#include <stddef.h>

struct problem;

/* The whole file ("-" is standard input), with a NUL behind it; at most `most` bytes.
 * NULL with *p told, which names the file; free it. */
char *file_read(const char *path, size_t most, size_t *size, struct problem *p);

/* Names of files; freed by file_list_fini. */
struct file_list {
	size_t count, room;
	char **paths;
};

/* Add a file as named, or the *.xml of a folder in order of their names.  -1 with *p
 * told: not there, or a folder without any. */
int file_list_add(struct file_list *list, const char *path, struct problem *p);
void file_list_fini(struct file_list *list);

/* What follows the last slash. */
const char *file_name(const char *path);

#endif

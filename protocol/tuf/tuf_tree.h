/* Files below a folder that somebody else filled: opened only if they are what they seem.
 *
 * Nothing that a medium holds may lead out of it or stand for something else.  A file is
 * opened beneath its folder with no symbolic link on the way (openat2(2), or name by name
 * where the kernel has none), and must be a regular file with one name.  Descriptors are
 * the caller's to close. */

#ifndef PROTOCOL_TUF_TUF_TREE_H
#define PROTOCOL_TUF_TUF_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;
struct problem;

enum { TUF_TREE_ENTRIES = 200000 };

/* A folder that a person named, for reading below it.  -1 with *p told. */
int tuf_tree_open(const char *path, struct problem *p);

enum tuf_found { TUF_FAULTY = -1, TUF_ABSENT, TUF_FOUND };

/* "metadata/timestamp.json" below `folder`.  TUF_FOUND with *fd and *size; TUF_FAULTY
 * with *p told: it is there, but no plain file, or cannot be read. */
enum tuf_found tuf_tree_file(int folder, const char *name, int *fd, uint64_t *size,
			     struct problem *p);
/* The whole of it, appended; past the buffer's maximum it is TUF_FAULTY. */
enum tuf_found tuf_tree_read(int folder, const char *name, struct buffer *to,
			     struct problem *p);

/* Each name in the folder `name` below `folder` ("." is itself), without "." and "..".
 * Stops when `each` says -1.  A folder that is not there has none. */
int tuf_tree_list(int folder, const char *name,
		  int (*each)(void *owner, const char *entry, struct problem *p),
		  void *owner, struct problem *p);

/* Write a file whole: under another name first, onto the disk, then renamed. */
int tuf_tree_write(int folder, const char *name, const void *bytes, size_t size,
		   struct problem *p);

#endif

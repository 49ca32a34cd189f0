/* Lines from a file or pipe, one at a time, in bounded memory.
 *
 * A line is handed out where it lies, with a NUL in place of its end, and may be changed
 * there; it lives until the next call.  The last line needs no line end.  A line longer
 * than LINE_MOST is passed over and told as such.  One thread. */

#ifndef PROTOCOL_COMMAND_LINE_READER_H
#define PROTOCOL_COMMAND_LINE_READER_H

#include <stdbool.h>
#include <stddef.h>

struct problem;
struct line_reader;

enum { LINE_MOST = 1024 * 1024 };

/* "-" is standard input.  NULL with *p told. */
struct line_reader *line_reader_open(const char *path, struct problem *p);
void line_reader_close(struct line_reader *reader); /* accepts NULL */

enum line_result { LINE_FAILED = -1, LINE_END, LINE_READ, LINE_TOO_LONG };

/* LINE_FAILED with *p told: the disk or the pipe.  *text and *size only for LINE_READ. */
enum line_result line_reader_next(struct line_reader *reader, char **text, size_t *size,
				  struct problem *p);

/* Would the next line have to be waited for?  Then whoever reads our output may have
 * to have it first. */
bool line_reader_must_wait(const struct line_reader *reader);

#endif

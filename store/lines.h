/* Tab-separated lines in one column of text: how the wide parts of a device are kept.
 *
 * A line is fields between tabs, ended by a newline.  In a field a tab, a newline, a
 * carriage return and a backslash are written \t, \n, \r and \\, so any text survives
 * and a person can still read the column.  The writer fills a buffer it is given and
 * remembers when that was too small; the reader walks text in place and remembers when
 * it met something it cannot mean.  Both are asked once, at the end. */

#ifndef STORE_LINES_H
#define STORE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lines_out {
	char *text;
	size_t size, used;
	bool full;  /* something did not fit: the text is of no use */
	bool field; /* within a line, past its first field */
};

void lines_out_init(struct lines_out *out, char *text, size_t size);
void lines_out_text(struct lines_out *out, const char *text);
void lines_out_int(struct lines_out *out, int64_t value);
void lines_out_end(struct lines_out *out); /* of a line */

struct lines_in {
	const char *at, *end; /* what is left */
	const char *line_end; /* of the present line */
	bool bad;
};

void lines_in_init(struct lines_in *in, const char *text, size_t size);
bool lines_in_next(struct lines_in *in);       /* the first call goes to the first line */
bool lines_in_more(const struct lines_in *in); /* another field in this line */

/* A missing field, a field that is no number, or one too long for `size` makes the
 * reader bad and reads as 0 or "".  Returns the length. */
int64_t lines_in_int(struct lines_in *in);
size_t lines_in_text(struct lines_in *in, char *text, size_t size);
/* Which of `words` the field says; bad and 0 when it is none of them. */
int lines_in_word(struct lines_in *in, const char *const words[], int count);

#endif

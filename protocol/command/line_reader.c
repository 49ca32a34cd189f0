#include "protocol/command/line_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/problem.h"

enum { ROOM = LINE_MOST + 1 }; /* a whole line and its end */

struct line_reader {
	int fd;
	char name[200];
	size_t from, to;  /* what is not handed out yet */
	size_t looked_at; /* of that, where no line end is */
	bool ended;       /* nothing more comes */
	bool skipping;    /* inside a line that is too long */
	char room[ROOM + 1];
};

struct line_reader *line_reader_open(const char *path, struct problem *p)
{
	bool is_input = strcmp(path, "-") == 0;
	int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		problem_set(p, errno == ENOENT ? PROBLEM_NOT_FOUND : PROBLEM_EXTERNAL,
			    "cannot read '%.160s': %s", path, strerror(errno));
		return NULL;
	}
	struct line_reader *reader = malloc(sizeof *reader);
	if (reader == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "no memory to read '%.160s'", path);
		if (!is_input)
			close(fd);
		return NULL;
	}
	reader->fd = fd;
	snprintf(reader->name, sizeof reader->name, "%s",
		 is_input ? "standard input" : path);
	reader->from = reader->to = reader->looked_at = 0;
	reader->ended = reader->skipping = false;
	return reader;
}

void line_reader_close(struct line_reader *reader)
{
	if (reader == NULL)
		return;
	if (reader->fd != STDIN_FILENO)
		close(reader->fd);
	free(reader);
}

/* More bytes behind those that are there. */
static int fill(struct line_reader *reader, struct problem *p)
{
	if (reader->from > 0) {
		memmove(reader->room, reader->room + reader->from,
			reader->to - reader->from);
		reader->to -= reader->from;
		reader->from = 0;
	}
	for (;;) {
		ssize_t got =
			read(reader->fd, reader->room + reader->to, ROOM - reader->to);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return problem_set(p, PROBLEM_EXTERNAL,
					   "cannot read '%.160s': %s", reader->name,
					   strerror(errno));
		reader->ended = got == 0;
		reader->to += (size_t)got;
		return 0;
	}
}

static char *find_end(const struct line_reader *reader)
{
	size_t from = reader->from + reader->looked_at;
	return memchr(reader->room + from, '\n', reader->to - from);
}

bool line_reader_must_wait(const struct line_reader *reader)
{
	return !reader->ended && find_end(reader) == NULL;
}

enum line_result line_reader_next(struct line_reader *reader, char **text, size_t *size,
				  struct problem *p)
{
	for (;;) {
		char *start = reader->room + reader->from, *end = find_end(reader);
		bool skipped = reader->skipping;
		if (end == NULL && reader->ended) {
			if (reader->from == reader->to && !skipped)
				return LINE_END;
			end = reader->room + reader->to; /* there is one byte more */
		}
		if (end != NULL) {
			reader->from = (size_t)(end - reader->room);
			reader->from += reader->from < reader->to;
			reader->looked_at = 0;
			reader->skipping = false;
			if (skipped)
				return LINE_TOO_LONG;
			*end = '\0';
			*text = start;
			*size = (size_t)(end - start);
			return LINE_READ;
		}
		reader->looked_at = reader->to - reader->from;
		if (reader->looked_at == ROOM) {
			reader->skipping = true;
			reader->from = reader->to = reader->looked_at = 0;
		}
		if (fill(reader, p) < 0)
			return LINE_FAILED;
	}
}

#include "protocol/xml/files_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/problem.h"

enum { FIRST_ROOM = 16 * 1024 };

static int tell(struct problem *p, const char *path, int error)
{
	enum problem_kind kind = error == ENOENT || error == ENOTDIR ? PROBLEM_NOT_FOUND
				 : error == ENOMEM                   ? PROBLEM_NO_MEMORY
								     : PROBLEM_EXTERNAL;
	return problem_set(p, kind, "cannot read '%.160s': %s", path,
			   error == EISDIR ? "it is a folder" : strerror(error));
}

/* Read to the end, so that a pipe does as well as a file.  One byte more than the limit
 * is asked for, to see that there is one. */
static char *read_all(int fd, const char *path, size_t limit, size_t *size,
		      struct problem *p)
{
	size_t room = FIRST_ROOM, used = 0;
	char *bytes = malloc(room);

	while (bytes != NULL) {
		ssize_t got = read(fd, bytes + used, room - used - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			tell(p, path, errno);
			break;
		}
		used += (size_t)got;
		if (used > limit) {
			problem_set(p, PROBLEM_TOO_LARGE,
				    "cannot read '%.160s': it is larger than %zu bytes",
				    path, limit);
			break;
		}
		if (got == 0) {
			bytes[used] = '\0';
			*size = used;
			return bytes;
		}
		if (room - used > 1)
			continue;
		char *bigger = realloc(bytes, room * 2);
		if (bigger == NULL) {
			tell(p, path, ENOMEM);
			break;
		}
		bytes = bigger;
		room *= 2;
	}
	if (bytes == NULL)
		tell(p, path, ENOMEM);
	free(bytes);
	return NULL;
}

char *files_read(const char *path, size_t limit, size_t *size, struct problem *p)
{
	struct stat status;

	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		tell(p, path, errno);
		return NULL;
	}
	char *bytes = NULL;
	if (fstat(fd, &status) < 0)
		tell(p, path, errno);
	else if (S_ISDIR(status.st_mode))
		tell(p, path, EISDIR);
	else
		bytes = read_all(fd, path, limit, size, p);
	close(fd);
	return bytes;
}

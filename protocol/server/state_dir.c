#include "protocol/server/state_dir.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/problem.h"
#include "protocol/server/token.h"

enum { FILE_ROOM = STATE_PATH + 64 };

static const char token_name[] = "enrolment-token";

char *state_dir_file(const struct state_dir *state, const char *name, char *room,
		     size_t size)
{
	int wanted = snprintf(room, size, "%s/%s", state->path, name);
	assert(wanted > 0 && (size_t)wanted < size);
	(void)wanted;
	return room;
}

/* Ours alone: who could write here could replace the keys. */
static int make_directory(const char *path, struct problem *p)
{
	struct stat found;

	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return problem_set(p, PROBLEM_EXTERNAL,
				   "making the state directory '%s': %s", path,
				   strerror(errno));
	if (stat(path, &found) != 0)
		return problem_set(p, PROBLEM_EXTERNAL, "the state directory '%s': %s",
				   path, strerror(errno));
	if (!S_ISDIR(found.st_mode))
		return problem_set(p, PROBLEM_BAD_INPUT, "'%s' is no directory", path);
	if (found.st_uid != geteuid())
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the state directory '%s' belongs to another user",
				   path);
	if ((found.st_mode & 077) != 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the state directory '%s' is open to others; make it "
				   "private: chmod 700",
				   path);
	return 0;
}

static int take_lock(struct state_dir *state, struct problem *p)
{
	char path[FILE_ROOM], pid[24] = "";

	state_dir_file(state, "lock", path, sizeof path);
	state->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (state->lock_fd < 0)
		return problem_set(p, PROBLEM_EXTERNAL, "opening '%s': %s", path,
				   strerror(errno));
	if (flock(state->lock_fd, LOCK_EX | LOCK_NB) != 0) {
		ssize_t got = errno == EWOULDBLOCK
				      ? read(state->lock_fd, pid, sizeof pid - 1)
				      : -1;
		problem_set(p, PROBLEM_CONFLICT,
			    "another patchyardd uses '%s'%s%.*s: stop it first",
			    state->path, got > 0 ? ", process " : "",
			    (int)strcspn(pid, "\n"), pid);
		close(state->lock_fd);
		return -1;
	}
	/* The number is for people; the lock is what counts. */
	int size = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
	if (ftruncate(state->lock_fd, 0) != 0 ||
	    write(state->lock_fd, pid, (size_t)size) != size) {
		problem_set(p, PROBLEM_EXTERNAL, "writing '%s': %s", path,
			    strerror(errno));
		close(state->lock_fd);
		return -1;
	}
	return 0;
}

/* Written whole or not at all. */
static int write_token(const struct state_dir *state, const char *token,
		       struct problem *p)
{
	char path[FILE_ROOM], temporary[FILE_ROOM], line[TOKEN_TEXT + 1];

	state_dir_file(state, token_name, path, sizeof path);
	state_dir_file(state, "enrolment-token.new", temporary, sizeof temporary);
	int size = snprintf(line, sizeof line, "%s\n", token);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		      0600);
	bool ok = fd >= 0 && write(fd, line, (size_t)size) == size && fsync(fd) == 0;
	if (fd >= 0 && close(fd) != 0)
		ok = false;
	if (ok && rename(temporary, path) == 0)
		return 0;
	return problem_set(p, PROBLEM_EXTERNAL, "writing '%s': %s", path,
			   strerror(errno));
}

static int read_token(struct state_dir *state, struct problem *p)
{
	char path[FILE_ROOM];

	state_dir_file(state, token_name, path, sizeof path);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT) {
		if (token_new(state->enrolment_token, p) < 0)
			return -1;
		return write_token(state, state->enrolment_token, p);
	}
	ssize_t got = fd < 0 ? -1
			     : read(fd, state->enrolment_token,
				    sizeof state->enrolment_token - 1);
	int error = errno;
	if (fd >= 0)
		close(fd);
	if (got < 0)
		return problem_set(p, PROBLEM_EXTERNAL, "reading '%s': %s", path,
				   strerror(error));
	state->enrolment_token[got] = '\0';
	state->enrolment_token[strcspn(state->enrolment_token, "\r\n")] = '\0';
	if (strlen(state->enrolment_token) < TOKEN_LETTERS / 2)
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"'%s' holds no token of at least %d characters; remove "
			"it to have a new one made",
			path, TOKEN_LETTERS / 2);
	return 0;
}

int state_dir_open(struct state_dir *state, const char *path, struct problem *p)
{
	int wanted = snprintf(state->path, sizeof state->path, "%s", path);

	if (wanted < 0 || (size_t)wanted >= sizeof state->path)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "the state directory's path is over %d bytes long",
				   STATE_PATH - 1);
	if (make_directory(path, p) < 0 || take_lock(state, p) < 0)
		return -1;
	if (read_token(state, p) == 0)
		return 0;
	close(state->lock_fd);
	return -1;
}

void state_dir_close(struct state_dir *state)
{
	close(state->lock_fd); /* and with it the lock */
}

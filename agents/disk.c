#include "agents/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/problem.h"

static int told(struct problem *p, const char *what, const char *path)
{
	int cause = errno;
	return problem_set(p, cause == ENOENT ? PROBLEM_NOT_FOUND : PROBLEM_EXTERNAL,
			   "cannot %s '%s': %s", what, path, strerror(cause));
}

static int path_of(char path[static PATH_MAX], const char *folder, const char *name,
		   struct problem *p)
{
	int wanted = snprintf(path, PATH_MAX, "%s/%s", folder, name);
	if (wanted < 0 || wanted >= PATH_MAX)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "the path '%.80s/...' is too long", folder);
	return 0;
}

int disk_make_folder(const char *folder, struct problem *p)
{
	struct stat found;

	if (mkdir(folder, 0700) == 0)
		return 0;
	if (errno != EEXIST)
		return told(p, "make the folder", folder);
	if (stat(folder, &found) < 0)
		return told(p, "look at", folder);
	if (!S_ISDIR(found.st_mode))
		return problem_set(p, PROBLEM_BAD_INPUT, "'%s' is not a folder", folder);
	return 0;
}

int disk_sync_folder(const char *folder, struct problem *p)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return told(p, "open the folder", folder);
	int failed = fsync(fd);
	int cause = errno;
	close(fd);
	errno = cause;
	return failed < 0 ? told(p, "flush the folder", folder) : 0;
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t done = write(fd, data, size);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		data += done;
		size -= (size_t)done;
	}
	return 0;
}

int disk_write(const char *folder, const char *name, const void *data, size_t size,
	       struct problem *p)
{
	char path[PATH_MAX], fresh[PATH_MAX], fresh_name[NAME_MAX];

	snprintf(fresh_name, sizeof fresh_name, "%.200s.new", name);
	if (path_of(path, folder, name, p) < 0 ||
	    path_of(fresh, folder, fresh_name, p) < 0)
		return -1;
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return told(p, "write", fresh);
	int failed = write_all(fd, data, size) < 0 || fsync(fd) < 0;
	int cause = errno;
	failed = close(fd) < 0 || failed;
	if (failed) {
		unlink(fresh);
		errno = cause;
		return told(p, "write", fresh);
	}
	if (rename(fresh, path) < 0)
		return told(p, "put in place", path);
	return disk_sync_folder(folder, p);
}

char *disk_read(const char *folder, const char *name, size_t most, size_t *size,
		struct problem *p)
{
	char path[PATH_MAX];

	return path_of(path, folder, name, p) < 0 ? NULL
						  : disk_read_path(path, most, size, p);
}

char *disk_read_path(const char *path, size_t most, size_t *size, struct problem *p)
{
	struct stat found;

	FILE *file = fopen(path, "rbe");
	if (file == NULL) {
		told(p, "read", path);
		return NULL;
	}
	char *text = NULL;
	if (fstat(fileno(file), &found) < 0)
		told(p, "look at", path);
	else if (found.st_size < 0 || (size_t)found.st_size > most)
		problem_set(p, PROBLEM_TOO_LARGE, "'%s' has more than %zu bytes", path,
			    most);
	else if ((text = malloc((size_t)found.st_size + 1)) == NULL)
		problem_set(p, PROBLEM_NO_MEMORY, "no memory to read '%s'", path);
	if (text != NULL) {
		*size = fread(text, 1, (size_t)found.st_size, file);
		text[*size] = '\0';
		if (ferror(file)) {
			told(p, "read", path);
			free(text);
			text = NULL;
		}
	}
	fclose(file);
	return text;
}

int disk_lock(const char *folder, const char *name, struct problem *p)
{
	char path[PATH_MAX];

	if (path_of(path, folder, name, p) < 0)
		return -1;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return told(p, "open", path);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	int cause = errno;
	close(fd);
	errno = cause;
	if (cause == EWOULDBLOCK)
		return problem_set(p, PROBLEM_CONFLICT,
				   "another agent is at work in the folder '%.150s'",
				   folder);
	return told(p, "lock", path);
}

int disk_remove(const char *folder, const char *name, struct problem *p)
{
	char path[PATH_MAX];

	if (path_of(path, folder, name, p) < 0)
		return -1;
	if (unlink(path) < 0 && errno != ENOENT)
		return told(p, "remove", path);
	return 0;
}

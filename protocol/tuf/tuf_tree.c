#include "protocol/tuf/tuf_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/openat2.h>

#include "engine/buffer.h"
#include "engine/problem.h"

enum { READ_ONLY = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW };

int tuf_tree_open(const char *path, struct problem *p)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return problem_set(
			p, errno == ENOENT ? PROBLEM_NOT_FOUND : PROBLEM_EXTERNAL,
			"%.100s cannot be opened as a folder: %s", path, strerror(errno));
	return fd;
}

/* Name by name, none of them a link and none going up. */
static int open_by_names(int folder, const char *name, int flags)
{
	int at = dup(folder);

	while (at >= 0) {
		char part[256];
		size_t size = strcspn(name, "/");
		if (size == 0 || size >= sizeof part) {
			close(at);
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(part, name, size);
		part[size] = '\0';
		bool last = name[size] == '\0';
		if (strcmp(part, "..") == 0) {
			close(at);
			errno = EXDEV;
			return -1;
		}
		int next = openat(at, part, last ? flags : READ_ONLY | O_DIRECTORY);
		int error = errno;
		close(at);
		errno = error;
		if (last)
			return next;
		at = next;
		name += size + 1;
	}
	return -1;
}

static int open_beneath(int folder, const char *name, int flags)
{
	struct open_how how = { .flags = (unsigned)flags,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
					   RESOLVE_NO_MAGICLINKS };
	long fd = syscall(SYS_openat2, folder, name, &how, sizeof how);

	/* EPERM is how some sandboxes say that they do not know the call */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return open_by_names(folder, name, flags);
	return (int)fd;
}

static enum tuf_found faulty(const char *name, const char *why, struct problem *p)
{
	problem_set(p, PROBLEM_BAD_INPUT,
		    "%.180s %s; a bundle has plain files only: take it off, or copy the "
		    "bundle anew",
		    name, why);
	return TUF_FAULTY;
}

enum tuf_found tuf_tree_file(int folder, const char *name, int *fd, uint64_t *size,
			     struct problem *p)
{
	struct stat seen;

	/* looked at with no open first: to open some devices is to act on them */
	int look = open_beneath(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (look < 0 && errno == ENOENT)
		return TUF_ABSENT;
	if (look < 0 && (errno == ELOOP || errno == EXDEV || errno == ENOTDIR))
		return faulty(name, "is or lies behind a symbolic link", p);
	if (look < 0 || fstat(look, &seen) < 0) {
		problem_set(p, PROBLEM_EXTERNAL, "%.180s cannot be opened: %s", name,
			    strerror(errno));
		if (look >= 0)
			close(look);
		return TUF_FAULTY;
	}
	close(look);
	if (S_ISLNK(seen.st_mode))
		return faulty(name, "is a symbolic link", p);
	if (!S_ISREG(seen.st_mode))
		return faulty(name, "is no regular file", p);
	*fd = open_beneath(folder, name, READ_ONLY);
	if (*fd < 0 || fstat(*fd, &seen) < 0) {
		problem_set(p, PROBLEM_EXTERNAL, "%.180s cannot be opened: %s", name,
			    strerror(errno));
	} else if (!S_ISREG(seen.st_mode)) {
		faulty(name, "is no regular file", p);
	} else if (seen.st_nlink > 1) {
		faulty(name, "has a second name (a hard link)", p);
	} else {
		*size = (uint64_t)seen.st_size;
		return TUF_FOUND;
	}
	if (*fd >= 0)
		close(*fd);
	return TUF_FAULTY;
}

enum tuf_found tuf_tree_read(int folder, const char *name, struct buffer *to,
			     struct problem *p)
{
	uint64_t size;
	int fd;
	enum tuf_found found = tuf_tree_file(folder, name, &fd, &size, p);

	if (found != TUF_FOUND)
		return found;
	for (;;) {
		size_t room = to->most - to->size;
		size_t step = room + 1 < 65536 ? room + 1 : 65536;
		char bytes[65536];
		ssize_t got = read(fd, bytes, step);
		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0)
			break;
		if (got < 0) {
			problem_set(p, PROBLEM_EXTERNAL, "%.180s cannot be read: %s",
				    name, strerror(errno));
			found = TUF_FAULTY;
			break;
		}
		if ((size_t)got > room) {
			problem_set(p, PROBLEM_TOO_LARGE,
				    "%.160s is longer than the %zu bytes that it may "
				    "have; copy the bundle anew",
				    name, to->most);
			found = TUF_FAULTY;
			break;
		}
		if (!buffer_append(to, bytes, (size_t)got)) {
			problem_set(p, PROBLEM_NO_MEMORY, "no memory to read %.180s",
				    name);
			found = TUF_FAULTY;
			break;
		}
	}
	close(fd);
	return found;
}

int tuf_tree_list(int folder, const char *name,
		  int (*each)(void *owner, const char *entry, struct problem *p),
		  void *owner, struct problem *p)
{
	struct dirent *entry;
	size_t count = 0;
	int result = 0;
	int fd = open_beneath(folder, name, READ_ONLY | O_DIRECTORY);

	if (fd < 0 && errno == ENOENT)
		return 0;
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	if (list == NULL) {
		problem_set(p, PROBLEM_BAD_INPUT, "%.100s cannot be read as a folder: %s",
			    name, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while (result == 0) {
		errno = 0;
		entry = readdir(list);
		if (entry == NULL) {
			if (errno != 0)
				result = problem_set(p, PROBLEM_EXTERNAL,
						     "%.100s cannot be listed: %s", name,
						     strerror(errno));
			break;
		}
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (++count > TUF_TREE_ENTRIES)
			result = problem_set(p, PROBLEM_TOO_LARGE,
					     "%.100s holds more than %d files; it is no "
					     "bundle",
					     name, TUF_TREE_ENTRIES);
		else
			result = each(owner, entry->d_name, p);
	}
	closedir(list);
	return result;
}

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t put = write(fd, bytes, size);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		bytes += put;
		size -= (size_t)put;
	}
	return 0;
}

int tuf_tree_write(int folder, const char *name, const void *bytes, size_t size,
		   struct problem *p)
{
	char draft[300];

	snprintf(draft, sizeof draft, "%.280s.part", name);
	(void)unlinkat(folder, draft, 0);
	int fd = openat(folder, draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	int error = 0;
	if (fd < 0 || write_all(fd, bytes, size) < 0 || fsync(fd) < 0)
		error = errno;
	if (fd >= 0 && close(fd) < 0 && error == 0)
		error = errno;
	if (error == 0 && renameat(folder, draft, folder, name) < 0)
		error = errno;
	/* a folder that cannot be synced (some media) has at least its file */
	if (error == 0 && fsync(folder) < 0 && errno != EINVAL)
		error = errno;
	if (error == 0)
		return 0;
	(void)unlinkat(folder, draft, 0);
	return problem_set(p, PROBLEM_EXTERNAL, "%.180s cannot be written: %s", name,
			   strerror(error));
}

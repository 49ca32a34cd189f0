#include "tests/unit/agents/scratch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/case.h"

char *scratch_make(char path[static SCRATCH_PATH])
{
	const char *place = getenv("TMPDIR");

	/* In memory if there is such a place: these tests flush thousands of files. */
	if (place == NULL)
		place = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(path, SCRATCH_PATH, "%s/patchyard-agents-XXXXXX", place);
	assert_non_null(mkdtemp(path));
	return path;
}

enum { TWO_PATHS = 2 * SCRATCH_PATH };

static void path_of(char path[static TWO_PATHS], const char *folder, const char *name)
{
	int size = snprintf(path, TWO_PATHS, "%s/%s", folder, name);
	assert_in_range(size, 1, TWO_PATHS - 1);
}

/* Call `each` with the path of every entry. */
static void walk(const char *folder,
		 void (*each)(const char *path, const char *name, const char *to),
		 const char *to)
{
	char path[TWO_PATHS];
	struct dirent *entry;
	DIR *listing = opendir(folder);

	assert_non_null(listing);
	while ((entry = readdir(listing)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		path_of(path, folder, entry->d_name);
		each(path, entry->d_name, to);
	}
	closedir(listing);
}

static void remove_entry(const char *path, const char *name, const char *to)
{
	struct stat found;

	(void)name;
	(void)to;
	assert_int_equal(lstat(path, &found), 0);
	if (S_ISDIR(found.st_mode))
		scratch_remove(path);
	else
		assert_int_equal(unlink(path), 0);
}

void scratch_remove(const char *path)
{
	walk(path, remove_entry, NULL);
	assert_int_equal(rmdir(path), 0);
}

static void copy_entry(const char *path, const char *name, const char *to)
{
	char target[TWO_PATHS];
	struct stat found;
	size_t size = 0;

	assert_int_equal(stat(path, &found), 0);
	if (S_ISDIR(found.st_mode)) {
		path_of(target, to, name);
		scratch_copy(path, target);
		return;
	}
	char folder[TWO_PATHS];
	snprintf(folder, sizeof folder, "%.*s", (int)(strlen(path) - strlen(name) - 1),
		 path);
	char *data = scratch_read(folder, name, &size);
	assert_non_null(data);
	scratch_write(to, name, data, size);
	free(data);
}

void scratch_copy(const char *from, const char *to)
{
	assert_int_equal(mkdir(to, 0700), 0);
	walk(from, copy_entry, to);
}

void scratch_write(const char *folder, const char *name, const void *data, size_t size)
{
	char path[TWO_PATHS];

	path_of(path, folder, name);
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

char *scratch_read(const char *folder, const char *name, size_t *size)
{
	char path[TWO_PATHS];

	path_of(path, folder, name);
	FILE *file = fopen(path, "rb");
	if (file == NULL)
		return NULL;
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	*size = (size_t)ftell(file);
	rewind(file);
	char *data = malloc(*size + 1);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, *size, file), *size);
	data[*size] = '\0';
	fclose(file);
	return data;
}

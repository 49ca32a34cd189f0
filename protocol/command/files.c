#include "protocol/command/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/xml/files_read.h"

enum { FILES_MOST = 4096 };

char *file_read(const char *path, size_t most, size_t *size, struct problem *p)
{
	return files_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, most, size, p);
}

static int add_one(struct file_list *list, char *path, struct problem *p)
{
	if (path != NULL && list->count == list->room && list->count < FILES_MOST) {
		size_t room = list->room == 0 ? 16 : list->room * 2;
		char **bigger = reallocarray(list->paths, room, sizeof *bigger);
		if (bigger != NULL) {
			list->paths = bigger;
			list->room = room;
		}
	}
	if (path == NULL || list->count == list->room) {
		free(path);
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "no room for more than %zu files", list->count);
	}
	list->paths[list->count++] = path;
	return 0;
}

static bool is_xml(const char *name)
{
	size_t size = strlen(name);
	return name[0] != '.' && size > 4 && strcmp(name + size - 4, ".xml") == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_folder(struct file_list *list, const char *path, DIR *folder,
		      struct problem *p)
{
	size_t first = list->count, size = strlen(path);
	const char *slash = size > 0 && path[size - 1] == '/' ? "" : "/";

	for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		char *whole;
		if (!is_xml(entry->d_name))
			continue;
		if (asprintf(&whole, "%s%s%s", path, slash, entry->d_name) < 0)
			whole = NULL;
		if (add_one(list, whole, p) < 0)
			return -1;
	}
	if (list->count == first)
		return problem_set(p, PROBLEM_NOT_FOUND,
				   "the folder '%.160s' holds no *.xml", path);
	qsort(list->paths + first, list->count - first, sizeof *list->paths, by_name);
	return 0;
}

int file_list_add(struct file_list *list, const char *path, struct problem *p)
{
	DIR *folder = opendir(path);

	if (folder == NULL && errno != ENOTDIR)
		return problem_set(p,
				   errno == ENOENT ? PROBLEM_NOT_FOUND : PROBLEM_EXTERNAL,
				   "cannot read '%.160s': %s", path, strerror(errno));
	if (folder == NULL)
		return add_one(list, strdup(path), p);
	int result = add_folder(list, path, folder, p);
	closedir(folder);
	return result;
}

void file_list_fini(struct file_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->paths[i]);
	free(list->paths);
	*list = (struct file_list){ 0 };
}

const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash == NULL ? path : slash + 1;
}

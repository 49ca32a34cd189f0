#include "tests/unit/server/scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char path[256];

bool scratch_init(struct scratch *scratch)
{
	*scratch = (struct scratch){ "/tmp/patchyard-server-XXXXXX" };
	return mkdtemp(scratch->folder) != NULL;
}

static int remove_one(const char *name, const struct stat *found, int type,
		      struct FTW *walk)
{
	(void)found;
	(void)type;
	(void)walk;
	return remove(name);
}

void scratch_fini(struct scratch *scratch)
{
	nftw(scratch->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_path(struct scratch *scratch, const char *name)
{
	snprintf(path, sizeof path, "%s/%s", scratch->folder, name);
	return path;
}

const char *scratch_write(struct scratch *scratch, const char *name, const char *text)
{
	scratch_path(scratch, name);
	char *slash = strrchr(path, '/');
	*slash = '\0';
	mkdir(path, 0700);
	*slash = '/';
	FILE *file = fopen(path, "we");
	if (file == NULL)
		return NULL;
	fputs(text, file);
	return fclose(file) == 0 ? path : NULL;
}

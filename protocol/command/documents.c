#include "protocol/command/documents.h"

#include <stdlib.h>

#include "engine/limits.h"
#include "engine/problem.h"
#include "protocol/command/files.h"
#include "protocol/command/list.h"
#include "protocol/command/tell.h"

static int add_file(json_t *files, const char *path, struct trouble *trouble)
{
	struct problem p;
	size_t size;
	char *text = file_read(path, LIMIT_XML_DOCUMENT, &size, &p);

	if (text == NULL)
		return trouble_set(trouble,
				   p.kind == PROBLEM_NOT_FOUND ? STATUS_NOT_FOUND
							       : STATUS_FAILED,
				   "%s", p.text);
	json_t *file =
		json_pack("{s:s,s:s%}", "name", file_name(path), "text", text, size);
	free(text);
	if (file == NULL || json_array_append_new(files, file) < 0)
		return trouble_set(trouble, STATUS_FAILED,
				   "\"%.200s\" is no text in UTF-8", path);
	return 0;
}

json_t *documents_read(const struct invocation *invocation, const char *member,
		       struct trouble *trouble)
{
	struct file_list list = { 0 };
	struct problem p;
	json_t *files = json_array();
	int result = 0;

	for (int i = 0; i < invocation->argument_count && result == 0; i++) {
		result = file_list_add(&list, invocation->arguments[i], &p);
		if (result < 0)
			trouble_set(trouble,
				    p.kind == PROBLEM_NOT_FOUND ? STATUS_NOT_FOUND
								: STATUS_FAILED,
				    "%s", p.text);
	}
	for (size_t i = 0; i < list.count && result == 0; i++)
		result = add_file(files, list.paths[i], trouble);
	file_list_fini(&list);
	if (result < 0) {
		json_decref(files);
		return NULL;
	}
	return json_pack("{s:o,s:b}", member, files, "dry_run",
			 invocation_has(invocation, OPTION_DRY_RUN));
}

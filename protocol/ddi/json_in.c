#include "protocol/ddi/json_in.h"

#include <stdbool.h>

#include "engine/problem.h"

json_t *json_in_object(const char *body, size_t size, struct problem *p)
{
	json_error_t error;

	if (size == 0) {
		problem_set(p, PROBLEM_BAD_INPUT, "the request has no body: send JSON");
		return NULL;
	}
	json_t *root = json_loadb(body, size, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL) {
		bool memory = json_error_code(&error) == json_error_out_of_memory;
		problem_set(p, memory ? PROBLEM_NO_MEMORY : PROBLEM_BAD_INPUT,
			    "the body is not JSON at line %d, column %d: %.100s",
			    error.line, error.column, error.text);
		return NULL;
	}
	if (!json_is_object(root)) {
		json_decref(root);
		problem_set(p, PROBLEM_BAD_INPUT, "the body is JSON, but no object");
		return NULL;
	}
	return root;
}

#include "allocations.h"

#include <stddef.h>

/* The names are the linker's. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static unsigned long count;

void *__real_malloc(size_t size);
void *__real_calloc(size_t number, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_reallocarray(void *memory, size_t number, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t number, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_reallocarray(void *memory, size_t number, size_t size);
char *__wrap_strdup(const char *text);

unsigned long allocations_count(void)
{
	return count;
}

void *__wrap_malloc(size_t size)
{
	count++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t number, size_t size)
{
	count++;
	return __real_calloc(number, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	count++;
	return __real_realloc(memory, size);
}

void *__wrap_reallocarray(void *memory, size_t number, size_t size)
{
	count++;
	return __real_reallocarray(memory, number, size);
}

char *__wrap_strdup(const char *text)
{
	count++;
	return __real_strdup(text);
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

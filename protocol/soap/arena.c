#include "protocol/soap/arena.h"

#include <stdalign.h>
#include <stdlib.h>

enum { BLOCK = 16 * 1024 };

struct arena_block {
	struct arena_block *next;
	size_t room;
	alignas(max_align_t) char at[];
};

void arena_init(struct arena *arena, size_t most)
{
	*arena = (struct arena){ .most = most };
}

static void free_after(struct arena_block *block)
{
	while (block->next != NULL) {
		struct arena_block *next = block->next;
		block->next = next->next;
		free(next);
	}
}

void arena_fini(struct arena *arena)
{
	if (arena->first != NULL)
		free_after(arena->first);
	free(arena->first);
	arena_init(arena, arena->most);
}

void arena_reset(struct arena *arena)
{
	if (arena->first == NULL)
		return;
	free_after(arena->first);
	arena->last = arena->first;
	arena->used = 0;
	arena->total = arena->first->room;
}

static struct arena_block *add_block(struct arena *arena, size_t size)
{
	size_t room = size > BLOCK ? size : BLOCK;

	if (room > arena->most - arena->total)
		return NULL;
	struct arena_block *block = malloc(sizeof *block + room);
	if (block == NULL)
		return NULL;
	block->next = NULL;
	block->room = room;
	if (arena->last != NULL)
		arena->last->next = block;
	else
		arena->first = block;
	arena->last = block;
	arena->used = 0;
	arena->total += room;
	return block;
}

void *arena_take(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->last;

	if (size > arena->most)
		return NULL;
	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (block == NULL || size > block->room - arena->used) {
		block = add_block(arena, size);
		if (block == NULL)
			return NULL;
	}
	void *memory = block->at + arena->used;
	arena->used += size;
	return memory;
}

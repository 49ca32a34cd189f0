#include "engine/rehearsal/queue.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

enum { BUCKET_S = 1800, ROOM_FIRST = 1024 };

struct node {
	uint64_t key;  /* time, then number */
	uint32_t next; /* in its bucket, or among the free; 0 none */
};

struct queue {
	uint32_t from, until;
	size_t bucket_count, bucket; /* the one at hand */
	uint32_t *first;             /* of each bucket */
	struct node *nodes;          /* [0] is nobody's */
	uint32_t node_count, node_room, free;
	/* The bucket at hand: a heap, the least first. */
	uint64_t *heap;
	size_t heap_count, heap_room;
};

struct queue *queue_new(uint32_t from, uint32_t until)
{
	struct queue *queue = calloc(1, sizeof *queue);

	assert(from <= until);
	if (queue == NULL)
		return NULL;
	queue->from = from;
	queue->until = until;
	queue->bucket_count = (size_t)(until - from) / BUCKET_S + 1;
	queue->node_count = 1;
	queue->node_room = ROOM_FIRST;
	queue->heap_room = ROOM_FIRST;
	queue->first = calloc(queue->bucket_count, sizeof *queue->first);
	queue->nodes = calloc(queue->node_room, sizeof *queue->nodes);
	queue->heap = calloc(queue->heap_room, sizeof *queue->heap);
	if (queue->first == NULL || queue->nodes == NULL || queue->heap == NULL) {
		queue_free(queue);
		return NULL;
	}
	return queue;
}

void queue_free(struct queue *queue)
{
	if (queue == NULL)
		return;
	free(queue->first);
	free(queue->nodes);
	free(queue->heap);
	free(queue);
}

static int heap_put(struct queue *queue, uint64_t key)
{
	if (queue->heap_count == queue->heap_room) {
		size_t room = 2 * queue->heap_room;
		uint64_t *bigger = reallocarray(queue->heap, room, sizeof *bigger);
		if (bigger == NULL)
			return -1;
		queue->heap = bigger;
		queue->heap_room = room;
	}
	size_t at = queue->heap_count++;
	while (at > 0 && queue->heap[(at - 1) / 2] > key) {
		queue->heap[at] = queue->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	queue->heap[at] = key;
	return 0;
}

static uint64_t heap_take(struct queue *queue)
{
	uint64_t least = queue->heap[0];
	uint64_t key = queue->heap[--queue->heap_count];
	size_t count = queue->heap_count, at = 0;

	for (size_t child = 1; child < count; child = 2 * at + 1) {
		if (child + 1 < count && queue->heap[child + 1] < queue->heap[child])
			child++;
		if (queue->heap[child] >= key)
			break;
		queue->heap[at] = queue->heap[child];
		at = child;
	}
	queue->heap[at] = key;
	return least;
}

static uint32_t node_take(struct queue *queue)
{
	uint32_t node = queue->free;

	if (node != 0) {
		queue->free = queue->nodes[node].next;
		return node;
	}
	if (queue->node_count == queue->node_room) {
		uint32_t room = 2 * queue->node_room;
		struct node *bigger = reallocarray(queue->nodes, room, sizeof *bigger);
		if (bigger == NULL)
			return 0;
		queue->nodes = bigger;
		queue->node_room = room;
	}
	return queue->node_count++;
}

int queue_put(struct queue *queue, uint32_t time, uint32_t number)
{
	uint64_t key = (uint64_t)time << 32 | number;

	assert(time >= queue->from);
	if (time > queue->until)
		return 0;
	size_t bucket = (time - queue->from) / BUCKET_S;
	if (bucket <= queue->bucket)
		return heap_put(queue, key);
	uint32_t node = node_take(queue);
	if (node == 0)
		return -1;
	queue->nodes[node] = (struct node){ key, queue->first[bucket] };
	queue->first[bucket] = node;
	return 0;
}

/* The next bucket that holds anything, into the heap. */
static int turn_over(struct queue *queue)
{
	while (queue->heap_count == 0 && queue->bucket + 1 < queue->bucket_count) {
		uint32_t node = queue->first[++queue->bucket];
		while (node != 0) {
			uint32_t next = queue->nodes[node].next;
			if (heap_put(queue, queue->nodes[node].key) < 0)
				return -1;
			queue->nodes[node].next = queue->free;
			queue->free = node;
			node = next;
		}
		queue->first[queue->bucket] = 0;
	}
	return queue->heap_count > 0;
}

int queue_take(struct queue *queue, uint32_t *time, uint32_t *number)
{
	int rc = queue->heap_count == 0 ? turn_over(queue) : 1;

	if (rc <= 0)
		return rc;
	uint64_t key = heap_take(queue);
	*time = (uint32_t)(key >> 32);
	*number = (uint32_t)key;
	return 1;
}

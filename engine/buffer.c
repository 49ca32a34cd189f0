#include "engine/buffer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 512 };

static void check(const struct buffer *buffer)
{
	assert(buffer->size <= buffer->room);
	assert(buffer->room <= buffer->most + 1);
}

void buffer_init(struct buffer *buffer, size_t most)
{
	*buffer = (struct buffer){ .most = most };
}

void buffer_fini(struct buffer *buffer)
{
	check(buffer);
	free(buffer->at);
	*buffer = (struct buffer){ .most = buffer->most };
}

bool buffer_reserve(struct buffer *buffer, size_t more)
{
	check(buffer);
	if (more > buffer->most - buffer->size)
		return false;
	size_t wanted = buffer->size + more + 1;
	if (wanted <= buffer->room)
		return true;

	size_t room = buffer->room > 0 ? buffer->room : FIRST_ROOM;
	while (room < wanted)
		room *= 2;
	if (room > buffer->most + 1)
		room = buffer->most + 1;
	char *at = realloc(buffer->at, room);
	if (at == NULL)
		return false;
	buffer->at = at;
	buffer->room = room;
	check(buffer);
	return true;
}

bool buffer_append(struct buffer *buffer, const void *data, size_t size)
{
	if (!buffer_reserve(buffer, size))
		return false;
	if (size > 0)
		memcpy(buffer->at + buffer->size, data, size);
	buffer->size += size;
	buffer->at[buffer->size] = '\0';
	return true;
}

bool buffer_text(struct buffer *buffer, const char *text)
{
	return buffer_append(buffer, text, strlen(text));
}

void buffer_clear(struct buffer *buffer, size_t keep)
{
	buffer->size = 0;
	if (buffer->room > keep)
		buffer_fini(buffer);
}

char *buffer_release(struct buffer *buffer)
{
	char *at = buffer->at;
	*buffer = (struct buffer){ .most = buffer->most };
	return at;
}

#include "protocol/http/file_stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "protocol/http/exchange.h"

enum { READ_BYTES = 256 * 1024 };

struct file_stream {
	uv_fs_t request;
	uv_loop_t *loop;
	int fd;
	bool reading, abandoned;
	const struct file_sink *sink;
	void *owner;
	size_t part, part_count;
	struct http_part *parts; /* their texts lie behind `texts` */
	char *texts;
	const char *tail;
	int64_t offset, left; /* in the present part */
	char *room;
	size_t room_size;
};

static void stream_free(struct file_stream *stream)
{
	/* The file was only read: nothing can be lost in closing it. */
	close(stream->fd);
	free(stream->parts);
	free(stream->texts);
	free(stream->room);
	free(stream);
}

static size_t texts_size(const struct http_file *file)
{
	size_t size = strlen(file->tail) + 1;
	for (size_t i = 0; i < file->part_count; i++)
		size += strlen(file->parts[i].head) + 1;
	return size;
}

static char *copy_text(char *to, const char *text)
{
	size_t size = strlen(text) + 1;
	memcpy(to, text, size);
	return to + size;
}

static size_t largest_read(const struct http_file *file)
{
	int64_t most = 1;
	for (size_t i = 0; i < file->part_count; i++) {
		if (file->parts[i].size > most)
			most = file->parts[i].size;
	}
	return most < READ_BYTES ? (size_t)most : READ_BYTES;
}

struct file_stream *file_stream_new(uv_loop_t *loop, const struct http_file *file,
				    const struct file_sink *sink, void *owner)
{
	assert(file->part_count > 0);
	struct file_stream *stream = calloc(1, sizeof *stream);
	if (stream == NULL)
		return NULL;
	stream->room_size = largest_read(file);
	stream->room = malloc(stream->room_size);
	stream->parts = calloc(file->part_count, sizeof *stream->parts);
	stream->texts = malloc(texts_size(file));
	if (stream->room == NULL || stream->parts == NULL || stream->texts == NULL) {
		free(stream->room);
		free(stream->parts);
		free(stream->texts);
		free(stream);
		return NULL;
	}
	char *to = stream->texts;
	for (size_t i = 0; i < file->part_count; i++) {
		stream->parts[i] = file->parts[i];
		stream->parts[i].head = to;
		to = copy_text(to, file->parts[i].head);
	}
	stream->tail = to;
	copy_text(to, file->tail);
	stream->loop = loop;
	stream->fd = file->fd;
	stream->part_count = file->part_count;
	stream->sink = sink;
	stream->owner = owner;
	stream->request.data = stream;
	stream->left = -1; /* the head of the first part comes first */
	return stream;
}

static void end(struct file_stream *stream, bool complete)
{
	if (!stream->abandoned) {
		stream->abandoned = true;
		stream->sink->ended(stream->owner, complete);
	}
	stream_free(stream);
}

static void on_read(uv_fs_t *request)
{
	struct file_stream *stream = request->data;
	ssize_t got = request->result;

	uv_fs_req_cleanup(request);
	if (stream->abandoned || got <= 0) {
		/* 0: the file has become shorter than it was when we promised. */
		end(stream, false);
		return;
	}
	stream->offset += got;
	stream->left -= got;
	/* Still `reading`: being abandoned by the sink must not free us just yet. */
	bool more = stream->sink->bytes(stream->owner, stream->room, (size_t)got);
	stream->reading = false;
	if (stream->abandoned)
		stream_free(stream);
	else if (more || (stream->left == 0 && stream->part + 1 == stream->part_count))
		file_stream_resume(stream);
}

static void read_next(struct file_stream *stream)
{
	size_t size = stream->room_size;
	if ((int64_t)size > stream->left)
		size = (size_t)stream->left;
	uv_buf_t room = uv_buf_init(stream->room, (unsigned)size);
	stream->reading = true;
	int rc = uv_fs_read(stream->loop, &stream->request, stream->fd, &room, 1,
			    stream->offset, on_read);
	if (rc != 0) {
		stream->reading = false;
		end(stream, false);
	}
}

void file_stream_resume(struct file_stream *stream)
{
	assert(!stream->abandoned);
	if (stream->reading)
		return;
	stream->reading = true; /* the sink's callbacks must not come back in here */
	while (stream->part < stream->part_count) {
		const struct http_part *part = &stream->parts[stream->part];
		if (stream->left < 0) {
			stream->offset = part->from;
			stream->left = part->size;
			if (part->head[0] != '\0')
				stream->sink->bytes(stream->owner, part->head,
						    strlen(part->head));
		}
		if (stream->abandoned) {
			stream_free(stream);
			return;
		}
		if (stream->left > 0) {
			read_next(stream);
			return;
		}
		stream->part++;
		stream->left = -1;
	}
	if (stream->tail[0] != '\0')
		stream->sink->bytes(stream->owner, stream->tail, strlen(stream->tail));
	end(stream, true);
}

void file_stream_abandon(struct file_stream *stream)
{
	stream->abandoned = true;
	if (!stream->reading)
		stream_free(stream);
}

/* Reads pieces of a file off the loop's thread and hands them on, one read at a time.
 *
 * A body is parts in order, each a few bytes of text and then a range of the file, and
 * a text to close with; a plain answer is one part without text.  The stream owns the
 * descriptor.  Reading goes on while the sink says so, else from file_stream_resume().
 * The sink is told the end exactly once; a stream that is abandoned tells nothing more
 * and frees itself when the read in progress is back. */

#ifndef PROTOCOL_HTTP_FILE_STREAM_H
#define PROTOCOL_HTTP_FILE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct file_stream;
struct http_file;

struct file_sink {
	/* Take bytes.  False: no more until file_stream_resume(). */
	bool (*bytes)(void *owner, const char *data, size_t size);
	/* Last call.  `complete` is false when the file could not be read in full. */
	void (*ended)(void *owner, bool complete);
};

/* Copies the parts, and takes the descriptor over unless it returns NULL, which means
 * no memory.  Nothing is handed on before the first file_stream_resume(). */
struct file_stream *file_stream_new(uv_loop_t *loop, const struct http_file *file,
				    const struct file_sink *sink, void *owner);
void file_stream_resume(struct file_stream *stream);
void file_stream_abandon(struct file_stream *stream);

#endif

#include "protocol/content/content.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol/content/condition.h"
#include "protocol/content/range.h"
#include "protocol/http/exchange.h"

enum {
	TAG_ROOM = 64,
	NAME_MOST = 264, /* a file name of 256 bytes and a suffix */
	HEADERS_MOST = 8,
	PART_HEAD_ROOM = 256,
};

static const char octets[] = "application/octet-stream";

/* What every answer about a file that exists says of it. */
struct description {
	char tag[TAG_ROOM];
	char modified[HTTP_DATE_TEXT];
	char disposition[CONTENT_DISPOSITION_TEXT];
	char range[96];
	struct http_header headers[HEADERS_MOST + 1]; /* ended by a NULL name */
};

static void reply_sentence(struct exchange *exchange, int status, const char *sentence,
			   const struct http_header *extra)
{
	exchange_reply(exchange, status, "text/plain; charset=utf-8", sentence,
		       strlen(sentence), extra);
}

/* attachment; filename="safe"; filename*=UTF-8''percent-encoded (RFC 6266).  The first
 * is for those who know only it: whatever could end the quotes becomes '_'. */
void content_disposition(char *out, size_t room, const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789.-_+()~ ";
	static const char hex[] = "0123456789ABCDEF";
	size_t size = strnlen(name, NAME_MOST);
	bool is_plain = true;

	int used = snprintf(out, room, "attachment; filename=\"");
	assert(used > 0 && (size_t)used + 4 * size + 32 < room);
	char *to = out + used;
	for (size_t i = 0; i < size; i++) {
		bool fits = strchr(plain, name[i]) != NULL;
		*to++ = (char)(fits ? name[i] : '_');
		is_plain = is_plain && fits;
	}
	*to++ = '"';
	if (!is_plain) {
		memcpy(to, "; filename*=UTF-8''", sizeof "; filename*=UTF-8''" - 1);
		to += sizeof "; filename*=UTF-8''" - 1;
		for (size_t i = 0; i < size; i++) {
			unsigned char byte = (unsigned char)name[i];
			/* All of `plain` that RFC 5987 calls attr-char. */
			if (strchr(plain, name[i]) != NULL &&
			    strchr("() ", name[i]) == NULL) {
				*to++ = name[i];
			} else {
				*to++ = '%';
				*to++ = hex[byte >> 4];
				*to++ = hex[byte & 0xf];
			}
		}
	}
	*to = '\0';
}

static void describe(struct description *it, const struct content_file *file,
		     int64_t modified_s)
{
	int size = snprintf(it->tag, sizeof it->tag, "\"%s\"", file->sha1);
	assert(size > 2 && size < TAG_ROOM);
	http_date_format(modified_s, it->modified);
	content_disposition(it->disposition, sizeof it->disposition, file->name);
	it->range[0] = '\0';

	const struct http_header headers[] = {
		{ "ETag", it->tag },
		{ "Last-Modified", it->modified },
		{ "Accept-Ranges", "bytes" },
		{ "Cache-Control", "private, max-age=31536000, immutable" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "Content-Disposition", it->disposition },
		{ "Content-Range", it->range }, /* cut off unless it is said */
		{ NULL, NULL },
	};
	_Static_assert(sizeof headers <= sizeof it->headers, "room for all of them");
	memcpy(it->headers, headers, sizeof headers);
}

/* The header list, with Content-Range when it has been filled in. */
static const struct http_header *headers_of(struct description *it)
{
	struct http_header *one = it->headers;
	while (strcmp(one->name, "Content-Range") != 0)
		one++;
	if (it->range[0] == '\0')
		*one = (struct http_header){ NULL, NULL };
	return it->headers;
}

static void say_range(struct description *it, const struct range *range, int64_t size)
{
	int wanted = snprintf(it->range, sizeof it->range,
			      "bytes %" PRId64 "-%" PRId64 "/%" PRId64, range->from,
			      range->from + range->size - 1, size);
	assert(wanted > 0 && (size_t)wanted < sizeof it->range);
}

/* The boundary holds the file's own hash: a text that could only be in the file if the
 * file held its own hash. */
static void reply_parts(struct exchange *exchange, int fd,
			const struct content_file *file, const struct range_set *set,
			struct description *it)
{
	char type[160], tail[128], heads[RANGES_MOST][PART_HEAD_ROOM];
	struct http_part parts[RANGES_MOST];

	int size = snprintf(type, sizeof type, "multipart/byteranges; boundary=%s",
			    file->sha256);
	assert(size > 0 && (size_t)size < sizeof type);
	size = snprintf(tail, sizeof tail, "\r\n--%s--\r\n", file->sha256);
	assert(size > 0 && (size_t)size < sizeof tail);
	for (size_t i = 0; i < set->count; i++) {
		say_range(it, &set->ranges[i], file->size_bytes);
		size = snprintf(heads[i], sizeof heads[i],
				"%s--%s\r\nContent-Type: %s\r\nContent-Range: %s\r\n\r\n",
				i > 0 ? "\r\n" : "", file->sha256, octets, it->range);
		assert(size > 0 && (size_t)size < sizeof heads[i]);
		parts[i] = (struct http_part){ heads[i], set->ranges[i].from,
					       set->ranges[i].size };
	}
	it->range[0] = '\0'; /* it is in the parts */
	const struct http_file body = { fd, set->count, parts, tail };
	exchange_reply_parts(exchange, 206, type, &body, headers_of(it));
}

static void reply_bytes(struct exchange *exchange, int fd,
			const struct content_file *file,
			const struct validators *validators, struct description *it)
{
	const struct http_request *request = exchange_request(exchange);
	const char *text = http_header(request, "Range");
	struct range_set set;

	/* Range is defined for GET alone (RFC 9110 14.2). */
	if (request->method != HTTP_GET || !condition_range_counts(request, validators))
		text = NULL;
	switch (range_parse(text, file->size_bytes, &set)) {
	case RANGE_WHOLE:
		exchange_reply_file(exchange, 200, octets, fd, 0, file->size_bytes,
				    headers_of(it));
		return;
	case RANGE_REFUSED:
		close(fd); /* only read: nothing to lose */
		snprintf(it->range, sizeof it->range, "bytes */%" PRId64,
			 file->size_bytes);
		exchange_reply(exchange, 416, NULL, NULL, 0, headers_of(it));
		return;
	case RANGE_PARTS:
		break;
	}
	if (set.count > 1) {
		reply_parts(exchange, fd, file, &set, it);
		return;
	}
	say_range(it, &set.ranges[0], file->size_bytes);
	exchange_reply_file(exchange, 206, octets, fd, set.ranges[0].from,
			    set.ranges[0].size, headers_of(it));
}

/* O_NONBLOCK: what should be a file could be a FIFO, and must not hold up the loop. */
static int open_file(struct exchange *exchange, const struct content_file *file,
		     struct stat *found)
{
	static const struct http_header retry[] = { { "Retry-After", "5" },
						    { NULL, NULL } };
	int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0) {
		if (errno == ENOENT)
			reply_sentence(
				exchange, 410,
				"The payload file is gone from the server's store; "
				"import it again.\n",
				NULL);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
			reply_sentence(exchange, 503,
				       "The server is short of resources; "
				       "try again.\n",
				       retry);
		else
			reply_sentence(exchange, 500,
				       "The payload file cannot be opened; see the "
				       "server's store.\n",
				       NULL);
		return -1;
	}
	if (fstat(fd, found) != 0 || !S_ISREG(found->st_mode) ||
	    found->st_size != file->size_bytes) {
		close(fd);
		reply_sentence(exchange, 500,
			       "The payload file is damaged and is not served; import it "
			       "again.\n",
			       NULL);
		return -1;
	}
	return fd;
}

void content_reply(struct exchange *exchange, const struct content_file *file)
{
	static const struct http_header allow[] = { { "Allow", "GET, HEAD" },
						    { NULL, NULL } };
	const struct http_request *request = exchange_request(exchange);
	struct description it;
	struct stat found;

	if (request->method != HTTP_GET && request->method != HTTP_HEAD) {
		reply_sentence(exchange, 405,
			       "A payload can be read only: GET or HEAD.\n", allow);
		return;
	}
	int fd = open_file(exchange, file, &found);
	if (fd < 0)
		return;
	describe(&it, file, found.st_mtime);
	const struct validators validators = { it.tag, found.st_mtime };
	switch (condition_judge(request, &validators)) {
	case CONDITION_FAILED:
		close(fd);
		exchange_reply(exchange, 412, NULL, NULL, 0, headers_of(&it));
		return;
	case CONDITION_NOT_MODIFIED:
		close(fd);
		exchange_reply(exchange, 304, NULL, NULL, 0, headers_of(&it));
		return;
	case CONDITION_GO_ON:
		break;
	}
	reply_bytes(exchange, fd, file, &validators, &it);
}

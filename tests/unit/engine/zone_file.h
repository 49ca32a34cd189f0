/* Time zone files made up in the test, so that none of the system's is needed.
 *
 * A struct zone_file is what the file is to say; zone_file_write() lays it out as RFC
 * 8536 has it: one block of 32-bit times for version 0, else an empty one of those, one
 * of 64-bit times and the footer. */

#ifndef TESTS_UNIT_ENGINE_ZONE_FILE_H
#define TESTS_UNIT_ENGINE_ZONE_FILE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { ZONE_FILE_TIMES = 8, ZONE_FILE_KINDS = 4, ZONE_FILE_BYTES = 1024 };

struct zone_file {
	char version; /* 0, '2' or '3' */
	size_t time_count, kind_count;
	int64_t times[ZONE_FILE_TIMES];
	unsigned char kinds[ZONE_FILE_TIMES]; /* of local time, from each time on */
	int32_t offsets[ZONE_FILE_KINDS];
	uint32_t leap_count;
	const char *footer; /* between its line ends; NULL for none */
};

struct zone_bytes {
	size_t size;
	unsigned char at[ZONE_FILE_BYTES];
};

static inline void zone_put(struct zone_bytes *bytes, uint64_t value, size_t size)
{
	assert(bytes->size + size <= ZONE_FILE_BYTES);
	for (size_t i = 0; i < size; i++)
		bytes->at[bytes->size++] =
			(unsigned char)(value >> (8 * (size - 1 - i)) & 0xff);
}

static inline void zone_put_header(struct zone_bytes *bytes, const struct zone_file *file,
				   size_t times, size_t kinds)
{
	zone_put(bytes, 0x545a6966, 4); /* "TZif" */
	zone_put(bytes, (unsigned char)file->version, 1);
	for (int i = 0; i < 15; i++)
		zone_put(bytes, 0, 1);
	zone_put(bytes, 0, 4); /* universal or local */
	zone_put(bytes, 0, 4); /* standard or wall */
	zone_put(bytes, file->leap_count, 4);
	zone_put(bytes, times, 4);
	zone_put(bytes, kinds, 4);
	zone_put(bytes, 4, 4); /* characters of names */
}

static inline void zone_put_block(struct zone_bytes *bytes, const struct zone_file *file,
				  size_t time_size)
{
	zone_put_header(bytes, file, file->time_count, file->kind_count);
	for (size_t i = 0; i < file->time_count; i++)
		zone_put(bytes, (uint64_t)file->times[i], time_size);
	for (size_t i = 0; i < file->time_count; i++)
		zone_put(bytes, file->kinds[i], 1);
	for (size_t i = 0; i < file->kind_count; i++) {
		zone_put(bytes, (uint32_t)file->offsets[i], 4);
		zone_put(bytes, 0, 2);
	}
	zone_put(bytes, 0x4c4d5400, 4); /* "LMT" */
	for (size_t i = 0; i < file->leap_count; i++) {
		zone_put(bytes, 0, time_size);
		zone_put(bytes, 0, 4);
	}
}

static inline void zone_file_write(const struct zone_file *file, struct zone_bytes *bytes)
{
	bytes->size = 0;
	if (file->version == 0) {
		zone_put_block(bytes, file, 4);
		return;
	}
	struct zone_file empty = { .version = file->version, .kind_count = 1 };
	zone_put_block(bytes, &empty, 4);
	zone_put_block(bytes, file, 8);
	if (file->footer == NULL)
		return;
	zone_put(bytes, '\n', 1);
	for (const char *c = file->footer; *c != '\0'; c++)
		zone_put(bytes, (unsigned char)*c, 1);
	zone_put(bytes, '\n', 1);
}

/* Berlin in 2025 and 2026: an hour east of UTC, two in summer. */
static const struct zone_file zone_file_berlin = {
	.version = '2',
	.time_count = 4,
	.kind_count = 2,
	.times = { 1743296400, 1761440400, 1774746000, 1792890000 },
	.kinds = { 1, 0, 1, 0 },
	.offsets = { 3600, 7200 },
	.footer = "CET-1",
};

#endif

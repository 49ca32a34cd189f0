#include "engine/zone.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/problem.h"

enum {
	HEADER_BYTES = 44,
	TYPE_BYTES = 6,
	ZONE_BYTES_MAX = 64 * 1024, /* the largest real one has under 4 KiB */
	OFFSET_LEAST_S = -89999,    /* RFC 8536 3.2: just under 25 hours west */
	OFFSET_MOST_S = 93599,      /* and just under 26 hours east */
};

/* 2037-01-01: a file whose transitions reach this year lists all of them. */
static const int64_t LISTED_UNTIL_S = INT64_C(2114380800);

struct zone {
	char name[LIMIT_NAME + 1];
	int32_t first_offset_s; /* before the first transition */
	size_t count;
	const int64_t *at_s; /* ascending */
	const int32_t *offset_s;
};

/* Bytes not read yet. */
struct cursor {
	const unsigned char *at;
	size_t left;
};

struct header {
	unsigned char version;
	size_t utc_count, standard_count, leap_count, time_count, type_count, char_count;
};

static const unsigned char *take(struct cursor *cursor, size_t size)
{
	if (cursor->left < size)
		return NULL;
	const unsigned char *at = cursor->at;
	cursor->at += size;
	cursor->left -= size;
	return at;
}

static uint32_t big_endian(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
	       at[3];
}

static int64_t time_at(const unsigned char *at, size_t time_bytes)
{
	if (time_bytes == 4)
		return (int32_t)big_endian(at);
	return (int64_t)((uint64_t)big_endian(at) << 32 | big_endian(at + 4));
}

static int cut_short(struct problem *p)
{
	return problem_set(p, PROBLEM_BAD_INPUT,
			   "the file ends in the middle: copy it again");
}

static int read_header(struct cursor *cursor, struct header *header, struct problem *p)
{
	const unsigned char *at = take(cursor, HEADER_BYTES);

	if (at == NULL || memcmp(at, "TZif", 4) != 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "it is no compiled time zone: TZif is missing");
	header->version = at[4];
	header->utc_count = big_endian(at + 20);
	header->standard_count = big_endian(at + 24);
	header->leap_count = big_endian(at + 28);
	header->time_count = big_endian(at + 32);
	header->type_count = big_endian(at + 36);
	header->char_count = big_endian(at + 40);
	return 0;
}

/* The size of the block behind a header.  Counts are 32 bits, so this cannot overflow
 * a size_t of 64. */
static size_t block_bytes(const struct header *h, size_t time_bytes)
{
	return h->time_count * (time_bytes + 1) + h->type_count * TYPE_BYTES +
	       h->char_count + h->leap_count * (time_bytes + 4) + h->standard_count +
	       h->utc_count;
}

static int check_header(const struct header *h, struct problem *p)
{
	if (h->type_count == 0 || h->type_count > 256 || h->char_count == 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "it names %zu kinds of local time; 1 to 256 can be",
				   h->type_count);
	if ((h->standard_count != 0 && h->standard_count != h->type_count) ||
	    (h->utc_count != 0 && h->utc_count != h->type_count))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "its counts contradict each other");
	if (h->leap_count != 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "it counts leap seconds, as the zones under right/ "
				   "do: use the plain one");
	return 0;
}

/* The offset of each transition's kind of local time, into what `zone` owns. */
static int read_block(const unsigned char *block, const struct header *h,
		      size_t time_bytes, struct zone *zone, struct problem *p)
{
	const unsigned char *kinds = block + h->time_count * time_bytes;
	const unsigned char *types = kinds + h->time_count;
	int64_t *at_s = (int64_t *)zone->at_s;
	int32_t *offset_s = (int32_t *)zone->offset_s;

	for (size_t i = 0; i < h->type_count; i++) {
		int32_t one_s = (int32_t)big_endian(types + i * TYPE_BYTES);
		if (one_s < OFFSET_LEAST_S || one_s > OFFSET_MOST_S)
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "an offset of %d seconds is out of range",
					   (int)one_s);
	}
	zone->first_offset_s = (int32_t)big_endian(types);
	for (size_t i = 0; i < h->time_count; i++) {
		if (kinds[i] >= h->type_count)
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "transition %zu names a kind of local time "
					   "that is not there",
					   i + 1);
		at_s[i] = time_at(block + i * time_bytes, time_bytes);
		offset_s[i] = (int32_t)big_endian(types + kinds[i] * (size_t)TYPE_BYTES);
		if (i > 0 && at_s[i] <= at_s[i - 1])
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "transition %zu is not later than the one "
					   "before it",
					   i + 1);
	}
	zone->count = h->time_count;
	return 0;
}

/* The footer's rule is not evaluated, so a file that leaves future transitions to it
 * would be wrong by an hour for half of each year. */
static int check_footer(struct cursor *cursor, const struct zone *zone, struct problem *p)
{
	const unsigned char *open = take(cursor, 1);
	if (open == NULL || *open != '\n')
		return cut_short(p);
	const unsigned char *end = memchr(cursor->at, '\n', cursor->left);
	if (end == NULL)
		return cut_short(p);
	bool changes = memchr(cursor->at, ',', (size_t)(end - cursor->at)) != NULL;
	if (changes && (zone->count == 0 || zone->at_s[zone->count - 1] < LISTED_UNTIL_S))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "it leaves coming changes of the clock to a rule: "
				   "compile it with 'zic -b fat'");
	return 0;
}

static struct zone *allocate(const char *name, size_t time_count)
{
	struct zone *zone =
		malloc(sizeof *zone + time_count * (sizeof(int64_t) + sizeof(int32_t)));
	if (zone == NULL)
		return NULL;
	memset(zone, 0, sizeof *zone);
	snprintf(zone->name, sizeof zone->name, "%s", name);
	zone->at_s = (int64_t *)(zone + 1);
	zone->offset_s = (int32_t *)(zone->at_s + time_count);
	return zone;
}

static struct zone *parse(const char *name, struct cursor *cursor, struct problem *p)
{
	struct header header = { 0 };
	size_t time_bytes = 4;

	if (read_header(cursor, &header, p) < 0)
		return NULL;
	if (header.version >= '2') {
		/* The first block is for old readers; the same follows in 64 bits. */
		if (take(cursor, block_bytes(&header, 4)) == NULL) {
			cut_short(p);
			return NULL;
		}
		if (read_header(cursor, &header, p) < 0)
			return NULL;
		time_bytes = 8;
	}
	if (check_header(&header, p) < 0)
		return NULL;
	const unsigned char *block = take(cursor, block_bytes(&header, time_bytes));
	if (block == NULL) {
		cut_short(p);
		return NULL;
	}
	struct zone *zone = allocate(name, header.time_count);
	if (zone == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "out of memory");
		return NULL;
	}
	if (read_block(block, &header, time_bytes, zone, p) < 0 ||
	    (time_bytes == 8 && check_footer(cursor, zone, p) < 0)) {
		zone_free(zone);
		return NULL;
	}
	return zone;
}

struct zone *zone_parse(const char *name, const void *bytes, size_t size,
			struct problem *p)
{
	struct cursor cursor = { bytes, size };
	struct zone *zone = NULL;

	if (name[0] == '\0' || strlen(name) > LIMIT_NAME)
		problem_set(p, PROBLEM_BAD_INPUT, "a name has 1 to %d bytes", LIMIT_NAME);
	else if (size > ZONE_BYTES_MAX)
		problem_set(p, PROBLEM_TOO_LARGE, "it has %zu bytes; at most %d are read",
			    size, ZONE_BYTES_MAX);
	else
		zone = parse(name, &cursor, p);
	if (zone == NULL)
		problem_while(p, "time zone '%.64s'", name);
	return zone;
}

void zone_free(struct zone *zone)
{
	free(zone);
}

const char *zone_name(const struct zone *zone)
{
	return zone->name;
}

int32_t zone_offset(const struct zone *zone, int64_t at_s)
{
	if (zone == NULL)
		return 0;
	size_t low = 0, high = zone->count; /* transitions at or before at_s */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (zone->at_s[middle] <= at_s)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? zone->first_offset_s : zone->offset_s[low - 1];
}

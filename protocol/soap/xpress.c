#include "protocol/soap/xpress.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "engine/buffer.h"
#include "engine/problem.h"

enum {
	HEAD = 8, /* two sizes before each block */
	WINDOW = 8192,
	MATCH_LEAST = 3,
	HASH_BITS = 12,
	/* Longest coded length: 16 bits past MATCH_LEAST. */
	MATCH_MOST = UINT16_MAX,
};

static void put_u16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static void put_u32(uint8_t *at, size_t value)
{
	put_u16(at, value & 0xffff);
	put_u16(at + 2, value >> 16);
}

static size_t get_u16(const uint8_t *at)
{
	return (size_t)at[0] | (size_t)at[1] << 8;
}

static size_t get_u32(const uint8_t *at)
{
	return get_u16(at) | get_u16(at + 2) << 16;
}

/* One block on its way out.  Flag words and nibbles are filled in where they were set
 * aside. */
struct packer {
	uint8_t *out;
	size_t size, room;
	uint8_t *flags_at;
	uint32_t flags;
	unsigned flag_count;
	uint8_t *nibble_at; /* whose high half is free; NULL */
	bool full;          /* it would not shrink */
};

static uint8_t *take(struct packer *packer, size_t size)
{
	if (size > packer->room - packer->size) {
		packer->full = true;
		return NULL;
	}
	uint8_t *at = packer->out + packer->size;
	packer->size += size;
	return at;
}

static void put_flag(struct packer *packer, bool is_match)
{
	if (packer->flag_count == 32) {
		put_u32(packer->flags_at, packer->flags);
		packer->flags_at = take(packer, 4);
		packer->flag_count = 0;
		packer->flags = 0;
		if (packer->full)
			return;
	}
	packer->flags |= (uint32_t)is_match << (31 - packer->flag_count);
	packer->flag_count++;
}

static void put_literal(struct packer *packer, uint8_t byte)
{
	put_flag(packer, false);
	uint8_t *at = packer->full ? NULL : take(packer, 1);
	if (at != NULL)
		*at = byte;
}

/* What three bits could not say of a length (MS-XCA 2.3.4). */
static void put_length_rest(struct packer *packer, size_t rest)
{
	uint8_t nibble = (uint8_t)(rest < 15 ? rest : 15);

	if (packer->nibble_at == NULL) {
		packer->nibble_at = take(packer, 1);
		if (packer->full)
			return;
		*packer->nibble_at = nibble;
	} else {
		*packer->nibble_at |= (uint8_t)(nibble << 4);
		packer->nibble_at = NULL;
	}
	if (rest < 15)
		return;
	uint8_t *at = take(packer, rest - 15 < 255 ? 1 : 3);
	if (packer->full)
		return;
	*at = (uint8_t)(rest - 15 < 255 ? rest - 15 : 255);
	if (rest - 15 >= 255)
		put_u16(at + 1, rest + 7);
}

static void put_match(struct packer *packer, size_t offset, size_t length)
{
	put_flag(packer, true);
	uint8_t *at = packer->full ? NULL : take(packer, 2);
	if (at == NULL)
		return;
	length -= MATCH_LEAST;
	put_u16(at, (offset - 1) << 3 | (length < 7 ? length : 7));
	if (length >= 7)
		put_length_rest(packer, length - 7);
}

static unsigned hash_of(const uint8_t *at)
{
	uint32_t three = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16;
	return three * UINT32_C(2654435761) >> (32 - HASH_BITS);
}

static size_t match_length(const uint8_t *a, const uint8_t *b, const uint8_t *end)
{
	const uint8_t *from = b;
	while (b < end && *a == *b && b - from < MATCH_MOST) {
		a++;
		b++;
	}
	return (size_t)(b - from);
}

/* The size, always less than `size`; 0 where it would not shrink. */
static size_t pack(const uint8_t *data, size_t size, uint8_t *out)
{
	uint16_t last[1 << HASH_BITS]; /* where a hash was seen, from 1 */
	struct packer packer = { .out = out, .room = size - 1 };
	size_t at = 0;

	assert(size > 0 && size <= XPRESS_BLOCK_MOST);
	memset(last, 0, sizeof last);
	packer.flags_at = take(&packer, 4);
	while (at < size && !packer.full) {
		size_t length = 0, offset = 0;
		if (size - at >= MATCH_LEAST) {
			uint16_t *seen = &last[hash_of(data + at)];
			offset = *seen == 0 ? 0 : at - (*seen - 1u);
			if (offset > 0 && offset <= WINDOW)
				length = match_length(data + at - offset, data + at,
						      data + size);
			*seen = (uint16_t)(at + 1);
		}
		if (length >= MATCH_LEAST)
			put_match(&packer, offset, length);
		else
			put_literal(&packer, data[at]);
		at += length >= MATCH_LEAST ? length : 1;
	}
	put_flag(&packer, true); /* the end; what follows it is ones as well */
	if (packer.full)
		return 0;
	if (packer.flag_count < 32)
		packer.flags |= UINT32_MAX >> packer.flag_count;
	put_u32(packer.flags_at, packer.flags);
	return packer.size;
}

bool xpress_encode(const void *data, size_t size, struct buffer *out)
{
	const uint8_t *from = data;
	size_t before = out->size;

	while (size > 0) {
		size_t block = size < XPRESS_BLOCK ? size : XPRESS_BLOCK;
		if (!buffer_reserve(out, HEAD + block)) {
			out->size = before;
			return false;
		}
		uint8_t *at = (uint8_t *)out->at + out->size;
		size_t packed = pack(from, block, at + HEAD);
		if (packed == 0) {
			memcpy(at + HEAD, from, block);
			packed = block;
		}
		put_u32(at, block);
		put_u32(at + 4, packed);
		out->size += HEAD + packed;
		from += block;
		size -= block;
	}
	return true;
}

/* One block on its way in. */
struct unpacker {
	const uint8_t *at, *end;
	const uint8_t *nibble_at; /* whose high half comes next; NULL */
};

static bool get(struct unpacker *in, size_t size, const uint8_t **at)
{
	if ((size_t)(in->end - in->at) < size)
		return false;
	*at = in->at;
	in->at += size;
	return true;
}

static bool get_length(struct unpacker *in, size_t *length)
{
	const uint8_t *at;
	size_t nibble;

	if (*length < 7)
		return true;
	if (in->nibble_at != NULL) {
		nibble = *in->nibble_at >> 4;
		in->nibble_at = NULL;
	} else {
		if (!get(in, 1, &at))
			return false;
		in->nibble_at = at;
		nibble = *at & 15;
	}
	*length = 7 + nibble;
	if (nibble < 15)
		return true;
	if (!get(in, 1, &at))
		return false;
	if (*at < 255) {
		*length += *at;
		return true;
	}
	if (!get(in, 2, &at))
		return false;
	*length = get_u16(at);
	return *length >= 22; /* what fewer bits could have said is malformed */
}

static bool unpack_match(struct unpacker *in, uint8_t *out, size_t *used, size_t size)
{
	const uint8_t *at;

	if (!get(in, 2, &at))
		return false;
	size_t offset = (get_u16(at) >> 3) + 1, length = get_u16(at) & 7;
	if (!get_length(in, &length))
		return false;
	length += MATCH_LEAST;
	if (offset > *used || length > size - *used)
		return false;
	for (; length > 0; length--, ++*used)
		out[*used] = out[*used - offset];
	return true;
}

static bool unpack(const uint8_t *data, size_t packed, uint8_t *out, size_t size)
{
	struct unpacker in = { data, data + packed, NULL };
	const uint8_t *at;
	size_t used = 0;

	while (used < size) {
		if (!get(&in, 4, &at))
			return false;
		uint32_t flags = (uint32_t)get_u32(at);
		for (unsigned bit = 0; bit < 32 && used < size; bit++, flags <<= 1) {
			if ((flags & UINT32_C(0x80000000)) == 0) {
				if (!get(&in, 1, &at))
					return false;
				out[used++] = *at;
			} else if (!unpack_match(&in, out, &used, size)) {
				return false;
			}
		}
	}
	return true;
}

int xpress_decode(const void *data, size_t size, size_t most, struct buffer *out,
		  struct problem *p)
{
	const uint8_t *from = data;
	size_t before = out->size;

	while (size > 0) {
		size_t whole = size < HEAD ? 0 : get_u32(from);
		size_t packed = size < HEAD ? 0 : get_u32(from + 4);
		if (whole == 0 || whole > XPRESS_BLOCK_MOST || packed == 0 ||
		    packed > whole || packed > size - HEAD) {
			out->size = before;
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "an xpress block has impossible sizes");
		}
		if (whole > most - (out->size - before) || !buffer_reserve(out, whole)) {
			out->size = before;
			return problem_set(p, PROBLEM_TOO_LARGE,
					   "what an xpress body unpacks to is too "
					   "large");
		}
		uint8_t *to = (uint8_t *)out->at + out->size;
		if (packed == whole) {
			memcpy(to, from + HEAD, whole);
		} else if (!unpack(from + HEAD, packed, to, whole)) {
			out->size = before;
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "an xpress block is malformed");
		}
		out->size += whole;
		from += HEAD + packed;
		size -= HEAD + packed;
	}
	return 0;
}

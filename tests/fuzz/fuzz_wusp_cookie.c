/* Cookies: arbitrary bytes are never believed, a good one that was altered neither. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "protocol/wusp/cookie.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t random[COOKIE_KEY] = { 1, 2, 3 };
	static struct cookie_keys keys;
	const struct cookie good = { .kind = COOKIE_SESSION, .expires_s = 2000 };
	uint8_t bytes[COOKIE_SIZE], altered[COOKIE_SIZE];
	struct cookie cookie;

	(void)cookie_keys_rotate(&keys, 1000, 1000000, random);
	const struct cookie_present present = { .keys = &keys, .now_s = 1000 };
	cookie_seal(&good, &keys, bytes);
	for (int kind = COOKIE_AUTHORIZATION; kind <= COOKIE_SESSION; kind++) {
		enum cookie_verdict verdict = cookie_open(
			data, size, (enum cookie_kind)kind, &present, &cookie);
		assert(verdict == COOKIE_FORGED ||
		       (size == COOKIE_SIZE && memcmp(data, bytes, size) == 0));
		(void)verdict;
	}
	/* The input as an alteration: laid over the good one from its first byte on. */
	memcpy(altered, bytes, sizeof altered);
	for (size_t i = 1; size > 0 && i < size && i < sizeof altered; i++)
		altered[(data[0] + i) % sizeof altered] ^= data[i];
	enum cookie_verdict verdict =
		cookie_open(altered, sizeof altered, COOKIE_SESSION, &present, &cookie);
	assert((verdict == COOKIE_GOOD) == (memcmp(altered, bytes, sizeof bytes) == 0));
	(void)verdict;
	return 0;
}

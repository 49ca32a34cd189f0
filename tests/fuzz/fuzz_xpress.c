/* XPRESS bodies: whatever the bytes, decoding stays within its bound; and what is encoded
 * comes back. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "engine/buffer.h"
#include "engine/problem.h"
#include "protocol/soap/xpress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { MOST = 1 << 20 };
	struct buffer packed, plain;
	struct problem p = { 0 };

	buffer_init(&packed, 2 * MOST);
	buffer_init(&plain, MOST);
	if (xpress_decode(data, size, MOST, &plain, &p) < 0) {
		assert(p.text[0] != '\0' && plain.size == 0);
	} else {
		assert(plain.size <= MOST);
	}
	buffer_clear(&plain, SIZE_MAX);
	if (size <= MOST && xpress_encode(data, size, &packed)) {
		int rc = xpress_decode(packed.at, packed.size, MOST, &plain, &p);
		assert(rc == 0 && plain.size == size);
		assert(size == 0 || memcmp(plain.at, data, size) == 0);
		(void)rc;
	}
	buffer_fini(&packed);
	buffer_fini(&plain);
	return 0;
}

/* Any bytes as any of the four kinds of metadata: refused with words, or read, and then
 * the canonical form reads as itself and signatures can be counted. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/buffer.h"
#include "engine/problem.h"
#include "protocol/tuf/tuf_json.h"
#include "protocol/tuf/tuf_metadata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

/* Reading what was written gives what was written. */
static void check_canonical(const char *text, size_t size)
{
	struct problem p = { 0 };
	struct buffer again;
	struct tuf_json_document *document = tuf_json_read("again", text, size, &p);

	/* a control character has no escape in the canonical form, so that its text
	 * is for signing only */
	for (size_t i = 0; i < size; i++) {
		if ((unsigned char)text[i] < 0x20) {
			must(document == NULL);
			return;
		}
	}
	must(document != NULL);
	buffer_init(&again, size);
	must(tuf_json_canonical(tuf_json_root(document), &again));
	must(again.size == size && memcmp(again.at, text, size) == 0);
	buffer_fini(&again);
	tuf_json_free(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problem p = { 0 };

	if (size == 0)
		return 0;
	/* the first byte says as what it is read; a copy of just its size */
	enum tuf_role role = (enum tuf_role)(data[0] % TUF_ROLES);
	char *bytes = malloc(size);
	if (bytes == NULL)
		return 0;
	memcpy(bytes, data + 1, size - 1);
	struct tuf_metadata *m =
		tuf_metadata_read(role, "fuzz.json", bytes, size - 1, &p);
	if (m == NULL) {
		must(p.kind != PROBLEM_NONE);
		must(p.text[0] != '\0');
	} else {
		check_canonical(m->canonical, m->canonical_size);
		if (role == TUF_ROOT)
			must(tuf_metadata_signers(m, m) <= m->signature_count);
		(void)tuf_metadata_fresh(m, 0, &p);
		(void)tuf_metadata_target(m, "a");
		(void)tuf_metadata_listed(m, "snapshot.json");
		tuf_metadata_free(m);
	}
	free(bytes);
	return 0;
}

/* Test payloads: small made-up files that stand for real update packages.
 *
 * A payload is about one KiB of text: a first line that says what it is, a line for each
 * thing the simulated Windows must know to judge it, and padding that is the same every
 * time.  Real packages say these things in their own metadata; nothing but the simulated
 * Windows reads ours. */

#ifndef AGENTS_PAYLOAD_H
#define AGENTS_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/catalog.h"

struct problem;

enum { PAYLOAD_SIZE = 1024, PAYLOAD_NAME = 96 };

struct payload {
	char product[LIMIT_NAME + 1];
	enum family family;
	uint32_t kb;
	struct build build;
	enum release_kind kind;
	enum arch arch;
	uint32_t baseline_kb; /* 0 for none */
	struct build baseline_build;
};

enum payload_field {
	PAYLOAD_PRODUCT,
	PAYLOAD_FAMILY,
	PAYLOAD_KB,
	PAYLOAD_BUILD,
	PAYLOAD_KIND,
	PAYLOAD_ARCH,
	PAYLOAD_BASELINE, /* "KB5050009 26100.2894" */
	PAYLOAD_FIELDS
};

/* Set one field from its text; false when it is malformed. */
bool payload_put(struct payload *payload, enum payload_field field, const char *text);

/* Refuses anything but a whole payload: text cut short or damaged is no payload. */
int payload_parse(const char *text, size_t size, struct payload *payload,
		  struct problem *p);

/* Exactly PAYLOAD_SIZE bytes. */
void payload_write(const struct payload *payload, char room[static PAYLOAD_SIZE]);

/* As Microsoft names it: windows11.0-kb5055523-x64.msu, windows10.0-... before 22000.
 * A server's package is named after the Windows of its base build. */
char *payload_file_name(const struct payload *payload, char name[static PAYLOAD_NAME]);

#endif

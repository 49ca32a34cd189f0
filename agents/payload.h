/* Test payloads: small made-up files that stand for real update packages.
 *
 * A payload is about one KiB of text: a first line that says what it is, a line for each
 * thing the simulated Windows must know to judge it, and padding that is the same every
 * time.  Real packages say these things in their own metadata; nothing but the simulated
 * Windows reads ours. */

#ifndef AGENTS_PAYLOAD_H
#define AGENTS_PAYLOAD_H

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

/* Refuses anything but a whole payload: text cut short or damaged is no payload. */
int payload_parse(const char *text, size_t size, struct payload *payload,
		  struct problem *p);

/* Exactly PAYLOAD_SIZE bytes. */
void payload_write(const struct payload *payload, char room[static PAYLOAD_SIZE]);

/* As Microsoft names it: windows11.0-kb5055523-x64.msu, windows10.0-... before 22000.
 * A server's package is named after the Windows of its base build. */
char *payload_file_name(const struct payload *payload, char name[static PAYLOAD_NAME]);

#endif

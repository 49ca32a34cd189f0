/* What an update's metadata say about this machine: the core fragment's rules, judged as
 * a Windows Update Agent judges them, and the extended fragment's file.
 *
 * Fragments are several elements without declarations (MS-WUSP 2.2.2.2.4).  A rule that
 * is not modelled is false, so that an update is rather not installed.  Pure. */

#ifndef AGENTS_WUSP_RULES_H
#define AGENTS_WUSP_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/catalog.h"

struct problem;

enum { WU_GUID = 37, WU_DIGEST = 48, WU_NAME = 256, WU_ATTRIBUTES = 16 };

/* What rules ask about. */
struct wu_machine {
	struct build build;
	int arch;         /* as b.Processor names them: 9 AMD64, 12 ARM64 */
	int product_type; /* 1 workstation, 3 server */
	/* DeviceAttributes, as they are sent too. */
	size_t count;
	struct {
		char name[40], value[96];
	} attributes[WU_ATTRIBUTES];
};

struct wu_core {
	char id[WU_GUID];
	int32_t revision;
	bool is_software;
	char member[WU_GUID]; /* the first one bundled; "" for none */
	bool is_installed, is_installable;
	struct build build; /* that it is installed by; {0,0} where no rule names one */
};

int wu_core_read(const char *fragment, const struct wu_machine *machine,
		 struct wu_core *core, struct problem *p);

struct wu_file {
	uint32_t kb; /* of the update */
	char name[WU_NAME];
	char sha1[WU_DIGEST], sha256[WU_DIGEST]; /* base64, as written; "" for none */
	int64_t size_bytes;
};

/* A fragment without a file leaves file->name empty. */
int wu_extended_read(const char *fragment, struct wu_file *file, struct problem *p);

#endif

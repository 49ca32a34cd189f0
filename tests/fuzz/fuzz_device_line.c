/* One line for `decide`, whatever is in it: it is read or refused, and what is read can
 * be decided about and written. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/instant.h"
#include "engine/problem.h"
#include "protocol/command/check.h"
#include "protocol/command/decision_line.h"
#include "protocol/command/device_line.h"
#include "protocol/command/line_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct yard_files files;
static struct device_line line;
static struct situation situation;

static void set_up(void)
{
	static const char *const catalog[] = { PROJECT_SOURCE_DIR "/conf/catalog" };
	struct problem p;

	if (yard_files_init(&files, &p) < 0 ||
	    yard_files_catalog(&files, catalog, 1, &p) < 0 ||
	    yard_files_plan(&files, PROJECT_SOURCE_DIR "/conf/plan.xml", &p) < 0 ||
	    files.catalog == NULL || files.plan == NULL ||
	    !instant_parse("2025-06-01T00:00:00Z", &situation.now_s)) {
		fprintf(stderr, "the sample files cannot be read\n");
		abort();
	}
	situation.catalog = files.catalog;
	situation.plan = files.plan;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char room[DECISION_LINE_MOST];
	struct problem p;
	size_t written;

	if (situation.catalog == NULL)
		set_up();
	if (size > LINE_MOST)
		return 0;
	/* a copy of just its size: one byte too many is seen */
	char *text = malloc(size + 1);
	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (device_line_read(&line, text, size, &situation, &p) < 0) {
		written = fault_line_write(line.id, 1, p.text, room);
	} else {
		decide(&situation, &line.decision);
		written = decision_line_write(line.id, &line.decision, room);
	}
	if (written == 0 || room[written - 1] != '\n')
		abort();
	free(text);
	return 0;
}

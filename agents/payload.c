#include "agents/payload.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/problem.h"

static const char first_line[] = "patchyard test payload 1";
static const char last_line[] = "end";
enum { FIRST_WINDOWS_11_BASE = 22000 };

static bool read_baseline(const char *value, struct payload *payload)
{
	char kb[KB_TEXT], build[BUILD_TEXT], more;
	return sscanf(value, "%15s %23s %c", kb, build, &more) == 2 &&
	       kb_parse(kb, &payload->baseline_kb) &&
	       build_parse(build, &payload->baseline_build);
}

static bool read_kind(const char *value, struct payload *payload)
{
	for (int kind = 0; kind < RELEASE_KINDS; kind++) {
		if (strcmp(value, release_kind_names[kind]) == 0) {
			payload->kind = (enum release_kind)kind;
			return true;
		}
	}
	return false;
}

static bool read_product(const char *value, struct payload *payload)
{
	int size = snprintf(payload->product, sizeof payload->product, "%s", value);
	return size > 0 && (size_t)size < sizeof payload->product;
}

static bool read_family(const char *value, struct payload *payload)
{
	payload->family = family_parse(value);
	return payload->family != FAMILY_NONE;
}

static bool read_kb(const char *value, struct payload *payload)
{
	return kb_parse(value, &payload->kb);
}

static bool read_build(const char *value, struct payload *payload)
{
	return build_parse(value, &payload->build);
}

static bool read_arch(const char *value, struct payload *payload)
{
	payload->arch = arch_parse(value);
	return payload->arch != ARCH_NONE;
}

static const struct field {
	const char *name;
	bool required;
	bool (*read)(const char *value, struct payload *payload);
} fields[PAYLOAD_FIELDS] = {
	[PAYLOAD_PRODUCT] = { "product", true, read_product },
	[PAYLOAD_FAMILY] = { "family", false, read_family },
	[PAYLOAD_KB] = { "kb", true, read_kb },
	[PAYLOAD_BUILD] = { "build", true, read_build },
	[PAYLOAD_KIND] = { "kind", true, read_kind },
	[PAYLOAD_ARCH] = { "arch", true, read_arch },
	[PAYLOAD_BASELINE] = { "baseline", false, read_baseline },
};

bool payload_put(struct payload *payload, enum payload_field field, const char *text)
{
	assert(field < PAYLOAD_FIELDS);
	return fields[field].read(text, payload);
}

/* One "name: value" line; `seen` collects which fields were there. */
static int read_line(const char *line, struct payload *payload, unsigned *seen,
		     struct problem *p)
{
	if (line[0] == '#' || line[0] == '\0')
		return 0;
	for (size_t i = 0; i < PAYLOAD_FIELDS; i++) {
		size_t size = strlen(fields[i].name);
		if (strncmp(line, fields[i].name, size) != 0 ||
		    strncmp(line + size, ": ", 2) != 0)
			continue;
		if ((*seen & 1U << i) != 0 || !fields[i].read(line + size + 2, payload))
			break;
		*seen |= 1U << i;
		return 0;
	}
	return problem_set(p, PROBLEM_BAD_INPUT, "the payload has a bad line '%.60s'",
			   line);
}

/* The next line of the text, NUL-terminated in `room`; false at the end and for a line
 * that has no end or is too long. */
static bool next_line(const char **at, const char *end, char *room, size_t size)
{
	const char *stop = memchr(*at, '\n', (size_t)(end - *at));
	if (stop == NULL || (size_t)(stop - *at) >= size)
		return false;
	memcpy(room, *at, (size_t)(stop - *at));
	room[stop - *at] = '\0';
	*at = stop + 1;
	return true;
}

int payload_parse(const char *text, size_t size, struct payload *payload,
		  struct problem *p)
{
	struct payload read = { .kind = RELEASE_KINDS };
	char line[200];
	unsigned seen = 0;
	const char *at = text, *end = text + size;

	if (!next_line(&at, end, line, sizeof line) || strcmp(line, first_line) != 0)
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"this is not a test payload: it does not begin with '%s'",
			first_line);
	for (;;) {
		if (!next_line(&at, end, line, sizeof line))
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "the payload is cut short: no '%s' line",
					   last_line);
		if (strcmp(line, last_line) == 0)
			break;
		if (read_line(line, &read, &seen, p) < 0)
			return -1;
	}
	for (size_t i = 0; i < PAYLOAD_FIELDS; i++) {
		if (fields[i].required && (seen & 1U << i) == 0)
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "the payload has no '%s' line",
					   fields[i].name);
	}
	if (read.kind == RELEASE_HOTPATCH && read.baseline_kb == 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the payload is a hotpatch and names no baseline");
	if (read.family == FAMILY_NONE)
		read.family = strstr(read.product, "server") != NULL ? FAMILY_SERVER
								     : FAMILY_CLIENT;
	*payload = read;
	return 0;
}

void payload_write(const struct payload *payload, char room[static PAYLOAD_SIZE])
{
	char kb[KB_TEXT], build[BUILD_TEXT], baseline[96] = "";
	static const char tail[] = "\nend\n";

	assert(payload->kb != 0);
	if (payload->baseline_kb != 0)
		snprintf(baseline, sizeof baseline, "baseline: %s %s\n",
			 kb_format(payload->baseline_kb, kb),
			 build_format(payload->baseline_build, build));
	int used = snprintf(
		room, PAYLOAD_SIZE,
		"%s\nproduct: %s\nfamily: %s\nkb: %s\nbuild: %s\nkind: %s\n"
		"arch: %s\n%s",
		first_line, payload->product, family_name(payload->family),
		kb_format(payload->kb, kb), build_format(payload->build, build),
		release_kind_names[payload->kind], arch_name(payload->arch), baseline);
	assert(used > 0 && used < PAYLOAD_SIZE - 8);

	/* Padding in comment lines, the same for the same payload. */
	size_t last = PAYLOAD_SIZE - (sizeof tail - 1);
	uint32_t noise = payload->kb * 2654435761U ^ payload->build.revision;
	for (size_t i = (size_t)used, column = 0; i < last; i++, column++) {
		noise = noise * 1664525U + 1013904223U;
		bool breaks = column == 71 && last - i > 2;
		room[i] = (char)(column == 0 ? '#'
				 : breaks    ? '\n'
					     : "0123456789abcdef"[noise >> 28]);
		if (breaks)
			column = (size_t)-1;
	}
	memcpy(room + last, tail, sizeof tail - 1);
}

char *payload_file_name(const struct payload *payload, char name[static PAYLOAD_NAME])
{
	snprintf(name, PAYLOAD_NAME, "windows%s-kb%u-%s.msu",
		 payload->build.base < FIRST_WINDOWS_11_BASE ? "10.0" : "11.0",
		 payload->kb, arch_name(payload->arch));
	return name;
}

/* The catalog's small words: builds, KBs, kinds, architectures, as text and back. */

#include "engine/backend.h"
#include "engine/catalog.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

const char *const release_kind_names[RELEASE_KINDS] = {
	[RELEASE_RTM] = "rtm",           [RELEASE_BASELINE] = "baseline",
	[RELEASE_HOTPATCH] = "hotpatch", [RELEASE_LCU] = "lcu",
	[RELEASE_PREVIEW] = "preview",
};
const char *const cadence_names[CADENCES] = { "B", "D", "OOB" };
const char *const release_offer_names[RELEASE_OFFERS] = { "auto", "approval", "never" };

/* Decimal digits up to 2^32-1; returns where they end, NULL without any. */
static const char *number(const char *text, uint32_t *value)
{
	uint64_t sum = 0;
	const char *at = text;
	for (; *at >= '0' && *at <= '9'; at++) {
		sum = sum * 10 + (uint64_t)(*at - '0');
		if (sum > UINT32_MAX)
			return NULL;
	}
	if (at == text)
		return NULL;
	*value = (uint32_t)sum;
	return at;
}

bool build_parse(const char *text, struct build *build)
{
	struct build parsed;

	if (strncmp(text, "10.0.", 5) == 0)
		text += 5;
	text = number(text, &parsed.base);
	if (text == NULL || *text++ != '.')
		return false;
	text = number(text, &parsed.revision);
	if (text == NULL || *text != '\0' || parsed.base == 0)
		return false;
	*build = parsed;
	return true;
}

char *build_format(struct build build, char text[static BUILD_TEXT])
{
	snprintf(text, BUILD_TEXT, "%u.%u", build.base, build.revision);
	return text;
}

bool build_equal(struct build a, struct build b)
{
	return a.base == b.base && a.revision == b.revision;
}

bool kb_parse(const char *text, uint32_t *kb)
{
	uint32_t parsed;

	if (strncasecmp(text, "KB", 2) == 0)
		text += 2;
	text = number(text, &parsed);
	if (text == NULL || *text != '\0' || parsed == 0)
		return false;
	*kb = parsed;
	return true;
}

char *kb_format(uint32_t kb, char text[static KB_TEXT])
{
	if (kb == 0)
		text[0] = '\0';
	else
		snprintf(text, KB_TEXT, "KB%u", kb);
	return text;
}

const char *arch_name(enum arch arch)
{
	return arch == ARCH_X64 ? "x64" : arch == ARCH_ARM64 ? "arm64" : "";
}

enum arch arch_parse(const char *text)
{
	if (strcasecmp(text, "x64") == 0 || strcasecmp(text, "amd64") == 0)
		return ARCH_X64;
	return strcasecmp(text, "arm64") == 0 ? ARCH_ARM64 : ARCH_NONE;
}

const char *family_name(enum family family)
{
	return family == FAMILY_CLIENT   ? "client"
	       : family == FAMILY_SERVER ? "server"
					 : "";
}

enum family family_parse(const char *text)
{
	if (strcasecmp(text, "client") == 0)
		return FAMILY_CLIENT;
	return strcasecmp(text, "server") == 0 ? FAMILY_SERVER : FAMILY_NONE;
}

const char *const computer_tie_names[COMPUTER_TIES] = {
	[TIE_OWN] = "own",
	[TIE_RULE] = "rule",
	[TIE_HAND] = "hand",
};

/* What goes wrong, in a word: --fail KB5058497=2%±1. */

#include <stdlib.h>
#include <string.h>

#include "engine/findings.h"
#include "engine/problem.h"
#include "protocol/command/rehearse.h"
#include "protocol/command/suggest.h"

#define FAIL_CODE UINT32_C(0x800F0922)

enum { PPM = 1000000, WHAT_TEXT = 64 };

bool rehearse_share_parse(const char *text, uint32_t *ppm, const char **end)
{
	uint64_t value = 0;
	uint32_t place = PPM / 100;
	const char *at = text;

	if (*at < '0' || *at > '9')
		return false;
	for (; *at >= '0' && *at <= '9' && value <= PPM; at++)
		value = value * 10 + (uint64_t)(*at - '0') * place;
	if (*at == '.') {
		for (at++, place /= 10; *at >= '0' && *at <= '9'; at++, place /= 10)
			value += (uint64_t)(*at - '0') * place;
	}
	if (*at == '%')
		at++;
	*ppm = (uint32_t)value;
	*end = at;
	return value <= PPM;
}

/* "±", "+-" or "+/-"; what is behind it, NULL for none of them. */
static const char *skip_sign(const char *text)
{
	static const char *const signs[] = { "\xc2\xb1", "+-", "+/-" };

	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
		if (strncmp(text, signs[i], strlen(signs[i])) == 0)
			return text + strlen(signs[i]);
	}
	return NULL;
}

static int parse_what(const char *what, struct fleet_failure *failure, struct problem *p)
{
	static const char *const words[] = { "any", "baseline", "hotpatch", "lcu",
					     "preview" };
	static const enum release_kind kinds[] = { RELEASE_RTM, RELEASE_BASELINE,
						   RELEASE_HOTPATCH, RELEASE_LCU,
						   RELEASE_PREVIEW };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcmp(what, words[i]) != 0)
			continue;
		failure->has_kind = i > 0;
		failure->kind = kinds[i];
		return 0;
	}
	if (kb_parse(what, &failure->kb) && failure->kb != 0)
		return 0;
	return problem_set(
		p, PROBLEM_BAD_INPUT,
		"--fail names an update such as KB5058497, a kind, or any, not "
		"\"%s\"%s",
		what, suggest(what, words, sizeof words / sizeof words[0]).text);
}

int rehearse_fail_parse(const char *text, struct fleet_failure *failure,
			struct problem *p)
{
	char what[WHAT_TEXT];
	size_t size = strcspn(text, "=");
	const char *end = NULL;

	*failure = (struct fleet_failure){ .again_ppm = PPM, .code = FAIL_CODE };
	if (text[size] != '=' || size == 0 || size >= sizeof what)
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"--fail takes WHAT=RATE, such as KB5058497=2%%+-1, not "
			"\"%.80s\"",
			text);
	memcpy(what, text, size);
	what[size] = '\0';
	if (parse_what(what, failure, p) < 0)
		return -1;
	const char *rate = text + size + 1;
	bool good = rehearse_share_parse(rate, &failure->rate_ppm, &end);
	const char *spread = good ? skip_sign(end) : NULL;
	if (spread != NULL)
		good = rehearse_share_parse(spread, &failure->spread_ppm, &end);
	if (!good || *end != '\0')
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"--fail %s=... wants a share of 0%% to 100%%, such as 2%% "
			"or 2%%+-1, not \"%.40s\"",
			what, rate);
	return 0;
}

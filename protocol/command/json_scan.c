#include "protocol/command/json_scan.h"

#include <stdint.h>
#include <string.h>

#include "engine/problem.h"

void json_scan_init(struct json_scan *scan, char *text)
{
	*scan = (struct json_scan){ .at = text, .start = text };
}

static bool fail(struct json_scan *scan, const char *fault)
{
	if (scan->fault == NULL)
		scan->fault = fault;
	return false;
}

int json_scan_fault(const struct json_scan *scan, struct problem *p)
{
	return problem_set(p, PROBLEM_BAD_INPUT, "%s, at byte %zu", scan->fault,
			   (size_t)(scan->at - scan->start) + 1);
}

char json_scan_peek(struct json_scan *scan)
{
	while (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\n' ||
	       *scan->at == '\r')
		scan->at++;
	return *scan->at;
}

static bool take(struct json_scan *scan, char c, const char *fault)
{
	if (scan->fault != NULL || json_scan_peek(scan) != c)
		return fail(scan, fault);
	scan->at++;
	return true;
}

bool json_scan_open(struct json_scan *scan, char bracket)
{
	return take(scan, bracket,
		    bracket == '{' ? "an object is expected" : "an array is expected");
}

bool json_scan_more(struct json_scan *scan, bool *first, char bracket)
{
	if (scan->fault != NULL)
		return false;
	if (json_scan_peek(scan) == bracket) {
		scan->at++;
		return false;
	}
	bool was_first = *first;
	*first = false;
	return was_first ||
	       take(scan, ',',
		    bracket == '}' ? "a , or } is missing" : "a , or ] is missing");
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four hexadecimal digits; -1 when they are none. */
static int32_t hex4(const char *at)
{
	int32_t code = 0;

	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(at[i]);
		if (digit < 0)
			return -1;
		code = code * 16 + digit;
	}
	return code;
}

static char *put_utf8(char *to, uint32_t code)
{
	if (code < 0x80) {
		*to++ = (char)code;
	} else if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
		*to++ = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		*to++ = (char)(0xe0 | code >> 12);
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	} else {
		*to++ = (char)(0xf0 | code >> 18);
		*to++ = (char)(0x80 | (code >> 12 & 0x3f));
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	}
	return to;
}

/* \uXXXX at `at`, and its other half.  How many bytes, 0 when it is wrong. */
static size_t unicode_escape(const char *at, uint32_t *code)
{
	int32_t high = hex4(at + 2);

	if (high <= 0 || (high >= 0xdc00 && high <= 0xdfff))
		return 0; /* a NUL would end the text early for everybody behind us */
	*code = (uint32_t)high;
	if (high < 0xd800 || high > 0xdbff)
		return 6;
	int32_t low = at[6] == '\\' && at[7] == 'u' ? hex4(at + 8) : -1;
	if (low < 0xdc00 || low > 0xdfff)
		return 0;
	*code = 0x10000 + (((uint32_t)high & 0x3ff) << 10) + ((uint32_t)low & 0x3ff);
	return 12;
}

/* An escape at `at`; what it means goes to *to when that is not NULL.  How many bytes
 * it has, 0 when it is none. */
static size_t escape(const char *at, char **to)
{
	static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *name = at[1] == '\0' ? NULL : strchr(names, at[1]);
	uint32_t code;

	if (name != NULL) {
		if (to != NULL)
			*(*to)++ = meanings[name - names];
		return 2;
	}
	size_t size = at[1] == 'u' ? unicode_escape(at, &code) : 0;
	if (size != 0 && to != NULL)
		*to = put_utf8(*to, code);
	return size;
}

/* How long the character of several bytes at `at` is; 0 when it is not strict UTF-8
 * (RFC 3629). */
static size_t long_character(const unsigned char *at)
{
	if (at[0] >= 0xc2 && at[0] <= 0xdf)
		return (at[1] & 0xc0) == 0x80 ? 2 : 0;
	if (at[0] >= 0xe0 && at[0] <= 0xef) {
		unsigned char least = at[0] == 0xe0 ? 0xa0 : 0x80;
		unsigned char most = at[0] == 0xed ? 0x9f : 0xbf;
		return at[1] >= least && at[1] <= most && (at[2] & 0xc0) == 0x80 ? 3 : 0;
	}
	if (at[0] >= 0xf0 && at[0] <= 0xf4) {
		unsigned char least = at[0] == 0xf0 ? 0x90 : 0x80;
		unsigned char most = at[0] == 0xf4 ? 0x8f : 0xbf;
		return at[1] >= least && at[1] <= most && (at[2] & 0xc0) == 0x80 &&
				       (at[3] & 0xc0) == 0x80
			       ? 4
			       : 0;
	}
	return 0;
}

static bool is_plain(char c)
{
	unsigned char byte = (unsigned char)c;
	return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* From behind the opening quote to behind the closing one, unescaping to `to`, or only
 * looking when it is NULL.  The end of what was written, or NULL. */
static char *string(struct json_scan *scan, char *to)
{
	char *at = scan->at;

	for (;;) {
		char *from = at;
		while (is_plain(*at))
			at++;
		size_t size = *at == '\\' ? escape(at, NULL) : 0;
		if ((unsigned char)*at >= 0x80)
			size = long_character((const unsigned char *)at);
		size_t run = (size_t)(at - from) + (*at == '\\' ? 0 : size);
		if (to != NULL && to != from)
			memmove(to, from, run);
		to = to == NULL ? NULL : to + run;
		if (*at == '"') {
			scan->at = at + 1;
			return to == NULL ? at : to;
		}
		if (size == 0) {
			scan->at = at;
			fail(scan, *at == '\\'                  ? "this escape is none"
				   : (unsigned char)*at >= 0x80 ? "this is no UTF-8"
				   : *at == '\0'                ? "a string does not end"
						 : "a control character is in a string");
			return NULL;
		}
		if (*at == '\\')
			(void)escape(at, to == NULL ? NULL : &to);
		at += size;
	}
}

char *json_scan_text(struct json_scan *scan)
{
	if (!take(scan, '"', "text in quotes is expected"))
		return NULL;
	char *start = scan->at;
	char *end = string(scan, start);
	if (end == NULL)
		return NULL;
	*end = '\0';
	return start;
}

char *json_scan_name(struct json_scan *scan)
{
	if (!take(scan, '"', "the name of a member is expected"))
		return NULL;
	char *start = scan->at;
	char *end = string(scan, start);
	if (end == NULL || !take(scan, ':', "a : is missing"))
		return NULL;
	*end = '\0';
	return start;
}

static bool word(struct json_scan *scan, const char *expected)
{
	size_t size = strlen(expected);

	if (strncmp(scan->at, expected, size) != 0)
		return fail(scan, "this is no value");
	scan->at += size;
	return true;
}

bool json_scan_truth(struct json_scan *scan, bool *truth)
{
	char c = json_scan_peek(scan);

	if (scan->fault != NULL || (c != 't' && c != 'f'))
		return fail(scan, "true or false is expected");
	*truth = c == 't';
	return word(scan, *truth ? "true" : "false");
}

bool json_scan_null(struct json_scan *scan)
{
	(void)json_scan_peek(scan);
	return scan->fault == NULL && word(scan, "null");
}

static bool digits(struct json_scan *scan)
{
	if (*scan->at < '0' || *scan->at > '9')
		return fail(scan, "a digit is missing");
	while (*scan->at >= '0' && *scan->at <= '9')
		scan->at++;
	return true;
}

static bool number(struct json_scan *scan)
{
	if (*scan->at == '-')
		scan->at++;
	if (*scan->at == '0')
		scan->at++;
	else if (!digits(scan))
		return false;
	if (*scan->at == '.') {
		scan->at++;
		if (!digits(scan))
			return false;
	}
	if (*scan->at != 'e' && *scan->at != 'E')
		return true;
	scan->at++;
	if (*scan->at == '+' || *scan->at == '-')
		scan->at++;
	return digits(scan);
}

static bool skip(struct json_scan *scan, unsigned depth);

static bool skip_inside(struct json_scan *scan, char close, unsigned depth)
{
	bool first = true;

	if (depth == 0)
		return fail(scan, "the JSON is nested too deep");
	scan->at++;
	while (json_scan_more(scan, &first, close)) {
		if (close == '}' &&
		    (!take(scan, '"', "the name of a member is expected") ||
		     string(scan, NULL) == NULL || !take(scan, ':', "a : is missing")))
			return false;
		if (!skip(scan, depth - 1))
			return false;
	}
	return scan->fault == NULL;
}

static bool skip(struct json_scan *scan, unsigned depth)
{
	switch (json_scan_peek(scan)) {
	case '{':
		return skip_inside(scan, '}', depth);
	case '[':
		return skip_inside(scan, ']', depth);
	case '"':
		scan->at++;
		return string(scan, NULL) != NULL;
	case 't':
		return word(scan, "true");
	case 'f':
		return word(scan, "false");
	case 'n':
		return word(scan, "null");
	case '\0':
		return fail(scan, "the JSON ends too early");
	default:
		if (*scan->at != '-' && (*scan->at < '0' || *scan->at > '9'))
			return fail(scan, "this is no value");
		return number(scan);
	}
}

bool json_scan_skip(struct json_scan *scan)
{
	return scan->fault == NULL && skip(scan, JSON_SCAN_DEPTH);
}

bool json_scan_end(struct json_scan *scan)
{
	if (scan->fault != NULL)
		return false;
	return json_scan_peek(scan) == '\0' || fail(scan, "something follows the JSON");
}

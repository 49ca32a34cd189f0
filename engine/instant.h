/* Points in time: whole seconds since 1970-01-01T00:00:00Z, as text and back.
 *
 * Pure arithmetic on the proleptic Gregorian calendar; no clock, no time zone data.
 * Text is RFC 3339: "2025-04-08T17:00:00Z", an offset instead of Z, or a plain date
 * (midnight UTC). */

#ifndef ENGINE_INSTANT_H
#define ENGINE_INSTANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INSTANT_TEXT = 32, MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400 };

/* "Never" and "not known" are not times. */
#define INSTANT_NONE INT64_MIN

struct civil {
	int year;  /* 1970..9999 */
	int month; /* 1..12 */
	int day;   /* 1..31 */
	int hour, minute, second;
	int weekday; /* 0 Sunday .. 6 Saturday */
};

struct civil civil_of(int64_t at_s);
int64_t instant_of(const struct civil *civil); /* weekday is ignored */

/* False when the text is not one of the forms above; *at_s is then unchanged. */
bool instant_parse(const char *text, int64_t *at_s);

/* "2025-04-08T17:00:00Z" into `text`, which is returned; "" for INSTANT_NONE and for
 * whatever lies outside the years 1970 to 9999. */
char *instant_format(int64_t at_s, char text[static INSTANT_TEXT]);

/* "90m", "24h", "2d", "30s", "1w" or a plain number of seconds.  False if malformed or
 * more than ten years. */
bool duration_parse(const char *text, int64_t *seconds);

#endif

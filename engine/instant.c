#include "engine/instant.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* 9999-12-31T23:59:59Z: the last second that four digits of a year can name. */
static const int64_t LAST_S = INT64_C(253402300799);

enum { ERA_DAYS = 146097, ERA_YEARS = 400, EPOCH_DAYS = 719468, TEN_YEARS_DAYS = 3653 };

static int64_t floor_div(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

/* Days since 1970-01-01.  Years are counted from March, so that the leap day is the
 * last of its year and the months before it have a fixed pattern. */
static int64_t days_of(int year, int month, int day)
{
	int64_t from_march = month > 2 ? year : (int64_t)year - 1;
	int64_t era = floor_div(from_march, ERA_YEARS);
	int64_t year_of_era = from_march - era * ERA_YEARS;
	int64_t day_of_year =
		(153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int64_t day_of_era =
		year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * ERA_DAYS + day_of_era - EPOCH_DAYS;
}

struct civil civil_of(int64_t at_s)
{
	/* A local time may lie a day to either side of what text can say. */
	assert(at_s >= -2 * (int64_t)DAY_S);
	assert(at_s <= LAST_S + 2 * (int64_t)DAY_S);

	int64_t day = floor_div(at_s, DAY_S);
	int second = (int)(at_s - day * DAY_S);
	int64_t shifted = day + EPOCH_DAYS;
	int64_t era = floor_div(shifted, ERA_DAYS);
	int64_t day_of_era = shifted - era * ERA_DAYS;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
			       day_of_era / 146096) /
			      365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int month_from_march = (int)((5 * day_of_year + 2) / 153);
	int month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;

	return (struct civil){
		.year = (int)(year_of_era + era * ERA_YEARS) + (month <= 2),
		.month = month,
		.day = (int)(day_of_year - (153 * month_from_march + 2) / 5) + 1,
		.hour = second / HOUR_S,
		.minute = second % HOUR_S / MINUTE_S,
		.second = second % MINUTE_S,
		.weekday = (int)(((day + 4) % 7 + 7) % 7), /* day 0 was a Thursday */
	};
}

int64_t instant_of(const struct civil *civil)
{
	return days_of(civil->year, civil->month, civil->day) * DAY_S +
	       (int64_t)civil->hour * HOUR_S + (int64_t)civil->minute * MINUTE_S +
	       civil->second;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Exactly `count` digits, moving *at behind them. */
static bool take_number(const char **at, int count, int *value)
{
	int sum = 0;
	for (int i = 0; i < count; i++) {
		if (!is_digit((*at)[i]))
			return false;
		sum = sum * 10 + ((*at)[i] - '0');
	}
	*at += count;
	*value = sum;
	return true;
}

static bool take(const char **at, char expected)
{
	if (**at != expected)
		return false;
	(*at)++;
	return true;
}

static int month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

static bool take_date(const char **at, struct civil *civil)
{
	return take_number(at, 4, &civil->year) && take(at, '-') &&
	       take_number(at, 2, &civil->month) && take(at, '-') &&
	       take_number(at, 2, &civil->day) && civil->month >= 1 &&
	       civil->month <= 12 && civil->day >= 1 &&
	       civil->day <= month_days(civil->year, civil->month);
}

/* "17:00:00", with a fraction that is dropped.  Second 60 is a leap second. */
static bool take_time(const char **at, struct civil *civil)
{
	if (!take_number(at, 2, &civil->hour) || !take(at, ':') ||
	    !take_number(at, 2, &civil->minute) || !take(at, ':') ||
	    !take_number(at, 2, &civil->second))
		return false;
	if (civil->hour > 23 || civil->minute > 59 || civil->second > 60)
		return false;
	if (!take(at, '.'))
		return true;
	if (!is_digit(**at))
		return false;
	while (is_digit(**at))
		(*at)++;
	return true;
}

/* "Z" or "+02:00". */
static bool take_offset(const char **at, int64_t *offset_s)
{
	int hours, minutes;
	int sign = **at == '-' ? -1 : 1;

	if (take(at, 'Z') || take(at, 'z')) {
		*offset_s = 0;
		return true;
	}
	if (!take(at, '+') && !take(at, '-'))
		return false;
	if (!take_number(at, 2, &hours) || !take(at, ':') ||
	    !take_number(at, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*offset_s = sign * ((int64_t)hours * HOUR_S + (int64_t)minutes * MINUTE_S);
	return true;
}

bool instant_parse(const char *text, int64_t *at_s)
{
	struct civil civil = { 0 };
	int64_t offset_s = 0;
	const char *at = text;

	if (!take_date(&at, &civil))
		return false;
	if (*at != '\0') {
		if (!take(&at, 'T') && !take(&at, 't'))
			return false;
		if (!take_time(&at, &civil) || !take_offset(&at, &offset_s) ||
		    *at != '\0')
			return false;
	}
	int64_t parsed_s = instant_of(&civil) - offset_s;
	if (parsed_s < 0 || parsed_s > LAST_S)
		return false;
	/* A leap second is the last of a UTC day, and counts as the first of the next. */
	if (civil.second == 60 && parsed_s % DAY_S != 0)
		return false;
	*at_s = parsed_s;
	return true;
}

char *instant_format(int64_t at_s, char text[static INSTANT_TEXT])
{
	text[0] = '\0';
	if (at_s < 0 || at_s > LAST_S)
		return text;
	struct civil c = civil_of(at_s);
	snprintf(text, INSTANT_TEXT, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month,
		 c.day, c.hour, c.minute, c.second);
	return text;
}

bool duration_parse(const char *text, int64_t *seconds)
{
	static const struct {
		char letter;
		int64_t unit_s;
	} units[] = {
		{ 's', 1 },     { 'm', MINUTE_S },           { 'h', HOUR_S },
		{ 'd', DAY_S }, { 'w', INT64_C(7) * DAY_S },
	};
	const int64_t most_s = (int64_t)TEN_YEARS_DAYS * DAY_S;
	int64_t sum = 0, unit_s = 1;
	const char *at = text;

	for (; is_digit(*at); at++) {
		sum = sum * 10 + (*at - '0');
		if (sum > most_s)
			return false;
	}
	if (at == text)
		return false;
	if (*at != '\0') {
		size_t i = 0;
		while (i < sizeof units / sizeof units[0] && units[i].letter != *at)
			i++;
		if (i == sizeof units / sizeof units[0] || at[1] != '\0')
			return false;
		unit_s = units[i].unit_s;
	}
	if (sum > most_s / unit_s)
		return false;
	*seconds = sum * unit_s;
	return true;
}

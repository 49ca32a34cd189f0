#include "protocol/server/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/instant.h"
#include "engine/problem.h"

const char *const log_level_names[LOG_LEVELS] = { "error", "warning", "info", "debug" };

static enum log_level wanted = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	wanted = level;
}

bool log_is_on(enum log_level level)
{
	return level <= wanted;
}

/* The last byte is kept for the line's end. */
static void put(struct log_line *line, const char *bytes, size_t size)
{
	size_t room = sizeof line->text - 1 - line->size;

	if (size > room)
		size = room;
	memcpy(line->text + line->size, bytes, size);
	line->size += size;
}

static void put_key(struct log_line *line, const char *key)
{
	put(line, " ", 1);
	put(line, key, strlen(key));
	put(line, "=", 1);
}

static bool is_plain(const char *value)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.:/@+-,%[]~";
	return value[0] != '\0' && value[strspn(value, plain)] == '\0';
}

static void put_quoted(struct log_line *line, const char *value)
{
	put(line, "\"", 1);
	for (; *value != '\0'; value++) {
		unsigned char byte = (unsigned char)*value;
		char escaped[8];
		if (byte < ' ' || byte == 0x7f)
			snprintf(escaped, sizeof escaped, "\\x%02x", byte);
		else
			snprintf(escaped, sizeof escaped,
				 byte == '"' || byte == '\\' ? "\\%c" : "%c", byte);
		put(line, escaped, strlen(escaped));
	}
	put(line, "\"", 1);
}

void log_begin(struct log_line *line, enum log_level level, const char *event)
{
	char now[INSTANT_TEXT];

	line->on = log_is_on(level);
	line->size = 0;
	if (!line->on)
		return;
	put(line, "time=", 5);
	instant_format((int64_t)time(NULL), now);
	put(line, now, strlen(now));
	log_text(line, "level", log_level_names[level]);
	log_text(line, "event", event);
}

void log_text(struct log_line *line, const char *key, const char *value)
{
	if (!line->on)
		return;
	put_key(line, key);
	if (is_plain(value))
		put(line, value, strlen(value));
	else
		put_quoted(line, value);
}

void log_number(struct log_line *line, const char *key, int64_t value)
{
	char text[24];

	if (!line->on)
		return;
	snprintf(text, sizeof text, "%" PRId64, value);
	log_text(line, key, text);
}

void log_problem(struct log_line *line, const struct problem *problem)
{
	if (!line->on)
		return;
	log_text(line, "problem", problem_face(problem->kind)->slug);
	log_text(line, "text", problem->text);
}

void log_end(struct log_line *line)
{
	if (!line->on)
		return;
	line->text[line->size++] = '\n';
	/* A log that cannot be written is no reason to stop serving. */
	ssize_t written = write(STDERR_FILENO, line->text, line->size);
	(void)written;
}

void log_event(enum log_level level, const char *event, ...)
{
	struct log_line line;
	va_list args;
	const char *key;

	log_begin(&line, level, event);
	va_start(args, event);
	while ((key = va_arg(args, const char *)) != NULL)
		log_text(&line, key, va_arg(args, const char *));
	va_end(args);
	log_end(&line);
}

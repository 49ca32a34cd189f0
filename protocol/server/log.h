/* The log: one event per line of key=value, on standard error.
 *
 * A line names its event first and then what it is about: device=, flow=, kb=, peer=, and
 * a problem's slug and text.  Values that are not one plain word are quoted, and control
 * bytes in them are written as \xNN, so no peer can forge a line.  Any thread; each line
 * is one write. */

#ifndef PROTOCOL_SERVER_LOG_H
#define PROTOCOL_SERVER_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct problem;

enum log_level {
	LOG_LEVEL_ERROR,   /* something is lost until a person acts */
	LOG_LEVEL_WARNING, /* something was refused that should not happen */
	LOG_LEVEL_INFO,    /* starts, stops, and what people change */
	LOG_LEVEL_DEBUG,   /* every request */
	LOG_LEVELS
};
extern const char *const log_level_names[LOG_LEVELS];

/* Lines above this level are dropped.  Before any thread starts. */
void log_set_level(enum log_level level);
bool log_is_on(enum log_level level);

struct log_line {
	bool on;
	size_t size;
	char text[1024]; /* what does not fit is cut */
};

void log_begin(struct log_line *line, enum log_level level, const char *event);
void log_text(struct log_line *line, const char *key, const char *value);
void log_number(struct log_line *line, const char *key, int64_t value);
void log_problem(struct log_line *line, const struct problem *problem);
void log_end(struct log_line *line);

/* A whole line of text values: key, value, ..., NULL. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));

#endif

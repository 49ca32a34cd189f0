/* The daemon's settings: one table in settings.c, from which come the defaults, the
 * options of the command line, --help, and every check.
 *
 * A later source goes before an earlier one: built in, patchyardd.conf, its drop-ins
 * conf.d/NAME.conf in order of their names, the command line.  Faults are findings with
 * file and line; whatever is at fault leaves the setting as it was. */

#ifndef PROTOCOL_SERVER_SETTINGS_H
#define PROTOCOL_SERVER_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/findings.h"

struct problem;

enum {
	SETTING_TEXT_MAX = 180, /* a line of the file has at most 198 bytes */
	SETTINGS_COUNT = 24,
	SETTING_FILES_MAX = 64,
};

enum clock_kind { CLOCK_REAL, CLOCK_VIRTUAL };

struct settings {
	/* [server] */
	char address[SETTING_TEXT_MAX + 1];
	int64_t port;
	int64_t loops; /* 0: one per core */
	char base_url[SETTING_TEXT_MAX + 1];
	char certificate_names[SETTING_TEXT_MAX + 1];
	char state_dir[SETTING_TEXT_MAX + 1];
	char content_dir[SETTING_TEXT_MAX + 1]; /* "": content/ in the state directory */
	/* [admin] */
	char admin_socket[SETTING_TEXT_MAX + 1]; /* "": admin.sock in it */
	char admin_group[SETTING_TEXT_MAX + 1];
	/* [agents] */
	int64_t poll_interval_s;
	bool enrolment;
	int64_t seen_flush_s;
	/* [wusp] */
	bool wusp;
	bool wusp_join;
	int64_t wusp_identity; /* enum wusp_identity_rule */
	int64_t wusp_cookie_s;
	char content_url[SETTING_TEXT_MAX + 1]; /* "": our own */
	/* [clock] */
	int64_t clock; /* enum clock_kind */
	int64_t clock_from_s;
	/* [limits] */
	int64_t open_files;
	int64_t keep_alive_s;
	int64_t drain_s;
	int64_t pool_threads;
	/* [log] */
	int64_t log_level; /* enum log_level */

	/* Where each came from, by its place in the table; line 0 and NULL: built in. */
	struct origin origins[SETTINGS_COUNT];
	size_t file_count;
	char *files[SETTING_FILES_MAX]; /* names that origins and findings point to */
};

void settings_init(struct settings *settings);
void settings_fini(struct settings *settings);

/* One setting from one place.  `section` NULL: any, for the command line.  0, or -1 with
 * an error in *findings. */
int settings_set(struct settings *settings, const char *section, const char *name,
		 const char *value, struct origin origin, struct findings *findings);

/* The file and its drop-ins.  `required` false: a file that is not there is fine.  -1
 * with *p told when one cannot be read; faults in them are findings only. */
int settings_read(struct settings *settings, const char *path, bool required,
		  struct findings *findings, struct problem *p);

/* What only shows when all is read. */
void settings_check(const struct settings *settings, struct findings *findings);

/* The i-th name, NULL past the end; and whether it takes "yes" for granted. */
const char *settings_name(size_t index);
bool settings_is_switch(size_t index);

/* The part of --help about settings. */
void settings_help(FILE *out);

#endif

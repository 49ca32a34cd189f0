/* The command line of patchyard-agent, as one table.
 *
 * The table reads the options, refuses what does not belong together, and prints --help.
 * Texts point into argv.  What is not given has its default when reading is done. */

#ifndef AGENTS_OPTIONS_H
#define AGENTS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "agents/fact_set.h"

struct problem;

enum run_mode { RUN_AGENT, RUN_FLEET, RUN_PAYLOADS, RUN_HELP, RUN_VERSION, RUN_MODES };

struct run_options {
	enum run_mode mode;
	bool help, version;
	bool given[64]; /* by row of the table */

	/* One device, and partly a fleet. */
	char server[512]; /* without a slash at its end */
	const char *ca_file, *enrol_token, *enrol_token_file, *state_dir, *id;
	const char *install_command, *facts_file;
	const char *protocol; /* "ddi" or "wusp" */
	bool simulate, once;
	struct fact_set facts;
	int64_t poll_min_s, poll_max_s;
	int64_t active_from_min, active_to_min;

	/* Simulated machines. */
	int64_t install_s, failure_permille;

	/* A fleet. */
	int64_t fleet_count, seed, workers, refuse_restart_percent, run_for_s;
	int64_t wusp_percent;
	const char *admin_socket, *report;
	int64_t from_s, to_s, step_s;
	bool quiet;

	/* Payload files. */
	const char *list, *into;
};

/* 0, or -1 with a sentence for the person at the keyboard. */
int options_parse(struct run_options *options, int argc, char **argv, struct problem *p);

/* Whether a token can travel in a header: visible ASCII, not too long. */
bool options_token_is_good(const char *token);

void options_print_help(FILE *out);

#endif

/* A simulated Windows, that judges updates for itself.
 *
 * It knows its own edition, architecture, VBS state and what is installed, reads each
 * payload handed to it, and does what the real one does: a hotpatch takes effect at once,
 * a cumulative update shows its build only after the restart, a removed hotpatch leaves
 * the cumulative update beneath it after a restart, and whatever does not fit is refused
 * as not applicable.  It shares no rule with the decision engine on purpose: a wrong
 * offer is caught here a second time, by somebody else.
 *
 * With a state folder it survives a kill like a machine does (a running install is lost,
 * a finished one is not).  One thread uses it at a time. */

#ifndef AGENTS_WINDOWS_H
#define AGENTS_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agents/host.h"
#include "engine/catalog.h"

enum { WINDOWS_TAGS = 8 };

/* A (KB, build), with the baseline whose quarter it belongs to where it names one. */
struct windows_level {
	uint32_t kb; /* 0 for an rtm */
	struct build build;
	uint32_t baseline_kb;
	struct build baseline_build;
};

/* How the machine is delivered. */
struct windows_model {
	enum family family;
	enum arch arch;
	char edition[32];
	char vbs[12];     /* off | configured | running; empty: not shown */
	char chpe[4];     /* on | off; shown on arm64 only */
	char licence[4];  /* yes | no; empty: not shown */
	char zone[40];    /* empty: not shown */
	size_t tag_count; /* other facts: tag.ring, site, ... */
	struct {
		char name[40], value[40];
	} tags[WINDOWS_TAGS];
	struct windows_level base;
	struct windows_level hotpatch; /* kb 0 for none */
	int64_t boot_s;
};

struct fact_set;
struct problem;

/* A machine described by the facts it shows first; a client of December 2024 on x64 that
 * qualifies for hotpatches, but for what the facts say.  Names it does not know become
 * facts of its own. */
int windows_model_read(const struct fact_set *facts, struct windows_model *model,
		       struct problem *p);

struct windows_knobs {
	int64_t install_s;         /* how long an install or removal takes */
	unsigned failure_permille; /* installs that fail for no reason */
	bool refuses_restart;      /* the owner never restarts it */
	uint64_t seed;
};

struct windows_tally {
	unsigned restarts;
	unsigned installs[RELEASE_KINDS]; /* in effect or waiting for the restart */
	unsigned removals;
	unsigned refused;   /* not applicable: somebody made a wrong offer */
	unsigned failed;    /* any other failure that nobody asked for */
	unsigned simulated; /* failures drawn from failure_permille */
};

struct windows;

/* `folder` NULL keeps everything in memory; else a state found there goes on. */
struct windows *windows_new(const struct windows_model *model,
			    const struct windows_knobs *knobs, const char *folder,
			    struct problem *p);
void windows_free(struct windows *windows); /* accepts NULL */

/* The view of the agent; valid as long as the windows. */
struct host windows_host(struct windows *windows);

const struct windows_model *windows_model(const struct windows *windows);
const struct windows_tally *windows_tally(const struct windows *windows);

/* What it shows now: the hotpatch, or the cumulative update that runs. */
void windows_shown(const struct windows *windows, uint32_t *kb, struct build *build);
bool windows_restart_is_pending(const struct windows *windows);

/* Whether the last thing it was asked to do failed, and nobody simulated that. */
bool windows_in_error(const struct windows *windows);

#endif

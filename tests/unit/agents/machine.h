/* A simulated Windows to work upon: a client on the baseline of April 2025 that qualifies
 * for hotpatches, and the little steps that tests take with it.  All of it happens at
 * NOW_S. */

#ifndef TESTS_UNIT_AGENTS_MACHINE_H
#define TESTS_UNIT_AGENTS_MACHINE_H

#include "agents/payload.h"
#include "agents/windows.h"

enum { NOW_S = 1744000000 };

struct windows_model machine_model(void);

/* An update for it; a hotpatch names the baseline it stands on. */
struct payload machine_payload(enum release_kind kind, uint32_t kb, uint32_t revision);

/* `folder` NULL: in memory. */
struct windows *machine_make(const struct windows_model *model, const char *folder,
			     int64_t install_s);

/* Hand a payload over, and ask what became of it. */
enum host_state machine_install(const struct host *host, const struct payload *payload,
				struct host_result *result);
enum host_state machine_uninstall(const struct host *host, uint32_t kb,
				  struct host_result *result);
enum host_state machine_end(const struct host *host, int64_t now_s,
			    struct host_result *result);
void machine_restart(const struct host *host);

/* What it shows under this name; NULL for nothing, valid until the next question. */
const char *machine_fact(const struct host *host, const char *name);
void machine_check_shows(const struct host *host, const char *build, const char *kbs,
			 const char *pending);

#endif

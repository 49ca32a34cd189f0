/* Which machines a simulated fleet consists of.
 *
 * The first few are named samples that all begin in December 2024, so that a person can
 * follow one of each sort; the rest are drawn from the seed, each from its own number, so
 * that device 17 is the same machine in a fleet of 20 and in one of 2000. */

#ifndef AGENTS_FLEET_MODEL_H
#define AGENTS_FLEET_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agents/windows.h"

enum { FLEET_ID = 64 };

size_t fleet_samples(void);

/* Device `index` of a fleet that begins at `start_s`: its id and its model.  True for a
 * sample.  Nobody runs a Windows that is not out yet at the start. */
bool fleet_model(size_t index, uint64_t seed, int64_t start_s, char id[static FLEET_ID],
		 struct windows_model *model);

#endif

/* What was done on the day, as a file: a JSON array of records.
 *
 *	{"product":PRODUCT?, "kb":KB?, "build":BUILD?, "ring":RING?,
 *	 "approval":"given"|"refused", "approved_for_track":true, "withdrawn":true,
 *	 "halted":true, "paused_until":TIME, "expedited":true,
 *	 "expedite_deadline_days":0|1|2, "passed":TIME,
 *	 "canary":DEVICE, "canary_verified":true, "arch":ARCH?, "payload":"missing"}
 *
 * A record without a release speaks of every release in its ring (a paused ring), one
 * without a ring of the release everywhere.  A KB alone means every product and build
 * that has it.  What is not said is not so: nothing approved, halted, passed or missing.
 * Names that the catalog and plan do not have are refused. */

#ifndef PROTOCOL_COMMAND_ROLLOUT_FILE_H
#define PROTOCOL_COMMAND_ROLLOUT_FILE_H

struct catalog;
struct plan;
struct problem;
struct rollouts;

/* NULL with *p told: which record, what. */
struct rollouts *rollout_file_read(const char *path, const struct catalog *catalog,
				   const struct plan *plan, struct problem *p);

#endif

/* The seam between the wires and the store: a table of functions.
 *
 * A *session* is one thread's view.  Each loop thread opens one for reading.  Writes
 * happen inside a unit of work: submit() hands it to the single writer thread, which
 * runs work->run with the writer's session inside a savepoint, commits many units in
 * one group, and then calls work->done with NULL, or with the problem that undid this
 * one unit.  Both run on the writer thread; done hops to a loop by loop_post().  A unit
 * whose run failed leaves no trace.  What was read in a session's callbacks is valid
 * during the call only.
 *
 * Nothing here names a database: SQLite stands behind it today. */

#ifndef ENGINE_BACKEND_H
#define ENGINE_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/operation.h"
#include "engine/record.h"
#include "engine/rollout.h"

struct problem;
struct session;
struct backend;

/* A file the operator gave us, kept as written: `kind` is "catalog" or "plan".  Every
 * put makes a new revision; old ones stay. */
struct document {
	char kind[16];
	char name[256]; /* file name, for messages; a catalog is replaced by name */
	const char *text;
	size_t size;
	int64_t revision;
	int64_t at_s;
	char by[LIMIT_NAME + 1];
};

struct payload {
	struct release_key key;
	enum arch arch;
	char name[256];
	int64_t size_bytes;
	char sha256[65], sha1[41], md5[33]; /* lower-case hex */
	int64_t added_s;                    /* when its first file came */
};

/* Flows per release and ring by state, moved with every event. */
struct counter {
	struct release_key key;
	char ring[LIMIT_NAME + 1];
	enum flow_kind kind;
	int64_t in_state[FLOW_STATES];
};

/* The devices of one ring by how one release ended on them there: each is counted once,
 * by the last time it was verified or failed; where it was neither, by its last other
 * end.  Installs alone. */
struct ring_results {
	int64_t verified, failed, unverified, not_applicable, rejected;
	int64_t first_s; /* when it was first verified or failed; INSTANT_NONE */
};

/* A hold made on the day, beside those of the plan. */
struct hold_record {
	int64_t id;             /* from 1, never reused */
	struct release_key key; /* product "": any; build 0: any */
	char match[LIMIT_EXPRESSION + 1];
	char by[LIMIT_NAME + 1];
	char reason[256];
	int64_t made_s;
};

/* Something asked for many devices. */
struct operation_record {
	int64_t id; /* from 1, never reused */
	struct operation operation;
	int64_t at_most; /* devices at a time; 0: all at once */
	char by[LIMIT_NAME + 1];
	char reason[256];
	int64_t made_s, ended_s; /* 0: it goes on */
	int64_t in_step[OPERATION_STEPS];
};

struct operation_device {
	char device[LIMIT_DEVICE_ID + 1];
	enum operation_step step;
	int64_t changed_s; /* since when */
	char note[OPERATION_NOTE];
};

/* One revision of an update's metadata, for agents that speak MS-WUSP.  A new one of the
 * same update has a higher revision and replaces it; old ones stay, for their numbers
 * are never used again. */
enum { UPDATE_ID_TEXT = 37 }; /* a GUID in lower case, and a NUL */
struct update_revision {
	int32_t revision_id; /* this server's number, from 1 */
	char id[UPDATE_ID_TEXT];
	int32_t revision;
	bool is_imported;       /* genuine: never replaced by one that we make */
	struct release_key key; /* kb 0: it stands for no release */
	enum arch arch;
	const char *document;
	size_t size;
	int64_t added_s;
};

/* A Windows Update Agent, by the id it gave itself (SusClientId), and the device it is:
 * one of its own, or an existing one by the operator's rule or hand. */
enum computer_tie { TIE_OWN, TIE_RULE, TIE_HAND, COMPUTER_TIES };
extern const char *const computer_tie_names[COMPUTER_TIES];
struct computer {
	char client_id[UPDATE_ID_TEXT];
	char device[LIMIT_DEVICE_ID + 1];
	char dns_name[256];
	enum computer_tie tie;
	char by[LIMIT_NAME + 1]; /* whose hand; "" else */
	bool is_registered;      /* RegisterComputer was called */
	int64_t first_s, changed_s;
};

struct audit_entry {
	int64_t at_s;
	char by[LIMIT_NAME + 1];
	char action[64]; /* "plan.apply", "device.add", "rollout.pause" */
	char subject[512];
	char reason[256];
};

enum { REPORT_IDS_KEPT = 1024 };

struct work {
	int (*run)(struct work *work, struct session *session, struct problem *p);
	void (*done)(struct work *work, const struct problem *p);
	struct work *next; /* the queue's */
};

struct backend_ops {
	/* Reading; any session.  1 found, 0 not there, -1 with *p told. */
	struct session *(*open)(struct backend *backend, struct problem *p);
	void (*close)(struct session *session);
	/* From now on documents, payloads, rollouts and holds are read by this session
	 * as they stood at a moment.  What was current by the end of its second counts.
	 */
	void (*as_of)(struct session *session, int64_t then_s);
	int (*device_read)(struct session *session, const char *id,
			   struct device_record *record, struct problem *p);
	/* The first device whose id sorts after `after` ("" for the first). */
	int (*device_next)(struct session *session, const char *after,
			   struct device_record *record, struct problem *p);
	int (*device_count)(struct session *session, int64_t *count, struct problem *p);
	/* A flow and whose it is: to tell "another device's" from "unknown". */
	int (*flow_read)(struct session *session, int64_t id, struct flow *flow,
			 char device[static LIMIT_DEVICE_ID + 1], struct problem *p);
	/* The newest final flow of a device that was verified; for installedBase. */
	int (*flow_installed)(struct session *session, const char *device,
			      struct flow *flow, struct problem *p);
	/* Walks call `each` in order; a nonzero answer stops the walk. */
	int (*events)(struct session *session, const char *device, int64_t until_s,
		      int (*each)(void *owner, const struct event *event), void *owner,
		      struct problem *p); /* ascending */
	/* Of one flow, also of a device that was forgotten since. */
	int (*flow_events)(struct session *session, const char *device, int64_t flow,
			   int (*each)(void *owner, const struct event *event),
			   void *owner, struct problem *p); /* ascending */
	int (*fact_changes)(struct session *session, const char *device, int64_t until_s,
			    int (*each)(void *owner, const struct fact_change *change),
			    void *owner, struct problem *p); /* ascending */
	int (*documents)(struct session *session, const char *kind,
			 int (*each)(void *owner, const struct document *document),
			 void *owner, struct problem *p); /* current revisions */
	int (*payloads)(struct session *session,
			int (*each)(void *owner, const struct payload *payload),
			void *owner, struct problem *p);
	int (*rollouts)(struct session *session,
			int (*each)(void *owner, const struct rollout_record *record),
			void *owner, struct problem *p);
	/* The newest version for exactly this key and ring. */
	int (*rollout_read)(struct session *session, const struct release_key *key,
			    const char *ring, struct rollout_record *record,
			    struct problem *p);
	/* All zero when nobody ended there yet. */
	int (*results)(struct session *session, const struct release_key *key,
		       const char *ring, struct ring_results *results, struct problem *p);
	/* Installs that began at or before a time and have not ended. */
	int (*offers_open)(struct session *session, const struct release_key *key,
			   const char *ring, int64_t before_s, int64_t *count,
			   struct problem *p);
	int (*holds)(struct session *session,
		     int (*each)(void *owner, const struct hold_record *hold),
		     void *owner, struct problem *p); /* that stand, by id */
	int (*operations)(struct session *session, bool open_only,
			  int (*each)(void *owner, const struct operation_record *record),
			  void *owner, struct problem *p); /* newest first */
	int (*operation_read)(struct session *session, int64_t id,
			      struct operation_record *record, struct problem *p);
	/* In order of step, then name. */
	int (*operation_devices)(struct session *session, int64_t id,
				 int (*each)(void *owner,
					     const struct operation_device *device),
				 void *owner, struct problem *p);
	/* The next that is at this step, by name after device->device. */
	int (*operation_next)(struct session *session, int64_t id,
			      enum operation_step step, struct operation_device *device,
			      struct problem *p);
	/* The open operation that a device is running for: its id and since when. */
	int (*operation_of)(struct session *session, const char *device, int64_t *id,
			    int64_t *begun_s, struct problem *p);
	int (*counters)(struct session *session,
			int (*each)(void *owner, const struct counter *counter),
			void *owner, struct problem *p);
	int (*audits)(struct session *session, int64_t limit,
		      int (*each)(void *owner, const struct audit_entry *entry),
		      void *owner, struct problem *p); /* newest first */
	int (*setting_read)(struct session *session, const char *name, char *value,
			    size_t size, struct problem *p);
	/* Current revisions, by revision id. */
	int (*updates)(struct session *session,
		       int (*each)(void *owner, const struct update_revision *update),
		       void *owner, struct problem *p);
	/* The highest revision number this update ever had: 1 found, 0 it never was here.
	 */
	int (*update_newest)(struct session *session, const char *id, int32_t *revision,
			     struct problem *p);
	int (*computer_read)(struct session *session, const char *client_id,
			     struct computer *computer, struct problem *p);
	/* The one that is tied to a device: the first by client id where there are more.
	 */
	int (*computer_of)(struct session *session, const char *device,
			   struct computer *computer, struct problem *p);
	int (*computers)(struct session *session,
			 int (*each)(void *owner, const struct computer *computer),
			 void *owner, struct problem *p); /* by client id */

	/* Writing; the writer's session only, inside run(). */
	int (*flow_id_new)(struct session *session, int64_t *id, struct problem *p);
	/* Insert or update the record by its parts that changed, append the events and
	 * the fact changes, move the counters.  Sets record->key for a new device. */
	int (*device_write)(struct session *session, struct device_record *record,
			    const struct outcome *outcome, struct problem *p);
	int (*device_forget)(struct session *session, const char *id, int64_t at_s,
			     struct problem *p);
	int (*device_seen)(struct session *session, const char *id, int64_t at_s,
			   struct problem *p);
	int (*document_put)(struct session *session, const struct document *document,
			    struct problem *p);
	/* The one of that kind and name is no longer current; it stays in history. */
	int (*document_retire)(struct session *session, const struct document *document,
			       struct problem *p);
	int (*payload_put)(struct session *session, const struct payload *payload,
			   struct problem *p);
	int (*rollout_put)(struct session *session, const struct rollout_record *record,
			   struct problem *p); /* keeps every version, reads the newest */
	int (*hold_add)(struct session *session, struct hold_record *hold,
			struct problem *p); /* sets its id */
	/* 1 removed, 0 there is none. */
	int (*hold_remove)(struct session *session, int64_t id, int64_t at_s,
			   struct problem *p);
	int (*operation_add)(struct session *session, struct operation_record *record,
			     struct problem *p); /* sets its id; without devices */
	int (*operation_end)(struct session *session, int64_t id, int64_t at_s,
			     struct problem *p);
	/* Add a device, or say how far it is. */
	int (*operation_device_put)(struct session *session, int64_t id,
				    const struct operation_device *device,
				    struct problem *p);
	int (*audit_put)(struct session *session, const struct audit_entry *entry,
			 struct problem *p);
	int (*setting_put)(struct session *session, const char *name, const char *value,
			   struct problem *p);
	/* Sets its revision id.  PROBLEM_CONFLICT for a revision that was here before,
	 * but for an imported one that was retired: it comes back as what it was. */
	int (*update_put)(struct session *session, struct update_revision *update,
			  struct problem *p);
	/* No longer current, and nothing takes its place. */
	int (*update_retire)(struct session *session, const char *id, struct problem *p);
	int (*computer_put)(struct session *session, const struct computer *computer,
			    struct problem *p); /* by client id */
	/* 1: the device never sent a report of this id before, and from now on it has.
	 * 0: it has.  The last REPORT_IDS_KEPT of a device are kept. */
	int (*report_note)(struct session *session, int64_t device_key,
			   const uint8_t id[static 16], int64_t at_s, struct problem *p);

	/* Any thread. */
	void (*submit)(struct backend *backend, struct work *work);
};

/* The first member of whatever stands behind the seam. */
struct backend {
	const struct backend_ops *ops;
};

#endif

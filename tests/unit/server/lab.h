/* A whole server in this process: store, content, site and daemon, in a folder of its
 * own, on a virtual clock, with a client for its admin API.
 *
 * The catalog and the plan are small enough to count by hand; see lab.c. */

#ifndef TESTS_UNIT_SERVER_LAB_H
#define TESTS_UNIT_SERVER_LAB_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "protocol/server/settings.h"
#include "protocol/server/site_setup.h"
#include "protocol/server/state_dir.h"
#include "tests/unit/server/scratch.h"

struct content_store;
struct daemon;

struct lab {
	struct scratch scratch;
	struct settings settings;
	struct state_dir state;
	struct backend *backend;
	struct content_store *content;
	struct site *site;
	struct daemon *daemon;
};

/* Fails the test when it does not come up.  `from` is where the clock starts; NULL: the
 * real clock. */
void lab_open(struct lab *lab, const char *from);
void lab_close(struct lab *lab);
/* Stop and start again on the same folder. */
void lab_reopen(struct lab *lab);
/* Without loops: store and site alone. */
void lab_open_site(struct lab *lab, const char *from);

/* One call over the socket; `path` begins after /api/v1.  The answer's JSON, NULL when it
 * is none; to be given back. */
struct answer {
	int status;
	json_t *json;
	char *text;
	char head[1024];
};
struct answer lab_call(struct lab *lab, const char *method, const char *path,
		       const char *body);
void answer_free(struct answer *answer);
/* A call that must answer so; its JSON. */
json_t *lab_expect(struct lab *lab, int status, const char *method, const char *path,
		   const char *body);

/* The catalog file and the plan of lab.c, and payload files for all of it. */
extern const char lab_catalog[], lab_plan[];
void lab_load(struct lab *lab);
/* Add a device and assert its facts: "os.build=26100.1 vbs=off", separated by blanks;
 * commas in a value stand for blanks. */
void lab_device(struct lab *lab, const char *id, const char *facts);

#endif

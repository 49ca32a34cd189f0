/* A device that talks to a yard as tests tell it: requests over TLS, answers as JSON. */

#ifndef TESTS_UNIT_DDI_TALK_H
#define TESTS_UNIT_DDI_TALK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/lib/yard.h"
#include "tests/unit/http/http_client.h"

struct talk {
	struct yard *yard;
	struct http_client client;
	const char *device;
	char authorization[200]; /* "TargetToken ..." */
};

/* Connects; the device speaks with the enrolment token until talk_enrol(). */
bool talk_open(struct talk *talk, struct yard *yard, const char *device);
void talk_close(struct talk *talk);
/* Polls with the enrolment token, and takes the token it is given for its own. */
bool talk_enrol(struct talk *talk);

/* `rest` follows the device's path; `headers` are whole lines, "" for none; a NULL body
 * sends none. */
struct http_answer talk_ask(struct talk *talk, const char *method, const char *rest,
			    const char *headers, const char *body);
int talk_status(struct talk *talk, const char *method, const char *rest,
		const char *body);
/* A JSON document; NULL when the answer is no 200 with one. */
json_t *talk_get(struct talk *talk, const char *rest);

/* Attributes as JSON members, `"a":"b"`. */
int talk_facts(struct talk *talk, const char *members);
/* `rest` of status: `,"code":1,"details":[...]`. */
int talk_feedback(struct talk *talk, const char *what, int64_t action,
		  const char *execution, const char *finished, const char *rest);

/* What a poll offers. */
struct talk_poll {
	int64_t deployment, cancel, installed; /* action ids; 0 for none */
	bool wants_facts;
	char c[24], sleep[16], token[40];
};
bool talk_poll(struct talk *talk, struct talk_poll *poll);

/* Walk a document: "deployment.chunks.0.name".  NULL when it is not there, or no text. */
const char *talk_text(json_t *json, const char *path);
/* The value of a chunk's metadata. */
const char *talk_metadata(json_t *deployment, const char *key);

#endif

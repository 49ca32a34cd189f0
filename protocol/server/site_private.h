/* What a site is made of; for the files of this folder alone. */

#ifndef PROTOCOL_SERVER_SITE_PRIVATE_H
#define PROTOCOL_SERVER_SITE_PRIVATE_H

#include <pthread.h>
#include <stdint.h>

#include "engine/backend.h"
#include "protocol/server/clock.h"
#include "protocol/server/site_setup.h"
#include "protocol/server/token.h"

struct zone_files;

struct site {
	struct backend *backend;
	struct site_content content;
	char base_url[512];
	bool enrols;
	uint8_t enrolment_hash[TOKEN_HASH];
	int64_t poll_s, seen_flush_s;
	struct clock clock;
	struct zone_files *zones;
	uint64_t salt; /* of gradual opening */
	bool stopping; /* atomic */

	pthread_mutex_t lock; /* over the pointer, not over what it points to */
	struct view *view;

	/* The writer thread's. */
	uint64_t generation;
	struct device_record record;
	struct decision decision;
	struct outcome outcome;
};

/* Takes over the reference. */
void site_publish(struct site *site, struct view *view);

#endif

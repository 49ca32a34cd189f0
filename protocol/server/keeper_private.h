/* What the keeper's files share. */

#ifndef PROTOCOL_SERVER_KEEPER_PRIVATE_H
#define PROTOCOL_SERVER_KEEPER_PRIVATE_H

#include <pthread.h>

#include "protocol/server/keeper.h"

struct survey;

struct keeper {
	bool poked; /* atomic: a unit is on its way */
	/* The ticking loop's. */
	int64_t ticks, next_survey;
	bool surveying;
	/* The writer's. */
	size_t review_at; /* where the next review begins */

	pthread_mutex_t lock;  /* over what follows */
	struct survey *survey; /* the last one that was finished */
	bool survey_wanted;
};

#endif

#include "protocol/server/unit.h"

#include <pthread.h>
#include <stdbool.h>

#include "engine/backend.h"
#include "engine/problem.h"

struct unit {
	struct work work;
	int (*run)(void *owner, struct session *session, struct problem *p);
	void *owner;
	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t finished;
	bool is_done;
	struct problem problem; /* PROBLEM_NONE: it went well */
};

static int run_work(struct work *work, struct session *session, struct problem *p)
{
	struct unit *unit = (struct unit *)work;
	return unit->run(unit->owner, session, p);
}

static void on_done(struct work *work, const struct problem *problem)
{
	struct unit *unit = (struct unit *)work;

	pthread_mutex_lock(&unit->lock);
	if (problem != NULL)
		unit->problem = *problem;
	unit->is_done = true;
	pthread_cond_signal(&unit->finished);
	pthread_mutex_unlock(&unit->lock);
}

int unit_run(struct backend *backend,
	     int (*run)(void *owner, struct session *session, struct problem *p),
	     void *owner, struct problem *p)
{
	struct unit unit = {
		.work = { .run = run_work, .done = on_done },
		.run = run,
		.owner = owner,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.finished = PTHREAD_COND_INITIALIZER,
	};

	backend->ops->submit(backend, &unit.work);
	pthread_mutex_lock(&unit.lock);
	while (!unit.is_done)
		pthread_cond_wait(&unit.finished, &unit.lock);
	pthread_mutex_unlock(&unit.lock);
	pthread_mutex_destroy(&unit.lock);
	pthread_cond_destroy(&unit.finished);
	if (unit.problem.kind == PROBLEM_NONE)
		return 0;
	*p = unit.problem;
	return -1;
}

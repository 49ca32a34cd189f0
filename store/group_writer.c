#include "store/group_writer.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/problem.h"
#include "store/session.h"

enum { STACK_BYTES = 8 * 1024 * 1024 }; /* units keep whole device records there */

struct queue {
	struct work *first, **last;
	size_t count;
};

struct group_writer {
	struct session *session;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	/* under the lock */
	struct queue queue;
	struct queue refused;
	bool stopping;
	bool gone; /* the thread looks at no queue any more */
	/* the thread's */
	struct problem problems[GROUP_UNITS_MAX]; /* PROBLEM_NONE: the unit is done */
	struct work *units[GROUP_UNITS_MAX];
};

static void queue_init(struct queue *queue)
{
	queue->first = NULL;
	queue->last = &queue->first;
	queue->count = 0;
}

static void queue_push(struct queue *queue, struct work *work)
{
	work->next = NULL;
	*queue->last = work;
	queue->last = &work->next;
	queue->count++;
}

static struct work *queue_pop(struct queue *queue)
{
	struct work *work = queue->first;

	assert(work != NULL);
	queue->first = work->next;
	if (queue->first == NULL)
		queue->last = &queue->first;
	queue->count--;
	work->next = NULL;
	return work;
}

/* The database may have ended the transaction by itself: a full disk, no memory. */
static bool transaction_is_open(const struct group_writer *writer)
{
	return sqlite3_get_autocommit(writer->session->db) == 0;
}

static int do_statement(struct group_writer *writer, enum statement_id id,
			struct problem *p)
{
	return statement_do(&writer->session->statements, id, p);
}

/* Give up the transaction: whoever had succeeded in it has failed after all. */
static void undo_group(struct group_writer *writer, size_t ran,
		       const struct problem *cause)
{
	struct problem ignored;

	if (transaction_is_open(writer))
		do_statement(writer, STATEMENT_ROLLBACK, &ignored);
	for (size_t i = 0; i < ran; i++) {
		if (writer->problems[i].kind == PROBLEM_NONE)
			writer->problems[i] = *cause;
	}
}

/* One unit in its savepoint.  False when the whole transaction is lost. */
static bool run_unit(struct group_writer *writer, struct work *work, struct problem *told)
{
	struct problem undo = { 0 };

	if (do_statement(writer, STATEMENT_UNIT_BEGIN, told) < 0)
		return transaction_is_open(writer);
	if (work->run(work, writer->session, told) == 0) {
		told->kind = PROBLEM_NONE; /* it may have met and mended one */
		if (do_statement(writer, STATEMENT_UNIT_KEEP, told) == 0)
			return true;
	} else if (told->kind == PROBLEM_NONE) {
		problem_set(told, PROBLEM_EXTERNAL,
			    "the change failed and did not say why");
	}
	if (!transaction_is_open(writer))
		return false;
	return do_statement(writer, STATEMENT_UNIT_UNDO, &undo) == 0 &&
	       do_statement(writer, STATEMENT_UNIT_KEEP, &undo) == 0;
}

/* Run units[0..count) in one transaction; returns how many of them now have their
 * answer in problems[].  The rest is for another transaction. */
static size_t run_group(struct group_writer *writer, struct work **units, size_t count)
{
	struct problem failure = { 0 };

	memset(writer->problems, 0, count * sizeof writer->problems[0]);
	if (do_statement(writer, STATEMENT_BEGIN, &failure) < 0) {
		undo_group(writer, count, &failure);
		return count;
	}
	for (size_t i = 0; i < count; i++) {
		struct problem *told = &writer->problems[i];
		if (!run_unit(writer, units[i], told)) {
			failure = *told;
			undo_group(writer, i + 1, &failure);
			return i + 1;
		}
	}
	if (do_statement(writer, STATEMENT_COMMIT, &failure) < 0) {
		problem_while(&failure, "committing");
		undo_group(writer, count, &failure);
	}
	return count;
}

static void run_all(struct group_writer *writer, size_t count)
{
	struct work **units = writer->units;

	while (count > 0) {
		size_t answered = run_group(writer, units, count);
		for (size_t i = 0; i < answered; i++) {
			const struct problem *told = &writer->problems[i];
			units[i]->done(units[i],
				       told->kind == PROBLEM_NONE ? NULL : told);
		}
		units += answered;
		count -= answered;
	}
}

static void refuse(struct work *work, bool stopping)
{
	struct problem p;

	problem_set(&p, PROBLEM_BUSY,
		    stopping ? "the store is closing; try again when the server is back"
			     : "too many changes are waiting to be written; try again");
	work->done(work, &p);
}

static void *work_on(void *owner)
{
	struct group_writer *writer = owner;

	pthread_mutex_lock(&writer->lock);
	for (;;) {
		if (writer->refused.first != NULL) {
			struct work *work = queue_pop(&writer->refused);
			bool stopping = writer->stopping;
			pthread_mutex_unlock(&writer->lock);
			refuse(work, stopping);
			pthread_mutex_lock(&writer->lock);
		} else if (writer->queue.first != NULL) {
			size_t count = 0;
			while (count < GROUP_UNITS_MAX && writer->queue.first != NULL)
				writer->units[count++] = queue_pop(&writer->queue);
			pthread_mutex_unlock(&writer->lock);
			run_all(writer, count);
			pthread_mutex_lock(&writer->lock);
		} else if (writer->stopping) {
			break;
		} else {
			pthread_cond_wait(&writer->wake, &writer->lock);
		}
	}
	writer->gone = true;
	pthread_mutex_unlock(&writer->lock);
	return NULL;
}

/* Signals are for the main thread. */
static int start_thread(struct group_writer *writer)
{
	pthread_attr_t attributes;
	sigset_t all, before;

	int rc = pthread_attr_init(&attributes);
	if (rc != 0)
		return rc;
	rc = pthread_attr_setstacksize(&attributes, STACK_BYTES);
	if (rc == 0) {
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before);
		rc = pthread_create(&writer->thread, &attributes, work_on, writer);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	pthread_attr_destroy(&attributes);
	return rc;
}

struct group_writer *group_writer_start(struct session *session, struct problem *p)
{
	struct group_writer *writer = calloc(1, sizeof *writer);

	if (writer == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "starting the writer: out of memory");
		session_close(session);
		return NULL;
	}
	writer->session = session;
	queue_init(&writer->queue);
	queue_init(&writer->refused);
	pthread_mutex_init(&writer->lock, NULL);
	pthread_cond_init(&writer->wake, NULL);
	int rc = start_thread(writer);
	if (rc != 0) {
		problem_set(p, PROBLEM_EXTERNAL, "starting the writer's thread: %s",
			    strerror(rc));
		pthread_cond_destroy(&writer->wake);
		pthread_mutex_destroy(&writer->lock);
		session_close(session);
		free(writer);
		return NULL;
	}
	return writer;
}

void group_writer_stop(struct group_writer *writer)
{
	assert(!pthread_equal(pthread_self(), writer->thread));

	pthread_mutex_lock(&writer->lock);
	writer->stopping = true;
	pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->lock);
	pthread_join(writer->thread, NULL);
	pthread_cond_destroy(&writer->wake);
	pthread_mutex_destroy(&writer->lock);
	session_close(writer->session);
	free(writer);
}

void group_writer_submit(struct group_writer *writer, struct work *work)
{
	assert(work->run != NULL);
	assert(work->done != NULL);

	pthread_mutex_lock(&writer->lock);
	bool full = writer->queue.count >= QUEUE_UNITS_MAX;
	bool gone = writer->gone;
	if (!gone)
		queue_push(writer->stopping || full ? &writer->refused : &writer->queue,
			   work);
	pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->lock);
	if (gone)
		refuse(work, true);
}

/* The runs of a rehearsal, played on threads.
 *
 * Each thread takes the next run that nobody has; results lie by the number of their run,
 * so that how many threads there were leaves no trace.  Meanwhile this thread shows how
 * far it is.  The first Ctrl-C (or SIGTERM) stops what is unfinished and keeps the rest;
 * a second one ends the program. */

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/problem.h"
#include "protocol/command/rehearse.h"

enum { LOOK_MS = 200, BAR_COLUMNS = 30, SHOWN_AFTER_LOOKS = 3 };

static volatile sig_atomic_t stop_wanted;

static void on_signal(int number)
{
	stop_wanted = 1;
	(void)signal(number, SIG_DFL);
}

struct playing {
	const struct rehearsal *rehearsal;
	uint32_t runs;
	struct rehearsal_result *list;
	bool *done;
	atomic_uint next, finished;
	atomic_ullong permille; /* of all runs together */
	atomic_bool failed;
	pthread_mutex_t lock; /* over the problem */
	struct problem problem;
};

struct watching {
	struct playing *playing;
	uint32_t permille; /* of this run, as told */
};

static bool on_progress(void *owner, uint32_t permille)
{
	struct watching *watching = owner;

	atomic_fetch_add(&watching->playing->permille, permille - watching->permille);
	watching->permille = permille;
	return stop_wanted == 0 && !atomic_load(&watching->playing->failed);
}

static void tell_failure(struct playing *playing, const struct problem *p)
{
	pthread_mutex_lock(&playing->lock);
	if (!atomic_exchange(&playing->failed, true))
		playing->problem = *p;
	pthread_mutex_unlock(&playing->lock);
}

static void *play(void *owner)
{
	struct playing *playing = owner;
	struct problem p;

	while (stop_wanted == 0 && !atomic_load(&playing->failed)) {
		struct watching watching = { playing, 0 };
		const struct rehearsal_watch watch = { on_progress, &watching };
		uint32_t run = atomic_fetch_add(&playing->next, 1);
		if (run >= playing->runs)
			break;
		int rc = rehearsal_run(playing->rehearsal, run, &watch,
				       &playing->list[run], &p);
		if (rc < 0)
			tell_failure(playing, &p);
		if (rc != REHEARSAL_DONE)
			break;
		playing->done[run] = true;
		atomic_fetch_add(&playing->permille, 1000 - watching.permille);
		atomic_fetch_add(&playing->finished, 1);
	}
	return NULL;
}

/* --- meanwhile ---------------------------------------------------------------------- */

struct player {
	pthread_t thread;
	bool started;
};

static void print_bar(const struct playing *playing, int64_t past_ms)
{
	uint64_t permille = atomic_load(&playing->permille) / playing->runs;
	char bar[BAR_COLUMNS + 1];

	memset(bar, '.', BAR_COLUMNS);
	memset(bar, '#', (size_t)(permille * BAR_COLUMNS / 1000));
	bar[BAR_COLUMNS] = '\0';
	int64_t left_s = permille == 0 ? 0
				       : past_ms * (int64_t)(1000 - permille) /
						 (int64_t)permille / 1000;
	fprintf(stderr, "\r[%s] %u of %u runs, %lld s left   ", bar,
		atomic_load(&playing->finished), playing->runs, (long long)left_s);
	fflush(stderr);
}

static void wait_for(struct playing *playing, struct player *players, uint32_t count,
		     bool shows)
{
	const struct timespec pause = { 0, LOOK_MS * 1000000L };
	bool shown = false;

	for (int64_t looks = 0; shows; looks++) {
		if (atomic_load(&playing->finished) == playing->runs ||
		    stop_wanted != 0 || atomic_load(&playing->failed))
			break;
		if (looks >= SHOWN_AFTER_LOOKS) {
			print_bar(playing, looks * LOOK_MS);
			shown = true;
		}
		(void)nanosleep(&pause, NULL);
	}
	for (uint32_t i = 0; i < count; i++) {
		if (players[i].started)
			pthread_join(players[i].thread, NULL);
	}
	if (shown)
		fputs("\r\033[K", stderr);
}

static void watch_signals(struct sigaction before[2])
{
	struct sigaction action;

	memset(&action, 0, sizeof action);
	action.sa_handler = on_signal;
	sigemptyset(&action.sa_mask);
	stop_wanted = 0;
	(void)sigaction(SIGINT, &action, &before[0]);
	(void)sigaction(SIGTERM, &action, &before[1]);
}

/* What is done to the front, in its order. */
static void gather(const struct playing *playing, struct rehearse_results *results)
{
	for (uint32_t run = 0; run < playing->runs; run++) {
		if (!playing->done[run])
			continue;
		struct rehearsal_result result = playing->list[run];
		memset(&playing->list[run], 0, sizeof result);
		results->list[results->count++] = result;
	}
	results->stopped = results->count < playing->runs;
}

static int play_all(const struct rehearsing *r, struct playing *playing)
{
	struct player *players = calloc(r->jobs, sizeof *players);
	struct sigaction before[2];
	uint32_t started = 0;

	if (players == NULL)
		return -1;
	watch_signals(before);
	for (uint32_t i = 0; i < r->jobs; i++) {
		players[i].started =
			pthread_create(&players[i].thread, NULL, play, playing) == 0;
		started += players[i].started;
	}
	if (started == 0)
		(void)play(playing);
	bool shows = started > 0 && isatty(STDERR_FILENO) &&
		     !invocation_has(r->invocation, OPTION_QUIET);
	wait_for(playing, players, r->jobs, shows);
	(void)sigaction(SIGINT, &before[0], NULL);
	(void)sigaction(SIGTERM, &before[1], NULL);
	free(players);
	return 0;
}

int rehearse_jobs(const struct rehearsing *r, const struct rehearsal *rehearsal,
		  struct rehearse_results *results, struct problem *p)
{
	struct playing playing = { .rehearsal = rehearsal, .runs = r->runs };
	int rc = -1;

	memset(results, 0, sizeof *results);
	results->list = calloc(r->runs, sizeof results->list[0]);
	playing.list = results->list;
	playing.done = calloc(r->runs, sizeof playing.done[0]);
	pthread_mutex_init(&playing.lock, NULL);
	if (results->list != NULL && playing.done != NULL)
		rc = play_all(r, &playing);
	if (rc < 0)
		problem_set(p, PROBLEM_NO_MEMORY, "no memory for %u runs", r->runs);
	if (rc == 0)
		gather(&playing, results);
	if (rc == 0 && atomic_load(&playing.failed)) {
		*p = playing.problem;
		rc = -1;
	}
	pthread_mutex_destroy(&playing.lock);
	free(playing.done);
	return rc;
}

void rehearse_results_free(struct rehearse_results *results, uint32_t runs)
{
	for (uint32_t i = 0; results->list != NULL && i < runs; i++)
		rehearsal_result_free(&results->list[i]);
	free(results->list);
	results->list = NULL;
}

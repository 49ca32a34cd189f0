#include "agents/fleet.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agents/disk.h"
#include "agents/fleet_inner.h"

/* Set by a signal handler and read by every worker. */
static atomic_bool stopped;

void fleet_stop(void)
{
	atomic_store(&stopped, true);
}

bool fleet_is_stopped(void)
{
	return atomic_load(&stopped);
}

static int64_t clock_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

/* Remember what a device shows whenever that changes. */
static void record(struct fleet_device *device, int64_t now_s)
{
	struct fleet_event event = { .at_s = now_s };
	const struct fleet_event *last =
		device->event_count == 0 ? NULL
					 : &device->events[device->event_count - 1];

	windows_shown(device->windows, &event.kb, &event.build);
	event.restarts = windows_tally(device->windows)->restarts;
	if (last != NULL && last->kb == event.kb &&
	    build_equal(last->build, event.build) && last->restarts == event.restarts)
		return;
	if (device->event_count == device->event_room) {
		size_t room = device->event_room == 0 ? 4 : device->event_room * 2;
		struct fleet_event *bigger =
			reallocarray(device->events, room, sizeof *bigger);
		if (bigger == NULL)
			return; /* the history has a gap; the device goes on */
		device->events = bigger;
		device->event_room = room;
	}
	device->events[device->event_count++] = event;
}

/* A scan with all that follows from it; the next one is due at the longest interval. */
static enum agent_turn scan(struct fleet_device *device, int64_t now_s, struct problem *p)
{
	int moved = wusp_agent_turn(device->wusp, now_s, p);

	device->next_scan_s = moved > 0 ? now_s : now_s + device->scan_every_s;
	return moved < 0 ? AGENT_TROUBLE : moved > 0 ? AGENT_MOVED : AGENT_STILL;
}

enum agent_turn fleet_device_step(struct fleet_device *device, int64_t now_s)
{
	struct problem p;

	enum agent_turn turn = device->wusp != NULL
				       ? scan(device, now_s, &p)
				       : agent_step(device->agent, now_s, &p);
	device->in_trouble = turn == AGENT_TROUBLE;
	if (device->in_trouble)
		device->problem = p;
	record(device, now_s);
	return turn;
}

void fleet_worker_count(struct fleet_worker *worker)
{
	struct fleet *fleet = worker->fleet;
	struct fleet_tally tally = { .steps = worker->tally.steps };

	for (size_t i = worker->index; i < fleet->count; i += fleet->worker_count) {
		const struct fleet_device *device = &fleet->devices[i];
		tally.enrolled +=
			device->wusp != NULL || agent_is_enrolled(device->agent);
		tally.in_trouble += device->in_trouble;
		tally.restart_pending += windows_restart_is_pending(device->windows);
		tally.phases[device->wusp != NULL ? PHASE_IDLE
						  : agent_phase(device->agent)]++;
	}
	pthread_mutex_lock(&fleet->lock);
	worker->tally = tally;
	pthread_mutex_unlock(&fleet->lock);
}

struct fleet_tally fleet_tally(struct fleet *fleet)
{
	struct fleet_tally sum = { 0 };

	pthread_mutex_lock(&fleet->lock);
	for (size_t w = 0; w < fleet->worker_count; w++) {
		const struct fleet_tally *one = &fleet->workers[w].tally;
		sum.enrolled += one->enrolled;
		sum.in_trouble += one->in_trouble;
		sum.restart_pending += one->restart_pending;
		sum.steps += one->steps;
		for (int phase = 0; phase < PHASES; phase++)
			sum.phases[phase] += one->phases[phase];
	}
	pthread_mutex_unlock(&fleet->lock);
	return sum;
}

static void *work(void *owner)
{
	struct fleet_worker *worker = owner;
	struct fleet *fleet = worker->fleet;
	const struct timespec pause = { .tv_nsec = 200000000 };

	while (!fleet_is_stopped()) {
		bool moved = false;
		unsigned long steps = 0;
		for (size_t i = worker->index; i < fleet->count && !fleet_is_stopped();
		     i += fleet->worker_count) {
			struct fleet_device *device = &fleet->devices[i];
			int64_t now_s = clock_s();
			int64_t next_s = device->wusp != NULL
						 ? device->next_scan_s
						 : agent_next_poll_s(device->agent);
			if (next_s > now_s)
				continue;
			moved |= fleet_device_step(device, now_s) == AGENT_MOVED;
			steps++;
		}
		worker->tally.steps += steps;
		fleet_worker_count(worker);
		/* Whoever moved comes again at once, after the others had their turn. */
		if (!moved)
			nanosleep(&pause, NULL);
	}
	return NULL;
}

static void print_status(struct fleet *fleet, bool terminal)
{
	struct fleet_tally sum = fleet_tally(fleet);
	printf("%s%zu devices, %zu enrolled, %zu settled, %zu downloading, %zu "
	       "installing, %zu waiting for a restart, %zu in trouble, %lu polls%s",
	       terminal ? "\r" : "", fleet->count, sum.enrolled, sum.phases[PHASE_IDLE],
	       sum.phases[PHASE_ACCEPTED] + sum.phases[PHASE_DOWNLOADING] +
		       sum.phases[PHASE_DOWNLOADED],
	       sum.phases[PHASE_INSTALLING] + sum.phases[PHASE_REMOVING],
	       sum.restart_pending, sum.in_trouble, sum.steps,
	       terminal ? "\033[K" : "\n");
	fflush(stdout);
}

/* The line is renewed each second on a terminal, and told every ten elsewhere. */
static int run_real(struct fleet *fleet)
{
	const struct timespec second = { .tv_sec = 1 };
	bool terminal = isatty(STDOUT_FILENO) != 0;
	int64_t begun_s = clock_s(), told_s = begun_s;

	while (!fleet_is_stopped()) {
		nanosleep(&second, NULL);
		int64_t now_s = clock_s();
		if (!fleet->options.quiet && (terminal || now_s - told_s >= 10)) {
			print_status(fleet, terminal);
			told_s = now_s;
		}
		if (fleet->options.run_for_s > 0 &&
		    now_s - begun_s >= fleet->options.run_for_s)
			fleet_stop();
	}
	if (terminal && !fleet->options.quiet)
		putchar('\n');
	return 0;
}

/* So many of a hundred, spread evenly, are stock Windows Update Agents. */
static bool speaks_wusp(const struct fleet_options *options, size_t index)
{
	return (index + 1) * options->wusp_percent / 100 >
	       index * options->wusp_percent / 100;
}

static int make_agent(struct fleet *fleet, struct fleet_device *device, size_t index,
		      const char *folder, struct problem *p)
{
	const struct fleet_options *options = &fleet->options;
	struct transport transport =
		options->stand_in != NULL
			? *options->stand_in
			: client_transport(
				  fleet->workers[index % fleet->worker_count].client);

	if (speaks_wusp(options, index)) {
		const struct wusp_options wusp = { .server = options->server,
						   .name = device->id,
						   .state_dir = folder,
						   .transport = transport,
						   .host = windows_host(
							   device->windows) };
		device->scan_every_s = options->poll_max_s;
		device->wusp = wusp_agent_new(&wusp, p);
		return device->wusp == NULL ? -1 : 0;
	}
	const struct agent_options agent = { .server = options->server,
					     .id = device->id,
					     .enrol_token = options->enrol_token,
					     .state_dir = folder,
					     .transport = transport,
					     .host = windows_host(device->windows),
					     .poll_min_s = options->poll_min_s,
					     .poll_max_s = options->poll_max_s };
	device->agent = agent_new(&agent, p);
	return device->agent == NULL ? -1 : 0;
}

static int make_device(struct fleet *fleet, size_t index, struct problem *p)
{
	const struct fleet_options *options = &fleet->options;
	struct fleet_device *device = &fleet->devices[index];
	struct windows_knobs knobs = { .install_s = options->install_s,
				       .failure_permille = options->failure_permille,
				       .seed = options->seed * 1000003 + index + 1 };
	struct windows_model model;
	char *folder = NULL;
	int rc = -1;

	device->sample =
		fleet_model(index, options->seed, options->from_s, device->id, &model);
	knobs.refuses_restart =
		!device->sample &&
		knobs.seed * 2654435761U % 100 < options->refuse_restart_percent;
	if (options->state_dir != NULL) {
		if (asprintf(&folder, "%s/%s", options->state_dir, device->id) < 0)
			return problem_set(p, PROBLEM_NO_MEMORY, "no memory for a fleet");
		if (disk_make_folder(folder, p) < 0)
			goto done;
	}
	device->windows = windows_new(&model, &knobs, folder, p);
	if (device->windows == NULL)
		goto done;
	if (make_agent(fleet, device, index, folder, p) == 0)
		rc = 0;
done:
	free(folder);
	return rc;
}

static void fini(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->count; i++) {
		agent_free(fleet->devices[i].agent);
		wusp_agent_free(fleet->devices[i].wusp);
		windows_free(fleet->devices[i].windows);
		free(fleet->devices[i].events);
	}
	free(fleet->devices);
	for (size_t w = 0; w < fleet->worker_count; w++)
		client_free(fleet->workers[w].client);
	pthread_mutex_destroy(&fleet->lock);
}

static int init(struct fleet *fleet, const struct fleet_options *options,
		struct problem *p)
{
	struct client_options client = { .ca_file = options->ca_file,
					 .is_stopped = fleet_is_stopped };

	memset(fleet, 0, sizeof *fleet);
	pthread_mutex_init(&fleet->lock, NULL);
	fleet->options = *options;
	fleet->worker_count =
		options->workers < options->count ? options->workers : options->count;
	fleet->devices = calloc(options->count, sizeof *fleet->devices);
	if (fleet->devices == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY, "no memory for %zu devices",
				   options->count);
	if (options->state_dir != NULL && disk_make_folder(options->state_dir, p) < 0)
		return -1;
	for (size_t w = 0; w < fleet->worker_count; w++) {
		struct fleet_worker *worker = &fleet->workers[w];
		worker->fleet = fleet;
		worker->index = w;
		if (options->stand_in == NULL &&
		    (worker->client = client_new(&client, p)) == NULL)
			return -1;
	}
	for (size_t i = 0; i < options->count; i++) {
		fleet->count = i + 1; /* fini frees what a half-made device has */
		if (make_device(fleet, i, p) < 0)
			return -1;
	}
	return 0;
}

static int start_workers(struct fleet *fleet, void *(*run)(void *), struct problem *p)
{
	for (size_t w = 0; w < fleet->worker_count; w++) {
		struct fleet_worker *worker = &fleet->workers[w];
		if (pthread_create(&worker->thread, NULL, run, worker) != 0)
			return problem_set(p, PROBLEM_NO_MEMORY, "cannot start a thread");
		worker->started = true;
	}
	return 0;
}

static void join_workers(struct fleet *fleet)
{
	for (size_t w = 0; w < fleet->worker_count; w++) {
		if (fleet->workers[w].started)
			pthread_join(fleet->workers[w].thread, NULL);
	}
}

static int run(struct fleet *fleet, struct problem *p)
{
	int result;

	if (fleet->options.admin_socket == NULL) {
		result = start_workers(fleet, work, p);
		if (result == 0)
			result = run_real(fleet);
		else
			fleet_stop();
		join_workers(fleet);
		return result;
	}
	/* The workers meet the main thread at two barriers, so all of them must be there.
	 */
	if (pthread_barrier_init(&fleet->begin, NULL,
				 (unsigned)fleet->worker_count + 1) != 0 ||
	    pthread_barrier_init(&fleet->end, NULL, (unsigned)fleet->worker_count + 1) !=
		    0 ||
	    start_workers(fleet, fleet_work_virtual, p) < 0) {
		fprintf(stderr, "patchyard-agent: cannot start the worker threads\n");
		abort();
	}
	result = fleet_run_virtual(fleet, p);
	fleet->over = true;
	pthread_barrier_wait(&fleet->begin);
	join_workers(fleet);
	pthread_barrier_destroy(&fleet->begin);
	pthread_barrier_destroy(&fleet->end);
	return result;
}

int fleet_run(const struct fleet_options *options, struct problem *p)
{
	static struct fleet fleet; /* one in a process; too large for the stack */
	char room[400];

	assert(options->count > 0);
	assert(options->workers > 0);
	assert(options->workers <= FLEET_WORKERS_MOST);
	int result = init(&fleet, options, p);
	if (result == 0)
		result = run(&fleet, p);
	if (result == 0) {
		fleet_print(&fleet, stdout);
		if (options->report != NULL)
			result = fleet_write_report(&fleet, options->report, p);
		for (size_t i = 0; i < fleet.count && result == 0; i++)
			result = fleet_device_error(&fleet.devices[i], room,
						    sizeof room) != NULL;
	}
	fini(&fleet);
	return result;
}

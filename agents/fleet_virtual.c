/* A fleet in virtual time: the server's clock is moved through its admin API, and after
 * each move every device acts until nothing moves any more. */

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agents/fleet_inner.h"
#include "engine/instant.h"

/* A step that still moves after so many rounds is left to the next one. */
enum { ROUNDS_MOST = 16, STEPS_IN_ROUND = 24, TROUBLES_MOST = 3 };

static const char clock_url[] = "http://localhost/api/v1/clock";

/* What a scan reports is part of its move. */
static unsigned long reports_of(const struct fleet_device *device)
{
	return device->agent == NULL ? 0 : agent_reports(device->agent);
}

void *fleet_work_virtual(void *owner)
{
	struct fleet_worker *worker = owner;
	struct fleet *fleet = worker->fleet;

	for (;;) {
		pthread_barrier_wait(&fleet->begin);
		if (fleet->over)
			return NULL;
		worker->moved = worker->troubled = false;
		for (size_t i = worker->index; i < fleet->count && !fleet_is_stopped();
		     i += fleet->worker_count) {
			struct fleet_device *device = &fleet->devices[i];
			enum agent_turn turn = AGENT_MOVED;
			unsigned long reports = reports_of(device);
			for (int s = 0; s < STEPS_IN_ROUND && turn == AGENT_MOVED; s++) {
				turn = fleet_device_step(device, fleet->now_s);
				worker->tally.steps++;
			}
			worker->moved |=
				turn == AGENT_MOVED || reports_of(device) != reports;
			worker->troubled |= turn == AGENT_TROUBLE;
		}
		fleet_worker_count(worker);
		pthread_barrier_wait(&fleet->end);
	}
}

/* One exchange about the clock; *now_s is what the server says it is then. */
static int exchange_clock(const struct transport *admin, const char *set, int64_t *now_s,
			  struct problem *p)
{
	struct request request = { .method = set == NULL ? "GET" : "POST",
				   .url = clock_url,
				   .body = set,
				   .range_from = -1,
				   .range_to = -1 };
	struct answer answer;

	if (admin->exchange(admin->owner, &request, &answer, p) < 0)
		return problem_while(p, "asking the server for its clock");
	json_t *json = answer.body == NULL
			       ? NULL
			       : json_loadb(answer.body, answer.body_size, 0, NULL);
	const char *now = json_string_value(json_object_get(json, "now"));
	const char *sort = json_string_value(json_object_get(json, "clock"));
	const char *detail = json_string_value(json_object_get(json, "detail"));
	int result = 0;
	if (answer.status != 200 || now == NULL || !instant_parse(now, now_s))
		result =
			problem_set(p, PROBLEM_EXTERNAL,
				    "the server answers %d about its clock: %.120s",
				    answer.status, detail == NULL ? "no reason" : detail);
	else if (sort != NULL && strcmp(sort, "virtual") != 0)
		result = problem_set(p, PROBLEM_CONFLICT,
				     "the server's clock is not virtual: start the "
				     "server with a virtual clock to rehearse");
	json_decref(json);
	answer_fini(&answer);
	return result;
}

static int set_clock(const struct transport *admin, int64_t at_s, struct problem *p)
{
	char text[INSTANT_TEXT], body[64];
	int64_t now_s;

	snprintf(body, sizeof body, "{\"now\":\"%s\"}", instant_format(at_s, text));
	return exchange_clock(admin, body, &now_s, p);
}

static void run_round(struct fleet *fleet)
{
	pthread_barrier_wait(&fleet->begin);
	pthread_barrier_wait(&fleet->end);
}

/* Everybody acts until nothing moves: what one device reports may open the way for
 * another.  Trouble is worth a few rounds more, after a breath: a busy server asks to
 * come again. */
static void act_until_still(struct fleet *fleet)
{
	const struct timespec breath = { .tv_nsec = 50000000 };
	bool moved = true, troubled = false;
	int troubles = 0;

	for (int round = 0; round < ROUNDS_MOST && (moved || troubled); round++) {
		if (!moved && ++troubles > TROUBLES_MOST)
			return;
		if (!moved)
			nanosleep(&breath, NULL);
		run_round(fleet);
		moved = troubled = false;
		for (size_t w = 0; w < fleet->worker_count; w++) {
			moved |= fleet->workers[w].moved;
			troubled |= fleet->workers[w].troubled;
		}
	}
}

static void print_step(struct fleet *fleet, bool terminal)
{
	char text[INSTANT_TEXT];
	struct fleet_tally sum = fleet_tally(fleet);
	printf("%s%s: %zu devices, %zu settled, %zu waiting for a restart, %zu in "
	       "trouble, %lu polls%s",
	       terminal ? "\r" : "", instant_format(fleet->now_s, text), fleet->count,
	       sum.phases[PHASE_IDLE], sum.restart_pending, sum.in_trouble, sum.steps,
	       terminal ? "\033[K" : "\n");
	fflush(stdout);
}

/* Every step is shown on a terminal, one in fifty elsewhere. */
static int run_steps(struct fleet *fleet, const struct transport *admin,
		     struct problem *p)
{
	const struct fleet_options *options = &fleet->options;
	bool terminal = isatty(STDOUT_FILENO) != 0;
	unsigned long step = 0;
	int64_t server_s = 0;

	if (exchange_clock(admin, NULL, &server_s, p) < 0)
		return -1;
	for (int64_t at_s = options->from_s; at_s <= options->to_s && !fleet_is_stopped();
	     at_s += options->step_s, step++) {
		if (at_s < server_s)
			continue; /* the server is further on: join it there */
		if (at_s > server_s && set_clock(admin, at_s, p) < 0)
			return -1;
		fleet->now_s = at_s;
		act_until_still(fleet);
		if (!options->quiet && (terminal || step % 50 == 0))
			print_step(fleet, terminal);
	}
	if (!options->quiet && terminal)
		putchar('\n');
	if (fleet->now_s == 0)
		return problem_set(p, PROBLEM_CONFLICT,
				   "the server's clock is already past the end of the "
				   "rehearsal: start it with an earlier one");
	return 0;
}

int fleet_run_virtual(struct fleet *fleet, struct problem *p)
{
	struct client_options options = { .unix_socket = fleet->options.admin_socket,
					  .is_stopped = fleet_is_stopped };

	if (fleet->options.admin_stand_in != NULL)
		return run_steps(fleet, fleet->options.admin_stand_in, p);
	struct client *admin = client_new(&options, p);
	if (admin == NULL)
		return -1;
	struct transport transport = client_transport(admin);
	int result = run_steps(fleet, &transport, p);
	client_free(admin);
	return result;
}

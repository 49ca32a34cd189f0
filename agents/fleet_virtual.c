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
enum { ROUNDS_MOST = 16, STEPS_IN_ROUND = 24 };

static const char clock_url[] = "http://localhost/api/v1/clock";

void *fleet_work_virtual(void *owner)
{
	struct fleet_worker *worker = owner;
	struct fleet *fleet = worker->fleet;

	for (;;) {
		pthread_barrier_wait(&fleet->begin);
		if (fleet->over)
			return NULL;
		worker->moved = false;
		for (size_t i = worker->index; i < fleet->count;
		     i += fleet->worker_count) {
			struct fleet_device *device = &fleet->devices[i];
			enum agent_turn turn = AGENT_MOVED;
			for (int s = 0; s < STEPS_IN_ROUND && turn == AGENT_MOVED; s++) {
				turn = fleet_device_step(device, fleet->now_s);
				worker->tally.steps++;
				/* Trouble is worth another round as well: a busy
				 * server asks to come again. */
				worker->moved |= turn != AGENT_STILL;
			}
		}
		fleet_worker_count(worker);
		pthread_barrier_wait(&fleet->end);
	}
}

/* One exchange about the clock; *now_s is what the server says it is then. */
static int exchange_clock(struct client *admin, const char *set, int64_t *now_s,
			  struct problem *p)
{
	struct transport transport = client_transport(admin);
	struct request request = { .method = set == NULL ? "GET" : "POST",
				   .url = clock_url,
				   .body = set,
				   .range_from = -1,
				   .range_to = -1 };
	struct answer answer;

	if (transport.exchange(transport.owner, &request, &answer, p) < 0)
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
		result =
			problem_set(p, PROBLEM_CONFLICT,
				    "the server's clock is not virtual: start the server "
				    "with a virtual clock to rehearse");
	json_decref(json);
	answer_fini(&answer);
	return result;
}

static int set_clock(struct client *admin, int64_t at_s, struct problem *p)
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

static bool has_moved(const struct fleet *fleet)
{
	bool moved = false;
	for (size_t w = 0; w < fleet->worker_count; w++)
		moved |= fleet->workers[w].moved;
	return moved;
}

static void print_step(struct fleet *fleet, bool terminal)
{
	char text[INSTANT_TEXT];
	struct fleet_tally sum = fleet_tally(fleet);
	printf("%s%s: %zu devices, %zu settled, %zu waiting for a restart, %zu in "
	       "trouble, "
	       "%lu polls%s",
	       terminal ? "\r" : "", instant_format(fleet->now_s, text), fleet->count,
	       sum.phases[PHASE_IDLE], sum.restart_pending, sum.in_trouble, sum.steps,
	       terminal ? "\033[K" : "\n");
	fflush(stdout);
}

/* Every step is shown on a terminal, one in fifty elsewhere. */
static int run_steps(struct fleet *fleet, struct client *admin, struct problem *p)
{
	const struct fleet_options *options = &fleet->options;
	bool terminal = isatty(STDOUT_FILENO) != 0;
	unsigned long step = 0;
	int64_t server_s;

	if (exchange_clock(admin, NULL, &server_s, p) < 0)
		return -1;
	for (int64_t at_s = options->from_s; at_s <= options->to_s && !fleet_is_stopped();
	     at_s += options->step_s, step++) {
		if (at_s < server_s)
			continue; /* the server is further on: join it there */
		if (at_s > server_s && set_clock(admin, at_s, p) < 0)
			return -1;
		fleet->now_s = at_s;
		int rounds = 0;
		do {
			run_round(fleet);
		} while (has_moved(fleet) && ++rounds < ROUNDS_MOST);
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
	struct client_options options = { .unix_socket = fleet->options.admin_socket };
	struct client *admin = client_new(&options, p);
	if (admin == NULL)
		return -1;
	int result = run_steps(fleet, admin, p);
	client_free(admin);
	return result;
}

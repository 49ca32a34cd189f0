/* patchyard-agent: reads the command line and runs what it asks for. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "agents/agent.h"
#include "agents/disk.h"
#include "agents/fleet.h"
#include "agents/installer.h"
#include "agents/options.h"
#include "agents/payload_list.h"
#include "agents/windows.h"
#include "agents/wusp_agent.h"
#include "engine/instant.h"
#include "engine/problem.h"

enum { EXIT_ENDED_BADLY = 1, EXIT_USAGE = 64, TOKEN_FILE_MOST = 4096 };

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
	fleet_stop();
}

static bool is_ended(void)
{
	return ended != 0;
}

static int64_t clock_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

static void catch_signals(void)
{
	struct sigaction caught = { .sa_handler = on_signal };
	struct sigaction ignored = { .sa_handler = SIG_IGN };

	sigaction(SIGTERM, &caught, NULL);
	sigaction(SIGINT, &caught, NULL);
	sigaction(SIGPIPE, &ignored, NULL);
}

/* Sleep, but not past a signal: it is only let in while pselect waits. */
static void sleep_until(int64_t until_s)
{
	sigset_t ours, before;
	int64_t wait_s = until_s - clock_s();

	sigemptyset(&ours);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigprocmask(SIG_BLOCK, &ours, &before);
	if (!is_ended() && wait_s > 0) {
		struct timespec wait = { .tv_sec = wait_s < HOUR_S ? wait_s : HOUR_S };
		(void)pselect(0, NULL, NULL, NULL, &wait, &before);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static int exit_status(const struct problem *p)
{
	fprintf(stderr, "patchyard-agent: %s\n", p->text);
	return problem_face(p->kind)->exit_status;
}

/* The first line of the token file; to be freed. */
static char *read_token_file(const char *path, struct problem *p)
{
	size_t size = 0;
	char *text = disk_read_path(path, TOKEN_FILE_MOST, &size, p);
	if (text == NULL) {
		problem_while(p, "--enrol-token-file");
		return NULL;
	}
	text[strcspn(text, "\r\n")] = '\0';
	if (options_token_is_good(text))
		return text;
	problem_set(p, PROBLEM_BAD_INPUT, "the first line of '%.100s' is no token", path);
	free(text);
	return NULL;
}

/* What happens is told where it becomes durable. */
struct teller {
	const char *id;
	const struct agent *agent;
	enum phase told;
};

static void on_saved(void *owner)
{
	struct teller *teller = owner;
	char kb[KB_TEXT] = "", build[BUILD_TEXT] = "";

	if (teller->agent == NULL || agent_phase(teller->agent) == teller->told)
		return;
	const struct offer *offer = agent_offer(teller->agent);
	teller->told = agent_phase(teller->agent);
	if (teller->told == PHASE_IDLE) {
		fprintf(stderr, "event=phase device=%s phase=idle code=0x%08X\n",
			teller->id, agent_last_code(teller->agent));
		return;
	}
	if (offer->op == OFFER_INSTALL)
		build_format(offer->build, build);
	fprintf(stderr, "event=phase device=%s phase=%s action=%s kb=%s build=%s\n",
		teller->id, phase_names[teller->told], offer->action,
		kb_format(offer->kb, kb), build);
}

static bool is_at_work(const struct agent *agent)
{
	enum phase phase = agent_phase(agent);
	return phase == PHASE_INSTALLING || phase == PHASE_REMOVING;
}

static int run_loop(struct agent *agent, const struct run_options *options)
{
	struct problem p = { 0 };

	while (!is_ended()) {
		enum agent_turn turn = agent_step(agent, clock_s(), &p);
		if (options->once && turn == AGENT_TROUBLE)
			return exit_status(&p);
		if (turn == AGENT_TROUBLE && !is_ended())
			fprintf(stderr,
				"event=trouble device=%s problem=%s text=\"%s\"\n",
				options->id, problem_face(p.kind)->slug, p.text);
		if (options->once && turn == AGENT_STILL && !is_at_work(agent))
			return agent_last_code(agent) == 0 ? 0 : EXIT_ENDED_BADLY;
		sleep_until(agent_next_poll_s(agent));
	}
	return 0;
}

/* The machine beneath the agent: one of the two is made. */
struct machine {
	struct windows *windows;
	struct installer *installer;
};

static int make_machine(struct machine *machine, const struct run_options *options,
			struct host *host, struct problem *p)
{
	if (options->simulate) {
		struct windows_model model;
		struct windows_knobs knobs = {
			.install_s = options->install_s,
			.failure_permille = (unsigned)options->failure_permille,
			.seed = (uint64_t)clock_s(),
		};
		if (windows_model_read(&options->facts, &model, p) < 0)
			return -1;
		machine->windows = windows_new(&model, &knobs, options->state_dir, p);
		if (machine->windows == NULL)
			return -1;
		*host = windows_host(machine->windows);
		return 0;
	}
	struct installer_options installer = {
		.command = options->install_command,
		.facts_file = options->facts_file,
		.state_dir = options->state_dir,
		.facts = options->facts,
	};
	machine->installer = installer_new(&installer, p);
	if (machine->installer == NULL)
		return -1;
	*host = installer_host(machine->installer);
	return 0;
}

static int run_device(const struct run_options *options, const char *token,
		      struct problem *p)
{
	struct client_options client_options = { .ca_file = options->ca_file,
						 .is_stopped = is_ended };
	struct teller teller = { .id = options->id };
	struct machine machine = { 0 };
	struct agent_options agent_options = {
		.server = options->server,
		.id = options->id,
		.enrol_token = token,
		.state_dir = options->state_dir,
		.poll_min_s = options->poll_min_s,
		.poll_max_s = options->poll_max_s,
		.active_from_min = (int)options->active_from_min,
		.active_to_min = (int)options->active_to_min,
		.on_saved = on_saved,
		.owner = &teller,
	};
	struct agent *agent = NULL;
	int status = -1;

	struct client *client = client_new(&client_options, p);
	if (client == NULL || make_machine(&machine, options, &agent_options.host, p) < 0)
		goto done;
	agent_options.transport = client_transport(client);
	agent = agent_new(&agent_options, p);
	if (agent == NULL)
		goto done;
	teller.agent = agent;
	teller.told = agent_phase(agent);
	fprintf(stderr, "event=start device=%s server=%s phase=%s\n", options->id,
		options->server, phase_names[teller.told]);
	status = run_loop(agent, options);
	fprintf(stderr, "event=end device=%s phase=%s\n", options->id,
		phase_names[agent_phase(agent)]);
done:
	agent_free(agent);
	windows_free(machine.windows);
	installer_free(machine.installer);
	client_free(client);
	return status < 0 ? exit_status(p) : status;
}

/* Until nothing moves, or for ever: then a scan at every --poll-max. */
static int run_scans(struct wusp_agent *agent, const struct run_options *options)
{
	for (;;) {
		struct problem p = { 0 };
		int moved = wusp_agent_turn(agent, clock_s(), &p);
		if (moved < 0)
			fprintf(stderr, "event=trouble device=%s why=\"%s\"\n",
				options->id, p.text);
		if (is_ended() || (options->once && moved <= 0))
			return moved < 0 ? exit_status(&p) : 0;
		if (moved <= 0)
			sleep_until(clock_s() + options->poll_max_s);
	}
}

/* The device as a stock Windows Update Agent: its name is its DNS name, and it needs no
 * token. */
static int run_wusp(const struct run_options *options, struct problem *p)
{
	struct client_options client_options = { .ca_file = options->ca_file,
						 .is_stopped = is_ended };
	struct machine machine = { 0 };
	struct wusp_options wusp = { .server = options->server,
				     .name = options->id,
				     .state_dir = options->state_dir,
				     .active_from_min = (int)options->active_from_min,
				     .active_to_min = (int)options->active_to_min };
	struct wusp_agent *agent = NULL;
	int status = -1;

	struct client *client = client_new(&client_options, p);
	if (client == NULL || make_machine(&machine, options, &wusp.host, p) < 0)
		goto done;
	wusp.transport = client_transport(client);
	agent = wusp_agent_new(&wusp, p);
	if (agent == NULL)
		goto done;
	fprintf(stderr, "event=start device=%s server=%s protocol=wusp client=%s\n",
		options->id, options->server, wusp_agent_client_id(agent));
	status = run_scans(agent, options);
done:
	wusp_agent_free(agent);
	windows_free(machine.windows);
	installer_free(machine.installer);
	client_free(client);
	return status < 0 ? exit_status(p) : status;
}

/* The folder is this process's own as long as the device runs. */
static int run_agent(const struct run_options *options, const char *token,
		     struct problem *p)
{
	if (disk_make_folder(options->state_dir, p) < 0)
		return exit_status(p);
	int lock = disk_lock(options->state_dir, "lock", p);
	if (lock < 0)
		return exit_status(p);
	bool is_wusp = strcmp(options->protocol, "wusp") == 0;
	int status = is_wusp ? run_wusp(options, p) : run_device(options, token, p);
	close(lock);
	return status;
}

static int run_fleet(const struct run_options *options, const char *token,
		     struct problem *p)
{
	struct fleet_options fleet = {
		.server = options->server,
		.ca_file = options->ca_file,
		.enrol_token = token,
		.state_dir = options->state_dir,
		.count = (size_t)options->fleet_count,
		.workers = (size_t)options->workers,
		.seed = (uint64_t)options->seed,
		.poll_min_s = options->poll_min_s,
		.poll_max_s = options->poll_max_s,
		.install_s = options->install_s,
		.failure_permille = (unsigned)options->failure_permille,
		.refuse_restart_percent = (unsigned)options->refuse_restart_percent,
		.wusp_percent = (unsigned)options->wusp_percent,
		.from_s = options->admin_socket != NULL ? options->from_s : clock_s(),
		.admin_socket = options->admin_socket,
		.to_s = options->to_s,
		.step_s = options->step_s,
		.run_for_s = options->run_for_s,
		.report = options->report,
		.quiet = options->quiet,
	};
	int result = fleet_run(&fleet, p);
	return result < 0 ? exit_status(p) : result > 0 ? EXIT_ENDED_BADLY : 0;
}

static int run_payloads(const struct run_options *options, struct problem *p)
{
	bool from_stdin = strcmp(options->list, "-") == 0;
	FILE *list = from_stdin ? stdin : fopen(options->list, "re");

	if (list == NULL) {
		problem_set(p, errno == ENOENT ? PROBLEM_NOT_FOUND : PROBLEM_EXTERNAL,
			    "cannot read '%.100s': %s", options->list, strerror(errno));
		return exit_status(p);
	}
	int result = payload_list_make(list, from_stdin ? "stdin" : options->list,
				       options->into, stdout, p);
	if (!from_stdin)
		fclose(list);
	return result < 0 ? exit_status(p) : 0;
}

static int run(const struct run_options *options, struct problem *p)
{
	char *read = NULL;

	catch_signals();
	if (options->mode == RUN_PAYLOADS)
		return run_payloads(options, p);
	if (options->enrol_token_file != NULL &&
	    (read = read_token_file(options->enrol_token_file, p)) == NULL)
		return exit_status(p);
	const char *token = read != NULL ? read : options->enrol_token;
	if (client_start(p) < 0) {
		free(read);
		return exit_status(p);
	}
	int status = options->mode == RUN_FLEET ? run_fleet(options, token, p)
						: run_agent(options, token, p);
	client_stop();
	free(read);
	return status;
}

int main(int argc, char **argv)
{
	static struct run_options options; /* the facts make it large */
	struct problem p = { 0 };

	if (options_parse(&options, argc, argv, &p) < 0) {
		fprintf(stderr, "patchyard-agent: %s\n", p.text);
		return EXIT_USAGE;
	}
	if (options.mode == RUN_HELP)
		options_print_help(stdout);
	else if (options.mode == RUN_VERSION)
		puts("patchyard-agent " AGENT_VERSION);
	else
		return run(&options, &p);
	return fflush(stdout) == 0 ? 0 : problem_face(PROBLEM_EXTERNAL)->exit_status;
}

#include "agents/options.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "agents/fleet.h"
#include "engine/instant.h"
#include "engine/limits.h"
#include "engine/problem.h"

enum { AGENT = 1 << RUN_AGENT, FLEET = 1 << RUN_FLEET, PAYLOADS = 1 << RUN_PAYLOADS };
enum { ANY = AGENT | FLEET | PAYLOADS };
enum {
	POLL_MIN_S = 1,
	POLL_MAX_S = DAY_S,
	INSTALL_S = 5,
	STEP_S = 6 * HOUR_S,
	WORKERS = 2,
	TOKEN_MOST = 128,
};

/* How an option's value is read and where it goes. */
enum sort { FLAG, TEXT, NUMBER, DURATION, TIME, SERVER, FACT, HOURS };

struct row {
	const char *name, *value, *help;
	enum sort sort;
	unsigned modes; /* where it makes sense */
	size_t at;      /* of its member */
	int64_t least, most;
};

#define AT(member) offsetof(struct run_options, member)
#define DAYS(n)    ((n)*INT64_C(86400))

/* clang-format off */
static const struct row rows[] = {
	{ "server", "URL", "the server, such as https://yard.lab:8443",
	  SERVER, AGENT | FLEET, AT(server), 0, 0 },
	{ "ca", "FILE", "the CA of the server's certificate (PEM); else the system's CAs",
	  TEXT, AGENT | FLEET, AT(ca_file), 0, 0 },
	{ "enrol-token", "TOKEN", "needed until the device has a token of its own",
	  TEXT, AGENT | FLEET, AT(enrol_token), 0, 0 },
	{ "enrol-token-file", "FILE", "the same, from the first line of a file",
	  TEXT, AGENT | FLEET, AT(enrol_token_file), 0, 0 },
	{ "state", "DIR", "where it remembers; a fleet without it remembers nothing",
	  TEXT, AGENT | FLEET, AT(state_dir), 0, 0 },
	{ "poll-min", "TIME", "poll no more often than this (1s)",
	  DURATION, AGENT | FLEET, AT(poll_min_s), 1, DAY_S },
	{ "poll-max", "TIME", "poll at least this often, whatever the server asks (1d)",
	  DURATION, AGENT | FLEET, AT(poll_max_s), 1, DAYS(7) },
	{ "id", "NAME", "this device's name on the server",
	  TEXT, AGENT, AT(id), 0, 0 },
	{ "install-command", "CMD", "the installer: CMD install KB BUILD FILE,",
	  TEXT, AGENT, AT(install_command), 0, 0 },
	{ "simulate", NULL, "be a simulated Windows that begins with the facts given",
	  FLAG, AGENT, AT(simulate), 0, 0 },
	{ "fact", "NAME=VALUE", "a fact to report; may be given many times",
	  FACT, AGENT, AT(facts), 0, 0 },
	{ "facts-file", "FILE", "more facts, one NAME=VALUE a line, read anew each time",
	  TEXT, AGENT, AT(facts_file), 0, 0 },
	{ "active-hours", "FROM-TO", "08:00-18:00: restarts wait for their deadline then",
	  HOURS, AGENT, AT(active_from_min), 0, 0 },
	{ "protocol", "NAME", "ddi, or wusp: speak as a stock Windows Update Agent (ddi)",
	  TEXT, AGENT, AT(protocol), 0, 0 },
	{ "once", NULL, "do what there is to do now, then end",
	  FLAG, AGENT, AT(once), 0, 0 },
	{ "install-time", "TIME", "of a simulated install (5s; in virtual time 0)",
	  DURATION, AGENT | FLEET, AT(install_s), 0, DAY_S },
	{ "failures", "N", "of 1000 simulated installs so many fail (0)",
	  NUMBER, AGENT | FLEET, AT(failure_permille), 0, 1000 },
	{ "fleet", "N", "run N simulated devices in this process",
	  NUMBER, FLEET, AT(fleet_count), 1, FLEET_DEVICES_MOST },
	{ "seed", "S", "draws the devices: the same seed, the same fleet (1)",
	  NUMBER, FLEET, AT(seed), 0, INT64_MAX },
	{ "workers", "W", "threads, each with one connection (2)",
	  NUMBER, FLEET, AT(workers), 1, FLEET_WORKERS_MOST },
	{ "refuse-restarts", "PERCENT", "so many of the devices never restart (0)",
	  NUMBER, FLEET, AT(refuse_restart_percent), 0, 100 },
	{ "wusp-share", "PERCENT", "so many of the devices speak MS-WUSP (0)",
	  NUMBER, FLEET, AT(wusp_percent), 0, 100 },
	{ "run-for", "TIME", "end after this time; else at a signal",
	  DURATION, FLEET, AT(run_for_s), 1, DAYS(3660) },
	{ "admin", "SOCKET", "virtual time: move the server's clock through this socket",
	  TEXT, FLEET, AT(admin_socket), 0, 0 },
	{ "from", "TIME", "virtual time: where it begins, such as 2025-01-01",
	  TIME, FLEET, AT(from_s), 0, 0 },
	{ "to", "TIME", "virtual time: where it ends",
	  TIME, FLEET, AT(to_s), 0, 0 },
	{ "step", "TIME", "virtual time: how far the clock moves at once (6h)",
	  DURATION, FLEET, AT(step_s), 1, DAYS(366) },
	{ "report", "FILE", "write what became of each device, as JSON",
	  TEXT, FLEET, AT(report), 0, 0 },
	{ "quiet", NULL, "no status line",
	  FLAG, FLEET, AT(quiet), 0, 0 },
	{ "make-payloads", "LIST", "make the files of a catalog; - reads the list from stdin",
	  TEXT, PAYLOADS, AT(list), 0, 0 },
	{ "into", "DIR", "where to; each product gets a folder below it",
	  TEXT, PAYLOADS, AT(into), 0, 0 },
	{ "help", NULL, "this text", FLAG, ANY, AT(help), 0, 0 },
	{ "version", NULL, "the version", FLAG, ANY, AT(version), 0, 0 },
};
/* clang-format on */
enum { ROWS = sizeof rows / sizeof rows[0] };

_Static_assert(ROWS <= sizeof(((struct run_options *)0)->given), "one flag for each row");

static const struct row *find(const char *name, size_t size)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (strlen(rows[i].name) == size &&
		    strncmp(rows[i].name, name, size) == 0)
			return &rows[i];
	}
	return NULL;
}

static bool is_given(const struct run_options *options, const char *name)
{
	const struct row *row = find(name, strlen(name));
	assert(row != NULL);
	return options->given[row - rows];
}

static bool read_number(const char *text, int64_t *value)
{
	char *end;
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoll(text, &end, 10);
	return *end == '\0' && errno == 0;
}

/* "08:00" as minutes of the day. */
static bool read_minute(const char *text, int64_t *minute)
{
	int hour = (text[0] - '0') * 10 + (text[1] - '0');
	int rest = (text[3] - '0') * 10 + (text[4] - '0');
	*minute = (int64_t)hour * 60 + rest;
	return hour < 24 && rest < 60;
}

static bool read_hours(const char *text, struct run_options *options)
{
	static const char form[] = "dd:dd-dd:dd";

	if (strlen(text) != sizeof form - 1)
		return false;
	for (size_t i = 0; i < sizeof form - 1; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';
		if (form[i] == 'd' ? !digit : text[i] != form[i])
			return false;
	}
	return read_minute(text, &options->active_from_min) &&
	       read_minute(text + 6, &options->active_to_min);
}

/* https and a host, nothing behind it: the paths are DDI's. */
static int read_server(const char *text, struct run_options *options, struct problem *p)
{
	static const char scheme[] = "https://";
	size_t size = strlen(text);

	while (size > 0 && text[size - 1] == '/')
		size--;
	if (strncmp(text, scheme, sizeof scheme - 1) != 0 || size <= sizeof scheme - 1 ||
	    size >= sizeof options->server)
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"--server '%.80s' is no address of a server: write it as "
			"https://host:port, for there is no other way in",
			text);
	memcpy(options->server, text, size);
	options->server[size] = '\0';
	if (strpbrk(options->server + sizeof scheme - 1, "/?#@ \t\r\n") != NULL)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "--server '%.80s' has more than a host and a port",
				   text);
	return 0;
}

static int read_value(const struct row *row, const char *text,
		      struct run_options *options, struct problem *p)
{
	void *at = (char *)options + row->at;
	int64_t *number = at;
	const char *wanted = "";

	switch (row->sort) {
	case FLAG:
		*(bool *)at = true;
		return 0;
	case TEXT:
		*(const char **)at = text;
		return 0;
	case SERVER:
		return read_server(text, options, p);
	case FACT:
		return fact_set_put_pair(at, text, p);
	case NUMBER:
		if (read_number(text, number) && *number >= row->least &&
		    *number <= row->most)
			return 0;
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "--%s '%.40s': wanted is a number from %lld to %lld",
				   row->name, text, (long long)row->least,
				   (long long)row->most);
	case DURATION:
		if (duration_parse(text, number) && *number >= row->least &&
		    *number <= row->most)
			return 0;
		wanted = "a time such as 30s, 15m or 6h, within reason";
		break;
	case TIME:
		if (instant_parse(text, number))
			return 0;
		wanted = "a time such as 2025-01-01 or 2025-01-01T18:00:00Z";
		break;
	case HOURS:
		if (read_hours(text, options))
			return 0;
		wanted = "hours such as 08:00-18:00";
		break;
	}
	return problem_set(p, PROBLEM_BAD_INPUT, "--%s '%.40s': wanted is %s", row->name,
			   text, wanted);
}

/* One argument, and the next where it holds the value; *used says how many. */
static int read_argument(struct run_options *options, char **argv, int *used,
			 struct problem *p)
{
	const char *text = argv[0];

	if (strncmp(text, "--", 2) != 0 || text[2] == '\0')
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "'%.80s' is not an option: see --help", text);
	text += 2;
	size_t size = strcspn(text, "=");
	const struct row *row = find(text, size);
	if (row == NULL)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "there is no option --%.*s: see --help",
				   (int)(size < 60 ? size : 60), text);
	const char *value = text[size] == '=' ? text + size + 1 : NULL;
	*used = 1;
	if (row->value == NULL && value != NULL)
		return problem_set(p, PROBLEM_BAD_INPUT, "--%s takes no value",
				   row->name);
	if (row->value != NULL && value == NULL) {
		value = argv[1];
		*used = 2;
	}
	if (row->value == NULL)
		value = "";
	else if (value == NULL || value[0] == '\0')
		return problem_set(p, PROBLEM_BAD_INPUT, "--%s needs a value: --%s %s",
				   row->name, row->name, row->value);
	if (options->given[row - rows] && row->sort != FACT)
		return problem_set(p, PROBLEM_BAD_INPUT, "--%s is given twice",
				   row->name);
	options->given[row - rows] = true;
	return read_value(row, value, options, p);
}

/* What each mode cannot do without, and what excludes each other. */
static int check_agent(const struct run_options *options, struct problem *p)
{
	if (options->state_dir == NULL || options->id == NULL)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "a device needs --%s: see --help",
				   options->id == NULL ? "id" : "state");
	if (strlen(options->id) > LIMIT_DEVICE_ID)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "--id has more than %d characters", LIMIT_DEVICE_ID);
	if (strcmp(options->protocol, "ddi") != 0 &&
	    strcmp(options->protocol, "wusp") != 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "--protocol '%.40s' is neither ddi nor wusp",
				   options->protocol);
	if (options->simulate == (options->install_command != NULL))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "give either --install-command or --simulate: who "
				   "installs the updates?");
	if (options->simulate && options->facts_file != NULL)
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"a simulated Windows knows its facts: --facts-file goes "
			"with --install-command");
	if (!options->simulate &&
	    (is_given(options, "install-time") || is_given(options, "failures")))
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"--install-time and --failures are of simulated installs");
	return 0;
}

static int check_fleet(const struct run_options *options, struct problem *p)
{
	bool virtual_time = options->admin_socket != NULL;

	if (virtual_time && !(is_given(options, "from") && is_given(options, "to")))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "virtual time needs --from and --to");
	if (virtual_time && options->to_s < options->from_s)
		return problem_set(p, PROBLEM_BAD_INPUT, "--to lies before --from");
	if (virtual_time && is_given(options, "run-for"))
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"--run-for is of real time: virtual time ends at --to");
	if (!virtual_time && (is_given(options, "from") || is_given(options, "to") ||
			      is_given(options, "step")))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "--from, --to and --step are of virtual time: give "
				   "--admin, the socket through which to set it");
	return 0;
}

static int check(struct run_options *options, struct problem *p)
{
	for (size_t i = 0; i < ROWS; i++) {
		static const char *const names[] = { "a single device", "--fleet",
						     "--make-payloads" };
		if (options->given[i] && (rows[i].modes & 1U << options->mode) == 0)
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "--%s does not go with %s: see --help",
					   rows[i].name, names[options->mode]);
	}
	if (options->mode == RUN_PAYLOADS)
		return options->into != NULL
			       ? 0
			       : problem_set(p, PROBLEM_BAD_INPUT,
					     "--make-payloads needs --into DIR");
	if (options->server[0] == '\0')
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "--server is missing: see --help");
	if (options->enrol_token != NULL && options->enrol_token_file != NULL)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "give --enrol-token or --enrol-token-file, not both");
	if (options->enrol_token != NULL && !options_token_is_good(options->enrol_token))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "--enrol-token has 1 to %d visible characters",
				   TOKEN_MOST);
	if (options->poll_max_s < options->poll_min_s)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "--poll-max is shorter than --poll-min");
	return options->mode == RUN_FLEET ? check_fleet(options, p)
					  : check_agent(options, p);
}

bool options_token_is_good(const char *token)
{
	const char *at = token;
	while (*at > ' ' && *at <= '~')
		at++;
	return *at == '\0' && at > token && at - token <= TOKEN_MOST;
}

int options_parse(struct run_options *options, int argc, char **argv, struct problem *p)
{
	int used = 0;

	memset(options, 0, sizeof *options);
	options->poll_min_s = POLL_MIN_S;
	options->poll_max_s = POLL_MAX_S;
	options->step_s = STEP_S;
	options->workers = WORKERS;
	options->seed = 1;
	options->protocol = "ddi";
	for (int i = 1; i < argc; i += used) {
		if (read_argument(options, argv + i, &used, p) < 0)
			return -1;
	}
	if (options->help || options->version) {
		options->mode = options->help ? RUN_HELP : RUN_VERSION;
		return 0;
	}
	options->mode = options->fleet_count > 0 ? RUN_FLEET
			: options->list != NULL  ? RUN_PAYLOADS
						 : RUN_AGENT;
	if (!is_given(options, "install-time") && options->admin_socket == NULL)
		options->install_s = INSTALL_S;
	return check(options, p);
}

static void print_rows(FILE *out, unsigned modes, const char *title)
{
	fprintf(out, "\n%s\n", title);
	for (size_t i = 0; i < ROWS; i++) {
		char left[40];
		if (rows[i].modes != modes)
			continue;
		snprintf(left, sizeof left, "--%s%s%s", rows[i].name,
			 rows[i].value == NULL ? "" : " ",
			 rows[i].value == NULL ? "" : rows[i].value);
		fprintf(out, "  %-26s %s\n", left, rows[i].help);
		if (strcmp(rows[i].name, "install-command") == 0)
			fprintf(out, "  %-26s CMD uninstall KB - -, CMD restart - - -\n",
				"");
	}
}

void options_print_help(FILE *out)
{
	fputs("patchyard-agent: the device side of Patchyard\n"
	      "\n"
	      "One device with an installer of yours:\n"
	      "  patchyard-agent --server https://yard.lab:8443 --ca ca.pem --id pc-17 "
	      "\\\n"
	      "    --state /var/lib/patchyard-agent --enrol-token-file enrol.token \\\n"
	      "    --fact os.family=client --fact os.arch=x64 --fact "
	      "os.edition=Enterprise \\\n"
	      "    --facts-file /run/facts --install-command "
	      "/usr/local/sbin/install-update\n"
	      "\n"
	      "One simulated Windows, until nothing is left to do:\n"
	      "  patchyard-agent --server https://127.0.0.1:8443 --ca ca.pem --id sim-1 "
	      "\\\n"
	      "    --state ./sim-1 --enrol-token T0ken --simulate --fact "
	      "os.build=26100.2605 \\\n"
	      "    --fact os.kbs=KB5048667 --fact vbs=running --fact tag.ring=test "
	      "--once\n"
	      "\n"
	      "Sixty simulated devices, through half a year in six-hour steps:\n"
	      "  patchyard-agent --server https://127.0.0.1:8443 --ca ca.pem "
	      "--enrol-token T0ken \\\n"
	      "    --fleet 60 --seed 1 --admin ./admin.sock --from 2025-01-01 --to "
	      "2025-07-01\n"
	      "\n"
	      "Made-up payload files for a catalog (tabs between the columns):\n"
	      "  printf "
	      "'windows-11-24h2\\tclient\\tKB5055523\\t26100.3775\\tbaseline\\tx64\\n' "
	      "|\n"
	      "    patchyard-agent --make-payloads - --into ./payloads\n",
	      out);
	print_rows(out, AGENT | FLEET, "One device and fleets:");
	print_rows(out, AGENT, "One device:");
	print_rows(out, FLEET, "Fleets:");
	print_rows(out, PAYLOADS, "Payload files:");
	print_rows(out, ANY, "About:");
	fputs("\n"
	      "Exit status: 0 all is well; 1 an update failed, or a device of the fleet "
	      "ended\n"
	      "in an error nobody simulated; 64 the command line is wrong; 65 bad input; "
	      "66 a\n"
	      "file is missing; 71 no memory; 74 disk or network; 75 the server is "
	      "busy.\n"
	      "SIGTERM and SIGINT end it in order; what is under way goes on at the next "
	      "start.\n",
	      out);
}

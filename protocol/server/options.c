#include "protocol/server/options.h"

#include <getopt.h>
#include <string.h>

#include "engine/problem.h"

static const char default_file[] = "/etc/patchyard/patchyardd.conf";

enum {
	OPTION_HELP = 1000, /* past the indices of settings */
	OPTION_VERSION,
	OPTION_CHECK,
	OPTION_CONFIG,
	OWN_OPTIONS = 4,
};

static const struct option own[OWN_OPTIONS] = {
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ "check", no_argument, NULL, OPTION_CHECK },
	{ "config", required_argument, NULL, OPTION_CONFIG },
};

static void make_table(struct option table[OWN_OPTIONS + SETTINGS_COUNT + 1])
{
	memset(table, 0, (OWN_OPTIONS + SETTINGS_COUNT + 1) * sizeof table[0]);
	memcpy(table, own, sizeof own);
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		table[OWN_OPTIONS + i] =
			(struct option){ settings_name(i),
					 settings_is_switch(i) ? optional_argument
							       : required_argument,
					 NULL, (int)i };
	}
}

static int refuse(char **argv, int at, const struct option *table, struct problem *p)
{
	const char *word = argv[at];
	const char *names[OWN_OPTIONS + SETTINGS_COUNT];
	char bare[64];

	if (strncmp(word, "--", 2) != 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "'%.60s' is no option; see patchyardd --help", word);
	for (size_t i = 0; i < OWN_OPTIONS + SETTINGS_COUNT; i++)
		names[i] = table[i].name;
	snprintf(bare, sizeof bare, "%.*s", (int)strcspn(word + 2, "="), word + 2);
	const char *near = nearest_word(bare, names, OWN_OPTIONS + SETTINGS_COUNT);
	for (size_t i = 0; i < OWN_OPTIONS + SETTINGS_COUNT; i++) {
		if (strcmp(bare, names[i]) == 0)
			return problem_set(p, PROBLEM_BAD_INPUT,
					   table[i].has_arg == no_argument
						   ? "--%s takes no value"
						   : "--%s needs a value",
					   bare);
	}
	if (near != NULL)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "there is no option --%s; did you mean --%s?", bare,
				   near);
	return problem_set(p, PROBLEM_BAD_INPUT,
			   "there is no option --%s; see patchyardd --help", bare);
}

/* One walk over the command line.  The first asks what to do and which file to read, the
 * second sets what goes before that file. */
static int walk(struct options *options, int argc, char **argv, const char **file,
		struct problem *p)
{
	struct option table[OWN_OPTIONS + SETTINGS_COUNT + 1];
	const struct origin origin = { "command line", 0 };
	bool sets = file == NULL;
	int option;

	make_table(table);
	optind = 0; /* GNU: start anew */
	opterr = 0;
	for (;;) {
		int at = optind == 0 ? 1 : optind;
		option = getopt_long(argc, argv, "+", table, NULL);
		if (option == -1)
			break;
		if (option == '?')
			return refuse(argv, at, table, p);
		if (option == OPTION_HELP)
			options->task = TASK_HELP;
		else if (option == OPTION_VERSION)
			options->task = TASK_VERSION;
		else if (option == OPTION_CHECK)
			options->task = TASK_CHECK;
		else if (option == OPTION_CONFIG && !sets)
			*file = optarg;
		else if (option < SETTINGS_COUNT && sets)
			settings_set(&options->settings, NULL,
				     settings_name((size_t)option),
				     optarg != NULL ? optarg : "yes", origin,
				     &options->findings);
	}
	if (optind < argc)
		return refuse(argv, optind, table, p);
	return 0;
}

int options_read(struct options *options, int argc, char **argv, struct problem *p)
{
	const char *file = NULL;

	options->task = TASK_SERVE;
	settings_init(&options->settings);
	findings_init(&options->findings);
	if (walk(options, argc, argv, &file, p) < 0)
		return -1;
	if (options->task == TASK_HELP || options->task == TASK_VERSION)
		return 0;
	if (settings_read(&options->settings, file != NULL ? file : default_file,
			  file != NULL, &options->findings, p) < 0 ||
	    walk(options, argc, argv, NULL, p) < 0)
		return -1;
	settings_check(&options->settings, &options->findings);
	return 0;
}

void options_fini(struct options *options)
{
	findings_fini(&options->findings);
	settings_fini(&options->settings);
}

void options_help(FILE *out)
{
	fputs("patchyardd: the Patchyard server, a lab's own Windows Update.\n\n"
	      "Usage: patchyardd [--config FILE] [--SETTING VALUE]...\n\n"
	      "  --config FILE        read this file and conf.d/*.conf beside it\n",
	      out);
	fprintf(out, "                       (%s, if it is there)\n", default_file);
	fputs("  --check              say what is wrong with the settings, and stop\n"
	      "  --version            say which version this is\n"
	      "  --help               this\n\n"
	      "Every setting is a line NAME = VALUE in its [section] of the file, or an\n"
	      "option, which goes before the file.  In brackets: what holds otherwise.\n",
	      out);
	settings_help(out);
}

#include "agents/installer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agents/disk.h"
#include "engine/instant.h"
#include "engine/problem.h"

static const char log_name[] = "installer.log";
static const char exit_name[] = "installer.exit";
static const char restart_name[] = "restart.exit";
enum {
	PATIENCE_DEFAULT_S = 4 * HOUR_S,
	LOG_MOST = 16 * 1024 * 1024,
	FACTS_MOST = 64 * 1024,
	RESULT_MOST = 64,
	HRESULT_TIMED_OUT = 0x800705B4,
	HRESULT_WIN32 = 0x80070000
};

struct installer {
	struct installer_options options;
	char *command, *facts_file, *state_dir;
	pid_t child; /* 0: none of this process's own */
	pid_t restarter;
	int64_t started_s;
};

static char *copied(const char *text, bool *failed)
{
	char *copy = text == NULL ? NULL : strdup(text);
	*failed = *failed || (text != NULL && copy == NULL);
	return copy;
}

struct installer *installer_new(const struct installer_options *options,
				struct problem *p)
{
	bool failed = false;
	struct installer *installer = calloc(1, sizeof *installer);
	if (installer == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "no memory for an installer");
		return NULL;
	}
	installer->options = *options;
	if (installer->options.patience_s <= 0)
		installer->options.patience_s = PATIENCE_DEFAULT_S;
	installer->command = copied(options->command, &failed);
	installer->facts_file = copied(options->facts_file, &failed);
	installer->state_dir = copied(options->state_dir, &failed);
	if (failed) {
		installer_free(installer);
		problem_set(p, PROBLEM_NO_MEMORY, "no memory for an installer");
		return NULL;
	}
	return installer;
}

void installer_free(struct installer *installer)
{
	if (installer == NULL)
		return;
	free(installer->command);
	free(installer->facts_file);
	free(installer->state_dir);
	free(installer);
}

static int put_file(struct fact_set *set, const char *path, struct problem *p)
{
	char *rest;
	size_t size;
	int result = 0;

	char *text = disk_read_path(path, FACTS_MOST, &size, p);
	if (text == NULL)
		return -1;
	for (char *line = strtok_r(text, "\r\n", &rest); line != NULL && result == 0;
	     line = strtok_r(NULL, "\r\n", &rest)) {
		if (line[0] != '#' && line[0] != '\0')
			result = fact_set_put_pair(set, line, p);
	}
	free(text);
	return result < 0 ? problem_while(p, "reading facts from '%.80s'", path) : 0;
}

/* When this machine started, as the kernel says it. */
static int put_boot(struct fact_set *set, struct problem *p)
{
	char line[256], text[INSTANT_TEXT];
	long long boot_s = 0;
	FILE *file = fopen("/proc/stat", "re");

	if (file == NULL)
		return 0; /* not every machine tells; the agent can do without */
	while (fgets(line, sizeof line, file) != NULL && boot_s == 0) {
		if (strncmp(line, "btime ", 6) == 0)
			boot_s = strtoll(line + 6, NULL, 10);
	}
	fclose(file);
	return boot_s <= 0
		       ? 0
		       : fact_set_put(set, "os.boot", instant_format(boot_s, text), p);
}

static int facts(void *owner, struct fact_set *set, struct problem *p)
{
	const struct installer *installer = owner;
	const struct fact_set *fixed = &installer->options.facts;

	for (size_t i = 0; i < fixed->count; i++) {
		if (fact_set_put(set, fact_set_name(fixed, i), fact_set_value(fixed, i),
				 p) < 0)
			return -1;
	}
	if (installer->facts_file != NULL && put_file(set, installer->facts_file, p) < 0)
		return -1;
	return fact_set_find(set, "os.boot") != NULL ? 0 : put_boot(set, p);
}

/* The log, locked by us or by an install that still runs; *busy tells which. */
static int open_log(const struct installer *installer, bool *busy, struct problem *p)
{
	char path[PATH_MAX];

	int wanted = snprintf(path, sizeof path, "%s/%s", installer->state_dir, log_name);
	if (wanted < 0 || wanted >= (int)sizeof path)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "the path of the log is too long");
	int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return problem_set(p, PROBLEM_EXTERNAL, "cannot open '%s': %s", path,
				   strerror(errno));
	*busy = flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	return fd;
}

/* In the child: the log is its output, and its output is the lock.  The shell splits the
 * command into words; what we add stays whole.  The result is written by somebody who may
 * outlive the agent. */
static void become(const struct installer *installer, const char *const words[4],
		   const char *result, int log)
{
	static const char script[] =
		"cmd=$1; out=$2/$3; shift 3; (eval \"$cmd\" '\"$@\"'); code=$?; "
		"echo \"$code\" >\"$out.new\" && mv -f \"$out.new\" \"$out\"; exit "
		"\"$code\"";
	sigset_t none_blocked;

	sigemptyset(&none_blocked);
	sigprocmask(SIG_SETMASK, &none_blocked, NULL);
	signal(SIGPIPE, SIG_DFL);
	setpgid(0, 0);
	int none = open("/dev/null", O_RDONLY);
	if (none < 0 || dup2(none, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		_exit(126);
	execl("/bin/sh", "sh", "-c", script, "sh", installer->command,
	      installer->state_dir, result, words[0], words[1], words[2], words[3],
	      (char *)NULL);
	_exit(127);
}

static int start(struct installer *installer, const char *const words[4],
		 const char *result, pid_t *child, struct problem *p)
{
	bool busy = false;

	if (disk_remove(installer->state_dir, result, p) < 0)
		return -1;

	int log = open_log(installer, &busy, p);
	if (log < 0)
		return -1;
	if (busy) {
		close(log);
		return problem_set(p, PROBLEM_BUSY, "the installer is still at work");
	}
	if (ftruncate(log, 0) < 0) {
		close(log);
		return problem_set(p, PROBLEM_EXTERNAL, "cannot empty '%s': %s", log_name,
				   strerror(errno));
	}
	*child = fork();
	if (*child == 0)
		become(installer, words, result, log);
	int cause = errno;
	close(log);
	if (*child < 0) {
		*child = 0;
		return problem_set(p, PROBLEM_EXTERNAL, "cannot start the installer: %s",
				   strerror(cause));
	}
	/* Both sides ask for the group, so that it is there whoever runs first. */
	(void)setpgid(*child, *child);
	return 0;
}

static int begin(void *owner, const struct host_job *job, int64_t now_s,
		 struct problem *p)
{
	struct installer *installer = owner;
	char kb[KB_TEXT], build[BUILD_TEXT] = "-";

	if (installer->command == NULL)
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"this agent has no installer: start it with --install-command");
	if (!job->remove)
		build_format(job->build, build);
	const char *const words[4] = { job->remove ? "uninstall" : "install",
				       kb_format(job->kb, kb), build,
				       job->path != NULL ? job->path : "-" };
	installer->started_s = now_s;
	return start(installer, words, exit_name, &installer->child, p);
}

/* What the command said about itself in lines of its own. */
static void read_log(const struct installer *installer, bool *restart, uint32_t *code)
{
	struct problem ignored = { 0 };
	size_t size;
	char *rest, *text = disk_read(installer->state_dir, log_name, LOG_MOST, &size,
				      &ignored);

	*restart = false;
	*code = 0;
	if (text == NULL)
		return;
	for (char *line = strtok_r(text, "\r\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\r\n", &rest)) {
		*restart = *restart || strcmp(line, "restart") == 0;
		if (strncmp(line, "0x", 2) == 0 && strlen(line) == 10)
			*code = (uint32_t)strtoul(line, NULL, 16);
	}
	free(text);
}

/* A finished job is told once: the result is gone then, so that it is not taken for that
 * of another job. */
static enum host_state judge(const struct installer *installer, int ended,
			     struct host_result *result)
{
	struct problem ignored = { 0 };
	bool restart;
	uint32_t code;

	read_log(installer, &restart, &code);
	(void)disk_remove(installer->state_dir, exit_name, &ignored);
	if (ended == EXIT_RESTART_NEEDED || (ended == 0 && restart))
		return HOST_NEEDS_RESTART;
	if (ended == 0)
		return HOST_DONE;
	/* An exit code alone is a Win32 code: its HRESULT carries that facility. */
	result->code = code != 0 ? code : (uint32_t)HRESULT_WIN32 | (uint32_t)ended;
	snprintf(result->text, sizeof result->text, "the installer ended with %d", ended);
	return HOST_FAILED;
}

/* No child of ours: perhaps one of an agent that was killed, and perhaps it has ended. */
static enum host_state look_for_orphan(const struct installer *installer,
				       struct host_result *result)
{
	struct problem ignored = { 0 };
	bool busy = false;
	size_t size = 0;

	int log = open_log(installer, &busy, &ignored);
	if (log >= 0)
		close(log);
	if (busy)
		return HOST_RUNNING;
	char *text =
		disk_read(installer->state_dir, exit_name, RESULT_MOST, &size, &ignored);
	if (text == NULL)
		return HOST_IDLE;
	int ended = (int)strtol(text, NULL, 10);
	free(text);
	return judge(installer, ended, result);
}

static enum host_state check(void *owner, int64_t now_s, struct host_result *result)
{
	struct installer *installer = owner;
	int status = 0;

	memset(result, 0, sizeof *result);
	if (installer->restarter != 0 &&
	    waitpid(installer->restarter, NULL, WNOHANG) != 0)
		installer->restarter = 0;
	if (installer->child == 0)
		return look_for_orphan(installer, result);
	pid_t ended = waitpid(installer->child, &status, WNOHANG);
	if (ended == 0 && now_s - installer->started_s < installer->options.patience_s)
		return HOST_RUNNING;
	pid_t child = installer->child;
	installer->child = 0;
	if (ended == child)
		return judge(installer,
			     WIFEXITED(status) ? WEXITSTATUS(status)
					       : 128 + WTERMSIG(status),
			     result);
	result->code = (uint32_t)HRESULT_TIMED_OUT;
	if (ended == 0) {
		kill(-child, SIGKILL);
		waitpid(child, NULL, 0);
		snprintf(result->text, sizeof result->text,
			 "the installer was ended after %lld seconds",
			 (long long)installer->options.patience_s);
	} else {
		snprintf(result->text, sizeof result->text, "the installer was lost: %s",
			 strerror(errno));
	}
	return HOST_FAILED;
}

static int restart(void *owner, int64_t now_s, struct problem *p)
{
	struct installer *installer = owner;
	static const char *const words[4] = { "restart", "-", "-", "-" };

	(void)now_s;
	if (installer->command == NULL)
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"a restart is due, and this agent has no installer to ask");
	if (installer->restarter != 0 &&
	    waitpid(installer->restarter, NULL, WNOHANG) == 0)
		return 0; /* asked already */
	installer->restarter = 0;
	return start(installer, words, restart_name, &installer->restarter, p);
}

struct host installer_host(struct installer *installer)
{
	struct host host = { installer, facts, begin, check, restart };
	return host;
}

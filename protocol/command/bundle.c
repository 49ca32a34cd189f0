#include "protocol/command/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "engine/buffer.h"
#include "engine/instant.h"
#include "engine/problem.h"
#include "protocol/command/files.h"
#include "protocol/command/tell.h"
#include "protocol/tuf/tuf_client.h"
#include "protocol/tuf/tuf_tree.h"
#include "protocol/tuf/tuf_write.h"

enum { PASSPHRASE_MOST = 1024, KEY_FILE_MOST = 16 * 1024 };

void bundle_passphrase_free(char *passphrase)
{
	if (passphrase == NULL)
		return;
	explicit_bzero(passphrase, strlen(passphrase));
	free(passphrase);
}

/* A line from the terminal that is not shown while it is typed. */
static char *ask(FILE *terminal, const char *name, const char *what, struct problem *p)
{
	char line[PASSPHRASE_MOST + 2];
	struct termios before, hidden;
	int fd = fileno(terminal);

	fprintf(terminal, "%s for %s: ", what, name);
	fflush(terminal);
	bool hides = tcgetattr(fd, &before) == 0;
	if (hides) {
		hidden = before;
		hidden.c_lflag &= ~(tcflag_t)ECHO;
		(void)tcsetattr(fd, TCSAFLUSH, &hidden);
	}
	char *got = fgets(line, sizeof line, terminal);
	if (hides)
		(void)tcsetattr(fd, TCSAFLUSH, &before);
	fputc('\n', terminal);
	char *copy = NULL;
	if (got != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		copy = strdup(line);
	}
	explicit_bzero(line, sizeof line);
	if (copy == NULL)
		problem_set(p, PROBLEM_BAD_INPUT, "no passphrase was given for %.100s",
			    name);
	return copy;
}

static char *ask_terminal(const char *name, bool twice, struct problem *p)
{
	FILE *terminal = fopen("/dev/tty", "r+e");
	char *first, *second = NULL;

	if (terminal == NULL) {
		problem_set(p, PROBLEM_BAD_INPUT,
			    "a passphrase is needed for %.100s and there is no terminal "
			    "to ask on; name a file that holds it with --passphrase-file",
			    name);
		return NULL;
	}
	first = ask(terminal, name, "Passphrase", p);
	if (first != NULL && twice) {
		second = ask(terminal, name, "The same once more", p);
		if (second != NULL && strcmp(first, second) != 0)
			problem_set(p, PROBLEM_BAD_INPUT,
				    "the two passphrases are not the same; nothing was "
				    "written");
		if (second == NULL || strcmp(first, second) != 0) {
			bundle_passphrase_free(first);
			first = NULL;
		}
		bundle_passphrase_free(second);
	}
	fclose(terminal);
	return first;
}

char *bundle_passphrase(const struct invocation *invocation, const char *name, bool twice,
			struct problem *p)
{
	const char *path = invocation->options[OPTION_PASSPHRASE_FILE];
	size_t size;

	if (path == NULL)
		return ask_terminal(name, twice, p);
	char *text = file_read(path, PASSPHRASE_MOST, &size, p);
	if (text != NULL)
		text[strcspn(text, "\r\n")] = '\0';
	return text;
}

int bundle_keys_read(struct bundle_keys *keys, const struct invocation *invocation,
		     struct problem *p)
{
	*keys = (struct bundle_keys){ 0 };
	for (size_t i = 0; i < invocation->key_count; i++) {
		const char *path = invocation->keys[i];
		size_t size;
		char *pem = file_read(path, KEY_FILE_MOST, &size, p);
		char *passphrase =
			pem == NULL ? NULL
				    : bundle_passphrase(invocation, path, false, p);
		struct tuf_secret *secret =
			passphrase == NULL
				? NULL
				: tuf_secret_read(path, pem, size, passphrase, p);
		bundle_passphrase_free(passphrase);
		free(pem);
		if (secret == NULL) {
			bundle_keys_fini(keys);
			return -1;
		}
		keys->secrets[keys->count++] = secret;
	}
	return 0;
}

void bundle_keys_fini(struct bundle_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		tuf_secret_free(keys->secrets[i]);
	keys->count = 0;
}

int bundle_now(const struct invocation *invocation, int64_t *now_s, struct problem *p)
{
	const char *at = invocation->options[OPTION_AT];

	*now_s = (int64_t)time(NULL);
	if (at != NULL && !instant_parse(at, now_s))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "--at takes a time such as 2025-05-21T09:42:00Z, not "
				   "\"%.60s\"",
				   at);
	return 0;
}

int bundle_expiry(const struct invocation *invocation, int64_t now_s, int days,
		  int64_t *expires_s, struct problem *p)
{
	const char *text = invocation->options[OPTION_DAYS];
	long wanted = days;

	if (text != NULL) {
		char *end;
		wanted = strtol(text, &end, 10);
		if (*end != '\0' || text[0] < '0' || text[0] > '9' || wanted < 1 ||
		    wanted > BUNDLE_DAYS_MOST)
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "--days takes a number from 1 to %d, not "
					   "\"%.60s\"",
					   BUNDLE_DAYS_MOST, text);
	}
	*expires_s = now_s + (int64_t)wanted * DAY_S;
	return 0;
}

bool bundle_size_parse(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);
	const char *unit = *end == '\0' ? NULL : strchr(units, *end);
	if (errno != 0 || number == 0 ||
	    (*end != '\0' && (unit == NULL || end[1] != '\0')))
		return false;
	unsigned shift = unit == NULL ? 0 : 10 * (unsigned)(unit - units + 1);
	*bytes = (uint64_t)number << shift;
	return *bytes >> shift == number;
}

static int folder_failed(const char *name, struct problem *p)
{
	return problem_set(p, errno == ENOENT ? PROBLEM_NOT_FOUND : PROBLEM_EXTERNAL,
			   "the folder %.120s cannot be used: %s", name, strerror(errno));
}

int bundle_folder(int folder, const char *name, struct problem *p)
{
	int fd;

	if (mkdirat(folder, name, 0755) < 0 && errno != EEXIST)
		return folder_failed(name, p);
	fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? folder_failed(name, p) : fd;
}

int bundle_folder_named(const char *path, struct problem *p)
{
	return bundle_folder(AT_FDCWD, path, p);
}

struct newest {
	enum tuf_role role;
	uint32_t version;
};

static int on_entry(void *owner, const char *entry, struct problem *p)
{
	struct newest *newest = owner;
	char name[BUNDLE_NAME];
	unsigned long version = strtoul(entry, NULL, 10);

	(void)p;
	snprintf(name, sizeof name, "%lu.%s.json", version, tuf_role_names[newest->role]);
	if (strcmp(name, entry) == 0 && version <= TUF_VERSION_MOST &&
	    version > newest->version)
		newest->version = (uint32_t)version;
	return 0;
}

int bundle_newest(int folder, enum tuf_role role, uint32_t *version, struct problem *p)
{
	struct newest newest = { role, 0 };
	int result = tuf_tree_list(folder, "metadata", on_entry, &newest, p);

	*version = newest.version;
	return result;
}

struct tuf_metadata *bundle_read(int folder, enum tuf_role role, uint32_t version,
				 struct problem *p)
{
	char name[BUNDLE_NAME];
	const char *file = name + sizeof "metadata/" - 1;
	struct buffer bytes;
	struct tuf_metadata *metadata = NULL;

	if (version == 0)
		snprintf(name, sizeof name, "metadata/%s.json", tuf_role_names[role]);
	else
		snprintf(name, sizeof name, "metadata/%u.%s.json", version,
			 tuf_role_names[role]);
	buffer_init(&bytes, tuf_most[role]);
	switch (tuf_tree_read(folder, name, &bytes, p)) {
	case TUF_FOUND:
		metadata = tuf_metadata_read(role, file, bytes.at == NULL ? "" : bytes.at,
					     bytes.size, p);
		break;
	case TUF_ABSENT:
		problem_set(p, PROBLEM_NOT_FOUND, "%s is not there", name);
		break;
	default:
		break;
	}
	buffer_fini(&bytes);
	return metadata;
}

static bool trusts(const struct tuf_metadata *root, enum tuf_role role, const char *id)
{
	const struct tuf_trust *trust = &root->trust[role];

	for (size_t i = 0; i < trust->count; i++) {
		if (strcmp(root->keys[trust->keys[i]].id, id) == 0)
			return true;
	}
	return false;
}

int bundle_sign(struct buffer *draft, enum tuf_role role, const struct bundle_keys *keys,
		const struct tuf_metadata *root, size_t *signers, struct problem *p)
{
	for (size_t i = 0; i <= keys->count; i++) {
		struct tuf_metadata *metadata = tuf_metadata_read(
			role, tuf_role_names[role], draft->at, draft->size, p);
		if (metadata == NULL)
			return -1;
		*signers = tuf_metadata_signers(metadata, root);
		int result = 0;
		if (i < keys->count &&
		    trusts(root, role, tuf_secret_key(keys->secrets[i])->id)) {
			struct buffer more;
			buffer_init(&more, tuf_most[role]);
			result = tuf_write_signed(&more, metadata, keys->secrets[i], p);
			if (result == 0) {
				buffer_fini(draft);
				*draft = more;
			} else {
				buffer_fini(&more);
			}
		}
		tuf_metadata_free(metadata);
		if (result < 0)
			return -1;
	}
	return 0;
}

static int trust_state(struct tuf_client *client, const char *path, struct problem *p)
{
	int fd = tuf_tree_open(path, p);
	int result = 0;

	if (fd < 0)
		return -1;
	/* the folder is ours, and its link is how an import becomes true at once */
	int inside = openat(fd, "metadata", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(fd);
	if (inside < 0)
		return problem_set(p, PROBLEM_NOT_FOUND,
				   "%.100s has no folder 'metadata': nothing is trusted "
				   "there yet; name the first root with --root",
				   path);
	for (int role = 0; role < TUF_ROLES && result == 0; role++) {
		char name[BUNDLE_NAME];
		struct buffer bytes;
		snprintf(name, sizeof name, "%s.json", tuf_role_names[role]);
		buffer_init(&bytes, tuf_most[role]);
		enum tuf_found found = tuf_tree_read(inside, name, &bytes, p);
		if (found == TUF_FOUND)
			result = tuf_client_trust(client, (enum tuf_role)role,
						  bytes.at == NULL ? "" : bytes.at,
						  bytes.size, p);
		else if (found == TUF_FAULTY)
			result = -1;
		else if (role == TUF_ROOT)
			result = problem_set(p, PROBLEM_NOT_FOUND,
					     "%.100s has no trusted root; name the first "
					     "one with --root",
					     path);
		buffer_fini(&bytes);
	}
	close(inside);
	return result;
}

struct tuf_client *bundle_client(const struct invocation *invocation, int64_t now_s,
				 struct problem *p)
{
	const char *root = invocation->options[OPTION_ROOT];
	const char *state = invocation->options[OPTION_STATE];
	struct tuf_client *client = tuf_client_new(now_s);
	struct stat seen;
	char path[4096];
	int result;

	if (client == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "no memory");
		return NULL;
	}
	snprintf(path, sizeof path, "%s/metadata/root.json", state == NULL ? "" : state);
	if (state != NULL && (root == NULL || stat(path, &seen) == 0)) {
		/* what is trusted already goes before a root named again */
		result = trust_state(client, state, p);
	} else if (root != NULL) {
		size_t size;
		char *bytes = file_read(root, TUF_ROOT_MOST, &size, p);
		result = bytes == NULL
				 ? -1
				 : tuf_client_trust(client, TUF_ROOT, bytes, size, p);
		free(bytes);
	} else {
		result = problem_set(
			p, PROBLEM_BAD_INPUT,
			"nothing says whom to trust: name a root that came "
			"another way than the bundle with --root, or what was "
			"trusted before with --state");
	}
	if (result == 0)
		return client;
	tuf_client_free(client);
	return NULL;
}

enum status bundle_told(const struct invocation *invocation, const char *doing,
			const struct problem *p)
{
	struct trouble trouble = { 0 };

	trouble_set(&trouble,
		    p->kind == PROBLEM_NOT_FOUND  ? STATUS_NOT_FOUND
		    : p->kind == PROBLEM_CONFLICT ? STATUS_CONFLICT
						  : STATUS_FAILED,
		    "%s", p->text);
	return tell_trouble(invocation, doing, &trouble);
}

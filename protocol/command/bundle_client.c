/* A plain TUF client over HTTP: for auditing a repository that is served, and for suites
 * that test clients.
 *
 * --metadata-dir keeps the trusted files under their plain names (root.json and so on).
 * Transport needs no trust, so http will do: what comes is judged by its signatures and
 * by nothing else.  No redirect is followed. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>

#include "engine/buffer.h"
#include "engine/problem.h"
#include "protocol/command/bundle.h"
#include "protocol/command/files.h"
#include "protocol/command/tell.h"
#include "protocol/tuf/tuf_client.h"
#include "protocol/tuf/tuf_medium.h"
#include "protocol/tuf/tuf_tree.h"

enum { FETCH_S = 300, SLOW_S = 30, SLOW_BYTES = 100, TARGET_MOST = 1024 * 1024 * 1024 };

static size_t on_bytes(char *data, size_t size, size_t count, void *owner)
{
	struct buffer *to = owner;

	return buffer_append(to, data, size * count) ? size * count : 0;
}

/* TUF_ABSENT for 403 and 404, as other clients read them. */
static enum tuf_found fetch(const char *base, const char *name, struct buffer *to,
			    struct problem *p)
{
	char url[2048], error[CURL_ERROR_SIZE] = "";
	long status = 0;
	CURL *curl = curl_easy_init();

	snprintf(url, sizeof url, "%s/%s", base, name);
	if (curl == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "no memory");
		return TUF_FAULTY;
	}
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)FETCH_S);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)SLOW_S);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, to);
	CURLcode code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	if (code == CURLE_WRITE_ERROR)
		problem_set(p, PROBLEM_TOO_LARGE,
			    "%s has more than the %zu bytes it may have", name, to->most);
	else if (code != CURLE_OK)
		problem_set(p, PROBLEM_EXTERNAL, "%.100s cannot be fetched: %s", url,
			    error[0] == '\0' ? curl_easy_strerror(code) : error);
	else if (status == 403 || status == 404)
		return TUF_ABSENT;
	else if (status != 200)
		problem_set(p, PROBLEM_EXTERNAL, "%.100s cannot be fetched: HTTP %ld",
			    url, status);
	else
		return TUF_FOUND;
	return TUF_FAULTY;
}

static int trust_folder(struct tuf_client *client, int folder, struct problem *p)
{
	int result = 0;

	for (int role = 0; role < TUF_ROLES && result == 0; role++) {
		char name[BUNDLE_NAME];
		struct buffer bytes;
		snprintf(name, sizeof name, "%s.json", tuf_role_names[role]);
		buffer_init(&bytes, tuf_most[role]);
		enum tuf_found found = tuf_tree_read(folder, name, &bytes, p);
		if (found == TUF_FOUND)
			result = tuf_client_trust(client, (enum tuf_role)role,
						  bytes.at == NULL ? "" : bytes.at,
						  bytes.size, p);
		else if (found == TUF_FAULTY)
			result = -1;
		else if (role == TUF_ROOT)
			result =
				problem_set(p, PROBLEM_NOT_FOUND,
					    "--metadata-dir has no root.json; begin with "
					    "'bundle client init'");
		buffer_fini(&bytes);
	}
	return result;
}

/* What was taken goes onto the disk at once, as the specification says. */
static int keep(const struct tuf_client *client, enum tuf_role role, int folder,
		struct problem *p)
{
	char name[BUNDLE_NAME];
	const struct tuf_metadata *m = tuf_client_file(client, role);

	if (m == NULL || !tuf_client_changed(client, role))
		return 0;
	snprintf(name, sizeof name, "%s.json", tuf_role_names[role]);
	return tuf_tree_write(folder, name, m->bytes, m->size, p);
}

static int refresh(struct tuf_client *client, int folder, const char *base,
		   struct problem *p)
{
	struct tuf_wanted wanted;

	while (tuf_client_next(client, &wanted)) {
		struct buffer bytes;
		int result = -1;
		buffer_init(&bytes, wanted.most);
		enum tuf_found found = fetch(base, wanted.name, &bytes, p);
		if (found == TUF_FOUND)
			result = tuf_client_take(client, bytes.at == NULL ? "" : bytes.at,
						 bytes.size, p);
		else if (found == TUF_ABSENT)
			result = tuf_client_missing(client, p);
		buffer_fini(&bytes);
		if (result < 0 || keep(client, wanted.role, folder, p) < 0)
			return -1;
	}
	return 0;
}

static int download(const struct tuf_client *client, const struct invocation *invocation,
		    struct problem *p)
{
	const char *name = invocation->options[OPTION_TARGET_NAME];
	const char *base = invocation->options[OPTION_TARGET_URL];
	const char *into = invocation->options[OPTION_TARGET_DIR];
	char file[TUF_FILE_NAME];
	struct buffer bytes;

	if (name == NULL || base == NULL || into == NULL)
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"a download needs --target-name, --target-base-url and "
			"--target-dir");
	const struct tuf_target *target =
		tuf_metadata_target(tuf_client_file(client, TUF_TARGETS), name);
	if (target == NULL)
		return problem_set(p, PROBLEM_NOT_FOUND, "'%.100s' is not signed for",
				   name);
	if (target->length > TARGET_MOST)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "'%.100s' is too large for this client", name);
	if (tuf_client_file(client, TUF_ROOT)->consistent)
		tuf_target_file(target, file);
	else
		snprintf(file, sizeof file, "%s", target->name);
	int folder = tuf_tree_open(into, p);
	if (folder < 0)
		return -1;
	buffer_init(&bytes, (size_t)target->length);
	enum tuf_found found = fetch(base, file, &bytes, p);
	uint8_t digest[TUF_DIGEST];
	int result = -1;
	if (found == TUF_ABSENT)
		problem_set(p, PROBLEM_NOT_FOUND, "'%.100s' is not served", name);
	else if (found == TUF_FOUND &&
		 tuf_digest(bytes.at == NULL ? "" : bytes.at, bytes.size, digest, p) == 0)
		result = bytes.size == target->length &&
					 memcmp(digest, target->digest, TUF_DIGEST) == 0
				 ? tuf_tree_write(folder, target->name, bytes.at,
						  bytes.size, p)
				 : problem_set(p, PROBLEM_BAD_INPUT,
					       "'%.100s' is not what was signed (other "
					       "length or SHA-256)",
					       name);
	buffer_fini(&bytes);
	close(folder);
	return result;
}

static int init(int folder, const char *path, struct problem *p)
{
	size_t size;
	char *bytes = file_read(path, TUF_ROOT_MOST, &size, p);
	struct tuf_client *client = tuf_client_new(0);
	int result = -1;

	if (bytes != NULL && client != NULL &&
	    tuf_client_trust(client, TUF_ROOT, bytes, size, p) == 0)
		result = tuf_tree_write(folder, "root.json", bytes, size, p);
	free(bytes);
	tuf_client_free(client);
	return result;
}

static int act(const struct invocation *invocation, int folder, struct problem *p)
{
	const char *what = invocation->arguments[0];
	const char *url = invocation->options[OPTION_METADATA_URL];
	bool downloads = strcmp(what, "download") == 0;
	int64_t now_s;

	if (strcmp(what, "init") == 0) {
		if (invocation->argument_count < 2)
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "init needs a root that is trusted");
		return init(folder, invocation->arguments[1], p);
	}
	if (!downloads && strcmp(what, "refresh") != 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "WHAT is init, refresh or download, not \"%.60s\"",
				   what);
	if (url == NULL)
		return problem_set(p, PROBLEM_BAD_INPUT, "--metadata-url is needed");
	if (bundle_now(invocation, &now_s, p) < 0)
		return -1;
	struct tuf_client *client = tuf_client_new(now_s);
	if (client == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY, "no memory");
	int result = trust_folder(client, folder, p);
	if (result == 0)
		result = refresh(client, folder, url, p);
	if (result == 0 && downloads)
		result = download(client, invocation, p);
	tuf_client_free(client);
	return result;
}

enum status run_bundle_client(const struct invocation *invocation)
{
	const char *path = invocation->options[OPTION_METADATA_DIR];
	struct problem p = { 0 };

	if (path == NULL)
		return tell_usage(invocation, "name the folder of trusted files with "
					      "--metadata-dir");
	int folder = bundle_folder_named(path, &p);
	int result = folder < 0 ? -1 : act(invocation, folder, &p);
	if (folder >= 0)
		close(folder);
	return result == 0 ? STATUS_DONE : bundle_told(invocation, "go on", &p);
}

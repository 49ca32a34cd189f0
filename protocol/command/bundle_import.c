/* A medium looked at, and a medium taken in.
 *
 * An import goes into a folder: state/targets/ has the files, state/metadata/ what is
 * trusted, and state/incoming/ copies that are not believed yet.  Only when every file is
 * there and verified do they move, and one renamed link makes the new metadata true: an
 * import that ends anywhere before leaves the old state as it was, and the next attempt
 * goes on with its copies. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "engine/instant.h"
#include "engine/problem.h"
#include "protocol/command/bundle.h"
#include "protocol/command/tell.h"
#include "protocol/tuf/tuf_medium.h"
#include "protocol/tuf/tuf_tree.h"

enum { NAMED_MOST = 20 };

struct import {
	const struct invocation *invocation;
	struct tuf_client *client;
	struct tuf_medium *medium;
	int state, targets, incoming; /* folders, -1 for none */
};

static void import_fini(struct import *import)
{
	tuf_medium_close(import->medium);
	tuf_client_free(import->client);
	if (import->targets >= 0)
		close(import->targets);
	if (import->incoming >= 0)
		close(import->incoming);
	if (import->state >= 0)
		close(import->state);
}

/* Is the file in the state already, and still what was signed? */
static bool is_home(void *owner, const struct tuf_item *item)
{
	const struct import *import = owner;
	struct problem none;

	return import->targets >= 0 &&
	       tuf_target_verify(item->target, import->targets, item->file, &none) == 0;
}

static int import_open(struct import *import, struct problem *p)
{
	const struct invocation *invocation = import->invocation;
	int64_t now_s;

	if (bundle_now(invocation, &now_s, p) < 0)
		return -1;
	import->client = bundle_client(invocation, now_s, p);
	if (import->client == NULL)
		return -1;
	import->medium =
		tuf_medium_open(invocation->arguments, (size_t)invocation->argument_count,
				import->client, p);
	if (import->medium == NULL)
		return -1;
	return tuf_medium_survey(import->medium, is_home, import, p);
}

struct tally {
	size_t here, home, missing;
};

static struct tally count_places(const struct tuf_medium *medium)
{
	struct tally tally = { 0 };

	for (size_t i = 0; i < tuf_medium_count(medium); i++) {
		enum tuf_place place = tuf_medium_item(medium, i)->place;
		tally.here += place == TUF_PLACE_MEDIUM;
		tally.home += place == TUF_PLACE_HOME;
		tally.missing += place == TUF_PLACE_MISSING;
	}
	return tally;
}

static bool speaks_json(const struct invocation *invocation)
{
	return invocation->format == FORMAT_JSON || invocation->format == FORMAT_JSONL;
}

/* What is missing, by name. */
static void tell_missing(const struct import *import)
{
	size_t named = 0, missing = count_places(import->medium).missing;

	for (size_t i = 0; i < tuf_medium_count(import->medium); i++) {
		const struct tuf_item *item = tuf_medium_item(import->medium, i);
		if (item->place != TUF_PLACE_MISSING)
			continue;
		if (named++ == NAMED_MOST) {
			fprintf(stderr, "  ... and %zu more\n", missing - NAMED_MOST);
			return;
		}
		fprintf(stderr, "  missing: %s (targets/%s, %llu bytes)\n",
			item->target->name, item->file,
			(unsigned long long)item->target->length);
	}
}

static void show_json(const struct import *import, bool good)
{
	struct tally tally = count_places(import->medium);
	char expires[INSTANT_TEXT];
	const struct tuf_metadata *timestamp =
		tuf_client_file(import->client, TUF_TIMESTAMP);
	json_t *missing = json_array();

	for (size_t i = 0; i < tuf_medium_count(import->medium); i++) {
		const struct tuf_item *item = tuf_medium_item(import->medium, i);
		if (item->place == TUF_PLACE_MISSING)
			json_array_append_new(missing, json_string(item->target->name));
	}
	json_t *whole = json_pack("{s:b,s:I,s:s,s:I,s:I,s:o}", "good", (int)good,
				  "bundle", (json_int_t)timestamp->version, "good_until",
				  instant_format(timestamp->expires_s, expires),
				  "on_medium", (json_int_t)tally.here, "had",
				  (json_int_t)tally.home, "missing", missing);
	json_dumpf(whole, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(whole);
}

static int refuse_missing(const struct import *import, struct problem *p)
{
	size_t missing = count_places(import->medium).missing;

	if (missing == 0)
		return 0;
	return problem_set(
		p, PROBLEM_NOT_FOUND,
		"%zu of the %zu files that were signed are neither on the medium "
		"nor here; bring the other volumes, or the bundle that this one "
		"continues",
		missing, tuf_medium_count(import->medium));
}

static int check_files(const struct import *import, struct problem *p)
{
	for (size_t i = 0; i < tuf_medium_count(import->medium); i++) {
		if (tuf_medium_item(import->medium, i)->place == TUF_PLACE_MEDIUM &&
		    tuf_medium_check(import->medium, i, p) < 0)
			return -1;
	}
	return 0;
}

/* A medium that is refused is an answer, and the answer is no. */
static enum status tell_refused(const struct import *import, const char *doing,
				const struct problem *p)
{
	if (import->medium != NULL && !speaks_json(import->invocation))
		tell_missing(import);
	return bundle_told(import->invocation, doing, p);
}

enum status run_bundle_verify(const struct invocation *invocation)
{
	struct import import = { invocation, NULL, NULL, -1, -1, -1 };
	const char *state = invocation->options[OPTION_STATE];
	struct problem p = { 0 };
	char until[INSTANT_TEXT];
	int result = 0;

	if (state != NULL) {
		import.state = tuf_tree_open(state, &p);
		if (import.state < 0)
			result = -1;
		else
			import.targets = openat(import.state, "targets",
						O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (result == 0)
		result = import_open(&import, &p);
	if (result == 0)
		result = check_files(&import, &p);
	if (result == 0)
		result = refuse_missing(&import, &p);
	enum status status = STATUS_DONE;
	if (result < 0) {
		status = tell_refused(&import, "accept it", &p);
		if (p.kind != PROBLEM_EXTERNAL && p.kind != PROBLEM_NO_MEMORY)
			status = STATUS_NO;
	} else if (speaks_json(invocation)) {
		show_json(&import, true);
	} else if (!invocation_has(invocation, OPTION_QUIET)) {
		struct tally tally = count_places(import.medium);
		const struct tuf_metadata *timestamp =
			tuf_client_file(import.client, TUF_TIMESTAMP);
		printf("Good: bundle %u, %zu files on the medium and %zu here already, "
		       "good until %s.\n",
		       timestamp->version, tally.here, tally.home,
		       instant_format(timestamp->expires_s, until));
	}
	import_fini(&import);
	return status;
}

static int copy_files(const struct import *import, struct problem *p)
{
	for (size_t i = 0; i < tuf_medium_count(import->medium); i++) {
		if (tuf_medium_item(import->medium, i)->place == TUF_PLACE_MEDIUM &&
		    tuf_medium_copy(import->medium, i, import->incoming, p) < 0)
			return -1;
	}
	return 0;
}

static int moved(const char *what, struct problem *p)
{
	return problem_set(
		p, PROBLEM_EXTERNAL,
		"%.120s cannot be put in its place: %s; nothing has changed, try "
		"again",
		what, strerror(errno));
}

/* Verified copies into their place.  Files that the old metadata do not name are no
 * part of the old state, so it stays what it was. */
static int move_files(const struct import *import, struct problem *p)
{
	for (size_t i = 0; i < tuf_medium_count(import->medium); i++) {
		const struct tuf_item *item = tuf_medium_item(import->medium, i);
		if (item->place == TUF_PLACE_MEDIUM &&
		    renameat(import->incoming, item->file, import->targets, item->file) <
			    0)
			return moved(item->file, p);
	}
	if (fsync(import->targets) < 0)
		return moved("targets", p);
	return 0;
}

/* The four files into a folder of their own, then the link onto it. */
static int commit(const struct import *import, struct problem *p)
{
	char folder_name[64], name[BUNDLE_NAME], old[256];
	int result = 0;

	snprintf(folder_name, sizeof folder_name, "metadata.%u.%u",
		 tuf_client_file(import->client, TUF_ROOT)->version,
		 tuf_client_file(import->client, TUF_TIMESTAMP)->version);
	ssize_t size = readlinkat(import->state, "metadata", old, sizeof old - 1);
	old[size < 0 ? 0 : size] = '\0';
	if (strcmp(old, folder_name) == 0)
		return 0; /* the very same bundle once more */
	int folder = bundle_folder(import->state, folder_name, p);
	if (folder < 0)
		return -1;
	for (int role = 0; role < TUF_ROLES && result == 0; role++) {
		const struct tuf_metadata *m =
			tuf_client_file(import->client, (enum tuf_role)role);
		snprintf(name, sizeof name, "%s.json", tuf_role_names[role]);
		result = tuf_tree_write(folder, name, m->bytes, m->size, p);
	}
	close(folder);
	if (result < 0)
		return -1;
	(void)unlinkat(import->state, "metadata.next", 0);
	if (symlinkat(folder_name, import->state, "metadata.next") < 0 ||
	    renameat(import->state, "metadata.next", import->state, "metadata") < 0 ||
	    fsync(import->state) < 0)
		return moved("metadata", p);
	/* what was true before is of no use to anybody now */
	folder = old[0] == '\0' ? -1
				: openat(import->state, old,
					 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	for (int role = 0; role < TUF_ROLES && folder >= 0; role++) {
		snprintf(name, sizeof name, "%s.json", tuf_role_names[role]);
		(void)unlinkat(folder, name, 0);
	}
	if (folder >= 0) {
		close(folder);
		(void)unlinkat(import->state, old, AT_REMOVEDIR);
	}
	return 0;
}

static int take_in(struct import *import, struct problem *p)
{
	import->state = bundle_folder_named(import->invocation->options[OPTION_STATE], p);
	if (import->state < 0)
		return -1;
	if (flock(import->state, LOCK_EX | LOCK_NB) < 0)
		return problem_set(p, PROBLEM_BUSY,
				   "another import into this folder is running; wait for "
				   "its end");
	import->targets = bundle_folder(import->state, "targets", p);
	import->incoming = import->targets < 0
				   ? -1 : bundle_folder(import->state, "incoming", p);
	if (import->incoming < 0 || import_open(import, p) < 0 ||
	    refuse_missing(import, p) < 0 ||
	    tuf_medium_room(import->medium, import->incoming, BUNDLE_RESERVE, p) < 0 ||
	    copy_files(import, p) < 0 || move_files(import, p) < 0)
		return -1;
	return commit(import, p);
}

enum status run_bundle_import(const struct invocation *invocation)
{
	struct import import = { invocation, NULL, NULL, -1, -1, -1 };
	struct problem p = { 0 };
	enum status status = STATUS_DONE;

	if (!invocation_has(invocation, OPTION_STATE))
		return tell_usage(invocation,
				  "name the folder to import into with --state");
	if (take_in(&import, &p) < 0) {
		status = tell_refused(&import, "import it", &p);
	} else if (speaks_json(invocation)) {
		show_json(&import, true);
	} else {
		struct tally tally = count_places(import.medium);
		tell_note(invocation,
			  "Imported bundle %u: %zu files from the medium, %zu were here.",
			  tuf_client_file(import.client, TUF_TIMESTAMP)->version,
			  tally.here, tally.home);
	}
	import_fini(&import);
	return status;
}

#include "protocol/tuf/tuf_client.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"

enum phase { NEEDS_ROOT, NEEDS_TIMESTAMP, NEEDS_SNAPSHOT, NEEDS_TARGETS, DONE, SPENT };

struct tuf_client {
	int64_t now_s;
	enum phase phase;
	unsigned roots; /* taken in this refresh */
	struct tuf_metadata *file[TUF_ROLES];
	bool changed[TUF_ROLES];
};

/* Which role is wanted in which phase. */
static const enum tuf_role role_of[] = {
	[NEEDS_ROOT] = TUF_ROOT,
	[NEEDS_TIMESTAMP] = TUF_TIMESTAMP,
	[NEEDS_SNAPSHOT] = TUF_SNAPSHOT,
	[NEEDS_TARGETS] = TUF_TARGETS,
};

struct tuf_client *tuf_client_new(int64_t now_s)
{
	struct tuf_client *client = calloc(1, sizeof *client);

	if (client != NULL)
		client->now_s = now_s;
	return client;
}

void tuf_client_free(struct tuf_client *client)
{
	if (client == NULL)
		return;
	for (int role = 0; role < TUF_ROLES; role++)
		tuf_metadata_free(client->file[role]);
	free(client);
}

static void adopt(struct tuf_client *client, struct tuf_metadata *metadata)
{
	tuf_metadata_free(client->file[metadata->role]);
	client->file[metadata->role] = metadata;
	client->changed[metadata->role] = true;
}

int tuf_client_trust(struct tuf_client *client, enum tuf_role role, const char *bytes,
		     size_t size, struct problem *p)
{
	char name[40];

	assert(client->phase == NEEDS_ROOT && client->roots == 0);
	assert(role == TUF_ROOT || client->file[TUF_ROOT] != NULL);
	snprintf(name, sizeof name, "%s.json", tuf_role_names[role]);
	struct tuf_metadata *metadata = tuf_metadata_read(role, name, bytes, size, p);
	if (metadata == NULL)
		return problem_while(p, "the trusted files are damaged");
	if (role == TUF_ROOT && tuf_metadata_signed(metadata, metadata, p) < 0) {
		tuf_metadata_free(metadata);
		return problem_while(p, "the root to begin with is no root");
	}
	tuf_metadata_free(client->file[role]);
	client->file[role] = metadata;
	return 0;
}

/* Does `m` have the length and digest that were listed?  Looked at before a byte of it is
 * made sense of. */
static int fits(const struct tuf_client *client, const struct tuf_listed *listed,
		const char *bytes, size_t size, struct problem *p)
{
	struct tuf_wanted wanted;
	uint8_t digest[TUF_DIGEST];
	bool same = listed->length < 0 || (size_t)listed->length == size;

	(void)tuf_client_next(client, &wanted);
	if (same && listed->has_digest) {
		if (tuf_digest(bytes, size, digest, p) < 0)
			return -1;
		same = memcmp(digest, listed->digest, sizeof digest) == 0;
	}
	if (same)
		return 0;
	return problem_set(p, PROBLEM_BAD_INPUT,
			   "%s: it is not the file that %s lists (other length or "
			   "SHA-256): it was changed, or bundles were mixed; copy the "
			   "bundle anew",
			   wanted.name,
			   client->phase == NEEDS_TARGETS ? "snapshot.json"
							  : "timestamp.json");
}

/* Entry of the file below in the file above. */
static const struct tuf_listed *listed_in(const struct tuf_client *client,
					  enum tuf_role above)
{
	return tuf_metadata_listed(client->file[above], above == TUF_TIMESTAMP
								? "snapshot.json"
								: "targets.json");
}

/* Is the file that was trusted before the one that is wanted now? */
static bool still_good(const struct tuf_client *client, enum tuf_role role)
{
	const struct tuf_metadata *m = client->file[role];
	const struct tuf_listed *listed =
		listed_in(client, role == TUF_SNAPSHOT ? TUF_TIMESTAMP : TUF_SNAPSHOT);
	struct problem none;

	return m != NULL && m->version == listed->version &&
	       fits(client, listed, m->bytes, m->size, &none) == 0 &&
	       tuf_metadata_signed(m, client->file[TUF_ROOT], &none) == 0 &&
	       tuf_metadata_fresh(m, client->now_s, &none) == 0;
}

static void after_timestamp(struct tuf_client *client)
{
	client->phase = NEEDS_SNAPSHOT;
	if (!still_good(client, TUF_SNAPSHOT))
		return;
	client->phase = NEEDS_TARGETS;
	if (still_good(client, TUF_TARGETS))
		client->phase = DONE;
}

/* The last root is known: it must not have expired, and what was trusted of the other
 * roles counts only as far as its keys signed it. */
static int finish_root(struct tuf_client *client, struct problem *p)
{
	static const enum tuf_role kept[] = { TUF_TIMESTAMP, TUF_SNAPSHOT };
	const struct tuf_metadata *root = client->file[TUF_ROOT];
	struct problem none;

	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
		struct tuf_metadata **file = &client->file[kept[i]];
		if (*file == NULL || tuf_metadata_signed(*file, root, &none) == 0)
			continue;
		tuf_metadata_free(*file);
		*file = NULL;
	}
	const struct tuf_metadata *timestamp = client->file[TUF_TIMESTAMP];
	if (timestamp != NULL && timestamp->made_s > client->now_s)
		client->now_s = timestamp->made_s;
	if (tuf_metadata_fresh(root, client->now_s, p) < 0)
		return -1;
	client->phase = NEEDS_TIMESTAMP;
	return 0;
}

static int rolled_back(const struct tuf_metadata *m, const char *what, uint32_t version,
		       uint32_t seen, struct problem *p)
{
	return problem_set(p, PROBLEM_CONFLICT,
			   "%s: it has version %u of %s, but %u was seen before: this is "
			   "an older state; bring the newest bundle",
			   m->name, version, what, seen);
}

static int judge_root(const struct tuf_client *client, const struct tuf_metadata *m,
		      struct problem *p)
{
	const struct tuf_metadata *root = client->file[TUF_ROOT];

	if (tuf_metadata_signed(m, root, p) < 0)
		return problem_while(p, "the root before it does not vouch for it");
	if (m->version != root->version + 1)
		return problem_set(p, PROBLEM_CONFLICT,
				   "%s: it has version %u inside, and root %u must be "
				   "followed by %u; bring every root in between",
				   m->name, m->version, root->version, root->version + 1);
	if (tuf_metadata_signed(m, m, p) < 0)
		return problem_while(p, "it does not vouch for itself");
	return 0;
}

static int judge_timestamp(const struct tuf_client *client, const struct tuf_metadata *m,
			   struct problem *p)
{
	const struct tuf_metadata *seen = client->file[TUF_TIMESTAMP];

	if (tuf_metadata_signed(m, client->file[TUF_ROOT], p) < 0)
		return -1;
	if (seen != NULL && m->version < seen->version)
		return rolled_back(m, "itself", m->version, seen->version, p);
	if (seen != NULL && m->version == seen->version)
		return tuf_metadata_fresh(seen, client->now_s, p);
	if (seen != NULL && m->listed[0].version < seen->listed[0].version)
		return rolled_back(m, "snapshot.json", m->listed[0].version,
				   seen->listed[0].version, p);
	return tuf_metadata_fresh(m, client->now_s, p);
}

static int other_version(const struct tuf_metadata *m, const char *above, uint32_t listed,
			 struct problem *p)
{
	return problem_set(p, PROBLEM_CONFLICT,
			   "%s: it has version %u inside, but %s lists %u: bundles were "
			   "mixed; copy one bundle whole",
			   m->name, m->version, above, listed);
}

static int judge_snapshot(const struct tuf_client *client, const struct tuf_metadata *m,
			  struct problem *p)
{
	const struct tuf_metadata *seen = client->file[TUF_SNAPSHOT];
	const struct tuf_listed *listed = listed_in(client, TUF_TIMESTAMP);

	if (tuf_metadata_signed(m, client->file[TUF_ROOT], p) < 0)
		return -1;
	if (m->version != listed->version)
		return other_version(m, "timestamp.json", listed->version, p);
	for (size_t i = 0; seen != NULL && i < seen->listed_count; i++) {
		const struct tuf_listed *before = &seen->listed[i];
		const struct tuf_listed *now = tuf_metadata_listed(m, before->name);
		if (now == NULL)
			return problem_set(p, PROBLEM_CONFLICT,
					   "%s: it lists '%.60s' no more, which was seen "
					   "before and may not go away; bring the newest "
					   "bundle",
					   m->name, before->name);
		if (now->version < before->version)
			return rolled_back(m, before->name, now->version, before->version,
					   p);
	}
	return tuf_metadata_fresh(m, client->now_s, p);
}

static int judge_targets(const struct tuf_client *client, const struct tuf_metadata *m,
			 struct problem *p)
{
	const struct tuf_listed *listed = listed_in(client, TUF_SNAPSHOT);

	if (tuf_metadata_signed(m, client->file[TUF_ROOT], p) < 0)
		return -1;
	if (m->version != listed->version)
		return other_version(m, "snapshot.json", listed->version, p);
	return tuf_metadata_fresh(m, client->now_s, p);
}

static const struct {
	int (*judge)(const struct tuf_client *client, const struct tuf_metadata *m,
		     struct problem *p);
} judges[TUF_ROLES] = {
	[TUF_ROOT] = { judge_root },
	[TUF_TIMESTAMP] = { judge_timestamp },
	[TUF_SNAPSHOT] = { judge_snapshot },
	[TUF_TARGETS] = { judge_targets },
};

bool tuf_client_next(const struct tuf_client *client, struct tuf_wanted *wanted)
{
	const struct tuf_metadata *root = client->file[TUF_ROOT];
	uint32_t version = 0; /* 0: none in the name */

	assert(root != NULL);
	if (client->phase >= DONE)
		return false;
	*wanted = (struct tuf_wanted){ .role = role_of[client->phase] };
	wanted->most = tuf_most[wanted->role];
	if (wanted->role == TUF_ROOT) {
		version = root->version + 1;
		wanted->may_be_gone = true;
	} else if (wanted->role != TUF_TIMESTAMP) {
		const struct tuf_listed *listed =
			listed_in(client, wanted->role == TUF_SNAPSHOT ? TUF_TIMESTAMP
								       : TUF_SNAPSHOT);
		version = root->consistent ? listed->version : 0;
		if (listed->length >= 0 && (size_t)listed->length < wanted->most)
			wanted->most = (size_t)listed->length;
	}
	if (version > 0)
		snprintf(wanted->name, sizeof wanted->name, "%u.%s.json", version,
			 tuf_role_names[wanted->role]);
	else
		snprintf(wanted->name, sizeof wanted->name, "%s.json",
			 tuf_role_names[wanted->role]);
	return true;
}

/* A good file: the next phase. */
static int go_on(struct tuf_client *client, struct tuf_metadata *m, struct problem *p)
{
	const struct tuf_metadata *seen = client->file[m->role];

	switch (m->role) {
	case TUF_ROOT:
		adopt(client, m);
		if (++client->roots < TUF_ROOTS_MOST)
			return 0;
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "%s: more than %d new roots at once; make what is "
				   "trusted newer by hand",
				   client->file[TUF_ROOT]->name, TUF_ROOTS_MOST - 1);
	case TUF_TIMESTAMP:
		if (seen != NULL && seen->version == m->version)
			tuf_metadata_free(m); /* nothing new, and nothing wrong */
		else
			adopt(client, m);
		after_timestamp(client);
		return 0;
	case TUF_SNAPSHOT:
		adopt(client, m);
		client->phase = NEEDS_TARGETS;
		if (still_good(client, TUF_TARGETS))
			client->phase = DONE;
		return 0;
	default:
		adopt(client, m);
		client->phase = DONE;
		return 0;
	}
}

int tuf_client_take(struct tuf_client *client, const char *bytes, size_t size,
		    struct problem *p)
{
	struct tuf_wanted wanted;

	if (!tuf_client_next(client, &wanted))
		return problem_set(p, PROBLEM_CONFLICT, "no further file is wanted");
	enum phase spent = client->phase;
	if ((wanted.role == TUF_SNAPSHOT || wanted.role == TUF_TARGETS) &&
	    fits(client,
		 listed_in(client,
			   spent == NEEDS_SNAPSHOT ? TUF_TIMESTAMP : TUF_SNAPSHOT),
		 bytes, size, p) < 0)
		goto refuse;
	struct tuf_metadata *m =
		tuf_metadata_read(wanted.role, wanted.name, bytes, size, p);
	if (m == NULL)
		goto refuse;
	if (judges[wanted.role].judge(client, m, p) < 0) {
		tuf_metadata_free(m);
		goto refuse;
	}
	if (go_on(client, m, p) == 0)
		return 0;
refuse:
	client->phase = SPENT;
	return -1;
}

int tuf_client_missing(struct tuf_client *client, struct problem *p)
{
	struct tuf_wanted wanted;

	if (!tuf_client_next(client, &wanted))
		return problem_set(p, PROBLEM_CONFLICT, "no further file is wanted");
	if (wanted.may_be_gone && finish_root(client, p) == 0)
		return 0;
	client->phase = SPENT;
	if (wanted.may_be_gone)
		return -1;
	return problem_set(p, PROBLEM_NOT_FOUND,
			   "%s is missing; the bundle is not whole: copy it anew",
			   wanted.name);
}

const struct tuf_metadata *tuf_client_file(const struct tuf_client *client,
					   enum tuf_role role)
{
	return client->file[role];
}

bool tuf_client_changed(const struct tuf_client *client, enum tuf_role role)
{
	return client->changed[role];
}

int64_t tuf_client_now(const struct tuf_client *client)
{
	return client->now_s;
}

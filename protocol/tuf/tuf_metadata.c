#include "protocol/tuf/tuf_metadata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/buffer.h"
#include "engine/instant.h"
#include "engine/problem.h"
#include "protocol/tuf/tuf_json.h"

/* clang-format off */
const char *const tuf_role_names[TUF_ROLES] = {
	[TUF_ROOT] = "root", [TUF_TIMESTAMP] = "timestamp",
	[TUF_SNAPSHOT] = "snapshot", [TUF_TARGETS] = "targets",
};
const size_t tuf_most[TUF_ROLES] = {
	[TUF_ROOT] = TUF_ROOT_MOST, [TUF_TIMESTAMP] = TUF_TIMESTAMP_MOST,
	[TUF_SNAPSHOT] = TUF_SNAPSHOT_MOST, [TUF_TARGETS] = TUF_TARGETS_MOST,
};
/* clang-format on */

static int malformed(const struct tuf_metadata *m, struct problem *p, const char *what)
{
	return problem_set(p, PROBLEM_BAD_INPUT, "%s: %s; have it made and signed anew",
			   m->name, what);
}

static int no_memory(const struct tuf_metadata *m, struct problem *p)
{
	return problem_set(p, PROBLEM_NO_MEMORY, "%s: no memory to read it", m->name);
}

/* "2025-04-08T17:00:00Z" and no other form. */
static bool read_time(const char *text, int64_t *at_s)
{
	char again[INSTANT_TEXT];

	return text != NULL && strlen(text) == sizeof "2025-04-08T17:00:00Z" - 1 &&
	       instant_parse(text, at_s) &&
	       strcmp(instant_format(*at_s, again), text) == 0;
}

/* "1.0" or "1.0.31": any minor, but no other major. */
static bool version_is_ours(const char *text)
{
	if (text == NULL || strncmp(text, "1.", 2) != 0)
		return false;
	size_t dots = 1;
	for (const char *c = text + 2; *c != '\0'; c++) {
		if (*c == '.')
			dots++;
		else if (*c < '0' || *c > '9')
			return false;
		if (*c == '.' && (c[1] == '\0' || c[-1] == '.'))
			return false;
	}
	return dots <= 2 && text[2] != '\0';
}

static bool read_version(const struct tuf_json *object, uint32_t *version)
{
	const struct tuf_json *found = tuf_json_of(object, "version", TUF_JSON_WHOLE);

	if (found == NULL || found->whole < 1 || found->whole > TUF_VERSION_MOST)
		return false;
	*version = (uint32_t)found->whole;
	return true;
}

static int read_common(struct tuf_metadata *m, const struct tuf_json *in,
		       struct problem *p)
{
	const char *type = tuf_json_text(in, "_type");

	if (type == NULL || strcmp(type, tuf_role_names[m->role]) != 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "%s: it says of itself to be '%.20s', not '%s'; the "
				   "files were mixed up",
				   m->name, type == NULL ? "nothing" : type,
				   tuf_role_names[m->role]);
	if (!version_is_ours(tuf_json_text(in, "spec_version")))
		return malformed(m, p, "its spec_version is none of TUF 1.x");
	if (!read_version(in, &m->version))
		return malformed(m, p, "its version is no number from 1 to 2147483647");
	if (!read_time(tuf_json_text(in, "expires"), &m->expires_s))
		return malformed(m, p,
				 "its expiry is no time such as 2025-04-08T17:00:00Z");
	const struct tuf_json *made = tuf_json_member(in, "made");
	if (m->role == TUF_TIMESTAMP && made != NULL &&
	    (made->type != TUF_JSON_TEXT || !read_time(made->text, &m->made_s) ||
	     m->made_s >= m->expires_s))
		return malformed(m, p, "it was made at no time before its expiry");
	return 0;
}

static int read_keys(struct tuf_metadata *m, const struct tuf_json *in, struct problem *p)
{
	const struct tuf_json *keys = tuf_json_of(in, "keys", TUF_JSON_OBJECT);

	if (keys == NULL)
		return malformed(m, p, "it has no object 'keys'");
	if (keys->inside.count > TUF_KEYS_MOST)
		return malformed(m, p, "it has more than 64 keys");
	for (size_t i = 0; i < keys->inside.count; i++) {
		struct tuf_key *key = &m->keys[i];
		const struct tuf_json *object = keys->inside.at[i];
		if (tuf_key_read(key, m->name, object->key, object, p) < 0)
			return -1;
		for (size_t k = 0; k < i; k++) {
			if (memcmp(m->keys[k].public, key->public, TUF_DIGEST) == 0)
				return problem_set(
					p, PROBLEM_BAD_INPUT,
					"%s: one key is listed under two ids, "
					"%.16s and %.16s, so that it would count "
					"twice; do not trust this file",
					m->name, m->keys[k].id, key->id);
		}
	}
	m->key_count = keys->inside.count;
	return 0;
}

static int find_key(const struct tuf_metadata *m, const char *id)
{
	for (size_t i = 0; i < m->key_count; i++) {
		if (strcmp(m->keys[i].id, id) == 0)
			return (int)i;
	}
	return -1;
}

static int trust_refused(const struct tuf_metadata *m, enum tuf_role role,
			 const char *why, struct problem *p)
{
	return problem_set(p, PROBLEM_BAD_INPUT,
			   "%s: role '%s' %s; have it made and signed anew", m->name,
			   tuf_role_names[role], why);
}

static int read_trust(struct tuf_metadata *m, enum tuf_role role,
		      const struct tuf_json *roles, struct problem *p)
{
	const struct tuf_json *in =
		tuf_json_of(roles, tuf_role_names[role], TUF_JSON_OBJECT);
	const struct tuf_json *ids = tuf_json_of(in, "keyids", TUF_JSON_LIST);
	const struct tuf_json *threshold = tuf_json_of(in, "threshold", TUF_JSON_WHOLE);
	struct tuf_trust *trust = &m->trust[role];

	if (ids == NULL || threshold == NULL)
		return trust_refused(m, role, "has no 'keyids' or no 'threshold'", p);
	if (threshold->whole < 1)
		return trust_refused(m, role,
				     "asks for less than one signature, so that "
				     "anybody's would do",
				     p);
	if (ids->inside.count > TUF_KEYS_MOST ||
	    threshold->whole > (int64_t)ids->inside.count)
		return trust_refused(m, role, "asks for more signatures than it has keys",
				     p);
	for (size_t i = 0; i < ids->inside.count; i++) {
		const struct tuf_json *id = ids->inside.at[i];
		int key = id->type == TUF_JSON_TEXT ? find_key(m, id->text) : -1;
		if (key < 0)
			return trust_refused(m, role, "names a key that is not listed",
					     p);
		for (size_t k = 0; k < i; k++) {
			if (trust->keys[k] == key)
				return trust_refused(m, role, "names a key twice", p);
		}
		trust->keys[i] = (uint8_t)key;
		trust->count++;
	}
	trust->threshold = (uint32_t)threshold->whole;
	return 0;
}

static int read_root(struct tuf_metadata *m, const struct tuf_json *in, struct problem *p)
{
	const struct tuf_json *roles = tuf_json_of(in, "roles", TUF_JSON_OBJECT);
	const struct tuf_json *consistent = tuf_json_member(in, "consistent_snapshot");

	if (roles == NULL || roles->inside.count != TUF_ROLES)
		return malformed(m, p, "it has not just the four roles");
	if (consistent == NULL ||
	    (consistent->type != TUF_JSON_TRUE && consistent->type != TUF_JSON_FALSE))
		return malformed(m, p, "consistent_snapshot is neither true nor false");
	m->consistent = consistent->type == TUF_JSON_TRUE;
	if (read_keys(m, in, p) < 0)
		return -1;
	for (int role = 0; role < TUF_ROLES; role++) {
		if (read_trust(m, (enum tuf_role)role, roles, p) < 0)
			return -1;
	}
	return 0;
}

static int about(const struct tuf_metadata *m, const char *name, const char *what,
		 struct problem *p)
{
	return problem_set(p, PROBLEM_BAD_INPUT,
			   "%s: what it says of '%.60s' %s; have it made and signed anew",
			   m->name, name, what);
}

/* `length` and `hashes` of an entry.  Only SHA-256 is read: a digest that is not looked
 * at must not stand there as if it were. */
static int read_length(const struct tuf_metadata *m, const struct tuf_json *entry,
		       int64_t *length, uint8_t digest[TUF_DIGEST], bool *has_digest,
		       struct problem *p)
{
	const struct tuf_json *size = tuf_json_member(entry, "length");
	const struct tuf_json *hashes = tuf_json_member(entry, "hashes");

	*length = -1;
	if (size != NULL && (size->type != TUF_JSON_WHOLE || size->whole < 0 ||
			     size->whole > (int64_t)TUF_LENGTH_MOST))
		return about(m, entry->key, "has a length that is none", p);
	if (size != NULL)
		*length = size->whole;
	*has_digest = hashes != NULL;
	if (hashes == NULL)
		return 0;
	const char *hex = tuf_json_text(hashes, "sha256");
	if (hex == NULL || !tuf_unhex(hex, digest, TUF_DIGEST))
		return about(m, entry->key, "has no sha256 of 64 lower case hex digits",
			     p);
	if (hashes->inside.count != 1)
		return about(m, entry->key, "has a digest that is not sha256", p);
	return 0;
}

static int read_listed(struct tuf_metadata *m, const struct tuf_json *in,
		       const char *needed, struct problem *p)
{
	const struct tuf_json *meta = tuf_json_of(in, "meta", TUF_JSON_OBJECT);

	if (meta == NULL || tuf_json_member(meta, needed) == NULL)
		return about(m, needed, "is missing", p);
	if (m->role == TUF_TIMESTAMP && meta->inside.count != 1)
		return malformed(m, p, "it lists more than snapshot.json");
	m->listed = calloc(meta->inside.count, sizeof *m->listed);
	if (m->listed == NULL)
		return no_memory(m, p);
	for (size_t i = 0; i < meta->inside.count; i++) {
		const struct tuf_json *entry = meta->inside.at[i];
		struct tuf_listed *listed = &m->listed[m->listed_count++];
		listed->name = entry->key;
		if (entry->type != TUF_JSON_OBJECT)
			return about(m, entry->key, "is no object", p);
		if (!read_version(entry, &listed->version))
			return about(m, entry->key, "has no version from 1 to 2147483647",
				     p);
		if (read_length(m, entry, &listed->length, listed->digest,
				&listed->has_digest, p) < 0)
			return -1;
	}
	return 0;
}

bool tuf_name_allowed(const char *name)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789._+-";
	size_t size = strlen(name);

	return size > 0 && size <= TUF_NAME_MOST && name[0] != '.' &&
	       strspn(name, allowed) == size;
}

static int read_targets(struct tuf_metadata *m, const struct tuf_json *in,
			struct problem *p)
{
	const struct tuf_json *targets = tuf_json_of(in, "targets", TUF_JSON_OBJECT);

	if (targets == NULL)
		return malformed(m, p, "it has no object 'targets'");
	if (tuf_json_member(in, "delegations") != NULL)
		return malformed(m, p,
				 "it passes trust on to others ('delegations'), which "
				 "is not accepted here");
	m->targets = calloc(targets->inside.count + 1, sizeof *m->targets);
	if (m->targets == NULL)
		return no_memory(m, p);
	for (size_t i = 0; i < targets->inside.count; i++) {
		const struct tuf_json *entry = targets->inside.at[i];
		struct tuf_target *target = &m->targets[m->target_count++];
		int64_t length;
		bool has_digest;
		if (entry->type != TUF_JSON_OBJECT)
			return about(m, entry->key, "is no object", p);
		if (!tuf_name_allowed(entry->key))
			return about(m, entry->key,
				     "cannot be a file of this name (letters, digits and "
				     "._+- only)",
				     p);
		if (read_length(m, entry, &length, target->digest, &has_digest, p) < 0)
			return -1;
		if (length < 0 || !has_digest)
			return about(m, entry->key, "has no length or no sha256", p);
		target->name = entry->key;
		target->length = (uint64_t)length;
		target->custom = tuf_json_member(entry, "custom");
	}
	return 0;
}

static int read_signatures(struct tuf_metadata *m, const struct tuf_json *top,
			   struct problem *p)
{
	const struct tuf_json *list = tuf_json_of(top, "signatures", TUF_JSON_LIST);

	if (list == NULL)
		return malformed(m, p, "it has no list 'signatures'");
	if (list->inside.count > TUF_SIGNATURES_MOST)
		return malformed(m, p, "it has more than 64 signatures");
	for (size_t i = 0; i < list->inside.count; i++) {
		const char *id = tuf_json_text(list->inside.at[i], "keyid");
		const char *hex = tuf_json_text(list->inside.at[i], "sig");
		if (id == NULL || hex == NULL)
			return malformed(m, p, "a signature has no 'keyid' or no 'sig'");
		for (size_t k = 0; k < i; k++) {
			if (strcmp(m->signatures[k].key_id, id) == 0)
				return problem_set(p, PROBLEM_BAD_INPUT,
						   "%s: two signatures say to be of key "
						   "%.16s; leave one out",
						   m->name, id);
		}
		m->signatures[i] = (struct tuf_signature){ id, hex };
		m->signature_count++;
	}
	return 0;
}

static int read_all(struct tuf_metadata *m, struct problem *p)
{
	struct buffer text;

	m->document = tuf_json_read(m->name, m->bytes, m->size, p);
	if (m->document == NULL)
		return -1;
	const struct tuf_json *top = tuf_json_root(m->document);
	const struct tuf_json *in = tuf_json_of(top, "signed", TUF_JSON_OBJECT);
	if (in == NULL)
		return malformed(m, p, "it has no object 'signed'");
	if (read_signatures(m, top, p) < 0 || read_common(m, in, p) < 0)
		return -1;
	int result = m->role == TUF_ROOT        ? read_root(m, in, p)
		     : m->role == TUF_TIMESTAMP ? read_listed(m, in, "snapshot.json", p)
		     : m->role == TUF_SNAPSHOT  ? read_listed(m, in, "targets.json", p)
						: read_targets(m, in, p);
	if (result < 0)
		return -1;
	buffer_init(&text, m->size * 2 + 64); /* no text grows to twice its size */
	if (!tuf_json_canonical(in, &text)) {
		buffer_fini(&text);
		return no_memory(m, p);
	}
	m->canonical_size = text.size;
	m->canonical = buffer_release(&text);
	return 0;
}

struct tuf_metadata *tuf_metadata_read(enum tuf_role role, const char *name,
				       const char *bytes, size_t size, struct problem *p)
{
	if (size > tuf_most[role]) {
		problem_set(p, PROBLEM_TOO_LARGE,
			    "%s: it has %zu bytes, more than the %zu that are read; it "
			    "is not from the maker of this bundle",
			    name, size, tuf_most[role]);
		return NULL;
	}
	struct tuf_metadata *m = calloc(1, sizeof *m);
	char *copy = malloc(size + 1);
	if (m == NULL || copy == NULL) {
		free(m);
		free(copy);
		problem_set(p, PROBLEM_NO_MEMORY, "%s: no memory to read it", name);
		return NULL;
	}
	memcpy(copy, bytes, size);
	m->bytes = copy;
	m->size = size;
	m->role = role;
	snprintf(m->name, sizeof m->name, "%s", name);
	if (read_all(m, p) < 0) {
		tuf_metadata_free(m);
		return NULL;
	}
	return m;
}

void tuf_metadata_free(struct tuf_metadata *metadata)
{
	if (metadata == NULL)
		return;
	tuf_json_free(metadata->document);
	free(metadata->listed);
	free(metadata->targets);
	free(metadata->bytes);
	free(metadata->canonical);
	free(metadata);
}

/* Each trusted key is looked at once, whatever the file repeats. */
size_t tuf_metadata_signers(const struct tuf_metadata *metadata,
			    const struct tuf_metadata *root)
{
	const struct tuf_trust *trust = &root->trust[metadata->role];
	size_t signers = 0;

	for (size_t i = 0; i < trust->count; i++) {
		const struct tuf_key *key = &root->keys[trust->keys[i]];
		for (size_t s = 0; s < metadata->signature_count; s++) {
			const struct tuf_signature *one = &metadata->signatures[s];
			if (strcmp(one->key_id, key->id) != 0)
				continue;
			signers += tuf_key_verifies(key, one->hex, metadata->canonical,
						    metadata->canonical_size);
			break;
		}
	}
	return signers;
}

int tuf_metadata_signed(const struct tuf_metadata *metadata,
			const struct tuf_metadata *root, struct problem *p)
{
	size_t signers = tuf_metadata_signers(metadata, root);
	uint32_t threshold = root->trust[metadata->role].threshold;

	if (signers >= threshold)
		return 0;
	return problem_set(
		p, PROBLEM_BAD_INPUT,
		"%s: %zu of the %u signatures that %s asks for are good; it was "
		"changed, or not signed with the keys of role '%s': ask who "
		"made it",
		metadata->name, signers, threshold, root->name,
		tuf_role_names[metadata->role]);
}

int tuf_metadata_fresh(const struct tuf_metadata *metadata, int64_t now_s,
		       struct problem *p)
{
	char expiry[INSTANT_TEXT], now[INSTANT_TEXT];

	if (now_s < metadata->expires_s)
		return 0;
	return problem_set(p, PROBLEM_CONFLICT,
			   "%s: it expired at %s, and it is %s: what is newer was kept "
			   "from us, or not made; bring a newer bundle, or set the clock",
			   metadata->name, instant_format(metadata->expires_s, expiry),
			   instant_format(now_s, now));
}

const struct tuf_listed *tuf_metadata_listed(const struct tuf_metadata *metadata,
					     const char *name)
{
	for (size_t i = 0; i < metadata->listed_count; i++) {
		if (strcmp(metadata->listed[i].name, name) == 0)
			return &metadata->listed[i];
	}
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, ((const struct tuf_target *)b)->name);
}

const struct tuf_target *tuf_metadata_target(const struct tuf_metadata *metadata,
					     const char *name)
{
	if (metadata->target_count == 0)
		return NULL;
	return bsearch(name, metadata->targets, metadata->target_count,
		       sizeof *metadata->targets, by_name);
}

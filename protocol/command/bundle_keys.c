/* Keys made, files signed, and a new root after the old one: what is done offline. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/buffer.h"
#include "engine/instant.h"
#include "engine/problem.h"
#include "protocol/command/bundle.h"
#include "protocol/command/files.h"
#include "protocol/command/tell.h"
#include "protocol/tuf/tuf_tree.h"
#include "protocol/tuf/tuf_write.h"

/* clang-format off */
static const struct {
	const char *file;
	enum tuf_role role;
} made[] = {
	{ "root-1.pem", TUF_ROOT }, { "root-2.pem", TUF_ROOT }, { "root-3.pem", TUF_ROOT },
	{ "targets-1.pem", TUF_TARGETS }, { "targets-2.pem", TUF_TARGETS },
	{ "snapshot-1.pem", TUF_SNAPSHOT }, { "timestamp-1.pem", TUF_TIMESTAMP },
};
/* clang-format on */
enum { MADE = sizeof made / sizeof made[0], PEM_MOST = 16 * 1024 };

/* A secret into a file that only its owner reads, and that was not there. */
static int write_secret(int folder, const char *name, const struct tuf_secret *secret,
			const char *passphrase, struct problem *p)
{
	struct buffer pem;

	buffer_init(&pem, PEM_MOST);
	if (tuf_secret_write(secret, passphrase, &pem, p) < 0) {
		buffer_fini(&pem);
		return -1;
	}
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool whole = fd >= 0 && write(fd, pem.at, pem.size) == (ssize_t)pem.size &&
		     fsync(fd) == 0;
	int error = errno;
	if (fd >= 0)
		close(fd);
	buffer_fini(&pem);
	if (whole)
		return 0;
	return problem_set(p, error == EEXIST ? PROBLEM_CONFLICT : PROBLEM_EXTERNAL,
			   "the key %s cannot be written: %s%s", name, strerror(error),
			   error == EEXIST ? "; a key is never written over, name an "
					     "empty folder"
					   : "");
}

/* "root-1.pem" is of "root-1.pub": what others need to know of it, in hex. */
static int write_public(int folder, const char *name, const struct tuf_key *key,
			struct problem *p)
{
	char file[64], text[TUF_DIGEST_TEXT + 1];

	snprintf(file, sizeof file, "%.*s.pub", (int)(strlen(name) - 4), name);
	tuf_hex(key->public, sizeof key->public, text);
	strcat(text, "\n"); /* NOLINT: it has room for it */
	return tuf_tree_write(folder, file, text, strlen(text), p);
}

static int make_keys(int folder, const char *passphrase, struct bundle_keys *keys,
		     struct problem *p)
{
	for (size_t i = 0; i < MADE; i++) {
		keys->secrets[i] = tuf_secret_new(p);
		if (keys->secrets[i] == NULL)
			return -1;
		keys->count++;
		if (write_secret(folder, made[i].file, keys->secrets[i], passphrase, p) <
			    0 ||
		    write_public(folder, made[i].file, tuf_secret_key(keys->secrets[i]),
				 p) < 0)
			return -1;
	}
	return fsync(folder) < 0 ? problem_set(p, PROBLEM_EXTERNAL,
					       "the folder of keys cannot be synced: %s",
					       strerror(errno))
				 : 0;
}

static int write_first_root(int repository, const struct bundle_keys *keys,
			    int64_t expires_s, struct problem *p)
{
	struct tuf_key public[MADE];
	struct tuf_trust trust[TUF_ROLES] = { 0 };
	struct tuf_head head = { .version = 1, .expires_s = expires_s };
	struct buffer draft;
	size_t signers = 0;

	for (size_t i = 0; i < MADE; i++) {
		struct tuf_trust *one = &trust[made[i].role];
		public[i] = *tuf_secret_key(keys->secrets[i]);
		one->keys[one->count++] = (uint8_t)i;
		one->threshold = made[i].role == TUF_ROOT ? 2 : 1;
	}
	buffer_init(&draft, TUF_ROOT_MOST);
	int result = tuf_write_root(&draft, &head, public, MADE, trust, p);
	struct tuf_metadata *root = result < 0
					    ? NULL
					    : tuf_metadata_read(TUF_ROOT, "1.root.json",
								draft.at, draft.size, p);
	int folder = root == NULL ? -1 : bundle_folder(repository, "metadata", p);
	if (folder < 0 || bundle_sign(&draft, TUF_ROOT, keys, root, &signers, p) < 0 ||
	    tuf_tree_write(folder, "1.root.json", draft.at, draft.size, p) < 0)
		result = -1;
	if (folder >= 0)
		close(folder);
	tuf_metadata_free(root);
	buffer_fini(&draft);
	return result;
}

enum status run_bundle_init_keys(const struct invocation *invocation)
{
	const char *keys_path = invocation->arguments[0];
	const char *repository_path =
		invocation->argument_count > 1 ? invocation->arguments[1] : NULL;
	struct bundle_keys keys = { 0 };
	struct problem p = { 0 };
	int64_t now_s, expires_s;
	uint32_t version = 0;
	char *passphrase = NULL;
	int folder = -1, repository = -1, result = -1;

	if (bundle_now(invocation, &now_s, &p) < 0 ||
	    bundle_expiry(invocation, now_s, BUNDLE_ROOT_DAYS, &expires_s, &p) < 0)
		goto end;
	if (mkdir(keys_path, 0700) < 0 && errno != EEXIST) {
		problem_set(&p, PROBLEM_EXTERNAL, "%.100s cannot be made: %s", keys_path,
			    strerror(errno));
		goto end;
	}
	folder = tuf_tree_open(keys_path, &p);
	if (folder < 0)
		goto end;
	if (repository_path != NULL) {
		repository = bundle_folder_named(repository_path, &p);
		if (repository < 0 ||
		    bundle_newest(repository, TUF_ROOT, &version, &p) < 0)
			goto end;
	}
	if (version > 0) {
		problem_set(
			&p, PROBLEM_CONFLICT,
			"%.100s has a root already; 'bundle renew' makes the next one",
			repository_path);
		goto end;
	}
	passphrase = bundle_passphrase(invocation, "the new keys", true, &p);
	if (passphrase != NULL)
		result = make_keys(folder, passphrase, &keys, &p);
	if (result == 0 && repository >= 0)
		result = write_first_root(repository, &keys, expires_s, &p);
end:
	bundle_passphrase_free(passphrase);
	bundle_keys_fini(&keys);
	if (folder >= 0)
		close(folder);
	if (repository >= 0)
		close(repository);
	if (result < 0)
		return bundle_told(invocation, "make keys", &p);
	tell_note(invocation, "%d keys are in %s.", (int)MADE, keys_path);
	if (repository_path != NULL)
		tell_note(
			invocation,
			"The first root is %s/metadata/1.root.json; take it to the "
			"isolated side another way than the bundle.\nKeep the three root "
			"keys apart from each other, and root and targets keys off the "
			"network.",
			repository_path);
	return STATUS_DONE;
}

/* "metadata/3.targets.json" below its repository: the folder, role and version. */
static int split_name(const char *path, enum tuf_role *role, uint32_t *version,
		      char *repository, size_t size, struct problem *p)
{
	const char *name = file_name(path);
	char wanted[BUNDLE_NAME];

	*version = (uint32_t)strtoul(name, NULL, 10);
	for (int r = 0; r < TUF_ROLES; r++) {
		snprintf(wanted, sizeof wanted, "%u.%s.json", *version,
			 tuf_role_names[r]);
		if (strcmp(wanted, name) != 0)
			continue;
		*role = (enum tuf_role)r;
		int room = snprintf(repository, size, "%.*s..", (int)(name - path), path);
		if (room > 0 && (size_t)room < size)
			return 0;
	}
	return problem_set(p, PROBLEM_BAD_INPUT,
			   "%.100s is not called as metadata is (N.root.json, "
			   "N.targets.json) in its folder; name the file in the "
			   "repository",
			   path);
}

/* The root that says who may sign: the newest, and for a root that one itself. */
static struct tuf_metadata *root_for(int repository, enum tuf_role role, uint32_t version,
				     struct problem *p)
{
	uint32_t newest = version;

	if (role != TUF_ROOT && bundle_newest(repository, TUF_ROOT, &newest, p) < 0)
		return NULL;
	return bundle_read(repository, TUF_ROOT, newest == 0 ? 1 : newest, p);
}

/* The file with the signatures of those keys that one of the two roots knows.  A root is
 * signed by those who were trusted before it, too. */
static int add_signatures(int repository, const struct tuf_metadata *file,
			  const struct tuf_metadata *root, const struct bundle_keys *keys,
			  struct buffer *draft, struct problem *p)
{
	size_t signers;

	if (!buffer_append(draft, file->bytes, file->size))
		return problem_set(p, PROBLEM_NO_MEMORY, "no memory");
	if (file->role == TUF_ROOT && file->version > 1) {
		struct tuf_metadata *before =
			bundle_read(repository, TUF_ROOT, file->version - 1, p);
		int result = before == NULL ? -1
					    : bundle_sign(draft, TUF_ROOT, keys, before,
							  &signers, p);
		tuf_metadata_free(before);
		if (result < 0)
			return -1;
	}
	if (bundle_sign(draft, file->role, keys, root, &signers, p) < 0)
		return -1;
	if (draft->size != file->size || memcmp(draft->at, file->bytes, file->size) != 0)
		return 0;
	return problem_set(
		p, PROBLEM_BAD_INPUT,
		"none of these keys is one of role '%s' in %s, or all had signed "
		"before; name a key of that role with --key",
		tuf_role_names[file->role], root->name);
}

/* What is signed, before and after, and by whom it must be. */
struct signing {
	enum tuf_role role;
	uint32_t version;
	struct tuf_metadata *after, *root;
};

static int sign_file(int repository, struct signing *signing,
		     const struct bundle_keys *keys, struct problem *p)
{
	enum tuf_role role = signing->role;
	uint32_t version = signing->version;
	struct tuf_metadata *file;
	struct buffer draft;
	char name[BUNDLE_NAME];
	int result = -1;

	signing->root = root_for(repository, role, version, p);
	file = signing->root == NULL ? NULL : bundle_read(repository, role, version, p);
	if (file == NULL)
		return -1;
	buffer_init(&draft, tuf_most[role]);
	snprintf(name, sizeof name, "%u.%s.json", version, tuf_role_names[role]);
	int folder = bundle_folder(repository, "metadata", p);
	if (folder >= 0 &&
	    add_signatures(repository, file, signing->root, keys, &draft, p) == 0 &&
	    tuf_tree_write(folder, name, draft.at, draft.size, p) == 0) {
		signing->after = tuf_metadata_read(role, name, draft.at, draft.size, p);
		result = signing->after == NULL ? -1 : 0;
	}
	if (folder >= 0)
		close(folder);
	buffer_fini(&draft);
	tuf_metadata_free(file);
	return result;
}

enum status run_bundle_sign(const struct invocation *invocation)
{
	const char *path = invocation->arguments[0];
	struct bundle_keys keys = { 0 };
	struct problem p = { 0 };
	char repository_path[4096];
	struct signing signing = { 0 };
	int repository = -1, result = -1;

	if (split_name(path, &signing.role, &signing.version, repository_path,
		       sizeof repository_path, &p) < 0)
		goto end;
	if (invocation->key_count == 0) {
		problem_set(&p, PROBLEM_BAD_INPUT, "no key was named; give --key");
		goto end;
	}
	repository = tuf_tree_open(repository_path, &p);
	if (repository >= 0 && bundle_keys_read(&keys, invocation, &p) == 0)
		result = sign_file(repository, &signing, &keys, &p);
end:
	if (repository >= 0)
		close(repository);
	bundle_keys_fini(&keys);
	if (result == 0)
		tell_note(invocation, "%s has %zu of the %u signatures it needs.",
			  file_name(path),
			  tuf_metadata_signers(signing.after, signing.root),
			  signing.root->trust[signing.role].threshold);
	tuf_metadata_free(signing.after);
	tuf_metadata_free(signing.root);
	return result == 0 ? STATUS_DONE : bundle_told(invocation, "sign it", &p);
}

/* `id`'s place in the next root is taken by `fresh`, in every role. */
static int replace_key(struct tuf_metadata *root, const char *spec, struct problem *p)
{
	char id[TUF_DIGEST_TEXT];
	const char *equals = strchr(spec, '=');
	size_t size;
	bool found = false;

	if (equals == NULL || equals - spec >= (int)sizeof id || equals - spec < 8)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "--replace takes the first digits of a key's id (8 or "
				   "more), '=' and the .pub file of the new one, not "
				   "\"%.60s\"",
				   spec);
	snprintf(id, sizeof id, "%.*s", (int)(equals - spec), spec);
	char *text = file_read(equals + 1, PEM_MOST, &size, p);
	if (text == NULL)
		return -1;
	struct tuf_key fresh = { 0 };
	text[strcspn(text, "\r\n")] = '\0';
	struct buffer object;
	uint8_t digest[TUF_DIGEST];
	buffer_init(&object, PEM_MOST);
	int result = tuf_unhex(text, fresh.public, sizeof fresh.public) &&
				     tuf_key_write(&fresh, &object)
			     ? tuf_digest(object.at, object.size, digest, p)
			     : problem_set(p, PROBLEM_BAD_INPUT,
					   "%.100s does not hold a public key as 64 hex "
					   "digits",
					   equals + 1);
	if (result == 0)
		tuf_hex(digest, sizeof digest, fresh.id);
	for (size_t i = 0; result == 0 && i < root->key_count; i++) {
		if (strncmp(root->keys[i].id, id, strlen(id)) != 0)
			continue;
		root->keys[i] = fresh;
		found = true;
		break;
	}
	free(text);
	buffer_fini(&object);
	if (result == 0 && !found)
		result = problem_set(p, PROBLEM_NOT_FOUND, "no key of %s begins with %s",
				     root->name, id);
	return result;
}

static int renew(const struct invocation *invocation, int repository, uint32_t *version,
		 struct problem *p)
{
	const char *spec = invocation->options[OPTION_REPLACE];
	struct tuf_head head = { 0 };
	struct buffer draft;
	char name[BUNDLE_NAME];
	int64_t now_s;
	int folder = -1, result = -1;

	if (bundle_now(invocation, &now_s, p) < 0 ||
	    bundle_expiry(invocation, now_s, BUNDLE_ROOT_DAYS, &head.expires_s, p) < 0 ||
	    bundle_newest(repository, TUF_ROOT, version, p) < 0)
		return -1;
	struct tuf_metadata *root =
		bundle_read(repository, TUF_ROOT, *version == 0 ? 1 : *version, p);
	if (root == NULL)
		return -1;
	buffer_init(&draft, TUF_ROOT_MOST);
	if (tuf_metadata_signed(root, root, p) < 0) {
		problem_while(p, "the newest root is not signed yet; sign it first");
		goto end;
	}
	if (spec != NULL && replace_key(root, spec, p) < 0)
		goto end;
	head.version = ++*version;
	snprintf(name, sizeof name, "%u.root.json", *version);
	folder = bundle_folder(repository, "metadata", p);
	if (folder >= 0 && tuf_write_root(&draft, &head, root->keys, root->key_count,
					  root->trust, p) == 0)
		result = tuf_tree_write(folder, name, draft.at, draft.size, p);
end:
	if (folder >= 0)
		close(folder);
	buffer_fini(&draft);
	tuf_metadata_free(root);
	return result;
}

enum status run_bundle_renew(const struct invocation *invocation)
{
	struct problem p = { 0 };
	uint32_t version = 0;
	int repository = tuf_tree_open(invocation->arguments[0], &p);
	int result = repository < 0 ? -1 : renew(invocation, repository, &version, &p);

	if (repository >= 0)
		close(repository);
	if (result < 0)
		return bundle_told(invocation, "make the next root", &p);
	tell_note(invocation,
		  "%s/metadata/%u.root.json is made.  Sign it with two of the root keys "
		  "before anything is exported.",
		  invocation->arguments[0], version);
	return STATUS_DONE;
}

#include "tests/unit/tuf/repository.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/tuf/tuf_json.h"

/* What must work for a test to make sense. */
static void must(bool done, const struct problem *p)
{
	if (done)
		return;
	fprintf(stderr, "the repository of the test: %s\n", p->text);
	abort();
}

static void sign(struct repository *r, enum tuf_role role, struct buffer *draft,
		 const enum who *signers, size_t count)
{
	struct problem p = { 0 };

	for (size_t i = 0; i < count; i++) {
		struct buffer more;
		struct tuf_metadata *m = tuf_metadata_read(role, tuf_role_names[role],
							   draft->at, draft->size, &p);
		must(m != NULL, &p);
		buffer_init(&more, TUF_TARGETS_MOST);
		must(tuf_write_signed(&more, m, r->secret[signers[i]], &p) == 0, &p);
		tuf_metadata_free(m);
		buffer_fini(draft);
		*draft = more;
	}
	buffer_fini(&r->file[role]);
	r->file[role] = *draft;
}

static void write_root(struct repository *r, const struct tuf_head *head,
		       enum who snapshot, enum who timestamp, struct buffer *draft)
{
	struct problem p = { 0 };
	struct tuf_key keys[WHOS];
	struct tuf_trust trust[TUF_ROLES] = {
		[TUF_ROOT] = { 2, 3, { ROOT_1, ROOT_2, ROOT_3 } },
		[TUF_TARGETS] = { 1, 1, { TARGETS } },
		[TUF_SNAPSHOT] = { 1, 1, { (uint8_t)snapshot } },
		[TUF_TIMESTAMP] = { 1, 1, { (uint8_t)timestamp } },
	};

	for (size_t i = 0; i < WHOS; i++)
		keys[i] = *tuf_secret_key(r->secret[i]);
	buffer_init(draft, TUF_TARGETS_MOST);
	must(tuf_write_root(draft, head, keys, WHOS, trust, &p) == 0, &p);
}

void repository_root(struct repository *r, uint32_t version, const enum who *signers,
		     size_t count)
{
	struct buffer draft;
	struct tuf_head head = { version, EXPIRY, 0 };

	write_root(r, &head, SNAPSHOT, TIMESTAMP, &draft);
	sign(r, TUF_ROOT, &draft, signers, count);
}

void repository_root_with(struct repository *r, uint32_t version, int64_t expires_s,
			  bool spare_timestamp, bool spare_snapshot)
{
	static const enum who two[] = { ROOT_1, ROOT_3 };
	struct buffer draft;
	struct tuf_head head = { version, expires_s, 0 };

	write_root(r, &head, spare_snapshot ? SPARE : SNAPSHOT,
		   spare_timestamp ? SPARE : TIMESTAMP, &draft);
	sign(r, TUF_ROOT, &draft, two, 2);
}

void repository_targets(struct repository *r, uint32_t version, int64_t expires_s,
			enum who who)
{
	struct problem p = { 0 };
	struct buffer draft;
	struct tuf_head head = { version, expires_s, 0 };
	struct tuf_entry entries[] = {
		{ "a.msu", 5, { 0 }, "{\"what\":\"payload\"}" },
		{ "plan.xml", 3, { 0 }, NULL },
	};

	must(tuf_digest("alpha", 5, entries[0].digest, &p) == 0, &p);
	must(tuf_digest("two", 3, entries[1].digest, &p) == 0, &p);
	buffer_init(&draft, TUF_TARGETS_MOST);
	must(tuf_write_targets(&draft, &head, entries, 2, &p) == 0, &p);
	sign(r, TUF_TARGETS, &draft, &who, 1);
}

void repository_snapshot(struct repository *r, uint32_t version, int64_t expires_s,
			 enum who who)
{
	struct problem p = { 0 };
	struct buffer draft;
	struct tuf_head head = { version, expires_s, 0 };
	struct tuf_metadata *below =
		tuf_metadata_read(TUF_TARGETS, "targets", r->file[TUF_TARGETS].at,
				  r->file[TUF_TARGETS].size, &p);

	must(below != NULL, &p);
	buffer_init(&draft, TUF_TARGETS_MOST);
	must(tuf_write_snapshot(&draft, &head, below, &p) == 0, &p);
	tuf_metadata_free(below);
	sign(r, TUF_SNAPSHOT, &draft, &who, 1);
}

void repository_timestamp(struct repository *r, struct tuf_head head, enum who who)
{
	struct problem p = { 0 };
	struct buffer draft;
	struct tuf_metadata *below =
		tuf_metadata_read(TUF_SNAPSHOT, "snapshot", r->file[TUF_SNAPSHOT].at,
				  r->file[TUF_SNAPSHOT].size, &p);

	must(below != NULL, &p);
	buffer_init(&draft, TUF_TARGETS_MOST);
	must(tuf_write_timestamp(&draft, &head, below, &p) == 0, &p);
	tuf_metadata_free(below);
	sign(r, TUF_TIMESTAMP, &draft, &who, 1);
}

void repository_init(struct repository *r)
{
	static const enum who all[] = { ROOT_1, ROOT_2, ROOT_3 };
	struct problem p = { 0 };

	*r = (struct repository){ 0 };
	for (size_t i = 0; i < WHOS; i++) {
		r->secret[i] = tuf_secret_new(&p);
		must(r->secret[i] != NULL, &p);
	}
	repository_root(r, 1, all, 3);
	repository_targets(r, 1, EXPIRY, TARGETS);
	repository_snapshot(r, 1, EXPIRY, SNAPSHOT);
	repository_timestamp(r, (struct tuf_head){ 1, EXPIRY, 0 }, TIMESTAMP);
}

void repository_fini(struct repository *r)
{
	for (size_t i = 0; i < WHOS; i++)
		tuf_secret_free(r->secret[i]);
	for (size_t i = 0; i < TUF_ROLES; i++)
		buffer_fini(&r->file[i]);
}

void repository_replace(struct repository *r, enum tuf_role role, const char *from,
			const char *to, enum who who)
{
	struct problem p = { 0 };
	struct buffer draft, text;
	char signature[TUF_SIGNATURE_TEXT];
	struct tuf_json_document *document =
		tuf_json_read("before", r->file[role].at, r->file[role].size, &p);

	must(document != NULL, &p);
	buffer_init(&draft, TUF_TARGETS_MOST);
	buffer_init(&text, TUF_TARGETS_MOST);
	must(tuf_json_canonical(tuf_json_member(tuf_json_root(document), "signed"),
				&draft),
	     &p);
	tuf_json_free(document);
	const char *found = strstr(draft.at, from);
	must(found != NULL, &p);
	size_t before = (size_t)(found - draft.at), after = before + strlen(from);
	buffer_append(&text, draft.at, before);
	buffer_text(&text, to);
	buffer_append(&text, draft.at + after, draft.size - after);
	document = tuf_json_read("after", text.at, text.size, &p);
	if (document != NULL) { /* a text of the right form is signed as such */
		buffer_clear(&text, 0);
		tuf_json_canonical(tuf_json_root(document), &text);
		tuf_json_free(document);
	}
	must(tuf_secret_sign(r->secret[who], text.at, text.size, signature, &p) == 0, &p);
	struct buffer *file = &r->file[role];
	buffer_clear(file, 0);
	buffer_text(file, "{\"signatures\":[{\"keyid\":\"");
	buffer_text(file, tuf_secret_key(r->secret[who])->id);
	buffer_text(file, "\",\"sig\":\"");
	buffer_text(file, signature);
	buffer_text(file, "\"}],\"signed\":");
	buffer_append(file, text.at, text.size);
	buffer_text(file, "}");
	buffer_fini(&draft);
	buffer_fini(&text);
}

static int trust_before(struct tuf_client *client, const struct tuf_client *before,
			struct problem *p)
{
	for (int role = 0; role < TUF_ROLES; role++) {
		const struct tuf_metadata *m =
			tuf_client_file(before, (enum tuf_role)role);
		if (m != NULL && tuf_client_trust(client, (enum tuf_role)role, m->bytes,
						  m->size, p) < 0)
			return -1;
	}
	return 0;
}

int repository_refresh(const struct repository *r, const struct tuf_client *before,
		       int64_t now_s, struct tuf_client **after, struct problem *p)
{
	struct tuf_client *client = tuf_client_new(now_s);
	struct tuf_wanted wanted;
	const struct buffer *root = &r->file[TUF_ROOT];
	int result = before == NULL
			     ? tuf_client_trust(client, TUF_ROOT, root->at, root->size, p)
			     : trust_before(client, before, p);

	while (result == 0 && tuf_client_next(client, &wanted)) {
		const struct buffer *file = &r->file[wanted.role];
		if (wanted.role == TUF_ROOT &&
		    (before == NULL ||
		     tuf_client_file(client, TUF_ROOT)->size == root->size))
			result = tuf_client_missing(client, p);
		else
			result = tuf_client_take(client, file->at, file->size, p);
	}
	if (result == 0 && after != NULL)
		*after = client;
	else
		tuf_client_free(client);
	return result;
}

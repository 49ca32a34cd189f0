#include "protocol/tuf/tuf_write.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/buffer.h"
#include "engine/instant.h"
#include "engine/problem.h"
#include "protocol/tuf/tuf_json.h"

__attribute__((format(printf, 2, 3))) static bool add(struct buffer *to, const char *fmt,
						      ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	int size = vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	return size >= 0 && (size_t)size < sizeof text &&
	       buffer_append(to, text, (size_t)size);
}

static bool begin(struct buffer *to, enum tuf_role role, const struct tuf_head *head)
{
	char expires[INSTANT_TEXT], made[INSTANT_TEXT];

	return add(to,
		   "{\"_type\":\"%s\",\"spec_version\":\"1.0.31\",\"version\":%u,"
		   "\"expires\":\"%s\",",
		   tuf_role_names[role], head->version,
		   instant_format(head->expires_s, expires)) &&
	       (head->made_s == 0 ||
		add(to, "\"made\":\"%s\",", instant_format(head->made_s, made)));
}

/* Sort what was put together, wrap it with no signatures, and see that it can be read. */
static int finish(struct buffer *to, enum tuf_role role, const struct buffer *draft,
		  bool whole, struct problem *p)
{
	struct tuf_json_document *document = NULL;

	if (!whole)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "the %s file would be larger than the %zu bytes that "
				   "are read",
				   tuf_role_names[role], tuf_most[role]);
	document = tuf_json_read(tuf_role_names[role], draft->at, draft->size, p);
	if (document == NULL)
		return -1;
	whole = buffer_text(to, "{\"signatures\":[],\"signed\":") &&
		tuf_json_canonical(tuf_json_root(document), to) && buffer_text(to, "}");
	tuf_json_free(document);
	if (!whole)
		return problem_set(p, PROBLEM_NO_MEMORY, "no memory for the %s file",
				   tuf_role_names[role]);
	struct tuf_metadata *again =
		tuf_metadata_read(role, tuf_role_names[role], to->at, to->size, p);
	tuf_metadata_free(again);
	return again == NULL ? -1 : 0;
}

static bool add_trust(struct buffer *to, enum tuf_role role,
		      const struct tuf_trust *trust, const struct tuf_key *keys)
{
	bool whole = add(to, "%s\"%s\":{\"threshold\":%u,\"keyids\":[",
			 role == 0 ? "" : ",", tuf_role_names[role], trust->threshold);

	for (size_t i = 0; i < trust->count; i++)
		whole = whole &&
			add(to, "%s\"%s\"", i == 0 ? "" : ",", keys[trust->keys[i]].id);
	return whole && buffer_text(to, "]}");
}

int tuf_write_root(struct buffer *to, const struct tuf_head *head,
		   const struct tuf_key *keys, size_t key_count,
		   const struct tuf_trust trust[TUF_ROLES], struct problem *p)
{
	struct buffer draft;

	buffer_init(&draft, TUF_ROOT_MOST);
	bool whole = begin(&draft, TUF_ROOT, head) &&
		     buffer_text(&draft, "\"consistent_snapshot\":true,\"keys\":{");
	for (size_t i = 0; i < key_count; i++)
		whole = whole &&
			add(&draft, "%s\"%s\":", i == 0 ? "" : ",", keys[i].id) &&
			tuf_key_write(&keys[i], &draft);
	whole = whole && buffer_text(&draft, "},\"roles\":{");
	for (int role = 0; role < TUF_ROLES; role++)
		whole = whole &&
			add_trust(&draft, (enum tuf_role)role, &trust[role], keys);
	whole = whole && buffer_text(&draft, "}}");
	int result = finish(to, TUF_ROOT, &draft, whole, p);
	buffer_fini(&draft);
	return result;
}

static int write_listing(struct buffer *to, enum tuf_role role,
			 const struct tuf_head *head, const struct tuf_metadata *below,
			 struct problem *p)
{
	struct buffer draft;
	uint8_t digest[TUF_DIGEST];
	char hex[TUF_DIGEST_TEXT];

	if (tuf_digest(below->bytes, below->size, digest, p) < 0)
		return -1;
	tuf_hex(digest, sizeof digest, hex);
	buffer_init(&draft, tuf_most[role]);
	bool whole = begin(&draft, role, head) &&
		     add(&draft,
			 "\"meta\":{\"%s.json\":{\"version\":%u,\"length\":%zu,"
			 "\"hashes\":{\"sha256\":\"%s\"}}}}",
			 tuf_role_names[below->role], below->version, below->size, hex);
	int result = finish(to, role, &draft, whole, p);
	buffer_fini(&draft);
	return result;
}

int tuf_write_timestamp(struct buffer *to, const struct tuf_head *head,
			const struct tuf_metadata *snapshot, struct problem *p)
{
	return write_listing(to, TUF_TIMESTAMP, head, snapshot, p);
}

int tuf_write_snapshot(struct buffer *to, const struct tuf_head *head,
		       const struct tuf_metadata *targets, struct problem *p)
{
	return write_listing(to, TUF_SNAPSHOT, head, targets, p);
}

int tuf_write_targets(struct buffer *to, const struct tuf_head *head,
		      const struct tuf_entry *entries, size_t count, struct problem *p)
{
	struct buffer draft;
	char hex[TUF_DIGEST_TEXT];

	buffer_init(&draft, TUF_TARGETS_MOST);
	bool whole =
		begin(&draft, TUF_TARGETS, head) && buffer_text(&draft, "\"targets\":{");
	for (size_t i = 0; whole && i < count; i++) {
		const struct tuf_entry *entry = &entries[i];
		tuf_hex(entry->digest, sizeof entry->digest, hex);
		whole = buffer_text(&draft, i == 0 ? "" : ",") &&
			tuf_json_quote(&draft, entry->name) &&
			add(&draft,
			    ":{\"length\":%" PRIu64 ",\"hashes\":{\"sha256\":"
			    "\"%s\"}",
			    entry->length, hex) &&
			(entry->custom == NULL || (buffer_text(&draft, ",\"custom\":") &&
						   buffer_text(&draft, entry->custom))) &&
			buffer_text(&draft, "}");
	}
	whole = whole && buffer_text(&draft, "}}");
	int result = finish(to, TUF_TARGETS, &draft, whole, p);
	buffer_fini(&draft);
	return result;
}

int tuf_write_signed(struct buffer *to, const struct tuf_metadata *metadata,
		     const struct tuf_secret *secret, struct problem *p)
{
	char signature[TUF_SIGNATURE_TEXT];
	const char *id = tuf_secret_key(secret)->id;
	const char *comma = "";

	if (tuf_secret_sign(secret, metadata->canonical, metadata->canonical_size,
			    signature, p) < 0)
		return -1;
	bool whole = buffer_text(to, "{\"signatures\":[");
	for (size_t i = 0; whole && i < metadata->signature_count; i++) {
		const struct tuf_signature *one = &metadata->signatures[i];
		if (strcmp(one->key_id, id) == 0)
			continue;
		whole = buffer_text(to, comma) && buffer_text(to, "{\"keyid\":") &&
			tuf_json_quote(to, one->key_id) && buffer_text(to, ",\"sig\":") &&
			tuf_json_quote(to, one->hex) && buffer_text(to, "}");
		comma = ",";
	}
	whole = whole &&
		add(to, "%s{\"keyid\":\"%s\",\"sig\":\"%s\"}],\"signed\":", comma, id,
		    signature) &&
		buffer_append(to, metadata->canonical, metadata->canonical_size) &&
		buffer_text(to, "}");
	if (!whole)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "%s: no room for one more signature", metadata->name);
	return 0;
}

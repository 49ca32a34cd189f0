#include "protocol/wusp/identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "engine/backend.h"
#include "engine/problem.h"

enum { VALUE = 512, NUMBER = 24 };

static int read_number(const struct backend_ops *ops, struct session *session,
		       const char *name, int64_t *number, struct problem *p)
{
	char value[NUMBER];
	int rc = ops->setting_read(session, name, value, sizeof value, p);

	*number = rc == 1 ? strtoll(value, NULL, 10) : 0;
	return rc;
}

static int put_number(const struct backend_ops *ops, struct session *session,
		      const char *name, int64_t number, struct problem *p)
{
	char value[NUMBER];

	snprintf(value, sizeof value, "%" PRId64, number);
	return ops->setting_put(session, name, value, p);
}

/* "id:made:hex" for each key, the newest first. */
static void format_keys(const struct cookie_keys *keys, char value[static VALUE])
{
	size_t used = 0;

	value[0] = '\0';
	for (size_t i = 0; i < COOKIE_KEYS; i++) {
		const struct cookie_key *key = &keys->keys[i];
		if (key->id == 0)
			continue;
		used += (size_t)snprintf(value + used, VALUE - used,
					 "%s%" PRIu32 ":%" PRId64 ":",
					 used > 0 ? " " : "", key->id, key->made_s);
		for (size_t k = 0; k < sizeof key->bytes; k++)
			used += (size_t)snprintf(value + used, VALUE - used, "%02x",
						 key->bytes[k]);
	}
}

static int read_keys(const struct backend_ops *ops, struct session *session,
		     struct cookie_keys *keys, struct problem *p)
{
	char value[VALUE], *rest = value;
	int rc = ops->setting_read(session, "wusp.keys", value, sizeof value, p);

	memset(keys, 0, sizeof *keys);
	for (size_t i = 0; rc == 1 && i < COOKIE_KEYS && *rest != '\0'; i++) {
		struct cookie_key *key = &keys->keys[i];
		int at = 0;
		if (sscanf(rest, "%" SCNu32 ":%" SCNd64 ":%n", &key->id, &key->made_s,
			   &at) < 2 ||
		    at == 0)
			break;
		rest += at;
		for (size_t k = 0; k < sizeof key->bytes; k++, rest += 2) {
			unsigned byte;
			if (sscanf(rest, "%2x", &byte) != 1) {
				memset(key, 0, sizeof *key);
				return problem_set(p, PROBLEM_EXTERNAL,
						   "the store's cookie keys are damaged");
			}
			key->bytes[k] = (uint8_t)byte;
		}
		while (*rest == ' ')
			rest++;
	}
	return rc < 0 ? -1 : 0;
}

static int read_server(const struct backend_ops *ops, struct session *session,
		       struct guid *server, struct problem *p)
{
	char value[GUID_TEXT];
	int rc = ops->setting_read(session, "wusp.server", value, sizeof value, p);

	memset(server, 0, sizeof *server);
	if (rc == 1 && !guid_parse(value, strlen(value), server))
		return problem_set(p, PROBLEM_EXTERNAL,
				   "the store's server id is damaged");
	return rc;
}

int wusp_identity_read(const struct backend_ops *ops, struct session *session,
		       struct wusp_identity *identity, struct problem *p)
{
	int64_t generation, configuration;

	if (read_server(ops, session, &identity->server, p) < 0 ||
	    read_number(ops, session, "wusp.generation", &generation, p) < 0 ||
	    read_number(ops, session, "wusp.configuration", &configuration, p) < 0 ||
	    read_number(ops, session, "wusp.last-change", &identity->last_change_s, p) <
		    0 ||
	    read_keys(ops, session, &identity->keys, p) < 0)
		return -1;
	identity->generation = (uint32_t)generation;
	identity->configuration = (uint64_t)configuration;
	return 0;
}

static int make_server(const struct backend_ops *ops, struct session *session,
		       struct problem *p)
{
	struct guid server;
	char text[GUID_TEXT];

	if (RAND_bytes(server.bytes, sizeof server.bytes) != 1)
		return problem_set(p, PROBLEM_EXTERNAL,
				   "there is no randomness to be had");
	return ops->setting_put(session, "wusp.server", guid_format(&server, text), p);
}

static int keep_keys(const struct backend_ops *ops, struct session *session,
		     struct cookie_keys *keys, int64_t now_s, struct problem *p)
{
	uint8_t random[COOKIE_KEY];
	char value[VALUE];

	if (RAND_bytes(random, sizeof random) != 1)
		return problem_set(p, PROBLEM_EXTERNAL,
				   "there is no randomness to be had");
	if (!cookie_keys_rotate(keys, now_s, WUSP_KEY_AGE_S, random))
		return 0;
	format_keys(keys, value);
	return ops->setting_put(session, "wusp.keys", value, p) < 0 ? -1 : 1;
}

int wusp_identity_keep(const struct backend_ops *ops, struct session *session,
		       int64_t now_s, struct problem *p)
{
	struct wusp_identity identity;
	int64_t version;

	if (wusp_identity_read(ops, session, &identity, p) < 0 ||
	    read_number(ops, session, "wusp.config-version", &version, p) < 0)
		return -1;
	bool is_new = guid_is_zero(&identity.server);
	if (is_new && make_server(ops, session, p) < 0)
		return -1;
	bool is_other = version != WUSP_CONFIG_VERSION;
	if (is_other && (put_number(ops, session, "wusp.config-version",
				    WUSP_CONFIG_VERSION, p) < 0 ||
			 put_number(ops, session, "wusp.configuration",
				    (int64_t)identity.configuration + 1, p) < 0 ||
			 put_number(ops, session, "wusp.last-change", now_s, p) < 0))
		return -1;
	int rc = keep_keys(ops, session, &identity.keys, now_s, p);
	return rc < 0 ? -1 : rc == 1 || is_new || is_other;
}

int wusp_identity_move(const struct backend_ops *ops, struct session *session,
		       uint32_t generation, struct problem *p)
{
	return make_server(ops, session, p) < 0
		       ? -1
		       : wusp_identity_put_generation(ops, session, generation + 1, p);
}

int wusp_identity_put_generation(const struct backend_ops *ops, struct session *session,
				 uint32_t generation, struct problem *p)
{
	return put_number(ops, session, "wusp.generation", generation, p);
}

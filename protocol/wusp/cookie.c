#include "protocol/wusp/cookie.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "engine/instant.h"

/* Where things are; the header has the table. */
enum {
	AT_KIND = 4,
	AT_KEY = 8,
	AT_STORE = 12,
	AT_SERVER = 20,
	AT_CONFIGURATION = 36,
	AT_ISSUED = 44,
	AT_EXPIRES = 52,
	AT_COMPUTER = 60,
	AT_TOLD = 76,
	AT_MAC = 100,
	MAC_SIZE = 32,
};
_Static_assert(AT_MAC + MAC_SIZE == COOKIE_SIZE, "the header's table");

static const uint8_t magic[4] = { 'P', 'Y', 'C', '1' };

static void put_u32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void put_u64(uint8_t *at, uint64_t value)
{
	put_u32(at, (uint32_t)(value >> 32));
	put_u32(at + 4, (uint32_t)value);
}

static uint32_t get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
	       at[3];
}

static uint64_t get_u64(const uint8_t *at)
{
	return (uint64_t)get_u32(at) << 32 | get_u32(at + 4);
}

/* Fetched once: a fetch for each cookie would cost more than its MAC. */
static EVP_MD *sha256;

static void fetch(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static bool make_mac(const struct cookie_key *key, const uint8_t *bytes,
		     uint8_t mac[static MAC_SIZE])
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	unsigned size = 0;

	pthread_once(&once, fetch);
	return sha256 != NULL &&
	       HMAC(sha256, key->bytes, sizeof key->bytes, bytes, AT_MAC, mac, &size) !=
		       NULL &&
	       size == MAC_SIZE;
}

static void put_told(uint8_t *at, bool known, const struct told *told)
{
	put_u32(at, told->generation);
	put_u32(at + 4, (uint32_t)told->revision_id);
	at[8] = told->action;
	at[9] = told->is_assigned;
	at[10] = known;
	put_u64(at + 12, (uint64_t)told->deadline_s);
}

static void get_told(const uint8_t *at, struct cookie *cookie)
{
	cookie->told = (struct told){
		.generation = get_u32(at),
		.revision_id = (int32_t)get_u32(at + 4),
		.action = at[8],
		.is_assigned = at[9] != 0,
		.deadline_s = (int64_t)get_u64(at + 12),
	};
	cookie->told_known = at[10] != 0;
}

void cookie_seal(const struct cookie *cookie, const struct cookie_keys *keys,
		 uint8_t bytes[static COOKIE_SIZE])
{
	const struct cookie_key *key = &keys->keys[0];

	memset(bytes, 0, COOKIE_SIZE);
	memcpy(bytes, magic, sizeof magic);
	bytes[AT_KIND] = (uint8_t)cookie->kind;
	put_u32(bytes + AT_KEY, key->id);
	put_u64(bytes + AT_STORE, cookie->store_generation);
	memcpy(bytes + AT_SERVER, cookie->server.bytes, sizeof cookie->server.bytes);
	put_u64(bytes + AT_CONFIGURATION, cookie->configuration);
	put_u64(bytes + AT_ISSUED, (uint64_t)cookie->issued_s);
	put_u64(bytes + AT_EXPIRES, (uint64_t)cookie->expires_s);
	memcpy(bytes + AT_COMPUTER, cookie->computer.bytes,
	       sizeof cookie->computer.bytes);
	put_told(bytes + AT_TOLD, cookie->told_known, &cookie->told);
	assert(key->id != 0);
	if (!make_mac(key, bytes, bytes + AT_MAC))
		memset(bytes, 0,
		       COOKIE_SIZE); /* no memory: opens as forged, never as good */
}

static const struct cookie_key *find_key(const struct cookie_keys *keys, uint32_t id)
{
	for (size_t i = 0; i < COOKIE_KEYS; i++) {
		if (id != 0 && keys->keys[i].id == id)
			return &keys->keys[i];
	}
	return NULL;
}

static bool is_authentic(const uint8_t *bytes, size_t size, enum cookie_kind kind,
			 const struct cookie_keys *keys)
{
	uint8_t mac[MAC_SIZE];

	if (size != COOKIE_SIZE || memcmp(bytes, magic, sizeof magic) != 0 ||
	    bytes[AT_KIND] != (uint8_t)kind)
		return false;
	const struct cookie_key *key = find_key(keys, get_u32(bytes + AT_KEY));
	return key != NULL && make_mac(key, bytes, mac) &&
	       CRYPTO_memcmp(mac, bytes + AT_MAC, MAC_SIZE) == 0;
}

enum cookie_verdict cookie_open(const void *data, size_t size, enum cookie_kind kind,
				const struct cookie_present *present,
				struct cookie *cookie)
{
	const uint8_t *bytes = data;

	if (!is_authentic(bytes, size, kind, present->keys))
		return COOKIE_FORGED;
	cookie->kind = kind;
	cookie->store_generation = get_u64(bytes + AT_STORE);
	memcpy(cookie->server.bytes, bytes + AT_SERVER, sizeof cookie->server.bytes);
	cookie->configuration = get_u64(bytes + AT_CONFIGURATION);
	cookie->issued_s = (int64_t)get_u64(bytes + AT_ISSUED);
	cookie->expires_s = (int64_t)get_u64(bytes + AT_EXPIRES);
	memcpy(cookie->computer.bytes, bytes + AT_COMPUTER,
	       sizeof cookie->computer.bytes);
	get_told(bytes + AT_TOLD, cookie);
	if (!guid_equal(&cookie->server, &present->server) ||
	    cookie->store_generation > present->store_generation)
		return COOKIE_OTHER_SERVER;
	if (cookie->configuration != present->configuration)
		return COOKIE_OTHER_SETTINGS;
	if (present->now_s >= cookie->expires_s)
		return COOKIE_EXPIRED;
	return COOKIE_GOOD;
}

bool cookie_keys_rotate(struct cookie_keys *keys, int64_t now_s, int64_t age_s,
			const uint8_t random[static COOKIE_KEY])
{
	/* The longest life of a cookie; what a key signed is over after it. */
	enum { SIGNED_S = DAY_S };
	struct cookie_key *newest = &keys->keys[0];
	bool changed = false;

	if (newest->id == 0 || now_s - newest->made_s >= age_s) {
		struct cookie_key fresh = { .id = newest->id + 1, .made_s = now_s };
		if (fresh.id == 0)
			fresh.id = 1;
		memcpy(fresh.bytes, random, sizeof fresh.bytes);
		memmove(&keys->keys[1], &keys->keys[0],
			(COOKIE_KEYS - 1) * sizeof keys->keys[0]);
		keys->keys[0] = fresh;
		changed = true;
	}
	/* A key stopped signing when the one before it in the row was made. */
	for (size_t i = 1; i < COOKIE_KEYS; i++) {
		if (keys->keys[i].id != 0 &&
		    now_s - keys->keys[i - 1].made_s > SIGNED_S) {
			OPENSSL_cleanse(&keys->keys[i], sizeof keys->keys[i]);
			changed = true;
		}
	}
	return changed;
}

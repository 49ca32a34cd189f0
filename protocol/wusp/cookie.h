/* The cookies of MS-WUSP: fixed bytes under a MAC.
 *
 * What a client hands back is checked in this order before anything of it is believed:
 * its length, its kind, its key, its HMAC-SHA-256 (in constant time).  Only then are
 * server, age, configuration and computer looked at.  Nothing is decrypted and nothing
 * deserialised: a cookie is COOKIE_SIZE bytes of fixed layout, numbers big-endian.
 *
 *	 0  magic "PYC1"		36  configuration generation u64
 *	 4  kind u8, 3 zero bytes	44  issued, expires: u64 seconds each
 *	 8  key id u32			60  computer GUID
 *	12  store generation u64	76  told (protocol/wusp/sync.h): 24 bytes
 *	20  server id, 16 bytes	       100  HMAC-SHA-256
 *
 * Keys are made by cookie_keys_rotate() and kept in the store; an old one is good for
 * reading until everything it signed has expired.  Pure: keys and time come in. */

#ifndef PROTOCOL_WUSP_COOKIE_H
#define PROTOCOL_WUSP_COOKIE_H

#include "protocol/wusp/sync.h"

enum { COOKIE_SIZE = 132, COOKIE_KEYS = 4, COOKIE_KEY = 32 };

enum cookie_kind { COOKIE_AUTHORIZATION = 1, COOKIE_SESSION = 2 };

struct cookie_key {
	uint32_t id; /* 0: an empty place */
	int64_t made_s;
	uint8_t bytes[COOKIE_KEY];
};
struct cookie_keys {
	struct cookie_key keys[COOKIE_KEYS]; /* the newest first */
};

struct cookie {
	enum cookie_kind kind;
	uint64_t store_generation; /* grows with the library; ahead of ours: we were
				      restored from an older database */
	struct guid server;
	uint64_t configuration;
	int64_t issued_s, expires_s;
	struct guid computer;
	bool told_known;
	struct told told;
};

enum cookie_verdict {
	COOKIE_GOOD,
	COOKIE_FORGED,         /* malformed, unknown key, wrong MAC: InvalidCookie */
	COOKIE_OTHER_SERVER,   /* ServerChanged; also a store older than the cookie */
	COOKIE_OTHER_SETTINGS, /* ConfigChanged */
	COOKIE_EXPIRED,        /* CookieExpired */
};

/* What is true here and now. */
struct cookie_present {
	const struct cookie_keys *keys;
	struct guid server;
	uint64_t store_generation, configuration;
	int64_t now_s;
};

void cookie_seal(const struct cookie *cookie, const struct cookie_keys *keys,
		 uint8_t bytes[static COOKIE_SIZE]);
/* *cookie is filled unless it is forged: an old cookie's `told` is still true when it
 * has expired. */
enum cookie_verdict cookie_open(const void *bytes, size_t size, enum cookie_kind kind,
				const struct cookie_present *present,
				struct cookie *cookie);
/* A new key in front, where the newest is older than `age_s` or there is none; keys that
 * only signed what is over are dropped.  `random` is COOKIE_KEY fresh bytes.  True when
 * anything changed. */
bool cookie_keys_rotate(struct cookie_keys *keys, int64_t now_s, int64_t age_s,
			const uint8_t random[static COOKIE_KEY]);

#endif

/* What a device reports about itself.
 *
 * A fact is a value with the time it was observed, or it is not reported; not reported
 * is never "false".  An operator may assert a fact a device cannot report; it is then
 * marked, by whom and when.  Names are dotted and lower case (DESIGN 2.1).  A struct
 * facts is a plain value without pointers: copy it, put it on the stack, hand it to
 * another thread. */

#ifndef ENGINE_FACTS_H
#define ENGINE_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/limits.h"

struct problem;

/* The names the rules know.  All others are free text for matching. */
enum fact_id {
	FACT_OTHER = 0,
	FACT_OS_FAMILY,        /* client | server */
	FACT_OS_BUILD,         /* 26100.3775, also 10.0.26100.3775 */
	FACT_OS_EDITION,       /* EditionID */
	FACT_OS_ARCH,          /* x64 | arm64 */
	FACT_OS_KBS,           /* "KB5055523 KB5058497", white space or commas */
	FACT_VBS,              /* off | configured | running */
	FACT_CHPE,             /* on | off */
	FACT_LICENCE_HOTPATCH, /* yes | no */
	FACT_RESTART_PENDING,  /* yes | no */
	FACT_OS_BOOT,          /* RFC 3339 time of the last start */
	FACTS_KNOWN
};

/* Assumed facts are for one question and are never kept. */
enum fact_source { FACT_REPORTED, FACT_ASSERTED, FACT_ASSUMED, FACT_SOURCES };
extern const char *const fact_source_names[FACT_SOURCES];

struct fact {
	uint16_t name_at, value_at; /* offsets into text[] */
	uint8_t id;                 /* enum fact_id */
	uint8_t source;             /* enum fact_source */
	int64_t observed_s;         /* when this value was last reported */
	int64_t since_s;            /* when it first had this value */
};

enum { FACT_SLOTS = 256 }; /* more than twice LIMIT_FACTS */

struct facts {
	uint16_t count;
	uint16_t used;
	int64_t reported_s; /* the last report of any kind; INSTANT_NONE before one */
	/* Where in fact[], from 1; 0 nowhere: of the known ones, and by a hash of the
	 * name with what collides in the slots behind. */
	uint8_t known[FACTS_KNOWN];
	uint8_t slot[FACT_SLOTS];
	struct fact fact[LIMIT_FACTS];
	char text[LIMIT_FACTS_TEXT];
};

void facts_init(struct facts *facts);

/* After fact[] was filled otherwise than by facts_set(): known[] and slot[] anew. */
void facts_index(struct facts *facts);

/* Set one fact.  Names are folded to lower case, known aliases to the name they stand
 * for (osVersion -> os.build); tabs and line ends in a value become spaces.  A value
 * identical to the present one only moves observed_s.  -1 when the name or value is
 * malformed or a limit is met; the facts are then unchanged.  *changed (may be NULL)
 * says whether the value, or who says it, is new. */
int facts_set(struct facts *facts, const char *name, const char *value, int64_t now_s,
	      enum fact_source source, bool *changed, struct problem *p);

/* Everything that is reported was reported again, as it stands. */
void facts_confirm(struct facts *facts, int64_t now_s);

/* Remove a fact; true if it was there. */
bool facts_remove(struct facts *facts, const char *name);

/* NULL when not reported.  `name` is a folded one. */
const char *facts_get(const struct facts *facts, const char *name);
const char *facts_known(const struct facts *facts, enum fact_id id);
const struct fact *facts_find(const struct facts *facts, const char *name);
/* For who asks often: the hash of a folded name, and the look-up with it at hand. */
uint16_t fact_name_hash(const char *name);
const struct fact *facts_find_hashed(const struct facts *facts, const char *name,
				     uint16_t hash);
const char *fact_name(const struct facts *facts, const struct fact *fact);
const char *fact_value(const struct facts *facts, const struct fact *fact);

const char *fact_id_name(enum fact_id id);
enum fact_id fact_id_of(const char *name); /* takes aliases; FACT_OTHER if unknown */

/* Fold a name as facts_set() does.  False, with `folded` undefined, for what is no
 * name. */
bool fact_name_fold(const char *name, char folded[static LIMIT_FACT_NAME + 1]);

/* Walk the KBs of an os.kbs value: the next one from *at on, false at the end.  What
 * is no KB is passed over. */
bool facts_next_kb(const char **at, uint32_t *kb);

#endif

/* The catalog: products and their releases, immutable once sealed.
 *
 * Whoever reads a catalog (XML, a bundle, a test) adds products and releases to a
 * struct catalog_draft, each with the file and line it came from, and seals it.
 * Sealing checks what a schema cannot know and reports every fault as a finding with
 * that file and line; a sealed catalog has none.  It may then be shared between
 * threads freely; whoever holds the last reference frees it.
 *
 * Inside, releases are laid out per *line*: one product on one architecture, in order
 * of publication, with `baseline`, `repairs` and the end of the repair chain resolved
 * to indices in that line (DESIGN 2.2, 2.5).  Decisions walk a line; operators speak
 * of a (product, KB, build), which is a struct title. */

#ifndef ENGINE_CATALOG_H
#define ENGINE_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/findings.h"
#include "engine/limits.h"

struct expression;
struct facts;

enum release_kind {
	RELEASE_RTM,
	RELEASE_BASELINE,
	RELEASE_HOTPATCH,
	RELEASE_LCU,
	RELEASE_PREVIEW,
	RELEASE_KINDS
};
enum cadence { CADENCE_B, CADENCE_D, CADENCE_OOB, CADENCES };
enum release_offer { OFFER_AUTO, OFFER_APPROVAL, OFFER_NEVER, RELEASE_OFFERS };
enum arch { ARCH_NONE = 0, ARCH_X64 = 1, ARCH_ARM64 = 2 }; /* bits */
enum family { FAMILY_NONE = 0, FAMILY_CLIENT, FAMILY_SERVER };
enum track { TRACK_STANDARD, TRACK_HOTPATCH };

extern const char *const release_kind_names[RELEASE_KINDS];
extern const char *const cadence_names[CADENCES];
extern const char *const release_offer_names[RELEASE_OFFERS];

/* 26100.3775; compared only within one base and only where DESIGN 2.2 says so. */
struct build {
	uint32_t base, revision;
};
enum { BUILD_TEXT = 24, KB_TEXT = 16 };
bool build_parse(const char *text, struct build *build); /* takes 10.0.26100.1 too */
char *build_format(struct build build, char text[static BUILD_TEXT]);
bool build_equal(struct build a, struct build b);
bool kb_parse(const char *text, uint32_t *kb); /* "KB5055523", any case, or digits */
char *kb_format(uint32_t kb, char text[static KB_TEXT]); /* "" for 0, an rtm's */

/* What operators name: one (product, KB, build), whatever its architectures. */
struct title {
	uint16_t product; /* index into catalog.products */
	uint32_t kb;      /* 0 for an rtm without one */
	struct build build;
	uint8_t archs; /* bits of enum arch */
	enum release_kind kind;
	int64_t published_s;
	size_t supersedes_count;
	const uint32_t *supersedes; /* KBs, as first written; for people to see */
};

/* One release on one line. */
struct release {
	uint32_t title; /* index into catalog.titles: the key of rollouts and holds */
	uint32_t kb;
	struct build build;
	enum release_kind kind;
	enum cadence cadence;
	enum release_offer offer;
	int64_t published_s;
	int32_t quarter; /* line index of its baseline; own index for a baseline; -1 none
			  */
	int32_t repairs; /* line index of what an OOB repairs, named or implied; -1 none
			  */
	int32_t anchor;  /* line index at the end of that chain; own index if not OOB */
	const struct expression *match; /* targeted to devices that match; NULL for all */
	const char *match_text;
};

struct line {
	const struct product *product;
	enum arch arch;
	size_t count;
	const struct release *releases; /* ascending publication, then build */
	const int32_t *by_build;        /* their indices, ascending build */
};

struct planned {
	enum release_kind kind;
	int64_t date_s; /* 10:00 Pacific is not known ahead: midnight UTC of the day */
};

struct product {
	char id[LIMIT_NAME + 1];
	char name[128];
	enum family family;
	uint32_t base;
	struct build from; /* hotpatch from this build on; {0,0} when never */
	size_t edition_count;
	char editions[LIMIT_EDITIONS][32];
	size_t leaves_track_count;
	uint32_t leaves_track[16]; /* KBs that end the quarter (DESIGN 2.2) */
	size_t planned_count;
	struct planned planned[64]; /* ascending */
	struct line lines[2];       /* x64, arm64; count 0 when absent */
};

struct catalog {
	size_t product_count;
	const struct product *products;
	size_t title_count;
	const struct title *titles;
	/* not for readers */
	struct catalog_memory *memory;
};

/* What a file says of one release, before it is checked.  Text is copied. */
struct release_draft {
	const char *kb;    /* "" or NULL only for rtm */
	const char *build; /* as written */
	enum release_kind kind;
	int cadence; /* enum cadence, or -1 for the default of the kind */
	int offer;   /* enum release_offer, or -1 for the default (rtm: never) */
	uint8_t archs;
	int64_t published_s;
	const char *baseline; /* KB or NULL */
	const char *repairs;  /* KB or NULL */
	bool track_hotpatch;  /* a cumulative release that belongs to its quarter */
	const char *match;    /* expression or NULL */
	size_t supersedes_count;
	const char *supersedes[32];
	struct origin origin;
};

struct catalog_draft;
struct catalog_draft *catalog_draft_new(void);
void catalog_draft_free(struct catalog_draft *draft); /* accepts NULL */

/* Start a product; its lists and releases follow.  Only id, name, family, base, from,
 * editions, leaves_track and planned of `product` are read.  A second product with an
 * id already there is a finding at seal. */
int catalog_draft_product(struct catalog_draft *draft, const struct product *product,
			  struct origin origin);
int catalog_draft_release(struct catalog_draft *draft,
			  const struct release_draft *release);

/* Check everything and build.  NULL with at least one error in *findings; the draft
 * is left to be freed by the caller either way. */
struct catalog *catalog_seal(struct catalog_draft *draft, struct findings *findings);
struct catalog *catalog_take(struct catalog *catalog);
void catalog_give(struct catalog *catalog);

/* Lookup.  NULL / -1 when there is none. */
const struct product *catalog_product(const struct catalog *catalog, const char *id);
int64_t catalog_title(const struct catalog *catalog, const struct product *product,
		      uint32_t kb, struct build build);
const struct line *product_line(const struct product *product, enum arch arch);
/* The first place in line->by_build of a release with this build; count for none. */
size_t line_find_build(const struct line *line, struct build build);
bool release_is_cumulative(const struct release *release);

const char *arch_name(enum arch arch);
enum arch arch_parse(const char *text);
const char *family_name(enum family family);
enum family family_parse(const char *text);

#endif

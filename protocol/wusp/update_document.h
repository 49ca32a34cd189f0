/* One update's metadata, as update servers ship it: a full document
 * (http://schemas.microsoft.com/msus/2002/12/Update) read once into what the server
 * needs to know of it, and into the fragments that agents are sent (MS-WUSP 2.2.2.2.4):
 *
 *	core		UpdateIdentity, Properties, Relationships, ApplicabilityRules
 *	extended	ExtendedProperties, Files, HandlerSpecificData
 *	localized	LocalizedProperties, one for each language
 *	eula		EulaFile, one for each file
 *
 * Fragments are kept escaped, as they go into <Xml>, so that answers only copy them.
 * Documents are anybody's: what is malformed, too large, or lacks what a rule below needs
 * is refused with its line.  Pure but for libxml2 behind protocol/xml. */

#ifndef PROTOCOL_WUSP_UPDATE_DOCUMENT_H
#define PROTOCOL_WUSP_UPDATE_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/soap/guid.h"

struct findings;

enum update_type {
	UPDATE_DETECTOID,
	UPDATE_CATEGORY,
	UPDATE_SOFTWARE,
	UPDATE_DRIVER,
	UPDATE_TYPES
};
extern const char *const update_type_names[UPDATE_TYPES]; /* as in UpdateType */

/* What a category is one of (cat:CategoryInformation @CategoryType). */
enum category_kind {
	CATEGORY_NONE, /* it is no category */
	CATEGORY_COMPANY,
	CATEGORY_FAMILY, /* ProductFamily */
	CATEGORY_PRODUCT,
	CATEGORY_CLASSIFICATION, /* UpdateClassification */
	CATEGORY_KINDS
};
extern const char *const category_kind_names[CATEGORY_KINDS]; /* "" for none */

struct update_identity {
	struct guid id;
	int32_t revision; /* 0 where a relationship names none: the highest */
};

/* One prerequisite: any of these is enough. */
struct update_clause {
	bool is_category;
	size_t count;
	const struct guid *ids;
};

struct update_file {
	const char *name;
	int64_t size_bytes;
	uint8_t sha1[20];
	bool has_sha256;
	uint8_t sha256[32];
};

struct update_fragment {
	const char *language; /* "" where it has none */
	const char *text;     /* escaped; NUL-terminated beyond `size` */
	size_t size;
};

enum { UPDATE_KBS = 8 };

struct update_document {
	struct update_identity identity;
	enum update_type type;
	enum category_kind category;
	bool explicitly_deployable;
	bool can_uninstall; /* UninstallationBehavior is there */
	char title[256];    /* in the default language */
	char handler[64];   /* last part of the handler's URI, "" for none */
	size_t kb_count;
	uint32_t kbs[UPDATE_KBS];
	size_t superseded_count;
	const struct guid *superseded;
	size_t clause_count;
	const struct update_clause *clauses;
	size_t member_count; /* of a bundle */
	const struct update_identity *members;
	size_t file_count;
	const struct update_file *files;
	struct update_fragment core, extended;
	size_t localized_count;
	const struct update_fragment *localized;
	size_t eula_count;
	const struct update_fragment *eulas;
	void *memory; /* not for readers */
};

/* A document from a file (named in findings) into *document.  -1 with at least one error
 * in *findings; nothing is then to be freed. */
int update_document_read(const char *name, const char *text, size_t size,
			 struct update_document *document, struct findings *findings);
void update_document_fini(struct update_document *document);

#endif

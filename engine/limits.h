/* Every maximum in the program, together, each with its reason.
 *
 * A limit is a promise to the operator: memory and time stay bounded whatever a
 * peer sends.  Sizes are bytes unless the name says otherwise. */

#ifndef ENGINE_LIMITS_H
#define ENGINE_LIMITS_H

enum {
	/* Names. hawkBit allows 256 bytes for a controller id. */
	LIMIT_DEVICE_ID = 256,
	LIMIT_NAME = 64,         /* product, ring, policy and KB names */
	LIMIT_EXPRESSION = 2048, /* source text of one match expression */
	LIMIT_EXPRESSION_NODES = 256,
	LIMIT_EXPRESSION_DEPTH = 32,

	/* Facts: hawkBit's 100 attributes, with room for our own long KB list. */
	LIMIT_FACTS = 112,
	LIMIT_FACT_NAME = 128,
	LIMIT_FACT_VALUE = 2048,
	LIMIT_FACTS_TEXT = 12 * 1024,
	LIMIT_DEVICE_KBS = 128, /* KBs read from os.kbs */

	/* Plan and catalog, far above any real one. */
	LIMIT_PRODUCTS = 64,
	LIMIT_EDITIONS = 64,
	LIMIT_RELEASES = 20000,
	LIMIT_POLICIES = 256,
	LIMIT_RINGS = 64,
	LIMIT_HOLDS = 1024,
	LIMIT_FINDINGS = 200, /* errors reported for one file set */

	/* HTTP. */
	LIMIT_HEADER_SECTION = 16 * 1024,
	LIMIT_HEADER_LINES = 64,
	LIMIT_TARGET = 4096,
	LIMIT_CONFIG_DATA_BODY = 128 * 1024,
	LIMIT_FEEDBACK_BODY = 256 * 1024,
	LIMIT_WUSP_BODY = 4 * 1024 * 1024,   /* agents list all they have */
	LIMIT_ADMIN_BODY = 64 * 1024 * 1024, /* a whole catalog in one call */
	LIMIT_CONNECTIONS_PER_LOOP = 20000,
	LIMIT_XML_DOCUMENT = 32 * 1024 * 1024,
	LIMIT_XML_DEPTH = 64,
	LIMIT_XML_TAG = 64 * 1024,    /* one start tag with its attributes */
	LIMIT_XML_ATTRIBUTES = 64,    /* of one element: each is compared with each */
	LIMIT_XML_ELEMENTS = 2000000, /* 20,000 releases with all they supersede */

	/* One update's metadata.  The largest seen holds a package manifest of 47 MB. */
	LIMIT_UPDATE_DOCUMENT = 64 * 1024 * 1024,
};

#endif

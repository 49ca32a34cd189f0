/* SOAP messages into structures, by table.
 *
 * A service is a table of operations; an operation's message is a *group*: a table of
 * fields, each with the name of its element, its kind and where it goes in a C
 * structure.  The reader walks the document once, as a stream (protocol/xml), matches
 * elements by local name in the service's name space, in any order, passes over what no
 * table names, honours xsi:nil, and keeps what it reads in an arena of its own.  SOAP 1.1
 * and 1.2 envelopes are taken; a Header is passed over unless it must be understood.
 *
 * One table serves both ends: the server reads requests with it and the agent answers.
 *
 * What does not fit is told twice: in words, as ever, and as the path of the field at
 * fault from the operation down ("parameters.InstalledNonLeafUpdateIDs"), which is what
 * MS-WUSP's InvalidParameters wants as its Message.
 *
 * A reader belongs to one thread; what it read is valid until its next document. */

#ifndef PROTOCOL_SOAP_SOAP_READ_H
#define PROTOCOL_SOAP_SOAP_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/soap/guid.h"

struct problem;

enum soap_kind {
	SOAP_TEXT,  /* struct soap_text */
	SOAP_INT,   /* int64_t */
	SOAP_BOOL,  /* bool */
	SOAP_GUID,  /* struct guid */
	SOAP_TIME,  /* int64_t, seconds since 1970; fractions are cut */
	SOAP_BYTES, /* struct soap_text, decoded from base64 */
	SOAP_GROUP, /* the structure of `group`, in place */
};

/* NUL-terminated beyond `size`.  Not there, empty as nil: at NULL. */
struct soap_text {
	const char *at;
	size_t size;
};

/* Of one kind: int64_t, struct guid, struct soap_text, or the structure of a group. */
struct soap_list {
	size_t count;
	void *items;
};

struct soap_group;
struct soap_field {
	const char *name; /* the element's local name */
	enum soap_kind kind;
	size_t offset; /* in the structure of its group */
	/* Where it may be repeated: at most so often, into a struct soap_list; one more
	 * is at fault.  0: at most once, the last one counts. */
	uint32_t most;
	bool required;
	const struct soap_group *group; /* of SOAP_GROUP */
	/* Longest text or decoded bytes; 0: no limit but the document's. */
	size_t size_most;
	/* Was it there?  Offset of a bool, where has_offset is true. */
	bool tells;
	size_t tells_offset;
};
struct soap_group {
	size_t size; /* of the structure, which is zeroed first */
	size_t field_count;
	const struct soap_field *fields;
};

struct soap_operation {
	const char *name; /* of the element in Body: SyncUpdates, SyncUpdatesResponse */
	const struct soap_group *message;
};
struct soap_service {
	const char *space;
	size_t operation_count;
	const struct soap_operation *operations;
};

/* What an answer may be instead; texts "" where absent. */
struct soap_fault {
	char code[64]; /* Client, Server: without its prefix */
	char text[256];
	char error_code[64]; /* MS-WUSP: InvalidCookie, ... */
	char message[256];   /* the parameter of InvalidParameters */
};

enum soap_version { SOAP_11 = 11, SOAP_12 = 12 };

struct soap_message {
	enum soap_version version;
	const struct soap_operation *operation; /* NULL: a fault, or unknown */
	char name[128];                         /* of the element in Body, cut */
	void *body;                             /* the operation's structure */
	bool is_fault;
	struct soap_fault fault;
	char field[256]; /* the path of the field at fault; "" where none is */
};

struct soap_reader;

/* NULL only without memory.  The service is borrowed.  Memory of one document is bounded
 * by `memory_most` beyond the document itself. */
struct soap_reader *soap_reader_new(const struct soap_service *service,
				    size_t memory_most);
void soap_reader_free(struct soap_reader *reader); /* accepts NULL */

/* Reads one whole message.  0, or -1 with *p told: PROBLEM_BAD_INPUT for what is no SOAP,
 * no XML we read, no operation of the service, or does not fit its table;
 * PROBLEM_TOO_LARGE past a limit.  *message is filled as far as it was understood, so
 * that a fault can name its operation and version. */
int soap_read(struct soap_reader *reader, const char *text, size_t size,
	      struct soap_message *message, struct problem *p);

#endif

/* SOAP messages out: an envelope, elements, and the faults of MS-WUSP (2.2.2.4).
 *
 * A writer appends to a buffer and fails once for all: after the first lack of memory it
 * does nothing, and soap_end() says so.  Texts are escaped here and nowhere else; bytes
 * that XML cannot carry become U+FFFD.  What was escaped ahead goes in with
 * soap_raw(). */

#ifndef PROTOCOL_SOAP_SOAP_WRITE_H
#define PROTOCOL_SOAP_SOAP_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/soap/guid.h"
#include "protocol/soap/soap_read.h"

struct buffer;

struct soap_writer {
	struct buffer *out;
	bool failed;
};

/* "...<s:Body><OPERATION xmlns="SPACE">" and back. */
void soap_begin(struct soap_writer *writer, struct buffer *out, enum soap_version version,
		const char *operation, const char *space);
/* False without memory. */
bool soap_end(struct soap_writer *writer, const char *operation);

/* Elements without attributes.  Names are literals. */
void soap_open(struct soap_writer *writer, const char *name);
void soap_close(struct soap_writer *writer, const char *name);
void soap_text(struct soap_writer *writer, const char *name, const char *text);
void soap_text_sized(struct soap_writer *writer, const char *name, const char *text,
		     size_t size);
void soap_int(struct soap_writer *writer, const char *name, int64_t value);
void soap_bool(struct soap_writer *writer, const char *name, bool value);
void soap_guid(struct soap_writer *writer, const char *name, const struct guid *value);
void soap_bytes(struct soap_writer *writer, const char *name, const void *bytes,
		size_t size);
/* 2026-10-04T13:17:07Z; INSTANT_NONE writes nothing. */
void soap_time(struct soap_writer *writer, const char *name, int64_t time_s);
void soap_raw(struct soap_writer *writer, const char *text, size_t size);

/* Escape for element content, ahead of time.  False without memory. */
bool soap_escape(struct buffer *out, const char *text, size_t size);

/* A whole fault message.  `detail` members without name space, as the original does. */
struct soap_fault_text {
	bool is_servers;        /* faultcode Server instead of Client */
	const char *error_code; /* NULL: without detail (not WUSP's) */
	const char *message;
	const char *action; /* quoted SOAPAction for Method; may be NULL */
	struct guid id;
};
bool soap_fault_write(struct buffer *out, enum soap_version version,
		      const struct soap_fault_text *fault);

#endif

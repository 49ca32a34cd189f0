/* The inside of a SOAP reader: soap_read.c walks the message, soap_fill.c puts what it
 * finds into the structures of the tables. */

#ifndef PROTOCOL_SOAP_SOAP_READER_H
#define PROTOCOL_SOAP_SOAP_READER_H

#include "engine/buffer.h"
#include "protocol/soap/arena.h"
#include "protocol/soap/soap_read.h"

struct xml_reader;

enum { FRAMES = 12 };

/* Where in the envelope the reader is. */
enum place {
	AT_START,
	AT_ENVELOPE, /* before, between and after Header and Body */
	AT_HEADER,
	AT_BODY,
	AT_GROUP, /* in a message: frames[] */
	AT_VALUE, /* in a simple element of it */
	AT_FAULT,
};

/* A group that is open, and the field of the group around it that it is. */
struct frame {
	const struct soap_group *group;
	char *base;
	const struct soap_field *field; /* NULL: the message itself */
	size_t next;                    /* where to look first for the next element */
	uint64_t seen;                  /* fields that were there, by index */
};

struct soap_reader {
	const struct soap_service *service;
	struct xml_reader *xml;
	struct arena arena;
	struct buffer value;
	struct soap_message *message;
	enum place place;
	unsigned skipping; /* open elements that nobody asked for */
	bool has_header, has_body;
	bool is_nil;
	const struct soap_field *field; /* whose value is read */
	char *fault_text;               /* where text of a fault goes */
	size_t fault_room;
	unsigned fault_depth;
	size_t frame_count;
	struct frame frames[FRAMES];
};

/* A value or an item does not fit its field: -1 with *p and the message's path told. */
int soap_fill_refuse(struct soap_reader *reader, const struct soap_field *field,
		     const char *why, struct problem *p);
int soap_fill_no_memory(struct problem *p);

/* Room for one value of a field of the innermost group; NULL with *p told. */
void *soap_fill_place(struct soap_reader *reader, const struct soap_field *field,
		      struct problem *p);

/* What was read of the field, into its place. */
int soap_fill_value(struct soap_reader *reader, const struct soap_field *field, void *to,
		    struct problem *p);

#endif

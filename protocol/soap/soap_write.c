#include "protocol/soap/soap_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/buffer.h"
#include "engine/instant.h"
#include "engine/utf8.h"
#include "protocol/soap/base64.h"

static const char space_11[] = "http://schemas.xmlsoap.org/soap/envelope/";
static const char space_12[] = "http://www.w3.org/2003/05/soap-envelope";

void soap_raw(struct soap_writer *writer, const char *text, size_t size)
{
	if (!writer->failed && !buffer_append(writer->out, text, size))
		writer->failed = true;
}

static void raw(struct soap_writer *writer, const char *text)
{
	soap_raw(writer, text, strlen(text));
}

static void put_envelope(struct soap_writer *writer, enum soap_version version)
{
	raw(writer, "<s:Envelope xmlns:s=\"");
	raw(writer, version == SOAP_12 ? space_12 : space_11);
	raw(writer, "\"><s:Body xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
		    "xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">");
}

void soap_begin(struct soap_writer *writer, struct buffer *out, enum soap_version version,
		const char *operation, const char *space)
{
	*writer = (struct soap_writer){ .out = out };
	put_envelope(writer, version);
	raw(writer, "<");
	raw(writer, operation);
	raw(writer, " xmlns=\"");
	raw(writer, space);
	raw(writer, "\">");
}

static void put_end(struct soap_writer *writer)
{
	raw(writer, "</s:Body></s:Envelope>");
}

bool soap_end(struct soap_writer *writer, const char *operation)
{
	soap_close(writer, operation);
	put_end(writer);
	return !writer->failed;
}

void soap_open(struct soap_writer *writer, const char *name)
{
	raw(writer, "<");
	raw(writer, name);
	raw(writer, ">");
}

void soap_close(struct soap_writer *writer, const char *name)
{
	raw(writer, "</");
	raw(writer, name);
	raw(writer, ">");
}

/* What stands for a byte in element content; NULL where the byte itself does. */
static const char *entity_of(unsigned char byte)
{
	switch (byte) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '\r':
		return "&#13;"; /* else readers make it a line feed */
	default:
		return NULL;
	}
}

/* How many bytes at `at` go through as they are; 0 for one that does not. */
static size_t plain_size(const char *at, size_t size)
{
	unsigned char byte = (unsigned char)*at;
	char character[5] = "";

	if (byte < 0x80) {
		bool is_control = byte < 0x20 && byte != '\t' && byte != '\n';
		return !is_control && entity_of(byte) == NULL;
	}
	memcpy(character, at, size < 4 ? size : 4);
	size_t bytes = utf8_printable(character);
	/* U+FFFE and U+FFFF are no characters of XML. */
	if (bytes == 3 && memcmp(character, "\xef\xbf", 2) == 0 &&
	    (unsigned char)character[2] >= 0xbe)
		return 0;
	/* Not printable, yet XML: the controls from U+0080 to U+009F. */
	if (bytes == 0 && byte == 0xc2 && size > 1 &&
	    ((unsigned char)at[1] & 0xe0) == 0x80)
		return 2;
	return bytes;
}

bool soap_escape(struct buffer *out, const char *text, size_t size)
{
	size_t from = 0, at = 0;

	while (at < size) {
		size_t plain = plain_size(text + at, size - at);
		if (plain > 0) {
			at += plain;
			continue;
		}
		const char *entity = entity_of((unsigned char)text[at]);
		if (!buffer_append(out, text + from, at - from) ||
		    !buffer_text(out, entity != NULL ? entity : "\xef\xbf\xbd"))
			return false;
		from = ++at;
	}
	return buffer_append(out, text + from, at - from);
}

void soap_text_sized(struct soap_writer *writer, const char *name, const char *text,
		     size_t size)
{
	soap_open(writer, name);
	if (!writer->failed && !soap_escape(writer->out, text, size))
		writer->failed = true;
	soap_close(writer, name);
}

void soap_text(struct soap_writer *writer, const char *name, const char *text)
{
	soap_text_sized(writer, name, text, strlen(text));
}

/* A value that needs no escaping. */
static void put_plain(struct soap_writer *writer, const char *name, const char *value)
{
	soap_open(writer, name);
	raw(writer, value);
	soap_close(writer, name);
}

void soap_int(struct soap_writer *writer, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRId64, value);
	put_plain(writer, name, text);
}

void soap_bool(struct soap_writer *writer, const char *name, bool value)
{
	put_plain(writer, name, value ? "true" : "false");
}

void soap_guid(struct soap_writer *writer, const char *name, const struct guid *value)
{
	char text[GUID_TEXT];

	put_plain(writer, name, guid_format(value, text));
}

void soap_bytes(struct soap_writer *writer, const char *name, const void *bytes,
		size_t size)
{
	soap_open(writer, name);
	if (!writer->failed && buffer_reserve(writer->out, BASE64_TEXT(size)))
		writer->out->size +=
			base64_encode(bytes, size, writer->out->at + writer->out->size);
	else
		writer->failed = true;
	soap_close(writer, name);
}

void soap_time(struct soap_writer *writer, const char *name, int64_t time_s)
{
	char text[INSTANT_TEXT];

	if (time_s != INSTANT_NONE)
		put_plain(writer, name, instant_format(time_s, text));
}

static void put_detail(struct soap_writer *writer, const struct soap_fault_text *fault)
{
	soap_text(writer, "ErrorCode", fault->error_code);
	soap_text(writer, "Message", fault->message != NULL ? fault->message : "");
	soap_guid(writer, "ID", &fault->id);
	if (fault->action != NULL)
		soap_text(writer, "Method", fault->action);
}

bool soap_fault_write(struct buffer *out, enum soap_version version,
		      const struct soap_fault_text *fault)
{
	struct soap_writer writer = { .out = out };
	bool is_12 = version == SOAP_12;
	const char *text = fault->error_code != NULL || fault->message == NULL
				   ? "Fault occurred"
				   : fault->message;

	put_envelope(&writer, version);
	raw(&writer, "<s:Fault>");
	if (is_12) {
		raw(&writer, "<s:Code><s:Value>s:");
		raw(&writer, fault->is_servers ? "Receiver" : "Sender");
		raw(&writer, "</s:Value></s:Code><s:Reason><s:Text xml:lang=\"en\">");
		if (!writer.failed && !soap_escape(out, text, strlen(text)))
			writer.failed = true;
		raw(&writer, "</s:Text></s:Reason>");
	} else {
		raw(&writer, "<faultcode>s:");
		raw(&writer, fault->is_servers ? "Server" : "Client");
		raw(&writer, "</faultcode>");
		soap_text(&writer, "faultstring", text);
	}
	if (fault->error_code != NULL) {
		soap_open(&writer, is_12 ? "s:Detail" : "detail");
		put_detail(&writer, fault);
		soap_close(&writer, is_12 ? "s:Detail" : "detail");
	}
	raw(&writer, "</s:Fault>");
	put_end(&writer);
	return !writer.failed;
}

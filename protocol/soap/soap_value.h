/* Simple values of XML Schema, as SOAP messages carry them.  Pure. */

#ifndef PROTOCOL_SOAP_SOAP_VALUE_H
#define PROTOCOL_SOAP_SOAP_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* White space around a value is not part of it. */
bool soap_value_int(const char *text, size_t size, int64_t *value);
bool soap_value_bool(const char *text, size_t size, bool *value);
/* A dateTime in UTC, with an offset, or without a zone (taken as UTC). */
bool soap_value_time(const char *text, size_t size, int64_t *value);
/* Moves *text past the white space around it. */
size_t soap_value_trim(const char **text, size_t size);

#endif

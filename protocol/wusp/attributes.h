/* What a Windows Update Agent tells about its computer, as facts of a device.
 *
 * It comes twice: in RegisterComputer, and as a line of "Name=value;" pairs
 * (DeviceAttributes) with every scan.  One table says which attribute is which fact.
 * Pure; values are anybody's text and are scrubbed and cut here.  What an agent does not
 * name (its KBs, CHPE, a VBS state whose meaning is known) is not set, and what others
 * set is left alone. */

#ifndef PROTOCOL_WUSP_ATTRIBUTES_H
#define PROTOCOL_WUSP_ATTRIBUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct facts;
struct soap_text;
struct computer_info;

enum { ATTRIBUTES_MOST = 32, ATTRIBUTE_TEXT = 256 };

struct attributes {
	size_t count;
	struct attribute {
		const char *name; /* the fact's; a literal */
		char value[ATTRIBUTE_TEXT];
	} list[ATTRIBUTES_MOST];
};

/* Adds to what is there; a fact that is there already keeps its value. */
void attributes_add(struct attributes *attributes, const char *fact, const char *text,
		    size_t size);
void attributes_of_line(struct attributes *attributes, const struct soap_text *line);
void attributes_of_info(struct attributes *attributes, const struct computer_info *info);

/* Do they say on which level the device stands? */
bool attributes_name_level(const struct attributes *attributes);
/* Would taking them change any fact? */
bool attributes_are_news(const struct attributes *attributes, const struct facts *facts);
/* How many facts changed.  What there is no room for is left out. */
unsigned attributes_take(const struct attributes *attributes, struct facts *facts,
			 int64_t now_s);

#endif

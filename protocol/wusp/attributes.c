#include "protocol/wusp/attributes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/ascii.h"
#include "engine/catalog.h"
#include "engine/facts.h"
#include "engine/problem.h"
#include "engine/utf8.h"
#include "protocol/soap/soap_read.h"
#include "protocol/wusp/client_messages.h"
#include "protocol/wusp/update_make.h"

/* How an attribute's value becomes a fact's; false where it says nothing. */
typedef bool reading(char value[static ATTRIBUTE_TEXT]);

static bool set_word(char value[static ATTRIBUTE_TEXT], const char *word)
{
	if (word != NULL)
		snprintf(value, ATTRIBUTE_TEXT, "%s", word);
	return word != NULL;
}

/* "10.0.26100.3775", with its last part: without, it names no level. */
static bool read_version(char value[static ATTRIBUTE_TEXT])
{
	struct build build;
	int dots = 0;

	for (const char *at = value; *at != '\0'; at++)
		dots += *at == '.';
	if (dots != 3 || !build_parse(value, &build))
		return false;
	build_format(build, value);
	return true;
}

static bool read_arch(char value[static ATTRIBUTE_TEXT])
{
	static const struct {
		const char *theirs;
		enum arch arch;
	} words[] = { { "AMD64", ARCH_X64 },
		      { "X64", ARCH_X64 },
		      { "ARM64", ARCH_ARM64 } };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcasecmp(value, words[i].theirs) == 0)
			return set_word(value, arch_name(words[i].arch));
	}
	return false;
}

static bool read_product_type(char value[static ATTRIBUTE_TEXT])
{
	static const struct {
		const char *theirs;
		enum family family;
	} words[] = { { "WinNT", FAMILY_CLIENT },
		      { "ServerNT", FAMILY_SERVER },
		      { "LanmanNT", FAMILY_SERVER } };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcasecmp(value, words[i].theirs) == 0)
			return set_word(value, family_name(words[i].family));
	}
	return false;
}

static bool read_sku(char value[static ATTRIBUTE_TEXT])
{
	char *end;
	long sku = strtol(value, &end, 10);

	return end != value && *end == '\0' && set_word(value, edition_of_sku(sku));
}

/* Names of computers have no case. */
static bool read_name(char value[static ATTRIBUTE_TEXT])
{
	for (char *at = value; *at != '\0'; at++)
		*at = ascii_lower(*at);
	return value[0] != '\0';
}

static bool read_text(char value[static ATTRIBUTE_TEXT])
{
	return value[0] != '\0';
}

/* Sorted by name, without case. */
static const struct reading_row {
	const char *attribute, *fact;
	reading *read;
} rows[] = {
	{ "ActivationChannel", "wua.activationchannel", read_text },
	{ "BranchReadinessLevel", "wua.branchreadinesslevel", read_text },
	{ "CurrentBranch", "wua.currentbranch", read_text },
	{ "DeviceFamily", "wua.devicefamily", read_text },
	{ "FlightRing", "wua.flightring", read_text },
	{ "HotpatchError", "wua.hotpatcherror", read_text },
	{ "InstallationType", "wua.installationtype", read_text },
	{ "IsMDMEnrolled", "wua.ismdmenrolled", read_text },
	{ "IsVirtualDevice", "wua.isvirtualdevice", read_text },
	{ "LCUVer", "wua.lcuver", read_text },
	{ "OSArchitecture", "os.arch", read_arch },
	{ "OSSkuId", "os.edition", read_sku },
	{ "OSVersion", "os.build", read_version },
	{ "ProductType", "os.family", read_product_type },
	{ "SecureBootCapable", "wua.securebootcapable", read_text },
	{ "TPMVersion", "wua.tpmversion", read_text },
	{ "VBSState", "wua.vbsstate", read_text },
	{ "WuClientVer", "wua.version", read_text },
};

enum { READING_ROWS = sizeof rows / sizeof rows[0] };

static const struct attribute *find(const struct attributes *attributes, const char *fact)
{
	for (size_t i = 0; i < attributes->count; i++) {
		if (strcmp(attributes->list[i].name, fact) == 0)
			return &attributes->list[i];
	}
	return NULL;
}

/* Copies text into a slot: printable, cut where it is long, without blanks around it. */
static void clean(char value[static ATTRIBUTE_TEXT], const char *text, size_t size)
{
	size_t kept = size < ATTRIBUTE_TEXT ? size : ATTRIBUTE_TEXT - 1;

	memcpy(value, text, kept);
	for (size_t i = 0; i < kept; i++) {
		if (value[i] == '\0')
			value[i] = '?';
	}
	value[kept] = '\0';
	utf8_mark_cut(value, ATTRIBUTE_TEXT, size < ATTRIBUTE_TEXT ? 0 : ATTRIBUTE_TEXT);
	utf8_scrub(value);
	size_t blanks = strspn(value, " ");
	kept = strlen(value + blanks);
	while (kept > 0 && value[blanks + kept - 1] == ' ')
		kept--;
	memmove(value, value + blanks, kept);
	value[kept] = '\0';
}

/* A free slot with this text in it; NULL where the fact is there already or all are
 * taken.  It counts once `count` is raised. */
static struct attribute *draft(struct attributes *attributes, const char *fact,
			       const char *text, size_t size)
{
	if (attributes->count == ATTRIBUTES_MOST || find(attributes, fact) != NULL)
		return NULL;
	struct attribute *slot = &attributes->list[attributes->count];
	slot->name = fact;
	clean(slot->value, text, size);
	return slot;
}

static void add_read(struct attributes *attributes, const char *fact,
		     const struct soap_text *text, reading *read)
{
	struct attribute *slot = draft(attributes, fact, text->at, text->size);

	if (slot != NULL && read(slot->value))
		attributes->count++;
}

void attributes_add(struct attributes *attributes, const char *fact, const char *text,
		    size_t size)
{
	add_read(attributes, fact, &(struct soap_text){ text, size }, read_text);
}

static int compare_name(const char *name, size_t size, const char *attribute)
{
	int order = strncasecmp(name, attribute, size);
	return order != 0 || attribute[size] == '\0' ? order : -1;
}

static const struct reading_row *find_row(const char *name, size_t size)
{
	size_t from = 0, to = READING_ROWS;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = compare_name(name, size, rows[middle].attribute);
		if (order == 0)
			return &rows[middle];
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return NULL;
}

void attributes_of_line(struct attributes *attributes, const struct soap_text *line)
{
	const char *at = line->at, *end = at + line->size;
	char between = ';';

	if (at == NULL)
		return;
	if (line->size >= 2 && memcmp(at, "E:", 2) == 0) {
		between = '&'; /* the form of Microsoft's own service */
		at += 2;
	}
	while (at < end) {
		const char *next = memchr(at, between, (size_t)(end - at));
		const char *stop = next != NULL ? next : end;
		const char *equals = memchr(at, '=', (size_t)(stop - at));
		const struct reading_row *row =
			equals != NULL ? find_row(at, (size_t)(equals - at)) : NULL;
		if (row != NULL)
			add_read(attributes, row->fact,
				 &(struct soap_text){ equals + 1,
						      (size_t)(stop - equals - 1) },
				 row->read);
		at = stop + 1;
	}
}

void attributes_of_info(struct attributes *attributes, const struct computer_info *info)
{
	const struct {
		const char *fact;
		const struct soap_text *text;
		reading *read;
	} texts[] = {
		{ "dns.name", &info->dns_name, read_name },
		{ "hardware.manufacturer", &info->manufacturer, read_text },
		{ "hardware.model", &info->model, read_text },
		{ "os.arch", &info->arch, read_arch },
	};
	char text[96];

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		if (texts[i].text->at != NULL)
			add_read(attributes, texts[i].fact, texts[i].text, texts[i].read);
	}
	if (info->old_product_type >= 1 && info->old_product_type <= 3)
		attributes_add(attributes, "os.family",
			       info->old_product_type == 1 ? "client" : "server", 6);
	snprintf(text, sizeof text, "%" PRId64, info->new_product_type);
	add_read(attributes, "os.edition", &(struct soap_text){ text, strlen(text) },
		 read_sku);
	if (info->client_version[0] > 0) {
		snprintf(text, sizeof text,
			 "%" PRId64 ".%" PRId64 ".%" PRId64 ".%" PRId64,
			 info->client_version[0], info->client_version[1],
			 info->client_version[2], info->client_version[3]);
		attributes_add(attributes, "wua.version", text, strlen(text));
	}
}

/* A build may be written in two ways, of which the device's other face may use one. */
static bool is_same(const struct facts *facts, const struct fact *fact,
		    const struct attribute *attribute)
{
	const char *value = fact_value(facts, fact);
	struct build a, b;

	if (strcmp(value, attribute->value) == 0)
		return true;
	return fact->id == FACT_OS_BUILD && build_parse(value, &a) &&
	       build_parse(attribute->value, &b) && build_equal(a, b);
}

static bool is_news(const struct facts *facts, const struct attribute *attribute)
{
	const struct fact *fact = facts_find(facts, attribute->name);

	return fact == NULL || fact->source != FACT_REPORTED ||
	       !is_same(facts, fact, attribute);
}

bool attributes_name_level(const struct attributes *attributes)
{
	return find(attributes, "os.build") != NULL;
}

bool attributes_are_news(const struct attributes *attributes, const struct facts *facts)
{
	for (size_t i = 0; i < attributes->count; i++) {
		if (is_news(facts, &attributes->list[i]))
			return true;
	}
	return false;
}

unsigned attributes_take(const struct attributes *attributes, struct facts *facts,
			 int64_t now_s)
{
	unsigned count = 0;
	struct problem p;

	for (size_t i = 0; i < attributes->count; i++) {
		const struct attribute *attribute = &attributes->list[i];
		const struct fact *fact = facts_find(facts, attribute->name);
		const char *value = fact != NULL && is_same(facts, fact, attribute)
					    ? fact_value(facts, fact)
					    : attribute->value;
		char copy[LIMIT_FACT_VALUE + 1];
		bool changed = false;
		/* What is in the facts may move when one is set. */
		snprintf(copy, sizeof copy, "%s", value);
		if (facts_set(facts, attribute->name, copy, now_s, FACT_REPORTED,
			      &changed, &p) == 0)
			count += changed;
	}
	return count;
}

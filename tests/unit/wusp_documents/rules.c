#include "tests/unit/wusp_documents/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/xml/xml_reader.h"
#include "tests/unit/wusp_documents/documents_case.h"

enum { ATTRIBUTES = 8, OPEN_MOST = 64 };

struct attribute {
	char name[40], value[64];
};
struct node {
	char name[40];
	size_t parent, end; /* its children are in (itself, end) */
	size_t attribute_count;
	struct attribute attributes[ATTRIBUTES];
};
struct rules {
	size_t count, room;
	struct node *nodes;
	size_t open_count;
	size_t open[OPEN_MOST];
};

static int on_start(void *owner, const struct xml_element *element, struct problem *p)
{
	struct rules *rules = owner;

	if (element->attribute_count > ATTRIBUTES || rules->open_count == OPEN_MOST)
		return problem_set(p, PROBLEM_TOO_LARGE, "more than this test reads");
	if (rules->count == rules->room) {
		rules->room = rules->room == 0 ? 64 : 2 * rules->room;
		rules->nodes =
			realloc(rules->nodes, rules->room * sizeof rules->nodes[0]);
	}
	struct node *node = &rules->nodes[rules->count];
	*node = (struct node){ .attribute_count = element->attribute_count };
	node->parent =
		rules->open_count == 0 ? SIZE_MAX : rules->open[rules->open_count - 1];
	snprintf(node->name, sizeof node->name, "%s", element->name);
	for (size_t i = 0; i < element->attribute_count; i++) {
		snprintf(node->attributes[i].name, sizeof node->attributes[i].name, "%s",
			 element->attributes[i].name);
		snprintf(node->attributes[i].value, sizeof node->attributes[i].value,
			 "%s", element->attributes[i].value);
	}
	rules->open[rules->open_count++] = rules->count++;
	return 0;
}

static int on_end(void *owner, const char *space, const char *name, struct problem *p)
{
	struct rules *rules = owner;

	(void)space;
	(void)name;
	(void)p;
	rules->nodes[rules->open[--rules->open_count]].end = rules->count;
	return 0;
}

struct rules *rules_new(const struct update_fragment *core)
{
	static const struct xml_events events = { on_start, NULL, on_end };
	struct rules *rules = calloc(1, sizeof *rules);
	struct xml_reader *reader = xml_reader_new(&events, rules, &xml_limits_most);
	char *text = plain_text(core);
	struct problem p;

	int rc = text == NULL ? -1 : xml_reader_feed(reader, "<r>", 3, &p);
	if (rc == 0)
		rc = xml_reader_feed(reader, text, strlen(text), &p);
	if (rc == 0)
		rc = xml_reader_feed(reader, "</r>", 4, &p);
	if (rc == 0)
		rc = xml_reader_finish(reader, &p);
	free(text);
	xml_reader_free(reader);
	if (rc == 0)
		return rules;
	rules_free(rules);
	return NULL;
}

void rules_free(struct rules *rules)
{
	if (rules == NULL)
		return;
	free(rules->nodes);
	free(rules);
}

/* --- judging ---------------------------------------------------------------------- */

static const char *value_of(const struct node *node, const char *name)
{
	for (size_t i = 0; i < node->attribute_count; i++) {
		if (strcmp(node->attributes[i].name, name) == 0)
			return node->attributes[i].value;
	}
	printf("%s has no %s\n", node->name, name);
	abort();
}

static bool holds_between(const struct node *node, int order)
{
	const char *comparison = value_of(node, "Comparison");

	if (strcmp(comparison, "EqualTo") == 0)
		return order == 0;
	if (strcmp(comparison, "LessThan") == 0)
		return order < 0;
	if (strcmp(comparison, "GreaterThanOrEqualTo") == 0)
		return order >= 0;
	printf("%s compares by %s\n", node->name, comparison);
	abort();
}

/* How the machine's version stands to the one that is written. */
static int version_order(const struct machine *machine, const char *written)
{
	unsigned major, minor, base, revision;

	if (sscanf(written, "%u.%u.%u.%u", &major, &minor, &base, &revision) != 4 ||
	    major != 10 || minor != 0) {
		printf("a version is %s\n", written);
		abort();
	}
	if (machine->base != base)
		return machine->base < base ? -1 : 1;
	return (machine->revision > revision) - (machine->revision < revision);
}

static bool attribute_holds(const struct node *node, const struct machine *machine)
{
	const char *name = value_of(node, "Name"), *value = value_of(node, "Value");
	char sku[24];

	if (strcmp(name, "OSVersion") == 0 &&
	    strcmp(value_of(node, "Type"), "Version") == 0)
		return holds_between(node, version_order(machine, value));
	if (strcmp(name, "OSSkuId") == 0 &&
	    strcmp(value_of(node, "Type"), "String") == 0) {
		snprintf(sku, sizeof sku, "%ld", machine->sku);
		return holds_between(node, strcmp(sku, value));
	}
	printf("a DeviceAttribute is %s\n", name);
	abort();
}

/* The names that the vendor's own metadata have. */
static bool release_holds(const struct node *node, const struct machine *machine)
{
	static const struct {
		const char *name;
		bool is_server;
		unsigned processor;
	} names[] = {
		{ "Client.OS.RS2.AMD64", false, 9 },
		{ "Client.OS.RS2.ARM64", false, 12 },
		{ "Server.OS.amd64", true, 9 },
		{ "Server.OS.arm64", true, 12 },
	};
	const char *name = value_of(node, "Name");

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(names[i].name, name) == 0)
			return names[i].is_server == (machine->product_type != 1) &&
			       names[i].processor == machine->processor &&
			       version_order(machine, value_of(node, "Version")) >= 0;
	}
	printf("a product release is %s\n", name);
	abort();
}

static bool windows_holds(const struct node *node, const struct machine *machine)
{
	return strcmp(value_of(node, "Comparison"), "EqualTo") == 0 &&
	       strtoul(value_of(node, "MajorVersion"), NULL, 10) == 10 &&
	       strtoul(value_of(node, "MinorVersion"), NULL, 10) == 0 &&
	       strtoul(value_of(node, "BuildNumber"), NULL, 10) == machine->base &&
	       strtoul(value_of(node, "ProductType"), NULL, 10) == machine->product_type;
}

static bool holds(const struct rules *rules, size_t at, const struct machine *machine);

/* How many of the children hold, of how many. */
static size_t count_holding(const struct rules *rules, size_t at,
			    const struct machine *machine, size_t *count)
{
	size_t holding = 0;

	*count = 0;
	for (size_t i = at + 1; i < rules->nodes[at].end; i++) {
		if (rules->nodes[i].parent != at)
			continue;
		++*count;
		holding += holds(rules, i, machine);
	}
	if (*count == 0) {
		printf("%s is empty\n", rules->nodes[at].name);
		abort();
	}
	return holding;
}

static bool holds(const struct rules *rules, size_t at, const struct machine *machine)
{
	const struct node *node = &rules->nodes[at];
	size_t count;

	if (strcmp(node->name, "And") == 0 || strcmp(node->name, "IsInstalled") == 0 ||
	    strcmp(node->name, "IsInstallable") == 0)
		return count_holding(rules, at, machine, &count) == count;
	if (strcmp(node->name, "Or") == 0)
		return count_holding(rules, at, machine, &count) > 0;
	if (strcmp(node->name, "True") == 0 || strcmp(node->name, "False") == 0)
		return node->name[0] == 'T';
	if (strcmp(node->name, "DeviceAttribute") == 0)
		return attribute_holds(node, machine);
	if (strcmp(node->name, "ProductReleaseInstalled") == 0)
		return release_holds(node, machine);
	if (strcmp(node->name, "b.WindowsVersion") == 0)
		return windows_holds(node, machine);
	if (strcmp(node->name, "b.Processor") == 0)
		return strtoul(value_of(node, "Architecture"), NULL, 10) ==
		       machine->processor;
	printf("a rule is %s\n", node->name);
	abort();
}

static bool section_holds(const struct rules *rules, const char *name,
			  const struct machine *machine)
{
	for (size_t i = 0; i < rules->count; i++) {
		if (strcmp(rules->nodes[i].name, name) == 0)
			return holds(rules, i, machine);
	}
	return false;
}

bool rules_installed(const struct rules *rules, const struct machine *machine)
{
	return section_holds(rules, "IsInstalled", machine);
}

bool rules_installable(const struct rules *rules, const struct machine *machine)
{
	return section_holds(rules, "IsInstallable", machine);
}

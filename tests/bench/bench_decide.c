/* How long one decision takes, and that it allocates nothing.
 *
 *	bench_decide		the table
 *	bench_decide --quick	in a second: only that it runs, and allocates nothing
 *
 * Times are of the process's own CPU, the least of ten rounds and the one in the middle,
 * for machines are shared.  Every call of malloc and its like from the engine or from
 *here is counted (the linker puts our counter before them); beside it the heap must not
 *have moved. */

#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "allocations.h"
#include "made_up.h"

enum { RELEASES = 1000, ID_TEXT = 32, RECORDS_AT_HAND = 100, ROUNDS = 10 };

static void *must_have(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (memory == NULL) {
		fprintf(stderr, "out of memory\n");
		exit(1);
	}
	return memory;
}

static int64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* A fleet: an id of its own for every device, and records that it shares.  As in the
 * server, which decides with a record it has just read, they are at hand: a hundred fit
 * into a cache. */
struct fleet {
	size_t count, record_count;
	char (*ids)[ID_TEXT];
	struct device_record *records;
};

static enum device_kind kind_of(size_t n)
{
	unsigned place = (unsigned)(n * 61 % 100); /* every kind among few devices */
	int kind = 0;

	while (place >= device_kind_shares[kind])
		place -= device_kind_shares[kind++];
	return (enum device_kind)kind;
}

static void fleet_open(struct fleet *fleet, const struct made_up *m, size_t count)
{
	fleet->count = count;
	fleet->record_count = RECORDS_AT_HAND;
	fleet->ids = must_have(count, ID_TEXT);
	fleet->records = must_have(fleet->record_count, sizeof fleet->records[0]);
	for (size_t i = 0; i < count; i++)
		snprintf(fleet->ids[i], ID_TEXT, "BEN-LAB7-%07zu", i);
	for (size_t i = 0; i < fleet->record_count; i++)
		made_up_device(m, kind_of(i), (uint32_t)i, &fleet->records[i]);
}

static void fleet_close(struct fleet *fleet)
{
	free(fleet->ids);
	free(fleet->records);
}

struct measure {
	double least_ns, middle_ns; /* per decision */
	struct decision last;
	unsigned long allocations;
	bool heap_moved;
	unsigned long in_action[ACTIONS];
};

/* Devices come in no order that a cache could learn. */
static double decide_many(const struct made_up *m, const struct fleet *fleet,
			  size_t decisions, struct measure *result)
{
	struct situation situation = { .catalog = m->catalog,
				       .plan = m->plan,
				       .rollouts = m->rollouts,
				       .now_s = m->now_s };
	size_t at = 0;
	int64_t from_ns = cpu_ns();

	for (size_t i = 0; i < decisions; i++) {
		at = (at + 514229) % fleet->count;
		const struct device_record *record =
			&fleet->records[at % fleet->record_count];
		situation.device = fleet->ids[at];
		situation.facts = &record->facts;
		situation.history = &record->history;
		decide(&situation, &result->last);
		result->in_action[result->last.action]++;
	}
	return (double)(cpu_ns() - from_ns) / (double)decisions;
}

static int compare_ns(const void *left, const void *right)
{
	const double *a = left, *b = right;
	return *a < *b ? -1 : *a > *b;
}

static struct measure measure(const struct made_up *m, const struct fleet *fleet,
			      size_t decisions)
{
	struct measure result = { 0 };
	double ns[ROUNDS];
	struct mallinfo2 before = mallinfo2();
	unsigned long allocated = allocations_count();

	for (int round = 0; round < ROUNDS; round++)
		ns[round] = decide_many(m, fleet, decisions / ROUNDS, &result);
	result.allocations = allocations_count() - allocated;
	struct mallinfo2 after = mallinfo2();
	result.heap_moved =
		after.uordblks != before.uordblks || after.hblks != before.hblks;
	qsort(ns, ROUNDS, sizeof ns[0], compare_ns);
	result.least_ns = ns[0];
	result.middle_ns = ns[ROUNDS / 2];
	return result;
}

static void print_heading(const char *what)
{
	printf("\n%-38s %8s %8s %12s\n", what, "least ns", "middle", "allocations");
}

static bool print(const char *what, const struct measure *result)
{
	printf("  %-36s %8.0f %8.0f %12lu\n", what, result->least_ns, result->middle_ns,
	       result->allocations);
	return result->allocations == 0 && !result->heap_moved;
}

static void print_decision(const struct made_up *m, const struct decision *d)
{
	printf("    %s", action_names[d->action]);
	if (d->release >= 0)
		printf(" %s, %d from the newest",
		       release_kind_names[m->line->releases[d->release].kind],
		       (int)m->line->count - 1 - d->release);
	for (int i = 0; i < d->reason_count; i++)
		printf("%s %s", i == 0 ? ":" : ",", reason_face(d->reasons[i])->name);
	printf("\n");
}

static bool measure_fleets(const struct made_up *m, size_t decisions, bool quick)
{
	static const size_t counts[] = { 1000, 100000, 1000000 };
	bool holds = true;

	print_heading("a usual fleet");
	for (size_t i = 0; i < sizeof counts / sizeof counts[0] && !(quick && i > 0);
	     i++) {
		struct fleet fleet;
		char what[32];
		fleet_open(&fleet, m, counts[i]);
		struct measure result = measure(m, &fleet, decisions);
		snprintf(what, sizeof what, "%zu devices", counts[i]);
		holds &= print(what, &result) && result.in_action[ACTION_INSTALL] > 0 &&
			 result.in_action[ACTION_NONE] > 0;
		fleet_close(&fleet);
	}
	return holds;
}

static bool measure_kinds(const struct made_up *m, size_t decisions)
{
	struct fleet fleet = { .count = 1, .record_count = 1 };
	bool holds = true;

	fleet.ids = must_have(1, ID_TEXT);
	fleet.records = must_have(1, sizeof fleet.records[0]);
	snprintf(fleet.ids[0], ID_TEXT, "BEN-LAB7-0000000");
	print_heading("one device");
	for (int kind = 0; kind < DEVICE_KINDS; kind++) {
		made_up_device(m, (enum device_kind)kind, 0, fleet.records);
		struct measure result = measure(m, &fleet, decisions);
		holds &= print(device_kind_names[kind], &result);
		print_decision(m, &result.last);
	}
	fleet_close(&fleet);
	return holds;
}

static bool measure_catalogs(size_t decisions)
{
	static const size_t counts[] = { 500, 1000, 10000 };
	bool holds = true;

	print_heading("a usual fleet of 1000, by catalog");
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		struct made_up m;
		struct fleet fleet;
		char what[32];
		made_up_open(&m, counts[i]);
		fleet_open(&fleet, &m, 1000);
		struct measure result = measure(&m, &fleet, decisions);
		snprintf(what, sizeof what, "%zu updates in the line", counts[i]);
		holds &= print(what, &result);
		fleet_close(&fleet);
		made_up_close(&m);
	}
	return holds;
}

int main(int argc, char **argv)
{
	bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
	size_t decisions = quick ? 2000 : 1000000;
	struct made_up m;

	made_up_open(&m, RELEASES);
	printf("%zu updates, %zu of them in one line; goal: 1000 ns, no allocation\n",
	       m.catalog->title_count, m.line->count);
	bool holds = measure_fleets(&m, decisions, quick);
	holds &= measure_kinds(&m, decisions);
	made_up_close(&m);
	if (!quick)
		holds &= measure_catalogs(decisions);
	if (!holds)
		printf("\nit allocates, or nobody is offered anything\n");
	return holds ? 0 : 1;
}

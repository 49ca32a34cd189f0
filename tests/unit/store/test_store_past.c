/* What the operator gave and did, read as it stood at any moment; and what the log of
 * facts says of reports that only confirm. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/instant.h"
#include "tests/lib/case.h"
#include "tests/unit/store/fixture.h"
#include "tests/unit/store/sample.h"

enum { T0 = 1700000000, STEPS = 300, TEXT = 8192 };

/* Everything as one text, in the order it is read. */
struct page {
	char text[TEXT];
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void put(struct page *page, const char *fmt,
						      ...)
{
	va_list args;

	va_start(args, fmt);
	page->used +=
		(size_t)vsnprintf(page->text + page->used, TEXT - page->used, fmt, args);
	va_end(args);
	assert_true(page->used < TEXT);
}

static int each_document(void *owner, const struct document *document)
{
	put(owner, "%s %s:%" PRId64 "@%" PRId64 "=%.*s\n", document->kind, document->name,
	    document->revision, document->at_s, (int)document->size, document->text);
	return 0;
}

static int each_rollout(void *owner, const struct rollout_record *record)
{
	put(owner, "rollout %u %s: halted %d, %" PRId64 "\n", record->key.kb,
	    record->ring, record->halted, record->changed_s);
	return 0;
}

static int each_hold(void *owner, const struct hold_record *hold)
{
	put(owner, "hold %" PRId64 " KB%u %s\n", hold->id, hold->key.kb, hold->match);
	return 0;
}

static int each_payload(void *owner, const struct payload *payload)
{
	put(owner, "payload KB%u %s\n", payload->key.kb, payload->name);
	return 0;
}

static void read_all(const struct backend_ops *ops, struct session *session,
		     struct page *page)
{
	struct problem p = { 0 };

	page->used = 0;
	page->text[0] = '\0';
	if (ops->documents(session, "catalog", each_document, page, &p) < 0 ||
	    ops->documents(session, "plan", each_document, page, &p) < 0 ||
	    ops->rollouts(session, each_rollout, page, &p) < 0 ||
	    ops->holds(session, each_hold, page, &p) < 0 ||
	    ops->payloads(session, each_payload, page, &p) < 0)
		fail_msg("%s", p.text);
}

/* One thing that an operator does. */
struct deed {
	int64_t at_s;
	struct dice *dice;
};

static int put_document(const struct backend_ops *ops, struct session *session,
			const struct deed *deed, bool is_plan, struct problem *p)
{
	char text[32];
	struct document document = { .at_s = deed->at_s, .by = "ada", .text = text };

	snprintf(document.kind, sizeof document.kind, is_plan ? "plan" : "catalog");
	snprintf(document.name, sizeof document.name, "f%u.xml",
		 dice_below(deed->dice, 3));
	snprintf(text, sizeof text, "v%u", dice_below(deed->dice, 1000));
	document.size = strlen(text);
	if (dice_chance(deed->dice, 70))
		return ops->document_put(session, &document, p);
	/* Where there is none of that name it is no change. */
	if (ops->document_retire(session, &document, p) < 0)
		return p->kind == PROBLEM_NOT_FOUND ? 0 : -1;
	return 0;
}

static int do_deed(const struct backend_ops *ops, struct session *session, void *owner,
		   struct problem *p)
{
	const struct deed *deed = owner;
	struct release_key key = { "w11", 5000 + dice_below(deed->dice, 3), { 1, 2 } };

	switch (dice_below(deed->dice, 6)) {
	case 0:
		return put_document(ops, session, deed, true, p);
	case 1:
		return put_document(ops, session, deed, false, p);
	case 2: {
		struct rollout_record record = { .key = key,
						 .halted = dice_chance(deed->dice, 50),
						 .changed_s = deed->at_s };
		snprintf(record.ring, sizeof record.ring, "r%u",
			 dice_below(deed->dice, 2));
		return ops->rollout_put(session, &record, p);
	}
	case 3: {
		struct hold_record hold = { .key = key,
					    .match = "any",
					    .made_s = deed->at_s };
		return ops->hold_add(session, &hold, p);
	}
	case 4:
		return ops->hold_remove(session, 1 + dice_below(deed->dice, 20),
					deed->at_s, p) < 0
			       ? -1
			       : 0;
	default: {
		struct payload payload = { .key = key,
					   .arch = ARCH_X64,
					   .added_s = deed->at_s };
		snprintf(payload.name, sizeof payload.name, "%u.msu",
			 dice_below(deed->dice, 9));
		return ops->payload_put(session, &payload, p);
	}
	}
}

TEST(what_stood_at_any_moment_is_read_as_it_stood)
{
	static struct page then[STEPS + 1], now;
	struct dice dice = { 20250513 };
	int64_t at_s = T0, moments[STEPS + 1] = { T0 - 1 };
	struct fixture fixture;
	struct problem p = { 0 };
	int count = 1;

	fixture_init(&fixture);
	fixture_open(&fixture);
	read_all(fixture.ops, fixture.reader, &then[0]);
	for (int step = 0; step < STEPS; step++) {
		struct deed deed = { at_s, &dice };
		fixture_must_write(&fixture, (struct change){ do_deed, &deed });
		/* Of several in one second the last counts. */
		if (moments[count - 1] != at_s)
			count++;
		moments[count - 1] = at_s;
		read_all(fixture.ops, fixture.reader, &then[count - 1]);
		at_s += dice_below(&dice, 4);
	}
	struct session *past = fixture.ops->open(fixture.backend, &p);
	assert_non_null(past);
	for (int i = 0; i < count; i++) {
		int64_t end_s = i + 1 < count ? moments[i + 1] : moments[i] + 100;
		for (int64_t t = moments[i]; t < end_s; t++) {
			fixture.ops->as_of(past, t);
			read_all(fixture.ops, past, &now);
			assert_string_equal(now.text, then[i].text);
		}
	}
	assert_true(strlen(then[count - 1].text) > 200);
	fixture.ops->close(past);
	fixture_fini(&fixture);
}

/* The log of one device's facts as lines. */
static int each_change(void *owner, const struct fact_change *change)
{
	put(owner, "+%" PRId64 " %s%s%s %s\n", change->at_s - T0, change->name,
	    change->removed ? " removed" : " ", change->value,
	    change->source == FACT_ASSERTED ? "asserted" : "reported");
	return 0;
}

static void say(struct fixture *fixture, struct device_record *record, const char *name,
		const char *value, enum fact_source source, int64_t at_s)
{
	struct problem p = { 0 };
	struct outcome outcome;

	if (value == NULL)
		facts_remove(&record->facts, name);
	else if (facts_set(&record->facts, name, value, at_s, source, NULL, &p) < 0)
		fail_msg("%s", p.text);
	if (fixture == NULL)
		return;
	outcome_init(&outcome);
	outcome.facts_changed = true;
	outcome_add(&outcome, EVENT_RESTARTED, at_s);
	if (fixture_write_device(fixture, record, &outcome, &p) < 0)
		fail_msg("%s", p.text);
}

TEST(a_report_that_only_confirms_leaves_one_line)
{
	static struct device_record record;
	static struct page page;
	struct fixture fixture;
	struct problem p = { 0 };

	fixture_init(&fixture);
	fixture_open(&fixture);
	device_record_init(&record, "d", T0);
	say(NULL, &record, "vbs", "running", FACT_REPORTED, T0);
	say(NULL, &record, "chpe", "off", FACT_ASSERTED, T0);
	say(&fixture, &record, "os.arch", "x64", FACT_REPORTED, T0);
	/* All that is reported, once more: one line, whatever was asserted. */
	say(NULL, &record, "vbs", "running", FACT_REPORTED, T0 + 10);
	say(&fixture, &record, "os.arch", "x64", FACT_REPORTED, T0 + 10);
	/* One of them is new, the other as it was. */
	say(NULL, &record, "vbs", "off", FACT_REPORTED, T0 + 20);
	say(&fixture, &record, "os.arch", "x64", FACT_REPORTED, T0 + 20);
	/* Only one is said at all: a line of its own. */
	say(&fixture, &record, "vbs", "off", FACT_REPORTED, T0 + 30);
	say(&fixture, &record, "chpe", "off", FACT_ASSERTED, T0 + 40);
	/* Gone and come back with what it was. */
	say(NULL, &record, "vbs", NULL, FACT_REPORTED, T0 + 50);
	say(NULL, &record, "vbs", "off", FACT_REPORTED, T0 + 50);
	say(&fixture, &record, "os.arch", "x64", FACT_REPORTED, T0 + 50);
	say(&fixture, &record, "chpe", NULL, FACT_ASSERTED, T0 + 60);
	if (fixture.ops->fact_changes(fixture.reader, "d", INT64_MAX, each_change, &page,
				      &p) < 0)
		fail_msg("%s", p.text);
	assert_string_equal(page.text, "+0 vbs running reported\n"
				       "+0 chpe off asserted\n"
				       "+0 os.arch x64 reported\n"
				       "+10   reported\n"
				       "+20 vbs off reported\n"
				       "+20   reported\n"
				       "+30 vbs off reported\n"
				       "+40 chpe off asserted\n"
				       "+50 vbs removed reported\n"
				       "+50 vbs off reported\n"
				       "+50   reported\n"
				       "+60 chpe removed asserted\n");
	fixture_fini(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_stood_at_any_moment_is_read_as_it_stood),
		cmocka_unit_test(a_report_that_only_confirms_leaves_one_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

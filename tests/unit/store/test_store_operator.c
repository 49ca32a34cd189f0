/* What operators gave and did: documents, payloads, rollouts, audit, settings. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/case.h"
#include "tests/unit/store/fixture.h"
#include "tests/unit/store/sample.h"

enum { T0 = 1700000000, SEEN_MAX = 64 };

/* Documents. */

static int make_document(const struct backend_ops *ops, struct session *session,
			 void *owner, struct problem *p)
{
	return ops->document_put(session, owner, p);
}

static int make_retired(const struct backend_ops *ops, struct session *session,
			void *owner, struct problem *p)
{
	return ops->document_retire(session, owner, p);
}

static void put_document(struct fixture *fixture, const char *kind, const char *name,
			 const char *text)
{
	struct document document = {
		.text = text, .size = strlen(text), .at_s = T0, .by = "ada"
	};

	snprintf(document.kind, sizeof document.kind, "%s", kind);
	snprintf(document.name, sizeof document.name, "%s", name);
	fixture_must_write(fixture, (struct change){ make_document, &document });
}

/* All current documents of a kind as "name:revision:text " in order. */
static int note_document(void *owner, const struct document *document)
{
	char *list = owner;
	size_t used = strlen(list);

	snprintf(list + used, 1024 - used, "%s:%" PRId64 ":%.*s ", document->name,
		 document->revision, (int)document->size, document->text);
	return document->text[document->size] != '\0';
}

static void check_documents(struct fixture *fixture, const char *kind,
			    const char *expected)
{
	struct problem p = { 0 };
	char list[1024] = "";

	assert_int_equal(
		fixture->ops->documents(fixture->reader, kind, note_document, list, &p),
		0);
	assert_string_equal(list, expected);
}

TEST(a_catalog_is_replaced_by_name_a_plan_by_any_plan_and_old_revisions_stay)
{
	struct fixture fixture;
	struct problem p = { 0 };
	struct document gone = { .kind = "catalog", .name = "w11.xml", .at_s = T0 };
	struct document never = { .kind = "catalog", .name = "never.xml", .at_s = T0 };

	fixture_init(&fixture);
	fixture_open(&fixture);
	check_documents(&fixture, "catalog", "");
	put_document(&fixture, "catalog", "w11.xml", "one");
	put_document(&fixture, "catalog", "server.xml", "two");
	put_document(&fixture, "plan", "plan.xml", "p1");
	put_document(&fixture, "catalog", "w11.xml", "three");
	put_document(&fixture, "plan", "other.xml", "p2");
	put_document(&fixture, "catalog", "empty.xml", "");
	check_documents(&fixture, "catalog",
			"server.xml:2:two w11.xml:3:three empty.xml:4: ");
	check_documents(&fixture, "plan", "other.xml:2:p2 ");

	fixture_must_write(&fixture, (struct change){ make_retired, &gone });
	check_documents(&fixture, "catalog", "server.xml:2:two empty.xml:4: ");
	put_document(&fixture, "catalog", "w11.xml", "back");
	check_documents(&fixture, "catalog",
			"server.xml:2:two empty.xml:4: w11.xml:6:back ");
	assert_int_equal(fixture_number(&fixture, "SELECT count(*) FROM document"), 8);

	assert_int_equal(
		fixture_write(&fixture, (struct change){ make_retired, &never }, &p), -1);
	assert_int_equal(p.kind, PROBLEM_NOT_FOUND);
	assert_string_equal(p.text, "there is no catalog 'never.xml'");
	fixture_fini(&fixture);
}

TEST(a_document_is_kept_byte_by_byte)
{
	struct fixture fixture;
	enum { BYTES = 3 * 1024 * 1024 };
	char *text = malloc(BYTES + 1);
	struct dice dice = { 8 };

	assert_non_null(text);
	for (size_t i = 0; i < BYTES; i++)
		text[i] = (char)(1 + dice_below(&dice, 255));
	text[BYTES] = '\0';
	fixture_init(&fixture);
	fixture_open(&fixture);
	put_document(&fixture, "plan", "plan.xml", text);
	sqlite3 *db = fixture_sqlite(&fixture);
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(
		sqlite3_prepare_v2(db, "SELECT text FROM document", -1, &stmt, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_int_equal(sqlite3_column_bytes(stmt, 0), BYTES);
	assert_memory_equal(sqlite3_column_text(stmt, 0), text, BYTES);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	fixture_fini(&fixture);
	free(text);
}

/* Payloads. */

static int make_payload(const struct backend_ops *ops, struct session *session,
			void *owner, struct problem *p)
{
	return ops->payload_put(session, owner, p);
}

static struct {
	int count;
	struct payload at[SEEN_MAX];
} payloads;

static int note_payload(void *owner, const struct payload *payload)
{
	(void)owner;
	payloads.at[payloads.count++] = *payload;
	return payloads.count == SEEN_MAX;
}

static struct payload a_payload(enum arch arch, const char *name, int64_t size_bytes)
{
	struct payload payload = { .key = { "w11", 5055523, { 26100, 3775 } },
				   .arch = arch,
				   .size_bytes = size_bytes };

	snprintf(payload.name, sizeof payload.name, "%s", name);
	memset(payload.sha256, 'a' + (int)(size_bytes % 6), 64);
	memset(payload.sha1, 'b', 40);
	memset(payload.md5, 'c', 32);
	return payload;
}

TEST(a_payload_is_one_for_each_release_architecture_and_name)
{
	struct fixture fixture;
	struct problem p = { 0 };
	struct payload put[] = {
		a_payload(ARCH_X64, "a.msu", 1),
		a_payload(ARCH_X64, "b.msu", 2),
		a_payload(ARCH_ARM64, "a.msu", 3),
		a_payload(ARCH_X64, "a.msu", 4),
	};

	fixture_init(&fixture);
	fixture_open(&fixture);
	for (size_t i = 0; i < COUNT_OF(put); i++)
		fixture_must_write(&fixture, (struct change){ make_payload, &put[i] });
	payloads.count = 0;
	assert_int_equal(fixture.ops->payloads(fixture.reader, note_payload, NULL, &p),
			 0);
	assert_int_equal(payloads.count, 3);
	const struct payload *expected[] = { &put[2], &put[3], &put[1] };
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		const struct payload *seen = &payloads.at[i];
		assert_true(release_key_equal(&seen->key, &expected[i]->key));
		assert_int_equal(seen->arch, expected[i]->arch);
		assert_string_equal(seen->name, expected[i]->name);
		assert_int_equal(seen->size_bytes, expected[i]->size_bytes);
		assert_string_equal(seen->sha256, expected[i]->sha256);
		assert_string_equal(seen->sha1, expected[i]->sha1);
		assert_string_equal(seen->md5, expected[i]->md5);
	}
	fixture_fini(&fixture);
}

/* Rollouts. */

static int make_rollout(const struct backend_ops *ops, struct session *session,
			void *owner, struct problem *p)
{
	return ops->rollout_put(session, owner, p);
}

static struct {
	int count;
	struct rollout_record at[SEEN_MAX];
} rollouts;

static int note_rollout(void *owner, const struct rollout_record *record)
{
	(void)owner;
	rollouts.at[rollouts.count++] = *record;
	return rollouts.count == SEEN_MAX;
}

static void sample_rollout(struct dice *dice, struct rollout_record *record)
{
	record->approval = (enum approval)dice_below(dice, APPROVAL_REFUSED + 1);
	record->approved_for_track = dice_chance(dice, 50);
	record->withdrawn = dice_chance(dice, 50);
	record->halted = dice_chance(dice, 50);
	record->halted_s = (int64_t)dice_roll(dice);
	record->paused_until_s = (int64_t)dice_roll(dice);
	record->expedited = dice_chance(dice, 50);
	record->expedite_deadline_s = (int64_t)dice_roll(dice);
	record->passed_s = (int64_t)dice_roll(dice);
	record->max_failed_permille = (uint32_t)dice_roll(dice);
	record->waived = dice_chance(dice, 50);
	sample_text(dice, record->canary, sizeof record->canary);
	record->canary_verified = dice_chance(dice, 50);
	sample_text(dice, record->by, sizeof record->by);
	sample_text(dice, record->reason, sizeof record->reason);
	record->changed_s = (int64_t)dice_roll(dice);
}

static bool same_rollout(const struct rollout_record *a, const struct rollout_record *b)
{
	return release_key_equal(&a->key, &b->key) && strcmp(a->ring, b->ring) == 0 &&
	       a->approval == b->approval &&
	       a->approved_for_track == b->approved_for_track &&
	       a->withdrawn == b->withdrawn && a->halted == b->halted &&
	       a->halted_s == b->halted_s && a->paused_until_s == b->paused_until_s &&
	       a->expedited == b->expedited &&
	       a->expedite_deadline_s == b->expedite_deadline_s &&
	       a->passed_s == b->passed_s &&
	       a->max_failed_permille == b->max_failed_permille &&
	       a->waived == b->waived && strcmp(a->canary, b->canary) == 0 &&
	       a->canary_verified == b->canary_verified && strcmp(a->by, b->by) == 0 &&
	       strcmp(a->reason, b->reason) == 0 && a->changed_s == b->changed_s;
}

TEST(the_newest_version_of_each_rollout_is_read_and_all_are_kept)
{
	static const struct {
		struct release_key key;
		const char *ring;
	} keys[] = {
		{ { "", 0, { 0, 0 } }, "broad" },            /* a whole ring */
		{ { "w11", 5055523, { 26100, 3775 } }, "" }, /* a release everywhere */
		{ { "w11", 5055523, { 26100, 3775 } }, "broad" }, /* both */
		{ { "w11", 5055523, { 26100, 3776 } }, "broad" }, /* the same KB */
	};
	static struct rollout_record newest[COUNT_OF(keys)];
	struct fixture fixture;
	struct problem p = { 0 };
	struct dice dice = { 31 };

	fixture_init(&fixture);
	fixture_open(&fixture);
	for (int round = 0; round < 10; round++) {
		for (size_t i = 0; i < COUNT_OF(keys); i++) {
			newest[i].key = keys[i].key;
			snprintf(newest[i].ring, sizeof newest[i].ring, "%s",
				 keys[i].ring);
			sample_rollout(&dice, &newest[i]);
			fixture_must_write(&fixture,
					   (struct change){ make_rollout, &newest[i] });
		}
	}
	rollouts.count = 0;
	assert_int_equal(fixture.ops->rollouts(fixture.reader, note_rollout, NULL, &p),
			 0);
	assert_int_equal(rollouts.count, COUNT_OF(keys));
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		assert_true(same_rollout(&rollouts.at[i], &newest[i]));
	assert_int_equal(fixture_number(&fixture, "SELECT count(*) FROM rollout"),
			 10 * (int)COUNT_OF(keys));
	fixture_fini(&fixture);
}

/* Audit and settings. */

static int make_audit(const struct backend_ops *ops, struct session *session, void *owner,
		      struct problem *p)
{
	return ops->audit_put(session, owner, p);
}

static int note_audit(void *owner, const struct audit_entry *entry)
{
	char *list = owner;
	size_t used = strlen(list);

	snprintf(list + used, 512 - used, "%" PRId64 ":%s:%s:%s:%s ", entry->at_s - T0,
		 entry->by, entry->action, entry->subject, entry->reason);
	return 0;
}

TEST(audits_are_read_newest_first_and_no_more_than_asked_for)
{
	static const struct {
		int64_t limit;
		const char *expected;
	} rows[] = {
		{ 2, "2:eve:plan.apply:r2:why 1:eve:plan.apply:r1:why " },
		{ 9, "2:eve:plan.apply:r2:why 1:eve:plan.apply:r1:why "
		     "0:eve:plan.apply:r0:why " },
		{ 0, "" },
		{ -1, "" },
	};
	struct fixture fixture;
	struct problem p = { 0 };

	fixture_init(&fixture);
	fixture_open(&fixture);
	for (int i = 0; i < 3; i++) {
		struct audit_entry entry = { .at_s = T0 + i,
					     .by = "eve",
					     .action = "plan.apply",
					     .reason = "why" };
		snprintf(entry.subject, sizeof entry.subject, "r%d", i);
		fixture_must_write(&fixture, (struct change){ make_audit, &entry });
	}
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char list[512] = "";
		assert_int_equal(fixture.ops->audits(fixture.reader, rows[i].limit,
						     note_audit, list, &p),
				 0);
		assert_string_equal(list, rows[i].expected);
	}
	fixture_fini(&fixture);
}

struct setting {
	const char *name, *value;
};

static int make_setting(const struct backend_ops *ops, struct session *session,
			void *owner, struct problem *p)
{
	const struct setting *setting = owner;
	return ops->setting_put(session, setting->name, setting->value, p);
}

TEST(a_setting_is_what_was_put_last_and_is_never_cut)
{
	struct fixture fixture;
	struct problem p = { 0 };
	struct setting first = { "salt", "12345" }, second = { "salt", "1234567" };
	char value[8] = "";

	fixture_init(&fixture);
	fixture_open(&fixture);
	assert_int_equal(fixture.ops->setting_read(fixture.reader, "salt", value,
						   sizeof value, &p),
			 0);
	fixture_must_write(&fixture, (struct change){ make_setting, &first });
	fixture_must_write(&fixture, (struct change){ make_setting, &second });
	assert_int_equal(fixture.ops->setting_read(fixture.reader, "salt", value,
						   sizeof value, &p),
			 1);
	assert_string_equal(value, "1234567");
	assert_int_equal(fixture.ops->setting_read(fixture.reader, "salt", value, 7, &p),
			 -1);
	assert_int_equal(p.kind, PROBLEM_TOO_LARGE);
	fixture_fini(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_catalog_is_replaced_by_name_a_plan_by_any_plan_and_old_revisions_stay),
		cmocka_unit_test(a_document_is_kept_byte_by_byte),
		cmocka_unit_test(a_payload_is_one_for_each_release_architecture_and_name),
		cmocka_unit_test(
			the_newest_version_of_each_rollout_is_read_and_all_are_kept),
		cmocka_unit_test(audits_are_read_newest_first_and_no_more_than_asked_for),
		cmocka_unit_test(a_setting_is_what_was_put_last_and_is_never_cut),
	};
	return cmocka_run_group_tests_name("store operator", tests, NULL, NULL);
}

/* What the store keeps for Windows Update Agents: updates, computers, ids of reports. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/case.h"
#include "tests/unit/store/fixture.h"
#include "tests/unit/store/sample.h"

enum { T0 = 1700000000 };

static const char one[] = "11111111-2222-3333-4444-555555555555";
static const char two[] = "99999999-2222-3333-4444-555555555555";

static int make_update(const struct backend_ops *ops, struct session *session,
		       void *owner, struct problem *p)
{
	return ops->update_put(session, owner, p);
}

static int make_retired(const struct backend_ops *ops, struct session *session,
			void *owner, struct problem *p)
{
	return ops->update_retire(session, owner, p);
}

static int32_t put_update(struct fixture *fixture, const char *id, int32_t revision,
			  const char *text)
{
	struct update_revision update = { .revision = revision,
					  .arch = ARCH_ARM64,
					  .key = { .kb = 5060842,
						   .build = { 26100, 4349 },
						   .product = "windows-11-24h2" },
					  .document = text,
					  .size = strlen(text),
					  .added_s = T0 };

	snprintf(update.id, sizeof update.id, "%s", id);
	fixture_must_write(fixture, (struct change){ make_update, &update });
	return update.revision_id;
}

static int note_update(void *owner, const struct update_revision *update)
{
	char *list = owner;
	size_t used = strlen(list);

	assert_int_equal(update->arch, ARCH_ARM64);
	assert_int_equal(update->key.build.revision, 4349);
	assert_int_equal(update->added_s, T0);
	snprintf(list + used, 1024 - used, "%d:%.1s:%d:%.*s ", update->revision_id,
		 update->id, update->revision, (int)update->size, update->document);
	return 0;
}

static void check_updates(struct fixture *fixture, const char *expected)
{
	struct problem p = { 0 };
	char list[1024] = "";

	assert_int_equal(fixture->ops->updates(fixture->reader, note_update, list, &p),
			 0);
	assert_string_equal(list, expected);
}

TEST(a_new_revision_replaces_the_one_before_and_no_number_comes_twice)
{
	struct fixture fixture;
	struct problem p = { 0 };
	int32_t newest = 0;

	fixture_init(&fixture);
	fixture_open(&fixture);
	assert_int_equal(put_update(&fixture, one, 1, "<a/>"), 1);
	assert_int_equal(put_update(&fixture, two, 1, "<b/>"), 2);
	assert_int_equal(put_update(&fixture, one, 2, "<c/>"), 3);
	check_updates(&fixture, "2:9:1:<b/> 3:1:2:<c/> ");
	fixture_must_write(&fixture, (struct change){ make_retired, (void *)one });
	check_updates(&fixture, "2:9:1:<b/> ");
	assert_int_equal(fixture.ops->update_newest(fixture.reader, one, &newest, &p), 1);
	assert_int_equal(newest, 2);
	assert_int_equal(fixture.ops->update_newest(
				 fixture.reader, "00000000-0000-0000-0000-000000000000",
				 &newest, &p),
			 0);
	fixture_close(&fixture);
	fixture_open(&fixture);
	assert_int_equal(put_update(&fixture, one, 3, "<d/>"), 4);
	check_updates(&fixture, "2:9:1:<b/> 4:1:3:<d/> ");
	fixture_fini(&fixture);
}

TEST(the_same_revision_of_an_update_is_never_put_twice)
{
	struct fixture fixture;
	struct problem p = { 0 };
	struct update_revision update = { .revision = 1, .document = "<a/>", .size = 4 };

	fixture_init(&fixture);
	fixture_open(&fixture);
	put_update(&fixture, one, 1, "<a/>");
	snprintf(update.id, sizeof update.id, "%s", one);
	assert_int_equal(
		fixture_write(&fixture, (struct change){ make_update, &update }, &p), -1);
	assert_int_equal(p.kind, PROBLEM_CONFLICT);
	check_updates(&fixture, "1:1:1:<a/> ");
	/* Not when it was retired either. */
	fixture_must_write(&fixture, (struct change){ make_retired, (void *)one });
	assert_int_equal(
		fixture_write(&fixture, (struct change){ make_update, &update }, &p), -1);
	check_updates(&fixture, "");
	fixture_fini(&fixture);
}

TEST(a_genuine_revision_that_was_retired_comes_back_under_its_number)
{
	struct fixture fixture;
	struct problem p = { 0 };
	struct update_revision update = { .revision = 200,
					  .is_imported = true,
					  .arch = ARCH_ARM64,
					  .key = { .build = { 26100, 4349 } },
					  .document = "<a/>",
					  .size = 4,
					  .added_s = T0 };

	fixture_init(&fixture);
	fixture_open(&fixture);
	put_update(&fixture, two, 1, "<b/>");
	snprintf(update.id, sizeof update.id, "%s", one);
	fixture_must_write(&fixture, (struct change){ make_update, &update });
	assert_int_equal(update.revision_id, 2);
	/* While it stands it is not put again. */
	assert_int_equal(
		fixture_write(&fixture, (struct change){ make_update, &update }, &p), -1);
	check_updates(&fixture, "1:9:1:<b/> 2:1:200:<a/> ");
	fixture_must_write(&fixture, (struct change){ make_retired, (void *)one });
	check_updates(&fixture, "1:9:1:<b/> ");
	update.revision_id = 0;
	fixture_must_write(&fixture, (struct change){ make_update, &update });
	assert_int_equal(update.revision_id, 2);
	check_updates(&fixture, "1:9:1:<b/> 2:1:200:<a/> ");
	/* One of ours may not take its place under the same number. */
	fixture_must_write(&fixture, (struct change){ make_retired, (void *)one });
	update.is_imported = false;
	assert_int_equal(
		fixture_write(&fixture, (struct change){ make_update, &update }, &p), -1);
	assert_true(put_update(&fixture, one, 201, "<c/>") > 2);
	fixture_fini(&fixture);
}

static int make_computer(const struct backend_ops *ops, struct session *session,
			 void *owner, struct problem *p)
{
	return ops->computer_put(session, owner, p);
}

static int count_computer(void *owner, const struct computer *computer)
{
	int *count = owner;
	++*count;
	return computer->device[0] == '\0';
}

TEST(a_computer_is_kept_and_tied_anew)
{
	struct fixture fixture;
	struct problem p = { 0 };
	struct computer computer = { .device = "pc-17",
				     .dns_name = "pc-17.lab",
				     .tie = TIE_RULE,
				     .first_s = T0,
				     .changed_s = T0 },
			read;
	int count = 0;

	fixture_init(&fixture);
	fixture_open(&fixture);
	snprintf(computer.client_id, sizeof computer.client_id, "%s", one);
	assert_int_equal(fixture.ops->computer_read(fixture.reader, one, &read, &p), 0);
	fixture_must_write(&fixture, (struct change){ make_computer, &computer });
	computer.tie = TIE_HAND;
	computer.is_registered = true;
	computer.first_s = computer.changed_s = T0 + 9;
	snprintf(computer.device, sizeof computer.device, "pc-18");
	snprintf(computer.by, sizeof computer.by, "ada");
	fixture_must_write(&fixture, (struct change){ make_computer, &computer });
	assert_int_equal(fixture.ops->computer_read(fixture.reader, one, &read, &p), 1);
	assert_string_equal(read.device, "pc-18");
	assert_string_equal(read.dns_name, "pc-17.lab");
	assert_string_equal(read.by, "ada");
	assert_true(read.is_registered);
	assert_int_equal(read.tie, TIE_HAND);
	assert_int_equal(read.first_s, T0);
	assert_int_equal(read.changed_s, T0 + 9);
	/* The device it was before is nobody's now. */
	assert_int_equal(fixture.ops->computer_of(fixture.reader, "pc-17", &read, &p), 0);
	assert_int_equal(fixture.ops->computer_of(fixture.reader, "pc-18", &read, &p), 1);
	assert_string_equal(read.client_id, one);
	assert_int_equal(
		fixture.ops->computers(fixture.reader, count_computer, &count, &p), 0);
	assert_int_equal(count, 1);
	fixture_fini(&fixture);
}

struct noting {
	int64_t device;
	uint32_t first, count;
	int news;
};

static int make_notes(const struct backend_ops *ops, struct session *session, void *owner,
		      struct problem *p)
{
	struct noting *noting = owner;

	for (uint32_t i = 0; i < noting->count; i++) {
		uint8_t id[16] = { 0 };
		uint32_t number = noting->first + i;
		memcpy(id, &number, sizeof number);
		int rc = ops->report_note(session, noting->device, id, T0, p);
		if (rc < 0)
			return -1;
		noting->news += rc;
	}
	return 0;
}

static int news(struct fixture *fixture, int64_t device, uint32_t first, uint32_t count)
{
	struct noting noting = { device, first, count, 0 };

	fixture_must_write(fixture, (struct change){ make_notes, &noting });
	return noting.news;
}

static int64_t make_device(struct fixture *fixture, const char *id)
{
	struct device_record record;
	struct outcome outcome;
	struct problem p = { 0 };

	device_record_init(&record, id, T0);
	outcome_init(&outcome);
	outcome.identity_changed = true;
	assert_int_equal(fixture_write_device(fixture, &record, &outcome, &p), 0);
	return record.key;
}

TEST(a_report_is_news_once_for_each_device_and_only_so_many_are_remembered)
{
	struct fixture fixture;

	fixture_init(&fixture);
	fixture_open(&fixture);
	int64_t a = make_device(&fixture, "a"), b = make_device(&fixture, "b");
	assert_int_equal(news(&fixture, a, 1, 10), 10);
	assert_int_equal(news(&fixture, a, 1, 10), 0);
	assert_int_equal(news(&fixture, b, 1, 10), 10);
	assert_int_equal(news(&fixture, a, 100, REPORT_IDS_KEPT), REPORT_IDS_KEPT);
	assert_int_equal(fixture_number(&fixture, "SELECT count(*) FROM report_id"),
			 REPORT_IDS_KEPT + 10);
	/* The oldest are forgotten, the newest are not. */
	assert_int_equal(news(&fixture, a, 100, REPORT_IDS_KEPT), 0);
	assert_int_equal(news(&fixture, a, 1, 1), 1);
	fixture_fini(&fixture);
}

/* A database of before, with a device in it. */
TEST(a_database_of_before_gets_their_tables_and_keeps_what_it_has)
{
	static const char before[] =
		"DROP TABLE update_revision; DROP TABLE computer; DROP TABLE report_id;"
		"PRAGMA user_version = 3;";
	struct fixture fixture;
	struct problem p = { 0 };
	struct device_record record;
	char *words = NULL;

	fixture_init(&fixture);
	fixture_open(&fixture);
	int64_t device = make_device(&fixture, "pc-17");
	fixture_close(&fixture);
	sqlite3 *db = fixture_sqlite(&fixture);
	if (sqlite3_exec(db, before, NULL, NULL, &words) != SQLITE_OK)
		fail_msg("%s", words);
	sqlite3_close(db);

	fixture_open(&fixture);
	assert_true(fixture_number(&fixture, "PRAGMA user_version") >= 4);
	assert_int_equal(fixture.ops->device_read(fixture.reader, "pc-17", &record, &p),
			 1);
	assert_int_equal(record.key, device);
	check_updates(&fixture, "");
	assert_int_equal(put_update(&fixture, one, 1, "<a/>"), 1);
	assert_int_equal(news(&fixture, device, 1, 2), 2);
	fixture_fini(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_new_revision_replaces_the_one_before_and_no_number_comes_twice),
		cmocka_unit_test(the_same_revision_of_an_update_is_never_put_twice),
		cmocka_unit_test(
			a_genuine_revision_that_was_retired_comes_back_under_its_number),
		cmocka_unit_test(a_computer_is_kept_and_tied_anew),
		cmocka_unit_test(
			a_report_is_news_once_for_each_device_and_only_so_many_are_remembered),
		cmocka_unit_test(
			a_database_of_before_gets_their_tables_and_keeps_what_it_has),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

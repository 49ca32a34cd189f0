/* Checks without a server, to the exact line. */

#include <stdio.h>
#include <string.h>

#include "run.h"
#include "tests/lib/case.h"

static const char *const folder_of_catalogs = PROJECT_SOURCE_DIR "/conf/catalog";
static const char *const sample_plan = PROJECT_SOURCE_DIR "/conf/plan.xml";

#define CATALOG "<catalog xmlns=\"urn:patchyard:catalog:1\">\n"
#define PRODUCT(id)                                                                      \
	"<product id=\"" id "\" name=\"W\" family=\"client\" base=\"26100\">\n"
#define RELEASE(kb, build, rest)                                                         \
	"<release kb=\"" kb "\" build=\"" build "\" published=\"2025-04-08T17:00:00Z\" " \
	"arch=\"x64\" " rest "/>\n"
#define PLAN "<plan xmlns=\"urn:patchyard:plan:1\">\n"

static int set_up(void **state)
{
	(void)state;
	folder_make();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	folder_remove();
	return 0;
}

/* What the program says of files in the test's own folder, with the folder cut out. */
static void expect(const char *line, int status, const char *out, const char *err)
{
	struct ran ran = run(line, NULL);
	char *to = ran.err;

	for (const char *at = ran.err; *at != '\0';) {
		const char *name = strncmp(at, "/tmp/patchyard-command-", 23) == 0
					   ? strchr(at + 5, '/')
					   : NULL;
		at = name != NULL ? name + 1 : at;
		*to++ = *at++;
	}
	*to = '\0';
	if (ran.status != status || strcmp(ran.out, out) != 0 ||
	    strcmp(ran.err, err) != 0)
		fail_msg("patchyard %s\nended with %d, not %d\n%s--- not\n%s--- err\n%s"
			 "--- not\n%s---",
			 line, ran.status, status, ran.out, out, ran.err, err);
	ran_fini(&ran);
}

TEST(the_real_catalog_and_the_sample_plan_are_good)
{
	char line[1024];

	snprintf(line, sizeof line, "catalog check %s", folder_of_catalogs);
	struct ran ran = run(line, NULL);
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.err, "");
	assert_non_null(strstr(ran.out, " releases of 4 products: no errors, no "
					"warnings.\n"));
	ran_fini(&ran);
	snprintf(line, sizeof line, "plan check %s --catalog %s -q", sample_plan,
		 folder_of_catalogs);
	run_expect(line, NULL, 0, "", "");
}

TEST(a_fault_is_told_with_file_line_reason_and_the_right_answer)
{
	char line[1024];
	const char *path = folder_file(
		"slip.xml", CATALOG
		"<product id=\"w\" name=\"W\" famly=\"client\" base=\"26100\">\n" RELEASE(
			"KB5000001", "26100.10", "kind=\"basline\"") "</product>\n"
								     "</catalog>\n");

	snprintf(line, sizeof line, "catalog check %s", path);
	expect(line, 2, "",
	       "slip.xml:2: error: <product> has no attribute 'famly' (did you mean "
	       "'family'?)\n"
	       "slip.xml:2: error: <product> needs the attribute 'family' (one of client "
	       "or server)\n"
	       "slip.xml:3: error: kind=\"basline\" of <release> is not right (did you "
	       "mean 'baseline'?)\n"
	       "3 errors.  Nothing was changed.\n");
}

TEST(several_files_are_one_catalog)
{
	char line[1024];
	const char *first =
		folder_file("a.xml", CATALOG PRODUCT("w")
					     RELEASE("KB5000001", "26100.10",
						     "kind=\"baseline\"") "</product>\n"
									  "</catalog>\n");
	const char *second =
		folder_file("b.xml", CATALOG PRODUCT("w")
					     RELEASE("KB5000002", "26100.12",
						     "kind=\"baseline\"") "</product>\n"
									  "</catalog>\n");

	snprintf(line, sizeof line, "catalog check %s", first);
	expect(line, 0, "1 release of 1 product: no errors, no warnings.\n", "");
	/* one product, told twice, is a fault of both together only */
	snprintf(line, sizeof line, "catalog check %s %s", first, second);
	struct ran ran = run(line, NULL);
	assert_int_equal(ran.status, 2);
	assert_non_null(strstr(ran.err, "b.xml:2: error: "));
	ran_fini(&ran);
}

TEST(a_plan_is_checked_against_a_catalog_when_one_is_named)
{
	char line[1024];
	const char *path = folder_file(
		"hold.xml",
		PLAN "<policy name=\"p\" hotpatch=\"allow\"><match>any</match></policy>\n"
		     "<ring name=\"r\"><match>any</match></ring>\n"
		     "<hold release=\"KB5999999\"><match>any</match></hold>\n"
		     "</plan>\n");

	snprintf(line, sizeof line, "plan check %s", path);
	expect(line, 0, "1 policy, 1 ring, 1 hold: no errors, no warnings.\n", "");
	snprintf(line, sizeof line, "plan check %s --catalog %s", path,
		 folder_of_catalogs);
	expect(line, 0, "1 policy, 1 ring, 1 hold: no errors, 1 warning.\n",
	       "hold.xml:4: warning: the hold names KB5999999, which the catalog does "
	       "not "
	       "have: it holds nothing\n");
}

TEST(a_plan_with_faults_names_each_with_the_nearest_right_answer)
{
	char line[1024];
	const char *path = folder_file(
		"plan.xml",
		PLAN "<policy name=\"p\" hotpatch=\"allow\"><match>any</match></policy>\n"
		     "<ring name=\"test\"><match>site = </match></ring>\n"
		     "<ring name=\"broad\" after=\"tset\"><match>any</match></ring>\n"
		     "</plan>\n");

	snprintf(line, sizeof line, "plan check %s", path);
	expect(line, 2, "",
	       "plan.xml:3: error: the match expression of ring 'test': column 7: "
	       "expected "
	       "a value after '=', found the end\n"
	       "plan.xml:4: error: ring 'broad' waits for ring 'tset', which is not in "
	       "the "
	       "plan (did you mean 'test'?)\n"
	       "2 errors.  Nothing was changed.\n");
	snprintf(line, sizeof line, "plan check %s -o json", path);
	struct ran ran = run(line, NULL);
	assert_int_equal(ran.status, 2);
	assert_string_equal(ran.err, "");
	assert_non_null(strstr(ran.out, "\"errors\": 2"));
	assert_non_null(strstr(ran.out, "\"line\": 4"));
	ran_fini(&ran);
}

TEST(a_file_that_cannot_be_read_is_told_and_nothing_is_judged)
{
	run_expect("catalog check /nowhere/c.xml", NULL, 3, "",
		   "error: cannot check: cannot read '/nowhere/c.xml': No such file or "
		   "directory\n");
	run_expect("plan check /nowhere/p.xml", NULL, 3, "",
		   "error: cannot check: cannot read '/nowhere/p.xml': No such file or "
		   "directory\n");
	run_expect(
		"catalog check /proc/self/fdinfo", NULL, 3, "",
		"error: cannot check: the folder '/proc/self/fdinfo' holds no *.xml\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_real_catalog_and_the_sample_plan_are_good),
		cmocka_unit_test(
			a_fault_is_told_with_file_line_reason_and_the_right_answer),
		cmocka_unit_test(several_files_are_one_catalog),
		cmocka_unit_test(a_plan_is_checked_against_a_catalog_when_one_is_named),
		cmocka_unit_test(
			a_plan_with_faults_names_each_with_the_nearest_right_answer),
		cmocka_unit_test(
			a_file_that_cannot_be_read_is_told_and_nothing_is_judged),
	};
	return cmocka_run_group_tests_name("check", tests, set_up, tear_down);
}

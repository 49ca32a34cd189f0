/* Catalog, plan and payloads: taken whole, or refused with file and line. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/case.h"
#include "tests/unit/server/lab.h"

static struct lab lab;

static int set_up(void **state)
{
	(void)state;
	lab_open(&lab, "2025-05-20T00:00:00Z");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	lab_close(&lab);
	return 0;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL ? text : "";
}

static char *import_body(const char *name, const char *text, bool dry_run)
{
	json_t *body = json_pack("{s:[{s:s, s:s}], s:b}", "files", "name", name, "text",
				 text, "dry_run", dry_run);
	char *dumped = json_dumps(body, 0);
	json_decref(body);
	return dumped;
}

static size_t count_releases(void)
{
	json_t *body = lab_expect(&lab, 200, "GET", "/catalog", NULL);
	size_t count = json_array_size(json_object_get(body, "releases"));
	json_decref(body);
	return count;
}

static void import(int status, const char *name, const char *text, bool dry_run)
{
	char *body = import_body(name, text, dry_run);
	json_decref(lab_expect(&lab, status, "POST", "/catalog", body));
	free(body);
}

TEST(a_catalog_is_imported_and_shown)
{
	lab_load(&lab);
	json_t *body = lab_expect(&lab, 200, "GET", "/catalog", NULL);
	const json_t *file = json_array_get(json_object_get(body, "files"), 0);
	assert_string_equal(text_of(file, "name"), "w24.xml");
	assert_string_equal(text_of(file, "imported"), "2025-05-20T00:00:00Z");
	const json_t *releases = json_object_get(body, "releases");
	assert_int_equal(json_array_size(releases), 3);
	const json_t *hotpatch = json_array_get(releases, 1);
	assert_string_equal(text_of(hotpatch, "product"), "w24");
	assert_string_equal(text_of(hotpatch, "kb"), "KB5058497");
	assert_string_equal(text_of(hotpatch, "build"), "26100.3981");
	assert_string_equal(text_of(hotpatch, "kind"), "hotpatch");
	assert_string_equal(text_of(hotpatch, "cadence"), "B");
	assert_string_equal(text_of(hotpatch, "published"), "2025-05-13T17:00:00Z");
	assert_string_equal(text_of(hotpatch, "baseline"), "KB5055523");
	assert_string_equal(text_of(hotpatch, "offer"), "auto");
	assert_int_equal(json_array_size(json_object_get(hotpatch, "arch")), 2);
	assert_true(json_is_true(json_object_get(hotpatch, "payload")));
	const json_t *supersedes =
		json_object_get(json_array_get(releases, 2), "supersedes");
	assert_int_equal(json_array_size(supersedes), 1);
	assert_string_equal(json_string_value(json_array_get(supersedes, 0)),
			    "KB5055523");
	json_decref(body);
}

TEST(a_file_of_the_same_name_takes_the_place_of_the_one_before)
{
	static const char one[] =
		"<catalog xmlns=\"urn:patchyard:catalog:1\">\n"
		"<product id=\"w24\" name=\"W\" family=\"client\" base=\"26100\">\n"
		"<release kb=\"KB5055523\" build=\"26100.3775\" kind=\"lcu\""
		" published=\"2025-04-08T17:00:00Z\" arch=\"x64\"/>\n"
		"</product></catalog>\n";

	import(200, "w24.xml", lab_catalog, false);
	assert_int_equal(count_releases(), 3);
	import(200, "w24.xml", one, false);
	assert_int_equal(count_releases(), 1);
	/* Beside it, the same product is there twice. */
	import(400, "other.xml", one, false);
	assert_int_equal(count_releases(), 1);
}

TEST(a_catalog_with_an_error_changes_nothing_and_names_file_and_line)
{
	static const struct {
		const char *text;
		json_int_t line;
		const char *said; /* part of it */
	} rows[] = {
		{ "<catalog", 1, "" },
		{ "<catalog xmlns=\"urn:patchyard:catalog:1\">\n"
		  "<product id=\"w25\" name=\"W\" family=\"client\" base=\"26200\">\n"
		  "<release kb=\"KB5000005\" build=\"26200.1\" kind=\"lcu\"\n"
		  " publishd=\"2025-04-08T17:00:00Z\" arch=\"x64\"/>\n"
		  "</product></catalog>\n",
		  3, "publishd" },
		{ "<catalog xmlns=\"urn:patchyard:catalog:1\">\n"
		  "<product id=\"w25\" name=\"W\" family=\"client\" base=\"26200\">\n"
		  "<hotpatch editions=\"Enterprise\" from=\"26200.1\"/>\n"
		  "<release kb=\"KB5000005\" build=\"26200.2\" kind=\"hotpatch\" "
		  "baseline=\"KB5000004\""
		  " published=\"2025-04-08T17:00:00Z\" arch=\"x64\"/>\n"
		  "</product></catalog>\n",
		  4, "KB5000004" },
	};

	import(200, "w24.xml", lab_catalog, false);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *body = import_body("w25.xml", rows[i].text, false);
		json_t *answer = lab_expect(&lab, 400, "POST", "/catalog", body);
		const json_t *finding =
			json_array_get(json_object_get(answer, "findings"), 0);
		if (strcmp(text_of(finding, "file"), "w25.xml") != 0 ||
		    json_integer_value(json_object_get(finding, "line")) !=
			    rows[i].line ||
		    strcmp(text_of(finding, "severity"), "error") != 0 ||
		    strstr(text_of(finding, "text"), rows[i].said) == NULL ||
		    strncmp(text_of(answer, "detail"), "w25.xml:", 8) != 0)
			fail_msg("%s: %s", rows[i].text, json_dumps(answer, 0));
		json_decref(answer);
		free(body);
		assert_int_equal(count_releases(), 3);
	}
}

TEST(one_bad_file_of_several_keeps_out_all)
{
	json_t *body =
		json_pack("{s:[{s:s, s:s}, {s:s, s:s}]}", "files", "name", "w24.xml",
			  "text", lab_catalog, "name", "bad.xml", "text", "<catalog/>");
	char *text = json_dumps(body, 0);

	json_decref(lab_expect(&lab, 400, "POST", "/catalog", text));
	assert_int_equal(count_releases(), 0);
	free(text);
	json_decref(body);
}

TEST(a_dry_run_says_what_an_import_would_do)
{
	char *body = import_body("w24.xml", lab_catalog, true);
	json_t *answer = lab_expect(&lab, 200, "POST", "/catalog", body);

	assert_int_equal(json_integer_value(json_object_get(answer, "releases")), 3);
	assert_int_equal(count_releases(), 0);
	json_decref(answer);
	free(body);
	import(400, "w24.xml", "<catalog/>", true);
	json_t *audit = lab_expect(&lab, 200, "GET", "/audit", NULL);
	assert_int_equal(json_array_size(json_object_get(audit, "entries")), 0);
	json_decref(audit);
}

TEST(an_import_without_files_is_refused)
{
	static const struct {
		const char *body, *detail;
	} rows[] = {
		{ "{}", "the body wants {\"files\"" },
		{ "{\"files\":[]}", "the body wants {\"files\"" },
		{ "{\"files\":[{\"text\":\"x\"}]}", "file 1 has no name" },
		{ "{\"files\":[{\"name\":\"\",\"text\":\"x\"}]}", "file 1 has no name" },
		{ "{\"files\":[{\"name\":\"a/b\",\"text\":\"x\"}]}",
		  "file 1 has no name" },
		{ "{\"files\":[{\"name\":\"a\"}]}", "file 'a' has no text" },
		{ "{\"files\":[{\"name\":\"a\",\"text\":\"\"},{\"name\":\"a\",\"text\":"
		  "\"\"}]}",
		  "file 'a' is there twice" },
		{ "{\"files\":[{\"name\":\"a\",\"text\":\"\"}],\"dry_run\":1}",
		  "dry_run is true or false" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		json_t *answer = lab_expect(&lab, 400, "POST", "/catalog", rows[i].body);
		if (strncmp(text_of(answer, "detail"), rows[i].detail,
			    strlen(rows[i].detail)) != 0)
			fail_msg("%s: %s", rows[i].body, text_of(answer, "detail"));
		json_decref(answer);
	}
}

TEST(a_plan_is_applied_and_given_back_as_it_was_written)
{
	json_decref(lab_expect(&lab, 404, "GET", "/plan", NULL));
	json_t *answer =
		lab_expect(&lab, 200, "PUT", "/plan?name=lab.xml&dry-run=1", lab_plan);
	json_decref(answer);
	json_decref(lab_expect(&lab, 404, "GET", "/plan", NULL));
	answer = lab_expect(&lab, 200, "PUT", "/plan?name=lab.xml", lab_plan);
	assert_int_equal(json_integer_value(json_object_get(answer, "revision")), 1);
	json_decref(answer);
	struct answer plan = lab_call(&lab, "GET", "/plan", NULL);
	assert_int_equal(plan.status, 200);
	assert_string_equal(plan.text, lab_plan);
	assert_non_null(strstr(plan.head, "Content-Type: application/xml\r\n"));
	answer_free(&plan);
	answer = lab_expect(&lab, 200, "PUT", "/plan", lab_plan);
	assert_int_equal(json_integer_value(json_object_get(answer, "revision")), 2);
	json_decref(answer);

	json_t *rings = lab_expect(&lab, 200, "GET", "/rings", NULL);
	const json_t *slow = json_array_get(json_object_get(rings, "rings"), 0);
	const json_t *all = json_array_get(json_object_get(rings, "rings"), 1);
	assert_string_equal(text_of(slow, "name"), "slow");
	assert_int_equal(json_integer_value(json_object_get(slow, "defer_days")), 30);
	assert_int_equal(json_integer_value(json_object_get(slow, "deadline_days")), 3);
	assert_int_equal(json_integer_value(json_object_get(slow, "grace_days")), 1);
	assert_string_equal(text_of(slow, "match"), "tag.ring = slow");
	assert_null(json_object_get(all, "deadline_days"));
	json_decref(rings);
}

TEST(a_plan_with_an_error_changes_nothing_and_names_file_and_line)
{
	json_decref(lab_expect(&lab, 200, "PUT", "/plan?name=lab.xml", lab_plan));
	json_t *answer = lab_expect(&lab, 400, "PUT", "/plan?name=new.xml",
				    "<plan xmlns=\"urn:patchyard:plan:1\">\n"
				    "<ring name=\"a\" defer-days=\"0\" "
				    "after=\"b\"><match>any</match></ring>\n"
				    "<ring name=\"c\" defer-days=\"0\"><match>site "
				    "=</match></ring>\n</plan>\n");
	const json_t *findings = json_object_get(answer, "findings");
	assert_int_equal(json_array_size(findings), 2);
	bool lines[4] = { false };
	for (size_t i = 0; i < 2; i++) {
		const json_t *one = json_array_get(findings, i);
		assert_string_equal(text_of(one, "file"), "new.xml");
		json_int_t line = json_integer_value(json_object_get(one, "line"));
		assert_true(line >= 0 && line < 4);
		lines[line] = true;
	}
	assert_true(lines[2] && lines[3]);
	json_decref(answer);
	struct answer plan = lab_call(&lab, "GET", "/plan", NULL);
	assert_string_equal(plan.text, lab_plan);
	answer_free(&plan);
	json_decref(lab_expect(&lab, 400, "PUT", "/plan?name=", lab_plan));
	json_decref(lab_expect(&lab, 400, "PUT", "/plan?dry-run=perhaps", lab_plan));
	json_decref(lab_expect(&lab, 400, "PUT", "/plan", ""));
}

TEST(a_warning_is_told_and_does_not_refuse)
{
	json_t *answer = lab_expect(&lab, 200, "PUT", "/plan",
				    "<plan xmlns=\"urn:patchyard:plan:1\">\n</plan>\n");
	const json_t *warnings = json_object_get(answer, "warnings");

	assert_int_equal(json_array_size(warnings), 1);
	assert_string_equal(text_of(json_array_get(warnings, 0), "severity"), "warning");
	json_decref(answer);
}

TEST(payloads_are_taken_all_or_none)
{
	static const struct {
		const char *product, *kb, *build, *arch, *path, *detail;
	} rows[] = {
		{ "w99", "KB5055523", "26100.3775", "x64", NULL, "'w99' is no product" },
		{ "w24", "May", "26100.3775", "x64", NULL, "'May' is no KB" },
		{ "w24", "KB5055523", "3775", "x64", NULL, "'3775' is no build" },
		{ "w24", "KB5055523", "26100.1", "x64", NULL,
		  "w24 has no release KB5055523 with build 26100.1" },
		{ "w24", "KB5055523", "26100.3775", "mips", NULL,
		  "KB5055523 of w24 is not published for arch 'mips'" },
		{ "w24", "KB5055523", "26100.3775", "x64", "some/file",
		  "the path 'some/file' does not begin at /" },
		{ "w24", "KB5055523", "26100.3775", "x64", "/tmp/",
		  "the path '/tmp/' ends in no file name" },
		{ "w24", "KB5055523", "26100.3775", "x64", "/no/such/file", "" },
	};
	char good[256];

	import(200, "w24.xml", lab_catalog, false);
	snprintf(good, sizeof good, "%s",
		 scratch_write(&lab.scratch, "good.msu", "bytes"));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		/* A good one goes before it and must not stay. */
		json_t *body = json_pack(
			"{s:[{s:s, s:s, s:s, s:s, s:s}, {s:s, s:s, s:s, s:s, s:s}]}",
			"payloads", "product", "w24", "kb", "KB5058411", "build",
			"26100.4061", "arch", "x64", "path", good, "product",
			rows[i].product, "kb", rows[i].kb, "build", rows[i].build, "arch",
			rows[i].arch, "path", rows[i].path != NULL ? rows[i].path : good);
		char *text = json_dumps(body, 0);
		struct answer answer = lab_call(&lab, "POST", "/payloads", text);
		char detail[200];
		snprintf(detail, sizeof detail, "payload 2: %s", rows[i].detail);
		if (answer.status < 400 ||
		    strncmp(text_of(answer.json, "detail"), detail, strlen(detail)) != 0)
			fail_msg("%s: %d %s", detail, answer.status, answer.text);
		answer_free(&answer);
		free(text);
		json_decref(body);
	}
	json_decref(lab_expect(&lab, 400, "POST", "/payloads", "{\"payloads\":[]}"));
	json_t *status = lab_expect(&lab, 200, "GET", "/status", NULL);
	assert_int_equal(json_integer_value(json_object_get(status, "payloads")), 0);
	json_decref(status);
}

TEST(a_device_is_offered_what_has_a_payload_as_soon_as_it_has)
{
	import(200, "w24.xml", lab_catalog, false);
	json_decref(lab_expect(&lab, 200, "PUT", "/plan", lab_plan));
	lab_device(&lab, "pc-1",
		   "os.family=client os.arch=x64 os.build=26100.3775 os.kbs=KB5055523");
	json_t *before = lab_expect(&lab, 200, "GET", "/devices/pc-1", NULL);
	assert_string_equal(text_of(before, "action"), "none");
	const json_t *reasons = json_object_get(before, "reasons");
	assert_string_equal(json_string_value(json_array_get(reasons, 0)),
			    "payload-missing");
	json_decref(before);
	json_t *body =
		json_pack("{s:[{s:s, s:s, s:s, s:s, s:s}]}", "payloads", "product", "w24",
			  "kb", "KB5058411", "build", "26100.4061", "arch", "x64", "path",
			  scratch_write(&lab.scratch, "a.msu", "bytes"));
	char *text = json_dumps(body, 0);
	json_t *added = lab_expect(&lab, 200, "POST", "/payloads", text);
	assert_int_equal(json_integer_value(json_object_get(added, "added")), 1);
	json_decref(added);
	free(text);
	json_decref(body);
	json_t *after = lab_expect(&lab, 200, "GET", "/devices/pc-1", NULL);
	assert_string_equal(text_of(after, "action"), "install");
	assert_string_equal(text_of(after, "kb"), "KB5058411");
	json_decref(after);
}

int main(void)
{
#define DOCUMENT_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		DOCUMENT_TEST(a_catalog_is_imported_and_shown),
		DOCUMENT_TEST(a_file_of_the_same_name_takes_the_place_of_the_one_before),
		DOCUMENT_TEST(
			a_catalog_with_an_error_changes_nothing_and_names_file_and_line),
		DOCUMENT_TEST(one_bad_file_of_several_keeps_out_all),
		DOCUMENT_TEST(a_dry_run_says_what_an_import_would_do),
		DOCUMENT_TEST(an_import_without_files_is_refused),
		DOCUMENT_TEST(a_plan_is_applied_and_given_back_as_it_was_written),
		DOCUMENT_TEST(
			a_plan_with_an_error_changes_nothing_and_names_file_and_line),
		DOCUMENT_TEST(a_warning_is_told_and_does_not_refuse),
		DOCUMENT_TEST(payloads_are_taken_all_or_none),
		DOCUMENT_TEST(a_device_is_offered_what_has_a_payload_as_soon_as_it_has),
	};
	return cmocka_run_group_tests_name("admin documents", tests, NULL, NULL);
}

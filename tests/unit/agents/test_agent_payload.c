#include "agents/payload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/payload_list.h"
#include "engine/problem.h"
#include "tests/lib/case.h"
#include "tests/unit/agents/scratch.h"

static const struct payload baseline = { .product = "windows-11-24h2",
					 .family = FAMILY_CLIENT,
					 .kb = 5055523,
					 .build = { 26100, 3775 },
					 .kind = RELEASE_BASELINE,
					 .arch = ARCH_X64 };
static const struct payload hotpatch = { .product = "windows-server-2022-azure",
					 .family = FAMILY_SERVER,
					 .kb = 5058500,
					 .build = { 20348, 3630 },
					 .kind = RELEASE_HOTPATCH,
					 .arch = ARCH_X64,
					 .baseline_kb = 5055526,
					 .baseline_build = { 20348, 3453 } };

static void check_equal(const struct payload *a, const struct payload *b)
{
	assert_string_equal(a->product, b->product);
	assert_int_equal(a->family, b->family);
	assert_int_equal(a->kb, b->kb);
	assert_true(build_equal(a->build, b->build));
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->arch, b->arch);
	assert_int_equal(a->baseline_kb, b->baseline_kb);
	assert_true(build_equal(a->baseline_build, b->baseline_build));
}

TEST(what_is_written_is_read_back)
{
	const struct payload *rows[] = { &baseline, &hotpatch };
	char text[PAYLOAD_SIZE], again[PAYLOAD_SIZE];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct payload read;
		struct problem p = { 0 };
		payload_write(rows[i], text);
		payload_write(rows[i], again);
		assert_memory_equal(text, again, sizeof text);
		assert_int_equal(text[PAYLOAD_SIZE - 1], '\n');
		if (payload_parse(text, sizeof text, &read, &p) < 0)
			fail_msg("row %zu: %s", i, p.text);
		check_equal(&read, rows[i]);
	}
}

TEST(a_payload_cut_short_anywhere_is_none)
{
	char text[PAYLOAD_SIZE];

	payload_write(&hotpatch, text);
	for (size_t size = 0; size < sizeof text; size++) {
		struct payload read;
		struct problem p = { 0 };
		assert_int_equal(payload_parse(text, size, &read, &p), -1);
		assert_int_equal(p.kind, PROBLEM_BAD_INPUT);
	}
}

#define HEAD "patchyard test payload 1\n"
#define MOST "product: p\nkb: KB1\nbuild: 1.1\narch: x64\n"

TEST(text_that_is_no_payload_says_why)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "MSCF", "does not begin" },
		{ "patchyard test payload 2\n", "does not begin" },
		{ HEAD, "cut short" },
		{ HEAD "end\n", "'product'" },
		{ HEAD MOST "end\n", "'kind'" },
		{ HEAD MOST "kind: hotpatch\nend\n", "names no baseline" },
		{ HEAD MOST "kind: lcu\nkind: lcu\nend\n", "bad line 'kind: lcu'" },
		{ HEAD MOST "kind: other\nend\n", "bad line" },
		{ HEAD MOST "colour: red\nend\n", "bad line 'colour: red'" },
		{ HEAD MOST "baseline: KB2\nend\n", "bad line" },
		{ HEAD MOST "baseline: KB2 1.2 x\nend\n", "bad line" },
		{ HEAD "family: martian\nend\n", "bad line" },
		{ HEAD "kb: 0\nend\n", "bad line" },
		{ HEAD "build: 26100\nend\n", "bad line" },
		{ HEAD "arch: mips\nend\n", "bad line" },
		{ HEAD
		  "product: "
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
		  "bad line" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct payload read;
		struct problem p = { 0 };
		if (payload_parse(rows[i].text, strlen(rows[i].text), &read, &p) == 0 ||
		    strstr(p.text, rows[i].why) == NULL)
			fail_msg("%s\n gives: %s", rows[i].text, p.text);
	}
}

TEST(without_a_family_the_product_tells)
{
	static const char client[] = HEAD MOST "kind: lcu\nend\n";
	static const char server[] = HEAD "product: windows-server-2025\nkb: KB1\n"
					  "build: 1.1\narch: x64\nkind: lcu\nend\n";
	struct payload read;
	struct problem p = { 0 };

	assert_int_equal(payload_parse(client, sizeof client - 1, &read, &p), 0);
	assert_int_equal(read.family, FAMILY_CLIENT);
	assert_int_equal(payload_parse(server, sizeof server - 1, &read, &p), 0);
	assert_int_equal(read.family, FAMILY_SERVER);
}

TEST(files_are_named_as_microsoft_names_them)
{
	char name[PAYLOAD_NAME];
	struct payload arm = baseline;

	arm.arch = ARCH_ARM64;
	assert_string_equal(payload_file_name(&baseline, name),
			    "windows11.0-kb5055523-x64.msu");
	assert_string_equal(payload_file_name(&arm, name),
			    "windows11.0-kb5055523-arm64.msu");
	assert_string_equal(payload_file_name(&hotpatch, name),
			    "windows10.0-kb5058500-x64.msu");
}

TEST(a_line_of_a_list_is_read_or_says_what_is_wrong)
{
	static const struct {
		const char *line, *why; /* NULL: good */
	} rows[] = {
		{ "w\tclient\tKB5055523\t26100.3775\tbaseline\tx64", NULL },
		{ "w\tclient\t5055523\t10.0.26100.3775\tlcu\tarm64\t\t", NULL },
		{ "w\tclient\tKB1\t1.1\thotpatch\tx64\tKB2\t1.2", NULL },
		{ "w\tclient\tKB1\t1.1\tlcu\tx64\tKB2\t1.2\t", NULL },
		{ "w client KB1 1.1 lcu x64", "1 columns" },
		{ "w\tclient\tKB1\t1.1\tlcu", "5 columns" },
		{ "w\tclient\tKB1\t1.1\tlcu\tx64\tKB2", "7 columns" },
		{ "w\tclient\tKB1\t1.1\tlcu\tx64\tKB2\t1.2\tmore", "9 columns" },
		{ "\tclient\tKB1\t1.1\tlcu\tx64", "column 1" },
		{ "../w\tclient\tKB1\t1.1\tlcu\tx64", "cannot be a product" },
		{ "a/b\tclient\tKB1\t1.1\tlcu\tx64", "cannot be a product" },
		{ "w\tdesktop\tKB1\t1.1\tlcu\tx64", "column 2" },
		{ "w\tclient\t\t1.1\tlcu\tx64", "column 3" },
		{ "w\tclient\tKB1\t1\tlcu\tx64", "column 4" },
		{ "w\tclient\tKB1\t1.1\toob\tx64", "column 5" },
		{ "w\tclient\tKB1\t1.1\trtm\tx64", "no payload" },
		{ "w\tclient\tKB1\t1.1\tlcu\tx86", "column 6" },
		{ "w\tclient\tKB1\t1.1\thotpatch\tx64", "names its baseline" },
		{ "w\tclient\tKB1\t1.1\tlcu\tx64\tKB2\tnew", "columns 7 and 8" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char line[200];
		struct payload payload;
		struct problem p = { 0 };
		snprintf(line, sizeof line, "%s", rows[i].line);
		int result = payload_list_read(line, &payload, &p);
		if ((result == 0) != (rows[i].why == NULL) ||
		    (result < 0 && strstr(p.text, rows[i].why) == NULL))
			fail_msg("%s\n gives: %s", rows[i].line, p.text);
	}
}

/* Make the files of a list, with what is printed in `out`. */
static int make(const char *list, const char *folder, char out[static 1000],
		struct problem *p)
{
	FILE *in = fmemopen((void *)list, strlen(list), "r");
	FILE *printed = fmemopen(out, 1000, "w");

	assert_non_null(in);
	assert_non_null(printed);
	memset(p, 0, sizeof *p);
	int result = payload_list_make(in, "list", folder, printed, p);
	fclose(in);
	fclose(printed);
	return result;
}

TEST(a_list_becomes_files_and_one_line_for_each)
{
	static const char list[] =
		"# a comment\n\n"
		"w-24h2\tclient\tKB5055523\t26100.3775\tbaseline\tx64\n"
		"w-25h2\tclient\tKB5055523\t26200.3775\tbaseline\tx64";
	char folder[SCRATCH_PATH], out[1000] = "", wanted[2 * SCRATCH_PATH + 200];
	char inner[SCRATCH_PATH + 20];
	struct payload read;
	struct problem p;
	size_t size = 0;

	scratch_make(folder);
	for (int twice = 0; twice < 2; twice++) {
		if (make(list, folder, out, &p) < 0)
			fail_msg("%s", p.text);
		snprintf(wanted, sizeof wanted,
			 "w-24h2\tKB5055523\t26100.3775\tx64\t%s/w-24h2/"
			 "windows11.0-kb5055523-x64.msu\n"
			 "w-25h2\tKB5055523\t26200.3775\tx64\t%s/w-25h2/"
			 "windows11.0-kb5055523-x64.msu\n",
			 folder, folder);
		assert_string_equal(out, wanted);
	}
	snprintf(inner, sizeof inner, "%s/w-25h2", folder);
	char *text = scratch_read(inner, "windows11.0-kb5055523-x64.msu", &size);
	assert_int_equal(payload_parse(text, size, &read, &p), 0);
	assert_int_equal(read.build.base, 26200);
	free(text);
	scratch_remove(folder);
}

TEST(a_fault_names_the_list_and_the_line)
{
	char folder[SCRATCH_PATH], out[1000], far[600];
	struct problem p;

	scratch_make(folder);
	assert_int_equal(make("#\nw\tclient\tKB1\t1.1\tlcu\tx86\n", folder, out, &p), -1);
	assert_non_null(strstr(p.text, "list:2: column 6"));
	memset(far, 'w', sizeof far - 1);
	far[sizeof far - 1] = '\0';
	assert_int_equal(make(far, folder, out, &p), -1);
	assert_non_null(strstr(p.text, "list:1: the line has more"));
	assert_int_equal(make("w\tclient\tKB1\t1.1\tlcu\tx64\n"
			      "w\tclient\tKB1\t1.2\tlcu\tx64\n",
			      folder, out, &p),
			 -1);
	assert_int_equal(p.kind, PROBLEM_CONFLICT);
	assert_non_null(strstr(p.text, "list:2: "));
	scratch_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(a_payload_cut_short_anywhere_is_none),
		cmocka_unit_test(text_that_is_no_payload_says_why),
		cmocka_unit_test(without_a_family_the_product_tells),
		cmocka_unit_test(files_are_named_as_microsoft_names_them),
		cmocka_unit_test(a_line_of_a_list_is_read_or_says_what_is_wrong),
		cmocka_unit_test(a_list_becomes_files_and_one_line_for_each),
		cmocka_unit_test(a_fault_names_the_list_and_the_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

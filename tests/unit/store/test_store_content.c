/* The content store: what comes in, what is refused, what a damaged file becomes. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/backend.h"
#include "engine/problem.h"
#include "store/content_store.h"
#include "tests/lib/case.h"
#include "tests/unit/store/fixture.h"
#include "tests/unit/store/sample.h"

#define ABC_SHA256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC_SHA1   "a9993e364706816aba3e25717850c26c9cd0d89d"
#define ABC_MD5    "900150983cd24fb0d6963f7d28e17f72"

struct yard {
	char folder[64], root[96], source[96];
	struct content_store *store;
};

static void yard_init(struct yard *yard)
{
	struct problem p = { 0 };

	strcpy(yard->folder, "/tmp/content-test-XXXXXX");
	assert_non_null(mkdtemp(yard->folder));
	snprintf(yard->root, sizeof yard->root, "%s/content", yard->folder);
	snprintf(yard->source, sizeof yard->source, "%s/update.msu", yard->folder);
	yard->store = content_store_open(yard->root, &p);
	if (yard->store == NULL)
		fail_msg("%s", p.text);
}

static void yard_fini(struct yard *yard)
{
	content_store_close(yard->store);
	folder_remove(yard->folder);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

/* How many entries a folder of the store holds. */
static int entries(const struct yard *yard, const char *folder_name)
{
	char path[160];
	int count = 0;

	snprintf(path, sizeof path, "%s/%s", yard->root, folder_name);
	DIR *folder = opendir(path);
	assert_non_null(folder);
	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count - 2; /* "." and ".." */
}

static bool is_there(const struct yard *yard, const char *sha256)
{
	char path[CONTENT_PATH];
	struct stat status;

	assert_true(content_store_path(yard->store, sha256, path));
	return lstat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static void add_abc(struct yard *yard)
{
	struct payload payload = { 0 };
	struct problem p = { 0 };

	write_file(yard->source, "abc");
	if (content_store_add(yard->store, yard->source, &payload, &p) < 0)
		fail_msg("%s", p.text);
}

/* Adding. */

TEST(a_file_that_is_added_is_found_under_its_hash_and_only_its_hashes_are_told)
{
	struct yard yard;
	struct payload payload = { .name = "mine", .arch = ARCH_ARM64 };
	struct problem p = { 0 };
	char path[CONTENT_PATH], text[8] = "";

	yard_init(&yard);
	write_file(yard.source, "abc");
	assert_int_equal(content_store_add(yard.store, yard.source, &payload, &p), 0);
	assert_int_equal(payload.size_bytes, 3);
	assert_string_equal(payload.sha256, ABC_SHA256);
	assert_string_equal(payload.sha1, ABC_SHA1);
	assert_string_equal(payload.md5, ABC_MD5);
	assert_string_equal(payload.name, "mine");
	assert_int_equal(payload.arch, ARCH_ARM64);
	assert_true(content_store_path(yard.store, ABC_SHA256, path));
	assert_non_null(strstr(path, "/content/sha256/ba/" ABC_SHA256));
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fread(text, 1, sizeof text, file), 3);
	fclose(file);
	assert_string_equal(text, "abc");
	assert_int_equal(entries(&yard, "incoming"), 0);
	assert_int_equal(content_store_verify(yard.store, ABC_SHA256, &p), 0);
	yard_fini(&yard);
}

TEST(files_of_any_size_come_in_whole)
{
	static const size_t sizes[] = { 0, 1, 65535, 262143, 262144, 262145, 1500000 };
	struct yard yard;
	struct problem p = { 0 };
	struct dice dice = { 4 };

	yard_init(&yard);
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct payload payload = { 0 };
		FILE *file = fopen(yard.source, "w");
		assert_non_null(file);
		for (size_t j = 0; j < sizes[i]; j++)
			fputc((int)dice_below(&dice, 256), file);
		assert_int_equal(fclose(file), 0);
		assert_int_equal(content_store_add(yard.store, yard.source, &payload, &p),
				 0);
		assert_int_equal(payload.size_bytes, sizes[i]);
		if (content_store_verify(yard.store, payload.sha256, &p) < 0)
			fail_msg("%zu bytes: %s", sizes[i], p.text);
	}
	yard_fini(&yard);
}

static void make_nothing(const struct yard *yard)
{
	(void)yard;
}

static void make_link(const struct yard *yard)
{
	char target[96];

	snprintf(target, sizeof target, "%s/real.msu", yard->folder);
	write_file(target, "abc");
	assert_int_equal(symlink(target, yard->source), 0);
}

static void make_folder(const struct yard *yard)
{
	assert_int_equal(mkdir(yard->source, 0700), 0);
}

static void make_pipe(const struct yard *yard)
{
	assert_int_equal(mkfifo(yard->source, 0600), 0);
}

/* More than the whole disk holds, without a block of it in use. */
static void make_huge(const struct yard *yard)
{
	struct statvfs disk;

	write_file(yard->source, "");
	assert_int_equal(statvfs(yard->folder, &disk), 0);
	off_t size = (off_t)disk.f_frsize * (off_t)disk.f_blocks;
	assert_int_equal(truncate(yard->source, size), 0);
}

TEST(what_is_no_plain_file_or_does_not_fit_is_refused_and_leaves_nothing)
{
	static const struct {
		const char *what;
		void (*make)(const struct yard *yard);
		enum problem_kind kind;
		const char *words;
	} rows[] = {
		{ "no file", make_nothing, PROBLEM_NOT_FOUND, "check the path" },
		{ "a link", make_link, PROBLEM_BAD_INPUT, "links are not followed" },
		{ "a folder", make_folder, PROBLEM_BAD_INPUT, "no regular file" },
		{ "a pipe", make_pipe, PROBLEM_BAD_INPUT, "no regular file" },
		{ "a file larger than the disk", make_huge, PROBLEM_BUSY,
		  "free some space" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct yard yard;
		struct payload payload = { .size_bytes = 77 };
		struct problem p = { 0 };

		yard_init(&yard);
		rows[i].make(&yard);
		if (content_store_add(yard.store, yard.source, &payload, &p) == 0)
			fail_msg("%s: taken", rows[i].what);
		if (p.kind != rows[i].kind || strstr(p.text, rows[i].words) == NULL ||
		    strstr(p.text, yard.source) == NULL)
			fail_msg("%s: the words are '%s'", rows[i].what, p.text);
		assert_int_equal(payload.size_bytes, 77);
		assert_int_equal(entries(&yard, "incoming"), 0);
		assert_int_equal(entries(&yard, "sha256"), 0);
		yard_fini(&yard);
	}
}

/* A disk that gives no more in the middle of a file, as a limit of a child. */
static void add_within_limit(struct yard *yard)
{
	struct rlimit limit = { 100000, 100000 };
	struct payload payload = { 0 };
	struct problem p = { 0 };

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		_exit(10);
	if (content_store_add(yard->store, yard->source, &payload, &p) == 0)
		_exit(11);
	if (p.kind != PROBLEM_TOO_LARGE || strstr(p.text, "writing the copy") == NULL)
		_exit(12);
	if (entries(yard, "incoming") != 0 || entries(yard, "sha256") != 0)
		_exit(13);
	write_file(yard->source, "abc"); /* and goes on with what does fit */
	if (content_store_add(yard->store, yard->source, &payload, &p) < 0)
		_exit(14);
	_exit(0);
}

TEST(a_write_that_fails_halfway_leaves_nothing_and_the_next_goes_well)
{
	struct yard yard;
	int status = -1;

	yard_init(&yard);
	write_file(yard.source, "");
	assert_int_equal(truncate(yard.source, 500000), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		add_within_limit(&yard);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(is_there(&yard, ABC_SHA256));
	yard_fini(&yard);
}

/* Names. */

TEST(only_a_hash_ever_makes_a_path)
{
	static const char *const rows[] = {
		"",
		"abc",
		"../../../../../../../../../../../../../../../../../../../../etc/passwd",
		"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad0",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a/",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a ",
		"ba/816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	};
	struct yard yard;
	char path[CONTENT_PATH];

	yard_init(&yard);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct problem p = { 0 };
		if (content_store_path(yard.store, rows[i], path))
			fail_msg("'%s' made '%s'", rows[i], path);
		assert_int_equal(content_store_verify(yard.store, rows[i], &p), -1);
		assert_int_equal(p.kind, PROBLEM_BAD_INPUT);
	}
	yard_fini(&yard);
}

/* Verifying. */

static void spoil_bytes(const char *path)
{
	assert_int_equal(chmod(path, 0600), 0);
	write_file(path, "abd");
}

static void spoil_length(const char *path)
{
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(truncate(path, 2), 0);
}

static void spoil_by_link(const char *path)
{
	char elsewhere[CONTENT_PATH + 16];

	snprintf(elsewhere, sizeof elsewhere, "%s.real", path);
	assert_int_equal(rename(path, elsewhere), 0); /* even to the right bytes */
	assert_int_equal(symlink(elsewhere, path), 0);
}

static void spoil_by_folder(const char *path)
{
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
}

TEST(a_damaged_file_goes_to_quarantine_and_comes_back_by_another_import)
{
	static const struct {
		const char *what;
		void (*spoil)(const char *path);
	} rows[] = {
		{ "other bytes", spoil_bytes },
		{ "cut short", spoil_length },
		{ "a link", spoil_by_link },
		{ "a folder", spoil_by_folder },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct yard yard;
		struct problem p = { 0 };
		char path[CONTENT_PATH];

		yard_init(&yard);
		add_abc(&yard);
		assert_true(content_store_path(yard.store, ABC_SHA256, path));
		rows[i].spoil(path);
		if (content_store_verify(yard.store, ABC_SHA256, &p) == 0)
			fail_msg("%s: not noticed", rows[i].what);
		assert_int_equal(p.kind, PROBLEM_CONFLICT);
		assert_non_null(strstr(p.text, "import it again"));
		assert_false(is_there(&yard, ABC_SHA256));
		assert_int_equal(entries(&yard, "quarantine"), 1);
		assert_int_equal(content_store_verify(yard.store, ABC_SHA256, &p), -1);
		assert_int_equal(p.kind, PROBLEM_NOT_FOUND);
		assert_int_equal(entries(&yard, "quarantine"), 1);

		add_abc(&yard);
		assert_int_equal(content_store_verify(yard.store, ABC_SHA256, &p), 0);
		yard_fini(&yard);
	}
}

TEST(adding_the_same_bytes_heals_a_damaged_file_and_readers_keep_what_they_opened)
{
	struct yard yard;
	struct problem p = { 0 };
	char path[CONTENT_PATH], text[4] = "";

	yard_init(&yard);
	add_abc(&yard);
	assert_true(content_store_path(yard.store, ABC_SHA256, path));
	int before = open(path, O_RDONLY);
	assert_true(before >= 0);
	add_abc(&yard);
	assert_int_equal(read(before, text, sizeof text), 3);
	close(before);
	spoil_bytes(path);
	add_abc(&yard);
	assert_int_equal(content_store_verify(yard.store, ABC_SHA256, &p), 0);
	assert_int_equal(entries(&yard, "quarantine"), 0);
	yard_fini(&yard);
}

TEST(a_link_in_place_of_a_folder_of_the_store_is_not_followed)
{
	struct yard yard;
	struct payload payload = { 0 };
	struct problem p = { 0 };
	char path[160], elsewhere[96];

	yard_init(&yard);
	snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", yard.folder);
	assert_int_equal(mkdir(elsewhere, 0700), 0);
	snprintf(path, sizeof path, "%s/sha256/ba", yard.root);
	assert_int_equal(symlink(elsewhere, path), 0);
	write_file(yard.source, "abc");
	assert_int_equal(content_store_add(yard.store, yard.source, &payload, &p), -1);
	assert_int_equal(content_store_verify(yard.store, ABC_SHA256, &p), -1);
	assert_int_equal(rmdir(elsewhere), 0); /* it is empty */
	assert_int_equal(entries(&yard, "incoming"), 0);
	yard_fini(&yard);
}

/* Opening. */

TEST(what_a_crash_left_in_incoming_is_removed_and_the_rest_stays)
{
	struct yard yard;
	struct problem p = { 0 };
	char path[160];

	yard_init(&yard);
	add_abc(&yard);
	content_store_close(yard.store);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/incoming/4711-%d", yard.root, i);
		write_file(path, "half a fi");
	}
	snprintf(path, sizeof path, "%s/incoming/link", yard.root);
	assert_int_equal(symlink(yard.source, path), 0);
	yard.store = content_store_open(yard.root, &p);
	assert_non_null(yard.store);
	assert_int_equal(entries(&yard, "incoming"), 0);
	assert_int_equal(access(yard.source, F_OK), 0);
	assert_true(is_there(&yard, ABC_SHA256));
	assert_int_equal(content_store_verify(yard.store, ABC_SHA256, &p), 0);
	yard_fini(&yard);
}

TEST(a_root_that_cannot_be_is_refused_with_its_name)
{
	static char longest[CONTENT_PATH + 8];
	struct yard yard;

	yard_init(&yard);
	write_file(yard.source, "");
	memset(longest, 'x', sizeof longest - 1);
	const char *const rows[] = { "/nonexistent/there/content", yard.source, "",
				     longest };
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct problem p = { 0 };
		assert_null(content_store_open(rows[i], &p));
		assert_non_null(strstr(p.text, "opening the content store"));
	}
	yard_fini(&yard);
}

/* Many at once. */

enum { THREADS = 4, TURNS = 60 };

struct worker {
	struct yard *yard;
	int number;
	bool wrong;
};

static void *work_along(void *owner)
{
	struct worker *worker = owner;
	struct content_store *store = worker->yard->store;

	for (int i = 0; i < TURNS; i++) {
		struct payload payload = { 0 };
		struct problem p = { 0 };
		if (content_store_add(store, worker->yard->source, &payload, &p) < 0 ||
		    strcmp(payload.sha256, ABC_SHA256) != 0)
			worker->wrong = true;
		/* Whoever replaces it meanwhile, it is there and whole. */
		if (content_store_verify(store, ABC_SHA256, &p) < 0)
			worker->wrong = true;
	}
	return NULL;
}

TEST(adding_and_verifying_at_once_never_puts_a_good_file_away)
{
	struct yard yard;
	pthread_t threads[THREADS];
	struct worker workers[THREADS];

	yard_init(&yard);
	write_file(yard.source, "abc");
	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ &yard, i, false };
		assert_int_equal(
			pthread_create(&threads[i], NULL, work_along, &workers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_false(workers[i].wrong);
	}
	assert_int_equal(entries(&yard, "quarantine"), 0);
	assert_int_equal(entries(&yard, "incoming"), 0);
	yard_fini(&yard);
}

enum { LONG_BYTES = 256 * 1024 * 1024 }; /* of no block: quick to make, slow to hash */

struct slow_verify {
	struct yard *yard;
	struct door started, ended;
};

static void *verify_slowly(void *owner)
{
	struct slow_verify *slow = owner;
	struct problem p = { 0 };

	door_open(&slow->started);
	(void)content_store_verify(slow->yard->store, ABC_SHA256, &p);
	door_open(&slow->ended);
	return NULL;
}

TEST(a_file_that_was_healed_while_the_damaged_one_was_read_is_not_put_away)
{
	struct yard yard;
	struct slow_verify slow = { .yard = &yard };
	struct problem p = { 0 };
	struct stat status;
	pthread_t thread;
	char path[CONTENT_PATH], away[200];

	yard_init(&yard);
	add_abc(&yard);
	assert_true(content_store_path(yard.store, ABC_SHA256, path));
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(truncate(path, LONG_BYTES), 0);
	door_init(&slow.started);
	door_init(&slow.ended);
	assert_int_equal(pthread_create(&thread, NULL, verify_slowly, &slow), 0);
	assert_true(door_await(&slow.started));
	while (!door_is_open(&slow.ended))
		add_abc(&yard);
	pthread_join(thread, NULL);
	/* When nothing was added in time the damaged one lies there, and rightly so. */
	snprintf(away, sizeof away, "%s/quarantine/" ABC_SHA256, yard.root);
	if (stat(away, &status) == 0)
		assert_int_equal(status.st_size, LONG_BYTES);
	add_abc(&yard);
	assert_int_equal(content_store_verify(yard.store, ABC_SHA256, &p), 0);
	yard_fini(&yard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_file_that_is_added_is_found_under_its_hash_and_only_its_hashes_are_told),
		cmocka_unit_test(files_of_any_size_come_in_whole),
		cmocka_unit_test(
			what_is_no_plain_file_or_does_not_fit_is_refused_and_leaves_nothing),
		cmocka_unit_test(
			a_write_that_fails_halfway_leaves_nothing_and_the_next_goes_well),
		cmocka_unit_test(only_a_hash_ever_makes_a_path),
		cmocka_unit_test(
			a_damaged_file_goes_to_quarantine_and_comes_back_by_another_import),
		cmocka_unit_test(
			adding_the_same_bytes_heals_a_damaged_file_and_readers_keep_what_they_opened),
		cmocka_unit_test(
			a_link_in_place_of_a_folder_of_the_store_is_not_followed),
		cmocka_unit_test(
			what_a_crash_left_in_incoming_is_removed_and_the_rest_stays),
		cmocka_unit_test(a_root_that_cannot_be_is_refused_with_its_name),
		cmocka_unit_test(
			adding_and_verifying_at_once_never_puts_a_good_file_away),
		cmocka_unit_test(
			a_file_that_was_healed_while_the_damaged_one_was_read_is_not_put_away),
	};
	return cmocka_run_group_tests_name("store content", tests, NULL, NULL);
}

#include "tests/lib/case.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/problem.h"
#include "protocol/tuf/tuf_medium.h"
#include "protocol/tuf/tuf_tree.h"
#include "tests/unit/tuf/repository.h"

static struct repository r;
static char base[64], medium_path[80], second_path[80], work_path[80];
static int work;
static struct tuf_client *client;
static struct tuf_medium *medium;

static const char *below(const char *folder, const char *name)
{
	static char path[2][400];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
	return path[turn];
}

static void put(const char *path, const char *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static const char *file_of(const char *name)
{
	static char file[TUF_FILE_NAME + 8];
	struct problem p = { 0 };
	struct tuf_metadata *m = tuf_metadata_read(
		TUF_TARGETS, "t", r.file[TUF_TARGETS].at, r.file[TUF_TARGETS].size, &p);

	snprintf(file, sizeof file, "%s", "targets/");
	tuf_target_file(tuf_metadata_target(m, name), file + 8);
	tuf_metadata_free(m);
	return file;
}

static void lay_out(const char *path)
{
	static const char *const names[TUF_ROLES] = { "1.root.json", "timestamp.json",
						      "1.snapshot.json",
						      "1.targets.json" };
	char metadata[200];

	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(mkdir(below(path, "metadata"), 0700), 0);
	assert_int_equal(mkdir(below(path, "targets"), 0700), 0);
	for (int i = 0; i < TUF_ROLES; i++) {
		snprintf(metadata, sizeof metadata, "metadata/%s", names[i]);
		put(below(path, metadata), r.file[i].at, r.file[i].size);
	}
}

static int set_up(void **state)
{
	(void)state;
	repository_init(&r);
	snprintf(base, sizeof base, "%s", "/tmp/medium-XXXXXX");
	assert_non_null(mkdtemp(base));
	snprintf(medium_path, sizeof medium_path, "%s", below(base, "medium"));
	snprintf(second_path, sizeof second_path, "%s", below(base, "second"));
	snprintf(work_path, sizeof work_path, "%s", below(base, "work"));
	lay_out(medium_path);
	put(below(medium_path, file_of("a.msu")), "alpha", 5);
	put(below(medium_path, file_of("plan.xml")), "two", 3);
	assert_int_equal(mkdir(work_path, 0700), 0);
	work = open(work_path, O_RDONLY | O_DIRECTORY);
	client = NULL;
	medium = NULL;
	return 0;
}

static int tear_down(void **state)
{
	char command[100];

	(void)state;
	tuf_medium_close(medium);
	tuf_client_free(client);
	close(work);
	snprintf(command, sizeof command, "rm -rf %s", base);
	assert_int_equal(system(command), 0); /* NOLINT: a path of ours */
	repository_fini(&r);
	return 0;
}

/* Open and survey; 0, or -1 with *p told. */
static int look(size_t volumes, struct problem *p)
{
	const char *const paths[] = { medium_path, second_path };

	tuf_medium_close(medium);
	tuf_client_free(client);
	client = tuf_client_new(NOW);
	assert_int_equal(tuf_client_trust(client, TUF_ROOT, r.file[TUF_ROOT].at,
					  r.file[TUF_ROOT].size, p),
			 0);
	medium = tuf_medium_open(paths, volumes, client, p);
	return medium == NULL ? -1 : tuf_medium_survey(medium, NULL, NULL, p);
}

static void refused(size_t volumes, const char *said)
{
	struct problem p = { 0 };

	if (look(volumes, &p) == 0)
		fail_msg("taken, not refused with '%s'", said);
	if (strstr(p.text, said) == NULL)
		fail_msg("'%s' is not '%s'", p.text, said);
}

static void copied(size_t i, const char *bytes)
{
	struct problem p = { 0 };
	char got[16] = { 0 };

	if (tuf_medium_copy(medium, i, work, &p) < 0)
		fail_msg("%s", p.text);
	int fd = openat(work, tuf_medium_item(medium, i)->file, O_RDONLY);
	assert_true(read(fd, got, sizeof got - 1) >= 0);
	close(fd);
	assert_string_equal(got, bytes);
}

TEST(a_whole_medium_is_found_checked_and_copied)
{
	struct problem p = { 0 };

	put(below(medium_path, "bundle.json"), "{}", 2);
	assert_int_equal(look(1, &p), 0);
	assert_int_equal(tuf_medium_count(medium), 2);
	assert_int_equal(tuf_medium_bytes(medium), 8);
	assert_int_equal(tuf_medium_check(medium, 0, &p), 0);
	copied(0, "alpha");
	copied(1, "two");
	assert_int_equal(tuf_medium_item(medium, 1)->place, TUF_PLACE_MEDIUM);
}

TEST(what_is_not_signed_for_is_refused_wherever_it_lies)
{
	static const char *const extra[] = {
		"autorun.inf",           "metadata/2.targets.json", "metadata/x",
		"metadata/01.root.json", "targets/plan.xml",        "targets/.hidden"
	};

	for (size_t i = 0; i < COUNT_OF(extra); i++) {
		char path[200];
		snprintf(path, sizeof path, "%s", below(medium_path, extra[i]));
		put(path, "x", 1);
		refused(1, "is not part of the signed bundle; take it off");
		unlink(path);
	}
	assert_int_equal(mkdir(below(medium_path, "targets/more"), 0700), 0);
	refused(1, "'targets/more' is not part of the signed bundle");
}

TEST(links_pipes_and_second_names_are_refused)
{
	char path[200];

	snprintf(path, sizeof path, "%s", below(medium_path, file_of("a.msu")));
	unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	refused(1, "symbolic link");
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	refused(1, "is no regular file");
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	refused(1, "is no regular file");
	rmdir(path);
	put(below(base, "other"), "alpha", 5);
	assert_int_equal(link(below(base, "other"), path), 0);
	refused(1, "a second name (a hard link)");
	unlink(path);
	put(path, "alpha", 5);
	snprintf(path, sizeof path, "%s", below(medium_path, "metadata"));
	assert_int_equal(rename(path, below(base, "moved")), 0);
	assert_int_equal(symlink("../moved", path), 0);
	refused(1, "symbolic link");
}

/* The same with a kernel that has no openat2(2). */
TEST(without_openat2_the_same_links_are_refused)
{
	struct sock_filter deny[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), /* the number of the call */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { COUNT_OF(deny), deny };
	struct problem p = { 0 };
	int status = 0, fd;
	uint64_t size;

	assert_int_equal(symlink("../medium", below(medium_path, "targets/up")), 0);
	pid_t child = fork();
	if (child == 0) {
		int at = tuf_tree_open(medium_path, &p);
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
			_exit(77);
		if (syscall(SYS_openat2, at, "x", NULL, 0) != -1 || errno != ENOSYS)
			_exit(78);
		if (tuf_tree_file(at, "metadata/timestamp.json", &fd, &size, &p) !=
		    TUF_FOUND)
			_exit(1);
		if (tuf_tree_file(at, "targets/up", &fd, &size, &p) != TUF_FAULTY)
			_exit(2);
		if (tuf_tree_file(at, "targets/up/metadata/timestamp.json", &fd, &size,
				  &p) != TUF_FAULTY)
			_exit(3);
		if (tuf_tree_file(at, "../medium/metadata/timestamp.json", &fd, &size,
				  &p) != TUF_FAULTY)
			_exit(4);
		if (tuf_tree_file(at, "targets/none", &fd, &size, &p) != TUF_ABSENT)
			_exit(5);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

TEST(a_file_of_another_size_is_refused_before_it_is_read)
{
	char path[200];

	snprintf(path, sizeof path, "%s", below(medium_path, file_of("a.msu")));
	assert_int_equal(truncate(path, INT64_C(1) << 40), 0);
	refused(1, "'a.msu' has 1099511627776 bytes, and 5 were signed");
	assert_int_equal(truncate(path, 4), 0);
	refused(1, "'a.msu' has 4 bytes");
	assert_int_equal(truncate(below(medium_path, "metadata/timestamp.json"), 1 << 30),
			 0);
	refused(1, "is longer than the 16384 bytes");
}

TEST(a_changed_file_is_refused_and_its_copy_thrown_away)
{
	struct problem p = { 0 };

	put(below(medium_path, file_of("a.msu")), "alphA", 5);
	assert_int_equal(look(1, &p), 0);
	assert_int_equal(tuf_medium_check(medium, 0, &p), -1);
	assert_int_equal(tuf_medium_copy(medium, 0, work, &p), -1);
	assert_non_null(strstr(p.text, "'a.msu' is not what was signed"));
	DIR *list = opendir(work_path);
	for (struct dirent *entry; (entry = readdir(list)) != NULL;)
		assert_true(entry->d_name[0] == '.');
	closedir(list);
}

TEST(what_changes_after_it_was_copied_changes_nothing)
{
	struct problem p = { 0 };

	assert_int_equal(look(1, &p), 0);
	copied(0, "alpha");
	put(below(medium_path, file_of("a.msu")), "evil!", 5);
	copied(0, "alpha");
}

TEST(a_copy_goes_on_where_it_stopped_and_not_with_what_is_wrong)
{
	struct problem p = { 0 };
	char part[TUF_FILE_NAME + 8];

	assert_int_equal(look(1, &p), 0);
	snprintf(part, sizeof part, "%s.part", tuf_medium_item(medium, 0)->file);
	put(below(work_path, part), "alp", 3);
	/* the medium's first bytes are not read again: they could not be right */
	put(below(medium_path, file_of("a.msu")), "???ha", 5);
	copied(0, "alpha");

	unlink(below(work_path, tuf_medium_item(medium, 0)->file));
	put(below(medium_path, file_of("a.msu")), "alpha", 5);
	put(below(work_path, part), "wro", 3);
	assert_int_equal(tuf_medium_copy(medium, 0, work, &p), -1);
	copied(0, "alpha"); /* the second attempt begins anew */
}

TEST(a_link_where_the_copy_goes_is_not_followed)
{
	struct problem p = { 0 };
	char part[TUF_FILE_NAME + 8];

	assert_int_equal(look(1, &p), 0);
	put(below(base, "victim"), "", 0);
	snprintf(part, sizeof part, "%s.part", tuf_medium_item(medium, 0)->file);
	assert_int_equal(symlink("../victim", below(work_path, part)), 0);
	copied(0, "alpha");
	struct stat seen;
	assert_int_equal(stat(below(base, "victim"), &seen), 0);
	assert_int_equal(seen.st_size, 0);
}

TEST(missing_files_are_known_by_name_and_the_room_is_asked_first)
{
	struct problem p = { 0 };

	unlink(below(medium_path, file_of("plan.xml")));
	assert_int_equal(look(1, &p), 0);
	assert_int_equal(tuf_medium_item(medium, 1)->place, TUF_PLACE_MISSING);
	assert_string_equal(tuf_medium_item(medium, 1)->target->name, "plan.xml");
	assert_int_equal(tuf_medium_bytes(medium), 5);
	assert_int_equal(tuf_medium_room(medium, work, 0, &p), 0);
	assert_int_equal(tuf_medium_room(medium, work, UINT64_MAX, &p), -1);
	assert_non_null(strstr(p.text, "the bundle needs 5 more bytes"));
}

TEST(volumes_complete_each_other_and_are_of_one_bundle)
{
	struct problem p = { 0 };

	lay_out(second_path);
	assert_int_equal(rename(below(medium_path, file_of("plan.xml")),
				below(second_path, file_of("plan.xml"))),
			 0);
	assert_int_equal(look(2, &p), 0);
	assert_int_equal(tuf_medium_item(medium, 1)->volume, 1);
	copied(1, "two");

	repository_timestamp(&r, (struct tuf_head){ 2, EXPIRY, 0 }, TIMESTAMP);
	put(below(second_path, "metadata/timestamp.json"), r.file[TUF_TIMESTAMP].at,
	    r.file[TUF_TIMESTAMP].size);
	refused(2, "these are volumes of different bundles");
}

TEST(an_old_root_on_the_medium_is_a_root)
{
	struct problem p = { 0 };
	static const enum who two[] = { ROOT_1, ROOT_2 };
	char path[200];

	repository_root(&r, 2, two, 2);
	put(below(medium_path, "metadata/2.root.json"), r.file[TUF_ROOT].at,
	    r.file[TUF_ROOT].size);
	assert_int_equal(look(1, &p), 0);
	snprintf(path, sizeof path, "%s", below(medium_path, "metadata/1.root.json"));
	put(path, "smuggled", 8);
	refused(1, "1.root.json:1: (byte 0) a value was expected");
	put(path, r.file[TUF_ROOT].at, r.file[TUF_ROOT].size);
	refused(1, "1.root.json: it is not the root of this version");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_whole_medium_is_found_checked_and_copied, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_is_not_signed_for_is_refused_wherever_it_lies, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(links_pipes_and_second_names_are_refused,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			without_openat2_the_same_links_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_file_of_another_size_is_refused_before_it_is_read, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			a_changed_file_is_refused_and_its_copy_thrown_away, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			what_changes_after_it_was_copied_changes_nothing, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			a_copy_goes_on_where_it_stopped_and_not_with_what_is_wrong,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_link_where_the_copy_goes_is_not_followed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			missing_files_are_known_by_name_and_the_room_is_asked_first,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			volumes_complete_each_other_and_are_of_one_bundle, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(an_old_root_on_the_medium_is_a_root,
						set_up, tear_down),
	};
	return cmocka_run_group_tests_name("tuf_medium", tests, NULL, NULL);
}

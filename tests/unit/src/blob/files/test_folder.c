/*
 * test_folder.c: names that are never used twice, and telling the files of the dead from those of
 * the living.
 */
#include "blob/files/folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "hearth/error.h"
#include "hearth/rand.h"

static char dir[64];

static void begin(void)
{
	snprintf(dir, sizeof(dir), "/tmp/hearth-folder-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void end(void)
{
	char command[200];

	snprintf(command, sizeof(command), "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static struct blob_folder *open_folder(void)
{
	struct blob_folder *f;

	ck_assert_int_eq(blob_folder_open(dir, &f), 0);
	return f;
}

static void touch(struct blob_folder *f, const char *name)
{
	int fd = openat(blob_folder_fd(f), name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

static int count_one(void *arg, const char *name)
{
	(void)name;
	++*(int *)arg;
	return 0;
}

static int remove_one(void *arg, const char *name)
{
	blob_folder_remove(arg, name);
	return 0;
}

static int leftovers(struct blob_folder *f)
{
	int n = 0;

	for (int i = 0; i < BLOB_SUBFOLDERS; i++)
		ck_assert_int_eq(blob_folder_leftovers(f, i, count_one, &n), 0);
	return n;
}

START_TEST(never_gives_a_name_twice)
{
	struct blob_folder *one, *two;
	char a[BLOB_FILE_NAME], b[BLOB_FILE_NAME];

	begin();
	one = open_folder();
	two = open_folder();
	blob_folder_name(one, a);
	blob_folder_name(two, b);
	ck_assert_str_ne(a, b);
	for (int i = 0; i < 600; i++) {
		blob_folder_name(one, a);
		touch(one, a);
		touch(two, b);
		ck_assert_int_eq(blob_folder_sync(one, a), 0);
		blob_folder_name(two, b);
	}
	blob_folder_close(&one);
	ck_assert_ptr_null(one);
	blob_folder_close(&one);
	blob_folder_close(&two);
	end();
}
END_TEST

START_TEST(takes_another_number_when_one_is_taken)
{
	struct blob_folder *one, *two;
	char a[BLOB_FILE_NAME], b[BLOB_FILE_NAME];

	begin();
	rand_seed_for_tests(7);
	one = open_folder();
	rand_seed_for_tests(7);
	two = open_folder();
	rand_seed_for_tests(0);
	blob_folder_name(one, a);
	blob_folder_name(two, b);
	ck_assert_str_ne(a, b);
	blob_folder_close(&one);
	blob_folder_close(&two);
	end();
}
END_TEST

START_TEST(knows_the_living)
{
	struct blob_folder *one, *two;
	char name[BLOB_FILE_NAME];

	begin();
	one = open_folder();
	two = open_folder();
	for (int i = 0; i < 300; i++) {
		blob_folder_name(one, name);
		touch(one, name);
	}
	blob_folder_bury(two);
	ck_assert_int_eq(leftovers(two), 0);
	ck_assert_int_eq(leftovers(one), 0);
	blob_folder_close(&one);
	ck_assert_int_eq(leftovers(two), 300);
	one = open_folder();
	ck_assert_int_eq(leftovers(one), 300);
	for (int i = 0; i < BLOB_SUBFOLDERS; i++)
		ck_assert_int_eq(blob_folder_leftovers(one, i, remove_one, one), 0);
	ck_assert_int_eq(leftovers(one), 0);
	blob_folder_remove(one, name);
	blob_folder_close(&one);
	blob_folder_close(&two);
	end();
}
END_TEST

/* A process that dies with a file half put. */
static void die_with_a_file(void)
{
	pid_t child = fork();

	if (child == 0) {
		char name[BLOB_FILE_NAME];
		struct blob_folder *f = open_folder();

		blob_folder_name(f, name);
		touch(f, name);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

START_TEST(buries_the_dead)
{
	struct blob_folder *f;

	begin();
	f = open_folder();
	die_with_a_file();
	die_with_a_file();
	ck_assert_int_eq(leftovers(f), 0);
	blob_folder_bury(f);
	ck_assert_int_eq(leftovers(f), 2);
	blob_folder_close(&f);
	end();
}
END_TEST

START_TEST(leaves_what_is_not_its_own)
{
	struct blob_folder *f;

	begin();
	f = open_folder();
	touch(f, "README");
	touch(f, "run-README");
	touch(f, "00/README");
	touch(f, "run-0123456789abcdef0");
	touch(f, "00/0123456789abcdeX-0");
	touch(f, "00/0123456789abcdef");
	touch(f, "00/0123456789abcdef0-0");
	touch(f, "00/0123456789abcdef-01234567890123456789");
	blob_folder_bury(f);
	ck_assert_int_eq(leftovers(f), 0);
	touch(f, "00/0123456789abcdef-0");
	ck_assert_int_eq(leftovers(f), 1);
	blob_folder_close(&f);
	end();
}
END_TEST

START_TEST(says_when_it_cannot)
{
	struct blob_folder *f;

	ck_assert_int_eq(blob_folder_open("/nowhere/at/all", &f), HEARTH_EIO);
	ck_assert_ptr_null(f);
	ck_assert_int_eq(blob_folder_open("/dev/null", &f), HEARTH_EIO);
	ck_assert_ptr_null(f);
}
END_TEST

TEST_MAIN("blob folder", never_gives_a_name_twice, takes_another_number_when_one_is_taken,
	knows_the_living, buries_the_dead, leaves_what_is_not_its_own, says_when_it_cannot)

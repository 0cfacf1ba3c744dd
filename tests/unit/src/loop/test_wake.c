/*
 * test_wake.c: knocks between nodes: they reach the others and not oneself, by who knocks; what a
 * dead node has left is removed; where no socket can be had nothing is said.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness.h"
#include "loop/loop.h"
#include "loop/wake.h"
#include "src/scratch.h"

static char dir[400];

/* A data folder whose path is longer than a socket's name may be. */
static void make_folder(void)
{
	snprintf(dir, sizeof(dir), "%s", scratch_new());
	for (int i = 0; i < 3; i++) {
		size_t n = strlen(dir);

		snprintf(dir + n, sizeof(dir) - n, "/%060d", i);
		ck_assert_int_eq(mkdir(dir, 0700), 0);
	}
	loop_init();
}

static void add_one(void *arg)
{
	++*(int *)arg;
}

static int heard(void *arg)
{
	return *(int *)arg > 0;
}

static bool is_there(const char *name)
{
	char path[500];

	snprintf(path, sizeof(path), "%s/wake/%s", dir, name);
	return access(path, F_OK) == 0;
}

static void end(struct wake **w)
{
	wake_stop(*w);
	wake_stop(*w); /* legal twice */
}

START_TEST(a_knock_reaches_the_others_by_who_it_is_of)
{
	struct wake *a, *b, *c;
	int bus[3] = { 0 }, game[3] = { 0 };

	make_folder();
	a = wake_new(dir, "a");
	b = wake_new(dir, "b");
	c = wake_new(dir, "c");
	ck_assert(a && b && c);
	wake_listen(a, WAKE_GAME, add_one, &game[0]);
	wake_listen(b, WAKE_GAME, add_one, &game[1]);
	wake_listen(b, WAKE_BUS, add_one, &bus[1]);
	wake_listen(c, WAKE_GAME, add_one, &game[2]);
	wake_others(a, WAKE_GAME);
	ck_assert(loop_run_until(heard, &game[1], 20000));
	ck_assert(loop_run_until(heard, &game[2], 20000));
	ck_assert_int_eq(game[0], 0);
	ck_assert_int_eq(bus[1], 0);
	/* However often, before it is heard: once is enough. */
	for (int i = 0; i < 1000; i++)
		wake_others(c, WAKE_BUS);
	ck_assert(loop_run_until(heard, &bus[1], 20000));
	ck_assert_int_le(bus[1], 4);
	ck_assert_int_eq(game[1], 1);
	/* Not any more. */
	wake_unlisten(b, WAKE_GAME);
	wake_others(c, WAKE_GAME);
	ck_assert(loop_run_until(heard, &game[0], 20000));
	ck_assert_int_eq(game[1], 1);
	end(&a);
	ck_assert(!is_there("a") && is_there("b"));
	end(&b);
	end(&c);
	loop_close();
	wake_free(&a);
	wake_free(&b);
	wake_free(&c);
	ck_assert(!a);
}
END_TEST

START_TEST(what_a_dead_node_left_is_removed)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct wake *a;
	char path[500];
	int left = socket(AF_UNIX, SOCK_DGRAM, 0), fd;

	make_folder();
	a = wake_new(dir, "a");
	ck_assert_ptr_nonnull(a);
	snprintf(path, sizeof(path), "%s/wake", dir);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	snprintf(to.sun_path, sizeof(to.sun_path), "/proc/self/fd/%d/dead", fd);
	ck_assert_int_eq(bind(left, (struct sockaddr *)&to, sizeof(to)), 0);
	wake_others(a, WAKE_BUS);
	ck_assert(is_there("dead"));
	close(left);
	wake_others(a, WAKE_BUS);
	ck_assert(!is_there("dead") && is_there("a"));
	close(fd);
	end(&a);
	loop_close();
	wake_free(&a);
}
END_TEST

START_TEST(where_there_can_be_no_socket_nothing_is_said)
{
	struct wake *none;

	make_folder();
	none = wake_new("/proc/no/such/folder", "a");
	ck_assert_ptr_null(none);
	wake_listen(none, WAKE_BUS, add_one, NULL);
	wake_others(none, WAKE_BUS);
	wake_unlisten(none, WAKE_BUS);
	wake_stop(none);
	wake_free(&none);
	loop_close();
}
END_TEST

TEST_MAIN("wake", a_knock_reaches_the_others_by_who_it_is_of, what_a_dead_node_left_is_removed,
	where_there_can_be_no_socket_nothing_is_said)

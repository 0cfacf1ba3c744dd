/*
 * test_turns.c: whose turn it is when several send large mails, or search, at once.
 */
#include "turns.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "hearth/error.h"
#include "hearth/exec.h"

/* Of src/, which a module's tests do not see: the loop. */
void loop_init(void);
int loop_run_until(int (*fn)(void *arg), void *arg, int timeout_ms);

#define MAILS 8

struct mail_of {
	struct mail_turn turn;
	char source;
};

static struct mail_turns turns;
static struct mail_of mails[MAILS];
static char order[MAILS + 1]; /* the sources, as they were done */
static size_t done_n;
static int statuses[MAILS];
static atomic_int running, most;
static atomic_bool go;
static int slices; /* more of source s, once its first is done */

static void work(void *arg)
{
	int now = atomic_fetch_add(&running, 1) + 1;

	(void)arg;
	while (!atomic_load(&go))
		;
	if (now > atomic_load(&most))
		atomic_store(&most, now);
	atomic_fetch_sub(&running, 1);
}

static void done(void *arg, int status)
{
	const struct mail_of *m = arg;

	statuses[done_n] = status;
	order[done_n++] = m->source;
	if (m->source == 's' && slices > 0) {
		slices--;
		mail_turn_again(&mails[m - mails].turn);
	}
}

/* Sends a mail from each of these sources. */
static void send(const char *sources)
{
	done_n = 0;
	memset(order, 0, sizeof(order));
	memset(mails, 0, sizeof(mails));
	for (size_t i = 0; sources[i]; i++) {
		struct mail_of *m = &mails[i];

		m->source = sources[i];
		m->turn = (struct mail_turn){ .source = slice_of(&m->source, 1),
			.size = 100,
			.work = work,
			.done = done,
			.arg = m };
		mail_turn_take(&turns, &m->turn);
	}
}

static int all_done(void *arg)
{
	return done_n == strlen(arg);
}

static void check_order(const char *sources, const char *expected, int expected_most)
{
	char all[MAILS + 1];

	snprintf(all, sizeof(all), "%s", sources);
	atomic_store(&most, 0);
	atomic_store(&go, false);
	send(sources);
	atomic_store(&go, true);
	ck_assert(loop_run_until(all_done, all, 20000));
	ck_assert_str_eq(order, expected);
	ck_assert_int_le(atomic_load(&most), expected_most);
	for (size_t i = 0; i < done_n; i++)
		ck_assert_int_eq(statuses[i], 0);
}

START_TEST(in_turn)
{
	struct pool *pool;

	loop_init();
	pool = pool_new("test", 1, 100);
	mail_turns_init(&turns, pool);
	/* One of a source at a time, in their order. */
	check_order("aaa", "aaa", 1);
	/* Who comes behind a hundred of another waits for one of them. */
	check_order("aaaab", "abaaa", 2);
	check_order("aaaabbcc", "abcabcaa", 2);
	/* Who had their turn owes nothing once they are gone. */
	check_order("ba", "ba", 2);
	pool_free(&pool);
}
END_TEST

/* What is done in slices is behind others each time, as if they were sent one by one. */
START_TEST(in_slices)
{
	struct pool *pool;
	char all[] = "sabab..";

	loop_init();
	pool = pool_new("test", 1, 100);
	mail_turns_init(&turns, pool);
	slices = 2;
	atomic_store(&go, false);
	send("sabab");
	atomic_store(&go, true);
	ck_assert(loop_run_until(all_done, all, 20000));
	ck_assert_str_eq(order, "sababss");
	pool_free(&pool);
}
END_TEST

START_TEST(refused)
{
	struct pool *pool;
	char all[] = "ab";

	loop_init();
	pool = pool_new("test", 1, 1);
	mail_turns_init(&turns, pool);
	atomic_store(&go, false);
	ck_assert_int_eq(job_run(pool, work, NULL, NULL), 0);
	while (atomic_load(&running) == 0)
		;
	ck_assert_int_eq(job_run(pool, work, NULL, NULL), 0); /* it waits: the queue is full */
	send("ab");
	ck_assert(loop_run_until(all_done, all, 20000));
	ck_assert_int_eq(statuses[0], HEARTH_EBUSY);
	ck_assert_int_eq(statuses[1], HEARTH_EBUSY);
	atomic_store(&go, true);
	pool_free(&pool);
}
END_TEST

TEST_MAIN("turns", in_turn, in_slices, refused)

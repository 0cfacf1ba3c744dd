/*
 * test_wake.c: whom a thread wakes at once, and whom it gathers until its round is over.
 */
#include "harness.h"
#include "hearth/clock.h"
#include "hearth/exec.h"
#include "hearth/list.h"
#include "loop/executor.h"
#include "loop/wakeup.h"

struct sleeper {
	struct wakeup wake;
	int woken;
};

static void count(struct wakeup *w)
{
	LIST_ENTRY(w, struct sleeper, wake)->woken++;
}

static void rouse(struct sleeper *s)
{
	wakeup_note(&s->wake);
	wakeup_noted(&s->wake);
}

START_TEST(who_does_not_gather_wakes_at_once)
{
	struct sleeper s = { .wake = { .now = count } };

	rouse(&s);
	rouse(&s);
	ck_assert_int_eq(s.woken, 2);
	wakeup_wait(&s.wake);
}
END_TEST

START_TEST(who_gathers_wakes_each_once_at_the_end)
{
	struct sleeper s[2] = { { .wake = { .now = count } }, { .wake = { .now = count } } };

	wakeup_gather(true);
	for (int i = 0; i < 5; i++)
		rouse(&s[i % 2]);
	ck_assert_int_eq(s[0].woken + s[1].woken, 0);
	wakeup_all();
	ck_assert(s[0].woken == 1 && s[1].woken == 1);
	rouse(&s[1]);
	ck_assert_int_eq(s[1].woken, 1);
	wakeup_gather(false);
	ck_assert_int_eq(s[1].woken, 2);
	for (int i = 0; i < 2; i++)
		wakeup_wait(&s[i].wake);
}
END_TEST

START_TEST(too_many_to_note_are_woken_at_once)
{
	struct sleeper s[40] = { 0 };
	int woken = 0;

	wakeup_gather(true);
	for (int i = 0; i < 40; i++) {
		s[i].wake.now = count;
		rouse(&s[i]);
		woken += s[i].woken;
	}
	ck_assert(woken > 0 && woken < 40);
	wakeup_gather(false);
	for (int i = 0; i < 40; i++)
		ck_assert_int_eq(s[i].woken, 1);
}
END_TEST

START_TEST(a_long_round_wakes_in_between)
{
	struct sleeper s = { .wake = { .now = count } };
	int64_t since_us = exec_now_us();

	wakeup_gather(true);
	rouse(&s);
	while (exec_now_us() - since_us <= 2 * WAKEUP_GATHER_US)
		;
	wakeup_late();
	ck_assert_int_eq(s.woken, 1);
	wakeup_gather(false);
}
END_TEST

struct round {
	struct exec *other;
	int wanted, had;
};

static void take_one(void *arg)
{
	++*(int *)arg;
}

/* What a round posts to another executor arrives, though it is woken only behind the round. */
static void post_some(void *arg)
{
	struct round *r = arg;

	for (int i = 0; i < r->wanted; i++)
		exec_post(r->other, take_one, &r->had);
}

START_TEST(a_round_of_an_executor_reaches_the_next)
{
	struct exec *e = exec_new("first");
	struct round r = { .other = exec_new("second"), .wanted = 100 };

	for (int i = 0; i < 50; i++)
		exec_post(e, post_some, &r);
	exec_free(&e);
	exec_free(&r.other);
	ck_assert_int_eq(r.had, 50 * 100);
}
END_TEST

TEST_MAIN("wakeup", who_does_not_gather_wakes_at_once, who_gathers_wakes_each_once_at_the_end,
	too_many_to_note_are_woken_at_once, a_long_round_wakes_in_between,
	a_round_of_an_executor_reaches_the_next)

/*
 * The rules of a connection, over the memory transport: who is called when, what is kept, what is
 * bounded.
 */
#include "net_test.h"

#include "loop/executor.h"

static struct recorder a, b;

static void pair(void)
{
	struct conn *near, *far;

	loop_init();
	conn_pair(&near, &far);
	recorder_attach(&a, near);
	recorder_attach(&b, far);
}

START_TEST(carries_bytes)
{
	pair();
	b.echo = true;
	say(&a, "hello ");
	say(&a, "world");
	ck_assert_uint_eq(conn_pending(a.c), 11);
	ck_assert_uint_eq(b.got.n, 0);
	ck_got(&b, "hello world");
	ck_got(&a, "hello world");
	ck_assert_int_eq(b.calls, 1);
	ck_assert_uint_eq(conn_pending(a.c), 0);
}
END_TEST

START_TEST(keeps_the_order_of_copies_and_references)
{
	struct buf *shared = buf_copy(SLICE("[shared]"));
	struct strbuf expected = { 0 };

	pair();
	for (int i = 0; i < 100; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%d,", i);
		say(&a, text);
		strbuf_adds(&expected, text);
		if (i % 3 == 0) {
			conn_write_buf(a.c, shared);
			strbuf_adds(&expected, "[shared]");
		}
	}
	buf_unref(&shared);
	ck_got(&b, expected.p);
	strbuf_free(&expected);
}
END_TEST

/* What is not consumed comes again with what follows; what is consumed in part comes at once. */
START_TEST(offers_again)
{
	pair();
	b.hold = true;
	say(&a, "one");
	run_for(20);
	ck_assert_int_eq(b.calls, 1);
	b.hold = false;
	b.take_max = 2;
	say(&a, "two");
	ck_got(&b, "onetwo");
	ck_assert_int_eq(b.calls, 4);
}
END_TEST

START_TEST(pauses)
{
	pair();
	b.pause_after = true;
	say(&a, "one");
	ck_got(&b, "one");
	say(&a, "two");
	run_for(20);
	ck_assert_str_eq(b.got.p, "one");
	conn_resume(b.c);
	ck_assert_str_eq(b.got.p, "one");
	ck_got(&b, "onetwo");
}
END_TEST

/* What was not consumed comes when the session resumes, though nothing follows. */
START_TEST(offers_after_resume)
{
	pair();
	b.pause_after = true;
	b.take_max = 2;
	say(&a, "abcd");
	ck_got(&b, "ab");
	run_for(20);
	ck_assert_str_eq(b.got.p, "ab");
	conn_resume(b.c);
	ck_got(&b, "abcd");
}
END_TEST

START_TEST(bounds_input)
{
	static char bytes[1000];

	pair();
	conn_set_limits(b.c, 4096, 4096);
	b.hold = true;
	for (int i = 0; i < 4; i++)
		conn_write(a.c, slice_of(bytes, sizeof(bytes)));
	run_for(20);
	ck_assert_int_eq(b.reason, NOT_CLOSED);
	conn_write(a.c, slice_of(bytes, sizeof(bytes)));
	wait_closed(&b, HEARTH_ETOOBIG);
	wait_closed(&a, HEARTH_ECLOSED);
}
END_TEST

/* Two peers, one of which does not read: the other is told to stop, and told when to go on. */
START_TEST(slows_the_writer)
{
	static char bytes[10000];
	size_t sent = 0;

	pair();
	conn_set_limits(a.c, 4096, 100000);
	conn_set_limits(b.c, 4096, 4096);
	b.pause_after = true;
	b.count_only = true;
	for (int drains = -1, round = 0; round < 50; round++) {
		for (bool more = a.drains > drains; more; sent += sizeof(bytes))
			more = conn_write(a.c, slice_of(bytes, sizeof(bytes)));
		drains = a.drains;
		run_for(1);
		ck_assert_uint_lt(conn_pending(a.c), 110000);
	}
	/* What got through is in the pipe, and as much with the reader as it may keep. */
	ck_assert_uint_le(b.got_n, 4096);
	ck_assert_uint_lt(sent, 200000);
	b.pause_after = false;
	conn_resume(b.c);
	wait_size(&b.got_n, sent);
	ck_assert_int_ge(a.drains, 1);
	ck_assert_uint_eq(conn_pending(a.c), 0);
}
END_TEST

START_TEST(close_sends_what_is_queued)
{
	static char bytes[300000];

	pair();
	b.count_only = true;
	conn_write(a.c, slice_of(bytes, sizeof(bytes)));
	conn_close(a.c);
	conn_close(a.c);
	ck_assert(!conn_write(a.c, SLICE("late")));
	ck_assert_int_eq(a.reason, NOT_CLOSED);
	wait_closed(&a, 0);
	wait_closed(&b, HEARTH_ECLOSED);
	ck_assert_uint_eq(b.got_n, sizeof(bytes));
	ck_assert_uint_eq(net_conn_count(), 0);
}
END_TEST

START_TEST(abort_is_told_later)
{
	pair();
	say(&a, "lost");
	conn_abort(a.c, HEARTH_EDENIED);
	ck_assert_int_eq(a.reason, NOT_CLOSED);
	wait_closed(&a, HEARTH_EDENIED);
	wait_closed(&b, HEARTH_ECLOSED);
	ck_assert_uint_eq(b.got.n, 0);
}
END_TEST

/* A peer that ends its side still gets the answer that a paused session gives later. */
START_TEST(answers_a_half_closed_peer)
{
	pair();
	b.pause_after = true;
	say(&a, "request");
	conn_close(a.c);
	wait_closed(&a, 0);
	ck_got(&b, "request");
	run_for(20);
	ck_assert_int_eq(b.reason, NOT_CLOSED);
	say(&b, "answer");
	conn_resume(b.c);
	wait_closed(&b, HEARTH_ECLOSED);
}
END_TEST

START_TEST(times_out)
{
	int64_t said_us, longest_us = 0;
	int timeouts;

	pair();
	conn_set_timeout(b.c, 300);
	for (int i = 0; i < 12; i++) {
		say(&a, ".");
		said_us = exec_now_us();
		run_for(50);
		if (exec_now_us() - said_us > longest_us)
			longest_us = exec_now_us() - said_us;
	}
	if (longest_us < 250000) /* else the machine stalled, and it was silent for long */
		ck_assert_int_eq(b.timeouts, 0);
	run_for(450);
	timeouts = b.timeouts;
	ck_assert_int_ge(timeouts, 1);
	ck_assert_int_eq(b.reason, NOT_CLOSED);
	conn_set_timeout(b.c, 0);
	run_for(400);
	ck_assert_int_eq(b.timeouts, timeouts);
}
END_TEST

/* Nobody's patience may have run out since begun_us, unless a machine that stalled took longer. */
static void ck_no_timeout_within(int64_t begun_us, int64_t ms)
{
	if (exec_now_us() - begun_us < ms * 1000)
		ck_assert_int_eq(b.timeouts, 0);
}

/* Sends so many bytes every 10 ms, so many times. */
static void trickle(const char *bytes, int times)
{
	for (int i = 0; i < times; i++) {
		say(&a, bytes);
		run_for(10);
	}
}

START_TEST(keeps_a_pace)
{
	int64_t begun_us = exec_now_us();
	char many[501];

	memset(many, 'x', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	pair();
	/* Signs of life without end are too little, and for how long does not matter. */
	conn_set_pace(b.c, 300, 1000);
	trickle("x", 20);
	ck_no_timeout_within(begun_us, 300);
	trickle("x", 40);
	ck_assert_int_gt(b.timeouts, 0);
	/* Who is slow, but fast enough, may take as long as it takes. */
	conn_set_pace(b.c, 500, 1000);
	b.timeouts = 0;
	begun_us = exec_now_us();
	trickle(many, 80);
	ck_no_timeout_within(begun_us, 1200); /* of which it waited for 500 at most */
	/* What they wait for us is not theirs. */
	conn_pause(b.c);
	b.timeouts = 0;
	run_for(700);
	ck_assert_int_eq(b.timeouts, 0);
	conn_resume(b.c);
	begun_us = exec_now_us();
	run_for(100);
	ck_no_timeout_within(begun_us, 300);
	run_for(700);
	ck_assert_int_gt(b.timeouts, 0);
	/* Without a rate no byte gives anything back. */
	conn_set_pace(b.c, 300, 0);
	b.timeouts = 0;
	trickle(many, 50);
	ck_assert_int_gt(b.timeouts, 0);
	conn_set_pace(b.c, 0, 0);
	b.timeouts = 0;
	run_for(500);
	ck_assert_int_eq(b.timeouts, 0);
}
END_TEST

/* Takes a thousand bytes of what a writes every 20 ms, so many times or until that is over. */
static void sip(int times)
{
	for (int i = 0; i < times && a.c && b.c; i++) {
		run_for(20);
		if (b.c)
			conn_resume(b.c);
	}
}

static void pour(int64_t grace_ms, int64_t bytes_per_s)
{
	static char bytes[600000];

	pair();
	conn_set_limits(b.c, 1000, 1000);
	b.pause_after = b.count_only = true;
	conn_set_take_pace(a.c, grace_ms, bytes_per_s);
	conn_write(a.c, slice_of(bytes, sizeof(bytes)));
}

/* Who takes a little now and then is waited for no longer than its pace allows. */
START_TEST(keeps_a_pace_of_what_is_taken)
{
	pour(300, 10000000);
	sip(200);
	ck_assert_int_eq(a.reason, HEARTH_ETIMEOUT);
	ck_assert_int_eq(a.timeouts, 0);
}
END_TEST

/* Who is slow, but fast enough, may take as long as it takes; and so may who was told nothing. */
START_TEST(bears_who_takes_slowly)
{
	pour(300, 5000);
	sip(60);
	ck_assert_int_eq(a.reason, NOT_CLOSED);
	b.pause_after = false;
	conn_resume(b.c);
	wait_size(&b.got_n, 600000);
	run_for(500);
	ck_assert_int_eq(a.reason, NOT_CLOSED);
}
END_TEST

/* Also once the session has closed. */
START_TEST(closing_keeps_the_pace_too)
{
	pour(300, 10000000);
	conn_close(a.c);
	sip(200);
	ck_assert_int_eq(a.reason, HEARTH_ETIMEOUT);
}
END_TEST

START_TEST(close_waits_no_longer_than_the_timeout)
{
	static char bytes[300000];

	pair();
	b.pause_after = true;
	b.count_only = true;
	conn_set_timeout(a.c, 100);
	conn_write(a.c, slice_of(bytes, sizeof(bytes)));
	conn_close(a.c);
	wait_closed(&a, HEARTH_ETIMEOUT);
}
END_TEST

START_TEST(close_all_tells_everybody)
{
	pair();
	ck_assert_uint_eq(net_conn_count(), 2);
	net_close_all();
	ck_assert_int_eq(a.reason, HEARTH_ECLOSED);
	ck_assert_int_eq(b.reason, HEARTH_ECLOSED);
	ck_assert_uint_eq(net_conn_count(), 0);
}
END_TEST

/* Another session takes over in the middle of the input. */
static struct recorder second;

static size_t take_over(void *ctx, struct slice in)
{
	(void)in;
	recorder_attach(&second, ctx);
	return 3;
}

static void take_over_closed(void *ctx, int reason)
{
	(void)ctx;
	(void)reason;
	ck_abort_msg("the old session is told");
}

START_TEST(is_handed_over)
{
	static const struct conn_events first = { .data = take_over, .closed = take_over_closed };

	pair();
	conn_attach(b.c, &first, b.c);
	say(&a, "uprest");
	ck_got(&second, "est");
	conn_close(a.c);
	wait_closed(&second, HEARTH_ECLOSED);
}
END_TEST

/* ---- turns ---- */

#define WORK_US 500

/* A session to whom each byte is WORK_US of work; it notes when each turn of it began. */
struct worker {
	struct conn *c;
	size_t done, turns;
};

static size_t work(void *ctx, struct slice in)
{
	struct worker *w = ctx;
	size_t n = 0;

	w->turns++;
	while (n < in.n && !conn_turn_over(w->c)) {
		int64_t until = exec_now_us() + WORK_US;

		while (exec_now_us() < until)
			;
		n++;
	}
	w->done += n;
	return n;
}

static void work_closed(void *ctx, int reason)
{
	(void)reason;
	((struct worker *)ctx)->c = NULL;
}

static const struct conn_events work_events = { .data = work, .closed = work_closed };

/* Two who send much work, and one whose single byte is answered while they are at it. */
START_TEST(takes_turns)
{
	static char bytes[200];
	struct worker w[2] = { 0 };
	struct conn *far[2];

	pair();
	for (int i = 0; i < 2; i++) {
		conn_pair(&w[i].c, &far[i]);
		conn_attach(w[i].c, &work_events, &w[i]);
		conn_write(far[i], slice_of(bytes, sizeof(bytes)));
	}
	wait_size(&w[1].turns, 1);
	say(&a, "x");
	ck_got(&b, "x");
	ck_assert_uint_lt(w[0].done, 100);
	ck_assert_uint_lt(w[1].done, 100);
	/* The end is told behind what was sent, however many turns that takes. */
	for (int i = 0; i < 2; i++)
		conn_close(far[i]);
	wait_size(&w[0].done, sizeof(bytes));
	wait_size(&w[1].done, sizeof(bytes));
	ck_assert_uint_gt(w[0].turns, 10);
	run_for(20);
	ck_assert_ptr_null(w[0].c);
}
END_TEST

/* What a session writes without being read is bounded though it never asks. */
START_TEST(is_not_offered_more_than_it_answers)
{
	static char bytes[1000];
	size_t before;

	pair();
	conn_set_limits(b.c, 4096, 4096);
	b.echo = b.count_only = true;
	conn_pause(a.c);
	for (int i = 0; i < 300; i++) {
		conn_write(a.c, slice_of(bytes, sizeof(bytes)));
		run_for(1);
	}
	before = b.got_n;
	ck_assert_uint_lt(before, 100000);
	ck_assert_uint_lt(conn_pending(b.c), 16384);
	a.count_only = true;
	conn_resume(a.c);
	wait_size(&b.got_n, 300 * sizeof(bytes));
	wait_size(&a.got_n, 300 * sizeof(bytes));
}
END_TEST

START_TEST(loopback)
{
	ck_assert(address_is_loopback("127.0.0.9") && address_is_loopback("::1"));
	ck_assert(!address_is_loopback("192.0.2.1") && !address_is_loopback("::2"));
}
END_TEST

TEST_MAIN("conn", carries_bytes, keeps_the_order_of_copies_and_references, offers_again, pauses,
	offers_after_resume, bounds_input, slows_the_writer, close_sends_what_is_queued,
	abort_is_told_later, answers_a_half_closed_peer, times_out, keeps_a_pace,
	keeps_a_pace_of_what_is_taken, bears_who_takes_slowly, closing_keeps_the_pace_too,
	close_waits_no_longer_than_the_timeout, close_all_tells_everybody, is_handed_over,
	takes_turns, is_not_offered_more_than_it_answers, loopback)

/*
 * The turn of a session that has one thing in hand at a time: a protocol of lines over the memory
 * transport. "job" waits until the test brings the job back, "bye" closes, "much" says a lot.
 */
#include "net_test.h"

#include "hearth/session_turn.h"

#define OUTPUT_HIGH 4096

static struct session {
	struct session_turn turn;
	struct strbuf out;
	struct conn *conn;
	int steps, rests, timeouts, gone, freed, taken;
	bool calls_off; /* what it waits for, when the client is gone */
} s;
static struct recorder client;

static bool step(void *session, struct slice *in)
{
	struct slice line = *in;
	ptrdiff_t end = slice_chr(line, '\n');

	ck_assert_ptr_eq(session, &s);
	ck_assert(!session_turn_is_waiting(&s.turn) && !session_turn_is_closing(&s.turn));
	if (end < 0)
		return false;
	line = slice_head(line, (size_t)end);
	*in = slice_skip(*in, (size_t)end + 1);
	s.steps++;
	strbuf_printf(&s.out, "%.*s ok\n", SLICE_ARG(line));
	if (slice_eq(line, SLICE("job")))
		session_turn_wait(&s.turn);
	if (slice_eq(line, SLICE("bye")))
		session_turn_close(&s.turn);
	for (int i = 0; i < 1000 && slice_eq(line, SLICE("much")); i++)
		strbuf_adds(&s.out, "a line of a long answer\n");
	return true;
}

static void on_timeout(void *session)
{
	(void)session;
	s.timeouts++;
	session_turn_close(&s.turn);
}

static void on_gone(void *session)
{
	(void)session;
	s.gone++;
	s.conn = NULL;
	if (s.calls_off)
		session_turn_call_off(&s.turn);
}

static void on_free(void *session)
{
	(void)session;
	ck_assert(!session_turn_is_waiting(&s.turn));
	s.freed++;
	strbuf_free(&s.out);
}

static void on_rest(void *session)
{
	(void)session;
	s.rests++;
}

static void on_taken(void *session)
{
	(void)session;
	s.taken++;
}

static const struct session_turn_ops ops = {
	.step = step, .timeout = on_timeout, .gone = on_gone, .free = on_free, .rest = on_rest
};

static void pair(void)
{
	struct conn *near, *far;

	loop_init();
	s = (struct session){ 0 };
	conn_pair(&near, &far);
	recorder_attach(&client, far);
	conn_set_limits(near, 65536, OUTPUT_HIGH);
	s.conn = near;
	session_turn_begin(&s.turn, near, &ops, &s, &s.out);
}

START_TEST(takes_one_thing_after_the_other)
{
	pair();
	say(&client, "a\nb\njob\nc\nd\n");
	ck_got(&client, "a ok\nb ok\njob ok\n");
	run_for(20);
	ck_assert_int_eq(s.steps, 3);
	/* While it waits, what comes stays with the connection. */
	say(&client, "e\n");
	run_for(20);
	ck_assert_int_eq(s.steps, 3);
	ck_assert(session_turn_back(&s.turn));
	strbuf_adds(&s.out, "job done\n");
	session_turn_end(&s.turn);
	ck_got(&client, "a ok\nb ok\njob ok\njob done\nc ok\nd ok\ne ok\n");
	ck_assert_int_gt(s.rests, 0);
}
END_TEST

START_TEST(who_does_not_read_is_not_worked_for)
{
	pair();
	client.pause_after = client.count_only = true;
	conn_pause(client.c);
	for (int i = 0; i < 50; i++)
		say(&client, "much\n");
	run_for(50);
	ck_assert(session_turn_is_stalled(&s.turn));
	ck_assert_int_lt(s.steps, 10);
	client.pause_after = false;
	conn_resume(client.c);
	wait_size(&client.got_n, 50 * (8 + 1000 * 24));
	ck_assert_int_eq(s.steps, 50);
	ck_assert(!session_turn_is_stalled(&s.turn));
}
END_TEST

START_TEST(goes_on_when_the_client_has_taken_enough)
{
	static char bytes[200000];

	pair();
	run_for(5);
	session_turn_flush_then(&s.turn, on_taken);
	ck_assert_int_eq(s.taken, 1);
	memset(bytes, '.', sizeof(bytes));
	conn_pause(client.c);
	client.count_only = true;
	strbuf_add(&s.out, slice_of(bytes, sizeof(bytes)));
	session_turn_flush_then(&s.turn, on_taken);
	run_for(20);
	ck_assert_int_eq(s.taken, 1);
	conn_resume(client.c);
	wait_size(&client.got_n, sizeof(bytes));
	ck_assert_int_eq(s.taken, 2);
}
END_TEST

START_TEST(closes_behind_what_was_said)
{
	pair();
	say(&client, "a\nbye\nb\nc\n");
	wait_closed(&client, HEARTH_ECLOSED);
	ck_assert_str_eq(client.got.p, "a ok\nbye ok\n");
	ck_assert_int_eq(s.steps, 2);
	run_for(20);
	ck_assert_int_eq(s.gone, 1);
	ck_assert_int_eq(s.freed, 1);
}
END_TEST

/* Who goes while a job is in flight is there until that is back. */
START_TEST(a_job_outlives_its_client)
{
	pair();
	say(&client, "job\na\n");
	ck_got(&client, "job ok\n");
	conn_abort(s.conn, HEARTH_EIO);
	run_for(20);
	ck_assert_int_eq(s.gone, 1);
	ck_assert_int_eq(s.freed, 0);
	ck_assert(!session_turn_back(&s.turn));
	ck_assert_int_eq(s.freed, 1);
	ck_assert_int_eq(s.steps, 1);
}
END_TEST

/* Silence counts only while it is the client's. */
START_TEST(a_job_that_is_called_off_is_not_waited_for)
{
	pair();
	say(&client, "job\na\n");
	ck_got(&client, "job ok\n");
	session_turn_call_off(&s.turn);
	strbuf_adds(&s.out, "called off\n");
	session_turn_end(&s.turn);
	ck_got(&client, "job ok\ncalled off\na ok\n");
	s.calls_off = true;
	say(&client, "job\n");
	ck_got(&client, "job ok\ncalled off\na ok\njob ok\n");
	conn_abort(client.c, 0);
	run_for(20);
	ck_assert_int_eq(s.gone, 1);
	ck_assert_int_eq(s.freed, 1);
}
END_TEST

START_TEST(times_out_unless_it_waits_for_us)
{
	pair();
	conn_set_timeout(s.conn, 50);
	say(&client, "job\n");
	run_for(200);
	ck_assert_int_eq(s.timeouts, 0);
	ck_assert(session_turn_back(&s.turn));
	session_turn_end(&s.turn);
	wait_closed(&client, HEARTH_ECLOSED);
	ck_assert_int_eq(s.timeouts, 1);
	ck_assert_int_eq(s.freed, 1);
}
END_TEST

TEST_MAIN("session turn", takes_one_thing_after_the_other, who_does_not_read_is_not_worked_for,
	goes_on_when_the_client_has_taken_enough, closes_behind_what_was_said,
	a_job_outlives_its_client, a_job_that_is_called_off_is_not_waited_for,
	times_out_unless_it_waits_for_us)

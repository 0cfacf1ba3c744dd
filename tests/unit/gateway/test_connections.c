/*
 * test_connections.c: frames for clients: they are freed when nobody is there, when the loop never
 * gets to them, and however many there are; one for everybody goes out in turns, and the list is
 * bounded.
 */
#include "gateway.h"
#include "harness.h"
#include "hearth/error.h"
#include "hearth/exec.h"

#define MANY 3000 /* more than one turn takes */

void loop_init(void);
void loop_close(void);
int loop_run_until(int (*fn)(void *arg), void *arg, int timeout_ms);

static struct gateway *gateway_new(void)
{
	struct gateway *g = mem_zalloc(sizeof(*g));

	g->peers = map_new();
	g->accounts = map_new();
	gateway_connections_init(g);
	return g;
}

static void gateway_free(struct gateway *g)
{
	gateway_connections_clear(g);
	map_free(&g->peers);
	map_free(&g->accounts);
	free(g);
}

static void send_many(struct gateway *g, struct buf *frame)
{
	for (uint64_t i = 1; i <= MANY; i++)
		g->service.send(g, "nobody", i, frame);
	g->service.send_account(g, 7, frame);
	g->service.send(g, "nobody", 0, frame);
}

static int none_waits(void *arg)
{
	struct gateway *g = arg;

	return list_empty(&g->outgoing.waiting) && !g->outgoing.posted;
}

START_TEST(frames_for_nobody_are_taken_and_freed)
{
	struct buf *frame = buf_copy(SLICE("{}"));
	struct gateway *g;

	loop_init();
	g = gateway_new();
	send_many(g, frame);
	ck_assert(!none_waits(g));
	ck_assert(loop_run_until(none_waits, g, 5000));
	buf_truncate(frame, 1); /* which a shared one refuses */
	loop_close();
	gateway_free(g);
	buf_unref(&frame);
}
END_TEST

START_TEST(frames_that_the_loop_never_takes_end_with_the_gateway)
{
	struct buf *frame = buf_copy(SLICE("{}"));
	struct gateway *g;

	loop_init();
	g = gateway_new();
	send_many(g, frame);
	loop_close();
	g->service.send_account(g, 7, frame); /* also those of a thread that has not ended yet */
	gateway_free(g);
	buf_truncate(frame, 1); /* which a shared one refuses */
	buf_unref(&frame);
}
END_TEST

/* ---- clients without sockets ---- */

#define CROWD   1000 /* several turns of sockets */
#define ACCOUNT 7

static struct {
	struct gateway_account account;
	struct gateway_peer peers[CROWD];
	int got[CROWD], closed[CROWD];
	bool disorder;        /* a client got its frames in another order */
	int written, longest; /* in this turn, and in any */
	uint64_t round;
} crowd;

uint64_t loop_round(void);

static void write_to_crowd(struct gateway_peer *p, struct buf *frame)
{
	ptrdiff_t i = p - crowd.peers;

	if (loop_round() != crowd.round)
		crowd.written = 0;
	crowd.round = loop_round();
	if (++crowd.written > crowd.longest)
		crowd.longest = crowd.written;
	crowd.disorder |= frame->p[0] != 'a' + crowd.got[i]++;
}

static void close_crowd(struct gateway_peer *p)
{
	crowd.closed[p - crowd.peers]++;
}

/* All of one account. */
static struct gateway *gateway_with_crowd(size_t bytes_max)
{
	struct gateway *g = gateway_new();

	memset(&crowd, 0, sizeof(crowd));
	g->outgoing.write = write_to_crowd;
	g->outgoing.close = close_crowd;
	g->outgoing.bytes_max = bytes_max;
	crowd.account = (struct gateway_account){ .id = ACCOUNT, .count = CROWD };
	list_init(&crowd.account.peers);
	map_set_u64(g->accounts, ACCOUNT, &crowd.account);
	for (uint64_t i = 0; i < CROWD; i++) {
		crowd.peers[i] = (struct gateway_peer){ .g = g, .id = i + 1 };
		list_push(&crowd.account.peers, &crowd.peers[i].node);
		map_set_u64(g->peers, i + 1, &crowd.peers[i]);
	}
	return g;
}

static int closed_of_crowd(void)
{
	int n = 0;

	for (int i = 0; i < CROWD; i++)
		n += crowd.closed[i] > 0;
	return n;
}

static void send_text(struct gateway *g, uint64_t client, int64_t account, const char *text)
{
	struct buf *frame = buf_copy(slice_str(text));

	if (client)
		g->service.send(g, "nobody", client, frame);
	else if (account)
		g->service.send_account(g, account, frame);
	else
		g->service.send_all(g, frame);
	buf_unref(&frame);
}

START_TEST(a_frame_for_everybody_is_written_in_turns_and_in_its_order)
{
	struct gateway *g;

	loop_init();
	g = gateway_with_crowd(1 << 20);
	send_text(g, 1, 0, "a");
	for (uint64_t i = 2; i <= CROWD; i++)
		send_text(g, i, 0, "a");
	send_text(g, 0, 0, "b");
	for (uint64_t i = CROWD; i > 0; i--)
		send_text(g, i, 0, "c");
	send_text(g, 0, ACCOUNT, "d");
	send_text(g, CROWD, 0, "e");
	ck_assert(loop_run_until(none_waits, g, 20000));
	ck_assert(!crowd.disorder);
	for (int i = 0; i < CROWD; i++)
		ck_assert_int_eq(crowd.got[i], i == CROWD - 1 ? 5 : 4);
	ck_assert_int_le(crowd.longest, CROWD / 2);
	ck_assert_int_eq(closed_of_crowd(), 0);
	loop_close();
	gateway_free(g);
}
END_TEST

START_TEST(the_list_is_bounded_and_who_lost_a_frame_is_closed)
{
	struct gateway *g;

	loop_init();
	g = gateway_with_crowd(10000);
	for (uint64_t i = 0; i < 500; i++)
		send_text(g, 1 + i % 3, 0, "a");
	ck_assert_uint_gt(g->outgoing.bytes, 5000);
	ck_assert_uint_le(g->outgoing.bytes, 10000);
	ck_assert(loop_run_until(none_waits, g, 20000));
	ck_assert_uint_eq(g->outgoing.bytes, 0);
	/* More losses than can be noted: nobody knows who had none. */
	ck_assert_int_eq(closed_of_crowd(), CROWD);
	memset(crowd.closed, 0, sizeof(crowd.closed));
	for (uint64_t i = 0; g->outgoing.bytes + 100 < 10000; i++)
		send_text(g, 10, 0, "a");
	send_text(g, 0, 0,
		"a long frame that has no place any more, since it is longer than what is left");
	send_text(g, 20, 0,
		"a long frame that has no place any more, since it is longer than what is left");
	ck_assert(loop_run_until(none_waits, g, 20000));
	ck_assert_int_eq(closed_of_crowd(), CROWD);
	memset(crowd.closed, 0, sizeof(crowd.closed));
	for (uint64_t i = 0; g->outgoing.bytes + 100 < 10000; i++)
		send_text(g, 10, 0, "a");
	send_text(g, 20, 0,
		"a long frame that has no place any more, since it is longer than what is left");
	send_text(g, 30, 0,
		"a long frame that has no place any more, since it is longer than what is left");
	ck_assert(loop_run_until(none_waits, g, 20000));
	ck_assert_int_eq(closed_of_crowd(), 2);
	ck_assert(crowd.closed[19] && crowd.closed[29]);
	loop_close();
	gateway_free(g);
}
END_TEST

TEST_MAIN("connections", a_frame_for_everybody_is_written_in_turns_and_in_its_order,
	the_list_is_bounded_and_who_lost_a_frame_is_closed, frames_for_nobody_are_taken_and_freed,
	frames_that_the_loop_never_takes_end_with_the_gateway)

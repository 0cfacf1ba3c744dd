/*
 * test_connections.c: frames for clients: they are freed when nobody is there, when the loop never
 * gets to them, and however many there are.
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

TEST_MAIN("connections", frames_for_nobody_are_taken_and_freed,
	frames_that_the_loop_never_takes_end_with_the_gateway)

/*
 * test_gateway.c: what a service that sends hears of a client that is gone.
 */
#include "gateway.h"
#include "harness.h"

/* Of src/, which a module's tests do not see. */
void loop_init(void);
int loop_run_until(int (*fn)(void *arg), void *arg, int timeout_ms);

#define ANN 7

static int never(void *arg)
{
	(void)arg;
	return 0;
}

static uint64_t gone;

static void on_gone(void *self, uint64_t client)
{
	(void)self;
	gone = client;
}

START_TEST(a_sender_hears_that_a_client_is_gone)
{
	const struct frame_service service = { .gone = on_gone };
	struct buf *frame;
	struct gateway g = { .peers = map_new(), .accounts = map_new() };

	loop_init();
	gateway_connections_init(&g);
	frame = buf_copy(SLICE("{}"));
	g.service.serve(&g, "game", &service);
	ck_assert_int_eq(gateway_served_find(&g, "game"), 0);
	g.service.send(&g, "chat", 4711, frame); /* no service that takes frames: nobody to tell */
	loop_run_until(never, NULL, 10);
	ck_assert_int_eq(gone, 0);
	g.service.send(&g, "game", 4711, frame);
	ck_assert_int_eq(gone, 0); /* not from inside the call */
	loop_run_until(never, NULL, 10);
	ck_assert_int_eq(gone, 4711);
	g.service.send_account(&g, ANN, frame);
	g.service.serve(&g, "game", NULL);
	ck_assert_int_eq(gateway_served_find(&g, "game"), -1);
	loop_run_until(never, NULL, 10);
	buf_unref(&frame);
	gateway_connections_clear(&g);
	map_free(&g.peers);
	map_free(&g.accounts);
}
END_TEST

TEST_MAIN("gateway", a_sender_hears_that_a_client_is_gone)

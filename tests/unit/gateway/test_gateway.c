/*
 * test_gateway.c: what two gateways on one cache say of an account's presence, and what a service
 * that sends hears of a client that is gone. Peers here are without a socket.
 */
#include <inttypes.h>
#include <stdio.h>

#include "gateway.h"
#include "harness.h"
#include "hearth/arena.h"
#include "hearth/clock.h"

/* Of src/, which a module's tests do not see. */
void loop_init(void);
int loop_run_until(int (*fn)(void *arg), void *arg, int timeout_ms);
struct cache *cache_new(size_t bytes_max);
void cache_free(struct cache **c);

#define ANN 7

static struct cache *cache;

static struct gateway node(const char *name)
{
	return (struct gateway){ .node = name,
		.cache = cache,
		.peers = map_new(),
		.accounts = map_new(),
		.updates = map_new() };
}

static void node_end(struct gateway *g)
{
	gateway_presence_free(g);
	map_free(&g->peers);
	map_free(&g->accounts);
}

/* The clients of Ann's on this node are these, one after the other. */
static void connect(
	struct gateway *g, struct gateway_account *a, struct gateway_peer *peers, size_t n)
{
	*a = (struct gateway_account){ .id = ANN };
	list_init(&a->peers);
	for (size_t i = 0; i < n; i++)
		list_push(&a->peers, &peers[i].node);
	if (n)
		map_set_u64(g->accounts, ANN, a);
	else
		map_remove_u64(g->accounts, ANN);
	gateway_presence_changed(g, ANN);
}

static int never(void *arg)
{
	(void)arg;
	return 0;
}

static char present[4096];

static void on_present(void *arg, int status, struct buf *value)
{
	(void)arg;
	present[0] = 0;
	if (status == 0)
		snprintf(present, sizeof(present), "%.*s", (int)value->n, value->p);
}

static bool is_present(const char *who)
{
	loop_run_until(never, NULL, 10);
	cache_get(cache, SLICE("gateway.at:7"), on_present, NULL);
	loop_run_until(never, NULL, 10);
	return strstr(present, who) != NULL;
}

START_TEST(presence_is_a_set_of_node_and_client)
{
	struct gateway one, two;
	struct gateway_account at_one, at_two;
	struct gateway_peer p1[] = { { .id = 11 }, { .id = 12 } }, p2[] = { { .id = 21 } };

	loop_init();
	clock_fake(1700000000000, 1000000);
	cache = cache_new(1 << 20);
	one = node("one");
	two = node("two");
	/* Both at once. */
	connect(&one, &at_one, p1, 1);
	connect(&two, &at_two, p2, 1);
	ck_assert(is_present("one 11 ") && is_present("two 21 "));
	connect(&one, &at_one, p1, 2);
	connect(&one, &at_one, p1, 2);
	ck_assert(is_present("one 11 ") && is_present("one 12 ") && is_present("two 21 "));
	/* The last one of a node takes nobody else's away. */
	connect(&two, &at_two, p2, 0);
	ck_assert(is_present("one 12 ") && !is_present("two"));
	connect(&two, &at_two, p2, 1);
	ck_assert(is_present("two 21 "));
	/* Node two dies: its client is forgotten, while node one says its own again. */
	for (int i = 0; i < 3; i++) {
		clock_fake_advance(40000);
		gateway_presence_renew(&one);
		ck_assert(is_present("one 11 "));
	}
	ck_assert(!is_present("two"));
	connect(&one, &at_one, p1, 0);
	ck_assert(!is_present("one"));
	node_end(&one);
	node_end(&two);
	cache_free(&cache);
}
END_TEST

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
	struct gateway g;

	loop_init();
	cache = cache_new(1 << 20);
	g = node("one");
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
	node_end(&g);
	cache_free(&cache);
}
END_TEST

TEST_MAIN("gateway", presence_is_a_set_of_node_and_client, a_sender_hears_that_a_client_is_gone)

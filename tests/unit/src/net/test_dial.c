/*
 * Dialling: real sockets on loopback; refused, dropped, too slow, from an address of our choice.
 */
#include "net_test.h"

#include "hearth/dial.h"

#include <stdio.h>

static struct recorder accepted;
static struct conn_listener table = { .key = "test",
	.input_max = 65536,
	.output_high = 65536,
	.timeout_ms = 5000,
	.per_peer_max = 10 };

static void on_accept(void *module, struct conn *c)
{
	(void)module;
	recorder_attach(&accepted, c);
	say(&accepted, "hello\n");
}

struct answer {
	struct recorder r;
	size_t times;
	char why[128];
};

static void on_dialled(void *arg, struct conn *c, const char *why)
{
	struct answer *a = arg;

	a->times++;
	snprintf(a->why, sizeof(a->why), "%s", why ? why : "");
	ck_assert(!c == !!why);
	if (c)
		recorder_attach(&a->r, c);
}

static struct listener *listen_here(void)
{
	struct config_address address = { .host = "127.0.0.1" };
	struct strbuf why = { 0 };
	struct listener *l = NULL;

	loop_init();
	table.accept = on_accept;
	ck_assert_int_eq(listener_open(&address, &table, NULL, NULL, &l, &why), 0);
	return l;
}

START_TEST(a_connection_both_ways)
{
	struct listener *l = listen_here();
	struct answer a = { 0 };
	struct dial d = { 0 };

	dial(&d, "127.0.0.1", listener_port(l), "127.0.0.9", 5000, NULL, on_dialled, &a);
	ck_assert_uint_eq(a.times, 0); /* never from within the call */
	wait_size(&a.times, 1);
	ck_assert_str_eq(a.why, "");
	ck_assert_str_eq(conn_info(a.r.c)->peer, "127.0.0.1");
	ck_assert_str_eq(conn_info(a.r.c)->local, "127.0.0.9");
	ck_assert_int_eq(conn_info(a.r.c)->peer_port, listener_port(l));
	ck_assert(conn_info(a.r.c)->loopback);
	wait_size(&a.r.got.n, 6);
	ck_assert_str_eq(a.r.got.p, "hello\n");
	ck_assert_str_eq(conn_info(accepted.c)->peer, "127.0.0.9");
	say(&a.r, "and back\n");
	wait_size(&accepted.got.n, 9);
	dial_drop(&d);
	conn_close(a.r.c);
	wait_closed(&accepted, HEARTH_ECLOSED);
	listener_close(&l);
	net_close_all();
	loop_close();
}
END_TEST

START_TEST(what_does_not_become_one)
{
	struct listener *l = listen_here();
	struct answer refused = { 0 }, none = { 0 }, family = { 0 }, dropped = { 0 }, late = { 0 };
	struct dial d[5] = { { 0 } };
	int port = listener_port(l);

	listener_close(&l);
	dial(&d[0], "127.0.0.1", port, NULL, 5000, NULL, on_dialled, &refused);
	dial(&d[1], "mx.example.org", 25, NULL, 5000, NULL, on_dialled, &none);
	dial(&d[2], "127.0.0.1", port, "::1", 5000, NULL, on_dialled, &family);
	dial(&d[3], "127.0.0.1", port, NULL, 5000, NULL, on_dialled, &dropped);
	dial(&d[4], "192.0.2.1", 25, NULL, 1, NULL, on_dialled,
		&late); /* TEST-NET: nobody is there */
	dial_drop(&d[3]);
	dial_drop(&d[3]);
	wait_size(&refused.times, 1);
	wait_size(&none.times, 1);
	wait_size(&family.times, 1);
	wait_size(&late.times, 1);
	ck_assert_str_eq(refused.why, "Connection refused");
	ck_assert_str_eq(none.why, "no address");
	ck_assert(strstr(family.why, "family"));
	ck_assert(late.why[0]);
	ck_assert_uint_eq(dropped.times, 0);
	loop_close();
}
END_TEST

TEST_MAIN("dial", a_connection_both_ways, what_does_not_become_one)

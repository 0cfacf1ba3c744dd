/*
 * Listeners and TCP with real sockets on loopback.
 */
#include "net_test.h"

#include "hearth/metric.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVED_MAX 64

static struct recorder served[SERVED_MAX];
static size_t served_count;
static const char *greeting;
static bool close_at_once, echoes;

static void on_accept(void *module, struct conn *c)
{
	struct recorder *r = &served[served_count++];

	ck_assert_ptr_eq(module, served);
	if (close_at_once) {
		conn_close(c);
		return;
	}
	r->echo = echoes;
	recorder_attach(r, c);
	if (greeting)
		say(r, greeting);
}

static struct conn_listener table = {
	.key = "test",
	.input_max = 65536,
	.output_high = 65536,
	.timeout_ms = 5000,
	.per_peer_max = 1, /* LISTENER_LOOPBACK_TIMES as many on loopback */
	.accept = on_accept,
	.busy_greeting = "busy\n",
};

static struct listener *listen_at(const char *host)
{
	struct config_address address = { 0 };
	struct strbuf why = { 0 };
	struct listener *l = NULL;
	int rc;

	loop_init();
	snprintf(address.host, sizeof(address.host), "%s", host);
	rc = listener_open(&address, &table, served, NULL, &l, &why);
	ck_assert_msg(rc == 0, "%s", why.p);
	ck_assert_int_gt(listener_port(l), 0);
	ck_assert_str_eq(listener_key(l), "test");
	return l;
}

static int dial_family(int family, int port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port),
		.sin6_addr = in6addr_loopback };
	int fd = socket(family, SOCK_STREAM, 0), rc;

	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	rc = family == AF_INET ? connect(fd, (struct sockaddr *)&v4, sizeof(v4))
			       : connect(fd, (struct sockaddr *)&v6, sizeof(v6));
	ck_assert_msg(rc == 0, "%s", strerror(errno));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static int dial(int port)
{
	return dial_family(AF_INET, port);
}

/* Reads what comes within some turns of the loop; "EOF" and "RESET" stand for the end. */
static const char *hear(int fd)
{
	static char text[256];
	size_t n = 0;

	for (int i = 0; i < 100 && n < sizeof(text) - 8; i++) {
		ssize_t got = recv(fd, text + n, sizeof(text) - 8 - n, 0);

		if (got == 0) {
			snprintf(text + n, 8, "EOF");
			return text;
		}
		if (got < 0 && errno == ECONNRESET) {
			snprintf(text + n, 8, "RESET");
			return text;
		}
		n += got > 0 ? (size_t)got : 0;
		text[n] = '\0';
		run_for(1);
	}
	return text;
}

START_TEST(accepts_and_talks)
{
	struct listener *l = listen_at("127.0.0.1");
	int fd;

	greeting = "hello\n";
	echoes = true;
	fd = dial(listener_port(l));
	ck_assert_str_eq(hear(fd), "hello\n");
	ck_assert_int_eq(write(fd, "ping", 4), 4);
	ck_assert_str_eq(hear(fd), "ping");
	ck_assert_str_eq(conn_info(served[0].c)->peer, "127.0.0.1");
	ck_assert(conn_info(served[0].c)->loopback);
	/* Known as soon as something was acknowledged, and within this machine not long. */
	ck_assert_int_gt(conn_rtt_us(served[0].c), 0);
	ck_assert_int_lt(conn_rtt_us(served[0].c), 5000000);
	ck_assert_int_eq(conn_info(served[0].c)->local_port, listener_port(l));
	close(fd);
	wait_closed(&served[0], HEARTH_ECLOSED);
	listener_close(&l);
	ck_assert_uint_eq(net_conn_count(), 0);
	ck_assert_int_eq(
		metric_value(metric_gauge("hearth_connections", "listener=\"test\"", "")), 0);
	ck_assert_int_eq(metric_value(metric_counter(
				 "hearth_net_received_bytes_total", "listener=\"test\"", "")),
		4);
	ck_assert_int_eq(metric_value(metric_counter(
				 "hearth_net_sent_bytes_total", "listener=\"test\"", "")),
		10);
}
END_TEST

START_TEST(listens_on_both_families)
{
	static const char *const hosts[] = { "", "localhost" };

	greeting = "hi";
	for (int i = 0; i < 2; i++) {
		struct listener *l = listen_at(hosts[i]);
		int v4 = dial_family(AF_INET, listener_port(l));
		int v6 = dial_family(AF_INET6, listener_port(l));

		ck_assert_str_eq(hear(v4), "hi");
		ck_assert_str_eq(hear(v6), "hi");
		close(v4);
		close(v6);
		listener_close(&l);
	}
	ck_assert_str_eq(conn_info(served[0].c ? served[0].c : served[2].c)->local, "127.0.0.1");
}
END_TEST

START_TEST(says_why_it_cannot_listen)
{
	struct listener *l = listen_at("127.0.0.1"), *second = NULL;
	struct config_address address = { .host = "127.0.0.1", .port = listener_port(l) };
	struct strbuf why = { 0 };

	ck_assert_int_eq(
		listener_open(&address, &table, served, NULL, &second, &why), HEARTH_EEXIST);
	ck_assert_ptr_null(second);
	ck_assert_str_eq(why.p, "Address already in use");
	strbuf_reset(&why);
	snprintf(address.host, sizeof(address.host), "no such host");
	ck_assert_int_eq(
		listener_open(&address, &table, served, NULL, &second, &why), HEARTH_EINVAL);
	ck_assert_uint_gt(why.n, 0);
	strbuf_free(&why);
	listener_close(&l);
	listener_close(&l);
}
END_TEST

START_TEST(refuses_over_the_limit)
{
	struct listener *l = listen_at("127.0.0.1");
	int fds[5];

	greeting = "hello\n";
	for (int i = 0; i < 4; i++) {
		fds[i] = dial(listener_port(l));
		ck_assert_str_eq(hear(fds[i]), "hello\n");
	}
	fds[4] = dial(listener_port(l));
	ck_assert_str_eq(hear(fds[4]), "busy\nEOF");
	ck_assert_uint_eq(net_conn_count(), 4);
	/* A place that is free again is given again. */
	close(fds[0]);
	wait_closed(&served[0], HEARTH_ECLOSED);
	close(fds[4]);
	fds[4] = dial(listener_port(l));
	ck_assert_str_eq(hear(fds[4]), "hello\n");
	/* Closing the listener leaves its connections alone. */
	listener_close(&l);
	say(&served[4], "still here");
	ck_assert_str_eq(hear(fds[4]), "still here");
	net_close_all();
	ck_assert_str_eq(hear(fds[4]), "EOF");
}
END_TEST

/* How many of five connections are welcome. */
static int welcome(size_t per_address, size_t loopback_times, size_t total)
{
	struct listener *l = listen_at("127.0.0.1");
	int fds[5], n = 0;

	greeting = "hello\n";
	listener_set_limits(l, per_address, loopback_times, total);
	for (int i = 0; i < 5; i++) {
		fds[i] = dial(listener_port(l));
		n += strcmp(hear(fds[i]), "hello\n") == 0;
	}
	listener_close(&l);
	net_close_all();
	for (int i = 0; i < 5; i++)
		close(fds[i]);
	return n;
}

START_TEST(limits_are_set)
{
	ck_assert_int_eq(welcome(1, 2, 0), 2);
	ck_assert_int_eq(welcome(3, 1, 0), 3);
	ck_assert_int_eq(welcome(0, 1, 0), 5);
	ck_assert_int_eq(welcome(0, 1, 3), 3);
	ck_assert_int_eq(welcome(4, 1, 2), 2);
}
END_TEST

START_TEST(may_be_closed_by_the_module)
{
	struct listener *l = listen_at("127.0.0.1");
	int fd;

	close_at_once = true;
	fd = dial(listener_port(l));
	ck_assert_str_eq(hear(fd), "EOF");
	ck_assert_uint_eq(net_conn_count(), 0);
	listener_close(&l);
}
END_TEST

/* The last words arrive though the peer is still sending what nobody reads. */
START_TEST(lingers)
{
	static char bytes[60000];
	struct listener *l = listen_at("127.0.0.1");
	struct strbuf got = { 0 };
	int fd = dial(listener_port(l));

	wait_size(&served_count, 1);
	conn_pause(served[0].c);
	for (int i = 0; i < 5; i++)
		ck_assert_int_gt(send(fd, bytes, sizeof(bytes), 0), 0);
	run_for(10);
	say(&served[0], "413");
	conn_close(served[0].c);
	wait_closed(&served[0], 0);
	ck_assert_int_gt(send(fd, bytes, sizeof(bytes), 0), 0);
	ck_assert_str_eq(hear(fd), "413EOF");
	close(fd);
	strbuf_free(&got);
	listener_close(&l);
	tcp_close_all();
}
END_TEST

/* What a peer sent is read to its end, though it closed with our replies unread (a reset). */
START_TEST(hears_out_who_does_not_listen)
{
	static char bytes[40000];
	struct listener *l = listen_at("127.0.0.1");
	int fd = dial(listener_port(l));

	wait_size(&served_count, 1);
	served[0].echo = true;
	conn_set_limits(served[0].c, 4096, 65536);
	conn_pause(served[0].c);
	ck_assert_int_eq(send(fd, bytes, sizeof(bytes), 0), (int)sizeof(bytes));
	say(&served[0], "unread");
	run_for(10);
	close(fd);
	conn_resume(served[0].c);
	wait_closed(&served[0], HEARTH_ECLOSED);
	ck_assert_uint_eq(served[0].got_n, sizeof(bytes));
	listener_close(&l);
	tcp_close_all();
}
END_TEST

/* A reader that stops does not make memory grow, and what it then reads is all there. */
START_TEST(waits_for_a_slow_reader)
{
	static char piece[16384];
	struct listener *l = listen_at("127.0.0.1");
	int fd = dial(listener_port(l)), drains = -1;
	size_t sent = 0, got = 0, goal = 20u << 20;
	struct recorder *r = &served[0];

	wait_size(&served_count, 1);
	for (int round = 0; got < goal; round++) {
		static char in[65536];
		ssize_t n;

		for (bool more = r->drains > drains && sent < goal; more; sent += sizeof(piece))
			more = conn_write(r->c, slice_of(piece, sizeof(piece))) &&
			       sent + sizeof(piece) < goal;
		drains = r->drains;
		ck_assert_uint_le(conn_pending(r->c), 65536 + sizeof(piece));
		run_for(1);
		while (round > 50 && (n = recv(fd, in, sizeof(in), 0)) > 0)
			got += (size_t)n;
	}
	ck_assert_uint_eq(got, sent);
	close(fd);
	wait_closed(r, HEARTH_ECLOSED);
	listener_close(&l);
}
END_TEST

/* Without descriptors the listener rests, and then takes who waited. */
START_TEST(rests_without_descriptors)
{
	struct listener *l = listen_at("127.0.0.1");
	struct rlimit limit;
	int fds[2], spare[1024], n = 0;

	greeting = "hello\n";
	log_set_level(LOG_ERROR);
	fds[0] = dial(listener_port(l));
	ck_assert_str_eq(hear(fds[0]), "hello\n");
	fds[1] = dial(listener_port(l));
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = 256;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while (n < 1024 && (spare[n] = dup(0)) >= 0)
		n++;
	ck_assert_str_eq(hear(fds[1]), "");
	while (n > 0)
		close(spare[--n]);
	wait_size(&served_count, 2);
	ck_assert_str_eq(hear(fds[1]), "hello\n");
	listener_close(&l);
	net_close_all();
}
END_TEST

START_TEST(times_out_silent_peers)
{
	struct listener *l;
	int fd;

	table.timeout_ms = 50;
	l = listen_at("127.0.0.1");
	fd = dial(listener_port(l));
	wait_size(&served_count, 1);
	while (served[0].timeouts == 0)
		run_for(5);
	conn_abort(served[0].c, HEARTH_ETIMEOUT);
	wait_closed(&served[0], HEARTH_ETIMEOUT);
	ck_assert_str_eq(hear(fd), "EOF");
	listener_close(&l);
}
END_TEST

TEST_MAIN("listener", accepts_and_talks, listens_on_both_families, says_why_it_cannot_listen,
	refuses_over_the_limit, limits_are_set, may_be_closed_by_the_module, lingers,
	hears_out_who_does_not_listen, waits_for_a_slow_reader, rests_without_descriptors,
	times_out_silent_peers)

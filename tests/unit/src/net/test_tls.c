/*
 * TLS over the memory transport: handshakes, STARTTLS and what may be pushed in behind it, ALPN,
 * slow readers.
 */
#include "net/conn_internal.h"
#include "tls_test.h"

START_TEST(shakes_hands)
{
	const struct conn_info *info;

	make_context();
	pair(NULL);
	server.echo = true;
	ck_assert(conn_can_start_tls(server.c));
	ck_assert_int_eq(conn_start_tls(server.c), 0);
	ck_assert_int_eq(conn_start_tls(server.c), HEARTH_EUNSUPPORTED);
	run_for(5);
	client_start(&client);
	ck_assert(loop_run_until(client_settled, &client, 5000));
	ck_assert(client.up);
	client_write(&client, SLICE("through TLS"));
	ck_got(&server, "through TLS");
	wait_size(&client.got.n, 11);
	ck_assert_str_eq(client.got.p, "through TLS");
	info = conn_info(server.c);
	ck_assert(info->tls);
	ck_assert_str_eq(info->tls_version, "TLSv1.3");
	ck_assert_str_eq(info->server_name, "mail.example.org");
	ck_assert_uint_gt(strlen(info->tls_cipher), 0);
	ck_assert(!conn_can_start_tls(server.c));
	/* Goodbye is said in TLS too. */
	conn_close(server.c);
	wait_closed(&server, 0);
	run_for(10);
	ck_assert(client.ended);
	ck_assert_int_eq(client.reason, HEARTH_ECLOSED);
	ck_assert_int_eq(metric_value(metric_counter("hearth_tls_handshakes_total", NULL, "")), 1);
	unpair();
}
END_TEST

static void hog(void *arg)
{
	(void)arg;
	usleep(CONN_READS_US + 2000);
}

static struct {
	uint64_t round[4];
	int order[4], n;
} steps;

static void step(void *arg)
{
	steps.order[steps.n] = *(int *)arg;
	steps.round[steps.n++] = loop_round();
	hog(NULL);
}

static int three_steps(void *arg)
{
	(void)arg;
	return steps.n == 3;
}

static struct tls_turn turns[4];
static int numbers[4] = { 0, 1, 2, 3 };

static void begin_steps(void *arg)
{
	(void)arg;
	ck_assert(!tls_turn_wait(&turns[0], step, &numbers[0])); /* nobody was there */
	hog(NULL);
	for (int i = 0; i < 4; i++)
		ck_assert(tls_turn_wait(&turns[i], step, &numbers[i]));
	tls_turn_drop(&turns[1]);
	ck_assert(!tls_turn_waits(&turns[1]));
}

START_TEST(handshakes_take_turns)
{
	loop_init();
	exec_post(exec_loop(), begin_steps, NULL);
	ck_assert(loop_run_until(three_steps, NULL, 5000));
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(steps.order[i], i == 0 ? 0 : i + 1);
		ck_assert(i == 0 || steps.round[i] > steps.round[i - 1]);
	}
}
END_TEST

/* On a loop that is never done early, so that each step has to wait for its turn. */
START_TEST(shakes_hands_on_a_busy_loop)
{
	struct timer busy = { 0 };

	make_context();
	pair(NULL);
	server.echo = true;
	conn_start_tls(server.c);
	timer_start(&busy, 0, 1, hog, NULL);
	client_start(&client);
	ck_assert(loop_run_until(client_settled, &client, 5000));
	ck_assert(client.up);
	client_write(&client, SLICE("through TLS"));
	wait_size(&client.got.n, 11);
	/* One that leaves while it waits. */
	net_close_all();
	client_free(&client);
	strbuf_free(&server.got);
	pair(NULL);
	conn_start_tls(server.c);
	client_start(&client);
	conn_abort(client.c, HEARTH_ECLOSED);
	wait_closed(&server, HEARTH_ECLOSED);
	timer_stop(&busy);
	unpair();
}
END_TEST

START_TEST(speaks_tls_1_2_but_nothing_older)
{
	make_context();
	pair(NULL);
	SSL_set_max_proto_version(client.ssl, TLS1_2_VERSION);
	conn_start_tls(server.c);
	client_start(&client);
	ck_assert(loop_run_until(client_settled, &client, 5000));
	ck_assert(client.up);
	ck_assert_str_eq(conn_info(server.c)->tls_version, "TLSv1.2");
	net_close_all();
	client_free(&client);

	pair(NULL);
	SSL_set_security_level(client.ssl, 0);
	SSL_set_min_proto_version(client.ssl, TLS1_1_VERSION);
	SSL_set_max_proto_version(client.ssl, TLS1_1_VERSION);
	conn_start_tls(server.c);
	client_start(&client);
	ck_assert(loop_run_until(client_settled, &client, 5000));
	ck_assert(!client.up);
	wait_closed(&server, HEARTH_EIO);
	ck_assert_int_eq(metric_value(metric_counter("hearth_tls_failures_total", NULL, "")), 1);
	unpair();
}
END_TEST

START_TEST(chooses_the_protocol)
{
	static const struct {
		const char *ours, *theirs;
		bool up;
	} rows[] = {
		{ "http/1.1", "\2h2\10http/1.1", true },
		{ "http/1.1", "\2h2", false },
		{ "http/1.1", NULL, true },
		{ "imap", "\10http/1.1", false },
		{ NULL, "\10http/1.1", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_context();
		pair(rows[i].ours);
		if (rows[i].theirs)
			SSL_set_alpn_protos(client.ssl, (const unsigned char *)rows[i].theirs,
				(unsigned)strlen(rows[i].theirs));
		conn_start_tls(server.c);
		client_start(&client);
		ck_assert(loop_run_until(client_settled, &client, 5000));
		ck_assert_int_eq(client.up, rows[i].up);
		unpair();
	}
}
END_TEST

START_TEST(refuses_what_is_no_tls)
{
	make_context();
	pair(NULL);
	conn_start_tls(server.c);
	run_for(5);
	conn_write(client.c, SLICE("GET / HTTP/1.1\r\n\r\n"));
	wait_closed(&server, HEARTH_EIO);
	unpair();
}
END_TEST

/* RFC 3207 section 6: what was pushed in behind STARTTLS did not come through TLS. */
START_TEST(drops_injected_clear_text)
{
	make_context();
	pair(NULL);
	server.starttls = true;
	conn_write(client.c, SLICE("STARTTLS\nINJECTED\n"));
	while (client.clear.n < 3)
		run_for(1);
	ck_assert_str_eq(client.clear.p, "go\n");
	client_start(&client);
	ck_assert(loop_run_until(client_settled, &client, 5000));
	ck_assert(client.up);
	client_write(&client, SLICE("clean"));
	ck_got(&server, "clean");
	unpair();
}
END_TEST

/* Injected bytes that come after the switch are not TLS: the connection ends. */
START_TEST(ends_on_late_injected_clear_text)
{
	make_context();
	pair(NULL);
	server.starttls = true;
	conn_write(client.c, SLICE("STARTTLS\n"));
	while (client.clear.n < 3)
		run_for(1);
	conn_write(client.c, SLICE("INJECTED\n"));
	wait_closed(&server, HEARTH_EIO);
	ck_assert_uint_eq(server.got.n, 0);
	unpair();
}
END_TEST

/* What is written before conn_start_tls goes out in clear, what comes after it through TLS. */
START_TEST(switches_between_two_writes)
{
	make_context();
	pair(NULL);
	say(&server, "clear");
	conn_start_tls(server.c);
	say(&server, "secret");
	while (client.clear.n < 5)
		run_for(1);
	run_for(20);
	ck_assert_str_eq(client.clear.p, "clear");
	client_start(&client);
	wait_size(&client.got.n, 6);
	ck_assert_str_eq(client.got.p, "secret");
	unpair();
}
END_TEST

/* A reader that stops: neither clear nor encrypted bytes pile up. */
START_TEST(waits_for_a_slow_reader)
{
	static char piece[16384];
	size_t sent = 0, goal = 5u << 20;
	int drains = -1;

	make_context();
	pair(NULL);
	conn_start_tls(server.c);
	client_start(&client);
	ck_assert(loop_run_until(client_settled, &client, 5000));
	conn_pause(client.c);
	for (int round = 0; client.got_n < goal; round++) {
		for (bool more = server.drains > drains && sent < goal; more; sent += sizeof(piece))
			more = conn_write(server.c, slice_of(piece, sizeof(piece))) &&
			       sent + sizeof(piece) < goal;
		drains = server.drains;
		/* output_high, one piece more, and a flight with its record headers */
		ck_assert_uint_le(conn_pending(server.c), 65536 + 16384 + 65536 + 20000);
		run_for(1);
		ck_assert_int_eq(server.reason, NOT_CLOSED);
		if (round == 30) {
			ck_assert_uint_lt(sent, 400000);
			conn_resume(client.c);
		}
	}
	ck_assert_uint_eq(client.got_n, sent);
	unpair();
}
END_TEST

START_TEST(handshake_must_end)
{
	make_context();
	pair(NULL);
	conn_set_timeout(server.c, 0);
	conn_start_tls(server.c);
	ck_assert_int_eq(server.reason, NOT_CLOSED);
	wait_closed(&server, HEARTH_ETIMEOUT);
	unpair();
}
END_TEST

TEST_MAIN("tls", shakes_hands, handshakes_take_turns, shakes_hands_on_a_busy_loop,
	speaks_tls_1_2_but_nothing_older, chooses_the_protocol, refuses_what_is_no_tls,
	drops_injected_clear_text, ends_on_late_injected_clear_text, switches_between_two_writes,
	waits_for_a_slow_reader, handshake_must_end)

/*
 * TLS: over the memory transport with OpenSSL's own client on the other side, and over real sockets
 * with curl and openssl s_client.
 */
#include "net_test.h"

#include "hearth/metric.h"
#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];
static struct tls_context *context;

static void make_context(void)
{
	struct strbuf why = { 0 };

	loop_init();
	snprintf(dir, sizeof(dir), "/tmp/hearth-tls-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	context = tls_context_new(NULL, NULL, dir, "mail.example.org", &why);
	ck_assert_msg(context != NULL, "%s", why.p);
}

static void remove_context(void)
{
	char command[128];

	tls_context_free(&context);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* ---- a client: OpenSSL between two memory BIOs, on top of a connection ---- */

struct client {
	struct conn *c;
	SSL *ssl;
	BIO *in, *out;
	struct strbuf clear; /* what came before TLS */
	struct strbuf got;
	bool tls, up, failed, ended;
	size_t got_n;
	int reason;
};

static SSL_CTX *client_ctx;

static void client_send(struct client *t)
{
	char *bytes;
	long n = BIO_get_mem_data(t->out, &bytes);

	if (n > 0)
		conn_write(t->c, slice_of(bytes, (size_t)n));
	(void)BIO_reset(t->out);
}

static void client_pump(struct client *t)
{
	char bytes[16384];
	size_t n;
	int rc;

	ERR_clear_error();
	if (!t->up) {
		rc = SSL_do_handshake(t->ssl);
		t->up = rc == 1;
		t->failed = rc != 1 && SSL_get_error(t->ssl, rc) != SSL_ERROR_WANT_READ;
	}
	while (t->up && SSL_read_ex(t->ssl, bytes, sizeof(bytes), &n) == 1) {
		t->got_n += n;
		if (t->got.n < 100000)
			strbuf_add(&t->got, slice_of(bytes, n));
	}
	t->ended = SSL_get_shutdown(t->ssl) & SSL_RECEIVED_SHUTDOWN;
	client_send(t);
}

static size_t client_data(void *ctx, struct slice in)
{
	struct client *t = ctx;

	if (t->tls) {
		BIO_write(t->in, in.p, (int)in.n);
		client_pump(t);
	} else {
		strbuf_add(&t->clear, in);
	}
	return in.n;
}

static void client_closed(void *ctx, int reason)
{
	struct client *t = ctx;

	t->c = NULL;
	t->reason = reason;
}

static const struct conn_events client_events = { .data = client_data, .closed = client_closed };

static void client_attach(struct client *t, struct conn *c)
{
	*t = (struct client){ .c = c, .reason = NOT_CLOSED };
	if (!client_ctx)
		client_ctx = SSL_CTX_new(TLS_client_method());
	t->ssl = SSL_new(client_ctx);
	t->in = BIO_new(BIO_s_mem());
	t->out = BIO_new(BIO_s_mem());
	SSL_set_bio(t->ssl, t->in, t->out);
	SSL_set_connect_state(t->ssl);
	SSL_set_tlsext_host_name(t->ssl, "Mail.Example.ORG");
	conn_attach(c, &client_events, t);
}

static void client_start(struct client *t)
{
	t->tls = true;
	client_pump(t);
}

static int client_settled(void *arg)
{
	struct client *t = arg;

	return t->up || t->failed || !t->c;
}

static void client_write(struct client *t, struct slice bytes)
{
	ck_assert_int_eq(SSL_write(t->ssl, bytes.p, (int)bytes.n), (int)bytes.n);
	client_send(t);
}

static void client_free(struct client *t)
{
	SSL_free(t->ssl);
	strbuf_free(&t->got);
	strbuf_free(&t->clear);
}

/* A server that may start TLS, and a client. */
static struct recorder server;
static struct client client;

static void pair(const char *alpn)
{
	static const struct conn_listener limits = { .input_max = 65536, .output_high = 65536 };
	struct conn_info info = { .peer = "127.0.0.1", .loopback = true };
	struct conn_setup near_setup = { 0 },
			  far_setup = { .limits = &limits, .tls = context, .alpn = alpn };
	struct layer *near, *far;

	memory_layer_pair(&near, &far);
	client_attach(&client, conn_new(near, &info, &near_setup));
	server = (struct recorder){ 0 };
	recorder_attach(&server, conn_new(far, &info, &far_setup));
}

static void unpair(void)
{
	net_close_all();
	client_free(&client);
	strbuf_free(&server.got);
	remove_context();
}

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

/* ---- certificates ---- */

static X509 *peer_cert(void)
{
	X509 *cert;

	pair(NULL);
	conn_start_tls(server.c);
	client_start(&client);
	ck_assert(loop_run_until(client_settled, &client, 5000));
	ck_assert(client.up);
	cert = SSL_get1_peer_certificate(client.ssl);
	ck_assert_ptr_nonnull(cert);
	return cert;
}

START_TEST(makes_a_certificate)
{
	struct strbuf why = { 0 };
	char path[128];
	struct stat st;
	X509 *cert;

	make_context();
	cert = peer_cert();
	ck_assert_int_eq(X509_check_host(cert, "mail.example.org", 0, 0, NULL), 1);
	ck_assert_int_eq(X509_check_host(cert, "localhost", 0, 0, NULL), 1);
	ck_assert_int_eq(X509_check_ip_asc(cert, "127.0.0.1", 0), 1);
	ck_assert_int_eq(X509_check_host(cert, "other.example.org", 0, 0, NULL), 0);
	X509_free(cert);
	net_close_all();
	client_free(&client);
	snprintf(path, sizeof(path), "%s/tls/key.pem", dir);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	/* It stays at the next start, and is made anew for another name. */
	tls_context_free(&context);
	context = tls_context_new("", "", dir, "mail.example.org", &why);
	snprintf(path, sizeof(path), "%s/tls/cert.pem", dir);
	ck_assert_int_eq(stat(path, &st), 0);
	ino_t inode = st.st_ino;
	tls_context_free(&context);
	context = tls_context_new(NULL, NULL, dir, "192.0.2.7", &why);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_ne(st.st_ino, inode);
	cert = peer_cert();
	ck_assert_int_eq(X509_check_ip_asc(cert, "192.0.2.7", 0), 1);
	X509_free(cert);
	unpair();
}
END_TEST

START_TEST(says_what_is_wrong_with_files)
{
	struct strbuf why = { 0 };
	char cert[128], key[128];

	make_context();
	ck_assert_ptr_null(
		tls_context_new("/no/such/cert.pem", "/no/such/key.pem", dir, "h", &why));
	ck_assert_ptr_nonnull(strstr(why.p, "/no/such/cert.pem"));
	strbuf_reset(&why);
	ck_assert_ptr_null(tls_context_new("", "/only/key.pem", dir, "h", &why));
	ck_assert_uint_gt(why.n, 0);
	strbuf_reset(&why);
	snprintf(cert, sizeof(cert), "%s/tls/cert.pem", dir);
	snprintf(key, sizeof(key), "%s/tls/cert.pem", dir);
	ck_assert_ptr_null(tls_context_new(cert, key, dir, "h", &why));
	ck_assert_uint_gt(why.n, 0);
	strbuf_free(&why);
	remove_context();
}
END_TEST

/* New files are used by new connections; the old ones go on; a broken pair changes nothing. */
START_TEST(reloads)
{
	struct strbuf why = { 0 };
	char cert[128], key[128];
	X509 *first, *second, *third;
	struct client old_client;
	struct recorder old_server;
	FILE *file;

	log_set_level(LOG_ERROR);
	make_context();
	first = peer_cert();
	old_client = client;
	old_server = server;
	conn_attach(old_client.c, &client_events, &old_client);
	conn_attach(old_server.c, &recorder_events, &old_server);

	snprintf(cert, sizeof(cert), "%s/tls/cert.pem", dir);
	snprintf(key, sizeof(key), "%s/tls/key.pem", dir);
	tls_context_reload(context);
	ck_assert_int_eq(tls_selfsigned(cert, key, "new.example.org", &why), 0);
	tls_context_reload(context);
	second = peer_cert();
	ck_assert_int_ne(X509_cmp(first, second), 0);
	ck_assert_int_eq(X509_check_host(second, "new.example.org", 0, 0, NULL), 1);
	conn_abort(client.c, 0);
	run_for(5);
	client_free(&client);

	client_write(&old_client, SLICE("still here"));
	ck_got(&old_server, "still here");

	file = fopen(cert, "w");
	fputs("nonsense", file);
	fclose(file);
	tls_context_reload(context);
	third = peer_cert();
	ck_assert_int_eq(X509_cmp(second, third), 0);
	X509_free(first);
	X509_free(second);
	X509_free(third);
	net_close_all();
	client_free(&old_client);
	strbuf_free(&old_server.got);
	unpair();
}
END_TEST

/* ---- real programs ---- */

static struct recorder sessions[8];
static size_t session_count;

static void on_accept(void *module, struct conn *c)
{
	struct recorder *r = &sessions[session_count++];

	(void)module;
	r->echo = true;
	recorder_attach(r, c);
}

static struct conn_listener table = {
	.key = "test",
	.security = CONN_TLS_ONLY,
	.input_max = 65536,
	.output_high = 65536,
	.timeout_ms = 5000,
	.accept = on_accept,
};

static int file_complete(void *arg)
{
	return access(arg, F_OK) == 0;
}

/* Runs a shell command beside the loop; what it says and its exit code end up in *out. */
static void run(struct strbuf *out, const char *command)
{
	struct strbuf line = { 0 };
	char bytes[4096], done[128], path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/out", dir);
	snprintf(done, sizeof(done), "%s/done", dir);
	unlink(done);
	strbuf_printf(&line, "{ (%s) >%s 2>&1; echo \"exit $?\" >>%s; touch %s; } &", command, path,
		path, done);
	ck_assert_int_eq(system(line.p), 0);
	ck_assert(loop_run_until(file_complete, done, 15000));
	file = fopen(path, "r");
	strbuf_add(out, slice_of(bytes, fread(bytes, 1, sizeof(bytes), file)));
	fclose(file);
	strbuf_free(&line);
}

static void ck_says(struct strbuf *out, const char *text)
{
	ck_assert_msg(out->p && strstr(out->p, text), "no \"%s\" in: %s", text, out->p);
}

START_TEST(talks_with_programs)
{
	struct config_address address = { .host = "127.0.0.1" };
	struct strbuf why = { 0 }, command = { 0 }, out = { 0 };
	struct listener *l;
	int port;

	make_context();
	ck_assert_int_eq(listener_open(&address, &table, NULL, context, &l, &why), 0);
	port = listener_port(l);
	if (system("command -v openssl >/dev/null") == 0) {
		strbuf_printf(&command,
			"(echo over TLS; sleep 0.3) | openssl s_client -quiet -no_ign_eof -connect "
			"127.0.0.1:%d "
			"-CAfile %s/tls/cert.pem -verify_return_error -verify_hostname "
			"mail.example.org",
			port, dir);
		run(&out, command.p);
		ck_says(&out, "over TLS");
		ck_says(&out, "exit 0");
		strbuf_reset(&command);
		strbuf_reset(&out);
	}
	if (system("command -v curl >/dev/null") == 0) {
		/* An echo is no HTTP reply, but it must come through TLS and be the request. */
		strbuf_printf(&command,
			"curl -sS --http0.9 -m 1 --cacert %s/tls/cert.pem "
			"--resolve mail.example.org:%d:127.0.0.1 https://mail.example.org:%d/path",
			dir, port, port);
		run(&out, command.p);
		ck_says(&out, "GET /path HTTP/1.1");
	}
	strbuf_free(&command);
	strbuf_free(&out);
	listener_close(&l);
	net_close_all();
	remove_context();
}
END_TEST

TEST_MAIN("tls", shakes_hands, speaks_tls_1_2_but_nothing_older, chooses_the_protocol,
	refuses_what_is_no_tls, drops_injected_clear_text, ends_on_late_injected_clear_text,
	switches_between_two_writes, waits_for_a_slow_reader, handshake_must_end,
	makes_a_certificate, says_what_is_wrong_with_files, reloads, talks_with_programs)

/*
 * Certificates: our own, the user's, new ones while it runs; and curl and openssl as clients.
 */
#include "tls_test.h"

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

/* What is signed by nobody else is no reason for a browser to insist on TLS. */
START_TEST(tells_self_signed_from_signed)
{
	char cert[128], command[600];

	make_context();
	snprintf(cert, sizeof(cert), "%s/tls/cert.pem", dir);
	ck_assert(tls_is_selfsigned(cert));
	snprintf(command, sizeof(command),
		"cd %s && openssl req -newkey rsa:2048 -nodes -keyout other.key"
		" -subj /CN=other -out other.csr 2>/dev/null; openssl x509 -req -in other.csr"
		" -CA tls/cert.pem -CAkey tls/key.pem -CAcreateserial -out other.pem 2>/dev/null",
		dir);
	ck_assert_int_eq(system(command), 0);
	snprintf(cert, sizeof(cert), "%s/other.pem", dir);
	ck_assert(!tls_is_selfsigned(cert));
	ck_assert(!tls_is_selfsigned("/no/such/cert.pem"));
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

static void drop_client(void)
{
	conn_abort(client.c, 0);
	run_for(5);
	client_free(&client);
}

static struct slice read_file(const char *path, char room[8192])
{
	FILE *file = fopen(path, "r");
	struct slice out = slice_of(room, fread(room, 1, 8192, file));

	fclose(file);
	return out;
}

/* A chain from memory is used by new connections, and the files no more; what is none changes nothing. */
START_TEST(takes_a_chain)
{
	static char chain_room[8192], key_room[8192], other_room[8192];
	struct slice chain, key, other;
	struct strbuf why = { 0 };
	char cert_path[160], key_path[160], other_path[160];
	X509 *first, *second;

	log_set_level(LOG_ERROR);
	make_context();
	first = peer_cert();
	drop_client();
	snprintf(cert_path, sizeof(cert_path), "%s/chain.pem", dir);
	snprintf(key_path, sizeof(key_path), "%s/chain.key", dir);
	snprintf(other_path, sizeof(other_path), "%s/tls/key.pem", dir);
	ck_assert_int_eq(tls_selfsigned(cert_path, key_path, "chain.example.org", &why), 0);
	chain = read_file(cert_path, chain_room);
	key = read_file(key_path, key_room);
	other = read_file(other_path, other_room);
	for (size_t n = 0; n < chain.n - 1; n += 7)
		ck_assert_int_eq(tls_context_install(context, slice_head(chain, n), key, &why),
			HEARTH_EINVAL);
	for (size_t n = 0; n < key.n - 1; n += 7)
		ck_assert_int_eq(tls_context_install(context, chain, slice_head(key, n), &why),
			HEARTH_EINVAL);
	ck_assert_int_eq(tls_context_install(context, chain, other, &why), HEARTH_EINVAL);
	ck_assert_uint_gt(why.n, 0);
	second = peer_cert();
	ck_assert_int_eq(X509_cmp(first, second), 0);
	X509_free(second);
	drop_client();
	ck_assert_int_eq(tls_context_install(context, chain, key, &why), 0);
	second = peer_cert();
	ck_assert_int_eq(X509_check_host(second, "chain.example.org", 0, 0, NULL), 1);
	X509_free(second);
	drop_client();
	snprintf(cert_path, sizeof(cert_path), "%s/tls/cert.pem", dir);
	ck_assert_int_eq(tls_selfsigned(cert_path, other_path, "new.example.org", &why), 0);
	tls_context_reload(context);
	second = peer_cert();
	ck_assert_int_eq(X509_check_host(second, "chain.example.org", 0, 0, NULL), 1);
	X509_free(first);
	X509_free(second);
	strbuf_free(&why);
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

TEST_MAIN("tls_cert", tells_self_signed_from_signed, makes_a_certificate,
	says_what_is_wrong_with_files, reloads, takes_a_chain, talks_with_programs)

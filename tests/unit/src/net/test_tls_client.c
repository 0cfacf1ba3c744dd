/*
 * TLS that begins here, against our own server with a certificate that signed itself: what counts as
 * proven, and what does not.
 */
#include "net/conn_internal.h"
#include "tls_test.h"

#include "hearth/dns.h"

#include <openssl/sha.h>

struct caller {
	struct recorder r;
	size_t secured;
};

static struct caller caller;
static struct recorder answering;

static void on_secured(void *ctx)
{
	struct caller *c = ctx;

	ck_assert(conn_info(c->r.c)->tls);
	c->secured++;
	conn_write(c->r.c, SLICE("hello through TLS\n"));
}

static size_t on_data(void *ctx, struct slice in)
{
	return recorder_data(ctx, in);
}

static const struct conn_events events = {
	.data = on_data, .secured = on_secured, .closed = recorder_closed
};

/* Both sides agree on TLS, as after STARTTLS. */
static void begin(const struct conn_tls_client *how)
{
	struct conn *near, *far;

	caller = (struct caller){ 0 };
	answering = (struct recorder){ 0 };
	conn_pair(&near, &far);
	near->setup.tls = context;
	recorder_attach(&answering, near);
	answering.echo = true;
	caller.r.c = far;
	caller.r.reason = NOT_CLOSED;
	conn_attach(far, &events, &caller);
	run_for(5);
	ck_assert_int_eq(conn_start_tls(near), 0);
	ck_assert_int_eq(conn_start_tls_client(far, how), 0);
	ck_assert_int_eq(conn_start_tls_client(far, how), HEARTH_EUNSUPPORTED);
}

static void end(void)
{
	net_close_all();
	run_for(5); /* the transport frees itself in a later turn */
	strbuf_free(&caller.r.got);
	strbuf_free(&answering.got);
}

static void ck_up(bool proven, const char *why)
{
	wait_size(&caller.secured, 1);
	wait_size(&caller.r.got.n, 18);
	ck_assert_str_eq(caller.r.got.p, "hello through TLS\n");
	ck_assert_int_eq(conn_info(caller.r.c)->proven, proven);
	if (why)
		ck_assert_msg(strstr(conn_info(caller.r.c)->tls_why, why) != NULL, "%s",
			conn_info(caller.r.c)->tls_why);
	else
		ck_assert_str_eq(conn_info(caller.r.c)->tls_why, "");
	ck_assert_str_eq(conn_info(answering.c)->server_name, "mail.example.org");
	end();
}

static void ck_denied(void)
{
	wait_closed(&caller.r, HEARTH_EDENIED);
	ck_assert_uint_eq(caller.secured, 0);
	end();
}

/* SHA-256 of the key of the server's certificate: what a TLSA record "3 1 1" has. */
static void key_hash(unsigned char out[32])
{
	char path[128];
	FILE *f;
	X509 *x;
	unsigned char *der = NULL;
	int n;

	snprintf(path, sizeof(path), "%s/tls/cert.pem", dir);
	f = fopen(path, "re");
	x = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	ck_assert_ptr_nonnull(x);
	n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
	SHA256(der, (size_t)n, out);
	OPENSSL_free(der);
	X509_free(x);
}

START_TEST(what_is_proven)
{
	unsigned char hash[32], other[32] = { 1 };
	struct dns_tlsa good = { 3, 1, 1, slice_of(hash, 32) },
			wrong = { 3, 1, 1, slice_of(other, 32) };
	struct dns_tlsa unusable[2] = { { 1, 1, 1, slice_of(other, 32) },
		{ 3, 1, 9, slice_of(other, 32) } };
	struct dns_tlsa both[2] = { wrong, good };
	struct conn_tls_client how = { .server_name = "mail.example.org" };

	make_context();
	key_hash(hash);
	/* Nothing asked: encrypted, and it is noted that nobody vouches for it. */
	begin(&how);
	ck_up(false, "self");
	how.must_prove = true;
	begin(&how);
	ck_denied();
	/* A record of the DNS vouches, whatever the name; one that fits is enough. */
	how = (struct conn_tls_client){ .server_name = "mail.example.org",
		.must_prove = true,
		.tlsa = &good,
		.tlsa_count = 1 };
	begin(&how);
	ck_up(true, NULL);
	how.tlsa = both;
	how.tlsa_count = 2;
	begin(&how);
	ck_up(true, NULL);
	how = (struct conn_tls_client){ .server_name = "mail.example.org",
		.must_prove = false,
		.tlsa = &wrong,
		.tlsa_count = 1 };
	begin(&how);
	ck_denied();
	/* Records that cannot be used are as none (RFC 7672 2.2). */
	how = (struct conn_tls_client){ .server_name = "mail.example.org",
		.must_prove = false,
		.tlsa = unusable,
		.tlsa_count = 2 };
	begin(&how);
	ck_up(false, "self");
	remove_context();
	loop_close();
}
END_TEST

START_TEST(a_peer_that_is_gone_or_speaks_something_else)
{
	struct conn_tls_client how = { .server_name = "mail.example.org" };

	make_context();
	begin(&how);
	conn_abort(answering.c, HEARTH_ECLOSED);
	ck_assert(loop_run_until(is_closed, &caller.r, 15000));
	ck_assert_int_ne(caller.r.reason, 0);
	end();
	/* Closed while it waits for its turn to begin. */
	begin(&how);
	conn_abort(caller.r.c, HEARTH_ECLOSED);
	wait_closed(&caller.r, HEARTH_ECLOSED);
	end();
	remove_context();
	loop_close();
}
END_TEST

TEST_MAIN("tls client", what_is_proven, a_peer_that_is_gone_or_speaks_something_else)

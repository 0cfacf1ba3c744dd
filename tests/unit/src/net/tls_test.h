/*
 * tls_test.h: what the tests of TLS share: a certificate, and a client that is OpenSSL between two
 * memory BIOs, on top of the memory transport.
 */
#ifndef HEARTH_TESTS_TLS_TEST_H
#define HEARTH_TESTS_TLS_TEST_H

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

static inline void make_context(void)
{
	struct strbuf why = { 0 };

	loop_init();
	snprintf(dir, sizeof(dir), "/tmp/hearth-tls-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	context = tls_context_new(NULL, NULL, dir, "mail.example.org", &why);
	ck_assert_msg(context != NULL, "%s", why.p);
}

static inline void remove_context(void)
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

static inline void client_send(struct client *t)
{
	char *bytes;
	long n = BIO_get_mem_data(t->out, &bytes);

	if (n > 0)
		conn_write(t->c, slice_of(bytes, (size_t)n));
	(void)BIO_reset(t->out);
}

static inline void client_pump(struct client *t)
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

static inline size_t client_data(void *ctx, struct slice in)
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

static inline void client_closed(void *ctx, int reason)
{
	struct client *t = ctx;

	t->c = NULL;
	t->reason = reason;
}

static const struct conn_events client_events = { .data = client_data, .closed = client_closed };

static inline void client_attach(struct client *t, struct conn *c)
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

static inline void client_start(struct client *t)
{
	t->tls = true;
	client_pump(t);
}

static inline int client_settled(void *arg)
{
	struct client *t = arg;

	return t->up || t->failed || !t->c;
}

static inline void client_write(struct client *t, struct slice bytes)
{
	ck_assert_int_eq(SSL_write(t->ssl, bytes.p, (int)bytes.n), (int)bytes.n);
	client_send(t);
}

static inline void client_free(struct client *t)
{
	SSL_free(t->ssl);
	strbuf_free(&t->got);
	strbuf_free(&t->clear);
}

/* A server that may start TLS, and a client. */
static struct recorder server;
static struct client client;

static inline void pair(const char *alpn)
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

static inline void unpair(void)
{
	net_close_all();
	client_free(&client);
	strbuf_free(&server.got);
	remove_context();
}

#endif

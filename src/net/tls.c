/*
 * tls.c: TLS as a layer, by OpenSSL, as server or as client.
 *
 *   HANDSHAKE ──done──▶ UP ──close_notify or end from below──▶ ENDED (may still send)
 *       └──failure, HANDSHAKE_MS──▶ FAILED ◀──bad record──┘
 *
 * OpenSSL never sees a socket, only a pipe (tls_bio.c). What comes from below is read right where
 * it lies and handed up from one buffer that all connections share; so an idle connection has no
 * buffer here, and OpenSSL gives its own back (SSL_MODE_RELEASE_BUFFERS). What goes down gathers in
 * the pipe and then is `flight`, untouched until the layer below is done with it (tls_down.c). On the loop.
 */
#include "net/tls.h"

#include <openssl/err.h>
#include <stdio.h>

#include "hearth/error.h"
#include "hearth/exec.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "net/tls_internal.h"

#define HANDSHAKE_MS 10000

static struct {
	struct metric *handshakes, *failures;
	char read[TLS_RECORD_MAX];
} shared;

static void shared_init(void)
{
	if (shared.handshakes)
		return;
	shared.handshakes = metric_counter(
		"hearth_tls_handshakes_total", NULL, "TLS handshakes that succeeded");
	shared.failures =
		metric_counter("hearth_tls_failures_total", NULL, "TLS handshakes that failed");
}

void tls_layer_fail(struct tls *t, int reason, const char *what)
{
	unsigned long error = ERR_get_error();
	char text[160] = "";

	if (t->state == TLS_FAILED)
		return;
	if (t->state == TLS_HANDSHAKE) {
		if (error)
			ERR_error_string_n(error, text, sizeof(text));
		if (t->client && tls_client_refused(t->ssl, t->info)) {
			reason = HEARTH_EDENIED;
		} else {
			t->info->tls_fault = CONN_TLS_BROKEN;
			snprintf(t->info->tls_why, sizeof(t->info->tls_why), "%s",
				text[0] ? text : what);
		}
		metric_add(shared.failures, 1);
		log_debug("tls", what, "conn", "%llu", (unsigned long long)t->info->id, "peer",
			"%s", t->info->peer, "why", "%s", text, NULL);
	}
	t->state = TLS_FAILED;
	timer_stop(&t->timer);
	tls_turn_drop(&t->turn);
	tls_question_drop(&t->question);
	tls_layer_flush(t); /* the alert, if it can be sent */
	if (t->l.up)
		t->l.up->failed(t->l.above, reason);
}

/* ---- upwards ---- */

static void handshake_done(struct tls *t)
{
	const char *name = SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name);

	t->state = TLS_UP;
	timer_stop(&t->timer);
	metric_add(shared.handshakes, 1);
	snprintf(t->info->tls_version, sizeof(t->info->tls_version), "%s", SSL_get_version(t->ssl));
	snprintf(t->info->tls_cipher, sizeof(t->info->tls_cipher), "%s",
		SSL_get_cipher_name(t->ssl));
	snprintf(t->info->server_name, sizeof(t->info->server_name), "%s", name ? name : "");
	for (char *p = t->info->server_name; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	if (t->client)
		t->info->proven = tls_client_proven(t->ssl, t->info);
	if (t->challenge) {
		tls_layer_fail(t, HEARTH_ECLOSED, "a certificate authority has looked");
		return;
	}
	tls_layer_update_reading(t);
	if (t->client && t->l.up->secured)
		t->l.up->secured(t->l.above);
	if (t->l.up)
		t->l.up->sent(t->l.above, 0);
}

static void handshake(struct tls *t)
{
	int rc, error;

	INVARIANT(t->state == TLS_HANDSHAKE && !tls_turn_waits(&t->turn));
	ERR_clear_error();
	rc = SSL_do_handshake(t->ssl);
	error = rc == 1 ? SSL_ERROR_NONE : SSL_get_error(t->ssl, rc);
	if (rc == 1) {
		tls_layer_flush(t);
		handshake_done(t);
	} else if (error == SSL_ERROR_WANT_READ) {
		tls_layer_flush(t);
	} else if (error == SSL_ERROR_WANT_CLIENT_HELLO_CB) {
		strbuf_add(&t->held, t->pipe.in); /* behind the hello */
		tls_layer_update_reading(t);
	} else {
		tls_layer_fail(t, HEARTH_EIO, "TLS handshake failed");
	}
}

static void end(struct tls *t)
{
	t->state = TLS_ENDED;
	tls_layer_update_reading(t);
	t->l.up->ended(t->l.above);
}

/* Decrypts all that came and hands it up. */
static void read_records(struct tls *t)
{
	while (t->state == TLS_UP) {
		size_t n;
		int rc, error;

		ERR_clear_error();
		rc = SSL_read_ex(t->ssl, shared.read, sizeof(shared.read), &n);
		if (rc == 1) {
			t->l.up->received(t->l.above, slice_of(shared.read, n));
			continue;
		}
		error = SSL_get_error(t->ssl, rc);
		if (error == SSL_ERROR_WANT_READ)
			break;
		if (error == SSL_ERROR_ZERO_RETURN)
			end(t);
		else
			tls_layer_fail(t, HEARTH_EIO, "TLS read failed");
	}
	tls_layer_flush(t);
}

static size_t up_room(void *above)
{
	struct tls *t = above;
	/* During the handshake nobody above reads yet; a record may always come whole. */
	size_t room = t->state == TLS_UP ? t->l.up->room(t->l.above) : 0;

	return room < TLS_RECORD_MAX ? TLS_RECORD_MAX : room;
}

static void take(struct tls *t, struct slice in)
{
	t->pipe.in = in;
	if (t->state == TLS_HANDSHAKE)
		handshake(t);
	if (t->state == TLS_UP)
		read_records(t);
	t->pipe.in = (struct slice){ 0 };
}

static void on_turn(void *arg)
{
	struct tls *t = arg;
	struct strbuf in = t->held;

	t->held = (struct strbuf){ 0 };
	take(t, strbuf_slice(&in));
	strbuf_free(&in);
	tls_layer_update_reading(t);
}

/* What a certificate authority's handshake waited for is there. */
static void on_answer(void *arg)
{
	struct tls *t = arg;

	if (t->state == TLS_HANDSHAKE && !tls_turn_wait(&t->turn, on_turn, t))
		on_turn(t);
}

static void up_received(void *above, struct slice in)
{
	struct tls *t = above;

	if (!tls_question_waits(&t->question) &&
		(t->state != TLS_HANDSHAKE || !tls_turn_wait(&t->turn, on_turn, t))) {
		take(t, in);
		return;
	}
	strbuf_add(&t->held, in);
	tls_layer_update_reading(t);
}

static void up_ended(void *above)
{
	struct tls *t = above;

	if (t->state == TLS_HANDSHAKE)
		tls_layer_fail(t, HEARTH_ECLOSED, "the peer left during the TLS handshake");
	else if (t->state == TLS_UP)
		end(t);
}

static void up_sent(void *above, size_t n)
{
	struct tls *t = above;

	t->busy = false;
	tls_layer_flown(t, n);
	tls_layer_flush(t);
	if (!t->flight.n && t->state != TLS_HANDSHAKE && t->l.up)
		t->l.up->sent(t->l.above, 0);
}

static void up_failed(void *above, int reason)
{
	tls_layer_fail(above, reason, "the connection broke during the TLS handshake");
}

static const struct layer_up below_up = {
	.room = up_room,
	.received = up_received,
	.ended = up_ended,
	.sent = up_sent,
	.failed = up_failed,
};

static void on_late(void *arg)
{
	tls_layer_fail(arg, HEARTH_ETIMEOUT, "the TLS handshake took too long");
}

/* ---- making one ---- */

int tls_choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
	const unsigned char *in, unsigned in_n, void *arg)
{
	const struct tls *t = SSL_get_app_data(ssl);
	size_t n = t->alpn ? strlen(t->alpn) : 0;

	(void)arg;
	if (!t->alpn)
		return SSL_TLSEXT_ERR_NOACK;
	for (unsigned i = 0; i < in_n && i + in[i] < in_n; i += in[i] + 1u) {
		if (in[i] == n && memcmp(&in[i + 1], t->alpn, n) == 0) {
			*out = &in[i + 1];
			*out_n = in[i];
			return SSL_TLSEXT_ERR_OK;
		}
	}
	/* A client that meant another protocol must not be answered in ours (ALPACA). */
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool tls_layer_is_http(SSL *ssl)
{
	const struct tls *t = SSL_get_app_data(ssl);

	return t->alpn && strcmp(t->alpn, "http/1.1") == 0;
}

struct tls_question *tls_layer_question(SSL *ssl)
{
	struct tls *t = SSL_get_app_data(ssl);

	t->question.resume = on_answer;
	t->question.arg = t;
	return &t->question;
}

void tls_layer_set_challenge(SSL *ssl, const char *protocol)
{
	struct tls *t = SSL_get_app_data(ssl);

	t->challenge = true;
	t->alpn = protocol;
}

static struct tls *layer_new(SSL *ssl, struct layer *below, struct conn_info *info)
{
	struct tls *t = mem_zalloc(sizeof(*t));
	BIO *bio = tls_bio_new(&t->pipe);

	shared_init();
	t->l.ops = &tls_layer_ops;
	t->below = below;
	t->info = info;
	below->up = &below_up;
	below->above = t;
	INVARIANT(ssl);
	t->ssl = ssl;
	SSL_set_bio(t->ssl, bio, bio);
	SSL_set_app_data(t->ssl, t);
	timer_start(&t->timer, HANDSHAKE_MS, 0, on_late, t);
	return t;
}

struct layer *tls_layer_new(
	struct tls_context *context, struct layer *below, const char *alpn, struct conn_info *info)
{
	struct tls *t = layer_new(SSL_new(tls_context_current(context)), below, info);

	t->alpn = alpn;
	SSL_set_accept_state(t->ssl);
	return &t->l;
}

struct layer *tls_client_layer_new(SSL *ssl, struct layer *below, struct conn_info *info)
{
	struct tls *t = layer_new(ssl, below, info);

	t->client = true;
	SSL_set_connect_state(t->ssl);
	return &t->l;
}

void tls_client_begin(struct layer *l)
{
	handshake((struct tls *)l);
}

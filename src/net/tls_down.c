/*
 * tls_down.c: from the layer above down: records are made of what it sends, one at a time, and gather in the
 * pipe until the layer below takes them as a flight (tls_internal.h). On the loop. Bounds: about FLIGHT_MAX encrypted
 * bytes of a connection; one buffer for clear ones, which all share.
 */
#include <openssl/err.h>
#include <stdlib.h>

#include "hearth/error.h"
#include "net/tls_internal.h"

#define FLIGHT_MAX 65536 /* about so many encrypted bytes wait for the layer below */

static char gathered[TLS_RECORD_MAX];

void tls_layer_flown(struct tls *t, size_t n)
{
	t->flight_done += n;
	if (t->flight_done < t->flight.n)
		return;
	strbuf_free(&t->flight);
	t->flight_done = 0;
}

void tls_layer_flush(struct tls *t)
{
	struct slice v;

	if (t->flight.n == 0) {
		t->flight = t->pipe.out;
		t->pipe.out = (struct strbuf){ 0 };
	}
	if (t->busy || t->flight.n == 0)
		return;
	v = slice_skip(strbuf_slice(&t->flight), t->flight_done);
	t->busy = true; /* send may fail, and tell so, before it returns */
	tls_layer_flown(t, t->below->ops->send(t->below, &v, 1));
	t->busy = t->flight.n > 0;
}

/* Fills one record from the front of `v`, across slices; returns its bytes. */
static struct slice gather(const struct slice *v, size_t n, size_t from)
{
	size_t filled = 0;

	for (size_t i = 0; i < n && filled < TLS_RECORD_MAX; i++) {
		struct slice part = slice_skip(v[i], from);

		from -= v[i].n - part.n;
		part = slice_head(part, TLS_RECORD_MAX - filled);
		if (part.n)
			memcpy(gathered + filled, part.p, part.n);
		filled += part.n;
	}
	return slice_of(gathered, filled);
}

static size_t tls_send(struct layer *l, const struct slice *v, size_t n)
{
	struct tls *t = (struct tls *)l;
	size_t done = 0;

	if (t->state == TLS_HANDSHAKE || t->state == TLS_FAILED)
		return 0;
	while (!t->flight.n && t->state != TLS_FAILED) {
		struct slice record = gather(v, n, done);
		size_t written;

		if (record.n == 0)
			break;
		ERR_clear_error();
		if (SSL_write_ex(t->ssl, record.p, record.n, &written) != 1) {
			tls_layer_fail(t, HEARTH_EIO, "TLS write failed");
			return done;
		}
		done += written;
		if (t->pipe.out.n >= FLIGHT_MAX)
			tls_layer_flush(t);
	}
	tls_layer_flush(t);
	return done;
}

static size_t tls_pending(const struct layer *l)
{
	const struct tls *t = (const struct tls *)l;

	return t->pipe.out.n + t->flight.n + t->below->ops->pending(t->below);
}

static bool tls_deaf(const struct layer *l)
{
	const struct layer *below = ((const struct tls *)l)->below;

	return below->ops->deaf && below->ops->deaf(below);
}

static bool tls_left(const struct layer *l)
{
	const struct layer *below = ((const struct tls *)l)->below;

	return below->ops->left && below->ops->left(below);
}

void tls_layer_update_reading(struct tls *t)
{
	t->below->ops->read(t->below,
		!tls_turn_waits(&t->turn) && !tls_question_waits(&t->question) &&
			(t->state == TLS_HANDSHAKE || (t->state == TLS_UP && t->want_read)));
}

static void tls_read(struct layer *l, bool on)
{
	struct tls *t = (struct tls *)l;

	t->want_read = on;
	tls_layer_update_reading(t);
}

static void tls_close(struct layer *l, bool polite)
{
	struct tls *t = (struct tls *)l;

	l->up = NULL;
	timer_stop(&t->timer);
	tls_turn_drop(&t->turn);
	tls_question_drop(&t->question);
	if (polite && t->state != TLS_HANDSHAKE && t->state != TLS_FAILED) {
		SSL_shutdown(t->ssl);
		tls_layer_flush(t);
	}
	t->below->ops->close(t->below, polite && t->flight.n == 0);
	SSL_free(t->ssl);
	strbuf_free(&t->pipe.out);
	strbuf_free(&t->flight);
	strbuf_free(&t->held);
	free(t);
}

static int64_t tls_rtt_us(const struct layer *l)
{
	const struct layer *below = ((const struct tls *)l)->below;

	return below->ops->rtt_us ? below->ops->rtt_us(below) : 0;
}

static void tls_expect(struct layer *l, size_t n)
{
	struct tls *t = (struct tls *)l;

	if (t->below->ops->expect)
		t->below->ops->expect(t->below, n);
}

const struct layer_ops tls_layer_ops = {
	.read = tls_read,
	.send = tls_send,
	.pending = tls_pending,
	.deaf = tls_deaf,
	.left = tls_left,
	.rtt_us = tls_rtt_us,
	.expect = tls_expect,
	.close = tls_close,
};

/*
 * tls_internal.h: the layer of TLS (tls.c) and its way down (tls_down.c). On the loop.
 */
#ifndef HEARTH_SRC_TLS_INTERNAL_H
#define HEARTH_SRC_TLS_INTERNAL_H

#include "hearth/arena.h"
#include "net/net.h"
#include "net/tls.h"

#define TLS_RECORD_MAX 16384

enum tls_state {
	TLS_HANDSHAKE,
	TLS_UP,
	TLS_ENDED,
	TLS_FAILED,
};

struct tls {
	struct layer l;
	struct layer *below;
	SSL *ssl;
	enum tls_state state;
	bool want_read, client;
	bool challenge; /* a certificate authority looks; there is nothing behind the handshake */
	const char *alpn;
	struct conn_info *info;
	struct tls_pipe pipe;
	struct strbuf flight; /* what the layer below is sending; no memory when there is nothing */
	size_t flight_done;   /* … as many bytes of it it is done with */
	bool busy;            /* it calls up_sent when it is done with more */
	struct timer timer;   /* the handshake must end */
	struct tls_turn turn; /* its next step waits; nothing is read meanwhile */
	struct strbuf held;   /* … and this is what it is about */
	struct tls_question question; /* of a certificate authority; the same meanwhile */
};

/* What the layer above may do with one. */
extern const struct layer_ops tls_layer_ops;
/* Sends what OpenSSL wrote, unless the layer below is still busy. */
void tls_layer_flush(struct tls *t);
/* The layer below is done with so many bytes more. */
void tls_layer_flown(struct tls *t, size_t n);
/* Whether anything is wanted of the layer below: the handshake needs bytes even if nobody above wants any. */
void tls_layer_update_reading(struct tls *t);
/* It ends, by a HEARTH_ error, and the layer above is told; once. (tls.c) */
void tls_layer_fail(struct tls *t, int reason, const char *what);

#endif

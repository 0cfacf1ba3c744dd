/*
 * ws_deflate.c: one inflater and one deflater for all WebSockets, reset for each message. They take
 * about 300 KB together, from the first message on.
 *
 * What is compressed ends with an empty stored block whose length, the bytes 00 00 FF FF, is not
 * sent (section 7.2.1). zlib knows this from PPP, which does the same: it says whether the input
 * ended just there (inflateSyncPoint). On the loop. What a message unfolds to is bounded by its
 * caller.
 */
#include "http/ws_deflate.h"

#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/exec.h"
#include "hearth/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#define LEVEL       1 /* the loop waits for it: level 3 takes twice as long for a tenth less */
#define MEMORY      8
#define STEP        4096
#define WINDOW_BITS 15
#define WINDOW_MAX  ((size_t)1 << WINDOW_BITS)
#define TAIL        4 /* bytes that are not sent */

/* ---- agreeing (section 7.1) ---- */

enum {
	SERVER_NO_CONTEXT = 1,
	CLIENT_NO_CONTEXT = 2,
	SERVER_BITS = 4,
	CLIENT_BITS = 8,
};

struct offer {
	unsigned seen;
	uint64_t server_bits;
};

static bool read_bits(struct slice value, uint64_t *bits)
{
	if (value.n > 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
		value = slice_of(value.p + 1, value.n - 2);
	return value.n > 0 && value.p[0] != '0' && slice_u64(value, WINDOW_BITS, bits) == 0 &&
	       *bits >= 8;
}

/* One parameter, `name` or `name=value`; false when the offer cannot be taken. */
static bool read_param(struct slice param, struct offer *o)
{
	struct slice value = slice_trim(param), name = slice_trim(slice_split(&value, '='));
	bool has_value = value.p;
	unsigned which = slice_ieq(name, SLICE("server_no_context_takeover"))   ? SERVER_NO_CONTEXT
			 : slice_ieq(name, SLICE("client_no_context_takeover")) ? CLIENT_NO_CONTEXT
			 : slice_ieq(name, SLICE("server_max_window_bits"))     ? SERVER_BITS
			 : slice_ieq(name, SLICE("client_max_window_bits"))     ? CLIENT_BITS
										: 0;
	uint64_t client_bits;

	if (which == 0 || (o->seen & which))
		return false;
	o->seen |= which;
	value = slice_trim(value);
	if (which == SERVER_BITS)
		return has_value && read_bits(value, &o->server_bits);
	/* A client that would look back less far than it may: nothing to do, ours can always. */
	if (which == CLIENT_BITS)
		return !has_value || read_bits(value, &client_bits);
	return !has_value;
}

static bool read_offer(struct slice text, struct offer *o)
{
	struct slice name = slice_trim(slice_split(&text, ';'));

	*o = (struct offer){ .server_bits = WINDOW_BITS };
	if (!slice_ieq(name, SLICE("permessage-deflate")))
		return false;
	while (text.p)
		if (!read_param(slice_split(&text, ';'), o))
			return false;
	return true;
}

size_t ws_deflate_agree(struct slice offers, char answer[WS_DEFLATE_ANSWER_MAX])
{
	while (offers.p) {
		struct offer o;
		int n;

		if (!read_offer(slice_split(&offers, ','), &o))
			continue;
		n = snprintf(answer, WS_DEFLATE_ANSWER_MAX,
			"permessage-deflate; server_no_context_takeover; "
			"client_no_context_takeover");
		if (o.seen & SERVER_BITS)
			snprintf(answer + n, WS_DEFLATE_ANSWER_MAX - (size_t)n,
				"; server_max_window_bits=%d", (int)o.server_bits);
		return (size_t)1 << o.server_bits;
	}
	return 0;
}

/* ---- inflating ---- */

static z_stream *inflater(void)
{
	static z_stream z;

	if (!z.state)
		INVARIANT(inflateInit2(&z, -WINDOW_BITS) == Z_OK);
	INVARIANT(inflateReset(&z) == Z_OK);
	return &z;
}

int ws_inflate(struct slice in, size_t max, struct strbuf *out)
{
	z_stream *z = inflater();
	int rc = Z_OK;

	z->next_in = (Bytef *)(uintptr_t)in.p;
	z->avail_in = (uInt)in.n;
	/* Without progress zlib says Z_BUF_ERROR: it is done. */
	while (rc == Z_OK) {
		z->next_out = (Bytef *)strbuf_reserve(out, STEP);
		z->avail_out = STEP;
		rc = inflate(z, Z_SYNC_FLUSH);
		strbuf_commit(out, STEP - z->avail_out);
		if (out->n > max)
			return HEARTH_ETOOBIG;
		/* Some senders end their blocks for good and begin anew (section 7.2.3.4). */
		if (rc == Z_STREAM_END && z->avail_in > 0)
			rc = inflateReset(z);
	}
	if (rc == Z_STREAM_END || in.n == 0)
		return 0;
	return rc == Z_BUF_ERROR && inflateSyncPoint(z) ? 0 : HEARTH_EINVAL;
}

/* ---- deflating ---- */

static z_stream *deflater(void)
{
	static z_stream z;

	if (!z.state)
		INVARIANT(deflateInit2(&z, LEVEL, Z_DEFLATED, -WINDOW_BITS, MEMORY,
				  Z_DEFAULT_STRATEGY) == Z_OK);
	INVARIANT(deflateReset(&z) == Z_OK);
	return &z;
}

/* Our deflater looks back through all of a short message: a smaller window must hold it whole. */
static bool worthwhile(size_t n, size_t window)
{
	return n >= WS_DEFLATE_MIN && n <= WS_DEFLATE_MAX && (window >= WINDOW_MAX || n <= window);
}

struct buf *ws_deflate(struct slice message, size_t window)
{
	struct buf *out = NULL;
	z_stream *z;
	char *room;

	if (!worthwhile(message.n, window))
		return NULL;
	z = deflater();
	room = mem_alloc(message.n);
	z->next_in = (Bytef *)(uintptr_t)message.p;
	z->avail_in = (uInt)message.n;
	z->next_out = (Bytef *)room;
	z->avail_out = (uInt)message.n;
	/* With all the room used it is not smaller, or not complete. */
	if (deflate(z, Z_SYNC_FLUSH) == Z_OK && z->avail_in == 0 && z->avail_out > 0)
		out = buf_copy(slice_of(room, z->total_out - TAIL));
	free(room);
	return out;
}

/* What was compressed last, until the loop has done what is waiting now. */
static struct {
	struct buf *message, *packed; /* packed NULL: it would not be smaller */
} last;

static void forget(void *arg)
{
	(void)arg;
	buf_unref(&last.message);
	buf_unref(&last.packed);
}

struct buf *ws_deflate_buf(struct buf *message, size_t window)
{
	if (!worthwhile(message->n, window))
		return NULL;
	if (last.message != message) {
		if (!last.message)
			exec_post(exec_loop(), forget, NULL);
		forget(NULL);
		last.message = buf_ref(message);
		last.packed = ws_deflate(buf_slice(message), window);
	}
	return buf_ref(last.packed);
}

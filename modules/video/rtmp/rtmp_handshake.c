/*
 * rtmp_handshake.c: the server's side of the exchange that stands in the header. Pure, on the loop
 * here; it keeps a few bytes of state, and takes 1537 bytes twice.
 */
#include "rtmp/rtmp_handshake.h"

#include "bytes.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define RTMP_VERSION 3

/* One step of splitmix64: S1 only has to differ between connections. */
static uint64_t next_random(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static int fail(struct rtmp_handshake *h, int code, const char *reason)
{
	h->reason = reason;
	return code;
}

void rtmp_handshake_init(struct rtmp_handshake *h, uint32_t now_ms, uint64_t seed)
{
	*h = (struct rtmp_handshake){
		.now_ms = now_ms,
		.seed = seed,
		.c2_left = RTMP_HANDSHAKE_SIZE,
	};
}

static void answer(struct rtmp_handshake *h, struct slice c1, struct strbuf *out)
{
	write_u8(out, RTMP_VERSION);

	write_be32(out, h->now_ms); /* S1: our time, version 0.0.0.0, 1528 random bytes */
	write_be32(out, 0);
	for (size_t i = 8; i < RTMP_HANDSHAKE_SIZE; i += 8)
		write_be64(out, next_random(&h->seed));

	strbuf_add(out, slice_head(c1, 4)); /* S2: C1 with the time we read it at */
	write_be32(out, h->now_ms);
	strbuf_add(out, slice_skip(c1, 8));
}

static int take_c0c1(struct rtmp_handshake *h, struct slice *in, struct strbuf *out)
{
	uint8_t version;

	if (!in->n)
		return 0;
	version = (uint8_t)in->p[0];
	if (version >= 32) /* reserved so that RTMP is told from text protocols */
		return fail(h, HEARTH_EINVAL, "not RTMP");
	if (version != RTMP_VERSION)
		return fail(h, HEARTH_EUNSUPPORTED, "RTMP version is not 3");
	if (in->n < 1 + RTMP_HANDSHAKE_SIZE)
		return 0;
	answer(h, slice_of(in->p + 1, RTMP_HANDSHAKE_SIZE), out);
	*in = slice_skip(*in, 1 + RTMP_HANDSHAKE_SIZE);
	h->state = RTMP_HANDSHAKE_C2;
	return 1;
}

int rtmp_handshake_feed(struct rtmp_handshake *h, struct slice *in, struct strbuf *out)
{
	if (h->state == RTMP_HANDSHAKE_C0C1) {
		int rc = take_c0c1(h, in, out);

		if (rc <= 0)
			return rc;
	}
	if (h->state == RTMP_HANDSHAKE_C2) {
		size_t n = in->n < h->c2_left ? in->n : h->c2_left;

		INVARIANT(h->c2_left > 0 && h->c2_left <= RTMP_HANDSHAKE_SIZE);
		*in = slice_skip(*in, n);
		h->c2_left -= n;
		if (!h->c2_left)
			h->state = RTMP_HANDSHAKE_DONE;
	}
	return h->state == RTMP_HANDSHAKE_DONE;
}

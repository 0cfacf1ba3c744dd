/*
 * ws_deflate.c: one inflater and one deflater for the whole loop, reset for each message.
 */
#include "http/ws_deflate.h"

#include "hearth/error.h"
#include "hearth/log.h"

#include <zlib.h>

#define LEVEL     1 /* what is sent is small and often: speed counts */
#define MEM_LEVEL 8
#define STEP      16384

/* Sync flush ends with these bytes, which are not sent (section 7.2.1). */
#define TAIL "\0\0\377\377"

/* One offer after its name. A window smaller than 15 bits is not made here. */
static bool offer_fits(struct slice params)
{
	while (params.p) {
		struct slice value = slice_split(&params, ';'), name = slice_trim(slice_split(&value, '='));

		value = slice_trim(value);
		if (slice_ieq(name, SLICE("server_max_window_bits"))) {
			if (!slice_eq(value, SLICE("15")) && !slice_eq(value, SLICE("\"15\"")))
				return false;
		} else if (!slice_ieq(name, SLICE("client_max_window_bits")) &&
			   !slice_ieq(name, SLICE("server_no_context_takeover")) &&
			   !slice_ieq(name, SLICE("client_no_context_takeover"))) {
			return false;
		}
	}
	return true;
}

bool ws_deflate_offered(struct slice extensions)
{
	while (extensions.p) {
		struct slice params = slice_split(&extensions, ','), name = slice_trim(slice_split(&params, ';'));

		if (slice_ieq(name, SLICE("permessage-deflate")) && offer_fits(params))
			return true;
	}
	return false;
}

/* Inflates a piece of a message as far as it goes; `limit` bounds out->n. */
static int inflate_piece(z_stream *z, struct slice in, size_t limit, struct strbuf *out)
{
	int rc = Z_OK;

	z->next_in = (Bytef *)(uintptr_t)in.p;
	z->avail_in = (uInt)in.n;
	do {
		z->next_out = (Bytef *)strbuf_reserve(out, STEP);
		z->avail_out = STEP;
		rc = inflate(z, Z_SYNC_FLUSH);
		strbuf_commit(out, STEP - z->avail_out);
		if (out->n > limit)
			return HEARTH_ETOOBIG;
	} while (rc == Z_OK && (z->avail_in > 0 || z->avail_out == 0));
	/* Z_BUF_ERROR: there was nothing left to do. */
	return rc == Z_OK || rc == Z_BUF_ERROR || rc == Z_STREAM_END ? 0 : HEARTH_EINVAL;
}

int ws_inflate(struct slice in, size_t max, struct strbuf *out)
{
	static z_stream z;
	static bool ready;
	size_t limit = out->n + max;
	int rc;

	if (!ready)
		INVARIANT(inflateInit2(&z, -15) == Z_OK);
	ready = true;
	inflateReset(&z);
	rc = inflate_piece(&z, in, limit, out);
	/* A last block before the end (section 7.2.3.4) is complete without the tail, and fills it all. */
	if (rc == 0 && z.avail_in > 0)
		return HEARTH_EINVAL;
	return rc < 0 ? rc : inflate_piece(&z, slice_of(TAIL, 4), limit, out);
}

bool ws_deflate(struct slice in, struct strbuf *out)
{
	static z_stream z;
	static bool ready;
	size_t before = out->n, room = in.n + 64;

	if (!ready)
		INVARIANT(deflateInit2(&z, LEVEL, Z_DEFLATED, -15, MEM_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK);
	ready = true;
	deflateReset(&z);
	z.next_in = (Bytef *)(uintptr_t)in.p;
	z.avail_in = (uInt)in.n;
	z.next_out = (Bytef *)strbuf_reserve(out, room);
	z.avail_out = (uInt)room;
	if (deflate(&z, Z_SYNC_FLUSH) != Z_OK || z.avail_in > 0 || z.avail_out == 0 || z.total_out < 4 ||
		z.total_out - 4 >= in.n)
		return false;
	strbuf_commit(out, z.total_out - 4);
	INVARIANT(out->n == before + z.total_out - 4);
	return true;
}

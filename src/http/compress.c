/*
 * compress.c: gzip of answers, whole and at once, with one compressor for the loop.
 */
#include "http/http_internal.h"

#include "hearth/log.h"

#include <zlib.h>

#define LEVEL       4
#define WINDOW_BITS (15 + 16) /* the largest window, and gzip's framing */
#define MEM_LEVEL   8

bool http_compressible(const char *type)
{
	static const char *const types[] = { "application/json", "application/problem+json",
		"application/javascript", "application/xml", "application/manifest+json",
		"application/vnd.apple.mpegurl", "application/dash+xml", "image/svg+xml" };
	struct slice rest = slice_str(type), name = slice_trim(slice_split(&rest, ';'));

	if (slice_istarts(name, SLICE("text/")))
		return true;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (slice_ieq(name, slice_str(types[i])))
			return true;
	return false;
}

struct buf *http_gzip(struct slice in)
{
	static z_stream z;
	static bool ready;
	struct buf *out = buf_alloc(in.n);

	if (!ready)
		INVARIANT(deflateInit2(&z, LEVEL, Z_DEFLATED, WINDOW_BITS, MEM_LEVEL,
				  Z_DEFAULT_STRATEGY) == Z_OK);
	ready = true;
	deflateReset(&z);
	z.next_in = (Bytef *)(uintptr_t)in.p;
	z.avail_in = (uInt)in.n;
	z.next_out = (Bytef *)buf_data(out);
	z.avail_out = (uInt)out->n;
	if (deflate(&z, Z_FINISH) == Z_STREAM_END)
		buf_truncate(out, z.total_out);
	else
		buf_unref(&out);
	return out;
}

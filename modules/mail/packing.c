/*
 * packing.c: see packing.h. A context costs more to make than to use, so a thread keeps those it has
 * made until it ends; what is large has one of its own, so that what is kept stays small.
 */
#include "packing.h"

#include <pthread.h>
#include <stdlib.h>
#include <zstd.h>

#include "hearth/error.h"
#include "hearth/log.h"

#define LEVEL    3
#define KEPT_MAX (64u << 10) /* bytes packed with the context that is kept: it grows with them */

struct contexts {
	ZSTD_CCtx *pack;
	ZSTD_DCtx *unpack;
};

static pthread_key_t key;

static void free_contexts(void *arg)
{
	struct contexts *c = arg;

	ZSTD_freeCCtx(c->pack);
	ZSTD_freeDCtx(c->unpack);
	free(c);
}

static void make_key(void)
{
	INVARIANT(pthread_key_create(&key, free_contexts) == 0);
}

static struct contexts *contexts(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct contexts *c;

	pthread_once(&once, make_key);
	c = pthread_getspecific(key);
	if (!c) {
		c = mem_zalloc(sizeof(*c));
		pthread_setspecific(key, c);
	}
	return c;
}

static ZSTD_CCtx *pack_context(void)
{
	ZSTD_CCtx *x = ZSTD_createCCtx();

	INVARIANT(x);
	ZSTD_CCtx_setParameter(x, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(x, ZSTD_c_checksumFlag, 1);
	return x;
}

struct slice mail_pack(struct arena *a, struct slice bytes)
{
	struct contexts *c = contexts();
	bool kept = bytes.n <= KEPT_MAX;
	size_t room = ZSTD_compressBound(bytes.n), n;
	char *p = mem_alloc(room);
	struct slice packed;
	ZSTD_CCtx *x;

	if (kept && !c->pack)
		c->pack = pack_context();
	x = kept ? c->pack : pack_context();
	n = ZSTD_compress2(x, p, room, bytes.p, bytes.n);
	INVARIANT(!ZSTD_isError(n));
	if (!kept)
		ZSTD_freeCCtx(x);
	packed = arena_slice(a, slice_of(p, n));
	free(p);
	return packed;
}

int mail_packed_size(struct slice packed, size_t max, size_t *size)
{
	unsigned long long n = ZSTD_getFrameContentSize(packed.p, packed.n);

	*size = (size_t)n;
	return n == ZSTD_CONTENTSIZE_ERROR || n == ZSTD_CONTENTSIZE_UNKNOWN || n > max
		       ? HEARTH_ECORRUPT
		       : 0;
}

int mail_unpack(struct slice packed, char *to, size_t size)
{
	struct contexts *c = contexts();
	size_t n;

	if (!c->unpack)
		c->unpack = ZSTD_createDCtx();
	INVARIANT(c->unpack);
	n = ZSTD_decompressDCtx(c->unpack, to, size, packed.p, packed.n);
	return ZSTD_isError(n) || n != size ? HEARTH_ECORRUPT : 0;
}

int mail_unpack_buf(struct slice packed, size_t size, struct buf **out)
{
	struct buf *b = buf_alloc(size);
	int rc = mail_unpack(packed, buf_data(b), size);

	if (rc < 0)
		buf_unref(&b);
	*out = b;
	return rc;
}

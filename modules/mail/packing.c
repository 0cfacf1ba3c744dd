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
#include "hearth/str.h"
#include "packing_internal.h"

#define BEHIND   1 /* the byte in front of a frame that was packed behind mail_packing_base */
#define LEVEL    3
#define KEPT_MAX (64u << 10) /* bytes packed with the context that is kept: it grows with them */

struct contexts {
	ZSTD_CCtx *pack;
	ZSTD_DCtx *unpack;
	struct strbuf before; /* what is packed or unpacked behind: the base, then fields */
};

static pthread_key_t key;

static void free_contexts(void *arg)
{
	struct contexts *c = arg;

	ZSTD_freeCCtx(c->pack);
	ZSTD_freeDCtx(c->unpack);
	strbuf_free(&c->before);
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

/* What messages with these fields are packed behind; until the next call of the thread. */
static struct slice before(struct contexts *c, struct slice fields)
{
	if (c->before.n == 0)
		strbuf_add(&c->before, slice_of(mail_packing_base, mail_packing_base_size));
	c->before.n = mail_packing_base_size;
	strbuf_add(&c->before, fields);
	return strbuf_slice(&c->before);
}

/* The frame, behind a byte if it is packed behind something. */
static struct slice pack(struct arena *a, struct slice bytes, struct slice prefix)
{
	struct contexts *c = contexts();
	bool kept = bytes.n <= KEPT_MAX;
	size_t room = ZSTD_compressBound(bytes.n), head = prefix.n ? 1 : 0, n;
	char *p = mem_alloc(head + room);
	struct slice packed;
	ZSTD_CCtx *x;

	if (kept && !c->pack)
		c->pack = pack_context();
	x = kept ? c->pack : pack_context();
	p[0] = BEHIND;
	n = prefix.n ? ZSTD_CCtx_refPrefix(x, prefix.p, prefix.n) : 0;
	INVARIANT(!ZSTD_isError(n));
	n = ZSTD_compress2(x, p + head, room, bytes.p, bytes.n);
	INVARIANT(!ZSTD_isError(n));
	if (!kept)
		ZSTD_freeCCtx(x);
	packed = arena_slice(a, slice_of(p, head + n));
	free(p);
	return packed;
}

struct slice mail_pack(struct arena *a, struct slice bytes, struct slice fields)
{
	return pack(a, bytes, before(contexts(), fields));
}

struct slice mail_pack_bare(struct arena *a, struct slice bytes)
{
	return pack(a, bytes, (struct slice){ 0 });
}

/* A bare frame begins with zstd's own mark, which is another. */
static bool is_behind(struct slice packed)
{
	return packed.n > 0 && packed.p[0] == BEHIND;
}

int mail_packed_size(struct slice packed, size_t max, size_t *size)
{
	struct slice frame = slice_skip(packed, is_behind(packed) ? 1 : 0);
	unsigned long long n = ZSTD_getFrameContentSize(frame.p, frame.n);

	*size = (size_t)n;
	return n == ZSTD_CONTENTSIZE_ERROR || n == ZSTD_CONTENTSIZE_UNKNOWN || n > max
		       ? HEARTH_ECORRUPT
		       : 0;
}

int mail_unpack(struct slice packed, struct slice fields, char *to, size_t size)
{
	struct contexts *c = contexts();
	size_t n = 0;

	if (!c->unpack)
		c->unpack = ZSTD_createDCtx();
	INVARIANT(c->unpack);
	if (is_behind(packed)) {
		struct slice prefix = before(c, fields);

		packed = slice_skip(packed, 1);
		n = ZSTD_DCtx_refPrefix(c->unpack, prefix.p, prefix.n);
		INVARIANT(!ZSTD_isError(n));
	}
	n = ZSTD_decompressDCtx(c->unpack, to, size, packed.p, packed.n);
	return ZSTD_isError(n) || n != size ? HEARTH_ECORRUPT : 0;
}

int mail_unpack_buf(struct slice packed, struct slice fields, size_t size, struct buf **out)
{
	struct buf *b = buf_alloc(size);
	int rc = mail_unpack(packed, fields, buf_data(b), size);

	if (rc < 0)
		buf_unref(&b);
	*out = b;
	return rc;
}

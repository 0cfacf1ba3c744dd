/*
 * codec.c: SHA-256 by OpenSSL and zstd at level 3, with their contexts kept for the next use. For
 * workers; each thread takes a context and gives it back, and as many are kept as there were at
 * once.
 */
#include "blob/codec.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <zstd.h>

#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define ZSTD_LEVEL 3

struct blob_codec {
	struct blob_codec *next; /* in the stock */
	ZSTD_CCtx *pack;
	ZSTD_DCtx *unpack;
	EVP_MD_CTX *hash;
	const EVP_MD *sha256; /* the stock's */
	char *room;           /* what blob_codec_pack returned lies here */
	size_t room_n;
};

struct blob_codecs {
	pthread_mutex_t lock;
	struct blob_codec *free; /* guarded by lock */
	EVP_MD *sha256; /* fetched once: looking it up by name costs as much as a small hash */
};

struct blob_codecs *blob_codecs_new(void)
{
	struct blob_codecs *st = mem_zalloc(sizeof(*st));

	pthread_mutex_init(&st->lock, NULL);
	st->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	INVARIANT(st->sha256);
	return st;
}

static struct blob_codec *codec_new(struct blob_codecs *st)
{
	struct blob_codec *c = mem_zalloc(sizeof(*c));

	c->pack = ZSTD_createCCtx();
	c->unpack = ZSTD_createDCtx();
	c->hash = EVP_MD_CTX_new();
	c->sha256 = st->sha256;
	c->room_n = ZSTD_compressBound(BLOB_BLOCK);
	c->room = mem_alloc(c->room_n);
	INVARIANT(c->pack && c->unpack && c->hash);
	return c;
}

static void codec_free(struct blob_codec *c)
{
	ZSTD_freeCCtx(c->pack);
	ZSTD_freeDCtx(c->unpack);
	EVP_MD_CTX_free(c->hash);
	free(c->room);
	free(c);
}

void blob_codecs_free(struct blob_codecs **stp)
{
	struct blob_codecs *st = *stp;

	if (!st)
		return;
	for (struct blob_codec *c; (c = st->free);) {
		st->free = c->next;
		codec_free(c);
	}
	EVP_MD_free(st->sha256);
	pthread_mutex_destroy(&st->lock);
	free(st);
	*stp = NULL;
}

struct blob_codec *blob_codec_take(struct blob_codecs *st)
{
	struct blob_codec *c;

	pthread_mutex_lock(&st->lock);
	c = st->free;
	if (c)
		st->free = c->next;
	pthread_mutex_unlock(&st->lock);
	return c ? c : codec_new(st);
}

void blob_codec_give(struct blob_codecs *st, struct blob_codec **c)
{
	pthread_mutex_lock(&st->lock);
	(*c)->next = st->free;
	st->free = *c;
	pthread_mutex_unlock(&st->lock);
	*c = NULL;
}

void blob_codec_hash(struct blob_codec *c, struct slice bytes, unsigned char hash[BLOB_HASH])
{
	INVARIANT(EVP_DigestInit_ex(c->hash, c->sha256, NULL) == 1);
	INVARIANT(EVP_DigestUpdate(c->hash, bytes.p, bytes.n) == 1);
	INVARIANT(EVP_DigestFinal_ex(c->hash, hash, NULL) == 1);
}

struct slice blob_codec_pack(struct blob_codec *c, struct slice raw)
{
	size_t n;

	INVARIANT(raw.n <= BLOB_BLOCK);
	n = ZSTD_compressCCtx(c->pack, c->room, c->room_n, raw.p, raw.n, ZSTD_LEVEL);
	if (ZSTD_isError(n) || n >= raw.n - raw.n / 16)
		return raw;
	return slice_of(c->room, n);
}

int blob_codec_unpack(struct blob_codec *c, struct slice stored, char *raw, size_t n)
{
	if (stored.n > n)
		return HEARTH_ECORRUPT;
	if (stored.n == n) {
		if (n)
			memcpy(raw, stored.p, n);
		return 0;
	}
	return ZSTD_decompressDCtx(c->unpack, raw, n, stored.p, stored.n) == n ? 0
									       : HEARTH_ECORRUPT;
}

struct blob_hasher {
	EVP_MD_CTX *ctx;
};

struct blob_hasher *blob_hasher_new(struct blob_codecs *st)
{
	struct blob_hasher *h = mem_alloc(sizeof(*h));

	h->ctx = EVP_MD_CTX_new();
	INVARIANT(h->ctx && EVP_DigestInit_ex(h->ctx, st->sha256, NULL) == 1);
	return h;
}

void blob_hasher_add(struct blob_hasher *h, struct slice bytes)
{
	INVARIANT(EVP_DigestUpdate(h->ctx, bytes.p, bytes.n) == 1);
}

void blob_hasher_end(struct blob_hasher **h, unsigned char hash[BLOB_HASH])
{
	INVARIANT(EVP_DigestFinal_ex((*h)->ctx, hash, NULL) == 1);
	blob_hasher_free(h);
}

void blob_hasher_free(struct blob_hasher **h)
{
	if (!*h)
		return;
	EVP_MD_CTX_free((*h)->ctx);
	free(*h);
	*h = NULL;
}

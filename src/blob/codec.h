/*
 * codec.h: hashing and compressing for the blob store.
 *
 * zstd and OpenSSL contexts are dear to make and must not be shared, so a stock keeps them and
 * lends one to whoever works: a worker, or a reader of the database. There are never more than
 * threads that work at once.
 */
#ifndef HEARTH_SRC_BLOB_CODEC_H
#define HEARTH_SRC_BLOB_CODEC_H

#include "hearth/str.h"

/* Bytes are compressed, and checked when read, in blocks of at most this many. */
#define BLOB_BLOCK (256u << 10)
#define BLOB_HASH  32 /* bytes of a SHA-256 */

struct blob_codecs;
struct blob_codec;

struct blob_codecs *blob_codecs_new(void);
/* When nothing is lent; legal on NULL. */
void blob_codecs_free(struct blob_codecs **st);
/* Lends a codec; gives it back and sets *c to NULL. Any thread. */
struct blob_codec *blob_codec_take(struct blob_codecs *st);
void blob_codec_give(struct blob_codecs *st, struct blob_codec **c);

/* SHA-256 of `bytes`. */
void blob_codec_hash(struct blob_codec *c, struct slice bytes, unsigned char hash[BLOB_HASH]);
/*
 * One block (at most BLOB_BLOCK bytes) as it is to be stored: compressed, valid until the codec is
 * used again, when that saves a sixteenth or more; otherwise `raw` itself. So what is stored in
 * fewer bytes than it has is compressed, and nothing needs to say so.
 */
struct slice blob_codec_pack(struct blob_codec *c, struct slice raw);
/* Fills raw[0..n) from a stored block. 0, or HEARTH_ECORRUPT. */
int blob_codec_unpack(struct blob_codec *c, struct slice stored, char *raw, size_t n);

/* A hash over bytes that come in parts. */
struct blob_hasher;
struct blob_hasher *blob_hasher_new(struct blob_codecs *st);
void blob_hasher_add(struct blob_hasher *h, struct slice bytes);
/* The hash of all that was added; frees the hasher. */
void blob_hasher_end(struct blob_hasher **h, unsigned char hash[BLOB_HASH]);
void blob_hasher_free(struct blob_hasher **h); /* legal on NULL */

#endif

/*
 * check.c: a large blob is read in pieces of PIECE bytes, so looking at it costs no more memory
 * than at a small one. On whichever thread asks; it blocks.
 */
#include "blob/check.h"

#include <stdlib.h>

#include "blob/objects.h"
#include "hearth/arena.h"
#include "hearth/error.h"

#define PIECE ((size_t)4 * BLOB_BLOCK)

struct blob_checker {
	const struct blob_engine *engine;
	void *objects;
	struct blob_codecs *codecs;
};

int blob_checker_new(const char *data_dir, struct blob_checker **out)
{
	struct blob_checker *c = mem_zalloc(sizeof(*c));
	int rc;

	c->engine = &blob_files;
	rc = c->engine->open(data_dir, &c->objects);
	c->codecs = blob_codecs_new();
	if (rc < 0)
		blob_checker_free(&c);
	*out = c;
	return rc;
}

void blob_checker_free(struct blob_checker **cp)
{
	struct blob_checker *c = *cp;

	if (!c)
		return;
	if (c->objects)
		c->engine->close(c->objects);
	blob_codecs_free(&c->codecs);
	free(c);
	*cp = NULL;
}

static int check_file(struct blob_checker *c, const struct blob_row *row)
{
	struct blob_hasher *h = blob_hasher_new(c->codecs);
	unsigned char hash[BLOB_HASH];
	uint64_t at = 0;
	int rc = 0;

	do {
		struct buf *piece;

		rc = c->engine->read(
			c->objects, c->codecs, row->file, row->info.size, at, PIECE, &piece);
		if (rc == 0) {
			blob_hasher_add(h, buf_slice(piece));
			at += piece->n;
			buf_unref(&piece);
		}
	} while (rc == 0 && at < row->info.size);
	blob_hasher_end(&h, hash);
	return rc == 0 && memcmp(hash, row->hash, BLOB_HASH) != 0 ? HEARTH_ECORRUPT : rc;
}

static int check_packed(struct blob_checker *c, const struct blob_row *row)
{
	unsigned char hash[BLOB_HASH];
	struct blob_codec *codec;
	char *raw;
	int rc;

	if (row->info.size > BLOB_BLOCK)
		return HEARTH_ECORRUPT;
	codec = blob_codec_take(c->codecs);
	raw = mem_alloc(row->info.size + 1);
	rc = blob_codec_unpack(codec, row->stored, raw, (size_t)row->info.size);
	if (rc == 0)
		blob_codec_hash(codec, slice_of(raw, (size_t)row->info.size), hash);
	free(raw);
	blob_codec_give(c->codecs, &codec);
	return rc == 0 && memcmp(hash, row->hash, BLOB_HASH) != 0 ? HEARTH_ECORRUPT : rc;
}

int blob_check(struct blob_checker *c, const struct blob_row *row)
{
	return row->file[0] ? check_file(c, row) : check_packed(c, row);
}

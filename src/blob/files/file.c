/*
 * file.c: writing and reading one large blob as a file of blocks. See file.h for its form.
 *
 * Nothing here makes a blob visible: that is the row, written when the file and its entry in the
 * folder are on disk. So the file is written in its final place from the first byte, and one that
 * was not completed is the same litter as one whose row was not written. On workers; a file belongs
 * to one of them at a time.
 */
#include "blob/files/file.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "blob/files/disk.h"
#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define ENTRY 12 /* bytes of the table a block */

struct blob_file {
	struct blob_folder *folder;
	struct blob_codecs *codecs;
	bool text;
	int fd;
	char name[BLOB_FILE_NAME];
	struct strbuf block; /* the bytes of the block that is not full yet */
	struct strbuf table;
	uint64_t end;  /* where the last block written ends */
	uint64_t size; /* bytes added */
	struct blob_hasher *hasher;
};

static void put_le(char *p, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		p[i] = (char)(v >> (8 * i));
}

static uint64_t get_le(const char *p, int bytes)
{
	uint64_t v = 0;

	for (int i = bytes; i-- > 0;)
		v = v << 8 | (unsigned char)p[i];
	return v;
}

static uint32_t crc(struct slice s)
{
	return (uint32_t)crc32_z(crc32_z(0, NULL, 0), (const unsigned char *)s.p, s.n);
}

/* ---- writing ---- */

int blob_file_create(
	struct blob_folder *folder, struct blob_codecs *codecs, bool text, struct blob_file **out)
{
	struct blob_file *f = mem_zalloc(sizeof(*f));

	*out = NULL;
	f->folder = folder;
	f->codecs = codecs;
	f->text = text;
	blob_folder_name(folder, f->name);
	f->fd = blob_disk_create(blob_folder_fd(folder), f->name);
	if (f->fd < 0) {
		free(f);
		return HEARTH_EIO;
	}
	f->hasher = blob_hasher_new(codecs);
	*out = f;
	return 0;
}

static int write_block(struct blob_file *f, struct slice raw)
{
	struct blob_codec *codec = f->text ? blob_codec_take(f->codecs) : NULL;
	struct slice stored = codec ? blob_codec_pack(codec, raw) : raw;
	char *entry = strbuf_reserve(&f->table, ENTRY);
	int rc;

	f->end += stored.n;
	put_le(entry, f->end, 8);
	put_le(entry + 8, crc(stored), 4);
	strbuf_commit(&f->table, ENTRY);
	rc = blob_disk_write(f->fd, stored);
	if (codec)
		blob_codec_give(f->codecs, &codec);
	return rc;
}

int blob_file_add(struct blob_file *f, struct slice bytes)
{
	int rc = 0;

	blob_hasher_add(f->hasher, bytes);
	f->size += bytes.n;
	while (rc == 0 && bytes.n > 0) {
		size_t n = BLOB_BLOCK - f->block.n;

		if (n > bytes.n)
			n = bytes.n;
		if (n == BLOB_BLOCK) {
			rc = write_block(f, slice_head(bytes, n));
		} else {
			strbuf_add(&f->block, slice_head(bytes, n));
			if (f->block.n == BLOB_BLOCK) {
				rc = write_block(f, strbuf_slice(&f->block));
				strbuf_reset(&f->block);
			}
		}
		bytes = slice_skip(bytes, n);
	}
	return rc;
}

int blob_file_end(struct blob_file *f, char name[BLOB_FILE_NAME], uint64_t *size,
	unsigned char hash[BLOB_HASH])
{
	int rc = f->block.n > 0 ? write_block(f, strbuf_slice(&f->block)) : 0;

	if (rc == 0)
		rc = blob_disk_write(f->fd, strbuf_slice(&f->table));
	if (rc == 0)
		rc = blob_disk_sync(f->fd);
	if (rc == 0)
		rc = blob_folder_sync(f->folder, f->name);
	if (rc < 0)
		return rc;
	memcpy(name, f->name, BLOB_FILE_NAME);
	*size = f->size;
	blob_hasher_end(&f->hasher, hash);
	return 0;
}

void blob_file_close(struct blob_file **fp)
{
	struct blob_file *f = *fp;

	if (!f)
		return;
	close(f->fd);
	blob_hasher_free(&f->hasher);
	strbuf_free(&f->block);
	strbuf_free(&f->table);
	free(f);
	*fp = NULL;
}

void blob_file_abort(struct blob_file **f)
{
	if (*f)
		blob_folder_remove((*f)->folder, (*f)->name);
	blob_file_close(f);
}

/* ---- reading ---- */

/* One read of a range. */
struct reading {
	int fd;
	struct blob_codec *codec;
	uint64_t size;   /* of the blob */
	uint64_t offset; /* the range in it, which is not empty */
	size_t length;
	uint64_t table_at;     /* where the table begins, which is where the last block ends */
	uint64_t first;        /* the first block that the range touches */
	struct strbuf entries; /* of the table: from block first - 1 (from 0 when first is 0) on */
	char *stored, *raw;    /* room for a block each */
};

/* Reads the part of the table that concerns the range. */
static int read_table(struct reading *r)
{
	uint64_t blocks = (r->size + BLOB_BLOCK - 1) / BLOB_BLOCK;
	uint64_t last = (r->offset + r->length - 1) / BLOB_BLOCK;
	uint64_t from = r->first > 0 ? r->first - 1 : 0;
	size_t n = (size_t)(last - from + 1) * ENTRY;
	struct stat st;
	int rc;

	if (fstat(r->fd, &st) < 0)
		return HEARTH_EIO;
	if ((uint64_t)st.st_size < blocks * ENTRY)
		return HEARTH_ECORRUPT;
	r->table_at = (uint64_t)st.st_size - blocks * ENTRY;
	rc = blob_disk_read(r->fd, strbuf_reserve(&r->entries, n), n, r->table_at + from * ENTRY);
	if (rc == 0)
		strbuf_commit(&r->entries, n);
	return rc;
}

/* Where block `i` is stored, and the CRC of that. */
static int locate(const struct reading *r, uint64_t i, uint64_t *at, size_t *n, uint32_t *sum)
{
	const char *entry = r->entries.p + (i - r->first) * ENTRY + (r->first > 0 ? ENTRY : 0);
	uint64_t end = get_le(entry, 8);

	*at = i > 0 ? get_le(entry - ENTRY, 8) : 0;
	*sum = (uint32_t)get_le(entry + 8, 4);
	if (end < *at || end > r->table_at || end - *at > BLOB_BLOCK)
		return HEARTH_ECORRUPT;
	*n = (size_t)(end - *at);
	return 0;
}

/* Reads block `i`, whose raw bytes are raw_n, and writes those from `from` to `to` at `out`. */
static int read_block(
	struct reading *r, uint64_t i, size_t raw_n, size_t from, size_t to, char *out)
{
	bool whole = from == 0 && to == raw_n;
	uint64_t at;
	uint32_t sum;
	size_t n;
	char *p;
	int rc = locate(r, i, &at, &n, &sum);

	if (rc < 0)
		return rc;
	p = whole && n == raw_n ? out : r->stored; /* the common case needs no copy */
	rc = blob_disk_read(r->fd, p, n, at);
	if (rc < 0)
		return rc;
	if (crc(slice_of(p, n)) != sum)
		return HEARTH_ECORRUPT;
	if (p == out)
		return 0;
	if (whole)
		return blob_codec_unpack(r->codec, slice_of(p, n), out, raw_n);
	rc = blob_codec_unpack(r->codec, slice_of(p, n), r->raw, raw_n);
	if (rc == 0)
		memcpy(out, r->raw + from, to - from);
	return rc;
}

static int read_range(struct reading *r, char *out)
{
	uint64_t end = r->offset + r->length;
	int rc = read_table(r);

	for (uint64_t i = r->first; rc == 0 && i * BLOB_BLOCK < end; i++) {
		uint64_t begin = i * BLOB_BLOCK;
		size_t raw_n =
			r->size - begin < BLOB_BLOCK ? (size_t)(r->size - begin) : BLOB_BLOCK;
		size_t from = begin < r->offset ? (size_t)(r->offset - begin) : 0;
		size_t to = end - begin < raw_n ? (size_t)(end - begin) : raw_n;

		rc = read_block(r, i, raw_n, from, to, out);
		out += to - from;
	}
	return rc;
}

int blob_file_read(struct blob_folder *folder, struct blob_codecs *codecs, const char *name,
	uint64_t size, uint64_t offset, size_t length, struct buf **out)
{
	struct reading r = { .size = size, .offset = offset, .first = offset / BLOB_BLOCK };
	struct buf *bytes;
	int rc;

	*out = NULL;
	r.length = offset >= size ? 0 : size - offset < length ? (size_t)(size - offset) : length;
	r.fd = blob_folder_open_file(folder, name);
	if (r.fd < 0)
		return r.fd;
	bytes = buf_alloc(r.length);
	r.codec = blob_codec_take(codecs);
	r.stored = mem_alloc((size_t)2 * BLOB_BLOCK);
	r.raw = r.stored + BLOB_BLOCK;
	rc = r.length > 0 ? read_range(&r, buf_data(bytes)) : 0;
	free(r.stored);
	strbuf_free(&r.entries);
	blob_codec_give(codecs, &r.codec);
	close(r.fd);
	if (rc < 0)
		buf_unref(&bytes);
	*out = bytes;
	return rc;
}

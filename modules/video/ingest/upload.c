/*
 * upload.c: pieces of a stream put, and their rows written, until the disk has taken them.
 *
 *   PUTTING ──both blobs stored──▶ STORED ──first in line──▶ WRITING ──rows on disk──▶ gone
 *     ▲  │                           ▲ ▲                       │
 *     │  └─refused─▶ after a while ──┘ └──── after a while ◀───┘ refused
 *
 * A piece that was put and whose rows were not written before a crash leaves its blobs behind. The
 * names of raw pieces therefore carry a mark of this run, so that a name never stands for two
 * things; GOPs are stored under their hash. On the loop; blobs and rows on their own threads. How
 * much is under way is its owner's to bound (upload_bytes); rows are written one piece after the
 * other.
 */
#include "ingest/upload.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/rand.h"

#define RETRY_MS 1000

struct piece {
	struct list_node node;
	struct upload *upload;
	struct upload_piece of; /* the buffers go as soon as they are stored */
	int64_t raw_number;
	struct blob_info raw; /* key is empty before it is stored */
	size_t bytes;
	int puts; /* under way */
	bool writing;
	bool refused; /* something is to be tried again */
	bool tried;   /* its rows were written once, and the disk said no */
};

struct upload {
	struct video *v;
	int64_t channel, stream;
	struct lease lease;
	int64_t raw_number;
	char run[9];        /* the mark of this run */
	struct list pieces; /* in order */
	size_t bytes;
	struct timer retry;
	void (*progress)(void *arg);
	void *arg;
};

struct upload *upload_new(struct video *v, const struct video_stream *stream,
	const struct lease *lease, int64_t raw_number, void (*progress)(void *arg), void *arg)
{
	struct upload *u = mem_zalloc(sizeof(*u));

	INVARIANT(raw_number >= 0 && stream->id > 0);
	u->v = v;
	u->channel = stream->channel;
	u->stream = stream->id;
	u->lease = *lease;
	u->raw_number = raw_number;
	snprintf(u->run, sizeof(u->run), "%08x", (unsigned)rand_u64());
	list_init(&u->pieces);
	u->progress = progress;
	u->arg = arg;
	return u;
}

size_t upload_bytes(const struct upload *u)
{
	return u->bytes;
}

bool upload_idle(const struct upload *u)
{
	return list_empty(&u->pieces);
}

static void piece_free(struct piece *p)
{
	INVARIANT(p->puts == 0 && !p->writing && p->upload->bytes >= p->bytes);
	list_remove(&p->node);
	p->upload->bytes -= p->bytes;
	hearth_release(p->upload->v->h);
	buf_unref(&p->of.raw);
	buf_unref(&p->of.gop_file);
	free(p);
}

void upload_free(struct upload **u)
{
	if (!*u)
		return;
	INVARIANT(upload_idle(*u));
	timer_stop(&(*u)->retry);
	free(*u);
	*u = NULL;
}

/* ---- what the disk refuses ---- */

static void put_blobs(struct piece *p);
static void write_next(struct upload *u);

static void try_again(void *arg)
{
	struct upload *u = arg;

	LIST_FOREACH (&u->pieces, it) {
		struct piece *p = LIST_ENTRY(it, struct piece, node);

		if (!p->refused)
			continue;
		if (p->puts) { /* its other blob is still under way */
			timer_start(&u->retry, RETRY_MS, 0, try_again, u);
			continue;
		}
		p->refused = false;
		put_blobs(p);
	}
	write_next(u);
}

static void refused(struct piece *p, int status)
{
	struct upload *u = p->upload;

	p->refused = true;
	if (u->retry.owner)
		return;
	log_error("video", "a stream cannot be stored now; it is tried again", "stream", "%lld",
		(long long)u->stream, "why", "%s", error_name(status), NULL);
	timer_start(&u->retry, RETRY_MS, 0, try_again, u);
}

/* ---- rows ---- */

/* Whether the rows are there after all: a commit that was answered with an error may be on disk. */
static int find_written(struct db_tx *tx, const struct piece *p, bool *written)
{
	int64_t stream = p->upload->stream;
	struct video_gop gop = { 0 };
	struct blob_info raw = { 0 };
	int rc = 0;

	if (p->raw.key[0])
		rc = video_store_raw(tx, stream, p->raw_number, &raw);
	else if (p->of.gop.blob[0])
		rc = video_store_gop(tx, stream, p->of.gop.sequence, &gop);
	else
		rc = HEARTH_ENOTFOUND;
	*written = rc == 0 && strcmp(raw.key, p->raw.key) == 0 &&
		   (p->raw.key[0] || strcmp(gop.blob, p->of.gop.blob) == 0);
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

static int write_piece(struct db_tx *tx, void *arg)
{
	struct piece *p = arg;
	int64_t stream = p->upload->stream;
	bool written = false;
	int rc = lease_check(tx, &p->upload->lease);

	if (rc == 0 && p->tried)
		rc = find_written(tx, p, &written);

	if (rc < 0 || written)
		return rc;
	if (p->raw.key[0])
		rc = video_store_add_raw(tx, stream, p->raw_number, &p->raw);
	for (int i = 0; i < p->of.rendition_count && rc == 0; i++)
		rc = video_store_set_rendition(tx, &p->of.renditions[i]);
	if (rc == 0 && p->of.gop.blob[0])
		rc = video_store_add_gop(tx, &p->of.gop, clock_wall_ms());
	return rc;
}

static void on_written(void *arg, int status)
{
	struct piece *p = arg;
	struct upload *u = p->upload;

	INVARIANT(p->writing && u->pieces.head.next == &p->node);
	p->writing = false;
	/* The stream is another server's now (ECONFLICT): the piece is dropped, as its rest will be. */
	if (status < 0 && status != HEARTH_ECONFLICT) {
		p->tried = true;
		refused(p, status);
		return;
	}
	piece_free(p);
	write_next(u);
	u->progress(u->arg);
}

/* Writes the rows of the first piece once its blobs are stored. */
static void write_next(struct upload *u)
{
	struct piece *p;
	int rc;

	if (list_empty(&u->pieces))
		return;
	p = LIST_ENTRY(u->pieces.head.next, struct piece, node);
	if (p->puts || p->writing || p->refused)
		return;
	p->writing = true;
	rc = db_write(u->v->db, write_piece, on_written, p);
	if (rc < 0) {
		p->writing = false;
		refused(p, rc);
	}
}

/* ---- blobs ---- */

/* One of the piece's blobs is stored, which `bytes` holds and `key` names, or not. */
static void on_put(struct piece *p, int status, const struct blob_info *info, struct buf **bytes,
	char key[BLOB_KEY_MAX + 1])
{
	INVARIANT(p->puts > 0);
	p->puts--;
	if (status == 0) {
		memcpy(key, info->key, sizeof(info->key));
		buf_unref(bytes);
	} else {
		refused(p, status);
	}
	write_next(p->upload);
}

static void on_raw_put(void *arg, int status, const struct blob_info *info)
{
	struct piece *p = arg;

	if (status == 0)
		p->raw.size = info->size;
	on_put(p, status, info, &p->of.raw, p->raw.key);
}

static void on_gop_put(void *arg, int status, const struct blob_info *info)
{
	struct piece *p = arg;

	on_put(p, status, info, &p->of.gop_file, p->of.gop.blob);
}

static void put(struct piece *p, const char *name, struct buf *bytes, blob_put_fn *done)
{
	int rc;

	if (!bytes)
		return;
	p->puts++;
	rc = blob_put(p->upload->v->blob, name, bytes, BLOB_PLAIN, done, p);
	if (rc < 0) {
		p->puts--;
		refused(p, rc);
	}
}

/* Those that are not stored yet. */
static void put_blobs(struct piece *p)
{
	struct upload *u = p->upload;
	char name[BLOB_KEY_MAX + 1];

	snprintf(name, sizeof(name), "video/%lld/%lld/raw/%lld-%s.flv", (long long)u->channel,
		(long long)u->stream, (long long)p->raw_number, u->run);
	put(p, name, p->of.raw, on_raw_put);
	put(p, VIDEO_GOPS, p->of.gop_file, on_gop_put);
}

void upload_add(struct upload *u, const struct upload_piece *of)
{
	struct piece *p = mem_zalloc(sizeof(*p));

	INVARIANT(of->raw || of->gop_file);
	INVARIANT(of->rendition_count >= 0 && of->rendition_count <= UPLOAD_RENDITIONS_MAX);
	p->upload = u;
	p->of = *of;
	p->bytes = (of->raw ? of->raw->n : 0) + (of->gop_file ? of->gop_file->n : 0);
	if (of->raw)
		p->raw_number = u->raw_number++;
	u->bytes += p->bytes;
	list_push(&u->pieces, &p->node);
	hearth_hold(u->v->h);
	put_blobs(p);
}

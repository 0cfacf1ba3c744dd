/*
 * export_part.c: a module's part of an export (export.h), on its way into the blob store. Bytes
 * gather until they are a piece; a piece is put; the list of files is handed in at the end. While
 * the disk is full nothing is put: the task is tried again later.
 *
 * Names are "export/EXPORT/MODULE/ATTEMPT-NUMBER": an attempt that died leaves names behind that no
 * later one uses, counted from 0 without a gap, so that who removes the export finds them. On a
 * worker; one piece is in memory at a time.
 */
#include "hearth/export.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/accounts.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/room.h"

#define PIECE (4u << 20) /* bytes at which a piece is put */

struct export_part {
	const struct accounts *accounts;
	struct blob_store *blob;
	struct db *db;
	const struct queue_task *task;
	const char *module;
	int64_t account, export;
	struct arena *arena; /* for paths and names */
	struct export_file *files;
	size_t file_count, file_cap;
	struct export_piece *pieces; /* of all files, in order */
	size_t piece_count, piece_cap;
	size_t first;          /* piece of the open file */
	struct strbuf waiting; /* bytes of the open file that are no piece yet */
	uint64_t size;         /* of the open file, with those */
	int64_t number;        /* of the next piece that is put */
	int64_t extended_ms;   /* monotonic: when the lease was last prolonged */
	int status;
};

int export_push(struct db_tx *tx, const struct bus_event *ev, const char *queue)
{
	char key[64];
	int rc;

	snprintf(key, sizeof(key), "%lld", (long long)ev->position);
	rc = queue_push(tx, queue, slice_str(key), ev->payload, 0, 0);
	return rc == HEARTH_EEXIST ? 0 : rc;
}

static int read_ids(struct slice payload, int64_t *account, int64_t *export)
{
	struct arena *a = arena_new();
	struct json *doc;
	int rc = json_read(a, payload, &doc, NULL);

	if (rc == 0)
		rc = json_get_i64(doc, "account", 1, INT64_MAX, account);
	if (rc == 0 && export)
		rc = json_get_i64(doc, "export", 1, INT64_MAX, export);
	arena_free(&a);
	return rc < 0 ? HEARTH_EINVAL : 0;
}

int export_account_of(struct slice payload, int64_t *account)
{
	return read_ids(payload, account, NULL);
}

static void part_free(struct export_part **pp)
{
	struct export_part *p = *pp;

	strbuf_free(&p->waiting);
	arena_free(&p->arena);
	free(p->files);
	free(p->pieces);
	free(p);
	*pp = NULL;
}

int export_part_open(struct hearth *h, const char *module, struct db *db,
	const struct queue_task *task, struct export_part **out)
{
	struct export_part *p = mem_zalloc(sizeof(*p));
	int rc = read_ids(task->payload, &p->account, &p->export);

	p->accounts = hearth_service(h, "accounts");
	p->blob = hearth_blob(h);
	p->db = db;
	p->task = task;
	p->module = module;
	p->arena = arena_new();
	p->extended_ms = clock_mono_ms();
	if (rc == 0)
		rc = p->accounts->export_begin_wait(
			p->accounts->self, p->export, module, task->attempt);
	if (rc < 0)
		part_free(&p);
	*out = p;
	return rc;
}

int64_t export_part_account(const struct export_part *p)
{
	return p->account;
}

void export_part_fail(struct export_part *p, int error)
{
	if (p->status == 0)
		p->status = error;
}

int export_part_status(const struct export_part *p)
{
	return p->status;
}

/* ---- files ---- */

void export_file_open(struct export_part *p, struct slice path, int64_t at_s)
{
	if (p->file_count == p->file_cap) {
		p->file_cap = p->file_cap ? 2 * p->file_cap : 16;
		p->files = mem_realloc(p->files, p->file_cap * sizeof(*p->files));
	}
	p->files[p->file_count] =
		(struct export_file){ .path = arena_slice(p->arena, path), .at_s = at_s };
	p->first = p->piece_count;
	p->size = 0;
}

static void add_piece(struct export_part *p, const char *key, uint64_t size, bool kept)
{
	if (p->piece_count == p->piece_cap) {
		p->piece_cap = p->piece_cap ? 2 * p->piece_cap : 16;
		p->pieces = mem_realloc(p->pieces, p->piece_cap * sizeof(*p->pieces));
	}
	p->pieces[p->piece_count++] =
		(struct export_piece){ arena_strdup(p->arena, slice_str(key)), size, kept };
}

static void put_waiting(struct export_part *p)
{
	char key[BLOB_KEY_MAX + 1];
	size_t n = p->waiting.n;
	struct buf *bytes;
	int rc;

	if (n == 0 || p->status < 0)
		return;
	snprintf(key, sizeof(key), "export/%lld/%s/%d-%lld", (long long)p->export, p->module,
		p->task->attempt, (long long)p->number);
	bytes = buf_from_strbuf(&p->waiting);
	rc = room_left() ? blob_put_wait(p->blob, key, bytes, BLOB_TEXT, NULL) : HEARTH_EBUSY;
	buf_unref(&bytes);
	if (rc < 0)
		export_part_fail(p, rc);
	p->number++;
	add_piece(p, key, n, false);
}

/* A part that takes long keeps its task; one that lost it, or that nobody wants any more, ends. */
static void keep_lease(struct export_part *p)
{
	int64_t now_ms = clock_mono_ms();
	int rc;

	if (now_ms - p->extended_ms < EXPORT_LEASE_MS / 3)
		return;
	p->extended_ms = now_ms;
	rc = queue_extend(p->db, p->task, EXPORT_LEASE_MS);
	if (rc == 0)
		rc = p->accounts->export_begin_wait(
			p->accounts->self, p->export, p->module, p->task->attempt);
	if (rc < 0)
		export_part_fail(p, rc);
}

void export_file_add(struct export_part *p, struct slice bytes)
{
	if (p->status < 0)
		return;
	strbuf_add(&p->waiting, bytes);
	p->size += bytes.n;
	if (p->waiting.n >= PIECE)
		put_waiting(p);
	keep_lease(p);
}

void export_file_blob(struct export_part *p, const char *key, uint64_t size)
{
	if (p->status < 0)
		return;
	put_waiting(p);
	add_piece(p, key, size, true);
	p->size += size;
	keep_lease(p);
}

uint64_t export_file_size(const struct export_part *p)
{
	return p->size;
}

void export_file_close(struct export_part *p)
{
	put_waiting(p);
	p->files[p->file_count++].piece_count = p->piece_count - p->first;
}

int export_part_finish(struct export_part **pp)
{
	struct export_part *p = *pp;
	size_t at = 0;
	int rc = p->status;

	/* Only now the pieces stay where they are. */
	for (size_t i = 0; i < p->file_count; i++) {
		p->files[i].pieces = p->pieces ? p->pieces + at : NULL;
		at += p->files[i].piece_count;
	}
	if (rc == 0)
		rc = p->accounts->export_part_wait(
			p->accounts->self, p->export, p->module, p->files, p->file_count);
	part_free(pp);
	/* Handed in before, or not wanted any more: in both cases the task is done. */
	return rc == HEARTH_EEXIST || rc == HEARTH_ENOTFOUND ? 0 : rc;
}

/*
 * export_send.c: GET /api/auth/export/{id}: everything as one tar archive. Its headers are made of
 * the rows; between them stand the pieces in the blob store, which are sent as the client takes
 * them (http_reply_pieces). The same rows give the same bytes, so that a download that broke off
 * can go on. On the loop, but for what runs in the database.
 */
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "personal/export.h"
#include "personal/tar.h"

#define FOLDER "hearth-export/"

/* The archive under construction: on a database thread, in memory of its own. */
struct archive {
	struct auth *a;
	struct http_request *rq;
	int64_t id, account;
	struct auth_export export;
	struct arena *arena; /* of the pieces; its contents then go to the request's */
	struct http_piece *pieces;
	size_t n, cap;
	size_t padding; /* behind the file that is open */
};

static const char zeros[2 * TAR_BLOCK];

static void add(struct archive *ar, struct http_piece piece)
{
	if (ar->n == ar->cap) {
		ar->cap = ar->cap ? 2 * ar->cap : 64;
		ar->pieces = mem_realloc(ar->pieces, ar->cap * sizeof(*ar->pieces));
	}
	ar->pieces[ar->n++] = piece;
}

static void add_zeros(struct archive *ar, size_t n)
{
	if (n)
		add(ar, (struct http_piece){ .bytes = { zeros, n } });
}

static void add_file(void *arg, struct slice path, int64_t at_s, uint64_t size)
{
	struct archive *ar = arg;
	struct strbuf full = { 0 }, header = { 0 };

	add_zeros(ar, ar->padding);
	strbuf_adds(&full, FOLDER);
	strbuf_add(&full, path);
	/* Paths were checked when they were handed in. */
	INVARIANT(tar_add_header(&header, strbuf_slice(&full), size, at_s) == 0);
	add(ar, (struct http_piece){ .bytes = arena_slice(ar->arena, strbuf_slice(&header)) });
	ar->padding = tar_padding(size);
	strbuf_free(&full);
	strbuf_free(&header);
}

static void add_piece(void *arg, struct slice blob, uint64_t size)
{
	struct archive *ar = arg;

	add(ar, (struct http_piece){ .blob = arena_strdup(ar->arena, blob), .size = size });
}

/* What is not theirs is not there. */
static int build(struct db_tx *tx, void *arg)
{
	struct archive *ar = arg;
	const struct auth_export_reader reader = { add_file, add_piece, ar };
	const struct auth_export *e = &ar->export;
	int rc = auth_export_get(tx, ar->id, &ar->export);

	if (rc == 0 &&
		(e->account != ar->account || e->closed_at || e->expires_at <= clock_wall_ms()))
		rc = HEARTH_ENOTFOUND;
	if (rc == 0 && !e->ready_at)
		rc = HEARTH_ECONFLICT;
	if (rc == 0)
		rc = auth_export_read(tx, ar->id, &reader);
	add_zeros(ar, ar->padding);
	add_zeros(ar, sizeof(zeros));
	return rc;
}

/* The request's arena is the loop's, so what was made elsewhere is copied there. */
static const struct http_piece *keep(struct archive *ar)
{
	struct arena *a = http_arena(ar->rq);
	struct http_piece *pieces = arena_dup(a, ar->pieces, ar->n * sizeof(*pieces));

	for (size_t i = 0; i < ar->n; i++)
		if (pieces[i].blob)
			pieces[i].blob = arena_strdup(a, slice_str(pieces[i].blob));
		else if (pieces[i].bytes.p != zeros)
			pieces[i].bytes = arena_slice(a, pieces[i].bytes);
	return pieces;
}

static void send(struct archive *ar)
{
	struct arena *a = http_arena(ar->rq);

	http_set_header(ar->rq, "Cache-Control", "private, no-store");
	http_set_header(ar->rq, "ETag",
		arena_printf(a, "\"export-%lld-%lld\"", (long long)ar->id,
			(long long)ar->export.ready_at));
	http_set_header(ar->rq, "Content-Disposition",
		arena_printf(
			a, "attachment; filename=\"hearth-export-%lld.tar\"", (long long)ar->id));
	http_reply_pieces(ar->rq, hearth_blob(ar->a->h), keep(ar), ar->n, "application/x-tar");
}

static void on_built(void *arg, int status)
{
	struct archive *ar = arg;

	if (status == 0)
		send(ar);
	else if (status == HEARTH_ECONFLICT)
		http_reply_problem(ar->rq, 409, NULL, "it is still being made");
	else
		http_reply_error(ar->rq, status);
	arena_free(&ar->arena);
	free(ar->pieces);
	free(ar);
}

void auth_get_export_tar(void *module, struct http_request *rq)
{
	struct archive *ar;

	if (!auth_export_allowed(rq))
		return;
	ar = mem_zalloc(sizeof(*ar));
	ar->a = module;
	ar->rq = rq;
	ar->id = http_param_int(rq, "id");
	ar->account = http_account(rq)->id;
	ar->arena = arena_new();
	if (db_read(ar->a->db, build, on_built, ar) < 0)
		on_built(ar, HEARTH_EBUSY);
}

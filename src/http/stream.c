/*
 * stream.c: a blob, or several pieces one behind the other, as an answer, in steps: the next one is
 * read only when the client has taken enough of those before.
 *
 *   SIZE ──known──▶ READING ⇄ WAITING (for the client) ──last byte sent──▶ done
 *    └──no such blob, error: a problem document instead
 *
 * A blob that is in memory is given by reference, whole: the socket takes its pages (buf.h).
 *
 * A blob is one piece; one that is made is asked for on a worker as a blob is; a piece that is at
 * hand is sent without reading. The head goes out with the
 * first bytes, so that a blob that cannot be read is still an honest error. One that breaks off
 * later ends the connection: the length it promised was not kept.
 */
#include "http/http_internal.h"

#include "hearth/blob.h"
#include "hearth/error.h"
#include "hearth/job.h"
#include "hearth/log.h"

#define STEP 262144

struct http_stream {
	struct http_request *rq;
	struct blob_store *store;
	const struct http_piece *pieces;
	size_t piece;   /* the one that `at` is in */
	uint64_t begin; /* of that one, in the whole */
	const char *type, *etag;
	uint64_t size;    /* of the whole */
	uint64_t at, end; /* the bytes still to be sent */
	int status;       /* of the answer; 0 once its head is sent */
	bool reading;     /* blob_get, or the worker, has not answered yet */
	struct buf *made; /* the worker's answer */
	int made_status;
	struct http_piece only; /* where the answer is one blob */
	struct blob_info info;
	int lookup; /* what blob_stat_wait said */
};

static void read_on(struct http_stream *st);

static uint64_t piece_size(const struct http_piece *p)
{
	return p->blob || p->make ? p->size : p->bytes.n;
}

static void fail(struct http_stream *st, int error)
{
	struct http_request *rq = st->rq;

	rq->stream = NULL;
	log_warn("http", "cannot send a blob", "key", "%s",
		st->pieces[st->piece].blob ? st->pieces[st->piece].blob : "(a part of it)", "why",
		"%s", error_name(error), NULL);
	if (st->status == 0) {
		conn_abort(rq->session->c, error); /* on_closed frees rq */
		return;
	}
	http_reply_error(rq, error);
}

static void send_head(struct http_stream *st)
{
	struct http_request *rq = st->rq;
	int64_t length = (int64_t)(st->end - st->at);

	if (!request_added(rq, "ETag"))
		http_set_header(rq, "ETag", st->etag);
	http_set_header(rq, "Accept-Ranges", "bytes");
	if (st->status == 206)
		http_set_header(rq, "Content-Range",
			arena_printf(rq->arena, "bytes %llu-%llu/%llu", (unsigned long long)st->at,
				(unsigned long long)(st->end - 1), (unsigned long long)st->size));
	else if (st->status == 416)
		http_set_header(rq, "Content-Range",
			arena_printf(rq->arena, "bytes */%llu", (unsigned long long)st->size));
	reply_head(rq, st->status, st->type, st->status == 304 ? -1 : length);
	st->status = 0;
}

/* Sends the next bytes, behind the head if they are the first; false: the client has enough. */
static bool send_bytes(struct http_stream *st, struct buf *bytes)
{
	if (st->status != 0) {
		if (!reply_claim(st->rq))
			log_fatal("http", "a client that is there has gone");
		send_head(st);
	}
	INVARIANT(bytes->n <= st->end - st->at); /* what the head promises */
	st->at += bytes->n;
	return request_send_buf(st->rq, bytes);
}

static void on_bytes(void *arg, int status, struct buf *bytes)
{
	struct http_stream *st = arg;
	struct http_request *rq = st->rq;

	rq->held = st->reading = false;
	if (!rq->session)
		request_free(rq);
	else if (status < 0 || bytes->n == 0)
		fail(st, status < 0 ? status : HEARTH_ECORRUPT);
	else if (send_bytes(st, bytes) || st->at >= st->end)
		read_on(st);
	buf_unref(&bytes);
}

static void on_made(void *arg, int status)
{
	struct http_stream *st = arg;
	struct buf *bytes = st->made;

	st->made = NULL;
	status = status < 0 ? status : st->made_status;
	if (status == 0 && bytes->n == 0) {
		buf_unref(&bytes);
		st->rq->held = st->reading = false;
		if (st->rq->session)
			read_on(st);
		else
			request_free(st->rq);
		return;
	}
	/* What is behind the range, or the size that was promised, is not sent. */
	if (status == 0 && bytes->n > st->end - st->at) {
		struct buf *part = buf_part(bytes, 0, (size_t)(st->end - st->at));

		buf_unref(&bytes);
		bytes = part;
	}
	on_bytes(st, status, bytes);
}

static void make(void *arg)
{
	struct http_stream *st = arg;
	const struct http_piece *p = &st->pieces[st->piece];

	st->made_status = p->make(p->arg, st->at - st->begin, &st->made);
}

static void make_on(struct http_stream *st)
{
	struct pool *pool = st->rq->server->pool;

	st->rq->held = st->reading = true;
	if (pool && job_run(pool, make, on_made, st) == 0)
		return;
	st->rq->held = st->reading = false;
	fail(st, HEARTH_EBUSY);
}

/* Goes on to the piece that `at` is in. */
static void find_piece(struct http_stream *st)
{
	while (st->at - st->begin >= piece_size(&st->pieces[st->piece]))
		st->begin += piece_size(&st->pieces[st->piece++]);
}

static void read_blob(struct http_stream *st, const char *key, uint64_t from, size_t n)
{
	int rc;

	st->rq->held = st->reading = true;
	rc = blob_get(st->store, key, from, n, on_bytes, st);
	if (rc == 0)
		return;
	st->rq->held = st->reading = false;
	fail(st, rc);
}

/* So much of a blob, if it is in memory: no copy, so no steps either. NULL: it has to be read. */
static struct buf *blob_part_at_hand(
	const struct http_stream *st, const struct http_piece *p, uint64_t from, uint64_t n)
{
	struct buf *whole = blob_at_hand(st->store, p->blob), *part;

	if (!whole || from + n > whole->n) {
		buf_unref(&whole);
		return NULL;
	}
	part = buf_part(whole, (size_t)from, (size_t)n);
	buf_unref(&whole);
	return part;
}

/* Sends what is at hand, and reads the next blob; until all is sent or the client has enough. */
static void read_on(struct http_stream *st)
{
	bool more = true;

	INVARIANT(st->rq->session && !st->reading);
	while (more && st->at < st->end) {
		const struct http_piece *p;
		struct buf *bytes;
		uint64_t from, n;

		find_piece(st);
		p = &st->pieces[st->piece];
		from = st->at - st->begin;
		n = piece_size(p) - from;
		n = n < st->end - st->at ? n : st->end - st->at;
		if (p->make) {
			make_on(st);
			return;
		}
		bytes = p->blob ? blob_part_at_hand(st, p, from, n)
				: buf_copy(slice_head(slice_skip(p->bytes, (size_t)from),
					  (size_t)(n < STEP ? n : STEP)));
		if (!bytes) {
			read_blob(st, p->blob, from, (size_t)(n < STEP ? n : STEP));
			return;
		}
		more = send_bytes(st, bytes);
		buf_unref(&bytes);
	}
	if (st->at >= st->end)
		request_done(st->rq);
}

void stream_drained(struct http_request *rq)
{
	if (!rq->stream->reading)
		read_on(rq->stream);
}

/* The size is known: which bytes, and are there any to read? */
static void begin(struct http_stream *st)
{
	struct http_request *rq = st->rq;
	struct http_choice choice;

	st->etag = request_added(rq, "ETag");
	if (!st->etag)
		st->etag = arena_printf(rq->arena, "\"%s\"", st->only.blob);
	choice = http_choose(rq, st->etag, st->size);
	INVARIANT(choice.from <= st->size && choice.n <= st->size - choice.from);
	st->status = choice.status;
	st->at = choice.from;
	st->end = choice.from + choice.n;
	if (rq->session && !rq->head_only && st->at < st->end) {
		rq->stream = st;
		read_on(st);
	} else if (reply_claim(rq)) {
		send_head(st);
		request_done(rq);
	}
}

static void look_up(void *arg)
{
	struct http_stream *st = arg;

	st->lookup = blob_stat_wait(st->store, st->only.blob, &st->info);
}

static void on_looked_up(void *arg, int status)
{
	struct http_stream *st = arg;

	(void)status;
	st->size = st->only.size = st->info.size;
	if (st->lookup < 0)
		http_reply_error(st->rq, st->lookup);
	else
		begin(st);
}

static struct http_stream *stream_new(
	struct http_request *rq, struct blob_store *store, const char *type)
{
	struct http_stream *st = ARENA_NEW(rq->arena, struct http_stream);

	st->rq = rq;
	st->store = store;
	st->type = arena_strdup(rq->arena, slice_str(type));
	return st;
}

void http_reply_blob(struct http_request *rq, struct blob_store *store, const char *key,
	uint64_t size, const char *type)
{
	struct http_stream *st = stream_new(rq, store, type);
	int rc = HEARTH_EUNSUPPORTED;

	st->only.blob = arena_strdup(rq->arena, slice_str(key));
	st->only.size = st->size = size;
	st->pieces = &st->only;
	if (!rq->session || size > 0) {
		begin(st);
		return;
	}
	if (rq->server->pool)
		rc = job_run(rq->server->pool, look_up, on_looked_up, st);
	if (rc < 0)
		http_reply_error(rq, rc);
}

void http_reply_pieces(struct http_request *rq, struct blob_store *store,
	const struct http_piece *pieces, size_t n, const char *type)
{
	struct http_stream *st = stream_new(rq, store, type);

	INVARIANT(request_added(rq, "ETag"));
	st->pieces = pieces;
	for (size_t i = 0; i < n; i++)
		st->size += piece_size(&pieces[i]);
	begin(st);
}

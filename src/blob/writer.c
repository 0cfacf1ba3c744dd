/*
 * writer.c: a put as a stream.
 *
 *   in memory ──more than MEMORY_MAX──▶ spilling ◀─┐ each time CHUNK has gathered,
 *       │                                  │ └─────┘ a job writes it; one job at a time
 *    finish                             finish
 *       ▼                                  ▼
 *   a job encodes it                    the last job makes the file durable
 *       └────────────────┬─────────────────┘
 *                        ▼
 *         the put goes on as any other (put.c), the writer is freed
 *
 *   abort, in any state ──▶ the job in hand ends ──▶ a job removes the file, if any ──▶ freed
 *
 * The writer belongs to its executor. While `busy`, the job has `flight`, `object`, `last` and the
 * put but for done and arg; the executor has the rest. When the pool is full, the writer tries
 * again a little later and its caller feels the backpressure.
 */
#include "blob/store.h"

#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define MEMORY_MAX     BLOB_PACK_MAX
#define CHUNK          (64u << 10)  /* bytes that are worth a job */
#define HIGH           (256u << 10) /* waiting bytes at which the caller shall stop */
#define RETRY_AFTER_MS 5

enum ending {
	OPEN,
	FINISHING,
	ABORTING,
};

struct blob_writer {
	struct blob_store *store;
	struct blob_put *put;  /* what becomes of it: name, kind, and its answer */
	struct strbuf pending; /* added and not yet handed to a job */
	bool spilling;
	bool busy;      /* a job is queued or runs */
	bool over_high; /* blob_add answered more than HIGH: `drained` is owed */
	enum ending ending;
	struct timer retry;
	exec_fn *drained;
	void *drained_arg;

	struct strbuf flight; /* the job's: what it writes */
	void *object;         /* the job's: the engine's, NULL until the first */
	bool last;            /* the job's: it ends, or removes, the file */
};

struct blob_writer *blob_open(struct blob_store *s, const char *name, enum blob_flags flags)
{
	struct blob_writer *w = mem_zalloc(sizeof(*w));

	INVARIANT(exec_current());
	w->store = s;
	w->put = blob_put_new(s, name, flags, 0);
	w->put->exec = exec_current();
	return w;
}

/* ---- jobs: on a worker, one at a time ---- */

static void throw_away(struct blob_writer *w)
{
	if (w->object)
		w->store->engine->abort(w->object);
	w->object = NULL;
}

static void end_file(struct blob_writer *w)
{
	struct blob_put *p = w->put;

	if (p->status == 0)
		p->status = w->store->engine->end(
			w->object, p->row.file, &p->row.info.size, p->row.hash);
	if (p->status == 0) {
		blob_put_name(p);
		w->store->engine->leave(w->object);
		w->object = NULL;
	} else {
		throw_away(w);
	}
}

static void write_job(void *arg)
{
	struct blob_writer *w = arg;
	struct blob_put *p = w->put;

	if (!w->object && p->status == 0)
		p->status = w->store->engine->create(
			w->store->objects, w->store->codecs, p->text, &w->object);
	if (p->status == 0)
		p->status = w->store->engine->add(w->object, strbuf_slice(&w->flight));
	if (w->last)
		end_file(w);
	blob_job_over(w->store);
}

static void abort_job(void *arg)
{
	struct blob_writer *w = arg;

	throw_away(w);
	blob_job_over(w->store);
}

static void encode_job(void *arg)
{
	struct blob_writer *w = arg;

	blob_put_encode(w->put);
	blob_job_over(w->store);
}

/* ---- on the executor ---- */

static size_t waiting(const struct blob_writer *w)
{
	return w->spilling ? w->pending.n + w->flight.n : 0;
}

static void swap(struct strbuf *a, struct strbuf *b)
{
	struct strbuf t = *a;

	*a = *b;
	*b = t;
}

/* Its last job is over, or it needed none: the put goes its way, and the writer goes. */
static void end(struct blob_writer *w)
{
	if (w->ending == ABORTING)
		blob_put_free(w->put);
	else
		blob_put_ready(w->put);
	timer_stop(&w->retry);
	strbuf_free(&w->pending);
	strbuf_free(&w->flight);
	free(w);
}

static void pump(void *arg);

static void job_done(void *arg, int status)
{
	struct blob_writer *w = arg;

	(void)status;
	w->busy = false;
	strbuf_reset(&w->flight);
	if (w->last) {
		end(w);
		return;
	}
	if (w->ending != OPEN || !w->over_high || w->pending.n > HIGH) {
		pump(w);
		return;
	}
	pump(w);
	w->over_high = false;
	if (w->drained)
		w->drained(w->drained_arg); /* last: it may end the writer */
}

/* The job that is due, or NULL. */
static job_fn *next_job(const struct blob_writer *w)
{
	if (w->ending == ABORTING)
		return abort_job;
	if (w->ending == FINISHING)
		return w->spilling ? write_job : encode_job;
	return w->spilling && w->pending.n >= CHUNK ? write_job : NULL;
}

/* Starts the job that is due, unless one is in hand. */
static void pump(void *arg)
{
	struct blob_writer *w = arg;
	job_fn *job = w->busy ? NULL : next_job(w);

	if (!job)
		return;
	w->busy = true;
	w->last = w->ending != OPEN;
	swap(&w->pending, &w->flight);
	if (blob_job(w->store, job, job_done, w) == 0)
		return;
	w->busy = w->last = false;
	swap(&w->pending, &w->flight);
	timer_start(&w->retry, RETRY_AFTER_MS, 0, pump, w);
}

size_t blob_add(struct blob_writer *w, struct slice bytes)
{
	INVARIANT(w->put->exec == exec_current() && w->ending == OPEN);
	strbuf_add(&w->pending, bytes);
	if (w->pending.n > MEMORY_MAX)
		w->spilling = true;
	pump(w);
	if (waiting(w) > HIGH)
		w->over_high = true;
	return waiting(w);
}

size_t blob_writer_high(void)
{
	return HIGH;
}

void blob_on_drained(struct blob_writer *w, exec_fn *drained, void *arg)
{
	w->drained = drained;
	w->drained_arg = arg;
}

void blob_finish(struct blob_writer **wp, blob_put_fn *done, void *arg)
{
	struct blob_writer *w = *wp;

	*wp = NULL;
	w->put->done = done;
	w->put->arg = arg;
	w->ending = FINISHING;
	if (!w->spilling)
		w->put->bytes = buf_from_strbuf(&w->pending);
	pump(w);
}

void blob_abort(struct blob_writer **wp)
{
	struct blob_writer *w = *wp;

	if (!w)
		return;
	*wp = NULL;
	w->ending = ABORTING;
	if (w->spilling)
		pump(w);
	else
		end(w);
}

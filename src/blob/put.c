/*
 * put.c: putting a blob: encode on a worker, then one commit for all puts that are ready.
 *
 *   waiting ──encode, on a worker──▶ ready ──flush──▶ in a commit ──on disk──▶ answered
 *      └───────────failed──────────────┘
 *
 * While a commit is on its way, what gets ready gathers for the next one; so the slower the disk,
 * the more puts share a commit. Commits are started and ended on the loop (without one, where the
 * put was asked for), and each put is answered on the executor that asked.
 *
 * The order that makes a put durable before it is visible: the file's bytes, the file's entry in
 * its folder, the row. What fails before the commit leaves no file. When the commit itself fails,
 * the row may still be found on disk after a crash, so the file stays, for the next sweep to judge.
 */
#include "blob/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define WAITING_MAX       8192
#define WAITING_BYTES_MAX (64u << 20)
#define COMMIT_MAX        512

struct commit {
	struct blob_store *store;
	struct list puts;
	bool refused; /* the writer's: the rows could not be written, so nothing was committed */
};

struct blob_put *blob_put_new(
	struct blob_store *s, const char *name, enum blob_flags flags, size_t cost)
{
	struct blob_put *p = mem_zalloc(sizeof(*p));

	p->store = s;
	p->text = flags & BLOB_TEXT;
	p->cost = cost;
	if (!blob_name_valid(name))
		p->status = HEARTH_EINVAL;
	else
		snprintf(p->row.info.key, sizeof(p->row.info.key), "%s", name);
	atomic_fetch_add(&s->calls, 1);
	pthread_mutex_lock(&s->lock);
	s->waiting++;
	s->waiting_bytes += cost;
	pthread_mutex_unlock(&s->lock);
	return p;
}

void blob_put_free(struct blob_put *p)
{
	struct blob_store *s = p->store;

	pthread_mutex_lock(&s->lock);
	INVARIANT(s->waiting > 0 && s->waiting_bytes >= p->cost);
	s->waiting--;
	s->waiting_bytes -= p->cost;
	pthread_mutex_unlock(&s->lock);
	buf_unref(&p->bytes);
	buf_unref(&p->packed);
	free(p);
	atomic_fetch_sub(&s->calls, 1);
}

/* ---- encoding, on a worker ---- */

void blob_put_name(struct blob_put *p)
{
	size_t n = strlen(p->row.info.key);

	INVARIANT(n > 0 && n <= BLOB_KEY_MAX);
	if (p->row.info.key[n - 1] == '/')
		hex_encode(p->row.hash, BLOB_HASH, p->row.info.key + n);
}

/* False when the bytes are too many for a row. */
static bool encode_packed(struct blob_put *p)
{
	struct slice raw = buf_slice(p->bytes), stored;
	struct blob_codec *codec;

	if (raw.n > (p->text ? BLOB_BLOCK : BLOB_PACK_MAX))
		return false;
	codec = blob_codec_take(p->store->codecs);
	stored = p->text ? blob_codec_pack(codec, raw) : raw;
	if (stored.n <= BLOB_PACK_MAX) {
		if (stored.n < raw.n)
			p->packed = buf_copy(stored);
		p->row.stored = buf_slice(p->packed ? p->packed : p->bytes);
		blob_codec_hash(codec, raw, p->row.hash);
	}
	blob_codec_give(p->store->codecs, &codec);
	return stored.n <= BLOB_PACK_MAX;
}

static int encode_file(struct blob_put *p)
{
	const struct blob_engine *engine = p->store->engine;
	void *object;
	uint64_t size;
	int rc = engine->create(p->store->objects, p->store->codecs, p->text, &object);

	if (rc == 0)
		rc = engine->add(object, buf_slice(p->bytes));
	if (rc == 0)
		rc = engine->end(object, p->row.file, &size, p->row.hash);
	if (rc == 0)
		engine->leave(object);
	else if (object)
		engine->abort(object);
	return rc;
}

void blob_put_encode(struct blob_put *p)
{
	if (p->status < 0)
		return;
	p->row.info.size = p->bytes->n;
	if (!encode_packed(p))
		p->status = encode_file(p);
	if (p->status == 0)
		blob_put_name(p);
}

static void encode_job(void *arg)
{
	struct blob_put *p = arg;
	struct blob_store *s = p->store;

	blob_put_encode(p);
	blob_put_ready(p);
	blob_job_over(s);
}

/* ---- the commit ---- */

/* On the writer of the database; may run again. */
static int commit_rows(struct db_tx *tx, void *arg)
{
	struct commit *c = arg;
	int64_t now_ms = clock_wall_ms();

	INVARIANT(!list_empty(&c->puts));
	c->refused = false;
	LIST_FOREACH (&c->puts, it) {
		struct blob_put *p = LIST_ENTRY(it, struct blob_put, node);
		int rc = blob_row_put(tx, &p->row, now_ms, p->replaced);

		if (rc < 0 && rc != HEARTH_EEXIST) {
			c->refused = true;
			return HEARTH_EIO;
		}
		p->status = rc;
	}
	return 0;
}

/* What the commit says of a put: it worked, it did not, or (it failed half-way) nobody knows. */
static void judge(struct blob_put *p, const struct commit *c, int status)
{
	if (status == 0)
		return; /* commit_rows has set p->status */
	p->status = status;
	p->doubtful = !c->refused;
}

/* After the commit, or without one: keeps or removes what was stored. */
static void settle(struct blob_put *p)
{
	struct blob_store *s = p->store;

	INVARIANT(p->status <= 0);
	if (p->status == 0) {
		metric_add(s->put_count, 1);
		metric_add(s->put_bytes, (int64_t)p->row.info.size);
		if (p->bytes)
			blob_recent_put(s->recent, p->row.info.key, p->bytes);
		blob_chores_remove_file(s->chores, p->replaced);
	} else if (!p->doubtful) {
		blob_chores_remove_file(s->chores, p->row.file);
	}
}

static void answer(void *arg)
{
	struct blob_put *p = arg;

	if (p->done)
		p->done(p->arg, p->status, p->status == 0 ? &p->row.info : NULL);
	blob_put_free(p);
}

static void settle_and_answer(void *arg)
{
	struct blob_put *p = arg;

	settle(p);
	if (p->exec == exec_current())
		answer(p);
	else
		exec_post(p->exec, answer, p);
}

static void flush(void *arg);

static void commit_done(void *arg, int status)
{
	struct commit *c = arg;

	flush(c->store);
	LIST_FOREACH (&c->puts, it) {
		struct blob_put *p = LIST_ENTRY(it, struct blob_put, node);

		list_remove(it);
		judge(p, c, status);
		settle_and_answer(p);
	}
	free(c);
}

/* Takes what is ready and starts its commit; on the loop, with `flushing` set. */
static void flush(void *arg)
{
	struct blob_store *s = arg;
	struct commit *c = mem_zalloc(sizeof(*c));
	struct list_node *n;
	int taken = 0, rc;

	c->store = s;
	list_init(&c->puts);
	pthread_mutex_lock(&s->lock);
	INVARIANT(s->flushing); /* one flush at a time */
	for (; taken < COMMIT_MAX && (n = list_pop(&s->ready)); taken++)
		list_push(&c->puts, n);
	s->flushing = taken > 0;
	pthread_mutex_unlock(&s->lock);
	if (taken == 0) {
		free(c);
		return;
	}
	rc = db_write(s->db, commit_rows, commit_done, c);
	if (rc == 0)
		return; /* it is the database's now */
	c->refused = true;
	commit_done(c, rc);
}

void blob_put_ready(struct blob_put *p)
{
	struct blob_store *s = p->store;
	struct exec *loop = exec_loop();
	bool flushing;

	INVARIANT(p->exec && !list_linked(&p->node));
	if (p->status < 0) {
		exec_post(p->exec, settle_and_answer, p);
		return;
	}
	pthread_mutex_lock(&s->lock);
	list_push(&s->ready, &p->node);
	flushing = s->flushing;
	s->flushing = true;
	pthread_mutex_unlock(&s->lock);
	if (!flushing)
		exec_post(loop ? loop : p->exec, flush, s);
}

/* ---- the calls ---- */

static bool too_many_wait(struct blob_store *s)
{
	bool full;

	pthread_mutex_lock(&s->lock);
	full = s->waiting >= WAITING_MAX || s->waiting_bytes >= WAITING_BYTES_MAX;
	pthread_mutex_unlock(&s->lock);
	return full;
}

int blob_put(struct blob_store *s, const char *name, struct buf *bytes, enum blob_flags flags,
	blob_put_fn *done, void *arg)
{
	struct blob_put *p;
	int rc;

	if (!blob_name_valid(name))
		return HEARTH_EINVAL;
	if (too_many_wait(s))
		return HEARTH_EBUSY;
	INVARIANT(exec_current());
	p = blob_put_new(s, name, flags, bytes->n);
	p->exec = exec_current();
	p->done = done;
	p->arg = arg;
	p->bytes = buf_ref(bytes);
	rc = blob_job(s, encode_job, NULL, p);
	if (rc < 0)
		blob_put_free(p);
	return rc;
}

int blob_put_wait(struct blob_store *s, const char *name, struct buf *bytes, enum blob_flags flags,
	struct blob_info *info)
{
	struct commit c = { .store = s };
	struct blob_put *p;
	int rc;

	if (!blob_name_valid(name))
		return HEARTH_EINVAL;
	p = blob_put_new(s, name, flags, 0);
	p->bytes = buf_ref(bytes);
	blob_put_encode(p);
	if (p->status == 0) {
		list_init(&c.puts);
		list_push(&c.puts, &p->node);
		judge(p, &c, db_write_wait(s->db, commit_rows, &c));
	}
	settle(p);
	if (p->status == 0 && info)
		*info = p->row.info;
	rc = p->status;
	blob_put_free(p);
	return rc;
}

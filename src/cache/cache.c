/*
 * cache.c: the cache port: the bounds of what is asked, answers on their way to the executor that
 * asked, and the deadline of each call; what is kept, the engine knows.
 *
 *   asked ──engine answers──▶ on its way to the executor ──▶ told, freed
 *     └──deadline──▶ told (HEARTH_ETIMEOUT) ──engine answers──▶ freed
 *
 * A call belongs to the executor that asked, but for what the engine answers, which it hands over
 * by a post. Bounds: as many calls as executors have asked and not been told of, each at most
 * CACHE_DEADLINE_MS old, and those that an engine owes yet.
 */
#include "cache/cache_internal.h"

#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define KEY_MAX   200
#define VALUE_MAX (64u << 10)

struct cache {
	const struct cache_engine *engine;
	void *state; /* the engine's */
};

enum kind {
	GET,
	DONE,
	COUNT,
};

struct cache_call {
	struct exec *exec;
	enum kind kind;
	union {
		cache_get_fn *get;
		cache_done_fn *done;
		cache_count_fn *count;
	} fn; /* NULL: nobody wants to know */
	void *arg;
	struct timer deadline;
	bool told; /* the deadline has passed, and `fn` was called */
	int status;
	struct buf *value; /* owned */
	int64_t n;
};

struct cache *cache_open(const struct cache_engine *engine, void *state)
{
	struct cache *c = mem_zalloc(sizeof(*c));

	c->engine = engine;
	c->state = state;
	return c;
}

void cache_free(struct cache **cp)
{
	struct cache *c = *cp;

	if (!c)
		return;
	c->engine->close(c->state);
	free(c);
	*cp = NULL;
}

/* ---- a call and its answer ---- */

static void tell(struct cache_call *call, int status, struct buf *value, int64_t n)
{
	call->told = true;
	if (!call->fn.done)
		return;
	switch (call->kind) {
	case GET: call->fn.get(call->arg, status, value); break;
	case DONE: call->fn.done(call->arg, status); break;
	case COUNT: call->fn.count(call->arg, status, n); break;
	}
}

static void on_deadline(void *arg)
{
	tell(arg, HEARTH_ETIMEOUT, NULL, 0);
}

/* On the executor that asked: the engine has answered, in time or not. */
static void deliver(void *arg)
{
	struct cache_call *call = arg;

	timer_stop(&call->deadline);
	if (!call->told)
		tell(call, call->status, call->value, call->n);
	buf_unref(&call->value);
	free(call);
}

void cache_answer(struct cache_call *call, int status, struct buf *value, int64_t n)
{
	call->status = status;
	call->value = value;
	call->n = n;
	exec_post(call->exec, deliver, call);
}

static struct cache_call *call_new(const struct cache *c, const struct cache_call *what)
{
	struct cache_call *call = mem_alloc(sizeof(*call));

	INVARIANT(exec_current());
	*call = *what;
	call->exec = exec_current();
	if (!c->engine->at_once)
		timer_start(&call->deadline, CACHE_DEADLINE_MS, 0, on_deadline, call);
	return call;
}

/* Whether it may be asked; if not, that is answered. */
static bool check(struct cache_call *call, struct slice key, struct slice value, int64_t ttl_ms)
{
	if (key.n <= KEY_MAX && value.n <= VALUE_MAX && ttl_ms > 0)
		return true;
	cache_answer(call, key.n > KEY_MAX || value.n > VALUE_MAX ? HEARTH_ETOOBIG : HEARTH_EINVAL,
		NULL, 0);
	return false;
}

/* ---- the calls ---- */

void cache_get(struct cache *c, struct slice key, cache_get_fn *done, void *arg)
{
	struct cache_call *call =
		call_new(c, &(struct cache_call){ .kind = GET, .fn.get = done, .arg = arg });

	c->engine->get(c->state, key, call);
}

void cache_put(struct cache *c, struct slice key, struct slice value, int64_t ttl_ms,
	cache_done_fn *done, void *arg)
{
	struct cache_call *call =
		call_new(c, &(struct cache_call){ .kind = DONE, .fn.done = done, .arg = arg });

	if (check(call, key, value, ttl_ms))
		c->engine->put(c->state, key, value, ttl_ms, call);
}

void cache_cas(struct cache *c, struct slice key, struct slice expected, struct slice value,
	int64_t ttl_ms, cache_done_fn *done, void *arg)
{
	struct cache_call *call =
		call_new(c, &(struct cache_call){ .kind = DONE, .fn.done = done, .arg = arg });

	if (check(call, key, value, ttl_ms))
		c->engine->cas(c->state, key, expected, value, ttl_ms, call);
}

void cache_remove(struct cache *c, struct slice key, cache_done_fn *done, void *arg)
{
	struct cache_call *call =
		call_new(c, &(struct cache_call){ .kind = DONE, .fn.done = done, .arg = arg });

	c->engine->remove(c->state, key, call);
}

void cache_count(struct cache *c, struct slice key, int64_t delta, int64_t ttl_ms,
	cache_count_fn *done, void *arg)
{
	struct cache_call *call =
		call_new(c, &(struct cache_call){ .kind = COUNT, .fn.count = done, .arg = arg });

	if (check(call, key, slice_of(NULL, 0), ttl_ms))
		c->engine->count(c->state, key, delta, ttl_ms, call);
}

void cache_watch(struct cache *c, const char *prefix, cache_gone_fn *gone, void *arg)
{
	c->engine->watch(c->state, prefix, gone, arg);
}

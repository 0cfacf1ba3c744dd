/*
 * live.c: live topics: now or never. bus_tell posts the payload to the executor of each who listens
 * at the moment. A listener with too much waiting for it loses the newest, and is told so behind
 * what it still has: nothing here grows with a slow one, and nothing is lost without a word.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "bus/dispatch.h"
#include "hearth/log.h"
#include "hearth/metric.h"

#define PENDING_MAX 1024 /* payloads posted to one listener and not yet run */

struct live_topic {
	struct list listeners; /* the bus's live.lock */
};

struct bus_listener {
	struct list_node node; /* live.lock */
	struct live *live;
	struct live_topic *topic;
	char *name; /* of the topic */
	struct exec *owner;
	bus_live_fn *fn;
	void *arg;
	bool closed;        /* owner's thread */
	bool lost;          /* live.lock: it will be told that something was lost */
	atomic_int pending; /* posted, not yet run; each holds a reference */
	atomic_int refs;
};

struct delivery {
	struct bus_listener *listener;
	struct buf *payload; /* NULL: something was lost */
};

void live_init(struct live *l)
{
	pthread_mutex_init(&l->lock, NULL);
	l->topics = map_new();
	l->losses = metric_counter("hearth_bus_live_losses_total", NULL,
		"Times a listener was told that it has missed something of a live topic");
}

void live_clear(struct live *l)
{
	INVARIANT(map_count(l->topics) == 0);
	map_free(&l->topics);
	pthread_mutex_destroy(&l->lock);
}

static void listener_unref(struct bus_listener *l)
{
	if (atomic_fetch_sub(&l->refs, 1) != 1)
		return;
	free(l->name);
	free(l);
}

/* On the listener's executor. */
static void deliver(void *arg)
{
	struct delivery *d = arg;
	struct bus_listener *l = d->listener;

	INVARIANT(atomic_fetch_sub(&l->pending, 1) > 0);
	/* What is lost from now on it is told of anew. */
	if (!d->payload) {
		pthread_mutex_lock(&l->live->lock);
		l->lost = false;
		pthread_mutex_unlock(&l->live->lock);
	}
	if (!l->closed)
		l->fn(l->arg, d->payload);
	buf_unref(&d->payload);
	free(d);
	listener_unref(l);
}

/* With live.lock held. Without a payload, or without room: that something was lost, once. */
static void post_to(struct bus_listener *l, struct buf *payload)
{
	struct delivery *d;

	if (payload && atomic_load(&l->pending) >= PENDING_MAX)
		payload = NULL;
	if (!payload && l->lost)
		return;
	if (!payload) {
		l->lost = true;
		metric_add(l->live->losses, 1);
	}
	atomic_fetch_add(&l->pending, 1);
	atomic_fetch_add(&l->refs, 1);
	d = mem_alloc(sizeof(*d));
	*d = (struct delivery){ l, payload ? buf_ref(payload) : NULL };
	exec_post(l->owner, deliver, d);
}

void live_lose_all(struct live *live)
{
	size_t it = 0;
	void *topic;

	pthread_mutex_lock(&live->lock);
	while (map_next(live->topics, &it, NULL, &topic))
		LIST_FOREACH (&((struct live_topic *)topic)->listeners, node)
			post_to(LIST_ENTRY(node, struct bus_listener, node), NULL);
	pthread_mutex_unlock(&live->lock);
}

void bus_tell(struct bus *b, const char *topic, struct buf *payload)
{
	bus_tell_here(b, topic, payload);
	if (b->relay)
		b->relay->send(b->relay_state, topic, payload);
}

void bus_tell_here(struct bus *b, const char *topic, struct buf *payload)
{
	struct live *live = &b->live;
	struct live_topic *t;

	pthread_mutex_lock(&live->lock);
	t = map_get(live->topics, slice_str(topic));
	if (t)
		LIST_FOREACH (&t->listeners, node)
			post_to(LIST_ENTRY(node, struct bus_listener, node), payload);
	pthread_mutex_unlock(&live->lock);
}

struct bus_listener *bus_listen(struct bus *b, const char *topic, bus_live_fn *fn, void *arg)
{
	struct bus_listener *l = mem_zalloc(sizeof(*l));

	INVARIANT(exec_current());
	l->live = &b->live;
	l->name = mem_strdup(slice_str(topic));
	l->owner = exec_current();
	l->fn = fn;
	l->arg = arg;
	atomic_init(&l->refs, 1);
	pthread_mutex_lock(&l->live->lock);
	l->topic = map_get(l->live->topics, slice_str(topic));
	if (!l->topic) {
		l->topic = mem_alloc(sizeof(*l->topic));
		list_init(&l->topic->listeners);
		map_set(l->live->topics, slice_str(topic), l->topic);
	}
	list_push(&l->topic->listeners, &l->node);
	pthread_mutex_unlock(&l->live->lock);
	return l;
}

void bus_unlisten(struct bus_listener **lp)
{
	struct bus_listener *l = *lp;

	*lp = NULL;
	if (!l)
		return;
	/* Modules stop after the loop has ended, on a thread that is no executor any more. */
	INVARIANT(exec_current() == l->owner || !exec_current());
	l->closed = true;
	pthread_mutex_lock(&l->live->lock);
	INVARIANT(
		list_linked(&l->node) && map_get(l->live->topics, slice_str(l->name)) == l->topic);
	list_remove(&l->node);
	if (list_empty(&l->topic->listeners))
		free(map_remove(l->live->topics, slice_str(l->name)));
	pthread_mutex_unlock(&l->live->lock);
	listener_unref(l);
}

/*
 * connections.c: the "connections" service: from any thread to a client. A frame waits in the
 * gateway's own list until the loop, which owns the sockets, takes it; what still waits when the
 * gateway ends goes with it. However many wait, one posted function fetches them, some at a time.
 */
#include "gateway.h"

#include "hearth/error.h"
#include "hearth/exec.h"
#include "hearth/metric.h"

#include <stdlib.h>

#define DELIVERIES_A_TURN 256

/* A frame on its way to the loop. */
struct delivery {
	struct list_node node; /* in outgoing.waiting */
	uint64_t client;       /* 0: every client of the account */
	int64_t account;
	struct buf *frame;
};

static void deliver(struct gateway *g, const struct delivery *d)
{
	struct gateway_peer *one = d->client ? map_get_u64(g->peers, d->client) : NULL;
	struct gateway_account *all =
		d->client ? NULL : map_get_u64(g->accounts, (uint64_t)d->account);

	if (one) {
		metric_add(g->frames_out, 1);
		ws_send_buf(one->ws, true, d->frame);
	}
	if (all)
		LIST_FOREACH (&all->peers, it) {
			metric_add(g->frames_out, 1);
			ws_send_buf(LIST_ENTRY(it, struct gateway_peer, node)->ws, true, d->frame);
		}
}

static void delivery_free(struct delivery *d)
{
	buf_unref(&d->frame);
	free(d);
}

/* The first that waits. Where none does, the next one to come posts again. */
static struct delivery *take(struct gateway_outgoing *o)
{
	struct list_node *first = NULL;

	pthread_mutex_lock(&o->lock);
	if (list_empty(&o->waiting))
		o->posted = false;
	else
		list_remove(first = o->waiting.head.next);
	pthread_mutex_unlock(&o->lock);
	return first ? LIST_ENTRY(first, struct delivery, node) : NULL;
}

/* On the loop. */
static void deliver_some(void *arg)
{
	struct gateway *g = arg;

	for (int i = 0; i < DELIVERIES_A_TURN; i++) {
		struct delivery *d = take(&g->outgoing);

		if (!d)
			return;
		deliver(g, d);
		delivery_free(d);
	}
	exec_post(exec_loop(), deliver_some, g);
}

static void post(struct gateway *g, uint64_t client, int64_t account, struct buf *frame)
{
	struct gateway_outgoing *o = &g->outgoing;
	struct delivery *d = mem_zalloc(sizeof(*d));
	bool first;

	d->client = client;
	d->account = account;
	d->frame = buf_ref(frame);
	pthread_mutex_lock(&o->lock);
	list_push(&o->waiting, &d->node);
	first = !o->posted;
	o->posted = true;
	pthread_mutex_unlock(&o->lock);
	if (first)
		exec_post(exec_loop(), deliver_some, g);
}

static int send(void *self, uint64_t client, struct buf *frame)
{
	if (client == 0)
		return HEARTH_ENOTFOUND;
	post(self, client, 0, frame);
	return 0;
}

static void send_account(void *self, int64_t account, struct buf *frame)
{
	post(self, 0, account, frame);
}

void gateway_connections_init(struct gateway *g)
{
	pthread_mutex_init(&g->outgoing.lock, NULL);
	list_init(&g->outgoing.waiting);
	g->service = (struct connections){ .self = g, .send = send, .send_account = send_account };
}

void gateway_connections_clear(struct gateway *g)
{
	struct delivery *d;

	while ((d = take(&g->outgoing)))
		delivery_free(d);
	pthread_mutex_destroy(&g->outgoing.lock);
}

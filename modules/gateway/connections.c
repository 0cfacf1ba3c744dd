/*
 * connections.c: the "connections" service: which services of this node take frames, and from any
 * thread to a client. A frame waits in the gateway's own list until the loop, which owns the
 * sockets, takes it; what still waits when the gateway ends goes with it. However many wait, one
 * posted function fetches them, some at a time; what waits for a client is bounded by its socket
 * (ws_send_buf). The list has no bound of its own: it holds what services said since the loop's
 * last round. A frame for everybody is written to all sockets in one go.
 */
#include "gateway.h"

#include "hearth/exec.h"
#include "hearth/log.h"
#include "hearth/metric.h"

#include <stdlib.h>

#define DELIVERIES_A_TURN 256

/* ---- services ---- */

int gateway_served_find(const struct gateway *g, const char *name)
{
	for (int i = 0; i < GATEWAY_SERVICES_MAX; i++)
		if (g->served[i].name && strcmp(g->served[i].name, name) == 0)
			return i;
	return -1;
}

static void serve(void *self, const char *name, const struct frame_service *service)
{
	struct gateway *g = self;
	int at = gateway_served_find(g, name);

	INVARIANT(!service || at < 0); /* one of a name */
	for (int i = 0; service && at < 0 && i < GATEWAY_SERVICES_MAX; i++)
		if (!g->served[i].name)
			at = i;
	INVARIANT(!service || at >= 0);
	if (at >= 0)
		g->served[at] = service ? (struct gateway_served){ name, service }
					: (struct gateway_served){ .name = NULL };
}

/* ---- sending ---- */

/* A frame on its way to the loop. */
struct delivery {
	struct list_node node; /* in outgoing.waiting */
	const char *from;      /* the service that sends to `client`; NULL: to all of `account` */
	uint64_t client;
	int64_t account;   /* 0: all there are */
	struct buf *frame; /* owned */
};

static void deliver_to_one(struct gateway *g, const struct delivery *d)
{
	struct gateway_peer *p = map_get_u64(g->peers, d->client);
	int from;

	if (p) {
		metric_add(g->frames_out, 1);
		ws_send_buf(p->ws, true, d->frame);
		return;
	}
	from = gateway_served_find(g, d->from);
	if (from >= 0)
		g->served[from].service->gone(g->served[from].service->self, d->client);
}

static void deliver_to_account(struct gateway *g, const struct delivery *d)
{
	struct gateway_account *all = map_get_u64(g->accounts, (uint64_t)d->account);

	if (!all)
		return;
	LIST_FOREACH (&all->peers, it) {
		metric_add(g->frames_out, 1);
		ws_send_buf(LIST_ENTRY(it, struct gateway_peer, node)->ws, true, d->frame);
	}
}

static void deliver_to_all(struct gateway *g, const struct delivery *d)
{
	void *peer;
	size_t it = 0;

	while (map_next(g->peers, &it, NULL, &peer)) {
		metric_add(g->frames_out, 1);
		ws_send_buf(((struct gateway_peer *)peer)->ws, true, d->frame);
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
		if (d->from)
			deliver_to_one(g, d);
		else if (d->account)
			deliver_to_account(g, d);
		else
			deliver_to_all(g, d);
		delivery_free(d);
	}
	exec_post(exec_loop(), deliver_some, g);
}

static void post(
	struct gateway *g, const char *from, uint64_t client, int64_t account, struct buf *frame)
{
	struct gateway_outgoing *o = &g->outgoing;
	struct delivery *d = mem_zalloc(sizeof(*d));
	bool first;

	d->from = from;
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

static void send(void *self, const char *from, uint64_t client, struct buf *frame)
{
	INVARIANT(from);
	post(self, from, client, 0, frame);
}

static void send_account(void *self, int64_t account, struct buf *frame)
{
	post(self, NULL, 0, account, frame);
}

static void send_all(void *self, struct buf *frame)
{
	post(self, NULL, 0, 0, frame);
}

void gateway_connections_init(struct gateway *g)
{
	pthread_mutex_init(&g->outgoing.lock, NULL);
	list_init(&g->outgoing.waiting);
	g->service = (struct connections){
		.self = g,
		.serve = serve,
		.send = send,
		.send_account = send_account,
		.send_all = send_all,
	};
}

void gateway_connections_clear(struct gateway *g)
{
	struct delivery *d;

	while ((d = take(&g->outgoing)))
		delivery_free(d);
	pthread_mutex_destroy(&g->outgoing.lock);
}

/*
 * connections.c: the "connections" service: which services of this node take frames, and from any
 * thread to a client. A frame waits in the gateway's own list until the loop, which owns the
 * sockets, takes it; what still waits when the gateway ends goes with it.
 *
 * The list is bounded by bytes: a loop that does not get to it makes no memory grow. Whose frame has
 * no place any more is closed (1013), and comes back to ask how things stand; none is left out
 * unsaid. However many wait, one posted function takes them, and writes to so many sockets in a
 * turn: a frame for everybody is written in as many turns as it needs, and those behind it wait, so
 * that each client gets its frames in order. What waits for a client that does not read is bounded
 * by its socket (ws_send_buf).
 */
#include "gateway.h"

#include "hearth/exec.h"
#include "hearth/log.h"
#include "hearth/metric.h"

#include <stdlib.h>

#define SOCKETS_A_TURN 256

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

static void write_frame(struct gateway_peer *p, struct buf *frame)
{
	metric_add(p->g->frames_out, 1);
	ws_send_buf(p->ws, true, frame);
}

static void close_behind(struct gateway_peer *p)
{
	ws_close(p->ws, WS_TRY_AGAIN_LATER, "frames were lost");
}

static void deliver_to_one(struct gateway *g, const struct delivery *d)
{
	struct gateway_peer *p = map_get_u64(g->peers, d->client);
	int from;

	if (p) {
		g->outgoing.write(p, d->frame);
		return;
	}
	from = gateway_served_find(g, d->from);
	if (from >= 0)
		g->served[from].service->gone(g->served[from].service->self, d->client);
}

/* ---- to many ---- */

/* Who is there now: of an account, or with 0 all. The caller frees `clients`. */
static uint64_t *clients_of(const struct gateway *g, int64_t account, size_t *count)
{
	const struct gateway_account *held =
		account ? map_get_u64(g->accounts, (uint64_t)account) : NULL;
	size_t room = account ? held ? (size_t)held->count : 0 : map_count(g->peers);
	uint64_t *clients = mem_alloc((room ? room : 1) * sizeof(*clients));
	void *peer;
	size_t it = 0, n = 0;

	if (held) {
		LIST_FOREACH (&held->peers, node)
			if (n < room)
				clients[n++] = LIST_ENTRY(node, struct gateway_peer, node)->id;
	} else if (!account) {
		while (map_next(g->peers, &it, NULL, &peer))
			clients[n++] = ((struct gateway_peer *)peer)->id;
	}
	INVARIANT(n <= room);
	*count = n;
	return clients;
}

static void spread_clear(struct gateway_spread *s)
{
	buf_unref(&s->frame);
	free(s->clients);
	*s = (struct gateway_spread){ .frame = NULL };
}

/* Goes on with the frame that is on its way to many; false while it has not been everywhere. */
static bool spread_on(struct gateway *g, int *left)
{
	struct gateway_spread *s = &g->outgoing.spread;

	for (; s->at<s->count && * left> 0; s->at++, --*left) {
		struct gateway_peer *p = map_get_u64(g->peers, s->clients[s->at]);

		if (p)
			g->outgoing.write(p, s->frame);
	}
	if (s->at < s->count)
		return false;
	spread_clear(s);
	return true;
}

static void spread_begin(struct gateway *g, const struct delivery *d)
{
	struct gateway_spread *s = &g->outgoing.spread;

	INVARIANT(!s->frame && !s->clients);
	s->frame = buf_ref(d->frame);
	s->clients = clients_of(g, d->account, &s->count);
	s->at = 0;
}

/* ---- the list ---- */

static size_t cost_of(const struct delivery *d)
{
	return sizeof(*d) + d->frame->n;
}

static void delivery_free(struct delivery *d)
{
	buf_unref(&d->frame);
	free(d);
}

/* The first that waits. Where none does, the next one to come posts again. */
static struct delivery *take(struct gateway_outgoing *o)
{
	struct delivery *d = NULL;

	pthread_mutex_lock(&o->lock);
	if (list_empty(&o->waiting)) {
		INVARIANT(o->bytes == 0);
		o->posted = false;
	} else {
		d = LIST_ENTRY(o->waiting.head.next, struct delivery, node);
		list_remove(&d->node);
		INVARIANT(o->bytes >= cost_of(d));
		o->bytes -= cost_of(d);
	}
	pthread_mutex_unlock(&o->lock);
	return d;
}

/* With the lock held. Where more have lost some than can be noted, all have. */
static void note_loss(struct gateway_outgoing *o, uint64_t client, int64_t account)
{
	if (o->lost_count < GATEWAY_LOST_MAX)
		o->lost[o->lost_count++] = (struct gateway_lost){ client, account };
	else
		o->lost[0] = (struct gateway_lost){ 0, 0 };
}

static void close_all_of(struct gateway *g, int64_t account)
{
	size_t count;
	uint64_t *clients = clients_of(g, account, &count);

	for (size_t i = 0; i < count; i++) {
		struct gateway_peer *p = map_get_u64(g->peers, clients[i]);

		if (p)
			g->outgoing.close(p);
	}
	free(clients);
}

static void close_who_lost(struct gateway *g)
{
	struct gateway_lost lost[GATEWAY_LOST_MAX];
	struct gateway_outgoing *o = &g->outgoing;
	size_t count;

	pthread_mutex_lock(&o->lock);
	count = o->lost_count;
	memcpy(lost, o->lost, count * sizeof(*lost));
	o->lost_count = 0;
	pthread_mutex_unlock(&o->lock);
	if (count > 0)
		log_warn("gateway", "frames were lost: more came than could be sent", "from", "%zu",
			count, NULL);
	for (size_t i = 0; i < count; i++) {
		struct gateway_peer *p = map_get_u64(g->peers, lost[i].client);

		if (!lost[i].client)
			close_all_of(g, lost[i].account);
		else if (p)
			o->close(p);
	}
}

/* On the loop. */
static void deliver_some(void *arg)
{
	struct gateway *g = arg;
	int left = SOCKETS_A_TURN;

	close_who_lost(g);
	while (spread_on(g, &left) && left > 0) {
		struct delivery *d = take(&g->outgoing);

		if (!d)
			return;
		left--;
		if (d->from)
			deliver_to_one(g, d);
		else
			spread_begin(g, d);
		delivery_free(d);
	}
	exec_post(exec_loop(), deliver_some, g);
}

static void post(
	struct gateway *g, const char *from, uint64_t client, int64_t account, struct buf *frame)
{
	struct gateway_outgoing *o = &g->outgoing;
	struct delivery *d = mem_zalloc(sizeof(*d));
	bool first, fits;

	d->from = from;
	d->client = client;
	d->account = account;
	d->frame = buf_ref(frame);
	pthread_mutex_lock(&o->lock);
	fits = o->bytes + cost_of(d) <= o->bytes_max;
	if (fits) {
		list_push(&o->waiting, &d->node);
		o->bytes += cost_of(d);
	} else {
		note_loss(o, client, account);
	}
	first = !o->posted;
	o->posted = true;
	pthread_mutex_unlock(&o->lock);
	if (!fits)
		delivery_free(d);
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
	g->outgoing.bytes_max = GATEWAY_WAITING_MAX;
	g->outgoing.write = write_frame;
	g->outgoing.close = close_behind;
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

	spread_clear(&g->outgoing.spread);
	while ((d = take(&g->outgoing)))
		delivery_free(d);
	pthread_mutex_destroy(&g->outgoing.lock);
}

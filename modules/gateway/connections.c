/*
 * connections.c: the "connections" service: from any thread to a client. A frame is handed to the
 * loop, which owns the sockets.
 */
#include "gateway.h"

#include "hearth/error.h"
#include "hearth/metric.h"

#include <stdlib.h>

/* A frame on its way to the loop. */
struct delivery {
	struct gateway *g;
	uint64_t client; /* 0: every client of the account */
	int64_t account;
	struct buf *frame;
};

static void deliver(void *arg)
{
	struct delivery *d = arg;
	struct gateway_peer *one = d->client ? map_get_u64(d->g->peers, d->client) : NULL;
	struct gateway_account *all =
		d->client ? NULL : map_get_u64(d->g->accounts, (uint64_t)d->account);

	if (one) {
		metric_add(d->g->frames_out, 1);
		ws_send_buf(one->ws, true, d->frame);
	}
	if (all)
		LIST_FOREACH (&all->peers, it) {
			metric_add(d->g->frames_out, 1);
			ws_send_buf(LIST_ENTRY(it, struct gateway_peer, node)->ws, true, d->frame);
		}
	buf_unref(&d->frame);
	free(d);
}

static void post(struct gateway *g, uint64_t client, int64_t account, struct buf *frame)
{
	struct delivery *d = mem_alloc(sizeof(*d));

	*d = (struct delivery){
		.g = g, .client = client, .account = account, .frame = buf_ref(frame)
	};
	exec_post(exec_loop(), deliver, d);
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
	g->service = (struct connections){ .self = g, .send = send, .send_account = send_account };
}

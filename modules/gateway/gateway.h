/*
 * gateway.h: what the files of the gateway share.
 *
 * A peer is one WebSocket of one account. Everything lives on the loop but `send`, `send_account`
 * and `send_all`, which any thread may call and which hand over to the loop. Bounds: [gateway]
 * connections_per_account, the listeners' limits, and GATEWAY_WAITING_MAX.
 */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "hearth/accounts.h"
#include "hearth/connections.h"
#include "hearth/list.h"
#include "hearth/map.h"
#include "hearth/module.h"
#include "hearth/ws.h"

#include <pthread.h>

#define GATEWAY_SERVICES_MAX 8                  /* services that take frames on this node */
#define GATEWAY_WAITING_MAX  ((size_t)64 << 20) /* bytes of frames that the loop has not taken yet */
#define GATEWAY_LOST_MAX     128

struct gateway_peer;

/* A service of this node that takes frames; the place is free without a name. */
struct gateway_served {
	const char *name;
	const struct frame_service *service;
};

/* Who is to be closed, since a frame of theirs had no place; neither: everybody. */
struct gateway_lost {
	uint64_t client;
	int64_t account;
};

/* A frame that is being written to many, on the loop. */
struct gateway_spread {
	struct buf *frame;
	uint64_t *clients; /* who was there when its turn came */
	size_t count, at;
};

/* Frames on their way to the loop, from any thread. */
struct gateway_outgoing {
	pthread_mutex_t lock; /* of what follows, up to the empty line */
	struct list waiting;  /* struct delivery */
	size_t bytes;         /* of what waits */
	bool posted;          /* the loop is going to look */
	struct gateway_lost lost[GATEWAY_LOST_MAX];
	size_t lost_count;

	size_t bytes_max;
	struct gateway_spread spread;
	/* To the socket; a test has none. */
	void (*write)(struct gateway_peer *p, struct buf *frame);
	void (*close)(struct gateway_peer *p);
};

struct gateway {
	struct hearth *h;
	struct connections service;
	struct map *peers;    /* client id → struct gateway_peer */
	struct map *accounts; /* account id → struct gateway_account */
	struct gateway_served served[GATEWAY_SERVICES_MAX];
	uint64_t first_id; /* of clients of this node and life … */
	uint32_t count;    /* … and how many there were: the next one's is their sum */
	size_t message_max;
	size_t output_high;
	int64_t ping_ms;
	int64_t per_account_max;
	struct arena *arena; /* for the frame in hand */
	struct bus_listener *revoked;
	bool draining;
	struct gateway_outgoing outgoing;
	struct metric *open, *frames_in, *frames_out;
};

/* The sockets of one account. */
struct gateway_account {
	int64_t id;
	struct list peers;
	int64_t count;
};

struct gateway_peer {
	struct gateway *g;
	struct list_node node; /* in its account's list */
	struct gateway_account *account;
	struct ws *ws;
	uint64_t id;
	struct account who; /* as it came: its token may be revoked */
	unsigned told;      /* bit i: served[i] had a frame of it, and must hear of its end */
};

/* peer.c: makes a peer of an upgrade request, which it answers. */
void gateway_accept(void *module, struct http_request *rq);
/* Ends the sockets of an account that came with one of these tokens. */
void gateway_close_revoked(void *arg, struct buf *payload);

/* connections.c: fills in the service interface. */
void gateway_connections_init(struct gateway *g);
/* Once the loop has ended and nobody sends any more: frees what still waits. */
void gateway_connections_clear(struct gateway *g);
/* The place in `served` of a service of this node; -1. */
int gateway_served_find(const struct gateway *g, const char *name);

#endif

/*
 * gateway.h: what the files of the gateway share.
 *
 * A peer is one WebSocket of one account. Everything lives on the loop but `send` and
 * `send_account`, which any thread may call and which hand over to the loop.
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

#define GATEWAY_SERVICES_MAX 8 /* services one socket may talk to in its life */

/* Frames on their way to the loop, from any thread. */
struct gateway_outgoing {
	pthread_mutex_t lock;
	struct list waiting; /* struct delivery */
	bool posted;         /* the loop is going to look */
};

struct gateway {
	struct hearth *h;
	struct connections service;
	struct map *peers;    /* client id → struct gateway_peer */
	struct map *accounts; /* account id → struct gateway_account */
	uint64_t last_id;
	size_t message_max;
	size_t output_high;
	int64_t ping_ms;
	int64_t per_account_max;
	struct arena *arena; /* for the frame in hand */
	struct bus_listener *revoked;
	struct timer presence;
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
	struct client client;
	struct account who; /* as it came: its token may be revoked */
	const struct frame_service *services[GATEWAY_SERVICES_MAX]; /* who must hear of its end */
	size_t service_count;
};

/* peer.c: makes a peer of an upgrade request, which it answers. */
void gateway_accept(void *module, struct http_request *rq);
/* Ends the sockets of an account that came with one of these tokens. */
void gateway_close_revoked(void *arg, struct buf *payload);
/* Renews in the shared cache which accounts are connected to this node. */
void gateway_renew_presence(void *arg);

/* connections.c: fills in the service interface. */
void gateway_connections_init(struct gateway *g);
/* Once the loop has ended and nobody sends any more: frees what still waits. */
void gateway_connections_clear(struct gateway *g);

#endif

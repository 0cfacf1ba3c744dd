/*
 * connections.h: service interface "connections", implemented by the gateway: it holds the
 * WebSockets of its node, knows which account is connected where, and carries frames to the service
 * that the registry names and back.
 *
 *   client ──frame──▶ gateway ──message──▶ the service "to" names ──send──▶ gateway ──▶ client
 *
 * A frame is one JSON object in a text message. From the client it says where it goes:
 * {"to":"game","type":"move",…}; the gateway reads `to`, looks the service up in the registry and
 * hands the frame over. What a service sends goes to the client as it is.
 *
 * Gateway and service may be on different nodes: all that passes between them is a message, that
 * is values and bytes, and never a pointer; a client is known by a number that no other client of
 * any node has or had.
 *
 * What is true on one node only: how many connections an account may have ([gateway]
 * connections_per_account) is counted by each node for itself; a frame finds a service of its own
 * node, and what is sent the clients of its own node. A service that runs on several nodes notes the
 * node of each client that it hears of, and hands on what is for those of others (game/wire/relay.h).
 * There is no list of who is connected where: it would be false at the moment it is read, and a
 * sender is told who is gone. On the loop, but for what says otherwise.
 */
#ifndef HEARTH_CONNECTIONS_H
#define HEARTH_CONNECTIONS_H

#include "hearth/buf.h"

/* A frame on its way to a service. All of it is valid during the call. */
struct frame_message {
	uint64_t client;      /* the connection it came by */
	int64_t account;      /* who sent it */
	struct slice address; /* the account's mail address */
	int64_t ping_us; /* round trip to the client: the average of the last ones; 0: none yet */
	int64_t age_us;  /* since its first byte was read, at most */
	struct slice bytes;      /* its text: a JSON object with a member "to" */
	const struct json *json; /* the same, read, while the call lasts; NULL: not read yet */
};

/* A service that takes frames; called on the loop of its node. */
struct frame_service {
	void *self;
	void (*frame)(void *self, const struct frame_message *frame);
	/*
	 * The client is gone: called for each client of which a frame was delivered, and again for
	 * one that the service sends to and that is not there any more. So it may come twice.
	 */
	void (*gone)(void *self, uint64_t client);
};

struct connections {
	void *self;
	/*
	 * Frames to `name` come to `service` on this node (NULL: no more of them); the caller
	 * announces it in the registry, which says whether it is sent any. `name` and `service`
	 * stay the caller's and valid. On the loop.
	 */
	void (*serve)(void *self, const char *name, const struct frame_service *service);
	/*
	 * Sends to one connection, for the service `from`, which hears in `gone` when there is no
	 * such client. Any thread; takes its own reference.
	 */
	void (*send)(void *self, const char *from, uint64_t client, struct buf *frame);
	/* Sends to every connection of an account there is here. Any thread. */
	void (*send_account)(void *self, int64_t account, struct buf *frame);
	/* Sends to every connection there is here. Any thread. */
	void (*send_all)(void *self, struct buf *frame);
};

#endif

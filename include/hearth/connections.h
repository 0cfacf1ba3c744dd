/*
 * connections.h: service interface "connections", implemented by the gateway: it holds every
 * WebSocket, knows which account is connected where, and carries frames to the service that the
 * registry names and back.
 *
 * A frame is one JSON object in a text message. From the client it says where it goes:
 * {"to":"game","type":"move",…}; the gateway reads `to`, looks the service up in the registry and
 * hands the frame over. What a service sends goes to the client as it is.
 */
#ifndef HEARTH_CONNECTIONS_H
#define HEARTH_CONNECTIONS_H

#include "hearth/buf.h"
#include "hearth/json.h"

struct client {
	uint64_t id;         /* of the connection; unique while the cluster runs */
	int64_t account;     /* who it is */
	const char *address; /* the account's mail address */
	int64_t rtt_us;      /* round-trip time, measured by the server; 0 unknown */
};

/*
 * What a service that takes frames gives to registry_announce as `local`. All on the loop.
 * `frame` is parsed (valid during the call); `raw` is the text of it. `closed` comes exactly once
 * for each client of which a frame was delivered.
 */
struct frame_service {
	void *self;
	void (*frame)(
		void *self, const struct client *from, const struct json *frame, struct slice raw);
	void (*closed)(void *self, const struct client *client);
};

struct connections {
	void *self;
	/* Sends to one connection; HEARTH_ENOTFOUND when it is gone. Any thread; takes its own
	 * reference. */
	int (*send)(void *self, uint64_t client, struct buf *frame);
	/* Sends to every connection of an account, on every node. Any thread. */
	void (*send_account)(void *self, int64_t account, struct buf *frame);
};

#endif

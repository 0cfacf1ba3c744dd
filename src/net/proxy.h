/*
 * proxy.h: sockets of which a proxy has to say first who they come for. On the loop.
 */
#ifndef HEARTH_SRC_PROXY_H
#define HEARTH_SRC_PROXY_H

#include "hearth/list.h"
#include "net/net.h"

/* Those of one listener; zeroed but for what it gets back. */
struct proxy_waits {
	struct list list;
	size_t count;
	/* The socket, and who is behind it: not from inside proxy_wait. */
	void (*take)(void *owner, int fd, const struct conn_info *info);
	void *owner;
};

/* Takes the socket over. */
void proxy_wait(struct proxy_waits *waits, int fd, const struct conn_info *info);
/* Closes all that wait. */
void proxy_wait_end(struct proxy_waits *waits);

#endif

/*
 * proxy_header.h: what a proxy says in front of a connection about who it comes for: the PROXY
 * protocol of HAProxy, versions 1 and 2. Pure: bytes in, one event out.
 */
#ifndef HEARTH_SRC_PROXY_HEADER_H
#define HEARTH_SRC_PROXY_HEADER_H

#include "hearth/str.h"

#define PROXY_HEADER_MAX 2048 /* bytes; the longest with all that is defined are some hundred */

enum proxy_event {
	PROXY_MORE,  /* it may be one, and is not complete */
	PROXY_NONE,  /* this is no header: all of it is the connection's own */
	PROXY_DONE,  /* *used bytes are the header */
	PROXY_WRONG, /* it begins as one and goes on otherwise */
};

struct proxy_header {
	bool known; /* it names who it comes for; else that is the proxy itself (a health check) */
	bool tls;   /* they are connected to the proxy over TLS */
	char peer[64], local[64];
	int peer_port, local_port;
};

/* `in` is all that came so far, from the first byte on. */
enum proxy_event proxy_header_read(struct slice in, struct proxy_header *out, size_t *used);

#endif

/*
 * forwarded.h: what proxies say in header fields about who a request comes from: X-Forwarded-For,
 * -Proto and -Host, and Forwarded (RFC 7239). Pure.
 */
#ifndef HEARTH_SRC_FORWARDED_H
#define HEARTH_SRC_FORWARDED_H

#include "hearth/str.h"

struct networks;

/* The fields as they came, several of one name joined by commas; p == NULL: absent. */
struct forwarded_fields {
	struct slice x_for, x_proto, x_host, forwarded;
};

struct forwarded {
	char peer[64];      /* who it comes from; empty: nobody was named */
	struct slice proto; /* "https", "http", as the client spoke to the first proxy; or empty */
	struct slice host;  /* the Host it asked for there; or empty */
};

/*
 * Each proxy adds, at the end, whom it was connected by; so the client is the last one that is no
 * trusted proxy, and what stands before it is anybody's word. When X-Forwarded-For is there,
 * Forwarded is not looked at: a proxy that knows the one passes the other on as it came.
 */
void forwarded_read(
	const struct forwarded_fields *in, const struct networks *trusted, struct forwarded *out);

#endif

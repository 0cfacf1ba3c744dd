/*
 * http_router.h: patterns compiled into a tree of segments. Made on the main thread, read on the
 * loop.
 */
#ifndef HEARTH_SRC_HTTP_ROUTER_H
#define HEARTH_SRC_HTTP_ROUTER_H

#include "hearth/arena.h"

struct http_route;
struct router;

#define ROUTE_PARAMS_MAX   8
#define ROUTE_SEGMENTS_MAX 32

/* What a path leads to. */
struct route_match {
	const struct http_route *route; /* NULL: none with this method */
	unsigned scope;                 /* as mounted */
	void *module;
	unsigned allowed; /* a bit for each enum http_method that this path has */
	const struct slice *names;
	struct slice values[ROUTE_PARAMS_MAX];
	int value_count;
};

struct router *router_new(void);
void router_free(struct router **r);
/* A malformed pattern, and one that is there already, end the process: they are mistakes in it. */
void router_add(struct router *r, const struct http_route *route, unsigned scope, void *module);
/* The path is raw, without the query. False: malformed (bad percent-encoding, "..", NUL). */
bool router_find(const struct router *r, struct arena *a, int method, struct slice path,
	struct route_match *out);
const struct http_route *router_route(const struct router *r, size_t i);

/*
 * Decodes %XX, and with `plus` also + as space. False when that is malformed, or gives NUL or text
 * that is not UTF-8.
 */
bool url_decode(struct arena *a, struct slice in, bool plus, struct slice *out);

#endif

/*
 * ws_internal.h: what ws_accept.c (the opening handshake) asks of ws.c (the session). On the loop.
 */
#ifndef HEARTH_SRC_WS_INTERNAL_H
#define HEARTH_SRC_WS_INTERNAL_H

#include "hearth/ws.h"

/*
 * A WebSocket on a connection whose handshake is done: it becomes the connection's session.
 * `window` is what ws_deflate_agree said; `direct`: no proxy is in between.
 */
struct ws *ws_new(struct conn *c, size_t window, bool direct, const struct ws_options *options,
	const struct ws_events *events, void *ctx);

#endif

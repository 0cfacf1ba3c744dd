/*
 * upgrade.h: how a request hands its connection over (RFC 9110 section 7.8): what server.c gives to
 * ws.c, and nobody else.
 *
 * NOTE for whoever writes server.c: WebSocket itself (ws_frame, ws_deflate, ws.c) is being written
 * beside it by somebody else against this header; only http_upgrade is server.c's part.
 */
#ifndef HEARTH_SRC_UPGRADE_H
#define HEARTH_SRC_UPGRADE_H

#include "hearth/http.h"

/*
 * Answers the request with 101 and the headers that http_set_header set (plus Connection: Upgrade),
 * and ends HTTP on its connection. The session on top is replaced by `events` and `ctx`; input that
 * came behind the request is offered to it. The request is over: it counts as answered and is gone
 * when this returns. NULL when the client has gone already (the request is over all the same).
 */
struct conn *http_upgrade(struct http_request *rq, const struct conn_events *events, void *ctx);

/*
 * Whether a request that the session cookie authorised comes from our own pages (Sec-Fetch-Site or
 * Origin); true also when no cookie was involved. The same rule that guards POST.
 */
bool http_is_same_origin(const struct http_request *rq);

#endif

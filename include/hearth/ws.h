/*
 * ws.h: WebSocket (RFC 6455) with permessage-deflate (RFC 7692, no context takeover).
 *
 * A WebSocket is made from an HTTP request that asked for the upgrade. It gives whole messages:
 * fragments are put together up to message_max. Pings are answered and sent by themselves. All
 * calls are on the loop.
 */
#ifndef HEARTH_WS_H
#define HEARTH_WS_H

#include "hearth/http.h"

struct ws;

enum ws_close_code {
	WS_NORMAL = 1000,
	WS_GOING_AWAY = 1001,
	WS_PROTOCOL_ERROR = 1002,
	WS_UNSUPPORTED_DATA = 1003,
	WS_INVALID_PAYLOAD = 1007,
	WS_POLICY_VIOLATION = 1008,
	WS_TOO_BIG = 1009,
	WS_INTERNAL_ERROR = 1011,
	WS_SERVICE_RESTART = 1012,
	WS_TRY_AGAIN_LATER = 1013,
};

struct ws_events {
	/* A whole message; text is valid UTF-8. `bytes` is valid during the call. */
	void (*message)(void *ctx, bool text, struct slice bytes);
	/* The output queue fell below its low mark again. May be NULL. */
	void (*drained)(void *ctx);
	/*
	 * The last call, exactly once; `code` is the peer's close code, 1005 when its close frame
	 * had none, 1006 when there was no close frame.
	 */
	void (*closed)(void *ctx, int code);
};

struct ws_options {
	size_t message_max; /* bytes of one message, after inflating; beyond: close 1009 */
	size_t output_high; /* bytes queued at which ws_send says stop */
	int64_t ping_ms;    /* between two pings; closed after twice that in silence; 0: none */
	const char *subprotocol; /* to choose when the client offers it; NULL for none */
};

/*
 * Answers the request with 101 and gives the WebSocket; NULL, and the request is answered with 400
 * or 426, when it is no proper upgrade. Origin is the route's business: an upgrade authorised by
 * the session cookie must come from our own pages, else 403 (done here).
 */
struct ws *ws_accept(struct http_request *rq, const struct ws_options *options,
	const struct ws_events *events, void *ctx);
/* True when the request asks for an upgrade to WebSocket. */
bool ws_requested(const struct http_request *rq);

/*
 * Sends a message: a copy, or a buffer that many receive (framed and compressed once per call).
 * False: enough for now, wait for `drained`; messages are still queued until twice output_high,
 * then the connection is closed with 1008: a peer that does not read costs nobody else anything.
 */
bool ws_send_text(struct ws *w, struct slice text);
bool ws_send_buf(struct ws *w, bool text, struct buf *bytes);
/* Starts the closing handshake; `closed` follows. Legal twice. */
void ws_close(struct ws *w, int code, const char *reason);
const struct conn_info *ws_peer(const struct ws *w);
/* Average round trip of the pings so far, weighted to the last ones; 0 when none came back yet. */
int64_t ws_rtt_us(const struct ws *w);
/* Within `message`: how long ago its last byte was read, at most (it may have waited its turn). */
int64_t ws_message_age_us(const struct ws *w);

#endif

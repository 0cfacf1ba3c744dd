/*
 * ws.c: a WebSocket on a connection that was HTTP.
 *
 *   OPEN ──ws_close──▶ CLOSE_SENT ──peer's close──────────────▶ CLOSED
 *     │                    └──CLOSE_MS──▶ aborted                 ▲
 *     ├──peer's close: answered──────────────────────────────────┤
 *     ├──bad frame, too big: close frame sent─────────────────────┘
 *     └──silence for twice ping_ms, peer gone──▶ aborted
 *
 * A ping goes out at once and then every ping_ms; its pong, known by a random nonce, gives the
 * round-trip time. Whatever comes counts as a sign of life.
 */
#include "http/http_internal.h"
#include "http/ws_deflate.h"
#include "http/ws_frame.h"

#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/rand.h"
#include "hearth/text.h"
#include "hearth/ws.h"
#include "http/ws_internal.h"
#include "loop/executor.h"

#include <stdlib.h>

#define CLOSE_MS    5000  /* the peer must answer a close within this */
#define INPUT_MAX   65536
#define DEFLATE_MIN 256   /* bytes below which compressing gains nothing */
#define NO_CODE     1006  /* the connection ended without a close frame */

enum ws_state {
	WS_OPEN,
	WS_CLOSE_SENT,
	WS_CLOSED,
};

struct ws {
	struct conn *c;
	struct ws_events events;
	void *ctx;
	enum ws_state state;
	int code; /* for `closed` */
	size_t output_high;
	int64_t ping_ms;
	struct timer timer;  /* the next ping; or, closing, the end */
	uint64_t nonce;      /* of the ping that waits for its pong; 0: none does */
	int64_t pinged_us;
	int64_t rtt_us;
	bool heard;          /* something came since the last tick */
	struct ws_parser parser;
};

/* ---- sending ---- */

static bool send_frame(struct ws *w, enum ws_opcode opcode, bool compressed, struct slice payload, struct buf *b)
{
	char head[WS_HEAD_MAX];
	bool more;

	more = conn_write(w->c, slice_of(head, ws_frame_head(head, opcode, compressed, payload.n)));
	if (payload.n == 0)
		return more;
	return b ? conn_write_buf(w->c, b) : conn_write(w->c, payload);
}

static void send_close(struct ws *w, int code, struct slice reason)
{
	char payload[WS_CONTROL_MAX];

	reason = slice_head(reason, sizeof(payload) - 2);
	payload[0] = (char)(code >> 8);
	payload[1] = (char)code;
	if (reason.n)
		memcpy(payload + 2, reason.p, reason.n);
	send_frame(w, WS_CLOSE, false, slice_of(payload, reason.n + 2), NULL);
}

static void on_close_late(void *arg)
{
	struct ws *w = arg;

	conn_abort(w->c, HEARTH_ETIMEOUT);
}

void ws_close(struct ws *w, int code, const char *reason)
{
	if (w->state != WS_OPEN)
		return;
	send_close(w, code, slice_str(reason));
	w->state = WS_CLOSE_SENT;
	timer_start(&w->timer, CLOSE_MS, 0, on_close_late, w);
}

/* The last frame is out, or the peer's is in: no more of either. */
static void finish(struct ws *w)
{
	w->state = WS_CLOSED;
	timer_stop(&w->timer);
	conn_close(w->c);
}

static bool send_message(struct ws *w, bool text, struct slice bytes, struct buf *b)
{
	enum ws_opcode opcode = text ? WS_TEXT : WS_BINARY;
	struct strbuf packed = { 0 };
	bool more;

	if (w->state != WS_OPEN)
		return false;
	if (conn_pending(w->c) + bytes.n > 2 * w->output_high) {
		ws_close(w, WS_POLICY_VIOLATION, "too slow");
		return false;
	}
	if (w->parser.deflate && bytes.n >= DEFLATE_MIN && ws_deflate(bytes, &packed)) {
		struct buf *body = buf_from_strbuf(&packed);

		more = send_frame(w, opcode, true, buf_slice(body), body);
		buf_unref(&body);
	} else {
		more = send_frame(w, opcode, false, bytes, b);
	}
	strbuf_free(&packed);
	return more;
}

bool ws_send_text(struct ws *w, struct slice text)
{
	return send_message(w, true, text, NULL);
}

bool ws_send_buf(struct ws *w, bool text, struct buf *bytes)
{
	return send_message(w, text, buf_slice(bytes), bytes);
}

/* ---- receiving ---- */

/* The peer broke the protocol: say so and leave. */
static void fail(struct ws *w, int code)
{
	if (w->state == WS_OPEN)
		send_close(w, code, (struct slice){ 0 });
	finish(w);
}

static void on_message(struct ws *w)
{
	struct slice bytes = ws_payload(&w->parser);
	struct strbuf plain = { 0 };
	int rc = 0;

	if (w->state != WS_OPEN)
		return;
	if (w->parser.compressed) {
		rc = ws_inflate(bytes, w->parser.message_max, &plain);
		bytes = strbuf_slice(&plain);
	}
	if (rc < 0)
		fail(w, rc == HEARTH_ETOOBIG ? WS_TOO_BIG : WS_INVALID_PAYLOAD);
	else if (w->parser.text && w->parser.compressed && !utf8_valid(bytes))
		fail(w, WS_INVALID_PAYLOAD);
	else
		w->events.message(w->ctx, w->parser.text, bytes);
	strbuf_free(&plain);
}

static void on_pong(struct ws *w)
{
	struct slice payload = ws_payload(&w->parser);

	if (w->nonce == 0 || !slice_eq(payload, slice_of(&w->nonce, sizeof(w->nonce))))
		return; /* of its own accord: allowed, and says nothing */
	w->rtt_us = exec_now_us() - w->pinged_us;
	w->nonce = 0;
}

static void on_peer_close(struct ws *w)
{
	w->code = w->parser.code;
	if (w->state == WS_OPEN)
		send_close(w, w->code == 1005 ? WS_NORMAL : w->code, (struct slice){ 0 });
	finish(w);
}

static void on_parsed(struct ws *w, enum ws_parsed event)
{
	switch (event) {
	case WS_PARSED_MESSAGE: on_message(w); break;
	case WS_PARSED_PING:
		if (w->state == WS_OPEN)
			send_frame(w, WS_PONG, false, ws_payload(&w->parser), NULL);
		break;
	case WS_PARSED_PONG: on_pong(w); break;
	case WS_PARSED_CLOSE: on_peer_close(w); break;
	case WS_PARSED_ERROR: fail(w, w->parser.code); break;
	case WS_PARSED_MORE: break;
	}
}

static size_t on_data(void *ctx, struct slice in)
{
	struct ws *w = ctx;
	struct slice rest = in;
	enum ws_parsed event = WS_PARSED_MESSAGE;

	w->heard = true;
	while (event != WS_PARSED_MORE && w->state != WS_CLOSED) {
		size_t used;

		event = ws_parse(&w->parser, rest, &used);
		rest = slice_skip(rest, used);
		on_parsed(w, event);
	}
	return in.n;
}

/* ---- time ---- */

static void send_ping(struct ws *w)
{
	w->nonce = rand_u64() | 1;
	w->pinged_us = exec_now_us();
	send_frame(w, WS_PING, false, slice_of(&w->nonce, sizeof(w->nonce)), NULL);
}

static void on_tick(void *arg)
{
	struct ws *w = arg;

	if (w->nonce && !w->heard) {
		timer_stop(&w->timer);
		conn_abort(w->c, HEARTH_ETIMEOUT);
		return;
	}
	w->heard = false;
	/* A client that sends but does not answer pings keeps its old round-trip time. */
	send_ping(w);
}

/* ---- the connection ---- */

static void on_drained(void *ctx)
{
	struct ws *w = ctx;

	if (w->state == WS_OPEN && w->events.drained)
		w->events.drained(w->ctx);
}

static void on_closed(void *ctx, int reason)
{
	struct ws *w = ctx;

	(void)reason;
	timer_stop(&w->timer);
	w->events.closed(w->ctx, w->code);
	ws_parser_clear(&w->parser);
	free(w);
}

static const struct conn_events ws_conn_events = {
	.data = on_data,
	.drained = on_drained,
	.closed = on_closed,
};

struct ws *ws_new(struct conn *c, bool deflate, const struct ws_options *options, const struct ws_events *events,
	void *ctx)
{
	struct ws *w = mem_zalloc(sizeof(*w));

	INVARIANT(options->message_max > 0 && options->output_high > 0);
	w->c = c;
	w->events = *events;
	w->ctx = ctx;
	w->code = NO_CODE;
	w->output_high = options->output_high;
	w->ping_ms = options->ping_ms;
	w->parser.message_max = options->message_max;
	w->parser.deflate = deflate;
	conn_attach(c, &ws_conn_events, w);
	conn_set_limits(c, INPUT_MAX, options->output_high);
	conn_set_timeout(c, 0);
	if (w->ping_ms > 0) {
		send_ping(w);
		timer_start(&w->timer, w->ping_ms, w->ping_ms, on_tick, w);
	}
	return w;
}

const struct conn_info *ws_peer(const struct ws *w)
{
	return conn_info(w->c);
}

int64_t ws_rtt_us(const struct ws *w)
{
	return w->rtt_us;
}

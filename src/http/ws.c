/*
 * ws.c: a WebSocket on a connection that was HTTP.
 *
 *   OPEN ──ws_close──▶ CLOSING ──peer's Close, wrong frame─────────▶ OVER ──all is sent──▶ freed
 *     │                   └──CLOSE_MS──▶ aborted                      ▲
 *     ├──peer's Close (answered), wrong frame (answered with Close)───┘
 *     └──silence for twice ping_ms, peer gone──▶ aborted
 *
 * CLOSING: our Close is sent; messages that still come are dropped. OVER: nothing more in or out;
 * the connection sends what is queued and closes. `closed` and the end of this struct come with the
 * end of the connection, in a turn of their own, so ws_close is safe anywhere.
 *
 * Output that the peer does not take stops input: who sends requests and does not read the answers
 * is slowed down, and is silent then, which ends it. What others send it is bounded by ws_send.
 *
 * Work comes in turns (conn_turn_over), and compressed messages may not unfold to out of all
 * proportion: a kilobyte on the wire must not buy a second of the loop.
 *
 * A ping goes out at once, then behind what is sent where the last one is PING_OLD_US ago, and every
 * ping_ms: its pong, known by a random nonce, gives the round trip (ws_rtt.h). Whatever comes, or is
 * taken, is a sign of life.
 */
#include "http/ws_deflate.h"
#include "http/ws_frame.h"
#include "http/ws_internal.h"
#include "http/ws_rtt.h"

#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/rand.h"
#include "hearth/text.h"
#include "loop/executor.h"
#include "net/net.h"

#include <stdlib.h>

#define CLOSE_MS    5000    /* the peer must answer a Close within this */
#define INPUT_MAX   65536   /* read at once; the parser takes it all */
#define COPY_MAX    1024    /* a shared buffer up to this is copied behind its head */
#define PING_OLD_US 2500000 /* who is sent something is measured anew after that */
#define GONE_CODE   1006    /* the connection ended without a Close */

/* What all messages may unfold to, beside what they have as they come. No honest text is more. */
#define UNFOLD_TIMES 20
#define UNFOLD_SPARE (256u << 10)

enum ws_state {
	WS_OPEN,
	WS_CLOSING,
	WS_OVER,
};

struct ws {
	struct conn *c;
	struct ws_events events;
	void *ctx;
	enum ws_state state;
	int code; /* for `closed` */
	bool paused;
	size_t window; /* for ws_deflate; 0: without */
	size_t output_high;
	int64_t ping_ms;
	struct timer timer; /* OPEN: the next ping, or the end of patience; CLOSING: the end */
	int64_t alive_us;   /* the last sign of life */
	uint64_t nonce;     /* of the ping that waits for its pong … */
	int64_t pinged_us;  /* … and when it went out; 0: none waits */
	int64_t asked_us;   /* when the last one went out */
	struct ws_rtt rtt;
	bool direct; /* no proxy is in between: what the system measures is the client's */
	uint64_t folded, unfolded; /* bytes of compressed messages, as they came and inflated */
	struct ws_parser parser;
};

/* ---- sending ---- */

static void send_ping(struct ws *w);

/* Sends a frame, copied or with a reference to `shared`; false: enough for now. */
static bool send_frame(struct ws *w, enum ws_opcode opcode, bool compressed, struct slice payload,
	struct buf *shared)
{
	char head[WS_HEAD_MAX];
	bool more;

	more = conn_write(w->c, slice_of(head, ws_frame_head(head, opcode, compressed, payload.n)));
	if (shared && payload.n > COPY_MAX)
		more = conn_write_buf(w->c, shared);
	else if (payload.n > 0)
		more = conn_write(w->c, payload);
	if (!more && !w->paused && w->state == WS_OPEN) {
		w->paused = true;
		conn_pause(w->c);
	}
	return more;
}

/* Closes without waiting for anything but what is queued. */
static void end(struct ws *w)
{
	w->state = WS_OVER;
	timer_stop(&w->timer);
	conn_close(w->c);
}

static void on_close_late(void *arg)
{
	struct ws *w = arg;

	conn_abort(w->c, HEARTH_ETIMEOUT);
}

static void send_close(struct ws *w, int code, struct slice reason)
{
	char payload[WS_CONTROL_MAX] = { (char)(code >> 8), (char)code };
	size_t n = reason.n < sizeof(payload) - 2 ? reason.n : sizeof(payload) - 2;

	/* Not within a character. */
	while (n > 0 && n < reason.n && ((unsigned char)reason.p[n] & 0xC0) == 0x80)
		n--;
	if (n)
		memcpy(payload + 2, reason.p, n);
	w->state = WS_CLOSING;
	send_frame(w, WS_CLOSE, false, slice_of(payload, code == WS_NO_CODE ? 0 : n + 2), NULL);
}

void ws_close(struct ws *w, int code, const char *reason)
{
	INVARIANT(ws_code_valid(code));
	if (w->state != WS_OPEN)
		return;
	send_close(w, code, slice_str(reason));
	timer_start(&w->timer, CLOSE_MS, 0, on_close_late, w);
	/* The answer must be read, also when this one is long in coming through. */
	if (w->paused) {
		w->paused = false;
		conn_resume(w->c);
	}
}

static bool send_message(struct ws *w, bool text, struct slice bytes, struct buf *shared)
{
	enum ws_opcode opcode = text ? WS_TEXT : WS_BINARY;
	struct buf *packed = NULL;
	bool more;

	if (w->state != WS_OPEN)
		return false;
	if (conn_pending(w->c) >= 2 * w->output_high) {
		ws_close(w, WS_POLICY_VIOLATION, "does not read what it is sent");
		return false;
	}
	if (w->window)
		packed = shared ? ws_deflate_buf(shared, w->window) : ws_deflate(bytes, w->window);
	more = packed ? send_frame(w, opcode, true, buf_slice(packed), packed)
		      : send_frame(w, opcode, false, bytes, shared);
	buf_unref(&packed);
	/* In the same packet, mostly: the round trip of the moment, by which a player's lag is told. */
	if (!w->pinged_us && exec_now_us() - w->asked_us >= PING_OLD_US)
		send_ping(w);
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

/* The peer broke the rules: say so and leave (RFC 6455 section 7.1.7). */
static void fail(struct ws *w, int code, const char *why)
{
	log_debug("ws", "closing on a peer's mistake", "conn", "%llu",
		(unsigned long long)conn_info(w->c)->id, "code", "%d", code, "why", "%s", why,
		NULL);
	if (w->state == WS_OPEN)
		send_close(w, code, slice_str(why));
	end(w);
}

/* How many bytes the message in hand may unfold to before it is out of all proportion. */
static uint64_t unfold_max(struct ws *w)
{
	w->folded += ws_payload(&w->parser).n;
	return UNFOLD_SPARE + w->folded * UNFOLD_TIMES - w->unfolded;
}

static void on_compressed(struct ws *w)
{
	struct strbuf plain = { 0 };
	size_t max = w->parser.message_max;
	uint64_t unfold = unfold_max(w);
	int rc = ws_inflate(ws_payload(&w->parser), unfold < max ? (size_t)unfold : max, &plain);

	w->unfolded += plain.n;
	if (rc == HEARTH_ETOOBIG && unfold < max)
		fail(w, WS_POLICY_VIOLATION, "what comes unfolds to far more than is sent");
	else if (rc == HEARTH_ETOOBIG)
		fail(w, WS_TOO_BIG, "a message is too big");
	else if (rc < 0)
		fail(w, WS_INVALID_PAYLOAD, "a message cannot be inflated");
	else if (w->parser.text && !utf8_valid(strbuf_slice(&plain)))
		fail(w, WS_INVALID_PAYLOAD, "the text is not UTF-8");
	else
		w->events.message(w->ctx, w->parser.text, strbuf_slice(&plain));
	strbuf_free(&plain);
}

static void on_message(struct ws *w)
{
	if (w->state != WS_OPEN)
		return;
	if (w->parser.compressed)
		on_compressed(w);
	else
		w->events.message(w->ctx, w->parser.text, ws_payload(&w->parser));
}

static void on_ping(struct ws *w)
{
	if (w->state == WS_OPEN)
		send_frame(w, WS_PONG, false, ws_payload(&w->parser), NULL);
}

/* Without a ping of ours, or to an earlier one: allowed, and says nothing. */
static void on_pong(struct ws *w)
{
	int64_t took_us;

	if (!w->pinged_us ||
		!slice_eq(ws_payload(&w->parser), slice_of(&w->nonce, sizeof(w->nonce))))
		return;
	took_us = exec_now_us() - w->pinged_us - conn_input_age_us(w->c);
	ws_rtt_add(&w->rtt, took_us, w->direct ? conn_rtt_us(w->c) : 0);
	w->pinged_us = 0;
}

static void on_peer_close(struct ws *w)
{
	w->code = w->parser.code;
	if (w->state == WS_OPEN)
		send_close(w, w->code, (struct slice){ 0 });
	end(w);
}

static void on_parsed(struct ws *w, enum ws_parsed event)
{
	switch (event) {
	case WS_PARSED_MORE: break;
	case WS_PARSED_MESSAGE: on_message(w); break;
	case WS_PARSED_PING: on_ping(w); break;
	case WS_PARSED_PONG: on_pong(w); break;
	case WS_PARSED_CLOSE: on_peer_close(w); break;
	case WS_PARSED_ERROR: fail(w, w->parser.code, w->parser.why); break;
	}
}

static size_t on_data(void *ctx, struct slice in)
{
	struct ws *w = ctx;
	enum ws_parsed event;
	struct slice rest = in;

	w->alive_us = exec_now_us();
	do {
		size_t used;

		event = ws_parse(&w->parser, rest, &used);
		rest = slice_skip(rest, used);
		on_parsed(w, event);
	} while (event != WS_PARSED_MORE && w->state != WS_OVER &&
		 (rest.n == 0 || !conn_turn_over(w->c)));
	return w->state == WS_OVER ? in.n : in.n - rest.n;
}

/* ---- time ---- */

static void send_ping(struct ws *w)
{
	rand_bytes(&w->nonce, sizeof(w->nonce));
	w->pinged_us = w->asked_us = exec_now_us();
	send_frame(w, WS_PING, false, slice_of(&w->nonce, sizeof(w->nonce)), NULL);
}

static void on_timer(void *arg)
{
	struct ws *w = arg;
	int64_t left_us = w->alive_us + 2 * w->ping_ms * 1000 - exec_now_us();
	int64_t next_ms = (left_us + 999) / 1000;

	if (left_us <= 0) {
		conn_abort(w->c, HEARTH_ETIMEOUT);
		return;
	}
	timer_start(&w->timer, next_ms < w->ping_ms ? next_ms : w->ping_ms, 0, on_timer, w);
	send_ping(w);
}

/* ---- the connection ---- */

static void on_drained(void *ctx)
{
	struct ws *w = ctx;

	w->alive_us = exec_now_us();
	if (w->paused) {
		w->paused = false;
		conn_resume(w->c);
	}
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

static const struct conn_events conn_events = {
	.data = on_data,
	.drained = on_drained,
	.closed = on_closed,
};

struct ws *ws_new(struct conn *c, size_t window, bool direct, const struct ws_options *options,
	const struct ws_events *events, void *ctx)
{
	struct ws *w = mem_zalloc(sizeof(*w));

	INVARIANT(options->message_max > 0 && options->message_max <= UINT32_MAX / 2);
	INVARIANT(options->output_high > 0 && options->ping_ms > 0);
	w->c = c;
	w->events = *events;
	w->ctx = ctx;
	w->code = GONE_CODE;
	w->window = window;
	w->direct = direct;
	w->output_high = options->output_high;
	w->ping_ms = options->ping_ms;
	w->alive_us = exec_now_us();
	w->parser.message_max = options->message_max;
	w->parser.deflate = window > 0;
	conn_attach(c, &conn_events, w);
	conn_set_limits(c, INPUT_MAX, options->output_high);
	conn_set_timeout(c, 0);
	timer_start(&w->timer, w->ping_ms, 0, on_timer, w);
	send_ping(w);
	return w;
}

const struct conn_info *ws_peer(const struct ws *w)
{
	return conn_info(w->c);
}

int64_t ws_rtt_us(const struct ws *w)
{
	return w->rtt.mean_us;
}

int64_t ws_message_age_us(const struct ws *w)
{
	return conn_input_age_us(w->c);
}

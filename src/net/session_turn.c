/*
 * session_turn.c: the turn of a session: which step comes next, and when its output goes. On the
 * loop. Invariants: no step runs while the session waits, is
 * stalled or closes; and the connection is paused exactly while nothing may be read.
 */
#include "hearth/session_turn.h"

#include "hearth/log.h"

#define SHARED_OUTPUT_MIN (16u << 10) /* larger output is handed over instead of copied */

bool session_turn_flush(struct session_turn *t)
{
	bool room = true;

	if (t->out->n >= SHARED_OUTPUT_MIN) {
		struct buf *b = buf_from_strbuf(t->out);

		room = conn_write_buf(t->conn, b);
		buf_unref(&b);
	} else if (t->out->n) {
		room = conn_write(t->conn, strbuf_slice(t->out));
	}
	strbuf_free(t->out);
	if (!room && !t->closing)
		t->stalled = true;
	return room;
}

void session_turn_flush_then(struct session_turn *t, session_turn_fn *next)
{
	if (session_turn_flush(t))
		next(t->session);
	else
		t->next = next;
}

void session_turn_wait(struct session_turn *t)
{
	INVARIANT(!t->waiting);
	if (t->conn)
		session_turn_flush(t);
	t->waiting = true;
}

bool session_turn_back(struct session_turn *t)
{
	INVARIANT(t->waiting);
	t->waiting = false;
	if (t->conn)
		return true;
	t->ops->free(t->session);
	return false;
}

void session_turn_call_off(struct session_turn *t)
{
	INVARIANT(t->waiting);
	t->waiting = false;
}

void session_turn_close(struct session_turn *t)
{
	t->closing = true;
}

void session_turn_start_tls(struct session_turn *t)
{
	conn_write(t->conn, strbuf_slice(t->out));
	strbuf_free(t->out);
	t->starting_tls = true;
	conn_start_tls(t->conn);
}

static bool may_read(const struct session_turn *t)
{
	return !t->waiting && !t->stalled && !t->closing && !t->starting_tls;
}

void session_turn_end(struct session_turn *t)
{
	INVARIANT(t->conn);
	if (!t->waiting) {
		session_turn_flush(t);
		if (t->closing)
			conn_close(t->conn);
		if (t->ops->rest)
			t->ops->rest(t->session);
	}
	if (may_read(t) == !t->paused)
		return;
	t->paused = !t->paused;
	if (t->paused)
		conn_pause(t->conn);
	else
		conn_resume(t->conn);
}

/* ---- what the connection tells ---- */

static size_t on_data(void *ctx, struct slice in)
{
	struct session_turn *t = ctx;
	size_t before = in.n;

	while (may_read(t) && (in.n == 0 || !conn_turn_over(t->conn)) &&
		t->ops->step(t->session, &in)) {
		/* A client that sends without reading is not worked for. */
		if (!t->waiting && t->out->n >= SHARED_OUTPUT_MIN)
			session_turn_flush(t);
	}
	if (t->closing || t->starting_tls)
		in.n = 0;
	t->starting_tls = false;
	session_turn_end(t);
	return before - in.n;
}

static void on_drained(void *ctx)
{
	struct session_turn *t = ctx;
	session_turn_fn *next = t->next;

	t->stalled = false;
	t->next = NULL;
	if (t->waiting)
		return;
	if (next)
		next(t->session);
	session_turn_end(t);
}

static void on_timeout(void *ctx)
{
	struct session_turn *t = ctx;

	/* The client waits for us, not we for it. */
	if (t->waiting)
		return;
	t->ops->timeout(t->session);
	session_turn_end(t);
}

static void on_closed(void *ctx, int reason)
{
	struct session_turn *t = ctx;

	(void)reason;
	t->conn = NULL;
	if (t->ops->gone)
		t->ops->gone(t->session);
	if (!t->waiting)
		t->ops->free(t->session);
}

void session_turn_begin(struct session_turn *t, struct conn *conn,
	const struct session_turn_ops *ops, void *session, struct strbuf *out)
{
	static const struct conn_events events = {
		.data = on_data, .drained = on_drained, .timeout = on_timeout, .closed = on_closed
	};

	*t = (struct session_turn){ .ops = ops, .session = session, .conn = conn, .out = out };
	conn_attach(conn, &events, t);
}

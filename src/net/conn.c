/*
 * conn.c: a connection: its life, its input, its time-outs. Output is conn_out.c's, bytes come from
 * the layers below (net.h).
 *
 *   OPEN ──conn_close, or peer ended and session not paused──▶ FLUSHING ──all sent──▶ GONE ─▶ freed
 *   OPEN, FLUSHING ──error, time-out, conn_abort, ETOOBIG────────────────────────────▶ GONE
 *
 * What a session's call asks for and what calls back is put off: the connection goes on the list
 * `turns`, which is run by a posted function. So a session is never called from inside its own
 * call, and no layer goes away while one of its functions runs.
 *
 * A connection has a budget. Its session may look at input for TURN_US in a round of the loop; what
 * is left then is stored, the socket is not read, and the connection goes to the end of `turns`.
 * Once a round has lasted CONN_READS_US in all, also who has not had his turn yet is put there; and
 * of `turns` as many are run in a round as fit in TURNS_US, in their order. So nobody waits longer
 * than it takes to give each other one a turn, whatever one of them sends.
 *
 * Invariants: in.p is NULL when nothing is stored. Reading is on exactly when wants_input.
 */
#include "net/conn_internal.h"

#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "loop/executor.h"
#include "loop/loop.h"

#include <stdlib.h>

#define INPUT_MAX_DEFAULT   65536
#define OUTPUT_HIGH_DEFAULT 262144
#define FLUSH_TIMEOUT_MS    30000 /* a peer that takes nothing for so long is gone */
#define TURN_US             2000
#define TURNS_US            5000
#define TAKE_GRACE_MS       120000 /* with a peer that takes less than … */
#define TAKE_RATE           500    /* … so many bytes a second of what is written to it */

static struct {
	struct list conns; /* zeroed until the first one */
	struct list turns;
	size_t count;
	uint64_t last_id;
	bool posted; /* run_turns is on its way */
} net;

/* ---- turns ---- */

static void run_turns(void *arg)
{
	(void)arg;
	net.posted = false;
	conn_run_turns();
}

static void post_turns(void)
{
	if (net.posted)
		return;
	net.posted = true;
	exec_post(exec_loop(), run_turns, NULL);
}

void conn_later(struct conn *c)
{
	if (!list_linked(&c->turn))
		list_push(&net.turns, &c->turn);
	post_turns();
}

static void conn_free(struct conn *c)
{
	timer_stop(&c->timer);
	if (c->events)
		c->events->closed(c->ctx, c->reason);
	if (c->setup.gone)
		c->setup.gone(c->setup.owner, &c->info);
	c->top->ops->close(c->top, c->polite);
	conn_out_clear(c);
	strbuf_free(&c->in);
	list_remove(&c->turn);
	list_remove(&c->all);
	net.count--;
	free(c);
}

void conn_gone(struct conn *c, int reason, bool polite)
{
	if (c->state == CONN_GONE)
		return;
	c->state = CONN_GONE;
	c->reason = reason;
	c->polite = polite;
	c->top->ops->read(c->top, false);
	conn_later(c);
}

/* ---- input ---- */

static bool wants_input(const struct conn *c)
{
	if (c->state == CONN_FLUSHING)
		return !c->ended; /* read and dropped: a TLS handshake may still have to end */
	return c->state == CONN_OPEN && c->events && !c->paused && !c->start_tls && !c->ended &&
	       !c->full && !c->offer_due && c->in.n < c->input_max;
}

static void update_reading(struct conn *c)
{
	if (c->state != CONN_GONE)
		c->top->ops->read(c->top, wants_input(c));
}

static bool may_offer(const struct conn *c)
{
	return c->state == CONN_OPEN && c->events && !c->paused && !c->start_tls && !c->full;
}

static bool had_turn(const struct conn *c)
{
	return c->round == loop_round() &&
	       c->used_us + (c->begun_us ? exec_now_us() - c->begun_us : 0) > TURN_US;
}

bool conn_turn_over(const struct conn *c)
{
	return c->full || had_turn(c);
}

int64_t conn_input_age_us(const struct conn *c)
{
	return c->input_us ? exec_now_us() - c->input_us : 0;
}

static void begin_turn(struct conn *c)
{
	if (c->round != loop_round()) {
		c->round = loop_round();
		c->used_us = 0;
	}
	c->begun_us = exec_now_us();
}

static void end_turn(struct conn *c)
{
	c->used_us += exec_now_us() - c->begun_us;
	c->begun_us = 0;
}

void conn_offer_later(struct conn *c)
{
	c->offer_due = true;
	conn_later(c);
}

/* Offers `in` as long as some of it is consumed; returns how much is left, at the end. */
static size_t offer(struct conn *c, struct slice in)
{
	bool over = had_turn(c);

	while (in.n && may_offer(c) && !over) {
		size_t used;

		begin_turn(c);
		c->calls++;
		used = c->events->data(c->ctx, in);
		c->calls--;
		end_turn(c);
		INVARIANT(used <= in.n);
		in = slice_skip(in, used);
		over = had_turn(c);
		if (used == 0 && !over)
			break;
	}
	if (in.n && may_offer(c) && over)
		conn_offer_later(c);
	else if (may_offer(c) && in.n >= c->input_max)
		conn_gone(c, HEARTH_ETOOBIG, false);
	return in.n;
}

static void begin_flushing(struct conn *c, int reason)
{
	c->state = CONN_FLUSHING;
	c->reason = reason;
	c->grace_us = 0;
	if (c->timeout_ms == 0 || c->timeout_ms > FLUSH_TIMEOUT_MS)
		conn_set_timeout(c, FLUSH_TIMEOUT_MS);
}

/* The peer has no more to say, and the session has seen it all: nothing more can come of it. */
static void check_end(struct conn *c)
{
	if (c->ended && may_offer(c) && !c->offer_due)
		begin_flushing(c, HEARTH_ECLOSED);
}

/* New bytes, or none to offer again what is stored. */
static void take_input(struct conn *c, struct slice in)
{
	size_t left;

	if (c->in.n == 0) {
		left = offer(c, in);
		if (left)
			strbuf_add(&c->in, slice_skip(in, in.n - left));
	} else {
		strbuf_add(&c->in, in);
		left = offer(c, strbuf_slice(&c->in));
		strbuf_consume(&c->in, c->in.n - left);
	}
	if (c->in.n == 0 || c->state != CONN_OPEN || c->start_tls)
		strbuf_free(&c->in);
	check_end(c);
	update_reading(c);
	conn_flush(c);
}

static size_t up_room(void *above)
{
	const struct conn *c = above;

	return c->state == CONN_OPEN && c->in.n < c->input_max ? c->input_max - c->in.n
							       : c->input_max;
}

static void up_received(void *above, struct slice in)
{
	struct conn *c = above;

	if (c->setup.bytes_in)
		metric_add(c->setup.bytes_in, (int64_t)in.n);
	if (c->state != CONN_OPEN)
		return;
	conn_alive(c);
	conn_pace_take(c, in.n);
	if (c->in.n == 0)
		c->input_us = exec_now_us();
	if (!c->offer_due && loop_busy_us() < CONN_READS_US) {
		take_input(c, in);
		return;
	}
	strbuf_add(&c->in, in);
	conn_offer_later(c);
	update_reading(c);
}

static void up_ended(void *above)
{
	struct conn *c = above;

	c->ended = true;
	check_end(c);
	update_reading(c);
	conn_flush(c);
}

static void up_failed(void *above, int reason)
{
	conn_gone(above, reason, false);
}

static const struct layer_up conn_up = {
	.room = up_room,
	.received = up_received,
	.ended = up_ended,
	.sent = conn_sent,
	.failed = up_failed,
};

static void take_turn(struct conn *c)
{
	if (c->state == CONN_GONE) {
		conn_free(c);
		return;
	}
	if (c->offer_due) {
		c->offer_due = false;
		take_input(c, (struct slice){ 0 });
		return;
	}
	update_reading(c);
	conn_flush(c);
}

void conn_run_turns(void)
{
	int64_t begun_us = exec_now_us();
	struct list_node end = { 0 }, *it;

	if (!net.turns.head.next)
		return;
	/* What is put off from here on waits for the next time. */
	list_push(&net.turns, &end);
	while ((it = list_pop(&net.turns)) != &end) {
		take_turn(LIST_ENTRY(it, struct conn, turn));
		if (exec_now_us() - begun_us > TURNS_US)
			break;
	}
	list_remove(&end);
	if (!list_empty(&net.turns))
		post_turns();
}

/* ---- time ---- */

static void on_timer(void *arg)
{
	struct conn *c = arg;
	int64_t left_us =
		c->timeout_ms ? c->alive_us + c->timeout_ms * 1000 - exec_now_us() : INT64_MAX;
	int64_t pace_us = conn_pace_left_us(c), take_us = conn_take_left_us(c);

	if (pace_us < left_us)
		left_us = pace_us;
	if (take_us < left_us)
		left_us = take_us;
	if (c->state == CONN_GONE || left_us == INT64_MAX)
		return;
	if (left_us > 0) {
		timer_start(&c->timer, (left_us + 999) / 1000, 0, on_timer, c);
		return;
	}
	/* There is nothing to be said to who does not read. */
	if (take_us <= 0 || c->state == CONN_FLUSHING || !c->events || !c->events->timeout) {
		conn_gone(c, HEARTH_ETIMEOUT, false);
		return;
	}
	c->calls++;
	c->events->timeout(c->ctx);
	c->calls--;
	if (pace_us <= 0 && c->state == CONN_OPEN)
		conn_set_pace(c, c->grace_us / 1000, c->bytes_per_s);
	if (!c->timer.owner && c->state == CONN_OPEN)
		conn_set_timeout(c, c->timeout_ms);
	take_turn(c);
}

/* The timer is not moved at each sign of life: when it fires it looks when the last one was. */
void conn_alive(struct conn *c)
{
	c->alive_us = exec_now_us();
}

void conn_set_timeout(struct conn *c, int64_t ms)
{
	if (c->state == CONN_GONE)
		return;
	c->timeout_ms = ms;
	conn_alive(c);
	if (ms > 0)
		conn_timer_within(c, ms * 1000);
	else if (c->grace_us == 0 && !c->take.waiting_us)
		timer_stop(&c->timer);
}

void conn_timer_within(struct conn *c, int64_t us)
{
	if (!c->timer.owner || c->timer.due_us > exec_now_us() + us)
		timer_start(&c->timer, us > 0 ? (us + 999) / 1000 : 1, 0, on_timer, c);
}

/* ---- what a session calls ---- */

struct conn *conn_new(
	struct layer *transport, const struct conn_info *info, const struct conn_setup *setup)
{
	static const struct conn_listener defaults = {
		.input_max = INPUT_MAX_DEFAULT,
		.output_high = OUTPUT_HIGH_DEFAULT,
	};
	const struct conn_listener *limits = setup->limits ? setup->limits : &defaults;
	struct conn *c = mem_zalloc(sizeof(*c));

	if (!net.conns.head.next) {
		list_init(&net.conns);
		list_init(&net.turns);
	}
	c->info = *info;
	c->info.id = ++net.last_id;
	c->info.confidential |= c->info.tls || c->info.loopback;
	c->setup = *setup;
	c->last = &c->first;
	c->top = transport;
	transport->up = &conn_up;
	transport->above = c;
	list_push(&net.conns, &c->all);
	net.count++;
	conn_set_limits(c, limits->input_max, limits->output_high);
	conn_set_timeout(c, limits->timeout_ms);
	conn_set_take_pace(c, TAKE_GRACE_MS, TAKE_RATE);
	return c;
}

void conn_attach(struct conn *c, const struct conn_events *events, void *ctx)
{
	c->events = events;
	c->ctx = ctx;
	conn_offer_later(c);
}

const struct conn_info *conn_info(const struct conn *c)
{
	return &c->info;
}

void conn_pause(struct conn *c)
{
	c->paused = true;
	conn_pace_pause(c, true);
	update_reading(c);
}

void conn_resume(struct conn *c)
{
	c->paused = false;
	conn_pace_pause(c, false);
	conn_offer_later(c);
}

bool conn_can_start_tls(const struct conn *c)
{
	return c->setup.tls && !c->info.tls && !c->start_tls;
}

int conn_start_tls(struct conn *c)
{
	if (!conn_can_start_tls(c) || c->state != CONN_OPEN)
		return HEARTH_EUNSUPPORTED;
	/* From here on nothing is read until TLS is on top; what is stored is dropped then. */
	c->start_tls = true;
	c->clear_n = c->out_n;
	update_reading(c);
	conn_later(c);
	return 0;
}

void conn_push_tls(struct conn *c)
{
	strbuf_free(&c->in);
	c->start_tls = false;
	c->info.tls = c->info.confidential = true;
	c->top = tls_layer_new(c->setup.tls, c->top, c->setup.alpn, &c->info);
	c->top->up = &conn_up;
	c->top->above = c;
	update_reading(c);
}

void conn_set_limits(struct conn *c, size_t input_max, size_t output_high)
{
	INVARIANT(input_max > 0 && output_high > 0);
	c->input_max = input_max;
	c->output_high = output_high;
	update_reading(c);
}

void conn_expect(struct conn *c, size_t n)
{
	if (c->state == CONN_OPEN && c->top->ops->expect)
		c->top->ops->expect(c->top, n);
}

void conn_close(struct conn *c)
{
	if (c->state != CONN_OPEN)
		return;
	begin_flushing(c, 0);
	conn_later(c);
}

bool conn_is_deaf(const struct conn *c)
{
	return c->state == CONN_GONE || (c->top->ops->deaf && c->top->ops->deaf(c->top));
}

bool conn_has_left(const struct conn *c)
{
	return c->state == CONN_GONE || c->ended ||
	       (c->top->ops->left && c->top->ops->left(c->top));
}

void conn_abort(struct conn *c, int reason)
{
	conn_gone(c, reason, false);
}

void conn_pair(struct conn **near, struct conn **far)
{
	struct conn_info info = { .peer = "127.0.0.1", .local = "127.0.0.1", .loopback = true };
	struct conn_setup setup = { 0 };
	struct layer *a, *b;

	memory_layer_pair(&a, &b);
	*near = conn_new(a, &info, &setup);
	*far = conn_new(b, &info, &setup);
}

size_t net_conn_count(void)
{
	return net.count;
}

void net_close_all(void)
{
	if (!net.conns.head.next)
		return;
	LIST_FOREACH (&net.conns, it)
		conn_gone(LIST_ENTRY(it, struct conn, all), HEARTH_ECLOSED, false);
	while (net.count > 0)
		conn_run_turns();
	tcp_close_all();
	net.posted = false; /* the loop may end before it gets there */
}

/*
 * conn_input.c: what comes: it is offered to the session where it lies, and only what that leaves
 * is stored.
 *
 * A connection has a budget. Its session may look at input for TURN_US in a round of the loop; what
 * is left then is stored, the socket is not read, and the connection goes to the end of those who
 * wait for a turn (conn_turns.c). Once a round has lasted CONN_READS_US in all, also who has not had
 * his turn yet is put there.
 *
 * Invariants: in.p is NULL when nothing is stored. Reading is on exactly when wants_input. Bounded
 * by input_max, and with TLS one record more. On the loop.
 */
#include "net/conn_internal.h"

#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "loop/executor.h"
#include "loop/loop.h"

#define FLUSH_TIMEOUT_MS 30000 /* a peer that takes nothing for so long is gone */
#define TURN_US          2000

static bool wants_input(const struct conn *c)
{
	if (c->state == CONN_FLUSHING)
		return !c->ended; /* read and dropped: a TLS handshake may still have to end */
	return c->state == CONN_OPEN && c->events && !c->paused && !c->start_tls && !c->ended &&
	       !c->full && !c->offer_due && c->in.n < c->input_max;
}

void conn_update_reading(struct conn *c)
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

	INVARIANT(c->calls == 0);
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

void conn_begin_flushing(struct conn *c, int reason)
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
		conn_begin_flushing(c, HEARTH_ECLOSED);
}

/* New bytes, or none to offer again what is stored. */
void conn_take_input(struct conn *c, struct slice in)
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
	conn_update_reading(c);
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
		conn_take_input(c, in);
		return;
	}
	strbuf_add(&c->in, in);
	conn_offer_later(c);
	conn_update_reading(c);
}

static void up_ended(void *above)
{
	struct conn *c = above;

	c->ended = true;
	check_end(c);
	conn_update_reading(c);
	conn_flush(c);
}

static void up_failed(void *above, int reason)
{
	conn_gone(above, reason, false);
}

static void up_secured(void *above)
{
	struct conn *c = above;

	if (c->state != CONN_OPEN || !c->events || !c->events->secured)
		return;
	c->calls++;
	c->events->secured(c->ctx);
	c->calls--;
	conn_later(c);
}

const struct layer_up conn_layer_up = {
	.room = up_room,
	.received = up_received,
	.ended = up_ended,
	.sent = conn_sent,
	.secured = up_secured,
	.failed = up_failed,
};

/*
 * conn_pace.c: the least rates of a connection: of what comes (conn_set_pace) and of what is written
 * (conn_set_take_pace). Who sends or takes a byte now and then shows signs of life for ever; here
 * the patience with them runs out, while what they have to wait for us is not held against them.
 * On the loop.
 */
#include "net/conn_internal.h"

#include "loop/executor.h"

/* What is left at this moment. */
int64_t conn_pace_left_us(const struct conn *c)
{
	if (c->grace_us == 0)
		return INT64_MAX;
	return c->patience_us - (c->waiting_us ? exec_now_us() - c->waiting_us : 0);
}

/* Settles what was waited so far, and starts to count anew. */
static void settle(struct conn *c, bool waiting)
{
	c->patience_us = conn_pace_left_us(c);
	c->waiting_us = waiting ? exec_now_us() : 0;
}

void conn_pace_take(struct conn *c, size_t n)
{
	if (c->grace_us == 0 || c->bytes_per_s == 0)
		return;
	settle(c, c->waiting_us != 0);
	c->patience_us += (int64_t)n * 1000000 / c->bytes_per_s;
	if (c->patience_us > c->grace_us)
		c->patience_us = c->grace_us;
}

void conn_pace_pause(struct conn *c, bool paused)
{
	if (c->grace_us == 0 || paused == (c->waiting_us == 0))
		return;
	settle(c, !paused);
	if (!paused)
		conn_timer_within(c, c->patience_us);
}

void conn_set_pace(struct conn *c, int64_t grace_ms, int64_t bytes_per_s)
{
	if (c->state != CONN_OPEN)
		return;
	c->grace_us = c->patience_us = grace_ms * 1000;
	c->bytes_per_s = bytes_per_s;
	c->waiting_us = grace_ms && !c->paused ? exec_now_us() : 0;
	if (c->waiting_us)
		conn_timer_within(c, c->patience_us);
}

/* ---- what is written ---- */

/* What was waited so far is used up, and n bytes that were taken give some of it back. */
static void take_settle(struct conn *c, size_t n)
{
	int64_t now_us = exec_now_us();

	c->take.patience_us += (int64_t)n * 1000000 / c->take.bytes_per_s;
	c->take.patience_us -= now_us - c->take.waiting_us;
	if (c->take.patience_us > c->take.grace_us)
		c->take.patience_us = c->take.grace_us;
	c->take.waiting_us = now_us;
}

void conn_take_queued(struct conn *c)
{
	if (c->take.grace_us == 0 || c->take.waiting_us)
		return;
	c->take.waiting_us = exec_now_us();
	conn_timer_within(c, c->take.patience_us);
}

void conn_take_done(struct conn *c, size_t n)
{
	size_t seen = n < c->take.seen ? n : c->take.seen;

	if (!c->take.waiting_us)
		return;
	c->take.seen -= seen;
	take_settle(c, n - seen);
	if (c->out_n == 0) {
		c->take.waiting_us = 0;
		c->take.seen = 0;
		c->take.patience_us = c->take.grace_us;
	}
}

/* A send under way is done with only as a whole; what the system has of it counts meanwhile. */
int64_t conn_take_left_us(struct conn *c)
{
	size_t taken;

	if (!c->take.waiting_us)
		return INT64_MAX;
	taken = c->top->ops->taken ? c->top->ops->taken(c->top) : 0;
	take_settle(c, taken > c->take.seen ? taken - c->take.seen : 0);
	if (taken > c->take.seen)
		c->take.seen = taken;
	return c->take.patience_us;
}

void conn_set_take_pace(struct conn *c, int64_t grace_ms, int64_t bytes_per_s)
{
	c->take.grace_us = c->take.patience_us = bytes_per_s ? grace_ms * 1000 : 0;
	c->take.bytes_per_s = bytes_per_s;
	c->take.waiting_us = 0;
	c->take.seen = 0;
	if (c->out_n && c->state != CONN_GONE)
		conn_take_queued(c);
}

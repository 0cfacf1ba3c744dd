/*
 * conn_pace.c: the least rate of a connection (conn_set_pace). Who sends a byte now and then shows
 * signs of life for ever; here the patience with them runs out, while what they have to wait for us
 * is not held against them.
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

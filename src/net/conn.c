/*
 * conn.c: a connection: its life, its time-outs, and what a session asks of it. Input is
 * conn_input.c's, output conn_out.c's, turns conn_turns.c's; bytes come from the layers below
 * (net.h).
 *
 *   OPEN ──conn_close, or peer ended and session not paused──▶ FLUSHING ──all sent──▶ GONE ─▶ freed
 *   OPEN, FLUSHING ──error, time-out, conn_abort, ETOOBIG────────────────────────────▶ GONE
 *
 * On the loop.
 */
#include "net/conn_internal.h"
#include "net/tls.h"

#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "loop/executor.h"
#include "loop/loop.h"

#include <stdlib.h>

#define INPUT_MAX_DEFAULT   65536
#define OUTPUT_HIGH_DEFAULT 262144
#define TAKE_GRACE_MS       120000 /* with a peer that takes less than … */
#define TAKE_RATE           500    /* … so many bytes a second of what is written to it */

static struct {
	struct list conns; /* zeroed until the first one */
	size_t count;
	uint64_t last_id;
} net;

static void conn_free(struct conn *c)
{
	INVARIANT(c->state == CONN_GONE && c->calls == 0);
	timer_stop(&c->timer);
	if (c->events)
		c->events->closed(c->ctx, c->reason);
	if (c->setup.gone)
		c->setup.gone(c->setup.owner, &c->info);
	c->top->ops->close(c->top, c->polite);
	conn_out_clear(c);
	strbuf_free(&c->in);
	tls_client_free(c->client_tls); /* where it ended before that began */
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

void conn_take_turn(struct conn *c)
{
	INVARIANT(c->calls == 0);
	if (c->state == CONN_GONE) {
		conn_free(c);
		return;
	}
	if (c->offer_due) {
		c->offer_due = false;
		conn_take_input(c, (struct slice){ 0 });
		return;
	}
	conn_update_reading(c);
	conn_flush(c);
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
	conn_take_turn(c);
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

	INVARIANT(exec_current() == exec_loop());
	if (!net.conns.head.next)
		list_init(&net.conns);
	c->info = *info;
	c->info.id = ++net.last_id;
	c->info.confidential |= c->info.tls || c->info.loopback;
	c->setup = *setup;
	c->last = &c->first;
	c->top = transport;
	transport->up = &conn_layer_up;
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
	conn_update_reading(c);
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

/* From here on nothing is read until TLS is on top; what is stored is dropped then. */
static int start_tls(struct conn *c)
{
	c->start_tls = true;
	c->clear_n = c->out_n;
	conn_update_reading(c);
	conn_later(c);
	return 0;
}

int conn_start_tls(struct conn *c)
{
	if (!conn_can_start_tls(c) || c->state != CONN_OPEN)
		return HEARTH_EUNSUPPORTED;
	return start_tls(c);
}

int conn_start_tls_client(struct conn *c, const struct conn_tls_client *how)
{
	if (c->info.tls || c->start_tls || c->state != CONN_OPEN)
		return HEARTH_EUNSUPPORTED;
	c->client_tls = tls_client_new(how);
	return start_tls(c);
}

void conn_push_tls(struct conn *c)
{
	strbuf_free(&c->in);
	c->start_tls = false;
	c->info.tls = c->info.confidential = true;
	if (c->client_tls)
		c->top = tls_client_layer_new(c->client_tls, c->top, &c->info);
	else
		c->top = tls_layer_new(c->setup.tls, c->top, c->setup.alpn, &c->info);
	c->top->up = &conn_layer_up;
	c->top->above = c;
	conn_update_reading(c);
	if (c->client_tls)
		tls_client_begin(c->top);
	c->client_tls = NULL;
}

void conn_set_limits(struct conn *c, size_t input_max, size_t output_high)
{
	INVARIANT(input_max > 0 && output_high > 0);
	c->input_max = input_max;
	c->output_high = output_high;
	conn_update_reading(c);
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
	conn_begin_flushing(c, 0);
	conn_later(c);
}

int64_t conn_rtt_us(const struct conn *c)
{
	return c->state == CONN_OPEN && c->top->ops->rtt_us ? c->top->ops->rtt_us(c->top) : 0;
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
	conn_turns_forget();
}

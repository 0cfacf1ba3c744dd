/*
 * net_test.h: what the tests of net share: a session that writes down what it is told, and waiting
 * for something to become true on the loop.
 */
#ifndef HEARTH_TESTS_NET_TEST_H
#define HEARTH_TESTS_NET_TEST_H

#include "harness.h"

#include "hearth/arena.h"
#include "hearth/conn.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "loop/loop.h"
#include "net/net.h"

#define NOT_CLOSED 99

struct recorder {
	struct conn *c; /* NULL once closed */
	struct strbuf got;
	size_t got_n;     /* bytes consumed, also when they are not kept */
	size_t take_max;  /* bytes consumed in one call; 0: all */
	bool hold;        /* consume nothing */
	bool echo;        /* write back what comes */
	bool count_only;  /* do not keep what comes */
	bool pause_after; /* pause in each call of data */
	bool starttls;    /* answer the line "STARTTLS" with "go\n" and start TLS */
	int calls, drains, timeouts, in_call;
	int reason; /* of closed; NOT_CLOSED before */
};

static inline size_t recorder_data(void *ctx, struct slice in)
{
	struct recorder *r = ctx;
	size_t n = r->hold ? 0 : r->take_max && r->take_max < in.n ? r->take_max : in.n;

	ck_assert_int_eq(r->in_call++, 0);
	r->calls++;
	r->got_n += n;
	if (r->starttls && slice_starts(in, SLICE("STARTTLS\n"))) {
		r->starttls = false;
		n = 9;
		conn_write(r->c, SLICE("go\n"));
		ck_assert_int_eq(conn_start_tls(r->c), 0);
	} else if (!r->count_only) {
		strbuf_add(&r->got, slice_head(in, n));
	}
	if (r->echo)
		conn_write(r->c, slice_head(in, n));
	if (r->pause_after)
		conn_pause(r->c);
	r->in_call--;
	return n;
}

static inline void recorder_drained(void *ctx)
{
	struct recorder *r = ctx;

	ck_assert_int_eq(r->in_call, 0);
	r->drains++;
}

static inline void recorder_timeout(void *ctx)
{
	struct recorder *r = ctx;

	ck_assert_int_eq(r->in_call, 0);
	r->timeouts++;
}

static inline void recorder_closed(void *ctx, int reason)
{
	struct recorder *r = ctx;

	ck_assert_int_eq(r->in_call, 0);
	ck_assert_int_eq(r->reason, NOT_CLOSED);
	r->reason = reason;
	r->c = NULL;
}

static const struct conn_events recorder_events = {
	.data = recorder_data,
	.drained = recorder_drained,
	.timeout = recorder_timeout,
	.closed = recorder_closed,
};

static inline void recorder_attach(struct recorder *r, struct conn *c)
{
	r->c = c;
	r->reason = NOT_CLOSED;
	conn_attach(c, &recorder_events, r);
}

static inline int reached(void *arg)
{
	const size_t *const *pair = arg;

	return *pair[0] >= *pair[1];
}

/* Runs the loop until *value >= goal; fails after some seconds. */
static inline void wait_size(const size_t *value, size_t goal)
{
	const size_t *pair[2] = { value, &goal };

	ck_assert_msg(loop_run_until(reached, pair, 10000), "%zu of %zu", *value, goal);
}

static inline int is_closed(void *arg)
{
	return ((struct recorder *)arg)->reason != NOT_CLOSED;
}

static inline void wait_closed(struct recorder *r, int reason)
{
	ck_assert(loop_run_until(is_closed, r, 15000));
	ck_assert_int_eq(r->reason, reason);
}

static inline int never(void *arg)
{
	(void)arg;
	return 0;
}

/* Runs the loop for a while. */
static inline void run_for(int ms)
{
	loop_run_until(never, NULL, ms);
}

static inline void say(struct recorder *r, const char *text)
{
	conn_write(r->c, slice_str(text));
}

static inline void ck_got(struct recorder *r, const char *text)
{
	wait_size(&r->got.n, strlen(text));
	ck_assert_str_eq(r->got.p ? r->got.p : "", text);
}

#endif

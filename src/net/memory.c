/*
 * memory.c: two layers, each other's peer, for tests: what one sends the other receives in a later
 * turn of the loop. There is as little room in between as in a real socket, so that a session that
 * does not stop when told to is found out.
 */
#include "net/net.h"

#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/exec.h"

#include <stdlib.h>

#define ROOM 65536 /* bytes on their way in one direction */

struct memory {
	struct layer l;
	struct memory *peer; /* NULL once it is gone */
	struct strbuf in;    /* on their way to this side */
	int end;             /* behind `in` comes: nothing (0), the peer's end (1), a failure (2) */
	bool told;           /* … and it was told */
	bool reading;
	bool blocked; /* the sender waits for `sent` */
	bool posted;  /* deliver is on its way */
	bool closed;
};

static void deliver(void *arg);

static void post(struct memory *m)
{
	if (m->posted)
		return;
	m->posted = true;
	exec_post(exec_loop(), deliver, m);
}

/* Gives up what came in pieces as large as wanted; the session may stop reading in between. */
static void deliver_input(struct memory *m)
{
	while (m->reading && m->l.up && m->in.n) {
		struct strbuf taken = m->in;
		size_t n = m->l.up->room(m->l.above);

		if (n > taken.n)
			n = taken.n;
		m->in = (struct strbuf){ 0 };
		strbuf_add(&m->in, slice_skip(strbuf_slice(&taken), n));
		m->l.up->received(m->l.above, slice_of(taken.p, n));
		strbuf_free(&taken);
	}
}

static void deliver(void *arg)
{
	struct memory *m = arg;

	m->posted = false;
	if (m->closed) {
		strbuf_free(&m->in);
		free(m);
		return;
	}
	if (m->blocked && (!m->peer || m->peer->in.n < ROOM)) {
		m->blocked = false;
		m->l.up->sent(m->l.above, 0);
	}
	deliver_input(m);
	if (m->peer && m->peer->blocked && m->in.n < ROOM)
		post(m->peer);
	if (m->end && !m->told && m->l.up && m->in.n == 0 && (m->reading || m->end == 2)) {
		m->told = true;
		if (m->end == 1)
			m->l.up->ended(m->l.above);
		else
			m->l.up->failed(m->l.above, HEARTH_ECLOSED);
	}
}

static void memory_read(struct layer *l, bool on)
{
	struct memory *m = (struct memory *)l;

	m->reading = on;
	if (on)
		post(m);
}

static size_t memory_send(struct layer *l, const struct slice *v, size_t n)
{
	struct memory *m = (struct memory *)l, *peer = m->peer;
	size_t done = 0, total = 0;

	for (size_t i = 0; i < n; i++) {
		size_t room = peer && peer->in.n < ROOM ? ROOM - peer->in.n : 0;
		struct slice part = peer ? slice_head(v[i], room) : v[i];

		if (peer)
			strbuf_add(&peer->in, part);
		done += part.n;
		total += v[i].n;
	}
	if (peer)
		post(peer);
	m->blocked = done < total;
	return done;
}

static size_t memory_pending(const struct layer *l)
{
	(void)l;
	return 0;
}

static void memory_close(struct layer *l, bool polite)
{
	struct memory *m = (struct memory *)l;

	l->up = NULL;
	m->closed = true;
	if (m->peer) {
		m->peer->end = polite ? 1 : 2;
		m->peer->peer = NULL;
		post(m->peer);
	}
	post(m);
}

static const struct layer_ops ops = {
	.read = memory_read,
	.send = memory_send,
	.pending = memory_pending,
	.close = memory_close,
};

void memory_layer_pair(struct layer **near, struct layer **far)
{
	struct memory *a = mem_zalloc(sizeof(*a)), *b = mem_zalloc(sizeof(*b));

	a->l.ops = b->l.ops = &ops;
	a->peer = b;
	b->peer = a;
	*near = &a->l;
	*far = &b->l;
}

/*
 * conn_out.c: the output of a connection: a list of references to bytes, and at its end a buffer in
 * which small copies gather.
 *
 * Nothing is sent from inside conn_write: a session's replies of one turn go out together. `first`
 * to `*last` and then the tail are in order; the tail is sealed into a piece when a reference comes
 * behind it or when it is sent. While `sending`, the layer holds on to the bytes of the pieces. On
 * the loop. Bounded by output_high and one answer of the session: at that mark it is told to stop.
 */
#include "net/conn_internal.h"

#include "hearth/metric.h"
#include "loop/loop.h"

#include <stdlib.h>

#define TAIL_MAX 16384 /* copies gather up to this; larger ones are pieces of their own */

static void push_piece(struct conn *c, struct buf *b)
{
	struct conn_piece *piece = mem_alloc(sizeof(*piece));

	*piece = (struct conn_piece){ .b = b };
	*c->last = piece;
	c->last = &piece->next;
}

static void seal_tail(struct conn *c)
{
	if (c->tail.n)
		push_piece(c, buf_from_strbuf(&c->tail));
}

/* Bytes came into the queue: have them sent, and say whether there is room for more. */
static bool queued(struct conn *c)
{
	if (c->calls == 0)
		conn_later(c);
	if (c->out_n)
		conn_take_queued(c);
	if (c->out_n < c->output_high)
		return true;
	c->full = true;
	return false;
}

bool conn_write(struct conn *c, struct slice s)
{
	if (c->state != CONN_OPEN)
		return false;
	if (c->tail.n && c->tail.n + s.n > TAIL_MAX)
		seal_tail(c);
	strbuf_add(&c->tail, s);
	c->out_n += s.n;
	return queued(c);
}

bool conn_write_buf(struct conn *c, struct buf *b)
{
	if (c->state != CONN_OPEN)
		return false;
	if (b->n) {
		seal_tail(c);
		push_piece(c, buf_ref(b));
	}
	c->out_n += b->n;
	return queued(c);
}

size_t conn_pending(const struct conn *c)
{
	return c->out_n + (c->state == CONN_GONE ? 0 : c->top->ops->pending(c->top));
}

static void pop_piece(struct conn *c)
{
	struct conn_piece *piece = c->first;

	c->first = piece->next;
	if (!c->first)
		c->last = &c->first;
	buf_unref(&piece->b);
	free(piece);
}

void conn_out_clear(struct conn *c)
{
	while (c->first)
		pop_piece(c);
	strbuf_free(&c->tail);
	c->out_n = 0;
}

static void consume(struct conn *c, size_t n)
{
	if (n == 0)
		return;
	conn_alive(c);
	c->out_n -= n;
	c->clear_n -= c->start_tls ? n : 0;
	conn_take_done(c, n);
	if (c->setup.bytes_out)
		metric_add(c->setup.bytes_out, (int64_t)n);
	while (n > 0) {
		size_t left = c->first->b->n - c->first->done;

		if (n < left) {
			c->first->done += n;
			return;
		}
		n -= left;
		pop_piece(c);
	}
}

/* How many bytes may go down the stack as it is now. */
static size_t sendable(const struct conn *c)
{
	return c->start_tls ? c->clear_n : c->out_n;
}

#define FILE_MIN 16384 /* of less a copy is as cheap */

/*
 * The pieces in order, up to one that lies in a file, which the layer below may be able to send
 * without a copy.
 */
static void send_some(struct conn *c)
{
	const struct layer_ops *ops = c->top->ops;
	struct slice v[LAYER_VECTOR_MAX];
	size_t count = 0, total = 0, max = sendable(c), done;
	uint64_t offset = 0;
	int fd = -1;

	seal_tail(c);
	for (struct conn_piece *p = c->first; count < LAYER_VECTOR_MAX && total < max && fd < 0;
		p = p->next) {
		v[count] = slice_head(slice_skip(buf_slice(p->b), p->done), max - total);
		if (ops->send_file && v[count].n >= FILE_MIN)
			fd = buf_file(p->b, &offset);
		offset += p->done;
		total += v[count++].n;
	}
	done = fd >= 0 ? ops->send_file(c->top, v, count, fd, offset) : ops->send(c->top, v, count);
	c->sending = done < total;
	consume(c, done);
}

/* Everything is on its way: whatever waited for that. */
static void all_sent(struct conn *c)
{
	if (c->top->ops->pending(c->top) > 0)
		return;
	if (c->state == CONN_FLUSHING)
		conn_gone(c, c->reason, true);
	else if (c->start_tls)
		conn_push_tls(c);
}

void conn_flush(struct conn *c)
{
	while (c->state != CONN_GONE && !c->sending && sendable(c) > 0)
		send_some(c);
	if (c->state != CONN_GONE && !c->sending)
		all_sent(c);
	if (c->state != CONN_OPEN || !c->full || c->out_n > c->output_high / 2)
		return;
	/* Once only: who refills as fast as the peer reads must not keep the loop to itself. */
	c->full = false;
	conn_offer_later(c);
	if (c->events && c->events->drained) {
		c->calls++;
		c->events->drained(c->ctx);
		c->calls--;
	}
	if (c->out_n > 0 || c->state != CONN_OPEN)
		conn_later(c);
}

void conn_sent(void *above, size_t n)
{
	struct conn *c = above;

	c->sending = false;
	consume(c, n);
	if (loop_busy_us() < CONN_READS_US)
		conn_flush(c);
	else
		conn_later(c);
}

/*
 * tcp.c: a TCP socket as the lowest layer, on libuv.
 *
 *   OPEN ──close, polite──▶ LINGERING ──peer ended, or LINGER_MS──▶ closing ──▶ freed
 *     └────close, not polite, net_close_all────────────────────────────▲
 *
 * LINGERING: FIN was sent, what still comes is read and dropped. Closing a socket with unread bytes
 * would send a reset, and that may overtake the last reply: the 413 to a body nobody wanted. Who
 * pours on is not read any more after LINGER_BYTES: the sender waits, and has time to see the
 * reply.
 *
 * A write that fails is no reason to drop what the peer sent before it left: who closes with our
 * replies unread resets the connection, and its last words may still wait in the socket. From then
 * on what is written goes nowhere, and the end is reported where the input ends, as if the peer had
 * closed its side; after SWALLOW_MAX bytes nobody can be meant any more.
 *
 * All sockets read into one buffer, so one that is idle has none. What the system does not take at
 * once is written from the caller's memory (uv_write), which the caller keeps until `sent`. Bytes that
 * also lie in a file in memory go by their pages (sendfile), without a copy. On the loop.
 */
#include "net/net.h"

#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/list.h"
#include "hearth/log.h"
#include "loop/loop.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_MAX     65536
#define LINGER_MS    2000
#define LINGER_BYTES (2u << 20)
#define SWALLOW_MAX  (1u << 20)

struct tcp {
	struct layer l;
	uv_tcp_t uv;
	struct list_node node;
	struct timer linger;
	size_t writing;   /* bytes of the uv_write in flight */
	size_t dropped;   /* bytes read while lingering */
	size_t swallowed; /* bytes written since a write failed */
	bool reading, ended;
	bool deaf; /* a write failed: the peer takes nothing any more */
};

static struct list sockets; /* zeroed until the first one */
static char read_buffer[READ_MAX];

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void tcp_destroy(struct tcp *t)
{
	if (uv_is_closing((uv_handle_t *)&t->uv))
		return;
	timer_stop(&t->linger);
	list_remove(&t->node);
	uv_close((uv_handle_t *)&t->uv, on_closed);
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct tcp *t = handle->data;
	size_t room = t->l.up ? t->l.up->room(t->l.above) : READ_MAX;

	(void)suggested;
	*out = uv_buf_init(read_buffer, room < READ_MAX ? (unsigned)room : READ_MAX);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct tcp *t = stream->data;

	if (n > 0 && t->l.up) {
		t->l.up->received(t->l.above, slice_of(buf->base, (size_t)n));
	} else if (n > 0) {
		t->dropped += (size_t)n;
		if (t->dropped > LINGER_BYTES)
			uv_read_stop(stream);
	} else if (n < 0) {
		uv_read_stop(stream);
		t->reading = false;
		t->ended = true;
		t->deaf |= n != UV_EOF;
		if (!t->l.up)
			tcp_destroy(t);
		else
			t->l.up->ended(t->l.above);
	}
}

static void tcp_read(struct layer *l, bool on)
{
	struct tcp *t = (struct tcp *)l;

	if (on == t->reading || t->ended)
		return;
	t->reading = on;
	if (on)
		uv_read_start((uv_stream_t *)&t->uv, on_alloc, on_read);
	else
		uv_read_stop((uv_stream_t *)&t->uv);
}

/* ---- writing ---- */

/* These bytes cannot be written: true when that is passed over, for the sake of what is unread. */
static bool swallow(struct tcp *t, size_t n)
{
	t->deaf = true;
	t->swallowed += n;
	return !t->ended && t->swallowed <= SWALLOW_MAX;
}

static void on_written(uv_write_t *req, int status)
{
	struct tcp *t = req->data;
	size_t n = t->writing;

	free(req);
	t->writing = 0;
	if (!t->l.up)
		return;
	if (status < 0 && !swallow(t, n))
		t->l.up->failed(t->l.above, HEARTH_ECLOSED);
	else
		t->l.up->sent(t->l.above, n);
}

/* Has libuv write what is left of `v` behind the first `done` bytes. False: it refuses. */
static bool write_rest(struct tcp *t, uv_buf_t *v, unsigned n, size_t done)
{
	uv_write_t *req;
	unsigned i = 0;

	for (; done >= v[i].len; i++)
		done -= v[i].len;
	v[i] = uv_buf_init(v[i].base + done, (unsigned)(v[i].len - done));
	for (unsigned j = i; j < n; j++)
		t->writing += v[j].len;
	req = mem_alloc(sizeof(*req));
	req->data = t;
	if (uv_write(req, (uv_stream_t *)&t->uv, v + i, n - i, on_written) == 0)
		return true;
	free(req);
	t->writing = 0;
	return false;
}

static size_t send_to_nobody(struct tcp *t, size_t total)
{
	if (swallow(t, total))
		return total;
	t->l.up->failed(t->l.above, HEARTH_ECLOSED);
	return 0;
}

#define WAKE_BYTES 4096

/*
 * Writes what the socket takes, by sendmsg: a shorter way through the system than libuv's write to a
 * file. True when all of it is written; else how much is in *done, and < 0 there is an error.
 */
static bool write_now(int fd, const uv_buf_t *bufs, size_t n, int flags, ssize_t *done)
{
	struct iovec v[LAYER_VECTOR_MAX];
	struct msghdr message = { .msg_iov = v, .msg_iovlen = n };
	size_t total = 0;

	for (size_t i = 0; i < n; i++) {
		v[i] = (struct iovec){ bufs[i].base, bufs[i].len };
		total += bufs[i].len;
	}
	*done = n ? sendmsg(fd, &message, flags | MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
	if (*done < 0 && (errno == EAGAIN || errno == EINTR))
		*done = 0;
	return *done == (ssize_t)total;
}

/* As much of the file as the socket takes; < 0: an error. */
static ssize_t send_pages(int to, int fd, uint64_t offset, size_t n)
{
	off_t at = (off_t)offset;
	size_t done = 0;
	ssize_t rc = 1;

	while (done < n && rc > 0) {
		rc = sendfile(to, fd, &at, n - done);
		done += rc > 0 ? (size_t)rc : 0;
	}
	return rc < 0 && errno != EAGAIN && errno != EINTR ? rc : (ssize_t)done;
}

/*
 * The socket is in libuv's poll and nobody else's, so what tells us of room for more pages is a small
 * write by libuv: of what is left of the head, or the next bytes of the file.
 */
static size_t tcp_send_file(
	struct layer *l, const struct slice *v, size_t n, int fd, uint64_t offset)
{
	struct tcp *t = (struct tcp *)l;
	uv_buf_t bufs[LAYER_VECTOR_MAX];
	struct slice file = v[n - 1];
	size_t total = 0, done;
	ssize_t head = 0, pages = 0;
	uv_os_fd_t to;
	bool begun;

	INVARIANT(n > 0 && n <= LAYER_VECTOR_MAX && !t->writing);
	for (size_t i = 0; i < n; i++) {
		bufs[i] = uv_buf_init((char *)(uintptr_t)v[i].p, (unsigned)v[i].n);
		total += v[i].n;
	}
	if (t->deaf || uv_fileno((uv_handle_t *)&t->uv, &to) < 0)
		return send_to_nobody(t, total);
	/* MSG_MORE: the file's beginning comes in the same packet as what goes before it. */
	begun = write_now(to, bufs, n - 1, MSG_MORE, &head);
	if (begun)
		pages = send_pages(to, fd, offset, file.n);
	if (head < 0 || pages < 0)
		return send_to_nobody(t, total);
	done = (size_t)head + (size_t)pages;
	if (done == total)
		return done;
	/* Of the file no more than this: the rest goes by its pages again. */
	if (begun && (size_t)pages + WAKE_BYTES < file.n)
		bufs[n - 1].len = (size_t)pages + WAKE_BYTES;
	if (!write_rest(t, bufs, (unsigned)(begun ? n : n - 1), done))
		return send_to_nobody(t, total);
	return done;
}

static size_t tcp_send(struct layer *l, const struct slice *v, size_t n)
{
	struct tcp *t = (struct tcp *)l;
	uv_buf_t bufs[LAYER_VECTOR_MAX];
	size_t total = 0;
	ssize_t done;
	uv_os_fd_t to;

	INVARIANT(n > 0 && n <= LAYER_VECTOR_MAX && !t->writing);
	for (size_t i = 0; i < n; i++) {
		bufs[i] = uv_buf_init((char *)(uintptr_t)v[i].p, (unsigned)v[i].n);
		total += v[i].n;
	}
	if (t->deaf || uv_fileno((uv_handle_t *)&t->uv, &to) < 0)
		return send_to_nobody(t, total);
	if (write_now(to, bufs, n, 0, &done))
		return total;
	if (done < 0 || !write_rest(t, bufs, (unsigned)n, (size_t)done))
		return send_to_nobody(t, total);
	return (size_t)done;
}

static size_t tcp_pending(const struct layer *l)
{
	(void)l; /* what is being written still counts as the caller's */
	return 0;
}

static size_t tcp_taken(const struct layer *l)
{
	const struct tcp *t = (const struct tcp *)l;
	size_t left = uv_stream_get_write_queue_size((const uv_stream_t *)&t->uv);

	return t->writing > left ? t->writing - left : 0;
}

static bool tcp_deaf(const struct layer *l)
{
	return ((const struct tcp *)l)->deaf;
}

/* Asks the system: while nothing is read, it alone has seen the peer's FIN. */
static bool tcp_left(const struct layer *l)
{
	const struct tcp *t = (const struct tcp *)l;
	struct pollfd p = { .events = POLLRDHUP };

	if (t->ended || t->deaf || uv_fileno((const uv_handle_t *)&t->uv, &p.fd) < 0)
		return true;
	return poll(&p, 1, 0) > 0;
}

/* ---- the end ---- */

static void on_late(void *arg)
{
	tcp_destroy(arg);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
	struct tcp *t = req->data;

	free(req);
	if (status < 0 || t->ended)
		tcp_destroy(t);
}

static void tcp_close(struct layer *l, bool polite)
{
	struct tcp *t = (struct tcp *)l;
	uv_shutdown_t *req;

	l->up = NULL;
	if (!polite) {
		tcp_destroy(t);
		return;
	}
	req = mem_alloc(sizeof(*req));
	req->data = t;
	if (uv_shutdown(req, (uv_stream_t *)&t->uv, on_shutdown) < 0) {
		free(req);
		tcp_destroy(t);
		return;
	}
	timer_start(&t->linger, LINGER_MS, 0, on_late, t);
	tcp_read(l, true);
}

void tcp_close_all(void)
{
	if (!sockets.head.next)
		return;
	LIST_FOREACH (&sockets, it)
		tcp_destroy(LIST_ENTRY(it, struct tcp, node));
}

/*
 * SO_RCVLOWAT makes the system widen its buffer at once (tcp(7)), without ending its own tuning as
 * SO_RCVBUF would, and without that one's bound. Nobody waits for so much: it is taken back.
 */
static void tcp_expect(struct layer *l, size_t n)
{
	struct tcp *t = (struct tcp *)l;
	int low = n < INT_MAX ? (int)n : INT_MAX, one = 1;
	uv_os_fd_t fd;

	if (uv_fileno((uv_handle_t *)&t->uv, &fd) < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low));
	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof(one));
}

static int64_t tcp_rtt_us(const struct layer *l)
{
	const struct tcp *t = (const struct tcp *)l;
	struct tcp_info info = { 0 };
	socklen_t n = sizeof(info);
	uv_os_fd_t fd;

	if (uv_fileno((const uv_handle_t *)&t->uv, &fd) < 0 ||
		getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0)
		return 0;
	return info.tcpi_rtt;
}

static const struct layer_ops ops = {
	.read = tcp_read,
	.send = tcp_send,
	.send_file = tcp_send_file,
	.pending = tcp_pending,
	.deaf = tcp_deaf,
	.left = tcp_left,
	.taken = tcp_taken,
	.rtt_us = tcp_rtt_us,
	.expect = tcp_expect,
	.close = tcp_close,
};

struct layer *tcp_layer_new(int fd)
{
	struct tcp *t = mem_zalloc(sizeof(*t));

	if (!sockets.head.next)
		list_init(&sockets);
	t->l.ops = &ops;
	uv_tcp_init(loop_uv(), &t->uv);
	t->uv.data = t;
	list_push(&sockets, &t->node);
	if (uv_tcp_open(&t->uv, fd) < 0) {
		close(fd);
		tcp_destroy(t);
		return NULL;
	}
	uv_tcp_nodelay(&t->uv, 1);
	return &t->l;
}

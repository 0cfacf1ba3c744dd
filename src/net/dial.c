/*
 * dial.c: a socket on its way to another server, until it is a connection or is known not to become
 * one.
 *
 *   begun ──the system has it connected──▶ handed over as a connection
 *     ├──it says why not──▶ the caller is told
 *     └──patience is over, or it is dropped──▶ closed
 *
 * On the loop. Each attempt has one socket and one timer of its own; how many there are is for who
 * dials to bound.
 */
#include "hearth/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "loop/loop.h"
#include "net/net.h"

struct dial_socket {
	uv_poll_t poll;
	struct dial *dial;
	const struct conn_listener *limits;
	int fd; /* -1: handed over, or never opened */
	bool polled;
};

/* ---- the end of an attempt ---- */

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* Lets go of the socket: closed, or the descriptor is the caller's. */
static void end(struct dial *d, bool keep)
{
	struct dial_socket *s = d->socket;

	timer_stop(&d->timer);
	d->socket = NULL;
	if (s->polled)
		uv_poll_stop(&s->poll);
	if (!keep && s->fd >= 0)
		close(s->fd);
	if (s->polled)
		uv_close((uv_handle_t *)&s->poll, on_closed);
	else
		free(s);
}

static void fail(struct dial *d, const char *why)
{
	end(d, false);
	d->fn(d->arg, NULL, why);
}

static void on_late(void *arg)
{
	struct dial *d = arg;

	fail(d, d->why);
}

static void hand_over(struct dial *d)
{
	const struct conn_setup setup = { .limits = d->socket->limits };
	struct conn_info info = { 0 };
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);
	int fd = d->socket->fd;
	struct layer *tcp;

	if (getpeername(fd, (struct sockaddr *)&a, &n) == 0)
		address_text((struct sockaddr *)&a, info.peer, &info.peer_port);
	n = sizeof(a);
	if (getsockname(fd, (struct sockaddr *)&a, &n) == 0)
		address_text((struct sockaddr *)&a, info.local, &info.local_port);
	info.loopback = address_is_loopback(info.peer);
	end(d, true);
	tcp = tcp_layer_new(fd);
	if (tcp)
		d->fn(d->arg, conn_new(tcp, &info, &setup), NULL);
	else
		d->fn(d->arg, NULL, "the system has no room for the connection");
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct dial_socket *s = poll->data;
	int error = 0;
	socklen_t n = sizeof(error);

	(void)events;
	/* libuv takes a socket that was refused for a bad one; the socket knows better. */
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0 || (status < 0 && !error))
		error = EIO;
	if (error)
		fail(s->dial, strerror(error));
	else
		hand_over(s->dial);
}

/* ---- its beginning ---- */

/* The bytes of an address with a port; the length, or 0 when it is none. */
static socklen_t address_of(const char *text, int port, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		return sizeof(*v6);
	}
	return 0;
}

/* NULL, or why it cannot be. */
static const char *begin(struct dial_socket *s, const char *address, int port, const char *from)
{
	struct sockaddr_storage to, local;
	socklen_t n = address_of(address, port, &to), from_n;

	if (n == 0)
		return "no address";
	s->fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return strerror(errno);
	if (from) {
		from_n = address_of(from, 0, &local);
		if (from_n == 0 || local.ss_family != to.ss_family)
			return "the address to come from is of another family";
		if (bind(s->fd, (struct sockaddr *)&local, from_n) < 0)
			return strerror(errno);
	}
	if (connect(s->fd, (struct sockaddr *)&to, n) < 0 && errno != EINPROGRESS)
		return strerror(errno);
	if (uv_poll_init(loop_uv(), &s->poll, s->fd) != 0)
		return "the system has no room for the connection";
	s->polled = true;
	s->poll.data = s;
	uv_poll_start(&s->poll, UV_WRITABLE, on_ready);
	return NULL;
}

void dial(struct dial *d, const char *address, int port, const char *from, int64_t patience_ms,
	const struct conn_listener *limits, dial_fn *fn, void *arg)
{
	struct dial_socket *s = mem_zalloc(sizeof(*s));
	const char *why;

	INVARIANT(exec_current() == exec_loop());
	INVARIANT(!d->socket);
	*s = (struct dial_socket){ .dial = d, .limits = limits, .fd = -1 };
	*d = (struct dial){ .socket = s, .fn = fn, .arg = arg, .why = "no answer in time" };
	why = begin(s, address, port, from);
	if (why)
		d->why = why;
	timer_start(&d->timer, why ? 0 : patience_ms, 0, on_late, d);
}

void dial_drop(struct dial *d)
{
	if (d->socket)
		end(d, false);
}

/*
 * listener.c: takes connections at an address and gives each to a module.
 *
 *   ACCEPTING ──no descriptors left──▶ RESTING ──PAUSE_MS──▶ ACCEPTING
 *       └──listener_close──▶ CLOSED ──last connection gone──▶ freed
 *
 * We accept by ourselves and only wait with libuv: when descriptors run out libuv's own way is to
 * drop whoever knocks, ours is to let them wait in the system's queue. Over a limit, a newcomer is
 * told so in the protocol's words and dropped before anything is made for it. On the loop.
 */
#include "hearth/network.h"
#include "net/net.h"
#include "net/proxy.h"

#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/exec.h"
#include "hearth/log.h"
#include "hearth/map.h"
#include "hearth/metric.h"
#include "loop/loop.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKETS_MAX  2 /* one for each family */
#define BACKLOG      512
#define BATCH_MAX    64   /* connections taken in one go, so that others get their turn */
#define BUSY_US      6000 /* once a round of the loop has lasted so long, newcomers wait */
#define PAUSE_MS     500
#define FILES_WANTED 65536
#define FILES_SPARE  128 /* descriptors left for databases, blobs and their like */

struct listener {
	const struct conn_listener *table;
	void *module;
	struct tls_context *tls;
	int port;
	struct acceptor *sockets[SOCKETS_MAX];
	int socket_count;
	size_t open; /* connections */
	size_t per_address, loopback_times, total;
	bool closed;
	const struct networks *proxies; /* who begin with a PROXY header; NULL: nobody */
	struct proxy_waits waits;
	struct map *peers; /* address group to number of connections, as a pointer */
	struct timer rest;
	struct metric *now, *taken, *refused, *bytes_in, *bytes_out;
};

/* A listening socket; frees itself once libuv is done with it. */
struct acceptor {
	uv_poll_t poll;
	int fd;
	struct listener *l;
};

/* ---- limits ---- */

/* Descriptors this process may have; raised to what the system allows once. */
static size_t conn_max(void)
{
	static size_t max;
	struct rlimit files;

	if (max > 0)
		return max;
	max = 1024 - FILES_SPARE;
	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return max;
	if (files.rlim_cur < FILES_WANTED) {
		files.rlim_cur = files.rlim_max < FILES_WANTED ? files.rlim_max : FILES_WANTED;
		setrlimit(RLIMIT_NOFILE, &files);
		getrlimit(RLIMIT_NOFILE, &files);
	}
	max = files.rlim_cur > 512 ? files.rlim_cur - FILES_SPARE : files.rlim_cur / 2;
	return max;
}

/* What the limits count by: an IPv4 address, or the /64 of an IPv6 one. */
static struct slice group_of(const char *peer, unsigned char room[ADDRESS_BYTES])
{
	return network_of(peer, 4, 8, room);
}

static size_t peer_count(const struct listener *l, const char *peer)
{
	unsigned char room[ADDRESS_BYTES];

	return (size_t)(uintptr_t)map_get(l->peers, group_of(peer, room));
}

static void peer_set(struct listener *l, const char *peer, size_t count)
{
	unsigned char room[ADDRESS_BYTES];
	struct slice group = group_of(peer, room);

	if (count)
		map_set(l->peers, group, (void *)(uintptr_t)count);
	else
		map_remove(l->peers, group);
}

static bool over_limit(const struct listener *l, const struct conn_info *info)
{
	size_t max = l->per_address * (info->loopback ? l->loopback_times : 1);
	size_t total = l->total > 0 ? l->total : conn_max() / 4 * 3;

	return net_conn_count() >= conn_max() || l->open >= total ||
	       (max > 0 && peer_count(l, info->peer) >= max);
}

void listener_set_limits(
	struct listener *l, size_t per_address, size_t loopback_times, size_t total)
{
	l->per_address = per_address;
	l->loopback_times = loopback_times;
	l->total = total;
}

/* Says no as far as that goes without waiting. */
static void refuse(struct listener *l, int fd, const struct conn_info *info)
{
	const char *words = l->table->busy_greeting;

	if (words && l->table->security == CONN_PLAIN &&
		send(fd, words, strlen(words), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		shutdown(fd, SHUT_WR);
	close(fd);
	metric_add(l->refused, 1);
	log_debug("net", "connection refused: too many", "listener", "%s", l->table->key, "peer",
		"%s", info->peer, NULL);
}

/* ---- connections ---- */

static void listener_free(struct listener *l)
{
	timer_stop(&l->rest);
	map_free(&l->peers);
	free(l);
}

static void on_conn_gone(void *owner, const struct conn_info *info)
{
	struct listener *l = owner;

	peer_set(l, info->peer, peer_count(l, info->peer) - 1);
	metric_add(l->now, -1);
	if (--l->open == 0 && l->closed)
		listener_free(l);
}

/* The protocol's name for ALPN; NULL where there is none, or any will do. */
static const char *alpn_of(const char *key)
{
	if (slice_starts(slice_str(key), SLICE("http")))
		return "http/1.1";
	return slice_starts(slice_str(key), SLICE("imap")) ? "imap" : NULL;
}

static void take(struct listener *l, int fd, const struct conn_info *info)
{
	struct conn_setup setup = {
		.limits = l->table,
		.tls = l->tls,
		.alpn = alpn_of(l->table->key),
		.bytes_in = l->bytes_in,
		.bytes_out = l->bytes_out,
		.gone = on_conn_gone,
		.owner = l,
	};
	struct layer *tcp = tcp_layer_new(fd);
	struct conn *c;

	if (!tcp)
		return;
	c = conn_new(tcp, info, &setup);
	l->open++;
	peer_set(l, info->peer, peer_count(l, info->peer) + 1);
	metric_add(l->now, 1);
	metric_add(l->taken, 1);
	if (l->table->security == CONN_TLS_ONLY)
		conn_start_tls(c);
	l->table->accept(l->module, c);
}

static void take_or_refuse(void *owner, int fd, const struct conn_info *info)
{
	struct listener *l = owner;

	if (over_limit(l, info))
		refuse(l, fd, info);
	else
		take(l, fd, info);
}

void listener_trust(struct listener *l, const struct networks *proxies)
{
	l->proxies = proxies;
	l->waits.take = take_or_refuse;
	l->waits.owner = l;
}

/* ---- accepting ---- */

static void on_readable(uv_poll_t *poll, int status, int events);

static void on_rested(void *arg)
{
	struct listener *l = arg;

	for (int i = 0; i < l->socket_count; i++)
		uv_poll_start(&l->sockets[i]->poll, UV_READABLE, on_readable);
}

static void take_a_rest(struct listener *l, int error)
{
	log_warn("net", "cannot accept connections, pausing", "listener", "%s", l->table->key,
		"why", "%s", strerror(error), NULL);
	for (int i = 0; i < l->socket_count; i++)
		uv_poll_stop(&l->sockets[i]->poll);
	timer_start(&l->rest, PAUSE_MS, 0, on_rested, l);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct acceptor *a = poll->data;
	struct listener *l = a->l;

	(void)status;
	(void)events;
	for (int i = 0; i < BATCH_MAX && !l->closed && loop_busy_us() < BUSY_US; i++) {
		struct sockaddr_storage address;
		struct conn_info info = { 0 };
		socklen_t n = sizeof(address);
		int fd = accept4(
			a->fd, (struct sockaddr *)&address, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
				errno == ENOMEM)
				take_a_rest(l, errno);
			return; /* nobody there, or gone again */
		}
		address_text((struct sockaddr *)&address, info.peer, &info.peer_port);
		info.loopback = address_is_loopback(info.peer);
		n = sizeof(address);
		if (getsockname(fd, (struct sockaddr *)&address, &n) == 0)
			address_text((struct sockaddr *)&address, info.local, &info.local_port);
		if (l->proxies && networks_have(l->proxies, info.peer))
			proxy_wait(&l->waits, fd, &info);
		else
			take_or_refuse(l, fd, &info);
	}
}

/* ---- opening and closing ---- */

/* A socket that listens, or -errno. */
static int open_socket(const struct sockaddr *address, socklen_t n)
{
	int one = 1, fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
	    error;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (address->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, address, n) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

static void add_socket(struct listener *l, int fd)
{
	struct acceptor *a = mem_zalloc(sizeof(*a));

	a->fd = fd;
	a->l = l;
	INVARIANT(uv_poll_init(loop_uv(), &a->poll, fd) == 0);
	a->poll.data = a;
	uv_poll_start(&a->poll, UV_READABLE, on_readable);
	l->sockets[l->socket_count++] = a;
}

static void set_port(struct sockaddr_storage *a, int port)
{
	if (a->ss_family == AF_INET6)
		((struct sockaddr_in6 *)a)->sin6_port = htons((uint16_t)port);
	else
		((struct sockaddr_in *)a)->sin_port = htons((uint16_t)port);
}

/*
 * Opens each address; all get the port the first one got. A family the system does not have is left
 * out as long as there is another.
 */
static int open_all(
	struct listener *l, struct sockaddr_storage *addresses, int count, struct strbuf *why)
{
	int error = 0;

	for (int i = 0; i < count && error == 0; i++) {
		struct sockaddr *a = (struct sockaddr *)&addresses[i];
		socklen_t n = a->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						       : sizeof(struct sockaddr_in);
		char text[64];
		int fd;

		if (l->port)
			set_port(&addresses[i], l->port);
		fd = open_socket(a, n);
		if (fd == -EADDRNOTAVAIL || fd == -EAFNOSUPPORT)
			continue;
		if (fd < 0) {
			error = -fd;
			break;
		}
		getsockname(fd, a, &n);
		address_text(a, text, &l->port);
		add_socket(l, fd);
	}
	if (error == 0 && l->socket_count == 0)
		error = EADDRNOTAVAIL;
	if (error == 0)
		return 0;
	strbuf_adds(why, strerror(error));
	return error == EADDRINUSE ? HEARTH_EEXIST : error == EACCES ? HEARTH_EDENIED : HEARTH_EIO;
}

static void add_metrics(struct listener *l)
{
	char label[64];

	snprintf(label, sizeof(label), "listener=\"%s\"", l->table->key);
	l->now = metric_gauge("hearth_connections", label, "Open connections");
	l->taken =
		metric_counter("hearth_connections_accepted_total", label, "Connections accepted");
	l->refused = metric_counter(
		"hearth_connections_refused_total", label, "Connections over a limit");
	l->bytes_in = metric_counter(
		"hearth_net_received_bytes_total", label, "Bytes received by sessions");
	l->bytes_out =
		metric_counter("hearth_net_sent_bytes_total", label, "Bytes sent by sessions");
}

int listener_open(const struct config_address *address, const struct conn_listener *table,
	void *module, struct tls_context *tls, struct listener **out, struct strbuf *why)
{
	struct sockaddr_storage addresses[SOCKETS_MAX];
	int count = address_resolve(address->host, address->port, addresses, SOCKETS_MAX, why), rc;
	struct listener *l;

	if (count < 0)
		return count;
	if (table->security == CONN_TLS_ONLY && !tls) {
		strbuf_adds(why, "there is no certificate");
		return HEARTH_EUNSUPPORTED;
	}
	l = mem_zalloc(sizeof(*l));
	l->table = table;
	l->module = module;
	l->tls = tls;
	l->peers = map_new();
	listener_set_limits(l, (size_t)table->per_peer_max, LISTENER_LOOPBACK_TIMES, 0);
	add_metrics(l);
	rc = open_all(l, addresses, count, why);
	if (rc < 0)
		listener_close(&l);
	*out = l;
	return rc;
}

int listener_port(const struct listener *l)
{
	return l->port;
}

const char *listener_key(const struct listener *l)
{
	return l->table->key;
}

static void on_poll_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void listener_close(struct listener **lp)
{
	struct listener *l = *lp;

	*lp = NULL;
	if (!l)
		return;
	l->closed = true;
	timer_stop(&l->rest);
	proxy_wait_end(&l->waits);
	for (int i = 0; i < l->socket_count; i++) {
		int fd = l->sockets[i]->fd;

		uv_close((uv_handle_t *)&l->sockets[i]->poll, on_poll_closed);
		close(fd);
	}
	l->socket_count = 0;
	if (l->open == 0)
		listener_free(l);
}

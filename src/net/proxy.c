/*
 * proxy.c: a socket whose peer is a proxy waits here until that has said who it comes for, before
 * anything is made of it: limits, the log and TLS see the client.
 *
 *   WAITING ──header──▶ handed over, with the client's addresses
 *      ├──other bytes, or none within SILENCE_MS──▶ handed over as it is: it speaks for itself
 *      └──half a header for HEADER_MS, a wrong one, gone──▶ closed
 *
 * The bytes are looked at where they lie (MSG_PEEK), and exactly the header is taken off; a header
 * comes in one piece, but for the strangest networks: then it is looked at again a moment later.
 * Everything is on the loop; one listener has WAITING_MAX of them at most.
 */
#include "net/proxy.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hearth/arena.h"
#include "hearth/exec.h"
#include "hearth/log.h"
#include "loop/executor.h"
#include "loop/loop.h"
#include "net/proxy_header.h"

#define SILENCE_MS  1000 /* a client of a protocol in which the server greets says nothing */
#define HEADER_MS   5000
#define AGAIN_MS    20
#define WAITING_MAX 1024

struct proxy_wait {
	struct list_node node;
	struct proxy_waits *waits;
	uv_poll_t poll;
	struct timer timer;
	int fd;
	int64_t since_us;
	struct conn_info info;
};

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* Ends waiting; the socket is handed over, or closed when `hand_over` is false. */
static void end(struct proxy_wait *w, bool hand_over)
{
	struct proxy_waits *waits = w->waits;
	struct conn_info info = w->info;
	int fd = w->fd;

	timer_stop(&w->timer);
	list_remove(&w->node);
	waits->count--;
	uv_close((uv_handle_t *)&w->poll, on_closed);
	if (hand_over)
		waits->take(waits->owner, fd, &info);
	else
		close(fd);
}

static void speak_for(struct conn_info *info, const struct proxy_header *h)
{
	if (!h->known)
		return;
	memcpy(info->peer, h->peer, sizeof(info->peer));
	memcpy(info->local, h->local, sizeof(info->local));
	info->peer_port = h->peer_port;
	info->local_port = h->local_port;
	info->proxied = true;
	info->loopback = false;
	info->confidential = h->tls;
}

static void on_readable(uv_poll_t *poll, int status, int events);

static void on_timer(void *arg)
{
	struct proxy_wait *w = arg;

	uv_poll_start(&w->poll, UV_READABLE, on_readable);
	on_readable(&w->poll, 0, 0);
}

/* Half a header, or nothing yet. */
static void look_again(struct proxy_wait *w, bool begun)
{
	int64_t waited_ms = (exec_now_us() - w->since_us) / 1000;

	if (waited_ms >= (begun ? HEADER_MS : SILENCE_MS)) {
		end(w, !begun);
		return;
	}
	/* The rest will not be told by poll: there is something to read all the time. */
	if (begun)
		uv_poll_stop(&w->poll);
	timer_start(&w->timer, begun ? AGAIN_MS : SILENCE_MS - waited_ms, 0, on_timer, w);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct proxy_wait *w = poll->data;
	char bytes[PROXY_HEADER_MAX];
	struct proxy_header header;
	ssize_t n = recv(w->fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
	enum proxy_event event;
	size_t used;

	(void)status;
	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		look_again(w, false);
		return;
	}
	event = n <= 0 ? PROXY_WRONG
		       : proxy_header_read(slice_of(bytes, (size_t)n), &header, &used);
	if (event == PROXY_MORE) {
		look_again(w, true);
		return;
	}
	if (event == PROXY_DONE) {
		speak_for(&w->info, &header);
		n = recv(w->fd, bytes, used, MSG_DONTWAIT);
		end(w, n == (ssize_t)used);
		return;
	}
	if (event == PROXY_WRONG && n > 0)
		log_warn("net", "a proxy's header is malformed", "peer", "%s", w->info.peer, NULL);
	end(w, event == PROXY_NONE);
}

void proxy_wait(struct proxy_waits *waits, int fd, const struct conn_info *info)
{
	struct proxy_wait *w;

	if (waits->count >= WAITING_MAX) {
		close(fd);
		return;
	}
	w = mem_zalloc(sizeof(*w));
	w->waits = waits;
	w->fd = fd;
	w->info = *info;
	w->since_us = exec_now_us();
	INVARIANT(uv_poll_init(loop_uv(), &w->poll, fd) == 0);
	w->poll.data = w;
	if (!waits->list.head.next)
		list_init(&waits->list);
	list_push(&waits->list, &w->node);
	waits->count++;
	uv_poll_start(&w->poll, UV_READABLE, on_readable);
	timer_start(&w->timer, SILENCE_MS, 0, on_timer, w);
}

void proxy_wait_end(struct proxy_waits *waits)
{
	if (!waits->list.head.next)
		return;
	LIST_FOREACH (&waits->list, it)
		end(LIST_ENTRY(it, struct proxy_wait, node), false);
}

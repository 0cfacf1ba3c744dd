/*
 * wake.c: knocks between the nodes of a data folder (hearth/wake.h): a datagram socket for each, by
 * libuv's poll handle. Paths go by the folder's descriptor, since a socket's name has room for 107
 * bytes and a data folder may be anywhere.
 *
 * Hearing is on the loop, KNOCKS_MAX a round; knocking on any thread, without waiting: a node whose
 * socket is full has knocks enough. A folder has as many sockets as nodes that run, or died since
 * one last knocked.
 */
#include "loop/wake.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "hearth/arena.h"
#include "hearth/log.h"

#include "loop/loop.h"

#define FOLDER     "wake"
#define NAME_MAX_  64
#define KNOCKS_MAX 256

struct wake {
	uv_poll_t handle;
	int dir, in, out;
	bool stopped;
	char node[NAME_MAX_];
	struct {
		exec_fn *fn; /* the loop's */
		void *arg;
	} listeners[WAKE_WHO];
};

/* False when the name has no room. */
static bool address(const struct wake *w, const char *name, struct sockaddr_un *out)
{
	int n;

	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(out->sun_path, sizeof(out->sun_path), "/proc/self/fd/%d/%s", w->dir, name);
	return n > 0 && (size_t)n < sizeof(out->sun_path);
}

/* ---- hearing ---- */

static void on_readable(uv_poll_t *handle, int status, int events)
{
	struct wake *w = handle->data;
	unsigned heard = 0;
	unsigned char who;

	(void)events;
	for (int i = 0; status == 0 && i < KNOCKS_MAX; i++) {
		if (recv(w->in, &who, 1, MSG_DONTWAIT) != 1)
			break;
		if (who < WAKE_WHO)
			heard |= 1u << who;
	}
	for (int i = 0; i < WAKE_WHO; i++)
		if (heard >> i & 1 && w->listeners[i].fn)
			w->listeners[i].fn(w->listeners[i].arg);
}

void wake_listen(struct wake *w, enum wake_who who, exec_fn *fn, void *arg)
{
	if (!w)
		return;
	INVARIANT(!w->listeners[who].fn);
	w->listeners[who].fn = fn;
	w->listeners[who].arg = arg;
}

void wake_unlisten(struct wake *w, enum wake_who who)
{
	if (w)
		w->listeners[who].fn = NULL;
}

/* ---- knocking ---- */

static void knock(const struct wake *w, const char *name, unsigned char who)
{
	struct sockaddr_un to;

	if (!address(w, name, &to))
		return;
	if (sendto(w->out, &who, 1, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&to,
		    sizeof(to)) < 0 &&
		errno == ECONNREFUSED)
		/* Its process is gone, and its name is never used again. */
		unlinkat(w->dir, name, 0);
}

void wake_others(struct wake *w, enum wake_who who)
{
	int fd = w ? openat(w->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] != '.' && strcmp(e->d_name, w->node) != 0)
			knock(w, e->d_name, (unsigned char)who);
	closedir(dir);
}

/* ---- start and end ---- */

static bool open_all(struct wake *w, const char *data_dir)
{
	struct sockaddr_un own;
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/" FOLDER, data_dir) >= (int)sizeof(path) ||
		(mkdir(path, 0700) < 0 && errno != EEXIST))
		return false;
	w->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	w->in = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	w->out = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return w->dir >= 0 && w->in >= 0 && w->out >= 0 && address(w, w->node, &own) &&
	       bind(w->in, (const struct sockaddr *)&own, sizeof(own)) == 0;
}

static void close_all(struct wake *w)
{
	if (w->in >= 0)
		close(w->in);
	if (w->out >= 0)
		close(w->out);
	if (w->dir >= 0)
		close(w->dir);
}

struct wake *wake_new(const char *data_dir, const char *node)
{
	struct wake *w = mem_zalloc(sizeof(*w));

	INVARIANT(exec_current() == exec_loop() && strlen(node) < sizeof(w->node));
	w->dir = w->in = w->out = -1;
	snprintf(w->node, sizeof(w->node), "%s", node);
	w->handle.data = w;
	if (!open_all(w, data_dir) || uv_poll_init(loop_uv(), &w->handle, w->in) < 0) {
		log_warn("wake", "other nodes hear of things later: no socket", "why", "%s",
			strerror(errno), NULL);
		close_all(w);
		free(w);
		return NULL;
	}
	uv_poll_start(&w->handle, UV_READABLE, on_readable);
	uv_unref((uv_handle_t *)&w->handle);
	return w;
}

void wake_stop(struct wake *w)
{
	if (!w || w->stopped)
		return;
	w->stopped = true;
	unlinkat(w->dir, w->node, 0);
	uv_close((uv_handle_t *)&w->handle, NULL);
}

void wake_free(struct wake **wp)
{
	struct wake *w = *wp;

	if (!w)
		return;
	INVARIANT(w->stopped); /* and the loop has closed its handle */
	close_all(w);
	free(w);
	*wp = NULL;
}

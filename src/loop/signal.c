/*
 * signal.c: signals as calls on the loop, by libuv's signal handles.
 */
#include "loop/signal.h"

#include "hearth/log.h"
#include "loop/loop.h"

#define SIGNALS_MAX 8

struct watch {
	uv_signal_t handle;
	exec_fn *fn;
	void *arg;
};

static struct watch watches[SIGNALS_MAX]; /* the loop's thread only */
static int watch_count;

static void on_signal(uv_signal_t *handle, int signum)
{
	struct watch *w = handle->data;

	(void)signum;
	w->fn(w->arg);
}

void signal_watch(int signum, exec_fn *fn, void *arg)
{
	struct watch *w = &watches[watch_count];

	INVARIANT(watch_count < SIGNALS_MAX);
	watch_count++;
	w->fn = fn;
	w->arg = arg;
	w->handle.data = w;
	INVARIANT(uv_signal_init(loop_uv(), &w->handle) == 0);
	INVARIANT(uv_signal_start(&w->handle, on_signal, signum) == 0);
	uv_unref((uv_handle_t *)&w->handle);
}

void signal_unwatch_all(void)
{
	for (int i = 0; i < watch_count; i++)
		uv_close((uv_handle_t *)&watches[i].handle, NULL);
	watch_count = 0;
}

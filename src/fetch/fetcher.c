/*
 * fetcher.c: the thread on which transfers run, all at once, by libcurl's multi interface: one that
 * waits for a slow peer costs a socket, and nobody's time. A thread of its own rather than the loop,
 * since the handshakes, and reading the system's authorities, take milliseconds each.
 *
 *   waiting ──room──▶ open ──ended, late or dropped──▶ handed back
 *
 * The thread begins with the first transfer. After half a minute with none it lets go of libcurl's
 * memory and connections, and sleeps.
 *
 * Bounds: FETCH_OPEN_MAX open, of these FETCH_STRANGE_MAX to where strangers sent us, so that what
 * the administrator named has room; FETCH_WAITING_MAX wait, in order, but those with room first.
 */
#include "fetch/fetch_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "hearth/clock.h"
#include "hearth/log.h"
#include "hearth/metric.h"

#define IDLE_MS     INT64_C(30000)
#define LOOK_MS     1000
#define CONNECTIONS 8 /* kept for the next request */

struct fetcher {
	struct dns *dns;
	bool closed; /* on the loop */
	pthread_t thread;
	bool started;         /* on the loop */
	pthread_mutex_t lock; /* for the fields down to the blank line */
	pthread_cond_t filled;
	struct list waiting;
	int waiting_count;
	bool stopping;
	CURLM *multi; /* made and freed by the thread; for others to knock at */

	/* the thread's */
	struct list open;
	int open_count, strange_count;
	struct metric *open_now, *ended;
};

struct fetcher *fetcher_new(struct dns *dns)
{
	struct fetcher *f = mem_zalloc(sizeof(*f));
	pthread_condattr_t attr;

	f->dns = dns;
	list_init(&f->waiting);
	list_init(&f->open);
	pthread_mutex_init(&f->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&f->filled, &attr);
	pthread_condattr_destroy(&attr);
	f->open_now = metric_gauge(
		"hearth_fetch_open", NULL, "Requests to other people's web servers under way.");
	f->ended = metric_counter("hearth_fetch_total", NULL, "Such requests that have ended.");
	return f;
}

struct dns *fetcher_dns(const struct fetcher *f)
{
	return f->dns;
}

bool fetcher_closed(const struct fetcher *f)
{
	return f->closed;
}

/* ---- on the thread ---- */

static bool is_stopping(struct fetcher *f)
{
	bool stopping;

	pthread_mutex_lock(&f->lock);
	stopping = f->stopping;
	pthread_mutex_unlock(&f->lock);
	return stopping;
}

static void hand_back(struct transfer *t)
{
	exec_post(exec_loop(), t->done, t->arg);
}

static bool has_room(const struct fetcher *f, const struct transfer *t)
{
	return f->open_count < FETCH_OPEN_MAX &&
	       (t->rq.anywhere || f->strange_count < FETCH_STRANGE_MAX);
}

/* The first of those that wait for which there is room; those that need none, too. NULL: none. */
static struct transfer *next(struct fetcher *f)
{
	struct transfer *found = NULL;

	pthread_mutex_lock(&f->lock);
	LIST_FOREACH (&f->waiting, node) {
		struct transfer *t = LIST_ENTRY(node, struct transfer, node);

		if (f->stopping || atomic_load(&t->dropped) || has_room(f, t) ||
			clock_mono_us() >= t->deadline_us) {
			list_remove(&t->node);
			f->waiting_count--;
			found = t;
			break;
		}
	}
	pthread_mutex_unlock(&f->lock);
	return found;
}

static void begin(struct fetcher *f, struct transfer *t)
{
	bool late = clock_mono_us() >= t->deadline_us;

	if (is_stopping(f) || atomic_load(&t->dropped) || late) {
		t->result = late ? CURLE_OPERATION_TIMEDOUT : CURLE_ABORTED_BY_CALLBACK;
		hand_back(t);
		return;
	}
	if (!transfer_begin(t)) {
		hand_back(t);
		return;
	}
	if (curl_multi_add_handle(f->multi, t->curl) != CURLM_OK) {
		t->result = CURLE_FAILED_INIT;
		hand_back(t);
		return;
	}
	curl_easy_setopt(t->curl, CURLOPT_PRIVATE, t);
	list_push(&f->open, &t->node);
	f->open_count++;
	f->strange_count += !t->rq.anywhere;
	metric_add(f->open_now, 1);
}

static void end(struct fetcher *f, struct transfer *t, CURLcode result)
{
	curl_multi_remove_handle(f->multi, t->curl);
	list_remove(&t->node);
	f->open_count--;
	f->strange_count -= !t->rq.anywhere;
	metric_add(f->open_now, -1);
	metric_add(f->ended, 1);
	t->result = result;
	hand_back(t);
}

static void end_those_done(struct fetcher *f)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(f->multi, &left))) {
		struct transfer *t = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		end(f, t, m->data.result);
	}
}

static void end_those_dropped(struct fetcher *f, bool all)
{
	LIST_FOREACH (&f->open, node) {
		struct transfer *t = LIST_ENTRY(node, struct transfer, node);

		if (all || atomic_load(&t->dropped))
			end(f, t, CURLE_ABORTED_BY_CALLBACK);
	}
}

static void set_multi(struct fetcher *f, CURLM *multi)
{
	pthread_mutex_lock(&f->lock);
	f->multi = multi;
	pthread_mutex_unlock(&f->lock);
}

/* Sleeps until there is something to do; false: it is to end. */
static bool sleep_until_filled(struct fetcher *f)
{
	bool stopping;

	pthread_mutex_lock(&f->lock);
	while (list_empty(&f->waiting) && !f->stopping)
		pthread_cond_wait(&f->filled, &f->lock);
	stopping = f->stopping && list_empty(&f->waiting);
	pthread_mutex_unlock(&f->lock);
	return !stopping;
}

/* Until nothing has been under way for a while, or it is to end. */
static void work(struct fetcher *f)
{
	int64_t idle_us = clock_mono_us();
	struct transfer *t;
	int running;

	while (!is_stopping(f)) {
		while ((t = next(f)))
			begin(f, t);
		curl_multi_perform(f->multi, &running);
		end_those_done(f);
		end_those_dropped(f, false);
		if (f->open_count > 0)
			idle_us = clock_mono_us();
		else if (clock_mono_us() - idle_us > IDLE_MS * 1000)
			break;
		curl_multi_poll(
			f->multi, NULL, 0, f->open_count > 0 ? LOOK_MS : (int)IDLE_MS, NULL);
	}
	end_those_dropped(f, true);
}

static void *fetcher_main(void *arg)
{
	struct fetcher *f = arg;
	struct transfer *t;
	CURLM *multi;

	pthread_setname_np(pthread_self(), "fetch");
	transfer_prepare();
	while (sleep_until_filled(f)) {
		multi = curl_multi_init();
		if (!multi)
			log_fatal("fetch", "libcurl gives no handle");
		curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS);
		set_multi(f, multi);
		work(f);
		while (is_stopping(f) && (t = next(f)))
			begin(f, t);
		set_multi(f, NULL);
		curl_multi_cleanup(multi);
	}
	return NULL;
}

/* ---- on the loop ---- */

static void start_thread(struct fetcher *f)
{
	if (pthread_create(&f->thread, NULL, fetcher_main, f) != 0)
		log_fatal("fetch", "cannot start a thread");
	f->started = true;
}

void fetcher_knock(struct fetcher *f)
{
	pthread_mutex_lock(&f->lock);
	if (f->multi)
		curl_multi_wakeup(f->multi);
	else
		pthread_cond_signal(&f->filled);
	pthread_mutex_unlock(&f->lock);
}

bool fetcher_take(struct fetcher *f, struct transfer *t)
{
	bool full;

	if (!f->started)
		start_thread(f);
	pthread_mutex_lock(&f->lock);
	full = f->waiting_count >= FETCH_WAITING_MAX;
	if (!full) {
		list_push(&f->waiting, &t->node);
		f->waiting_count++;
	}
	pthread_mutex_unlock(&f->lock);
	if (!full)
		fetcher_knock(f);
	return !full;
}

void fetcher_close(struct fetcher *f)
{
	if (!f || f->closed)
		return;
	f->closed = true;
	if (!f->started)
		return;
	pthread_mutex_lock(&f->lock);
	f->stopping = true;
	pthread_mutex_unlock(&f->lock);
	fetcher_knock(f);
	pthread_join(f->thread, NULL);
	f->started = false;
}

void fetcher_free(struct fetcher **fp)
{
	struct fetcher *f = *fp;

	if (!f)
		return;
	fetcher_close(f);
	pthread_cond_destroy(&f->filled);
	pthread_mutex_destroy(&f->lock);
	free(f);
	*fp = NULL;
}

/*
 * loop.c: the one event loop: libuv, with three handles of our own.
 *
 *   woken    another thread posted the first of some functions: run them
 *   prepare  before each poll: set the timer to when our earliest timer is due; a round ended
 *   timer    run what is due
 *
 *   none ──loop_init──▶ open ──loop_run──▶ running ──loop_stop──▶ closing ──▶ none
 *
 * Everything but loop_stop runs on the loop's thread.
 */
#include "loop/loop.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "hearth/log.h"
#include "loop/executor.h"
#include "loop/served.h"

static struct {
	struct exec exec;
	atomic_bool waits; /* idle_us can be asked for; any thread reads it */
	atomic_int askers; /* threads that are doing so */
	atomic_bool open;  /* between loop_init and the end of loop_run; any thread reads it */
	uv_loop_t uv;
	uv_poll_t woken;
	int wake_fd; /* an eventfd; any thread writes to it */
	uv_prepare_t prepare;
	uv_timer_t timer;
	int64_t timer_due_us; /* what the timer is set to; -1 when it rests */
	uint64_t round;
} loop;

/* After exec_close nobody gets here, so the handle is alive. */
static void wake_loop(struct wakeup *w)
{
	(void)w;
	const uint64_t one = 1;

	/* It can only fail where so many wait to be read that it wakes anyway. */
	while (write(loop.wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/*
 * Not uv_async_send, which makes the loop spin until the thread that wakes it is through with that,
 * and so for a whole turn of the scheduler where that thread has lost its processor meanwhile.
 */
static void on_woken(uv_poll_t *handle, int status, int events)
{
	uint64_t times;

	(void)handle;
	(void)status;
	(void)events;
	if (read(loop.wake_fd, &times, sizeof(times)) > 0)
		exec_run_posted(&loop.exec);
}

static void on_timer(uv_timer_t *handle)
{
	(void)handle;
	loop.timer_due_us = -1;
	exec_run_timers(&loop.exec);
}

/* How long the loop has waited in poll, in all. */
static int64_t idle_us(void)
{
	return (int64_t)(uv_metrics_idle_time(&loop.uv) / 1000);
}

static void on_prepare(uv_prepare_t *handle)
{
	int64_t due_us = exec_next_due_us(&loop.exec), left_us;

	(void)handle;
	wakeup_all();
	stall_round(&loop.exec.stall, idle_us());
	loop.round++;
	served_mark(idle_us(), loop.exec.beat_ms);
	if (due_us == loop.timer_due_us)
		return;
	loop.timer_due_us = due_us;
	if (due_us < 0) {
		uv_timer_stop(&loop.timer);
		return;
	}
	uv_update_time(&loop.uv);
	left_us = due_us - exec_now_us();
	uv_timer_start(
		&loop.timer, on_timer, left_us > 0 ? (uint64_t)(left_us + 999) / 1000 : 0, 0);
}

uint64_t loop_round(void)
{
	return loop.round;
}

int64_t loop_busy_us(void)
{
	return stall_busy_us(&loop.exec.stall, idle_us());
}

struct exec *exec_loop(void)
{
	return loop.open ? &loop.exec : NULL;
}

int64_t exec_served_us(void)
{
	int64_t us;

	atomic_fetch_add(&loop.askers, 1);
	us = served_now_us(loop.waits ? idle_us() : 0);
	atomic_fetch_sub(&loop.askers, 1);
	return us;
}

uv_loop_t *loop_uv(void)
{
	INVARIANT(loop.open && exec_current() == &loop.exec);
	return &loop.uv;
}

void loop_init(void)
{
	if (loop.open) {
		INVARIANT(exec_current() == &loop.exec);
		return;
	}
	signal(SIGPIPE, SIG_IGN);
	exec_init(&loop.exec, "loop", wake_loop);
	loop.timer_due_us = -1;
	loop.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop.wake_fd < 0 || uv_loop_init(&loop.uv) != 0 ||
		uv_poll_init(&loop.uv, &loop.woken, loop.wake_fd) != 0 ||
		uv_poll_start(&loop.woken, UV_READABLE, on_woken) != 0)
		log_fatal("loop", "the system refuses an event loop: out of file descriptors?");
	uv_loop_configure(&loop.uv, UV_METRICS_IDLE_TIME);
	uv_timer_init(&loop.uv, &loop.timer);
	uv_prepare_init(&loop.uv, &loop.prepare);
	uv_prepare_start(&loop.prepare, on_prepare);
	loop.open = true;
	loop.waits = true;
	exec_set_current(&loop.exec);
	exec_begin(&loop.exec);
}

static void stop_now(void *arg)
{
	(void)arg;
	uv_stop(&loop.uv);
}

void loop_stop(void)
{
	exec_post(&loop.exec, stop_now, NULL);
}

static void close_handle(uv_handle_t *handle, void *count)
{
	if (uv_is_closing(handle))
		return;
	uv_close(handle, NULL);
	++*(int *)count;
}

/* Handles that others left open are closed too, without telling them: the process is ending. */
void loop_close(void)
{
	int left = 0;

	INVARIANT(loop.open && exec_current() == &loop.exec && exec_may_block());
	exec_close(&loop.exec);
	loop.waits = false;
	while (loop.askers > 0)
		sched_yield();
	uv_close((uv_handle_t *)&loop.woken, NULL);
	uv_close((uv_handle_t *)&loop.prepare, NULL);
	uv_close((uv_handle_t *)&loop.timer, NULL);
	uv_walk(&loop.uv, close_handle, &left);
	if (left)
		log_debug("loop", "closed handles that were still open", "count", "%d", left, NULL);
	uv_run(&loop.uv, UV_RUN_DEFAULT);
	INVARIANT(uv_loop_close(&loop.uv) == 0);
	close(loop.wake_fd);
	exec_clear(&loop.exec);
	exec_set_current(NULL);
	loop.open = false;
}

void loop_serve(void)
{
	INVARIANT(loop.open && exec_current() == &loop.exec && exec_may_block());
	exec_set_running(true);
	stall_skip(&loop.exec.stall, idle_us());
	uv_run(&loop.uv, UV_RUN_DEFAULT);
	exec_set_running(false);
}

void loop_run(void)
{
	loop_serve();
	loop_close();
}

static void set_flag(void *arg)
{
	*(bool *)arg = true;
}

static void look_again(void *arg)
{
	(void)arg;
}

/*
 * A thread that had no processor finds its timers due before it looks at its input. What came in time
 * is not late for that: so many rounds it gets.
 */
#define HELD_UP_US     5000
#define HELD_UP_ROUNDS 10

int loop_run_until(int (*fn)(void *arg), void *arg, int timeout_ms)
{
	struct timer limit = { 0 }, look = { 0 };
	int64_t end_us = exec_now_us() + (int64_t)timeout_ms * 1000;
	int answer, rounds = -1;
	bool late = false;

	INVARIANT(loop.open && exec_current() == &loop.exec && exec_may_block());
	timer_start(&limit, timeout_ms, 0, set_flag, &late);
	/* fn may look at what another thread changes without posting. */
	timer_start(&look, 5, 5, look_again, NULL);
	while (!(answer = fn(arg))) {
		if (late && rounds < 0)
			rounds = exec_now_us() > end_us + HELD_UP_US ? HELD_UP_ROUNDS : 0;
		if (rounds >= 0 && rounds-- == 0)
			break;
		exec_set_running(true);
		stall_skip(&loop.exec.stall, idle_us());
		uv_run(&loop.uv, UV_RUN_ONCE);
		exec_set_running(false);
	}
	timer_stop(&look);
	timer_stop(&limit);
	return answer;
}

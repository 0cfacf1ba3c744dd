/*
 * loop.h: the one event loop, for src/ only (modules see exec.h).
 *
 * libuv's names appear in src/loop and src/net alone.
 */
#ifndef HEARTH_SRC_LOOP_H
#define HEARTH_SRC_LOOP_H

#include <uv.h>

#include "hearth/exec.h"

/*
 * Makes the loop and its executor; the calling thread becomes the loop's. Before anything else that
 * posts; nothing when the loop is there already. From now on SIGPIPE is ignored.
 */
void loop_init(void);
/*
 * Runs until loop_stop; then closes what loop_init opened: there is no loop any more, and what is
 * posted to it is dropped. On the loop's thread.
 */
void loop_run(void);
/* The two halves of loop_run: between them, what is in flight can still be answered. */
void loop_serve(void);
void loop_close(void);
/* Makes loop_run return once what is queued has run. Any thread. */
void loop_stop(void);
/*
 * A round is what the loop does between two waits for work: its number, and for how long it has
 * worked in the present one. On the loop's thread only.
 */
uint64_t loop_round(void);
int64_t loop_busy_us(void);
/* The libuv loop. On the loop's thread only. */
uv_loop_t *loop_uv(void);

/*
 * For tests and commands: runs the loop until fn(arg) is true or timeout_ms passed, and a few rounds
 * longer where this thread was held up; returns fn's last answer.
 */
int loop_run_until(int (*fn)(void *arg), void *arg, int timeout_ms);

#endif

/*
 * signal.h: signals as calls on the loop.
 */
#ifndef HEARTH_SRC_SIGNAL_H
#define HEARTH_SRC_SIGNAL_H

#include "hearth/exec.h"

/* Calls fn(arg) on the loop each time the process gets `signum`. Before loop_run; at most 8. */
void signal_watch(int signum, exec_fn *fn, void *arg);
/* Ends all watches, so that the loop can end. On the loop. */
void signal_unwatch_all(void);

#endif

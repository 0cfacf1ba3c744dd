/*
 * wakeup.h: waking other threads once for much that they are given, for src/ only.
 *
 * A thread that sleeps is woken by a system call, and takes the processor from somebody. A round of
 * an executor hands out work in many small pieces: were its first piece to wake the next thread,
 * that one would run, find no second piece, sleep, and be woken again for it. So a thread that
 * gathers notes whom it is to wake, and does it when its round is over, or WAKEUP_GATHER_US after the
 * first one was noted. Executors gather while they run, and the writer of a database while it
 * answers; all other threads wake at once.
 *
 * The work itself is in its queue by then, with all that belongs to it: whoever is awake anyway
 * takes it.
 */
#ifndef HEARTH_SRC_WAKEUP_H
#define HEARTH_SRC_WAKEUP_H

#include <stdatomic.h>
#include <stdbool.h>

#define WAKEUP_GATHER_US 300

/* How a thread is woken. It lies in what the thread serves. */
struct wakeup {
	void (*now)(struct wakeup *w); /* called without a lock, by any thread */
	atomic_int waiting;            /* threads that have noted it, or are in `now` */
};

/*
 * Calls w->now, or notes it for when the calling thread has gathered enough. With wakeup_note before
 * a lock is let go and wakeup_noted behind it, nobody who waits in wakeup_wait misses it. Any thread.
 */
void wakeup_note(struct wakeup *w);
void wakeup_noted(struct wakeup *w);

/* Whether the calling thread gathers from now on; what it has noted is woken first. */
void wakeup_gather(bool on);
/* Wakes whom the calling thread has noted: before it waits, and where a round ends. */
void wakeup_all(void);
/* The same, if WAKEUP_GATHER_US have passed: between the parts of a round. */
void wakeup_late(void);

/*
 * Waits until nobody has noted `w` who has not woken it, so that it can be freed. Nobody may note it
 * any more, nor the calling thread gather.
 */
void wakeup_wait(struct wakeup *w);

#endif

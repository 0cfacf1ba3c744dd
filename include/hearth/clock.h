/*
 * clock.h: the one place where time comes from, so that a test can hold the clock still.
 *
 * Wall time is for what people and protocols see; monotonic time is for how long something took
 * and for deadlines. Any thread.
 */
#ifndef HEARTH_CLOCK_H
#define HEARTH_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970-01-01 UTC, and whole seconds. */
int64_t clock_wall_ms(void);
int64_t clock_wall_s(void);
/* Microseconds and milliseconds since some moment in the past; never goes back. */
int64_t clock_mono_us(void);
int64_t clock_mono_ms(void);

/*
 * For tests: from now on both clocks stand at these values until set again (wall_ms < 0 gives the
 * real clock back). Advance moves both. Timers of a running loop keep real time.
 */
void clock_fake(int64_t wall_ms, int64_t mono_us);
void clock_fake_advance(int64_t ms);

#endif

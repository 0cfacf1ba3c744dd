/*
 * line_clock.h: a track's clock: the publisher's milliseconds on the channel's line of time, which
 * counts 90 kHz ticks, begins where it is told to and only grows. Where a clock is set anew (an
 * encoder that was restarted, a file that begins again) the line goes on and only what the clock
 * stands for changes. Pure; a value.
 */
#ifndef VIDEO_LINE_CLOCK_H
#define VIDEO_LINE_CLOCK_H

#include <stdint.h>

#define LINE_TICKS_PER_MS INT64_C(90) /* of VIDEO_TIMESCALE */

struct line_clock {
	int64_t origin;  /* where the line began, since the publisher came or time jumped */
	int64_t base_ms; /* the publisher's time that lies there */
};

/* Where a time of the publisher lies. */
static inline int64_t line_clock_time(const struct line_clock *c, int64_t dts_ms)
{
	return (dts_ms - c->base_ms) * LINE_TICKS_PER_MS + c->origin;
}

/* From now on `dts_ms` lies at `here`, or less than a millisecond before. */
static inline void line_clock_set(struct line_clock *c, int64_t dts_ms, int64_t here)
{
	c->base_ms = dts_ms - (here - c->origin) / LINE_TICKS_PER_MS;
}

#endif

/*
 * clock.c: wall and monotonic time, and the fake that tests put in their place. The fake is two
 * atomics, so that threads under test may read while the test advances it.
 */
#include "hearth/clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

static atomic_bool faked;
static _Atomic int64_t fake_wall_ms, fake_mono_us;

static int64_t read_us(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
	return atomic_load(&faked) ? atomic_load(&fake_wall_ms) : read_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_wall_s(void)
{
	return clock_wall_ms() / 1000;
}

int64_t clock_mono_us(void)
{
	return atomic_load(&faked) ? atomic_load(&fake_mono_us) : read_us(CLOCK_MONOTONIC);
}

int64_t clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

void clock_fake(int64_t wall_ms, int64_t mono_us)
{
	atomic_store(&fake_wall_ms, wall_ms);
	atomic_store(&fake_mono_us, mono_us);
	atomic_store(&faked, wall_ms >= 0);
}

void clock_fake_advance(int64_t ms)
{
	atomic_fetch_add(&fake_wall_ms, ms);
	atomic_fetch_add(&fake_mono_us, ms * 1000);
}

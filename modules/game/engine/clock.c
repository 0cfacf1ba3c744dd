/*
 * clock.c: the arithmetic of a clock with increment: what is taken off at a press, what is left,
 * when the flag falls. Pure; microseconds, of whoever calls.
 */
#include "engine/clock.h"

void game_clock_init(struct game_clock *c, int64_t limit_ms, int64_t increment_ms)
{
	*c = (struct game_clock){ .left_us = { limit_ms * 1000, limit_ms * 1000 },
		.increment_us = increment_ms * 1000,
		.side = -1 };
}

void game_clock_start(struct game_clock *c, int side, int64_t now_us)
{
	c->side = side;
	c->started_us = now_us;
	c->spent_us = 0;
}

static void take_off(struct game_clock *c, int64_t used_us)
{
	int64_t *left_us = &c->left_us[c->side];

	*left_us = used_us < *left_us ? *left_us - used_us : 0;
}

void game_clock_hold(struct game_clock *c, int64_t used_us, int64_t from_us)
{
	take_off(c, used_us);
	c->spent_us += used_us;
	c->started_us = from_us;
}

/* Takes what the running side used off its time. */
static int64_t charge(struct game_clock *c, int64_t now_us)
{
	int64_t used = now_us > c->started_us ? now_us - c->started_us : 0;

	take_off(c, used);
	return c->spent_us + used;
}

int64_t game_clock_press(struct game_clock *c, int next, int64_t now_us)
{
	int64_t used;

	if (c->side < 0)
		return 0;
	used = charge(c, now_us);
	if (c->left_us[c->side] > 0)
		c->left_us[c->side] += c->increment_us;
	game_clock_start(c, next, now_us);
	return used;
}

void game_clock_stop(struct game_clock *c, int64_t now_us)
{
	if (c->side >= 0)
		charge(c, now_us);
	c->side = -1;
}

int64_t game_clock_left_us(const struct game_clock *c, int side, int64_t now_us)
{
	int64_t used = c->side == side && now_us > c->started_us ? now_us - c->started_us : 0;

	return used < c->left_us[side] ? c->left_us[side] - used : 0;
}

bool game_clock_out(const struct game_clock *c, int64_t now_us)
{
	return c->side >= 0 && game_clock_left_us(c, c->side, now_us) == 0;
}

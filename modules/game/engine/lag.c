/*
 * lag.c: the quota of lag of one side (lag.h). Pure; microseconds.
 */
#include "engine/lag.h"

#include "engine/speed.h"
#include "hearth/log.h"

#define SECOND_US     INT64_C(1000000)
#define GAIN_MAX_US   SECOND_US
#define GAIN_LEAST_US 150000
#define START_GAINS   3
#define CAP_GAINS     7

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void game_lag_init(struct game_lag *l, const struct game_control *control)
{
	int64_t game_s = game_control_estimate_s(control);

	*l = (struct game_lag){ 0 };
	if (game_s >= GAME_SPEED_SLOW_S)
		return;
	/* Two fifths of a hundredth of the time for forty moves, and a little. */
	l->gain_us = least(game_s * SECOND_US / 250 + GAIN_LEAST_US, GAIN_MAX_US);
	l->quota_us = START_GAINS * l->gain_us;
}

static int64_t cap_us(const struct game_lag *l)
{
	return CAP_GAINS * l->gain_us;
}

int64_t game_lag_bounded(int64_t lag_us)
{
	return lag_us < 0 ? 0 : least(lag_us, GAME_LAG_MAX_US);
}

void game_lag_note(struct game_lag *l, int64_t lag_us)
{
	l->last_us = game_lag_bounded(lag_us);
}

void game_lag_restore(struct game_lag *l, int64_t quota_us, int64_t last_us)
{
	l->quota_us = quota_us < 0 ? 0 : least(quota_us, cap_us(l));
	game_lag_note(l, last_us);
}

int64_t game_lag_forgives(const struct game_lag *l, int64_t lag_us, int64_t used_us)
{
	int64_t forgiven_us = least(game_lag_bounded(lag_us), l->quota_us);

	INVARIANT(l->quota_us >= 0);
	return used_us > 0 ? least(forgiven_us, used_us) : 0;
}

int64_t game_lag_take(struct game_lag *l, int64_t lag_us, int64_t used_us)
{
	int64_t forgiven_us = game_lag_forgives(l, lag_us, used_us);

	l->quota_us = least(l->quota_us + l->gain_us - forgiven_us, cap_us(l));
	game_lag_note(l, lag_us);
	return forgiven_us;
}

int64_t game_lag_grace_us(const struct game_lag *l)
{
	return least(least(l->last_us, l->quota_us), GAME_LAG_GRACE_US);
}

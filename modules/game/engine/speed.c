/*
 * speed.c: the table of speeds (speed.h). Pure; GAME_SPEEDS rows.
 */
#include "engine/speed.h"

#include "hearth/log.h"

static const struct {
	const char *name;
	int64_t below_s; /* for forty moves */
} speeds[GAME_SPEEDS] = {
	[GAME_ULTRABULLET] = { "ultraBullet", 30 },
	[GAME_BULLET] = { "bullet", 180 },
	[GAME_BLITZ] = { "blitz", 480 },
	[GAME_RAPID] = { "rapid", 1500 },
	[GAME_CLASSICAL] = { "classical", GAME_SPEED_SLOW_S },
	[GAME_CORRESPONDENT] = { "correspondence", INT64_MAX },
};

enum game_speed game_speed_of(const struct game_control *c)
{
	int64_t estimate_s = game_control_estimate_s(c);
	enum game_speed speed = GAME_ULTRABULLET;

	if (c->kind == GAME_CORRESPONDENCE || c->kind == GAME_UNLIMITED)
		return GAME_CORRESPONDENT;
	while (estimate_s >= speeds[speed].below_s)
		speed++;
	return speed;
}

const char *game_speed_name(enum game_speed speed)
{
	INVARIANT(speed < GAME_SPEEDS);
	return speeds[speed].name;
}

enum game_speed game_speed_find(struct slice name)
{
	enum game_speed speed = GAME_ULTRABULLET;

	while (speed < GAME_SPEEDS && !slice_eq(name, slice_str(speeds[speed].name)))
		speed++;
	return speed;
}

/*
 * test_speed.c: how fast a game is, on both sides of each border.
 */
#include "harness.h"

#include "engine/speed.h"

START_TEST(speeds_have_their_borders)
{
	static const struct {
		const char *control, *speed;
	} rows[] = { { "15", "ultraBullet" }, { "29", "ultraBullet" }, { "30", "bullet" },
		{ "0+1", "bullet" }, { "60", "bullet" }, { "120+1", "bullet" }, { "179", "bullet" },
		{ "180", "blitz" }, { "180+2", "blitz" }, { "300+3", "blitz" }, { "479", "blitz" },
		{ "480", "rapid" }, { "300d5", "rapid" }, { "600+5", "rapid" }, { "1499", "rapid" },
		{ "1500", "classical" }, { "1800+20", "classical" },
		{ "40/5400+30:1800+30", "classical" }, { "21599", "classical" },
		{ "21600", "correspondence" }, { "1/86400", "correspondence" },
		{ "-", "correspondence" }, { "*60", "bullet" }, { "60+3x10", "blitz" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct game_control c;
		const char *why;

		ck_assert_int_eq(game_control_parse(slice_str(rows[i].control), &c, &why), 0);
		ck_assert_str_eq(game_speed_name(game_speed_of(&c)), rows[i].speed);
	}
	for (enum game_speed speed = 0; speed < GAME_SPEEDS; speed++)
		ck_assert_int_eq(game_speed_find(slice_str(game_speed_name(speed))), speed);
	ck_assert_int_eq(game_speed_find(SLICE("Blitz")), GAME_SPEEDS);
	ck_assert_int_eq(game_speed_find(SLICE("")), GAME_SPEEDS);
}
END_TEST

TEST_MAIN("speed", speeds_have_their_borders)

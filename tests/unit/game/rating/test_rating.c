/*
 * test_rating.c: Glicko-2 by its author's example and by Lichess's; what may not happen to a rating
 * whatever is played; time that passes.
 */
#include "harness.h"

#include <math.h>

#include "rating/rating.h"

#define DAY_MS INT64_C(86400000)

static void ck_near(double is, double should, double by)
{
	ck_assert_msg(fabs(is - should) <= by, "%.7f, not %.7f", is, should);
}

static void ck_glicko(struct glicko is, double rating, double deviation, double volatility)
{
	ck_near(is.rating, rating, 0.005);
	ck_near(is.deviation, deviation, 0.005);
	ck_near(is.volatility, volatility, 0.0000001);
}

START_TEST(glickmans_example)
{
	const struct glicko r = { 1500, 200, 0.06 };
	const struct glicko_game games[] = { { { 1400, 30, 0.06 }, 1 }, { { 1550, 100, 0.06 }, 0 },
		{ { 1700, 300, 0.06 }, 0 } };
	struct glicko after = glicko_update(&r, games, 3, 1, 0.5);

	ck_near(after.rating, 1464.05, 0.01);
	ck_near(after.deviation, 151.52, 0.01);
	ck_near(after.volatility, 0.059996, 0.000001);
	ck_near(glicko_expected(&r, &games[0].opponent), 0.639, 0.001);
	/* Who did not play is only less certain. */
	after = glicko_update(&r, NULL, 0, 1, 0.5);
	ck_glicko(after, 1500, 200.2714, 0.06);
	ck_near(glicko_deviation_after(&r, 1), after.deviation, 0);
}
END_TEST

static void play(const struct glicko *from, double score, struct glicko *first)
{
	const struct glicko_game game = { *from, score };

	*first = glicko_update(from, &game, 1, 0, 0.75);
}

START_TEST(one_game_between_equals)
{
	const struct glicko fresh = { 1500, 500, 0.09 }, settled = { 1500, 350, 0.06 };
	struct glicko after;

	play(&fresh, 1, &after);
	ck_near(after.rating, 1741, 1);
	ck_near(after.deviation, 396, 1);
	ck_near(after.volatility, 0.0899983, 0.0000001);
	play(&fresh, 0, &after);
	ck_near(after.rating, 1258, 1);
	play(&settled, 1, &after);
	ck_glicko(after, 1662.21, 290.2305, 0.0599993);
	play(&settled, 0, &after);
	ck_glicko(after, 1337.79, 290.2305, 0.0599993);
	play(&settled, 0.5, &after);
	ck_glicko(after, 1500, 290.2305, 0.0599977);
}
END_TEST

START_TEST(time_makes_uncertain)
{
	struct rating r;

	rating_init(&r);
	ck_assert(rating_provisional(&r, 0));
	r.glicko = (struct glicko){ 1800, 60, 0.06 };
	r.latest_ms = 1000 * DAY_MS;
	ck_near(rating_deviation(&r, 1000 * DAY_MS), 60, 0);
	ck_near(rating_deviation(&r, 900 * DAY_MS), 60, 0); /* a clock set back */
	ck_near(rating_deviation(&r, 1365 * DAY_MS), 110, 0.1);
	ck_assert(!rating_provisional(&r, 1363 * DAY_MS));
	ck_assert(rating_provisional(&r, 1367 * DAY_MS));
	ck_near(rating_deviation(&r, INT64_MAX), RATING_DEVIATION_MAX, 0);
	/* In fractions: two halves are one whole. */
	{
		struct glicko half = r.glicko;

		half.deviation = glicko_deviation_after(&r.glicko, 0.5);
		ck_near(glicko_deviation_after(&half, 0.5), glicko_deviation_after(&r.glicko, 1),
			0.0002);
	}
}
END_TEST

static unsigned chance = 2024;

static double between(double min, double max)
{
	chance = chance * 1103515245u + 12345u;
	return min + (max - min) * ((chance >> 8) % 100001) / 100000.0;
}

static struct rating any(void)
{
	return (struct rating){ .glicko = { between(RATING_MIN, RATING_MAX),
					between(RATING_DEVIATION_MIN, RATING_DEVIATION_MAX),
					between(0.01, 0.1) },
		.latest_ms = (int64_t)between(1, 1000) * DAY_MS };
}

static void ck_bounds(const struct rating *r)
{
	ck_assert(r->glicko.rating >= RATING_MIN && r->glicko.rating <= RATING_MAX);
	ck_assert(r->glicko.deviation >= RATING_DEVIATION_MIN &&
		  r->glicko.deviation <= RATING_DEVIATION_MAX);
	ck_assert(r->glicko.volatility > 0 && r->glicko.volatility <= 0.1);
}

START_TEST(no_game_does_what_it_must_not)
{
	for (int i = 0; i < 20000; i++) {
		const struct rating before[2] = { any(), any() };
		struct rating after[2] = { before[0], before[1] },
			      again[2] = { before[1], before[0] };
		int score = (int)between(0, 2.99);
		int64_t now_ms = (int64_t)between(1000, 2000) * DAY_MS;

		rating_play(&after[0], &after[1], score, now_ms);
		for (int seat = 0; seat < 2; seat++) {
			double change = after[seat].glicko.rating - before[seat].glicko.rating;
			int own = seat ? 2 - score : score;

			ck_bounds(&after[seat]);
			ck_assert(fabs(change) <= RATING_CHANGE_MAX + GLICKO_STEP);
			/* Who wins loses nothing, and who loses wins nothing. */
			ck_assert(own != 2 || change >= -GLICKO_STEP);
			ck_assert(own != 0 || change <= GLICKO_STEP);
			ck_assert_int_eq(after[seat].games, 1);
			ck_assert_int_eq(after[seat].latest_ms, now_ms);
		}
		/* It is the same from the other side. */
		rating_play(&again[0], &again[1], 2 - score, now_ms);
		ck_assert(again[0].glicko.rating == after[1].glicko.rating);
		ck_assert(again[1].glicko.deviation == after[0].glicko.deviation);
	}
}
END_TEST

START_TEST(what_is_no_number_is_a_first_rating)
{
	struct rating r = { .glicko = { NAN, 100, 0.06 }, .games = 5, .latest_ms = 7 };

	rating_bound(&r);
	ck_assert(r.glicko.rating == RATING_START && r.games == 0);
	r = (struct rating){ .glicko = { 9000, 1, 5 }, .games = -5 };
	rating_bound(&r);
	ck_bounds(&r);
	ck_assert_int_eq(r.games, 0);
}
END_TEST

/* Who is better is found out. */
START_TEST(strength_is_found)
{
	struct rating strong, weak;
	int64_t now_ms = DAY_MS;

	rating_init(&strong);
	rating_init(&weak);
	for (int i = 0; i < 300; i++) /* three of four points: 191 apart by Elo's curve */
		rating_play(&strong, &weak, i % 4 ? 2 : 0, now_ms += DAY_MS / 24);
	ck_assert(!rating_provisional(&strong, now_ms) && !rating_provisional(&weak, now_ms));
	ck_near(strong.glicko.rating - weak.glicko.rating, 191, 60);
	ck_near(strong.glicko.rating + weak.glicko.rating, 3000, 1);
}
END_TEST

TEST_MAIN("rating", glickmans_example, one_game_between_equals, time_makes_uncertain,
	no_game_does_what_it_must_not, what_is_no_number_is_a_first_rating, strength_is_found)

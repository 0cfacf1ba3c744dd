/*
 * rating.c: bounds and the passing of time around Glicko-2 (rating.h). Pure.
 */
#include "rating/rating.h"

#include <math.h>

#include "hearth/log.h"

#define TAU             0.75
#define VOLATILITY      0.09 /* at first */
#define VOLATILITY_MAX  0.1
#define VOLATILITY_MIN  0.01
#define PERIODS_PER_DAY 0.21436 /* so a deviation of 60 is 110 after a year (of volatility 0.06) */
#define DAY_MS          86400000.0

void rating_init(struct rating *r)
{
	*r = (struct rating){ .glicko = { RATING_START, RATING_DEVIATION_MAX, VOLATILITY } };
}

static double within(double x, double min, double max)
{
	return x < min ? min : x > max ? max : x;
}

static void bound(struct glicko *g)
{
	g->rating = within(g->rating, RATING_MIN, RATING_MAX);
	g->deviation = within(g->deviation, RATING_DEVIATION_MIN, RATING_DEVIATION_MAX);
	g->volatility = within(g->volatility, VOLATILITY_MIN, VOLATILITY_MAX);
}

void rating_bound(struct rating *r)
{
	struct glicko *g = &r->glicko;

	if (!isfinite(g->rating) || !isfinite(g->deviation) || !isfinite(g->volatility))
		rating_init(r);
	bound(g);
	if (r->games < 0)
		r->games = 0;
}

static double periods_since(const struct rating *r, int64_t now_ms)
{
	if (r->latest_ms == 0 || now_ms <= r->latest_ms)
		return 0;
	return (double)(now_ms - r->latest_ms) / DAY_MS * PERIODS_PER_DAY;
}

double rating_deviation(const struct rating *r, int64_t now_ms)
{
	double deviation = glicko_deviation_after(&r->glicko, periods_since(r, now_ms));

	return within(deviation, RATING_DEVIATION_MIN, RATING_DEVIATION_MAX);
}

bool rating_provisional(const struct rating *r, int64_t now_ms)
{
	return rating_deviation(r, now_ms) >= RATING_PROVISIONAL;
}

/* What a rating is behind a game; of the opponent how uncertain they are by now. */
static struct glicko played(
	const struct rating *r, const struct rating *opponent, double score, int64_t now_ms)
{
	struct glicko_game game = { .opponent = opponent->glicko, .score = score };
	struct glicko after;

	game.opponent.deviation = rating_deviation(opponent, now_ms);
	after = glicko_update(&r->glicko, &game, 1, periods_since(r, now_ms), TAU);
	after.rating = within(after.rating, r->glicko.rating - RATING_CHANGE_MAX,
		r->glicko.rating + RATING_CHANGE_MAX);
	bound(&after);
	return after;
}

static void settle(struct rating *r, const struct glicko *after, int64_t now_ms)
{
	r->glicko = *after;
	r->games++;
	if (now_ms > r->latest_ms)
		r->latest_ms = now_ms;
}

void rating_play(struct rating *first, struct rating *second, int score, int64_t now_ms)
{
	struct glicko firsts, seconds;

	INVARIANT(score >= 0 && score <= 2);
	firsts = played(first, second, score / 2.0, now_ms);
	seconds = played(second, first, 1 - score / 2.0, now_ms);
	settle(first, &firsts, now_ms);
	settle(second, &seconds, now_ms);
}

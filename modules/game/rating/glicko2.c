/*
 * glicko2.c: the steps of Glickman's paper, by its letters (glicko2.h). Pure; the search for the new
 * volatility ends after ITERATIONS_MAX steps.
 */
#include "rating/glicko2.h"

#include <math.h>

#include "hearth/log.h"

#define SCALE          173.7178 /* of his first system to the second, around … */
#define CENTRE         1500.0   /* … this */
#define EPSILON        1e-6
#define ITERATIONS_MAX 1000
#define PI             3.14159265358979323846

static double rounded(double x, double step)
{
	return round(x / step) * step;
}

static double g(double phi)
{
	return 1 / sqrt(1 + 3 * phi * phi / (PI * PI));
}

static double mu_of(const struct glicko *r)
{
	return (r->rating - CENTRE) / SCALE;
}

static double expected(double mu, double mu_j, double phi_j)
{
	return 1 / (1 + exp(-g(phi_j) * (mu - mu_j)));
}

double glicko_expected(const struct glicko *r, const struct glicko *opponent)
{
	return expected(mu_of(r), mu_of(opponent), opponent->deviation / SCALE);
}

static double grown(double phi, double sigma, double periods)
{
	return sqrt(phi * phi + periods * sigma * sigma);
}

double glicko_deviation_after(const struct glicko *r, double periods)
{
	INVARIANT(periods >= 0);
	return rounded(SCALE * grown(r->deviation / SCALE, r->volatility, periods), GLICKO_STEP);
}

/* ---- step 5: the new volatility ---- */

/* What does not change while it is searched. */
struct search {
	double delta2, phi2, v, a, tau;
};

static double f(const struct search *s, double x)
{
	double e = exp(x), all = s->phi2 + s->v + e;

	return e * (s->delta2 - all) / (2 * all * all) - (x - s->a) / (s->tau * s->tau);
}

/* The first B: on the other side of the zero than A. */
static double far_end(const struct search *s)
{
	double k = 1;

	if (s->delta2 > s->phi2 + s->v)
		return log(s->delta2 - s->phi2 - s->v);
	while (k < ITERATIONS_MAX && f(s, s->a - k * s->tau) < 0)
		k++;
	return s->a - k * s->tau;
}

static double new_volatility(const struct search *s)
{
	double a = s->a, b = far_end(s), fa = f(s, a), fb = f(s, b);

	for (int i = 0; i < ITERATIONS_MAX && fabs(b - a) > EPSILON; i++) {
		double c = a + (a - b) * fa / (fb - fa), fc = f(s, c);

		if (fc * fb <= 0) {
			a = b;
			fa = fb;
		} else {
			fa /= 2;
		}
		b = c;
		fb = fc;
	}
	return exp(a / 2);
}

/* ---- all of it ---- */

struct glicko glicko_update(
	const struct glicko *r, const struct glicko_game *games, int n, double periods, double tau)
{
	double mu = mu_of(r), phi = r->deviation / SCALE, sigma = r->volatility;
	double information = 0, gained = 0; /* 1/v, and the sum of g (s - E) */

	INVARIANT(r->deviation > 0 && sigma > 0 && tau > 0 && periods >= 0 && n >= 0);
	for (int i = 0; i < n; i++) {
		double phi_j = games[i].opponent.deviation / SCALE;
		double e = expected(mu, mu_of(&games[i].opponent), phi_j);

		information += g(phi_j) * g(phi_j) * e * (1 - e);
		gained += g(phi_j) * (games[i].score - e);
	}
	/* Against whom the result was certain nothing is learned. */
	if (information > 0) {
		double v = 1 / information, delta = v * gained;
		struct search s = { delta * delta, phi * phi, v, log(sigma * sigma), tau };

		sigma = new_volatility(&s);
	}
	phi = grown(phi, sigma, periods);
	phi = 1 / sqrt(1 / (phi * phi) + information);
	return (struct glicko){
		.rating = rounded(SCALE * (mu + phi * phi * gained) + CENTRE, GLICKO_STEP),
		.deviation = rounded(SCALE * phi, GLICKO_STEP),
		.volatility = rounded(sigma, GLICKO_VOLATILITY_STEP),
	};
}

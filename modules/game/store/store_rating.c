/*
 * store_rating.c: ratings on disk (store_rating.h). Inside a db_fn; a handful of rows a match.
 */
#include "store/store_rating.h"

#include <math.h>

#include "hearth/error.h"
#include "hearth/log.h"

#define PLAYERS 2 /* Glicko-2 knows games between two */

static int64_t steps(double x, double step)
{
	return llround(x / step);
}

/* Columns from `at` on: rating, deviation, volatility, games, latest_ms. */
static struct rating rating_of(struct db_rows *rows, int at)
{
	struct rating r = { .glicko = { (double)db_col_int(rows, at) * GLICKO_STEP,
				    (double)db_col_int(rows, at + 1) * GLICKO_STEP,
				    (double)db_col_int(rows, at + 2) * GLICKO_VOLATILITY_STEP },
		.games = db_col_int(rows, at + 3),
		.latest_ms = db_col_int(rows, at + 4) };

	rating_bound(&r);
	return r;
}

/* What it is called where it lies: who could not be rated so is shown what they usually are. */
static const char *rating_name(const struct game_rules *rules, struct slice setup)
{
	const char *name = game_rules_rating(rules, setup);

	return name ? name : rules->id;
}

int game_store_rating(struct db_tx *tx, int64_t account, const struct game_rules *rules,
	struct slice setup, enum game_speed speed, struct rating *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT rating, deviation, volatility, games, latest_ms FROM rating"
		" WHERE account = $1 AND game = $2 AND speed = $3",
		db_int(account), db_str(rating_name(rules, setup)), db_str(game_speed_name(speed)));

	rating_init(out);
	if (rc == 0) {
		*out = rating_of(&rows, 0);
		rc = db_end(&rows);
	}
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

static int set_rating(struct db_tx *tx, int64_t account, const struct game_rules *rules,
	struct slice setup, enum game_speed speed, const struct rating *r)
{
	const struct glicko *g = &r->glicko;
	int rc = db_run(tx,
		"INSERT INTO rating (account, game, speed, rating, deviation, volatility, games,"
		" latest_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
		" ON CONFLICT (account, game, speed) DO UPDATE SET rating = $4, deviation = $5,"
		" volatility = $6, games = $7, latest_ms = $8",
		db_int(account), db_str(rating_name(rules, setup)), db_str(game_speed_name(speed)),
		db_int(steps(g->rating, GLICKO_STEP)), db_int(steps(g->deviation, GLICKO_STEP)),
		db_int(steps(g->volatility, GLICKO_VOLATILITY_STEP)), db_int(r->games),
		db_int(r->latest_ms));

	return rc < 0 ? rc : 0;
}

/* ---- lists ---- */

struct listing {
	int (*each)(void *arg, const struct game_rated *r);
	void *arg;
};

static int list_one(struct db_rows *rows, void *arg)
{
	const struct listing *l = arg;
	struct game_rated r = { .game = db_col_text(rows, 0),
		.speed = game_speed_find(db_col_text(rows, 1)),
		.rating = rating_of(rows, 2) };

	return r.speed < GAME_SPEEDS ? l->each(l->arg, &r) : 0;
}

int game_store_ratings(struct db_tx *tx, int64_t account,
	int (*each)(void *arg, const struct game_rated *r), void *arg)
{
	struct listing l = { each, arg };

	return db_each(tx, list_one, &l,
		"SELECT game, speed, rating, deviation, volatility, games, latest_ms FROM rating"
		" WHERE account = $1 ORDER BY game, speed",
		db_int(account));
}

int game_store_ratings_forget(struct db_tx *tx, int64_t account)
{
	int rc = db_run(tx, "DELETE FROM rating WHERE account = $1", db_int(account));

	return rc < 0 ? rc : 0;
}

/* ---- a match ---- */

struct match_rating game_rating_shown(
	struct db_rows *rows, int rating_column, int deviation_column, int after_column)
{
	double before = (double)db_col_int(rows, rating_column) * GLICKO_STEP;
	double deviation = (double)db_col_int(rows, deviation_column) * GLICKO_STEP;
	double after = (double)db_col_int(rows, after_column) * GLICKO_STEP;
	bool over = !db_col_is_null(rows, after_column);

	if (db_col_is_null(rows, rating_column))
		return (struct match_rating){ 0 };
	return (struct match_rating){ .rating = (int)lround(before),
		.provisional = deviation >= RATING_PROVISIONAL,
		.changed = over,
		.change = over ? (int)(lround(after) - lround(before)) : 0 };
}

/* The accounts on the first seats, as they are stored: 0 where one is gone. */
static int read_accounts(struct db_tx *tx, int64_t match, int64_t accounts[PLAYERS])
{
	int rc = 0;

	for (int seat = 0; seat < PLAYERS && rc == 0; seat++)
		rc = db_get_int(tx, &accounts[seat],
			"SELECT account FROM seat WHERE match = $1 AND seat = $2", db_int(match),
			db_int(seat));
	return rc;
}

static int read_shown(struct db_tx *tx, int64_t match, struct match_rating shown[GAME_SEATS_MAX])
{
	int rc = 0;

	for (int seat = 0; seat < PLAYERS && rc == 0; seat++) {
		struct db_rows rows;

		rc = db_one(tx, &rows,
			"SELECT rating, deviation, rating_after FROM seat WHERE match = $1 AND"
			" seat = $2",
			db_int(match), db_int(seat));
		if (rc == 0) {
			shown[seat] = game_rating_shown(&rows, 0, 1, 2);
			rc = db_end(&rows);
		}
	}
	return rc;
}

int game_store_rated_start(struct db_tx *tx, int64_t match, const struct game_rules *rules,
	struct slice setup, enum game_speed speed, int64_t now_ms,
	struct match_rating shown[GAME_SEATS_MAX])
{
	int64_t accounts[PLAYERS];
	int rc = read_accounts(tx, match, accounts);

	for (int seat = 0; seat < PLAYERS && rc >= 0; seat++) {
		struct rating r;

		rc = game_store_rating(tx, accounts[seat], rules, setup, speed, &r);
		if (rc == 0)
			rc = db_run(tx,
				"UPDATE seat SET rating = $3, deviation = $4 WHERE match = $1 AND"
				" seat = $2",
				db_int(match), db_int(seat),
				db_int(steps(r.glicko.rating, GLICKO_STEP)),
				db_int(steps(rating_deviation(&r, now_ms), GLICKO_STEP)));
	}
	return rc < 0 ? rc : read_shown(tx, match, shown);
}

/*
 * What one has become: in the table of ratings, and with the seat. There the change counts from what
 * the rating was when the match began, though others may have ended meanwhile.
 */
static int settle(struct db_tx *tx, const struct match *m, enum game_speed speed, int seat,
	int64_t account, double before, const struct rating *r)
{
	int64_t change = steps(r->glicko.rating - before, GLICKO_STEP);
	int rc = set_rating(tx, account, m->rules, slice_str(m->setup), speed, r);

	return rc < 0 ? rc
		      : db_run(tx,
				"UPDATE seat SET rating_after = rating + $3 WHERE match = $1 AND"
				" seat = $2",
				db_int(m->id), db_int(seat), db_int(change));
}

int game_store_rate(struct db_tx *tx, const struct match *m, const int scores[GAME_SEATS_MAX],
	int64_t now_ms, struct match_rating shown[GAME_SEATS_MAX])
{
	enum game_speed speed = game_speed_of(&m->clock.control);
	struct rating before[PLAYERS], after[PLAYERS];
	int64_t accounts[PLAYERS];
	int rc = read_accounts(tx, m->id, accounts);

	INVARIANT(m->rated && m->seats == PLAYERS && scores[0] + scores[1] == 2);
	if (rc || accounts[0] == 0 || accounts[1] == 0)
		return rc;
	for (int seat = 0; seat < PLAYERS && rc == 0; seat++)
		rc = game_store_rating(
			tx, accounts[seat], m->rules, slice_str(m->setup), speed, &before[seat]);
	if (rc)
		return rc;
	memcpy(after, before, sizeof(after));
	rating_play(&after[0], &after[1], scores[0], now_ms);
	for (int seat = 0; seat < PLAYERS && rc >= 0; seat++)
		rc = settle(tx, m, speed, seat, accounts[seat], before[seat].glicko.rating,
			&after[seat]);
	return rc < 0 ? rc : read_shown(tx, m->id, shown);
}

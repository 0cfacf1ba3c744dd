/*
 * adopt.c: matches of the version that knew a white and a black, and moves alone (schema.c): their
 * seats become rows, their moves events, and how they stand and ended as well. Those that go on before
 * this node has any shard, the others some at a time, the latest first (engine/chores.c): a large folder
 * is open at once. Inside a db_fn; where none is left it costs a look into an empty index.
 *
 * Nothing is lost but at which move an offer was made, and one that stands no more. A match whose rows do
 * not fit each other is set aside (seats -1), so that the others need not wait for it.
 */
#include "hearth/error.h"
#include "store/store.h"

/* From which id on they are the latest $2. $1: only those that go on. */
static const char first[] =
	"SELECT coalesce(min(id), 0) FROM (SELECT id FROM match WHERE seats = 0 AND"
	" ($1 = 0 OR status = 'started') ORDER BY id DESC LIMIT $2) AS chosen";

/* The same ones for each statement: they have no seats until the last. $2: from that id on. */
#define CHOSEN \
	"(SELECT id FROM match WHERE seats = 0 AND ($1 = 0 OR status = 'started') AND id >= $2)"

/*
 * Of match m: its moves are not 1, 2, 3 … as many as its row says, or some of it is there already.
 * No such row can have come about by the program; one may be in a folder that was repaired by hand.
 */
#define ODD                                                                                \
	"((SELECT count(*) FROM move v WHERE v.match = m.id) <> m.ply OR (SELECT count(*)" \
	" FROM move v WHERE v.match = m.id AND v.ply >= 1 AND v.ply <= m.ply) <> m.ply"    \
	" OR EXISTS (SELECT 1 FROM event e WHERE e.match = m.id)"                          \
	" OR EXISTS (SELECT 1 FROM seat t WHERE t.match = m.id))"

/* Clocks as clock.h writes them. */
#define CLOCK(white, black) \
	"'{\"left_us\":[' || CAST(" white " AS TEXT) || ',' || CAST(" black " AS TEXT) || ']}'"
#define CLOCK_NOW CLOCK("white_left_us", "black_left_us")
#define EVENT \
	"INSERT INTO event (match, seq, kind, seat, ply, text, notation, used_us, clock, at_ms) "

/* A winner was a seat, or -1 of a drawn match, and of one that goes on or was aborted. */
#define SEATS(live)                                                                        \
	"INSERT INTO seat (match, seat, account, name, score, live)"                       \
	" SELECT m.id, s.seat, CASE s.seat WHEN 0 THEN m.white ELSE m.black END,"          \
	" CASE s.seat WHEN 0 THEN m.white_name ELSE m.black_name END,"                     \
	" CASE WHEN m.status IN ('started', 'aborted') THEN 0 WHEN m.winner = s.seat THEN" \
	" 2 WHEN m.winner = -1 THEN 1 ELSE 0 END, " live                                   \
	" FROM match m JOIN (SELECT 0 AS seat UNION ALL SELECT 1) s ON 1 = 1 WHERE m.id "  \
	"IN " CHOSEN

/* An odd match has its players, whose exports name it, and goes on for nobody. */
static const char odd_seats[] = SEATS("0") " AND " ODD " ON CONFLICT (match, seat) DO NOTHING";
static const char set_aside[] =
	"UPDATE match SET seats = -1, due_us = $3, white = 0, black = 0, white_name = '',"
	" black_name = '' WHERE id IN (SELECT m.id FROM match m WHERE m.id IN " CHOSEN " AND " ODD
	")";

static const char seats[] = SEATS("CASE m.status WHEN 'started' THEN 1 ELSE 0 END");

/* Who went while a node of that version was there yet. */
static const char gone[] = "UPDATE seat SET account = 0, name = '' WHERE match IN " CHOSEN
			   " AND account IN (SELECT account FROM forgotten)";

/* Of the side that did not move, what its own move before has left it. */
static const char moves[] =
	EVENT "SELECT v.match, v.ply, 'move', (v.ply + 1) % 2, v.ply, v.text, v.notation,"
	      " v.used_us, CASE v.ply % 2 WHEN 1 THEN " CLOCK("v.left_us",
		      "coalesce(b.left_us, m.limit_ms * 1000)") " ELSE " CLOCK("b.left_us",
		      "v.left_us") " END, v.at_ms FROM match m JOIN move v ON v.match = m.id"
				   " LEFT JOIN move b ON b.match = v.match AND b.ply = v.ply - 1 "
				   "WHERE m.id IN " CHOSEN;

static const char offers[] =
	EVENT "SELECT id, ply + 1, 'draw-offer', draw_offer, ply, '', '', 0, " CLOCK_NOW
	      ", started_at FROM match WHERE status = 'started' AND draw_offer >= 0"
	      " AND id IN " CHOSEN;

static const char ends[] = EVENT "SELECT id, ply + 1, 'end', -1, ply, status, reason, 0, " CLOCK_NOW
				 ", coalesce(ended_at, started_at) FROM match"
				 " WHERE status <> 'started' AND id IN " CHOSEN;

/* The last: from now on they are as any other, and who played is said by their seats alone. */
static const char rows[] =
	"UPDATE match SET clock = " CLOCK_NOW
	", seq = ply + CASE WHEN status <> 'started' OR draw_offer >= 0 THEN 1 ELSE 0 END,"
	" seats = 2, white = 0, black = 0, white_name = '', black_name = ''"
	" WHERE id IN " CHOSEN;

static int take_over(struct db_tx *tx, bool live, int64_t from, int64_t *aside)
{
	static const char *const statements[] = { seats, gone, moves, offers, ends, rows };
	int rc = db_run(tx, odd_seats, db_int(live), db_int(from));

	if (rc >= 0)
		rc = db_run(tx, gone, db_int(live), db_int(from));
	if (rc >= 0)
		rc = db_run(tx, set_aside, db_int(live), db_int(from), db_int(INT64_MAX));
	if (rc >= 0)
		*aside = rc;
	for (size_t i = 0; rc >= 0 && i < sizeof(statements) / sizeof(statements[0]); i++)
		rc = db_run(tx, statements[i], db_int(live), db_int(from));
	return rc < 0 ? rc : 0;
}

int game_store_adopt(struct db_tx *tx, bool live, int64_t limit, struct game_adopted *out)
{
	int64_t from = 0;
	int rc = game_store_unadopted(tx, &out->left);

	out->aside = 0;
	if (rc == 0 && out->left)
		rc = db_get_int(tx, &from, first, db_int(live), db_int(limit));
	if (rc < 0 || from == 0)
		return rc;
	rc = take_over(tx, live, from, &out->aside);
	return rc < 0 ? rc : game_store_unadopted(tx, &out->left);
}

int game_store_unadopted(struct db_tx *tx, int64_t *left)
{
	int64_t id;
	int rc = db_get_int(tx, &id, "SELECT id FROM match WHERE seats = 0 LIMIT 1");

	*left = rc == 0;
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

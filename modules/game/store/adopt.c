/*
 * adopt.c: matches of the version that knew a white and a black, and moves alone (schema.c): their
 * seats become rows, their moves events, and how they stand and ended as well. Those that go on before
 * this node has any shard, the others some at a time, the latest first (engine/chores.c): a large folder
 * is open at once. Inside a db_fn; where none is left it costs a look into an empty index.
 *
 * Nothing is lost but at which move an offer was made, and one that stands no more.
 */
#include "hearth/error.h"
#include "store/store.h"

/* The same ones for each statement: they have no seats until the last. $1: only those that go on. */
#define CHOSEN                                                                              \
	"(SELECT id FROM match WHERE seats = 0 AND ($1 = 0 OR status = 'started') ORDER BY" \
	" id DESC LIMIT $2)"

/* Clocks as clock.h writes them. */
#define CLOCK(white, black) \
	"'{\"left_us\":[' || CAST(" white " AS TEXT) || ',' || CAST(" black " AS TEXT) || ']}'"
#define CLOCK_NOW CLOCK("white_left_us", "black_left_us")
#define EVENT \
	"INSERT INTO event (match, seq, kind, seat, ply, text, notation, used_us, clock, at_ms) "

/* A winner was a seat, or -1 of a drawn match, and of one that goes on or was aborted. */
static const char seats[] =
	"INSERT INTO seat (match, seat, account, name, score, live)"
	" SELECT m.id, s.seat, CASE s.seat WHEN 0 THEN m.white ELSE m.black END,"
	" CASE s.seat WHEN 0 THEN m.white_name ELSE m.black_name END,"
	" CASE WHEN m.status IN ('started', 'aborted') THEN 0 WHEN m.winner = s.seat THEN 2"
	" WHEN m.winner = -1 THEN 1 ELSE 0 END, CASE m.status WHEN 'started' THEN 1 ELSE 0 END"
	" FROM match m JOIN (SELECT 0 AS seat UNION ALL SELECT 1) s ON 1 = 1 WHERE m.id IN " CHOSEN;

/* Who went while a node of that version was there yet. */
static const char gone[] = "UPDATE seat SET account = 0, name = '' WHERE account IN"
			   " (SELECT account FROM forgotten)";

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

int game_store_adopt(struct db_tx *tx, bool live, int64_t limit, int64_t *left)
{
	static const char *const statements[] = { seats, moves, offers, ends, rows };
	int rc = game_store_unadopted(tx, left);

	if (rc < 0 || *left == 0)
		return rc;
	for (size_t i = 0; rc >= 0 && i < sizeof(statements) / sizeof(statements[0]); i++)
		rc = db_run(tx, statements[i], db_int(live), db_int(limit));
	if (rc >= 0)
		rc = db_run(tx, gone);
	return rc < 0 ? rc : game_store_unadopted(tx, left);
}

int game_store_unadopted(struct db_tx *tx, int64_t *left)
{
	int64_t id;
	int rc = db_get_int(tx, &id, "SELECT id FROM match WHERE seats = 0 LIMIT 1");

	*left = rc == 0;
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

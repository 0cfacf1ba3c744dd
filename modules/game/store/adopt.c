/*
 * adopt.c: matches of the version that knew a white and a black, and moves alone (schema.c): their
 * seats become rows, their moves events, and how they stand and ended as well. Inside a db_fn, before
 * this node has any shard; where none is left it costs a look into an empty index.
 *
 * Nothing is lost but at which move an offer was made that stands no more.
 */
#include "hearth/error.h"
#include "store/store.h"

/* By its seat: what it has, who sat there. */
#define SEAT(seat, account, name)                                                                  \
	"INSERT INTO seat (match, seat, account, name, score, live) SELECT id, " seat ", " account \
	", " name ", CASE WHEN status IN ('started', 'aborted') THEN 0 WHEN winner = " seat        \
	" THEN 2 WHEN winner = -1 THEN 1 ELSE 0 END, CASE status WHEN 'started' THEN 1 ELSE 0 END" \
	" FROM match WHERE seats = 0"

#define CLOCK(white, black) \
	"'{\"left_us\":[' || CAST(" white " AS TEXT) || ',' || CAST(" black " AS TEXT) || ']}'"

#define EVENT \
	"INSERT INTO event (match, seq, kind, seat, ply, text, notation, used_us, clock, at_ms)"

static const char *const statements[] = {
	SEAT("0", "white", "white_name"),
	SEAT("1", "black", "black_name"),
	/* The other side's time is what its move before has left it. */
	EVENT
	" SELECT v.match, v.ply, 'move', (v.ply + 1) % 2, v.ply, v.text, v.notation, v.used_us,"
	" CASE v.ply % 2 WHEN 1 THEN " CLOCK(
		"v.left_us", "coalesce(b.left_us, m.limit_ms * 1000)") " ELSE " CLOCK("b.left_us",
		"v.left_us") " END, v.at_ms FROM match m JOIN move v ON v.match = m.id"
			     " LEFT JOIN move b ON b.match = v.match AND b.ply = v.ply - 1"
			     " WHERE m.seats = 0",
	EVENT " SELECT id, ply + 1, 'draw-offer', draw_offer, ply, '', '', 0, " CLOCK(
		"white_left_us", "black_left_us") ", started_at FROM match WHERE seats = 0 AND"
						  " status = 'started' AND draw_offer >= 0",
	EVENT " SELECT id, ply + 1, 'end', -1, ply, status, reason, 0, " CLOCK("white_left_us",
		"black_left_us") ", coalesce(ended_at, started_at) FROM match WHERE seats = 0 AND"
				 " status <> 'started'",
	"UPDATE match SET clock = " CLOCK(
		"white_left_us", "black_left_us") ", seq = ply + CASE"
						  " WHEN status <> 'started' OR draw_offer >= 0 "
						  "THEN 1 ELSE 0 END WHERE seats = 0",
	/* The last: from now on they are as any other. */
	"UPDATE match SET seats = 2 WHERE seats = 0",
};

int game_store_adopt(struct db_tx *tx)
{
	int64_t id;
	int rc = db_get_int(tx, &id, "SELECT id FROM match WHERE seats = 0 LIMIT 1");

	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	for (size_t i = 0; rc >= 0 && i < sizeof(statements) / sizeof(statements[0]); i++)
		rc = db_run(tx, statements[i]);
	return rc < 0 ? rc : 0;
}

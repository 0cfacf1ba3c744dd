/*
 * check.c: what the rows of game keep to (checks.h).
 *
 * On the thread of `hearth verify`; each rule is one statement. Rows that are not adopted yet
 * (adopt.c) are left out.
 */
#include "game.h"
#include "hearth/checks.h"

static const struct hearth_rule rules[] = {
	{ "an event is of no match", "SELECT 0, 'match ' || e.match || ', event ' || e.seq FROM "
				     "game.event e WHERE NOT EXISTS"
				     " (SELECT 1 FROM game.match m WHERE m.id = e.match)" },
	{ "events of a match are missing",
		"SELECT 0, 'match ' || m.id || ': ' || coalesce(e.n, 0) || ' events, the last is '"
		" || coalesce(e.last, 0) || ' of ' || m.seq FROM game.match m LEFT JOIN (SELECT"
		" match, count(*) AS n, max(seq) AS last FROM game.event GROUP BY match) e ON"
		" e.match = m.id WHERE m.seats > 0 AND (coalesce(e.n, 0) <> m.seq OR"
		" coalesce(e.last, 0) <> m.seq)" },
	{ "a match has other seats than it says",
		"SELECT 0, 'match ' || m.id || ': ' || m.seats || ' seats' FROM game.match m WHERE"
		" m.seats > 0 AND m.seats <> (SELECT count(*) FROM game.seat s WHERE s.match ="
		" m.id)" },
	{ "a match that is over has no end, or goes on for somebody",
		"SELECT 0, 'match ' || m.id FROM game.match m WHERE m.seats > 0 AND m.status <>"
		" 'started' AND (m.ended_at IS NULL OR EXISTS (SELECT 1 FROM game.seat s WHERE"
		" s.match = m.id AND s.live = 1))" },
	{ "a match of before could not be taken over",
		"SELECT 0, 'match ' || m.id FROM game.match m WHERE m.seats < 0" },
	{ "a rating is out of bounds",
		"SELECT r.account, r.game || ' ' || r.speed FROM game.rating r WHERE r.rating < "
		"4000000"
		" OR r.rating > 40000000 OR r.deviation < 450000 OR r.deviation > 5000000 OR"
		" r.games < 1" },
	{ "a match of which nobody is rated has changed a rating",
		"SELECT 0, 'match ' || s.match || ', seat ' || s.seat FROM game.seat s JOIN"
		" game.match m ON m.id = s.match WHERE s.rating_after IS NOT NULL AND (m.rated = 0"
		" OR m.status IN ('started', 'aborted'))" },
	{ NULL, NULL },
};

const struct hearth_checks game_checks = {
	.database = "game",
	.accounts = "SELECT account FROM game.seat WHERE account > 0 UNION SELECT account FROM"
		    " game.rating",
	.rules = rules,
};

/*
 * check.c: what the rows of game keep to (checks.h).
 *
 * On the thread of `hearth verify`; each rule is one statement.
 */
#include "game.h"
#include "hearth/checks.h"

static const struct hearth_rule rules[] = {
	{ "a move is of no match", "SELECT 0, 'match ' || v.match || ', ply ' || v.ply FROM "
				   "game.move v WHERE NOT EXISTS"
				   " (SELECT 1 FROM game.match m WHERE m.id = v.match)" },
	{ "moves of a match are missing",
		"SELECT m.white, 'match ' || m.id || ': ' || v.n || ' moves, the last is ply ' ||"
		" v.last FROM (SELECT match, count(*) AS n, max(ply) AS last FROM game.move"
		" GROUP BY match) v JOIN game.match m ON m.id = v.match WHERE v.n <> v.last" },
	{ "a match that is over has no end",
		"SELECT white, 'match ' || id FROM game.match WHERE status <> 'started' AND"
		" ended_at IS NULL" },
	{ NULL, NULL },
};

const struct hearth_checks game_checks = {
	.database = "game",
	.accounts = "SELECT white FROM game.match WHERE white > 0 UNION"
		    " SELECT black FROM game.match WHERE black > 0",
	.rules = rules,
};

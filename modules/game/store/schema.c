/*
 * schema.c: the tables of the database "game" (store.h), script by script. Pure data.
 */
#include "store/store.h"

const char *const game_migrations[] = {
	"CREATE TABLE match ("
	" id {id},"
	" rules TEXT NOT NULL,"
	" setup TEXT NOT NULL,"
	" seed {bytes} NOT NULL,"
	" white BIGINT NOT NULL,"
	" black BIGINT NOT NULL,"
	" white_name TEXT NOT NULL,"
	" black_name TEXT NOT NULL,"
	" limit_ms BIGINT NOT NULL,"
	" increment_ms BIGINT NOT NULL,"
	" started_at BIGINT NOT NULL,"
	" ended_at BIGINT,"
	" status TEXT NOT NULL,"
	" winner BIGINT NOT NULL,"
	" reason TEXT NOT NULL);"
	"CREATE INDEX match_live ON match (status) WHERE status = 'started';"
	"CREATE INDEX match_white ON match (white);"
	"CREATE INDEX match_black ON match (black);"
	"CREATE TABLE move ("
	" match BIGINT NOT NULL,"
	" ply BIGINT NOT NULL,"
	" text TEXT NOT NULL,"
	" notation TEXT NOT NULL,"
	" used_us BIGINT NOT NULL,"
	" left_us BIGINT NOT NULL,"
	" at_ms BIGINT NOT NULL,"
	" PRIMARY KEY (match, ply));",
	/* Accounts that are gone, by number: what was under way for them is not stored. */
	"CREATE TABLE forgotten (account BIGINT NOT NULL PRIMARY KEY);",
	/* What an account has chosen (preferences.h); base_s 0: no clock. */
	"CREATE TABLE preference ("
	" account BIGINT NOT NULL PRIMARY KEY,"
	" version BIGINT NOT NULL,"
	" base_s BIGINT NOT NULL,"
	" increment_s BIGINT NOT NULL,"
	" auto_queen BIGINT NOT NULL);",
	/*
	 * How a match stands lies in its row: lists and its clock need no replay. Of matches from
	 * before, chores.c adds the position. Names were mail addresses then: they go.
	 */
	"ALTER TABLE match ADD COLUMN ply BIGINT NOT NULL DEFAULT 0;"
	"ALTER TABLE match ADD COLUMN last TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE match ADD COLUMN position TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE match ADD COLUMN white_left_us BIGINT NOT NULL DEFAULT 0;"
	"ALTER TABLE match ADD COLUMN black_left_us BIGINT NOT NULL DEFAULT 0;"
	"ALTER TABLE match ADD COLUMN running BIGINT NOT NULL DEFAULT -1;"
	"ALTER TABLE match ADD COLUMN turn_us BIGINT NOT NULL DEFAULT 0;"
	"ALTER TABLE match ADD COLUMN due_us BIGINT NOT NULL DEFAULT 0;"
	"ALTER TABLE match ADD COLUMN draw_offer BIGINT NOT NULL DEFAULT -1;"
	"ALTER TABLE match ADD COLUMN white_offered BIGINT NOT NULL DEFAULT -1;"
	"ALTER TABLE match ADD COLUMN black_offered BIGINT NOT NULL DEFAULT -1;"
	"UPDATE match SET white_name = '' WHERE white_name LIKE '%@%';"
	"UPDATE match SET black_name = '' WHERE black_name LIKE '%@%';"
	"UPDATE match SET ply = (SELECT count(*) FROM move WHERE move.match = match.id),"
	" last = coalesce((SELECT text FROM move WHERE move.match = match.id"
	" ORDER BY ply DESC LIMIT 1), ''),"
	" white_left_us = coalesce((SELECT left_us FROM move WHERE move.match = match.id"
	" AND move.ply % 2 = 1 ORDER BY ply DESC LIMIT 1), limit_ms * 1000),"
	" black_left_us = coalesce((SELECT left_us FROM move WHERE move.match = match.id"
	" AND move.ply % 2 = 0 ORDER BY ply DESC LIMIT 1), limit_ms * 1000);"
	"UPDATE match SET running = ply % 2 WHERE status = 'started' AND ply >= 2;"
	"DROP INDEX match_live;"
	"CREATE INDEX match_due ON match (due_us) WHERE status = 'started';"
	"CREATE INDEX match_white_live ON match (white) WHERE status = 'started';"
	"CREATE INDEX match_black_live ON match (black) WHERE status = 'started';"
	"CREATE INDEX match_bare ON match (id) WHERE position = '';"
	/* What the game clock said last: one row. */
	"CREATE TABLE game_clock (id BIGINT NOT NULL PRIMARY KEY, us BIGINT NOT NULL);",
	/* Those from before that go on: the clock begins at 0; they get time to come back. */
	"UPDATE match SET turn_us = 30000000, due_us = 30000000 + CASE running"
	" WHEN 0 THEN white_left_us WHEN 1 THEN black_left_us ELSE 60000000 END"
	" WHERE status = 'started' AND turn_us = 0 AND due_us = 0;",
	/* The latest starts of the server (engine/grace.h). */
	"CREATE TABLE game_start (at_us BIGINT NOT NULL PRIMARY KEY, grace_us BIGINT NOT NULL);",
	/* When the clock was noted, by the clock on the wall. */
	"ALTER TABLE game_clock ADD COLUMN at_ms BIGINT NOT NULL DEFAULT 0;",
	/* Frames on their way between nodes (store_relay.h). */
	"CREATE TABLE relay ("
	" id {id},"
	" to_node TEXT NOT NULL,"
	" from_node TEXT NOT NULL,"
	" kind BIGINT NOT NULL,"
	" client BIGINT NOT NULL,"
	" account BIGINT NOT NULL,"
	" ping_us BIGINT NOT NULL,"
	" age_us BIGINT NOT NULL,"
	" at_ms BIGINT NOT NULL,"
	" body TEXT NOT NULL);"
	"CREATE INDEX relay_to ON relay (to_node, id);",
	/* A clock and starts for each shard (engine/tenure.h), all from those there were of all. */
	"CREATE TABLE shard_clock (shard BIGINT NOT NULL PRIMARY KEY, us BIGINT NOT NULL,"
	" at_ms BIGINT NOT NULL);"
	"CREATE TABLE shard_start (shard BIGINT NOT NULL, at_us BIGINT NOT NULL,"
	" grace_us BIGINT NOT NULL, PRIMARY KEY (shard, at_us));"
	"INSERT INTO shard_clock (shard, us, at_ms)"
	" WITH RECURSIVE shard (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM shard WHERE n < 15)"
	" SELECT n, us, at_ms FROM shard, game_clock;"
	"INSERT INTO shard_start (shard, at_us, grace_us)"
	" WITH RECURSIVE shard (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM shard WHERE n < 15)"
	" SELECT n, at_us, grace_us FROM shard, game_start;",
	/*
	 * A match is the log of what has happened in it, and has seats (store.h). Rows of before have
	 * seats 0 until the first node of this version takes their shard and makes them so (adopt.c);
	 * what it needs of them are the columns of a white and a black, and the table `move`, which
	 * are of no further use.
	 */
	"ALTER TABLE match ADD COLUMN seats BIGINT NOT NULL DEFAULT 0;"
	"ALTER TABLE match ADD COLUMN seq BIGINT NOT NULL DEFAULT 0;"
	"ALTER TABLE match ADD COLUMN clock TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE match ADD COLUMN takeback_offer BIGINT NOT NULL DEFAULT -1;"
	"CREATE INDEX match_unseated ON match (id) WHERE seats = 0;"
	"CREATE TABLE seat ("
	" match BIGINT NOT NULL,"
	" seat BIGINT NOT NULL,"
	" account BIGINT NOT NULL,"
	" name TEXT NOT NULL,"
	" score BIGINT NOT NULL,"
	" live BIGINT NOT NULL,"
	" PRIMARY KEY (match, seat));"
	"CREATE INDEX seat_account ON seat (account, match);"
	"CREATE INDEX seat_live ON seat (account, match) WHERE live = 1;"
	"CREATE TABLE event ("
	" match BIGINT NOT NULL,"
	" seq BIGINT NOT NULL,"
	" kind TEXT NOT NULL,"
	" seat BIGINT NOT NULL,"
	" ply BIGINT NOT NULL,"
	" text TEXT NOT NULL,"
	" notation TEXT NOT NULL,"
	" used_us BIGINT NOT NULL,"
	" clock TEXT NOT NULL,"
	" at_ms BIGINT NOT NULL,"
	" PRIMARY KEY (match, seq));",
	/* What of a turn was the network's (engine/lag.h), and by what that was told. */
	"ALTER TABLE event ADD COLUMN forgiven_us BIGINT NOT NULL DEFAULT 0;"
	"ALTER TABLE event ADD COLUMN ping_us BIGINT NOT NULL DEFAULT 0;",
	/* Any time control, as text (engine/control.h); empty: by limit and increment. And ratings. */
	"ALTER TABLE match ADD COLUMN control TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE match ADD COLUMN rated BIGINT NOT NULL DEFAULT 0;"
	"ALTER TABLE seat ADD COLUMN rating BIGINT;"
	"ALTER TABLE seat ADD COLUMN deviation BIGINT;"
	"ALTER TABLE seat ADD COLUMN rating_after BIGINT;"
	"CREATE TABLE rating ("
	" account BIGINT NOT NULL,"
	" game TEXT NOT NULL,"
	" speed TEXT NOT NULL,"
	" rating BIGINT NOT NULL,"
	" deviation BIGINT NOT NULL,"
	" volatility BIGINT NOT NULL,"
	" games BIGINT NOT NULL,"
	" latest_ms BIGINT NOT NULL,"
	" PRIMARY KEY (account, game, speed));",
	NULL,
};

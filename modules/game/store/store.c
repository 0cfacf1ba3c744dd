/*
 * store.c: writing: a match begun, a move with all that its row shows, an end, an account
 * forgotten. Reading is store_read.c. Inside a db_fn.
 */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/bus.h"
#include "hearth/error.h"
#include "hearth/json.h"
#include "hearth/log.h"
#include "personal/preferences.h"
#include "rules/chess/plugin.h"

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
	NULL,
};

/* Publishes under the match's own key, so that its events come in order. */
static int publish(struct db_tx *tx, const char *topic, int64_t match, struct strbuf *payload)
{
	char key[24];
	int rc;

	snprintf(key, sizeof(key), "%lld", (long long)match);
	rc = bus_publish(tx, topic, slice_str(key), strbuf_slice(payload));
	strbuf_free(payload);
	return rc;
}

static int publish_started(struct db_tx *tx, const struct game_match_row *row)
{
	struct strbuf out = { 0 };
	struct json_writer w;

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_i64(&w, "match", row->id);
	json_put_str(&w, "rules", row->rules);
	json_put_i64(&w, "white", row->accounts[0]);
	json_put_i64(&w, "black", row->accounts[1]);
	json_close_object(&w);
	return publish(tx, "game.started", row->id, &out);
}

static int publish_ended(struct db_tx *tx, int64_t match, const struct game_rules *rules,
	const struct match_step *step)
{
	int winner = game_winner(step->scores, MATCH_SEATS);
	struct strbuf out = { 0 };
	struct json_writer w;

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_i64(&w, "match", match);
	json_put_str(&w, "status", step->status);
	json_put_str(&w, "winner", winner == GAME_NOBODY ? NULL : rules->seat_names[winner]);
	json_put_i64(&w, "ply", step->ply);
	json_close_object(&w);
	return publish(tx, "game.ended", match, &out);
}

static int nobody_is_gone(struct db_tx *tx, const struct game_match_row *row)
{
	int64_t gone = 0;
	int rc = db_get_int(tx, &gone, "SELECT count(*) FROM forgotten WHERE account IN ($1, $2)",
		db_int(row->accounts[0]), db_int(row->accounts[1]));

	return rc == 0 && gone ? HEARTH_EDENIED : rc;
}

int game_store_forget(struct db_tx *tx, int64_t account)
{
	int rc;

	INVARIANT(account > 0); /* 0 is who is gone already */
	rc = db_run(tx, "INSERT INTO forgotten (account) VALUES ($1) ON CONFLICT DO NOTHING",
		db_int(account));
	/* Those that go on are due at once: the shards end them. */
	if (rc >= 0)
		rc = db_run(tx,
			"UPDATE match SET white = 0, white_name = '', due_us = $2 WHERE white = $1",
			db_int(account), db_int(INT64_MIN));
	if (rc >= 0)
		rc = db_run(tx,
			"UPDATE match SET black = 0, black_name = '', due_us = $2 WHERE black = $1",
			db_int(account), db_int(INT64_MIN));
	return rc < 0 ? rc : 0;
}

/* The view of a match at its beginning. HEARTH_EINVAL: no such rules, or not by them. */
static int first_position(const struct game_match_row *row, struct strbuf *out)
{
	const struct game_rules *rules = game_rules_find(slice_str(row->rules));
	void *state = rules ? mem_zalloc(rules->state_size) : NULL;
	const char *why;
	int rc = rules ? rules->init(state, MATCH_SEATS, row->setup, row->seed, &why)
		       : HEARTH_EINVAL;

	if (rc == 0)
		rules->view(state, GAME_VIEWER_PUBLIC, out);
	free(state);
	return rc;
}

static int insert(struct db_tx *tx, struct game_match_row *row, struct slice position)
{
	const struct slice seed = slice_of(row->seed, sizeof(row->seed));

	/* Due at once, so that its shard finds it though nobody should ask for it. */
	return db_get_int(tx, &row->id,
		"INSERT INTO match (rules, setup, seed, white, black, white_name, black_name,"
		" limit_ms, increment_ms, started_at, position, white_left_us, black_left_us,"
		" turn_us, due_us, status, winner, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8,"
		" $9, $10, $11, $12, $12, $13, 0, 'started', -1, '') RETURNING id",
		db_str(row->rules), db_text(row->setup), db_bytes(seed), db_int(row->accounts[0]),
		db_int(row->accounts[1]), db_str(row->names[0]), db_str(row->names[1]),
		db_int(row->limit_ms), db_int(row->increment_ms), db_int(row->started_at),
		db_text(position), db_int(row->limit_ms * 1000), db_int(GAME_NOT_BEGUN));
}

static int count_one(void *arg, int64_t id)
{
	(void)id;
	++*(int64_t *)arg;
	return 0;
}

/* Whether so many matches of an account began within a minute, on one of the seats. */
static int began_too_often(struct db_tx *tx, int64_t account, int64_t now_ms, bool *out)
{
	static const char *const latest[MATCH_SEATS] = {
		"SELECT started_at FROM match WHERE white = $1 ORDER BY id DESC LIMIT 1 OFFSET $2",
		"SELECT started_at FROM match WHERE black = $1 ORDER BY id DESC LIMIT 1 OFFSET $2",
	};
	int rc = 0;

	for (int seat = 0; seat < MATCH_SEATS && rc == 0; seat++) {
		int64_t began_ms = 0;

		rc = db_get_int(tx, &began_ms, latest[seat], db_int(account),
			db_int(GAME_STORE_BEGUN_MAX - 1));
		*out |= rc == 0 && began_ms > now_ms - 60000;
		rc = rc == HEARTH_ENOTFOUND ? 0 : rc;
	}
	return rc;
}

/* Whether both may have one more match. */
static int has_room(struct db_tx *tx, const struct game_match_row *row, int64_t live_max)
{
	int rc = 0;

	for (int seat = 0; seat < MATCH_SEATS && rc == 0; seat++) {
		int64_t live = 0;
		bool often = false;

		rc = game_store_live_of_account(
			tx, row->accounts[seat], live_max, count_one, &live);
		if (rc == 0)
			rc = began_too_often(tx, row->accounts[seat], row->started_at, &often);
		if (rc == 0 && (live >= live_max || often))
			rc = HEARTH_ETOOBIG;
	}
	return rc;
}

int game_store_add(struct db_tx *tx, struct game_match_row *row, int64_t live_max)
{
	struct strbuf position = { 0 };
	int rc;

	INVARIANT(row->accounts[0] > 0 && row->accounts[1] > 0 &&
		  row->accounts[0] != row->accounts[1]);
	rc = nobody_is_gone(tx, row);
	if (rc == 0)
		rc = has_room(tx, row, live_max);
	if (rc == 0)
		rc = first_position(row, &position);
	if (rc == 0)
		rc = insert(tx, row, strbuf_slice(&position));
	if (rc == 0)
		rc = game_store_completes(tx, row->accounts, row->completes);
	strbuf_free(&position);
	return rc < 0 ? rc : publish_started(tx, row);
}

int game_store_begin(struct db_tx *tx, int64_t match, int64_t now_us, int64_t due_us)
{
	int rc;

	INVARIANT(now_us >= 0 && due_us >= now_us);
	rc = db_run(tx,
		"UPDATE match SET turn_us = $2, due_us = CASE due_us WHEN 0 THEN $3 ELSE due_us END"
		" WHERE id = $1 AND turn_us = $4",
		db_int(match), db_int(now_us), db_int(due_us), db_int(GAME_NOT_BEGUN));
	return rc < 0 ? rc : 0;
}

/* ---- steps ---- */

/*
 * Each statement names the ply that the step was made for, and a match that goes on: whoever else
 * has written to this match meanwhile (another node that believes to own it) wins, and this step
 * changes nothing. One statement a move, beside the move itself.
 */
static int changed_one(int rc)
{
	return rc == 0 ? HEARTH_ECONFLICT : rc < 0 ? rc : 0;
}

#define MOVED(left, due)                                                                \
	"UPDATE match SET ply = $2, last = $3, position = $4, running = $5, turn_us = " \
	"$6, draw_offer = $7, " left " = $8" due                                        \
	" WHERE id = $1 AND ply = $2 - 1 AND status = 'started'"

/* A move presses the clock of who made it, and no other. */
static int press(struct db_tx *tx, int64_t match, const struct match_step *step, int seat,
	const struct game_store_times *at)
{
	static const char *const moved[MATCH_SEATS] = { MOVED("white_left_us", ""),
		MOVED("black_left_us", "") };
	static const char *const due[MATCH_SEATS] = { MOVED("white_left_us", ", due_us = $9"),
		MOVED("black_left_us", ", due_us = $9") };

	if (at->due_us == GAME_DUE_STANDS)
		return changed_one(db_run(tx, moved[seat], db_int(match), db_int(step->ply),
			db_str(step->move.text), db_text(strbuf_slice(&step->position)),
			db_int(step->clock.side), db_int(at->now_us), db_int(step->draw_offer),
			db_int(step->clock.left_us[seat])));
	return changed_one(db_run(tx, due[seat], db_int(match), db_int(step->ply),
		db_str(step->move.text), db_text(strbuf_slice(&step->position)),
		db_int(step->clock.side), db_int(at->now_us), db_int(step->draw_offer),
		db_int(step->clock.left_us[seat]), db_int(at->due_us)));
}

static int add_move(struct db_tx *tx, int64_t match, const struct match_step *step,
	const struct game_store_times *at)
{
	int seat = step->seat;
	int rc = press(tx, match, step, seat, at);

	if (rc == 0)
		rc = db_run(tx,
			"INSERT INTO move (match, ply, text, notation, used_us, left_us, at_ms)"
			" VALUES ($1, $2, $3, $4, $5, $6, $7)",
			db_int(match), db_int(step->ply), db_str(step->move.text),
			db_str(step->move.notation), db_int(step->used_us),
			db_int(step->clock.left_us[seat]), db_int(at->wall_ms));
	return rc < 0 ? rc : 0;
}

/* An offer leaves the clock, which runs on, as it was. */
static int set_offer(struct db_tx *tx, int64_t match, const struct match_step *step)
{
	return changed_one(db_run(tx,
		"UPDATE match SET draw_offer = $3, white_offered = $4, black_offered = $5"
		" WHERE id = $1 AND ply = $2 AND status = 'started'",
		db_int(match), db_int(step->ply), db_int(step->draw_offer),
		db_int(step->offered_ply[0]), db_int(step->offered_ply[1])));
}

static int end_match(struct db_tx *tx, int64_t match, const struct game_rules *rules,
	const struct match_step *step, int64_t now_ms)
{
	int rc = changed_one(db_run(tx,
		"UPDATE match SET status = $3, winner = $4, reason = $5, ended_at = $6, "
		"white_left_us = $7, black_left_us = $8, running = -1, draw_offer = -1"
		" WHERE id = $1 AND ply = $2 AND status = 'started'",
		db_int(match), db_int(step->ply), db_str(step->status),
		db_int(game_winner(step->scores, MATCH_SEATS)), db_str(step->reason),
		db_int(now_ms), db_int(step->clock.left_us[0]), db_int(step->clock.left_us[1])));

	return rc < 0 ? rc : publish_ended(tx, match, rules, step);
}

int game_store_step(struct db_tx *tx, int64_t match, const struct game_rules *rules,
	const struct match_step *step, const struct game_store_times *at)
{
	int rc;

	/* A move is a ply further; a step that changes nothing is none. */
	INVARIANT(step->ply >= step->is_move && step->seat >= 0 && step->seat < MATCH_SEATS);
	INVARIANT(step->is_move || step->offers || step->ends);
	INVARIANT(step->ends == (step->status[0] != 0));
	rc = step->is_move ? add_move(tx, match, step, at) : 0;

	if (rc == 0 && step->offers)
		rc = set_offer(tx, match, step);
	if (rc == 0 && step->ends)
		rc = end_match(tx, match, rules, step, at->wall_ms);
	return rc;
}

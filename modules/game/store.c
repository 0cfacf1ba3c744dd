/*
 * store.c: see store.h.
 */
#include "store.h"

#include <stdio.h>

#include "chess/plugin.h"
#include "hearth/bus.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/json.h"
#include "preferences.h"

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
	NULL,
};

static const struct game_rules *const all_rules[] = { &chess_rules };

const struct game_rules *game_rules_find(const char *id)
{
	for (size_t i = 0; i < sizeof(all_rules) / sizeof(all_rules[0]); i++)
		if (strcmp(all_rules[i]->id, id) == 0)
			return all_rules[i];
	return NULL;
}

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

static int publish_ended(struct db_tx *tx, int64_t match, const struct match_step *step)
{
	struct strbuf out = { 0 };
	struct json_writer w;

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_i64(&w, "match", match);
	json_put_str(&w, "status", step->status);
	json_put_str(&w, "winner",
		step->winner == 0   ? "white"
		: step->winner == 1 ? "black"
				    : NULL);
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
	int rc = db_run(tx, "INSERT INTO forgotten (account) VALUES ($1) ON CONFLICT DO NOTHING",
		db_int(account));

	if (rc >= 0)
		rc = db_run(tx, "UPDATE match SET white = 0, white_name = '' WHERE white = $1",
			db_int(account));
	if (rc >= 0)
		rc = db_run(tx, "UPDATE match SET black = 0, black_name = '' WHERE black = $1",
			db_int(account));
	return rc < 0 ? rc : 0;
}

int game_store_add(struct db_tx *tx, struct game_match_row *row)
{
	int rc = nobody_is_gone(tx, row);

	if (rc < 0)
		return rc;
	rc = db_get_int(tx, &row->id,
		"INSERT INTO match (rules, setup, seed, white, black, white_name, black_name, "
		"limit_ms, increment_ms,"
		" started_at, status, winner, reason)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 'started', -1, '') RETURNING id",
		db_str(row->rules), db_text(row->setup),
		db_bytes(slice_of(row->seed, sizeof(row->seed))), db_int(row->accounts[0]),
		db_int(row->accounts[1]), db_str(row->names[0]), db_str(row->names[1]),
		db_int(row->limit_ms), db_int(row->increment_ms));

	if (rc == 0)
		rc = db_run(tx, "UPDATE match SET started_at = $2 WHERE id = $1", db_int(row->id),
			db_int(row->started_at));
	if (rc >= 0)
		rc = game_store_completes(tx, row->accounts, row->completes);
	return rc < 0 ? rc : publish_started(tx, row);
}

static int end_match(struct db_tx *tx, int64_t match, const struct match_step *step, int64_t now_ms)
{
	int rc = db_run(tx,
		"UPDATE match SET status = $2, winner = $3, reason = $4, ended_at = $5 WHERE id = "
		"$1 AND status = 'started'",
		db_int(match), db_str(step->status), db_int(step->winner), db_str(step->reason),
		db_int(now_ms));

	if (rc < 0)
		return rc;
	return rc == 0 ? HEARTH_ECONFLICT : publish_ended(tx, match, step);
}

int game_store_step(struct db_tx *tx, int64_t match, const struct match_step *step, int64_t now_ms)
{
	int rc = 0;

	if (step->is_move)
		rc = db_run(tx,
			"INSERT INTO move (match, ply, text, notation, used_us, left_us, at_ms)"
			" VALUES ($1, $2, $3, $4, $5, $6, $7)",
			db_int(match), db_int(step->ply), db_str(step->move.text),
			db_str(step->move.notation), db_int(step->used_us),
			db_int(step->clock.left_us[(step->ply - 1) % MATCH_SEATS]), db_int(now_ms));
	if (rc >= 0 && step->ends)
		rc = end_match(tx, match, step, now_ms);
	return rc < 0 ? rc : 0;
}

static void copy_word(char *out, size_t room, struct slice s)
{
	snprintf(out, room, "%.*s", SLICE_ARG(s));
}

int game_store_get(struct db_tx *tx, int64_t id, struct arena *a, struct game_match_row *out)
{
	struct db_rows rows;
	struct slice seed;
	int rc = db_query(tx, &rows,
		"SELECT rules, setup, seed, white, black, white_name, black_name, limit_ms, "
		"increment_ms, started_at,"
		" status, winner, reason FROM match WHERE id = $1",
		db_int(id));

	if (rc < 0)
		return rc;
	rc = db_next(&rows);
	if (rc > 0) {
		*out = (struct game_match_row){ .id = id,
			.rules = arena_strdup(a, db_col_text(&rows, 0)),
			.setup = arena_slice(a, db_col_text(&rows, 1)),
			.accounts = { db_col_int(&rows, 3), db_col_int(&rows, 4) },
			.limit_ms = db_col_int(&rows, 7),
			.increment_ms = db_col_int(&rows, 8),
			.started_at = db_col_int(&rows, 9),
			.winner = (int)db_col_int(&rows, 11) };
		seed = slice_head(db_col_bytes(&rows, 2), sizeof(out->seed));
		memcpy(out->seed, seed.p, seed.n);
		copy_word(out->names[0], sizeof(out->names[0]), db_col_text(&rows, 5));
		copy_word(out->names[1], sizeof(out->names[1]), db_col_text(&rows, 6));
		copy_word(out->status, sizeof(out->status), db_col_text(&rows, 10));
		copy_word(out->reason, sizeof(out->reason), db_col_text(&rows, 12));
		out->over = strcmp(out->status, "started") != 0;
	}
	db_end(&rows);
	return rc > 0 ? 0 : rc == 0 ? HEARTH_ENOTFOUND : rc;
}

int game_store_moves(struct db_tx *tx, int64_t match,
	int (*each)(void *arg, struct slice text, int64_t left_us), void *arg)
{
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows, "SELECT text, left_us FROM move WHERE match = $1 ORDER BY ply",
		db_int(match));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0)
		stop = each(arg, db_col_text(&rows, 0), db_col_int(&rows, 1));
	rc = db_end(&rows);
	return stop ? stop : rc;
}

static int each_id(struct db_rows *rows, int (*each)(void *arg, int64_t id), void *arg)
{
	int stop = 0, rc;

	while (stop == 0 && db_next(rows) > 0)
		stop = each(arg, db_col_int(rows, 0));
	rc = db_end(rows);
	return stop ? stop : rc;
}

int game_store_live(struct db_tx *tx, int (*each)(void *arg, int64_t id), void *arg)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows, "SELECT id FROM match WHERE status = 'started' ORDER BY id");

	return rc < 0 ? rc : each_id(&rows, each, arg);
}

int game_store_live_of_account(
	struct db_tx *tx, int64_t account, int (*each)(void *arg, int64_t id), void *arg)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT id FROM match WHERE status = 'started' AND (white = $1 OR black = $1) "
		"ORDER BY id DESC",
		db_int(account));

	return rc < 0 ? rc : each_id(&rows, each, arg);
}

int game_store_of_account(struct db_tx *tx, int64_t account, int64_t limit,
	int (*each)(void *arg, int64_t id), void *arg)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT id FROM match WHERE white = $1 OR black = $1 ORDER BY id DESC LIMIT $2",
		db_int(account), db_int(limit));

	return rc < 0 ? rc : each_id(&rows, each, arg);
}

static int replay_one(void *arg, struct slice text, int64_t left_us)
{
	return match_replay(arg, text, left_us);
}

int game_store_load(struct db_tx *tx, int64_t id, struct match **out)
{
	struct arena *a = arena_new();
	struct game_match_row row;
	const struct game_rules *rules;
	const char *why;
	int rc = game_store_get(tx, id, a, &row);

	*out = NULL;
	if (rc == 0) {
		const char *const names[MATCH_SEATS] = { row.names[0], row.names[1] };

		rules = game_rules_find(row.rules);
		rc = rules ? HEARTH_ECORRUPT : HEARTH_EUNSUPPORTED;
		if (rules)
			*out = match_new(id, rules, row.setup, row.seed, row.accounts, names,
				row.limit_ms, row.increment_ms, clock_mono_us(), &why);
	}
	if (*out) {
		rc = game_store_moves(tx, id, replay_one, *out);
		if (rc == 0)
			rc = game_store_completes(tx, row.accounts, (*out)->completes);
		(*out)->over = row.over;
		(*out)->winner = row.winner;
		memcpy((*out)->status, row.status, sizeof(row.status));
		memcpy((*out)->reason, row.reason, sizeof(row.reason));
	}
	if (rc < 0)
		match_free(out);
	arena_free(&a);
	return rc;
}

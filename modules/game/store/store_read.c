/*
 * store_read.c: matches out of the database (store.h): shown from their rows, or taken up again.
 *
 * Inside a db_fn. A match costs its moves, MATCH_PLY_MAX; lists are walks along an index, of as many
 * rows as are asked for.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "personal/preferences.h"
#include "store/store.h"

#define ROW_COLUMNS                                                                             \
	"id, rules, white, black, white_name, black_name, limit_ms, increment_ms, started_at, " \
	"coalesce(ended_at, 0), status, winner, reason, ply, last, position, white_left_us, "   \
	"black_left_us, running, turn_us, draw_offer, white_offered, black_offered, due_us"

static void copy_word(char *out, size_t room, struct slice s)
{
	snprintf(out, room, "%.*s", SLICE_ARG(s));
}

/* The standing row as a match without a state. NULL: its rules are not in this build. */
static struct match *shell_of(struct db_rows *rows)
{
	const struct game_rules *rules = game_rules_find(db_col_text(rows, 1));
	struct game_control control;
	struct match *m;

	if (!rules)
		return NULL;
	m = match_shell(db_col_int(rows, 0), rules);
	control = game_control_fischer(db_col_int(rows, 6), db_col_int(rows, 7));
	game_clock_init(&m->clock, &control, MATCH_SEATS);
	for (int seat = 0; seat < MATCH_SEATS; seat++) {
		m->accounts[seat] = db_col_int(rows, 2 + seat);
		m->names[seat] = mem_strdup(db_col_text(rows, 4 + seat));
		m->clock.left_us[seat] = db_col_int(rows, 16 + seat);
		m->offered_ply[seat] = (int)db_col_int(rows, 21 + seat);
	}
	m->limit_ms = db_col_int(rows, 6);
	m->started_at = db_col_int(rows, 8);
	m->ended_at = db_col_int(rows, 9);
	copy_word(m->status, sizeof(m->status), db_col_text(rows, 10));
	if (strcmp(m->status, "started") != 0 && strcmp(m->status, "aborted") != 0)
		game_score(m->scores, MATCH_SEATS, (int)db_col_int(rows, 11));
	copy_word(m->reason, sizeof(m->reason), db_col_text(rows, 12));
	m->over = strcmp(m->status, "started") != 0;
	m->ply = (int)db_col_int(rows, 13);
	copy_word(m->last, sizeof(m->last), db_col_text(rows, 14));
	strbuf_add(&m->position, db_col_text(rows, 15));
	m->clock.side = m->over ? -1 : (int)db_col_int(rows, 18);
	m->clock.started_us = m->waiting_since_us = db_col_int(rows, 19);
	m->draw_offer = (int)db_col_int(rows, 20);
	m->due_us = db_col_int(rows, 23);
	return m;
}

static int read_row(struct db_tx *tx, int64_t id, struct match **out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows, "SELECT " ROW_COLUMNS " FROM match WHERE id = $1", db_int(id));

	*out = NULL;
	if (rc < 0)
		return rc;
	*out = shell_of(&rows);
	db_end(&rows);
	return *out ? 0 : HEARTH_EUNSUPPORTED;
}

/* Hands each move to fn, by ply; what it returns beside 0 ends it. */
static int each_move(struct db_tx *tx, struct match *m,
	int (*fn)(struct match *m, struct slice text, struct slice notation))
{
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT text, notation FROM move WHERE match = $1 ORDER BY ply", db_int(m->id));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0)
		stop = fn(m, db_col_text(&rows, 0), db_col_text(&rows, 1));
	rc = db_end(&rows);
	return stop ? stop : rc;
}

static int note(struct match *m, struct slice text, struct slice notation)
{
	match_note(m, text, notation);
	return 0;
}

int game_store_read(struct db_tx *tx, int64_t id, struct match **out)
{
	int rc = read_row(tx, id, out);

	if (rc == 0)
		rc = each_move(tx, *out, note);
	if (rc < 0)
		match_free(out);
	return rc;
}

int game_store_load(struct db_tx *tx, int64_t id, struct match **out)
{
	struct arena *a = arena_new();
	struct game_match_row row;
	const char *why;
	int rc = read_row(tx, id, out);

	if (rc == 0)
		rc = game_store_get(tx, id, a, &row);
	if (rc == 0) {
		struct match *m = *out;

		INVARIANT(m->id == id && !m->state);
		m->state = mem_zalloc(m->rules->state_size);
		rc = m->rules->init(m->state, MATCH_SEATS, row.setup, row.seed, &why) < 0
			     ? HEARTH_ECORRUPT
			     : 0;
	}
	if (rc == 0)
		rc = each_move(tx, *out, match_replay);
	if (rc == 0)
		rc = game_store_completes(tx, (*out)->accounts, (*out)->completes);
	if (rc == 0)
		match_look(*out);
	if (rc < 0)
		match_free(out);
	arena_free(&a);
	return rc;
}

int game_store_get(struct db_tx *tx, int64_t id, struct arena *a, struct game_match_row *out)
{
	struct db_rows rows;
	struct slice seed;
	int rc = db_one(tx, &rows,
		"SELECT rules, setup, seed, limit_ms, increment_ms, started_at FROM match WHERE "
		"id = $1",
		db_int(id));

	if (rc < 0)
		return rc;
	*out = (struct game_match_row){ .id = id,
		.rules = arena_strdup(a, db_col_text(&rows, 0)),
		.setup = arena_slice(a, db_col_text(&rows, 1)),
		.limit_ms = db_col_int(&rows, 3),
		.increment_ms = db_col_int(&rows, 4),
		.started_at = db_col_int(&rows, 5) };
	seed = slice_head(db_col_bytes(&rows, 2), sizeof(out->seed));
	memcpy(out->seed, seed.p, seed.n);
	return db_end(&rows);
}

/* ---- lists ---- */

/* Two walks along an index each, so that a list costs what it shows. */
#define OF_ACCOUNT(columns, condition)                                                      \
	"SELECT " columns " FROM (SELECT " columns                                          \
	" FROM (SELECT * FROM match WHERE white = $1 AND id < $2" condition                 \
	" ORDER BY id DESC LIMIT $3) w UNION ALL SELECT " columns                           \
	" FROM (SELECT * FROM match WHERE black = $1 AND white <> $1 AND id < $2" condition \
	" ORDER BY id DESC LIMIT $3) b) both_seats ORDER BY id DESC LIMIT $3"

int game_store_page(struct db_tx *tx, int64_t account, int64_t before, int64_t limit,
	void (*each)(void *arg, struct match *m), void *arg)
{
	struct db_rows rows;
	struct match *m;
	int rc;

	INVARIANT(account > 0 && limit > 0);
	rc = db_query(tx, &rows,
		"SELECT " ROW_COLUMNS
		" FROM match WHERE id IN (" OF_ACCOUNT("id", "") ") ORDER BY id DESC",
		db_int(account), db_int(before), db_int(limit));

	if (rc < 0)
		return rc;
	while (db_next(&rows) > 0)
		if ((m = shell_of(&rows)))
			each(arg, m);
	return db_end(&rows);
}

static int each_id(struct db_rows *rows, int (*each)(void *arg, int64_t id), void *arg)
{
	int stop = 0, rc;

	while (stop == 0 && db_next(rows) > 0)
		stop = each(arg, db_col_int(rows, 0));
	rc = db_end(rows);
	return stop ? stop : rc;
}

int game_store_of_account(struct db_tx *tx, int64_t account, int64_t limit,
	int (*each)(void *arg, int64_t id), void *arg)
{
	struct db_rows rows;
	int rc = db_query(
		tx, &rows, OF_ACCOUNT("id", ""), db_int(account), db_int(INT64_MAX), db_int(limit));

	return rc < 0 ? rc : each_id(&rows, each, arg);
}

int game_store_live_of_account(struct db_tx *tx, int64_t account, int64_t limit,
	int (*each)(void *arg, int64_t id), void *arg)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows, OF_ACCOUNT("id", " AND status = 'started'"), db_int(account),
		db_int(INT64_MAX), db_int(limit));

	return rc < 0 ? rc : each_id(&rows, each, arg);
}

/* ---- what chores.c needs ---- */

/*
 * One walk along the index of what is due, by the clock that is furthest, and of each row whether it
 * is by that of its shard.
 */
int game_store_due(struct db_tx *tx, const int64_t now_us[GAME_SHARDS], int64_t limit,
	int (*each)(void *arg, int64_t id), void *arg)
{
	struct db_value values[GAME_SHARDS + 2];
	struct db_rows rows;
	int64_t latest_us = GAME_NOT_OURS;
	int rc;

	_Static_assert(GAME_SHARDS == 16, "the statement below has them one by one");
	for (int i = 0; i < GAME_SHARDS; i++) {
		values[i] = db_int(now_us[i]);
		if (now_us[i] > latest_us)
			latest_us = now_us[i];
	}
	values[GAME_SHARDS] = db_int(latest_us);
	values[GAME_SHARDS + 1] = db_int(limit);
	rc = db_query_values(tx, &rows,
		"SELECT id FROM match WHERE status = 'started' AND due_us < $17 AND due_us <"
		" CASE id % 16 WHEN 0 THEN $1 WHEN 1 THEN $2 WHEN 2 THEN $3 WHEN 3 THEN $4"
		" WHEN 4 THEN $5 WHEN 5 THEN $6 WHEN 6 THEN $7 WHEN 7 THEN $8 WHEN 8 THEN $9"
		" WHEN 9 THEN $10 WHEN 10 THEN $11 WHEN 11 THEN $12 WHEN 12 THEN $13"
		" WHEN 13 THEN $14 WHEN 14 THEN $15 ELSE $16 END"
		" ORDER BY due_us LIMIT $18",
		values, GAME_SHARDS + 2);
	return rc < 0 ? rc : each_id(&rows, each, arg);
}

int game_store_set_due(struct db_tx *tx, int64_t match, int ply, int64_t due_us)
{
	int rc = db_run(tx,
		"UPDATE match SET due_us = $3 WHERE id = $1 AND ply = $2 AND due_us <> $4",
		db_int(match), db_int(ply), db_int(due_us), db_int(INT64_MIN));

	return rc < 0 ? rc : 0;
}

int game_store_set_aside(struct db_tx *tx, int64_t match)
{
	int rc = db_run(
		tx, "UPDATE match SET due_us = $2 WHERE id = $1", db_int(match), db_int(INT64_MAX));

	return rc < 0 ? rc : 0;
}

/* The position of one match from before there were any in rows; a blank where it cannot be read. */
static int add_position(struct db_tx *tx, int64_t id)
{
	struct strbuf view = { 0 };
	struct match *m;
	int rc = game_store_load(tx, id, &m);

	if (rc == 0)
		m->rules->view(m->state, GAME_VIEWER_PUBLIC, &view);
	else if (rc == HEARTH_ECORRUPT || rc == HEARTH_EUNSUPPORTED)
		strbuf_adds(&view, "null");
	if (view.n)
		rc = db_run(tx, "UPDATE match SET position = $2 WHERE id = $1", db_int(id),
			db_text(strbuf_slice(&view)));
	strbuf_free(&view);
	match_free(&m);
	return rc < 0 ? rc : 0;
}

int game_store_add_positions(struct db_tx *tx, int64_t limit, int64_t *count)
{
	for (*count = 0; *count < limit; ++*count) {
		int64_t id;
		int rc = db_get_int(tx, &id, "SELECT id FROM match WHERE position = '' LIMIT 1");

		if (rc == HEARTH_ENOTFOUND)
			return 0;
		if (rc == 0)
			rc = add_position(tx, id);
		if (rc < 0)
			return rc;
	}
	return 0;
}

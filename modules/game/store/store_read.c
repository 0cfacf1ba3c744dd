/*
 * store_read.c: matches out of the database (store.h): shown from their rows, or taken up again.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hearth/error.h"
#include "personal/preferences.h"
#include "store/store.h"

#define ROW_COLUMNS                                                                             \
	"id, rules, white, black, white_name, black_name, limit_ms, increment_ms, started_at, " \
	"coalesce(ended_at, 0), status, winner, reason, ply, last, position, white_left_us, "   \
	"black_left_us, running, turn_us, draw_offer, white_offered, black_offered, due_us"

#define CLOCK_STALE_MS 10000 /* how long who owns the matches is believed to go on unheard */

static void copy_word(char *out, size_t room, struct slice s)
{
	snprintf(out, room, "%.*s", SLICE_ARG(s));
}

/* The standing row as a match without a state. NULL: its rules are not in this build. */
static struct match *shell_of(struct db_rows *rows)
{
	const struct game_rules *rules = game_rules_find(db_col_text(rows, 1));
	struct match *m;

	if (!rules)
		return NULL;
	m = match_shell(db_col_int(rows, 0), rules);
	for (int seat = 0; seat < MATCH_SEATS; seat++) {
		m->accounts[seat] = db_col_int(rows, 2 + seat);
		m->names[seat] = mem_strdup(db_col_text(rows, 4 + seat));
		m->clock.left_us[seat] = db_col_int(rows, 16 + seat);
		m->offered_ply[seat] = (int)db_col_int(rows, 21 + seat);
	}
	m->limit_ms = db_col_int(rows, 6);
	m->clock.increment_us = db_col_int(rows, 7) * 1000;
	m->started_at = db_col_int(rows, 8);
	m->ended_at = db_col_int(rows, 9);
	copy_word(m->status, sizeof(m->status), db_col_text(rows, 10));
	m->winner = (int)db_col_int(rows, 11);
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
	int rc = db_query(tx, &rows, "SELECT " ROW_COLUMNS " FROM match WHERE id = $1", db_int(id));

	*out = NULL;
	if (rc < 0)
		return rc;
	rc = db_next(&rows);
	if (rc > 0) {
		*out = shell_of(&rows);
		rc = *out ? 0 : HEARTH_EUNSUPPORTED;
	} else if (rc == 0) {
		rc = HEARTH_ENOTFOUND;
	}
	db_end(&rows);
	return rc;
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

		m->state = mem_zalloc(m->rules->state_size);
		rc = m->rules->init(m->state, row.setup, row.seed, &why) < 0 ? HEARTH_ECORRUPT : 0;
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
	int rc = db_query(tx, &rows,
		"SELECT rules, setup, seed, limit_ms, increment_ms, started_at FROM match WHERE "
		"id = $1",
		db_int(id));

	if (rc < 0)
		return rc;
	rc = db_next(&rows);
	if (rc > 0) {
		*out = (struct game_match_row){ .id = id,
			.rules = arena_strdup(a, db_col_text(&rows, 0)),
			.setup = arena_slice(a, db_col_text(&rows, 1)),
			.limit_ms = db_col_int(&rows, 3),
			.increment_ms = db_col_int(&rows, 4),
			.started_at = db_col_int(&rows, 5) };
		seed = slice_head(db_col_bytes(&rows, 2), sizeof(out->seed));
		memcpy(out->seed, seed.p, seed.n);
	}
	db_end(&rows);
	return rc > 0 ? 0 : rc == 0 ? HEARTH_ENOTFOUND : rc;
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
	int rc = db_query(tx, &rows,
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

int game_store_count_live(struct db_tx *tx, int64_t *count)
{
	return db_get_int(tx, count, "SELECT count(*) FROM match WHERE status = 'started'");
}

int game_store_due(struct db_tx *tx, int64_t now_us, int64_t limit,
	int (*each)(void *arg, int64_t id), void *arg)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT id FROM match WHERE status = 'started' AND due_us <= $1 ORDER BY due_us "
		"LIMIT $2",
		db_int(now_us), db_int(limit));

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

int game_store_clock(struct db_tx *tx, int64_t *us)
{
	int64_t noted_us = 0, turn_us = 0;
	int rc = db_get_int(tx, &noted_us, "SELECT us FROM game_clock WHERE id = 1");

	if (rc == 0 || rc == HEARTH_ENOTFOUND)
		rc = db_get_int(
			tx, &turn_us, "SELECT max(turn_us) FROM match WHERE status = 'started'");
	*us = noted_us > turn_us ? noted_us : turn_us;
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

int game_store_clock_now(struct db_tx *tx, int64_t wall_ms, int64_t *us)
{
	int64_t at_ms = 0, since_ms;
	int rc = game_store_clock(tx, us);

	if (rc == 0)
		rc = db_get_int(tx, &at_ms, "SELECT at_ms FROM game_clock WHERE id = 1");
	since_ms = rc == 0 && wall_ms > at_ms ? wall_ms - at_ms : 0;
	*us += 1000 * (since_ms < CLOCK_STALE_MS ? since_ms : CLOCK_STALE_MS);
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

int game_store_set_clock(struct db_tx *tx, int64_t us, int64_t wall_ms)
{
	int rc = db_run(tx,
		"INSERT INTO game_clock (id, us, at_ms) VALUES (1, $1, $2)"
		" ON CONFLICT (id) DO UPDATE SET us = $1, at_ms = $2",
		db_int(us), db_int(wall_ms));

	return rc < 0 ? rc : 0;
}

int game_store_starts(struct db_tx *tx, struct game_starts *out)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT at_us, grace_us FROM (SELECT at_us, grace_us FROM game_start"
		" ORDER BY at_us DESC LIMIT $1) latest ORDER BY at_us",
		db_int(GAME_STARTS_MAX));

	*out = (struct game_starts){ 0 };
	if (rc < 0)
		return rc;
	while (db_next(&rows) > 0)
		game_starts_add(out, db_col_int(&rows, 0), db_col_int(&rows, 1));
	return db_end(&rows);
}

int game_store_start(struct db_tx *tx, int64_t now_us, int64_t wall_ms, int64_t grace_us,
	struct game_starts *out)
{
	int rc = db_run(tx, "INSERT INTO game_start (at_us, grace_us) VALUES ($1, $2)",
		db_int(now_us), db_int(grace_us));

	if (rc >= 0)
		rc = game_store_starts(tx, out);
	if (rc >= 0)
		rc = db_run(tx, "DELETE FROM game_start WHERE at_us < $1",
			db_int(out->starts[0].at_us));
	return rc < 0 ? rc : game_store_set_clock(tx, now_us, wall_ms);
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

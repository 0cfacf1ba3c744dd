/*
 * store.c: writing: a match begun, an account forgotten. Steps and ends are store_step.c's, reading is
 * store_read.c. Inside a db_fn; a handful of rows a match.
 */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/bus.h"
#include "hearth/error.h"
#include "hearth/json.h"
#include "hearth/log.h"
#include "personal/preferences.h"
#include "store/store_private.h"
#include "store/store_rating.h"

/* ---- events for other modules ---- */

int game_store_publish(struct db_tx *tx, const char *topic, int64_t match, struct strbuf *payload)
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
	json_put_str(&w, "rules", row->rules->id);
	for (unsigned seat = 0; seat < row->seats; seat++)
		json_put_i64(&w, row->rules->seat_names[seat], row->accounts[seat]);
	json_close_object(&w);
	return game_store_publish(tx, "game.started", row->id, &out);
}

/* ---- accounts ---- */

static int is_gone(struct db_tx *tx, int64_t account)
{
	int64_t gone = 0;
	int rc = db_get_int(
		tx, &gone, "SELECT count(*) FROM forgotten WHERE account = $1", db_int(account));

	return rc == 0 && gone ? HEARTH_EDENIED : rc;
}

/* In matches of the version before that wait to be taken over (adopt.c); of others they are empty. */
static int forget_unadopted(struct db_tx *tx, int64_t account)
{
	static const char *const sides[] = {
		"UPDATE match SET white = 0, white_name = '', due_us = CASE status WHEN 'started'"
		" THEN $2 ELSE due_us END WHERE white = $1",
		"UPDATE match SET black = 0, black_name = '', due_us = CASE status WHEN 'started'"
		" THEN $2 ELSE due_us END WHERE black = $1",
	};
	int rc = 0;

	for (int i = 0; i < 2 && rc >= 0; i++)
		rc = db_run(tx, sides[i], db_int(account), db_int(INT64_MIN));
	return rc;
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
			"UPDATE match SET due_us = $2 WHERE id IN"
			" (SELECT match FROM seat WHERE account = $1 AND live = 1)",
			db_int(account), db_int(INT64_MIN));
	if (rc >= 0)
		rc = db_run(tx, "UPDATE seat SET account = 0, name = '' WHERE account = $1",
			db_int(account));
	if (rc >= 0)
		rc = forget_unadopted(tx, account);
	if (rc >= 0)
		rc = game_store_ratings_forget(tx, account);
	return rc < 0 ? rc : 0;
}

static int count_one(void *arg, int64_t id)
{
	(void)id;
	++*(int64_t *)arg;
	return 0;
}

static int has_room(struct db_tx *tx, int64_t account, int64_t now_ms, int64_t live_max)
{
	int64_t live = 0, began_ms = 0;
	int rc = game_store_live_of_account(tx, account, live_max, count_one, &live);

	if (rc == 0)
		rc = db_get_int(tx, &began_ms,
			"SELECT started_at FROM match WHERE id = (SELECT match FROM seat WHERE"
			" account = $1 ORDER BY match DESC LIMIT 1 OFFSET $2)",
			db_int(account), db_int(GAME_STORE_BEGUN_MAX - 1));
	if (rc < 0 && rc != HEARTH_ENOTFOUND)
		return rc;
	return live >= live_max || (rc == 0 && began_ms > now_ms - 60000) ? HEARTH_ETOOBIG : 0;
}

/* ---- a match begins ---- */

int game_store_may_begin(struct db_tx *tx, int64_t account, int64_t now_ms, int64_t live_max)
{
	int rc = is_gone(tx, account);

	return rc < 0 ? rc : has_room(tx, account, now_ms, live_max);
}

/* All of its players; which of them may not is noted. */
static int may_all_begin(struct db_tx *tx, struct game_match_row *row, int64_t live_max)
{
	int result = 0;

	row->refused = 0;
	for (unsigned seat = 0; seat < row->seats; seat++) {
		int rc = game_store_may_begin(tx, row->accounts[seat], row->started_at, live_max);

		INVARIANT(row->accounts[seat] > 0);
		if (rc < 0)
			result = rc;
		if (rc == HEARTH_EDENIED || rc == HEARTH_ETOOBIG)
			row->refused |= 1u << seat;
		else if (rc < 0)
			return rc;
	}
	return result;
}

/* The view of a match at its beginning. HEARTH_EINVAL: not by these rules. */
static int first_position(const struct game_match_row *row, struct strbuf *out)
{
	void *state = mem_zalloc(row->rules->state_size);
	const char *why;
	int rc = row->rules->init(state, row->seats, row->setup, row->seed, &why);

	if (rc == 0)
		row->rules->view(state, GAME_VIEWER_PUBLIC, out);
	free(state);
	return rc;
}

void game_store_write_clock(const struct game_clock *clock, struct strbuf *out)
{
	struct json_writer w;

	json_writer_init(&w, out);
	game_clock_write(&w, clock);
}

static int insert(struct db_tx *tx, struct game_match_row *row, struct slice position)
{
	const struct slice seed = slice_of(row->seed, sizeof(row->seed));
	char control[GAME_CONTROL_TEXT_MAX];
	struct game_clock clock;
	struct strbuf text = { 0 };
	int rc;

	game_clock_init(&clock, &row->control, (int)row->seats);
	game_control_print(&row->control, control);
	game_store_write_clock(&clock, &text);
	/*
	 * Due at once, so that its shard finds it though nobody should ask for it. The columns of a
	 * white and a black are of the version before (schema.c), and may not be left out; limit and
	 * increment are what that knows of a clock.
	 */
	rc = db_get_int(tx, &row->id,
		"INSERT INTO match (rules, setup, seed, seats, clock, limit_ms, increment_ms,"
		" started_at, position, turn_us, due_us, status, reason, winner, white, black,"
		" white_name, black_name, control, rated) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, "
		"$9,"
		" $10, 0, 'started', '', -1, 0, 0, '', '', $11, $12) RETURNING id",
		db_str(row->rules->id), db_text(row->setup), db_bytes(seed), db_int(row->seats),
		db_text(strbuf_slice(&text)), db_int(row->control.stages[0].time_ms),
		db_int(row->control.stages[0].bonus_ms), db_int(row->started_at), db_text(position),
		db_int(GAME_NOT_BEGUN), db_str(control), db_int(row->rated));
	strbuf_free(&text);
	for (unsigned seat = 0; seat < row->seats && rc >= 0; seat++)
		rc = db_run(tx,
			"INSERT INTO seat (match, seat, account, name, score, live)"
			" VALUES ($1, $2, $3, $4, 0, 1)",
			db_int(row->id), db_int(seat), db_int(row->accounts[seat]),
			db_str(row->names[seat]));
	if (rc >= 0 && row->rated)
		rc = game_store_rated_start(tx, row->id, row->rules, row->setup,
			game_speed_of(&row->control), row->started_at, row->ratings);
	return rc < 0 ? rc : 0;
}

int game_store_add(struct db_tx *tx, struct game_match_row *row, int64_t live_max)
{
	struct strbuf position = { 0 };
	int rc = may_all_begin(tx, row, live_max);

	if (rc == 0) {
		rc = first_position(row, &position);
		row->refused = rc < 0 ? (1u << row->seats) - 1 : 0;
	}
	if (rc == 0)
		rc = insert(tx, row, strbuf_slice(&position));
	if (rc == 0)
		rc = game_store_completes(tx, row->seats, row->accounts, row->completes);
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

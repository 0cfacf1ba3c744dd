/*
 * store_find.c: which matches: of an account, due (store.h). Inside a db_fn. Lists are walks along
 * an index, of as many rows as are asked for.
 */
#include "hearth/error.h"
#include "hearth/log.h"
#include "store/store.h"

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
	int rc = db_query(tx, &rows,
		"SELECT match FROM seat WHERE account = $1 ORDER BY match DESC LIMIT $2",
		db_int(account), db_int(limit));

	return rc < 0 ? rc : each_id(&rows, each, arg);
}

int game_store_live_of_account(struct db_tx *tx, int64_t account, int64_t limit,
	int (*each)(void *arg, int64_t id), void *arg)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT match FROM seat WHERE account = $1 AND live = 1 ORDER BY match DESC LIMIT "
		"$2",
		db_int(account), db_int(limit));

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

int game_store_set_due(struct db_tx *tx, int64_t match, int seq, int64_t due_us)
{
	int rc = db_run(tx,
		"UPDATE match SET due_us = $3 WHERE id = $1 AND seq = $2 AND due_us <> $4",
		db_int(match), db_int(seq), db_int(due_us), db_int(INT64_MIN));

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
		int rc = db_get_int(
			tx, &id, "SELECT id FROM match WHERE position = '' AND seats > 0 LIMIT 1");

		if (rc == HEARTH_ENOTFOUND)
			return 0;
		if (rc == 0)
			rc = add_position(tx, id);
		if (rc < 0)
			return rc;
	}
	return 0;
}

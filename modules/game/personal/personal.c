/*
 * personal.c: a person's games, each kind in the form of its field (PGN for chess), and ratings for an
 * export; and the end of an account: running matches resigned, seats emptied. The files are made on a
 * worker, match by match; the rest inside a db_fn or on the loop.
 */
#include "personal/personal.h"

#include <math.h>
#include <stdlib.h>

#include "engine/shard.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/export.h"
#include "lobby/seek.h"
#include "personal/preferences.h"
#include "store/store.h"
#include "store/store_rating.h"

/* ---- export ---- */

int game_on_export(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	(void)module;
	(void)prepared;
	return export_push(tx, ev, GAME_QUEUE_EXPORT);
}

/* The matches of an account, by number; then one of them. */
struct reading {
	int64_t account;
	int64_t *ids; /* owned */
	size_t n, cap;
	int64_t id;
	const char *file; /* the open one: matches for another are left to it */
	uint64_t
		others; /* games, a bit each by their place in the table, that are for another file */
	struct arena *arena;
	struct match *match;
	struct strbuf ratings;
};

static int collect(void *arg, int64_t id)
{
	struct reading *r = arg;

	if (r->n == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 64;
		r->ids = mem_realloc(r->ids, r->cap * sizeof(*r->ids));
	}
	r->ids[r->n++] = id;
	return 0;
}

static int list(struct db_tx *tx, void *arg)
{
	struct reading *r = arg;

	r->n = 0;
	return game_store_of_account(tx, r->account, INT64_MAX, collect, r);
}

static int load(struct db_tx *tx, void *arg)
{
	struct reading *r = arg;

	match_free(&r->match); /* it may be read again */
	return game_store_read(tx, r->id, &r->match);
}

/* NULL: these rules refuse how it began. Owned by the caller. */
static void *first_state(const struct match *m)
{
	void *state = mem_zalloc(m->rules->state_size);

	if (match_state_at(m, 0, state) < 0) {
		free(state);
		state = NULL;
	}
	return state;
}

/* Of each move on the board, what it left its mover of their time. Owned by the caller; NULL: no clock. */
static int64_t *clocks_of(const struct match *m)
{
	int64_t *left_us;
	struct match_event e;

	if (m->clock.control.kind == GAME_UNLIMITED || m->ply == 0)
		return NULL;
	left_us = mem_alloc((size_t)m->ply * sizeof(*left_us));
	for (int i = 0; i < m->ply; i++) {
		match_log_get(&m->log, m->line[i], GAME_VIEWER_PUBLIC, &e);
		left_us[i] = e.left_us[e.seat];
	}
	return left_us;
}

/* As the account may know it: of a match that goes on, the own secrets alone. */
static void add_game(
	struct export_part *part, const struct game *g, const struct match *m, int64_t account)
{
	char rooms[GAME_SEATS_MAX][ACCOUNTS_NAME_ROOM];
	char control[GAME_CONTROL_TEXT_MAX];
	struct strbuf text = { 0 }, moves = { 0 };
	void *start = NULL;
	int64_t *left_us = clocks_of(m);
	struct game_record record = {
		.site = slice_str(hearth_hostname(g->h)),
		.seats = m->seats,
		.started_at = m->started_at,
		.scored = m->over && strcmp(m->status, "aborted") != 0,
		.status = slice_str(m->status),
		.reason = slice_str(m->reason),
		.setup = slice_str(m->setup),
		.left_us = left_us,
	};

	if (m->over || !m->rules->has_secrets)
		record.start = start = first_state(m);
	game_control_print(&m->clock.control, control);
	record.time_control = slice_str(control);
	record.rated = m->rated;
	for (unsigned seat = 0; seat < m->seats; seat++)
		record.ratings[seat] = m->ratings[seat].rating;
	memcpy(record.scores, m->scores, sizeof(record.scores));
	for (unsigned seat = 0; seat < m->seats; seat++)
		record.names[seat] = match_name(m, (int)seat, rooms[seat]);
	match_line(m, match_seat(m, account), true, &moves);
	record.moves = strbuf_slice(&moves);
	m->rules->record(&record, &text);
	export_file_add(part, strbuf_slice(&text));
	strbuf_free(&moves);
	strbuf_free(&text);
	free(start);
	free(left_us);
}

#define FIRST_FILE "games.pgn"

static bool is_first_file(const struct reading *r)
{
	return strcmp(r->file, FIRST_FILE) == 0;
}

/* Whether the match goes to the file that is open; if not, it is remembered that it needs one. */
static bool is_for_file(struct reading *r)
{
	const struct game_rules *rules = r->match->rules;

	if (strcmp(rules->record_file, r->file) == 0)
		return true;
	for (size_t i = 0; game_rules_at(i); i++)
		if (game_rules_at(i) == rules)
			r->others |= UINT64_C(1) << i;
	return false;
}

/*
 * The oldest first. A match that these rules cannot read any more is left out, and said so in the
 * first file.
 */
static void add_games(struct export_part *part, struct game *g, struct reading *r)
{
	for (size_t i = r->n; i > 0 && export_part_status(part) == 0; i--) {
		int rc;

		r->id = r->ids[i - 1];
		rc = db_read_wait(g->db, load, r);
		if (rc == 0 && is_for_file(r))
			add_game(part, g, r->match, r->account);
		else if ((rc == HEARTH_ECORRUPT || rc == HEARTH_EUNSUPPORTED) && is_first_file(r))
			export_file_add(part, slice_str(arena_printf(r->arena,
						      "; match %lld cannot be read: %s\n\n",
						      (long long)r->id, error_name(rc))));
		else if (rc < 0 && rc != HEARTH_ENOTFOUND && rc != HEARTH_ECORRUPT &&
			 rc != HEARTH_EUNSUPPORTED)
			export_part_fail(part, rc);
		match_free(&r->match);
		arena_reset(r->arena);
	}
}

/* A file that a game needs which is in none yet, or NULL. */
static const char *next_file(const struct reading *r, uint64_t *written)
{
	const char *file = NULL;

	for (size_t i = 0; game_rules_at(i); i++)
		if (strcmp(game_rules_at(i)->record_file, r->file) == 0)
			*written |= UINT64_C(1) << i;
	for (size_t i = 0; game_rules_at(i) && !file; i++)
		if (r->others & ~*written & UINT64_C(1) << i)
			file = game_rules_at(i)->record_file;
	return file;
}

/* games.pgn, which there always is; then a file for each other form that the matches need. */
static void add_files(struct export_part *part, struct game *g, struct reading *r)
{
	uint64_t written = 0;

	for (r->file = FIRST_FILE; r->file; r->file = next_file(r, &written)) {
		export_file_open(part, slice_str(r->file), clock_wall_s());
		add_games(part, g, r);
		export_file_close(part);
	}
}

/* ---- ratings ---- */

static int write_rating(void *arg, const struct game_rated *r)
{
	struct json_writer *w = arg;

	json_open_object(w);
	json_put_text(w, "rules", r->game);
	json_put_str(w, "speed", game_speed_name(r->speed));
	json_put_i64(w, "rating", lround(r->rating.glicko.rating));
	json_put_i64(w, "deviation", lround(r->rating.glicko.deviation));
	json_put_i64(w, "games", r->rating.games);
	json_put_i64(w, "latest", r->rating.latest_ms);
	json_close_object(w);
	return 0;
}

static int list_ratings(struct db_tx *tx, void *arg)
{
	struct reading *r = arg;
	struct json_writer w;
	int rc;

	strbuf_reset(&r->ratings); /* it may be read again */
	json_writer_init(&w, &r->ratings);
	json_open_array(&w);
	rc = game_store_ratings(tx, r->account, write_rating, &w);
	json_close_array(&w);
	return rc;
}

/* ratings.json, of who has one. */
static void add_ratings(struct export_part *part, struct game *g, struct reading *r)
{
	int rc = db_read_wait(g->db, list_ratings, r);

	if (rc < 0)
		export_part_fail(part, rc);
	if (rc == 0 && !slice_eq(strbuf_slice(&r->ratings), SLICE("[]"))) {
		export_file_open(part, SLICE("ratings.json"), clock_wall_s());
		export_file_add(part, strbuf_slice(&r->ratings));
		export_file_close(part);
	}
	strbuf_free(&r->ratings);
}

static int unadopted(struct db_tx *tx, void *arg)
{
	return game_store_unadopted(tx, arg);
}

int game_export(void *module, const struct queue_task *task, struct arena *a)
{
	struct game *g = module;
	struct reading r = { 0 };
	struct export_part *part;
	int64_t left;
	int rc = db_read_wait(g->db, unadopted, &left);

	(void)a;
	/* Some of the matches of a folder of before are found in a minute or so: again then. */
	if (rc < 0 || left)
		return rc < 0 ? rc : HEARTH_EBUSY;
	rc = export_part_open(g->h, "game", g->db, task, &part);
	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	r.account = export_part_account(part);
	r.arena = arena_new();
	rc = db_read_wait(g->db, list, &r);
	if (rc < 0)
		export_part_fail(part, rc);
	add_files(part, g, &r);
	add_ratings(part, g, &r);
	arena_free(&r.arena);
	free(r.ids);
	return export_part_finish(&part);
}

/* ---- deletion ---- */

int game_on_deleted(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	int64_t account;
	int rc = export_account_of(ev->payload, &account);

	(void)module;
	(void)prepared;
	if (rc == 0)
		rc = game_store_forget_preferences(tx, account);
	return rc < 0 ? rc : game_store_forget(tx, account);
}

/* What is in memory, on every node; who has missed one finds what apply left when it loads it. */
void game_account_gone(void *module, const struct bus_event *ev)
{
	struct game *g = module;
	int64_t account;

	if (!ev || export_account_of(ev->payload, &account) < 0)
		return;
	game_seek_drop(g, account);
	game_lobby_cancel(g->lobby, account, 0, 0);
	for (int i = 0; i < g->shard_count; i++)
		game_shard_forget_account(g->shards[i], account);
}

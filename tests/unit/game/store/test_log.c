/*
 * test_log.c: the log of a match in the database: what was stored leads to the match that was, event
 * by event; rows of the version that had a white and a black become what they mean.
 */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "database.h"
#include "engine/match.h"
#include "hearth/error.h"
#include "hearth/module.h"
#include "store/store.h"

#define SECOND INT64_C(1000000)

extern const struct hearth_module game_module;

static struct db *db;

/* ---- a match that is played, stored and read beside itself ---- */

struct played {
	struct match *m;
	struct match_step step;
	int64_t now_us;
};

static int add_row(struct db_tx *tx, void *arg)
{
	struct played *p = arg;
	struct game_match_row row = { .rules = game_rules_find(SLICE("chess")),
		.seats = 2,
		.accounts = { 1, 2 },
		.names = { "Ánna", "" },
		.control = game_control_fischer(60000, 2000),
		.started_at = 5 };
	struct match_start start = { .rules = row.rules,
		.seats = 2,
		.accounts = { 1, 2 },
		.names = { "Ánna", "" },
		.control = row.control };
	const char *why;
	int rc = game_store_add(tx, &row, 10);

	match_free(&p->m);
	p->m = match_new(row.id, &start, p->now_us, &why);
	p->m->started_at = 5;
	return rc < 0 ? rc : game_store_begin(tx, row.id, p->now_us, p->now_us + 60 * SECOND);
}

static int write_step(struct db_tx *tx, void *arg)
{
	struct played *p = arg;

	p->step.at_ms = 100 + p->m->seq;
	return game_store_step(tx, p->m, &p->step,
		&(struct game_store_times){
			.wall_ms = p->step.at_ms, .now_us = p->now_us, .due_us = 7 });
}

static int load_it(struct db_tx *tx, void *arg)
{
	struct played *p = arg;
	int64_t id = p->m->id;

	p->m = NULL;
	return game_store_load(tx, id, &p->m);
}

static void same_event(const struct match *a, const struct match *b, int seq)
{
	struct match_event x, y;

	match_log_get(&a->log, seq, GAME_VIEWER_ALL, &x);
	match_log_get(&b->log, seq, GAME_VIEWER_ALL, &y);
	ck_assert_int_eq(x.kind, y.kind);
	ck_assert_int_eq(x.seat, y.seat);
	ck_assert_int_eq(x.ply, y.ply);
	ck_assert_int_eq(x.at_ms, y.at_ms);
	ck_assert(memcmp(&x.turn, &y.turn, sizeof(x.turn)) == 0);
	ck_assert(slice_eq(x.text, y.text) && slice_eq(x.notation, y.notation));
	ck_assert_mem_eq(x.left_us, y.left_us, sizeof(x.left_us));
	ck_assert_mem_eq(x.scores, y.scores, sizeof(x.scores));
}

/* What is read now is the match in memory, whatever that has been through. */
static void is_stored(struct played *p)
{
	struct played read = *p;
	const struct match *a = p->m, *b;

	ck_assert_int_eq(db_read_wait(db, load_it, &read), 0);
	b = read.m;
	ck_assert_int_eq(a->seq, b->seq);
	ck_assert_int_eq(a->ply, b->ply);
	for (int seq = 1; seq <= a->seq; seq++)
		same_event(a, b, seq);
	for (int i = 0; i < a->ply; i++)
		ck_assert_int_eq(a->line[i], b->line[i]);
	ck_assert_mem_eq(a->state, b->state, a->rules->state_size);
	ck_assert_uint_eq(a->moved, b->moved);
	for (int kind = 0; kind < MATCH_OFFERS; kind++) {
		ck_assert_int_eq(a->offers[kind].by, b->offers[kind].by);
		ck_assert(
			a->offers[kind].by < 0 || a->offers[kind].agreed == b->offers[kind].agreed);
		ck_assert_mem_eq(a->offers[kind].asked, b->offers[kind].asked,
			sizeof(a->offers[kind].asked));
	}
	ck_assert_mem_eq(a->clock.left_us, b->clock.left_us, sizeof(a->clock.left_us));
	ck_assert_int_eq(a->clock.side, b->clock.side);
	ck_assert(a->clock.side < 0 || a->clock.started_us == b->clock.started_us);
	ck_assert_int_eq(a->over, b->over);
	ck_assert_int_eq(a->ended_at, b->ended_at);
	ck_assert_mem_eq(a->scores, b->scores, sizeof(a->scores));
	ck_assert_str_eq(a->status, b->status);
	ck_assert_str_eq(a->reason, b->reason);
	ck_assert(slice_eq(strbuf_slice(&a->position), strbuf_slice(&b->position)));
	match_free(&read.m);
}

/* One of all that may be done, by one of the two; whether something came of it. */
static bool something(struct played *p, unsigned r)
{
	int seat = (int)(r >> 8 & 1);
	const char *why;
	struct strbuf legal = { 0 };
	struct slice rest, text = { 0 };
	int rc;

	switch (r % 16) {
	case 0: return match_try_draw(p->m, seat, p->now_us, &p->step, &why) == 0;
	case 1:
	case 2: return match_try_takeback(p->m, seat, p->now_us, &p->step, &why) == 0;
	case 3: return match_try_decline(p->m, seat, MATCH_DRAW, &p->step, &why) == 0;
	case 4: return match_try_decline(p->m, seat, MATCH_TAKEBACK, &p->step, &why) == 0;
	case 5:
		return r >> 9 & 15 ? false
				   : match_try_resign(p->m, seat, p->now_us, &p->step, &why) == 0;
	default: break;
	}
	seat = match_turn_in(p->m, p->m->state);
	p->m->rules->legal(p->m->state, (unsigned)seat, &legal);
	rest = strbuf_slice(&legal);
	for (unsigned n = r >> 16 & 15; rest.n && (n > 0 || !text.n); n--)
		text = slice_split(&rest, ' ');
	rc = match_try_move(
		p->m, seat, text, r % 16 == 6, p->now_us, r % 3000 * 1000, &p->step, &why);
	strbuf_free(&legal);
	return rc == 0;
}

START_TEST(what_was_stored_leads_to_the_match_that_was)
{
	bool seen[MATCH_EVENT_KINDS] = { false };
	struct played p = { .now_us = 1000 };
	unsigned random = 1;

	db = database_new(game_module.schemas);
	for (int game = 0; game < 12; game++) {
		ck_assert_int_eq(db_write_wait(db, add_row, &p), 0);
		for (int i = 0; i < 80 && !p.m->over; i++) {
			random = random * 1664525u + 1013904223u;
			p.now_us += random >> 20;
			if (!something(&p, random >> 3))
				continue;
			for (int k = 0; k < p.step.n; k++)
				seen[p.step.events[k]] = true;
			ck_assert_int_eq(db_write_wait(db, write_step, &p), 0);
			match_take(p.m, &p.step, p.now_us);
			if (i % 8 == 0 || p.m->over)
				is_stored(&p);
		}
		is_stored(&p);
	}
	for (int kind = 0; kind < MATCH_EVENT_KINDS; kind++)
		ck_assert_msg(seen[kind] || kind == MATCH_CLAIMED || kind == MATCH_LEFT ||
				      kind == MATCH_ABORTED,
			"%s never happened", match_event_name((enum match_event_kind)kind));
	match_free(&p.m);
	db_close(&db);
}
END_TEST

START_TEST(a_step_of_another_sequence_changes_nothing)
{
	struct played p = { .now_us = 1000 };
	const char *why;

	db = database_new(game_module.schemas);
	ck_assert_int_eq(db_write_wait(db, add_row, &p), 0);
	ck_assert_int_eq(
		match_try_move(p.m, 0, SLICE("e2e4"), true, p.now_us, 0, &p.step, &why), 0);
	ck_assert_int_eq(p.step.n, 2); /* and an offer, with which the sequence is two further */
	ck_assert_int_eq(db_write_wait(db, write_step, &p), 0);
	ck_assert_int_eq(db_write_wait(db, write_step, &p), HEARTH_ECONFLICT);
	match_take(p.m, &p.step, p.now_us);
	is_stored(&p);
	match_free(&p.m);
	db_close(&db);
}
END_TEST

/* ---- rows of the version before ---- */

/* All scripts but those of this version: as many as stood before events. */
static const char *before[64];

static int add_old(struct db_tx *tx, void *arg)
{
	static const char *const rows[] = {
		/* Goes on: two moves, an offer of white's stands. */
		"INSERT INTO match (id, rules, setup, seed, white, black, white_name, black_name,"
		" limit_ms, increment_ms, started_at, status, winner, reason, ply, last, position,"
		" white_left_us, black_left_us, running, turn_us, due_us, draw_offer,"
		" white_offered, black_offered) VALUES (17, 'chess', '', $1, 1, 2, 'Ánna', '',"
		" 60000, 0, 1000, 'started', -1, '', 3, 'g1f3', '{}', 57000000, 60000000, 1,"
		" 4000000, 61000000, 0, 3, -1)",
		/* Over: mate by black, who has lost their account since. */
		"INSERT INTO match (id, rules, setup, seed, white, black, white_name, black_name,"
		" limit_ms, increment_ms, started_at, ended_at, status, winner, reason, ply, last,"
		" position, white_left_us, black_left_us) VALUES (18, 'chess', '', $1, 1, 0,"
		" 'Ánna', '', 60000, 0, 2000, 9000, 'mate', 1, 'checkmate', 4, 'd8h4', '{}',"
		" 59000000, 58000000)",
	};
	static const char *const moves[] = { "17 1 e2e4 e4 60000000", "17 2 e7e5 e5 60000000",
		"17 3 g1f3 Nf3 57000000", "18 1 f2f3 f3 60000000", "18 2 e7e5 e5 60000000",
		"18 3 g2g4 g4 59000000", "18 4 d8h4 Qh4# 58000000" };
	static const uint8_t seed[GAME_SEED_SIZE];
	int rc = 0;

	(void)arg;
	for (size_t i = 0; i < 2 && rc >= 0; i++)
		rc = db_run(tx, rows[i], db_bytes(slice_of(seed, sizeof(seed))));
	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]) && rc >= 0; i++) {
		char text[8], notation[8];
		int match, ply;
		long left_us;

		ck_assert_int_eq(sscanf(moves[i], "%d %d %7s %7s %ld", &match, &ply, text, notation,
					 &left_us),
			5);
		rc = db_run(tx,
			"INSERT INTO move (match, ply, text, notation, used_us, left_us, at_ms)"
			" VALUES ($1, $2, $3, $4, 11, $5, $6)",
			db_int(match), db_int(ply), db_str(text), db_str(notation), db_int(left_us),
			db_int(3000 + ply));
	}
	return rc < 0 ? rc : 0;
}

/* First those that go on, at once; then the others, one at a time. */
static int adopt(struct db_tx *tx, void *arg)
{
	struct game_adopted out;
	int rc = game_store_adopt(tx, *(bool *)arg, *(bool *)arg ? INT64_MAX : 1, &out);

	return rc < 0 ? rc : out.left != 0;
}

struct loading {
	int64_t id;
	struct match *m;
};

static int load_match(struct db_tx *tx, void *arg)
{
	struct loading *l = arg;

	match_free(&l->m); /* it may be run again */
	return game_store_load(tx, l->id, &l->m);
}

static struct match *loaded(int64_t id, int status)
{
	struct loading l = { .id = id };

	ck_assert_int_eq(db_read_wait(db, load_match, &l), status);
	ck_assert(!l.m == (status < 0));
	return l.m;
}

/* Who forgets an account forgets a seat: no other column may know of it. */
static int count_named(struct db_tx *tx, void *arg)
{
	return db_get_int(
		tx, arg, "SELECT count(*) FROM match WHERE white + black <> 0 OR white_name <> ''");
}

static int count_one(void *arg, int64_t id)
{
	*(int64_t *)arg = *(int64_t *)arg * 100 + id;
	return 0;
}

static int list(struct db_tx *tx, void *arg)
{
	int64_t *found = arg;
	int rc;

	found[0] = found[1] = 0;
	rc = game_store_of_account(tx, 1, 10, count_one, &found[0]);
	return rc < 0 ? rc : game_store_live_of_account(tx, 1, 10, count_one, &found[1]);
}

static void opens_old(void)
{
	const struct db_schema old = { "game", before };
	struct strbuf why = { 0 };
	int n = 0;

	while (game_migrations[n] && !strstr(game_migrations[n], "CREATE TABLE event"))
		n++;
	ck_assert(game_migrations[n] && n < 63);
	memcpy(before, game_migrations, (size_t)n * sizeof(before[0]));
	db = database_new(&old);
	ck_assert_int_eq(db_write_wait(db, add_old, NULL), 0);
	db_close(&db);
	ck_assert_int_eq(db_open(scratch_dir, game_module.schemas, &db, &why), 0);
}

START_TEST(matches_of_before_are_what_they_were)
{
	struct match_event e;
	struct match *m;
	int64_t found[2];
	bool live = true;

	opens_old();
	ck_assert_int_eq(db_write_wait(db, adopt, &live), 1);
	m = loaded(17, 0);
	ck_assert_int_eq(m->seq, 4);
	ck_assert_int_eq(m->ply, 3);
	ck_assert_str_eq(m->names[0], "Ánna");
	ck_assert_int_eq(m->accounts[1], 2);
	ck_assert(!m->over && m->offers[MATCH_DRAW].by == 0 && match_begun(m));
	ck_assert_int_eq(m->clock.side, 1);
	ck_assert_int_eq(m->clock.started_us, 4 * SECOND);
	ck_assert_int_eq(m->clock.left_us[0], 57 * SECOND);
	ck_assert_int_eq(m->due_us, 61 * SECOND);
	match_log_get(&m->log, 3, GAME_VIEWER_ALL, &e);
	ck_assert_int_eq(e.seat, 0);
	ck_assert_int_eq(e.at_ms, 3003);
	ck_assert_int_eq(e.turn.used_us, 11);
	ck_assert_int_eq(e.left_us[1], 60 * SECOND);
	ck_assert(slice_eq(e.notation, SLICE("Nf3")));
	match_free(&m);

	live = false;
	loaded(18, HEARTH_EBUSY);
	/* Twice: what is done is not done again. */
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(db_write_wait(db, adopt, &live), 0);
	m = loaded(18, 0);
	ck_assert_int_eq(m->seq, 5);
	ck_assert(m->over && match_winner(m) == 1 && m->ended_at == 9000);
	ck_assert_str_eq(m->status, "mate");
	ck_assert_int_eq(m->clock.left_us[1], 58 * SECOND);
	ck_assert_int_eq(match_empty_seat(m), 1);
	match_free(&m);

	ck_assert_int_eq(db_read_wait(db, list, found), 0);
	ck_assert_int_eq(found[0], 1817);
	ck_assert_int_eq(found[1], 17);
	ck_assert_int_eq(db_read_wait(db, count_named, found), 0);
	ck_assert_int_eq(found[0], 0);
	db_close(&db);
}
END_TEST

START_TEST(a_match_that_is_not_adopted_yet_is_not_read)
{
	opens_old();
	loaded(17, HEARTH_EBUSY);
	db_close(&db);
}
END_TEST

/* A folder that somebody has repaired by hand: black's first move of 17 is missing, 18 has a stray event. */
static int make_odd(struct db_tx *tx, void *arg)
{
	int rc = db_run(tx, "DELETE FROM move WHERE match = 17 AND ply = 2");

	(void)arg;
	if (rc >= 0)
		rc = db_run(tx,
			"INSERT INTO event (match, seq, kind, seat, ply, text, notation, used_us,"
			" clock, at_ms) VALUES (18, 2, 'move', 1, 2, 'e7e5', 'e5', 1, '', 1)");
	if (rc >= 0) /* black has gone, which a node of that version was told */
		rc = db_run(tx, "INSERT INTO forgotten (account) VALUES (2)");
	if (rc >= 0) /* and one more that is as it should be, before them */
		rc = db_run(tx,
			"INSERT INTO match (id, rules, setup, seed, white, black, white_name,"
			" black_name, limit_ms, increment_ms, started_at, ended_at, status, winner,"
			" reason, ply, last, position) SELECT 5, rules, setup, seed, 1, 2, 'Ánna',"
			" 'Béla', 60000, 0, 1, 2, 'aborted', -1, 'aborted by white', 0, '', '{}'"
			" FROM match WHERE id = 18");
	return rc < 0 ? rc : 0;
}

/* Seats of who has gone, and matches that somebody could take to go on. */
static int count_of_odd(struct db_tx *tx, void *arg)
{
	struct game_shard_clock clocks[GAME_SHARDS];
	int64_t *found = arg;
	int rc = db_get_int(tx, found, "SELECT count(*) FROM seat WHERE account = 2");

	if (rc == 0)
		rc = game_store_clocks(tx, clocks);
	found[1] = clocks[17 % GAME_SHARDS].live;
	return rc;
}

static int forget_two(struct db_tx *tx, void *arg)
{
	(void)arg;
	return game_store_forget(tx, 2);
}

static int count_of_two(struct db_tx *tx, void *arg)
{
	return db_get_int(tx, arg,
		"SELECT (SELECT count(*) FROM match WHERE black = 2 OR black_name = 'Béla') +"
		" (SELECT count(*) FROM seat WHERE account = 2 OR name = 'Béla')");
}

START_TEST(an_odd_match_of_before_keeps_no_other_waiting)
{
	struct match *m;
	int64_t found[2];
	bool live = true;

	opens_old();
	ck_assert_int_eq(db_write_wait(db, make_odd, NULL), 0);
	ck_assert_int_eq(db_write_wait(db, adopt, &live), 1);
	loaded(17, HEARTH_ECORRUPT);
	ck_assert_int_eq(db_read_wait(db, count_of_odd, found), 0);
	ck_assert_int_eq(found[0], 0);
	ck_assert_int_eq(found[1], 0);
	live = false;
	ck_assert_int_eq(db_write_wait(db, adopt, &live), 1);
	loaded(18, HEARTH_ECORRUPT);
	/* Who goes before their match is taken over is nowhere in it any more. */
	ck_assert_int_eq(db_write_wait(db, forget_two, NULL), 0);
	ck_assert_int_eq(db_read_wait(db, count_of_two, found), 0);
	ck_assert_int_eq(found[0], 0);
	ck_assert_int_eq(db_write_wait(db, adopt, &live), 0);
	m = loaded(5, 0);
	ck_assert_int_eq(match_empty_seat(m), 1);
	match_free(&m);
	/* What cannot be read is still among a person's own, for exports, and goes on for nobody. */
	ck_assert_int_eq(db_read_wait(db, list, found), 0);
	ck_assert_int_eq(found[0], 181705);
	ck_assert_int_eq(found[1], 0);
	db_close(&db);
}
END_TEST

TEST_MAIN("log", what_was_stored_leads_to_the_match_that_was,
	a_step_of_another_sequence_changes_nothing, matches_of_before_are_what_they_were,
	a_match_that_is_not_adopted_yet_is_not_read, an_odd_match_of_before_keeps_no_other_waiting)

/*
 * store_read.c: matches out of the database (store.h): shown from their rows, or taken up again.
 *
 * Inside a db_fn. A match costs its events, MATCH_EVENTS_MAX and some; a list what it shows.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "personal/preferences.h"
#include "store/store.h"
#include "store/store_rating.h"

#define ROW_COLUMNS                                                                         \
	"id, rules, seats, setup, seed, limit_ms, increment_ms, started_at, "               \
	"coalesce(ended_at, 0), status, reason, seq, ply, last, position, clock, running, " \
	"turn_us, draw_offer, takeback_offer, due_us, control, rated"

static void copy_word(char *out, size_t room, struct slice s)
{
	snprintf(out, room, "%.*s", SLICE_ARG(s));
}

/* A clock as it was stored, which keeps what it is where the text is none. */
static int read_clock(struct arena *a, struct slice text, struct game_clock *out)
{
	struct json *json;

	if (json_read(a, text, &json, NULL) < 0 || game_clock_read(json, out) < 0)
		return HEARTH_ECORRUPT;
	return 0;
}

/*
 * The standing row as a match without a state, which the events of one that is read whole bring up
 * to what the row says. HEARTH_EUNSUPPORTED: its rules are not in this build.
 */
static int shell_of(struct db_rows *rows, struct arena *a, struct match **out)
{
	const struct game_rules *rules = game_rules_find(db_col_text(rows, 1));
	int64_t seats = db_col_int(rows, 2);
	struct slice seed = slice_head(db_col_bytes(rows, 4), GAME_SEED_SIZE);
	struct game_control control;
	struct match *m;
	const char *why;

	*out = NULL;
	if (seats == 0)
		return HEARTH_EBUSY; /* not adopted yet (adopt.c) */
	if (seats < 0)
		return HEARTH_ECORRUPT; /* nor to be */
	if (!rules || seats < rules->seats_min || seats > rules->seats_max)
		return HEARTH_EUNSUPPORTED;
	m = match_shell(db_col_int(rows, 0), rules, (unsigned)seats);
	m->setup = mem_strdup(db_col_text(rows, 3));
	memcpy(m->seed, seed.p, seed.n);
	if (db_col_text(rows, 21).n == 0)
		control = game_control_fischer(db_col_int(rows, 5), db_col_int(rows, 6));
	else if (game_control_parse(db_col_text(rows, 21), &control, &why) < 0)
		control = game_control_fischer(0, 0);
	m->rated = db_col_int(rows, 22) && seats == 2;
	*out = m;
	if (game_control_fault(&control))
		return HEARTH_ECORRUPT;
	game_clock_init(&m->clock, &control, (int)seats);
	m->started_at = db_col_int(rows, 7);
	m->ended_at = db_col_int(rows, 8);
	copy_word(m->status, sizeof(m->status), db_col_text(rows, 9));
	copy_word(m->reason, sizeof(m->reason), db_col_text(rows, 10));
	m->over = strcmp(m->status, "started") != 0;
	m->seq = (int)db_col_int(rows, 11);
	m->ply = (int)db_col_int(rows, 12);
	m->last = mem_strdup(db_col_text(rows, 13));
	strbuf_add(&m->position, db_col_text(rows, 14));
	if (read_clock(a, db_col_text(rows, 15), &m->clock) < 0)
		return HEARTH_ECORRUPT;
	m->clock.side = m->over ? -1 : (int)db_col_int(rows, 16);
	if (m->clock.spent_us == 0)
		m->clock.started_us = db_col_int(rows, 17);
	m->waiting_since_us = m->clock.started_us - m->clock.spent_us;
	m->offers[MATCH_DRAW].by = (int)db_col_int(rows, 18);
	m->offers[MATCH_TAKEBACK].by = (int)db_col_int(rows, 19);
	m->due_us = db_col_int(rows, 20);
	return m->clock.side < (int)seats ? 0 : HEARTH_ECORRUPT;
}

/* Who sits there, and what they have scored. */
static int read_seats(struct db_tx *tx, struct match *m)
{
	struct db_rows rows;
	unsigned n = 0;
	int rc = db_query(tx, &rows,
		"SELECT account, name, score, rating, deviation, rating_after FROM seat"
		" WHERE match = $1 ORDER BY seat",
		db_int(m->id));

	if (rc < 0)
		return rc;
	for (; n < m->seats && db_next(&rows) > 0; n++) {
		m->accounts[n] = db_col_int(&rows, 0);
		m->names[n] = mem_strdup(db_col_text(&rows, 1));
		m->scores[n] = (int)db_col_int(&rows, 2);
		m->ratings[n] = game_rating_shown(&rows, 3, 4, 5);
	}
	rc = db_end(&rows);
	return rc == 0 && n < m->seats ? HEARTH_ECORRUPT : rc;
}

static int read_row(struct db_tx *tx, int64_t id, struct arena *a, struct match **out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows, "SELECT " ROW_COLUMNS " FROM match WHERE id = $1", db_int(id));

	*out = NULL;
	if (rc < 0)
		return rc;
	rc = shell_of(&rows, a, out);
	db_end(&rows);
	return rc < 0 ? rc : read_seats(tx, *out);
}

/* ---- the log ---- */

/* The event of a row; its texts are the row's. */
static int event_of(
	struct db_rows *rows, struct arena *a, const struct match *m, struct match_event *out)
{
	struct game_clock clock = m->clock;
	int rc = read_clock(a, db_col_text(rows, 7), &clock);

	*out = (struct match_event){ .kind = match_event_kind_of(db_col_text(rows, 1)),
		.seat = (int)db_col_int(rows, 2),
		.ply = (int)db_col_int(rows, 3),
		.text = db_col_text(rows, 4),
		.notation = db_col_text(rows, 5),
		.turn = { .used_us = db_col_int(rows, 6),
			.forgiven_us = db_col_int(rows, 9),
			.lag_us = db_col_int(rows, 10) },
		.at_ms = db_col_int(rows, 8) };
	if (out->kind == MATCH_MOVED && out->seat >= 0 && out->seat < clock.seats)
		out->turn.quota_us = clock.lag[out->seat].quota_us;
	memcpy(out->left_us, clock.left_us, sizeof(out->left_us));
	memcpy(out->scores, m->scores, sizeof(out->scores));
	return rc < 0 || out->kind == MATCH_EVENT_KINDS ? HEARTH_ECORRUPT : 0;
}

/* All that happened, again; a sequence has no gap. */
static int replay(struct db_tx *tx, struct arena *a, struct match *m)
{
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT seq, kind, seat, ply, text, notation, used_us, clock, at_ms,"
		" forgiven_us, ping_us FROM event"
		" WHERE match = $1 ORDER BY seq",
		db_int(m->id));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0) {
		struct match_event e;

		if (db_col_int(&rows, 0) != m->log.n + 1)
			stop = HEARTH_ECORRUPT;
		if (stop == 0)
			stop = event_of(&rows, a, m, &e);
		if (stop == 0)
			stop = match_replay(m, &e);
		arena_reset(a);
	}
	rc = db_end(&rows);
	return stop ? stop : rc;
}

/* What the row says of how it stands, which its log must lead to. */
struct standing {
	int seq, ply;
	bool over;
	struct game_clock clock;
};

/* From its row to its beginning, and from there through its log to the row again. */
static int read_log(struct db_tx *tx, struct arena *a, struct match *m)
{
	const struct standing was = { m->seq, m->ply, m->over, m->clock };
	int rc;

	free(m->last);
	m->last = NULL;
	m->seq = m->ply = 0;
	m->over = false;
	m->offers[MATCH_DRAW].by = m->offers[MATCH_TAKEBACK].by = -1;
	arena_reset(a);
	rc = replay(tx, a, m);
	if (rc < 0)
		return rc;
	m->clock = was.clock;
	return m->seq == was.seq && m->ply == was.ply && m->over == was.over ? 0 : HEARTH_ECORRUPT;
}

static int load(struct db_tx *tx, int64_t id, bool state, struct match **out)
{
	struct arena *a = arena_new();
	int rc = read_row(tx, id, a, out);

	/* What a viewer may know of a move is told by the state it was made in. */
	if (rc == 0 && (state || (*out)->rules->has_secrets))
		rc = match_set_up(*out);
	if (rc == 0)
		rc = read_log(tx, a, *out);
	arena_free(&a);
	if (rc < 0)
		match_free(out);
	return rc;
}

int game_store_read(struct db_tx *tx, int64_t id, struct match **out)
{
	return load(tx, id, false, out);
}

int game_store_load(struct db_tx *tx, int64_t id, struct match **out)
{
	int rc = load(tx, id, true, out);

	if (rc == 0)
		rc = game_store_completes(tx, (*out)->seats, (*out)->accounts, (*out)->completes);
	if (rc == 0)
		match_look(*out);
	else
		match_free(out);
	return rc;
}

/* ---- lists ---- */

/* What a page is made of, until each is the callee's. */
struct page {
	struct match **matches;
	size_t n, cap;
};

static void page_add(struct page *p, struct match *m)
{
	if (p->n == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 64;
		p->matches = mem_realloc(p->matches, p->cap * sizeof(struct match *));
	}
	p->matches[p->n++] = m;
}

/* The rows; what this build has no rules for is left out. */
static int read_page(
	struct db_tx *tx, int64_t account, int64_t before, int64_t limit, struct page *page)
{
	struct arena *a = arena_new();
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT " ROW_COLUMNS " FROM match WHERE id IN (SELECT match FROM seat WHERE"
		" account = $1 AND match < $2 ORDER BY match DESC LIMIT $3) ORDER BY id DESC",
		db_int(account), db_int(before), db_int(limit));

	while (rc == 0 && db_next(&rows) > 0) {
		struct match *m;

		if (shell_of(&rows, a, &m) == 0)
			page_add(page, m);
		else
			match_free(&m);
		arena_reset(a);
	}
	arena_free(&a);
	return rc < 0 ? rc : db_end(&rows);
}

int game_store_page(struct db_tx *tx, int64_t account, int64_t before, int64_t limit,
	void (*each)(void *arg, struct match *m), void *arg)
{
	struct page page = { 0 };
	int rc;

	INVARIANT(account > 0 && limit > 0);
	rc = read_page(tx, account, before, limit, &page);
	for (size_t i = 0; i < page.n; i++) {
		if (rc == 0)
			rc = read_seats(tx, page.matches[i]);
		if (rc == 0)
			each(arg, page.matches[i]);
		else
			match_free(&page.matches[i]);
	}
	free(page.matches);
	return rc;
}

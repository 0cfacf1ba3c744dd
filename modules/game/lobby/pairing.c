/*
 * pairing.c: from a pair to a match: its row first, then the players hear (lobby.h).
 *
 *   paired ──row on disk──▶ the shard is this node's: opened there
 *      │                 └▶ another's: both are to follow it, as if they had asked
 *      ├──refused for what one of them may not──▶ told; the others' seeks stand again
 *      └──not stored──▶ the seeks of both stand again, and look for each other in a moment
 *
 * Until the row is on disk the seeks of both are held: nobody sees them, and what is cancelled stays so.
 * On the loop, but for what gets a transaction. As many at a time as pairs wait for the database;
 * of an account one.
 */
#include <stdlib.h>

#include "engine/shard.h"
#include "engine/tenure.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/rand.h"
#include "lobby/lobby_private.h"
#include "lobby/seek.h"
#include "store/store.h"
#include "wire/frames.h"

struct pairing {
	struct list_node node;
	struct game_lobby *lobby;
	const struct game_tenure *tenure; /* of the lobby */
	const struct game_tenure *begun;  /* of the match's shard; NULL: it is another node's */
	struct game_seek seeks[GAME_SEATS_MAX]; /* by seat; client 0: it is gone */
	int64_t begun_us;
	struct game_match_row row;
};

/* Where the shard is this node's, too, the match begins with its row. */
static int add_match(struct db_tx *tx, void *arg)
{
	struct pairing *p = arg;
	const struct game *g = p->lobby->g;
	const struct game_tenure *t;
	int rc = game_fence(tx, p->tenure);

	p->row.refused = 0; /* it may be run again */
	if (rc == 0)
		rc = game_store_add(tx, &p->row, g->matches_max);
	if (rc < 0)
		return rc;
	t = game_owned(g, game_shard_number(p->row.id));
	p->begun = game_tenure_lasts(t) && game_fence(tx, t) == 0 ? t : NULL;
	p->begun_us = p->begun ? game_now_us(t) : GAME_NOT_BEGUN;
	return p->begun ? game_store_begin(
				  tx, p->row.id, p->begun_us, p->begun_us + g->first_move_us)
			: 0;
}

static struct match *match_of(const struct pairing *p)
{
	const struct game_match_row *row = &p->row;
	struct match_start start = { .rules = row->rules,
		.seats = row->seats,
		.setup = row->setup,
		.control = row->control,
		.rated = row->rated };
	const char *why;
	struct match *m;

	memcpy(start.seed, row->seed, sizeof(start.seed));
	memcpy(start.accounts, row->accounts, sizeof(start.accounts));
	for (unsigned seat = 0; seat < row->seats; seat++)
		start.names[seat] = row->names[seat];
	m = match_new(row->id, &start, p->begun_us, &why);
	INVARIANT(m); /* it has had its first position already (store.c) */
	m->started_at = row->started_at;
	m->due_us = match_due_us(m, p->lobby->g->first_move_us);
	memcpy(m->completes, row->completes, sizeof(m->completes));
	memcpy(m->ratings, row->ratings, sizeof(m->ratings));
	return m;
}

/*
 * All connections of all players hear that a match has begun, so that no tab waits on; those that
 * were paired hear what follows.
 */
static void open_match(struct pairing *p)
{
	struct game *g = p->lobby->g;
	uint64_t clients[GAME_SEATS_MAX] = { 0 };
	bool legal[GAME_SEATS_MAX] = { false };
	struct match *m = match_of(p);

	for (int seat = 0; seat < (int)m->seats; seat++) {
		clients[seat] = p->seeks[seat].client;
		legal[seat] = p->seeks[seat].legal;
		game_send_account(g, m->accounts[seat], game_frame_started(m, seat));
	}
	if (game_tenure_lasts(p->begun)) {
		game_shard_open(game_shard_of(g, m->id), m, clients, legal);
		return;
	}
	for (unsigned seat = 0; seat < m->seats; seat++)
		if (clients[seat])
			game_follow(g, clients[seat], m->accounts[seat], m->id, legal[seat]);
	match_free(&m);
}

/* What who is told for whom nothing comes of it: they seek nothing any more. */
static struct buf *failure(int status)
{
	if (status == HEARTH_ETOOBIG)
		return game_frame_error("too-many-matches",
			"as many matches of yours go on, or began within a minute, as one person "
			"may have");
	return game_frame_error("try-again", "the match could not be stored");
}

/* Who may not have it, and where the rules refuse it all, seeks it no more; the others' seeks stand. */
static void give_up(const struct pairing *p, int status)
{
	struct game_lobby *l = p->lobby;
	bool nobody = p->row.refused == 0;

	for (unsigned seat = 0; seat < p->row.seats; seat++) {
		int64_t account = p->row.accounts[seat];
		bool blamed = p->row.refused >> seat & 1;

		if (blamed)
			lobby_end_seeks(l, account);
		else if (lobby_resume_seeks(l, account, nobody) > 0)
			continue;
		game_send_account(l->g, account, failure(blamed ? status : HEARTH_EBUSY));
	}
}

static void on_added(void *arg, int status)
{
	struct pairing *p = arg;
	struct game *g = p->lobby->g;

	INVARIANT(status < 0 || p->row.id > 0);
	list_remove(&p->node);
	for (unsigned seat = 0; seat < p->row.seats && status == 0; seat++) {
		lobby_end_seeks(p->lobby, p->row.accounts[seat]);
		game_seek_drop(g, p->row.accounts[seat]);
	}
	if (status == 0)
		open_match(p);
	else
		give_up(p, status);
	hearth_release(g->h);
	free(p);
}

void lobby_pair(struct game_lobby *l, const struct game_seek *const seeks[], unsigned n)
{
	struct pairing *p = mem_zalloc(sizeof(*p));
	const struct game_seek *first = &p->seeks[0];
	unsigned seats[GAME_SEATS_MAX];

	lobby_draw_seats(seeks, n, seats);
	for (unsigned i = 0; i < n; i++)
		p->seeks[seats[i]] = *seeks[i];
	INVARIANT(game_owns(l->g, GAME_LOBBY) && n >= first->rules->seats_min &&
		  n <= first->rules->seats_max);
	p->lobby = l;
	p->tenure = game_owned(l->g, GAME_LOBBY);
	p->row = (struct game_match_row){ .rules = first->rules,
		.seats = n,
		.setup = slice_str(first->setup),
		.control = first->control,
		.rated = first->rated,
		.started_at = clock_wall_ms() };
	rand_bytes(p->row.seed, sizeof(p->row.seed));
	for (unsigned seat = 0; seat < n; seat++) {
		p->row.accounts[seat] = p->seeks[seat].account;
		memcpy(p->row.names[seat], p->seeks[seat].name, sizeof(p->row.names[seat]));
	}
	for (unsigned seat = 0; seat < n; seat++)
		lobby_hold_seeks(l, p->row.accounts[seat]);
	list_push(&l->pairings, &p->node);
	hearth_hold(l->g->h);
	if (db_write(l->g->db, add_match, on_added, p) < 0)
		on_added(p, HEARTH_EBUSY);
}

void lobby_pairings_close(struct game_lobby *l, uint64_t client)
{
	LIST_FOREACH (&l->pairings, it) {
		struct pairing *p = LIST_ENTRY(it, struct pairing, node);

		for (unsigned seat = 0; seat < p->row.seats; seat++)
			if (p->seeks[seat].client == client)
				p->seeks[seat].client = 0;
	}
}

/*
 * pairing.c: from a pair to a match: its row first, then the players hear (lobby.h).
 *
 *   paired ──row on disk──▶ the shard is this node's: opened there
 *      │                 └▶ another's: both are to follow it, as if they had asked
 *      └──refused, or not stored──▶ both are told
 *
 * On the loop, but for what gets a transaction. As many at a time as pairs wait for the database;
 * of an account one for each kind of game.
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
	const struct game_tenure *tenure;    /* of the lobby */
	const struct game_tenure *begun;     /* of the match's shard; NULL: it is another node's */
	struct game_seek seeks[MATCH_SEATS]; /* by seat; client 0: it is gone */
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
	const char *const names[MATCH_SEATS] = { p->row.names[0], p->row.names[1] };
	const char *why;
	struct match *m = match_new(p->row.id, p->seeks[0].rules, p->row.setup, p->row.seed,
		p->row.accounts, names, p->row.limit_ms, p->row.increment_ms, p->begun_us, &why);

	INVARIANT(m);
	m->started_at = p->row.started_at;
	m->due_us = match_due_us(m, p->lobby->g->first_move_us);
	memcpy(m->completes, p->row.completes, sizeof(m->completes));
	return m;
}

/*
 * All connections of both hear that a match has begun, so that no tab waits on; those that were
 * paired hear what follows.
 */
static void open_match(struct pairing *p)
{
	struct game *g = p->lobby->g;
	const uint64_t clients[MATCH_SEATS] = { p->seeks[0].client, p->seeks[1].client };
	const bool legal[MATCH_SEATS] = { p->seeks[0].legal, p->seeks[1].legal };
	struct match *m = match_of(p);

	for (int seat = 0; seat < MATCH_SEATS; seat++) {
		game_send_account(g, m->accounts[seat], game_frame_started(m, seat));
	}
	if (game_tenure_lasts(p->begun)) {
		game_shard_open(game_shard_of(g, m->id), m, clients, legal);
		return;
	}
	for (int seat = 0; seat < MATCH_SEATS; seat++)
		if (clients[seat])
			game_follow(g, clients[seat], m->accounts[seat], m->id, legal[seat]);
	match_free(&m);
}

/* What both are told when nothing comes of it: every seek of theirs for this is gone. */
static struct buf *failure(int status)
{
	if (status == HEARTH_ETOOBIG)
		return game_frame_error("too-many-matches",
			"as many matches of one of you go on, or began within a minute, as one "
			"person may have");
	return game_frame_error("try-again", "the match could not be stored");
}

static void on_added(void *arg, int status)
{
	struct pairing *p = arg;
	const struct game *g = p->lobby->g;

	INVARIANT(status < 0 || p->row.id > 0);
	list_remove(&p->node);
	if (status == 0)
		open_match(p);
	for (int seat = 0; seat < MATCH_SEATS && status < 0; seat++) {
		game_send_account(g, p->row.accounts[seat], failure(status));
	}
	hearth_release(g->h);
	free(p);
}

void lobby_pair(struct game_lobby *l, const struct game_seek *a, const struct game_seek *b)
{
	struct pairing *p = mem_zalloc(sizeof(*p));
	uint64_t first = rand_below(MATCH_SEATS);

	INVARIANT(game_owns(l->g, GAME_LOBBY) && a->account != b->account && a->rules == b->rules);
	p->lobby = l;
	p->tenure = game_owned(l->g, GAME_LOBBY);
	p->seeks[first] = *a;
	p->seeks[1 - first] = *b;
	p->row = (struct game_match_row){ .rules = a->rules->id,
		.setup = SLICE(""),
		.limit_ms = a->limit_ms,
		.increment_ms = a->increment_ms,
		.started_at = clock_wall_ms() };
	rand_bytes(p->row.seed, sizeof(p->row.seed));
	for (int seat = 0; seat < MATCH_SEATS; seat++) {
		p->row.accounts[seat] = p->seeks[seat].account;
		memcpy(p->row.names[seat], p->seeks[seat].name, sizeof(p->row.names[seat]));
	}
	for (int seat = 0; seat < MATCH_SEATS; seat++)
		lobby_end_seeks(l, &p->seeks[seat]);
	list_push(&l->pairings, &p->node);
	hearth_hold(l->g->h);
	if (db_write(l->g->db, add_match, on_added, p) < 0)
		on_added(p, HEARTH_EBUSY);
}

bool game_lobby_is_pairing(
	const struct game_lobby *l, int64_t account, const struct game_seek *seek)
{
	LIST_FOREACH (&l->pairings, it) {
		const struct pairing *p = LIST_ENTRY(it, struct pairing, node);

		if ((p->row.accounts[0] == account || p->row.accounts[1] == account) &&
			(!seek || game_seek_same(&p->seeks[0], seek)))
			return true;
	}
	return false;
}

void lobby_pairings_close(struct game_lobby *l, uint64_t client)
{
	LIST_FOREACH (&l->pairings, it) {
		struct pairing *p = LIST_ENTRY(it, struct pairing, node);

		for (int seat = 0; seat < MATCH_SEATS; seat++)
			if (p->seeks[seat].client == client)
				p->seeks[seat].client = 0;
	}
}

/*
 * lobby.c: seeks by account and by what they want (two maps), pairing, and the match that a pair
 * gets: its row first, then the players hear. On the loop; SEEKS_MAX
 * clients seek at most.
 */
#include "lobby/lobby.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/shard.h"
#include "engine/tenure.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/list.h"
#include "hearth/log.h"
#include "hearth/map.h"
#include "hearth/rand.h"
#include "lobby/seek.h"
#include "store/store.h"
#include "wire/frames.h"

#define SEEKS_MAX 10000

struct waiting {
	struct list_node node; /* of those that want the same, oldest first */
	struct list_node own;  /* of its account's, oldest first */
	struct seeker *seeker;
	struct game_seek seek;
};

/* An account with seeks. */
struct seeker {
	struct list seeks; /* struct waiting, by own */
	int64_t account;
	int count;
};

/* The seeks for one kind of game. */
struct kind {
	struct list seeks;
	char key[64];
};

struct game_lobby {
	struct game *g;
	struct map *kinds;    /* "chess 300000 3000" → struct kind */
	struct map *clients;  /* client id → struct waiting */
	struct map *seekers;  /* account id → struct seeker */
	struct list pairings; /* on their way to disk */
};

struct game_lobby *game_lobby_new(struct game *g)
{
	struct game_lobby *l = mem_zalloc(sizeof(*l));

	l->g = g;
	l->kinds = map_new();
	l->clients = map_new();
	l->seekers = map_new();
	list_init(&l->pairings);
	return l;
}

static void free_values(struct map *m)
{
	size_t it = 0;
	void *value;

	while (map_next(m, &it, NULL, &value))
		free(value);
}

void game_lobby_free(struct game_lobby **lp)
{
	struct game_lobby *l = *lp;

	if (!l)
		return;
	free_values(l->clients);
	free_values(l->kinds);
	free_values(l->seekers);
	map_free(&l->clients);
	map_free(&l->kinds);
	map_free(&l->seekers);
	free(l);
	*lp = NULL;
}

/* ---- accounts ---- */

static struct seeker *find_seeker(const struct game_lobby *l, int64_t account)
{
	return map_get_u64(l->seekers, (uint64_t)account);
}

static struct seeker *seeker_of(struct game_lobby *l, int64_t account)
{
	struct seeker *k = find_seeker(l, account);

	if (!k) {
		k = mem_zalloc(sizeof(*k));
		k->account = account;
		list_init(&k->seeks);
		map_set_u64(l->seekers, (uint64_t)account, k);
	}
	return k;
}

/* ---- kinds ---- */

static void kind_key(char out[64], const struct game_seek *s)
{
	/* NOLINTBEGIN(clang-analyzer-unix.Malloc): who frees a seek takes it out of its list */
	snprintf(out, 64, "%s %lld %lld", s->rules->id, (long long)s->limit_ms,
		(long long)s->increment_ms);
	/* NOLINTEND(clang-analyzer-unix.Malloc) */
}

/* NULL when nobody waits for this kind of game. */
static struct kind *find_kind(struct game_lobby *l, const struct game_seek *s)
{
	char key[64];

	kind_key(key, s);
	return map_get(l->kinds, slice_str(key));
}

static struct kind *kind_of(struct game_lobby *l, const struct game_seek *s)
{
	struct kind *k = find_kind(l, s);

	if (!k) {
		k = mem_zalloc(sizeof(*k));
		list_init(&k->seeks);
		kind_key(k->key, s);
		map_set(l->kinds, slice_str(k->key), k);
	}
	return k;
}

/* A kind that nobody wants any more goes, so that clients cannot make kinds pile up. */
static void remove_waiting(struct game_lobby *l, struct waiting *w)
{
	struct kind *k = kind_of(l, &w->seek);
	struct seeker *seeker = w->seeker;

	list_remove(&w->node);
	list_remove(&w->own);
	map_remove_u64(l->clients, w->seek.client);
	free(w);
	if (list_empty(&k->seeks)) {
		map_remove(l->kinds, slice_str(k->key));
		free(k);
	}
	if (--seeker->count == 0) {
		map_remove_u64(l->seekers, (uint64_t)seeker->account);
		free(seeker);
	}
}

static void add_waiting(struct game_lobby *l, const struct game_seek *seek)
{
	struct waiting *w = mem_zalloc(sizeof(*w));

	w->seek = *seek;
	w->seeker = seeker_of(l, seek->account);
	w->seeker->count++;
	list_push(&kind_of(l, seek)->seeks, &w->node);
	list_push(&w->seeker->seeks, &w->own);
	map_set_u64(l->clients, seek->client, w);
}

/* ---- from a pair to a match ---- */

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

	list_remove(&p->node);
	if (status == 0)
		open_match(p);
	for (int seat = 0; seat < MATCH_SEATS && status < 0; seat++) {
		game_send_account(g, p->row.accounts[seat], failure(status));
	}
	hearth_release(g->h);
	free(p);
}

/*
 * An account's other seeks for the same are over: one of them has found its opponent. Those for
 * another clock come from another connection, which plays beside this one: they stand.
 */
static void end_seeks(struct game_lobby *l, const struct game_seek *found)
{
	struct seeker *k = find_seeker(l, found->account);
	int left = k ? k->count : 0;

	/* The last one takes the seeker with it. */
	for (struct list_node *it = left ? k->seeks.head.next : NULL; left > 0; left--) {
		struct waiting *w = LIST_ENTRY(it, struct waiting, own);

		it = it->next;
		if (game_seek_same(&w->seek, found))
			remove_waiting(l, w);
	}
	game_seek_drop(l->g, found->account, found);
}

static void pair(struct game_lobby *l, const struct game_seek *a, const struct game_seek *b)
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
		end_seeks(l, &p->seeks[seat]);
	list_push(&l->pairings, &p->node);
	hearth_hold(l->g->h);
	if (db_write(l->g->db, add_match, on_added, p) < 0)
		on_added(p, HEARTH_EBUSY);
}

/*
 * Of the kind's seeks by other accounts: of the account that waits longest the newest, since an
 * older connection may be one that is dead and has not been found out yet.
 */
static struct waiting *find_opponent(struct kind *k, int64_t account)
{
	struct waiting *found = NULL;

	LIST_FOREACH (&k->seeks, it) {
		struct waiting *w = LIST_ENTRY(it, struct waiting, node);

		if (w->seek.account == account)
			continue;
		if (!found || found->seek.account == w->seek.account)
			found = w;
	}
	return found;
}

/* ---- seeks ---- */

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

static int may_seek(const struct game_lobby *l, const struct game_seek *seek)
{
	const struct seeker *k = find_seeker(l, seek->account);

	if (game_lobby_is_pairing(l, seek->account, seek))
		return HEARTH_ECONFLICT;
	if (k && k->count >= l->g->seeks_max)
		return HEARTH_ETOOBIG;
	return map_count(l->clients) >= SEEKS_MAX ? HEARTH_EBUSY : 0;
}

int game_lobby_seek(struct game_lobby *l, const struct game_seek *seek)
{
	struct waiting *opponent, *earlier = map_get_u64(l->clients, seek->client);
	struct kind *k;
	int rc;

	if (earlier)
		remove_waiting(l, earlier);
	rc = may_seek(l, seek);
	if (rc < 0)
		return rc;
	k = find_kind(l, seek);
	opponent = k ? find_opponent(k, seek->account) : NULL;
	if (opponent) {
		const struct game_seek found = opponent->seek;

		pair(l, &found, seek);
		return 0;
	}
	add_waiting(l, seek);
	game_send(l->g, seek->client, game_frame_plain("seeking"));
	return 0;
}

void game_lobby_cancel(struct game_lobby *l, int64_t account, uint64_t except)
{
	struct seeker *k = find_seeker(l, account);

	/* The seeker goes with its last seek. */
	for (size_t left = k ? (size_t)k->count : 0; left > 0; left--) {
		struct waiting *w = LIST_ENTRY(k->seeks.head.next, struct waiting, own);

		/* The linter does not see that a removed one is the list's first no more. */
		if (w->seek.client != except) /* NOLINT(clang-analyzer-unix.Malloc) */
			game_send(l->g, w->seek.client, game_frame_plain("cancelled"));
		remove_waiting(l, w);
	}
}

void game_lobby_clear(struct game_lobby *l)
{
	size_t it = 0;
	void *value;

	while (map_next(l->clients, &it, NULL, &value)) {
		struct waiting *w = value;

		game_send(l->g, w->seek.client, game_frame_plain("cancelled"));
		/* The linter believes that the map still has it. */
		remove_waiting(l, w); /* NOLINT(clang-analyzer-unix.Malloc) */
	}
}

void game_lobby_close(struct game_lobby *l, uint64_t client)
{
	struct waiting *w = map_get_u64(l->clients, client);

	if (w)
		remove_waiting(l, w);
	LIST_FOREACH (&l->pairings, it) {
		struct pairing *p = LIST_ENTRY(it, struct pairing, node);

		for (int seat = 0; seat < MATCH_SEATS; seat++)
			if (p->seeks[seat].client == client)
				p->seeks[seat].client = 0;
	}
}

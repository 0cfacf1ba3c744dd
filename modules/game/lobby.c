/*
 * lobby.c: see lobby.h.
 */
#include "lobby.h"

#include <stdio.h>
#include <stdlib.h>

#include "frames.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/list.h"
#include "hearth/log.h"
#include "hearth/map.h"
#include "hearth/rand.h"
#include "shard.h"
#include "store.h"

#define SEEKS_MAX 10000

struct waiting {
	struct list_node node; /* of those that want the same, oldest first */
	struct game_seek seek;
};

/* The seeks for one kind of game. */
struct kind {
	struct list seeks;
	char key[64];
};

struct game_lobby {
	struct game *g;
	struct map *kinds;   /* "chess 300000 3000" → struct kind */
	struct map *clients; /* client id → struct waiting */
};

struct game_lobby *game_lobby_new(struct game *g)
{
	struct game_lobby *l = mem_zalloc(sizeof(*l));

	l->g = g;
	l->kinds = map_new();
	l->clients = map_new();
	return l;
}

void game_lobby_free(struct game_lobby **lp)
{
	struct game_lobby *l = *lp;
	size_t it = 0;
	void *value;

	if (!l)
		return;
	while (map_next(l->clients, &it, NULL, &value))
		free(value);
	for (it = 0; map_next(l->kinds, &it, NULL, &value);)
		free(value);
	map_free(&l->clients);
	map_free(&l->kinds);
	free(l);
	*lp = NULL;
}

static void kind_key(char out[64], const struct game_seek *s)
{
	snprintf(out, 64, "%s %lld %lld", s->rules->id, (long long)s->limit_ms,
		(long long)s->increment_ms);
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

	list_remove(&w->node);
	map_remove_u64(l->clients, w->seek.client);
	free(w);
	if (list_empty(&k->seeks)) {
		map_remove(l->kinds, slice_str(k->key));
		free(k);
	}
}

/* ---- from a pair to a match ---- */

struct pairing {
	struct game_lobby *lobby;
	struct game_seek seeks[MATCH_SEATS]; /* by seat */
	struct game_match_row row;
};

static int add_match(struct db_tx *tx, void *arg)
{
	struct pairing *p = arg;

	return game_store_add(tx, &p->row);
}

static void open_match(struct pairing *p)
{
	const char *const names[MATCH_SEATS] = { p->row.names[0], p->row.names[1] };
	const uint64_t clients[MATCH_SEATS] = { p->seeks[0].client, p->seeks[1].client };
	const bool legal[MATCH_SEATS] = { p->seeks[0].legal, p->seeks[1].legal };
	const char *why;
	struct match *m =
		match_new(p->row.id, p->seeks[0].rules, p->row.setup, p->row.seed, p->row.accounts,
			names, p->row.limit_ms, p->row.increment_ms, clock_mono_us(), &why);

	INVARIANT(m);
	memcpy(m->completes, p->row.completes, sizeof(m->completes));
	game_shard_open(game_shard_of(p->lobby->g, m->id), m, clients, legal);
}

static void on_added(void *arg, int status)
{
	struct pairing *p = arg;

	if (status == 0)
		open_match(p);
	else
		for (int seat = 0; seat < MATCH_SEATS; seat++)
			game_send(p->lobby->g, p->seeks[seat].client,
				game_frame_error("try-again", "the match could not be stored"));
	hearth_release(p->lobby->g->h);
	free(p);
}

static void pair(struct game_lobby *l, const struct game_seek *a, const struct game_seek *b)
{
	struct pairing *p = mem_zalloc(sizeof(*p));
	uint64_t first = rand_below(MATCH_SEATS);

	p->lobby = l;
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
	hearth_hold(l->g->h);
	if (db_write(l->g->db, add_match, on_added, p) < 0)
		on_added(p, HEARTH_EBUSY);
}

/* The oldest seek of the same kind by somebody else. */
static struct waiting *find_opponent(struct kind *k, int64_t account)
{
	LIST_FOREACH (&k->seeks, it) {
		struct waiting *w = LIST_ENTRY(it, struct waiting, node);

		if (w->seek.account != account)
			return w;
	}
	return NULL;
}

int game_lobby_seek(struct game_lobby *l, const struct game_seek *seek)
{
	struct waiting *opponent, *w;
	struct kind *k;

	game_lobby_cancel(l, seek->client);
	k = find_kind(l, seek);
	opponent = k ? find_opponent(k, seek->account) : NULL;
	if (opponent) {
		pair(l, &opponent->seek, seek);
		remove_waiting(l, opponent);
		return 0;
	}
	if (map_count(l->clients) >= SEEKS_MAX)
		return HEARTH_EBUSY;
	w = mem_zalloc(sizeof(*w));
	w->seek = *seek;
	list_push(&kind_of(l, seek)->seeks, &w->node);
	map_set_u64(l->clients, seek->client, w);
	game_send(l->g, seek->client, game_frame_plain("seeking"));
	return 0;
}

void game_lobby_cancel(struct game_lobby *l, uint64_t client)
{
	struct waiting *w = map_get_u64(l->clients, client);

	if (w)
		remove_waiting(l, w);
}

static struct waiting *find_of_account(struct game_lobby *l, int64_t account)
{
	size_t it = 0;
	void *value;

	while (map_next(l->clients, &it, NULL, &value)) {
		struct waiting *w = value;

		if (w->seek.account == account)
			return w;
	}
	return NULL;
}

void game_lobby_forget(struct game_lobby *l, int64_t account)
{
	struct waiting *w;

	while ((w = find_of_account(l, account)))
		remove_waiting(l, w);
}

/*
 * lobby.c: seeks by account and by what they want (two maps), and who fits whom; what becomes of a
 * pair is pairing.c's. On the loop; SEEKS_MAX clients seek at most.
 */
#include "lobby/lobby_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "lobby/seek.h"
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

	INVARIANT(seeker->count > 0 && seeker->account == w->seek.account);
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

	INVARIANT(seek->rules && seek->limit_ms > 0 && !map_get_u64(l->clients, seek->client));
	w->seek = *seek;
	w->seeker = seeker_of(l, seek->account);
	w->seeker->count++;
	list_push(&kind_of(l, seek)->seeks, &w->node);
	list_push(&w->seeker->seeks, &w->own);
	map_set_u64(l->clients, seek->client, w);
}

/* ---- seeks ---- */

void lobby_end_seeks(struct game_lobby *l, const struct game_seek *found)
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

/*
 * Who plays with a new seek, itself among them: those of other accounts that wait longest, of each
 * account the newest, since an older connection may be one that is dead and has not been found out
 * yet. How many were found; no more than the game needs.
 */
static unsigned find_players(const struct kind *k, const struct game_seek *seek,
	const struct game_seek *out[GAME_SEATS_MAX])
{
	unsigned n = 1;

	out[0] = seek;
	LIST_FOREACH (&k->seeks, it) {
		const struct waiting *w = LIST_ENTRY(it, struct waiting, node);
		unsigned at = 0;

		while (at < n && out[at]->account != w->seek.account)
			at++;
		if (at > 0 && at < seek->rules->seats_min)
			out[at] = &w->seek;
		n += at == n && n < seek->rules->seats_min;
	}
	return n;
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
	struct waiting *earlier = map_get_u64(l->clients, seek->client);
	const struct game_seek *players[GAME_SEATS_MAX];
	const struct kind *k;
	int rc;

	if (earlier)
		remove_waiting(l, earlier);
	rc = may_seek(l, seek);
	if (rc < 0)
		return rc;
	k = find_kind(l, seek);
	if (k && find_players(k, seek, players) == seek->rules->seats_min) {
		lobby_pair(l, players, seek->rules->seats_min);
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
	lobby_pairings_close(l, client);
}

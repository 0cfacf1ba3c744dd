/*
 * kinds.c: the seeks that want the same lie beside each other, oldest first, and look for each other in
 * waves. Many may lie there that do not fit (one seat, other ratings), and each new one looks at them:
 *
 *   new, taken up, put back ──STEPS of its kind at once──▶ paired, or has seen all: found by later ones
 *                                   └──more to see──▶ in line: a wave each millisecond, of STEPS for all
 *
 * So one seek holds the loop up as long as STEPS take, and all of them together no longer a wave. On the
 * loop.
 */
#include <stdlib.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "lobby/lobby_private.h"

#define WAVE_MS  1
#define AGAIN_MS 1000 /* when the database did not take a match, through no fault of its players */

/* ---- their places ---- */

static struct lobby_kind *kind_of(struct game_lobby *l, const struct game_seek *s)
{
	char key[LOBBY_KEY_MAX];
	struct lobby_kind *k;

	lobby_key(key, s);
	k = map_get(l->kinds, slice_str(key));
	if (!k) {
		k = mem_zalloc(sizeof(*k));
		memcpy(k->key, key, sizeof(key));
		map_set(l->kinds, slice_str(k->key), k);
	}
	return k;
}

void lobby_place(struct game_lobby *l, struct lobby_waiting *w)
{
	struct lobby_kind *k = kind_of(l, &w->seek);
	size_t at = lobby_place_of(k, w->seek.id);

	INVARIANT(!w->kind && (at == k->count || k->seeks[at]->seek.id > w->seek.id));
	if (k->count == k->cap) {
		k->cap = k->cap ? k->cap * 2 : 4;
		k->seeks = mem_realloc(k->seeks, k->cap * sizeof(struct lobby_waiting *));
	}
	memmove(&k->seeks[at + 1], &k->seeks[at],
		(k->count++ - at) * sizeof(struct lobby_waiting *));
	k->seeks[at] = w;
	w->kind = k;
	lobby_look_anew(w);
}

/* A kind that nobody wants any more goes, so that clients cannot make kinds pile up. */
void lobby_unplace(struct game_lobby *l, struct lobby_waiting *w)
{
	struct lobby_kind *k = w->kind;
	size_t at;

	list_remove(&w->looking);
	if (!k)
		return;
	at = lobby_place_of(k, w->seek.id);
	INVARIANT(at < k->count && k->seeks[at] == w);
	memmove(&k->seeks[at], &k->seeks[at + 1],
		(--k->count - at) * sizeof(struct lobby_waiting *));
	w->kind = NULL;
	if (k->count > 0)
		return;
	map_remove(l->kinds, slice_str(k->key));
	free(k->seeks);
	free(k);
}

/* ---- looking ---- */

bool lobby_look(struct game_lobby *l, struct lobby_waiting *w, int *steps)
{
	const struct game_seek *players[GAME_SEATS_MAX];

	if (!w->seek.client) { /* its connection is gone: it looks anew when another takes it up */
		list_remove(&w->looking);
		return false;
	}
	switch (lobby_look_on(w, steps, players)) {
	case LOBBY_FOUND: lobby_pair(l, players, w->seek.seats); return true;
	case LOBBY_MORE: lobby_look_later(l, w, false); return false;
	default: list_remove(&w->looking); return false;
	}
}

/*
 * The longest in line first; who has more to see is the last of the line again. Over when somebody is to
 * look after a rest.
 */
static void on_wave(void *arg)
{
	struct game_lobby *l = arg;
	int steps = LOBBY_STEPS;

	while (steps > 0 && !l->wave.owner && !list_empty(&l->looking))
		lobby_look(l, LIST_ENTRY(list_pop(&l->looking), struct lobby_waiting, looking),
			&steps);
	if (!l->wave.owner && !list_empty(&l->looking))
		timer_start(&l->wave, WAVE_MS, 0, on_wave, l);
}

void lobby_look_later(struct game_lobby *l, struct lobby_waiting *w, bool after_a_rest)
{
	if (!list_linked(&w->looking))
		list_push(&l->looking, &w->looking);
	if (after_a_rest || !l->wave.owner)
		timer_start(&l->wave, after_a_rest ? AGAIN_MS : WAVE_MS, 0, on_wave, l);
}

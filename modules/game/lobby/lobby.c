/*
 * lobby.c: seeks by account and by connection, and how long they wait (lobby.h); which lie beside each
 * other is kinds.c's, who fits whom fit.c's, what becomes of a pair pairing.c's. On the loop; SEEKS_MAX seeks at
 * most, of an account [game] seeks_per_account.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "lobby/lobby_private.h"
#include "lobby/seek.h"
#include "wire/frames.h"

#define SEEKS_MAX 10000

struct game_lobby *game_lobby_new(struct game *g)
{
	struct game_lobby *l = mem_zalloc(sizeof(*l));

	l->g = g;
	l->kinds = map_new();
	l->clients = map_new();
	l->seekers = map_new();
	list_init(&l->pairings);
	list_init(&l->looking);
	/* Numbers that no lobby before this one has given out, on whatever node. */
	l->last_id = clock_wall_ms() * 1000;
	return l;
}

/* ---- the maps ---- */

static struct lobby_seeker *find_seeker(const struct game_lobby *l, int64_t account)
{
	return map_get_u64(l->seekers, (uint64_t)account);
}

static struct lobby_seeker *seeker_of(struct game_lobby *l, int64_t account)
{
	struct lobby_seeker *k = find_seeker(l, account);

	if (!k) {
		k = mem_zalloc(sizeof(*k));
		k->lobby = l;
		k->account = account;
		list_init(&k->seeks);
		map_set_u64(l->seekers, (uint64_t)account, k);
	}
	return k;
}

static bool has_client(const struct lobby_seeker *k, uint64_t client)
{
	LIST_FOREACH (&k->seeks, it)
		if (LIST_ENTRY(it, struct lobby_waiting, own)->seek.client == client)
			return true;
	return false;
}

/* The seek is another connection's, or (0) nobody's. */
static void set_client(struct lobby_waiting *w, uint64_t client)
{
	struct game_lobby *l = w->seeker->lobby;
	uint64_t before = w->seek.client;

	w->seek.client = client;
	if (before && !has_client(w->seeker, before))
		map_remove_u64(l->clients, before);
	if (client)
		map_set_u64(l->clients, client, w->seeker);
}

/* One with no seeks goes, but while it is being paired. */
static void tidy_seeker(struct lobby_seeker *k)
{
	if (k->count > 0 || k->pairing)
		return;
	map_remove_u64(k->lobby->seekers, (uint64_t)k->account);
	free(k);
}

static void remove_waiting(struct lobby_waiting *w)
{
	struct lobby_seeker *seeker = w->seeker;
	struct game_lobby *l = seeker->lobby;

	INVARIANT(seeker->count > 0 && seeker->account == w->seek.account && l->count > 0);
	timer_stop(&w->timer);
	list_remove(&w->own);
	set_client(w, 0);
	lobby_unplace(l, w);
	free(w);
	l->count--;
	seeker->count--;
	tidy_seeker(seeker);
}

/* Of an account all seeks that `which` names; the last one takes the seeker with it. */
static int remove_seeks(
	struct lobby_seeker *k, bool (*which)(struct lobby_waiting *w, void *arg), void *arg)
{
	int left = k ? k->count : 0, removed = 0;

	for (struct list_node *it = left ? k->seeks.head.next : NULL; left > 0; left--) {
		struct lobby_waiting *w = LIST_ENTRY(it, struct lobby_waiting, own);

		it = it->next;
		if (which(w, arg)) {
			remove_waiting(w);
			removed++;
		}
	}
	return removed;
}

/* ---- time ---- */

static int64_t left_ms(const struct lobby_waiting *w)
{
	int64_t left = w->expires_ms - clock_mono_ms();

	return left > 0 ? left : 0;
}

static void on_over(void *arg)
{
	struct lobby_waiting *w = arg;

	game_send_account(w->seeker->lobby->g, w->seek.account,
		game_frame_seek_expired(w->seek.id, left_ms(w) == 0 ? "time" : "gone"));
	remove_waiting(w);
}

/* Until its time is over, or that of a connection that is gone. */
static void watch_time(struct lobby_waiting *w)
{
	int64_t ms = left_ms(w);

	if (!w->seek.client && ms > LOBBY_AWAY_MS)
		ms = LOBBY_AWAY_MS;
	timer_start(&w->timer, ms, 0, on_over, w);
}

/* ---- seeks ---- */

static bool any(struct lobby_waiting *w, void *arg)
{
	(void)w;
	(void)arg;
	return true;
}

static bool of_client(struct lobby_waiting *w, void *arg)
{
	return w->seek.client == *(uint64_t *)arg;
}

void lobby_hold_seeks(struct game_lobby *l, int64_t account)
{
	struct lobby_seeker *k = find_seeker(l, account);

	INVARIANT(k && !k->pairing);
	k->pairing = true;
	LIST_FOREACH (&k->seeks, it) {
		struct lobby_waiting *w = LIST_ENTRY(it, struct lobby_waiting, own);

		timer_stop(&w->timer);
		lobby_unplace(l, w);
	}
}

void lobby_end_seeks(struct game_lobby *l, int64_t account)
{
	struct lobby_seeker *k = find_seeker(l, account);

	INVARIANT(k && k->pairing);
	remove_seeks(k, any, NULL);
	k->pairing = false;
	tidy_seeker(k);
}

/* False, and it stands again; true when its time is over, and that is told. */
static bool stays_ended(struct lobby_waiting *w, void *arg)
{
	struct game_lobby *l = w->seeker->lobby;

	if (left_ms(w) == 0) {
		game_send_account(
			l->g, w->seek.account, game_frame_seek_expired(w->seek.id, "time"));
		return true;
	}
	lobby_place(l, w);
	watch_time(w);
	lobby_look_later(l, w, *(bool *)arg);
	if (w->seek.client)
		game_send(l->g, w->seek.client, game_frame_seeking(&w->seek, left_ms(w)));
	return false;
}

int lobby_resume_seeks(struct game_lobby *l, int64_t account, bool after_a_rest)
{
	struct lobby_seeker *k = find_seeker(l, account);
	int left;

	INVARIANT(k && k->pairing);
	remove_seeks(k, stays_ended, &after_a_rest);
	k->pairing = false;
	left = k->count;
	tidy_seeker(k);
	return left;
}

bool game_lobby_is_pairing(const struct game_lobby *l, int64_t account)
{
	const struct lobby_seeker *k = find_seeker(l, account);

	return k && k->pairing;
}

static int may_seek(const struct game_lobby *l, const struct game_seek *seek)
{
	const struct lobby_seeker *k = find_seeker(l, seek->account);

	if (k && k->count >= l->g->seeks_max)
		return HEARTH_ETOOBIG;
	return l->count >= SEEKS_MAX ? HEARTH_EBUSY : 0;
}

static struct lobby_waiting *add_waiting(struct game_lobby *l, const struct game_seek *seek)
{
	struct lobby_waiting *w = mem_zalloc(sizeof(*w));

	INVARIANT(seek->rules && !seek->own_clock && !game_control_fault(&seek->control) &&
		  seek->ttl_ms > 0 && seek->client);
	w->seek = *seek;
	w->seek.id = ++l->last_id;
	w->expires_ms = clock_mono_ms() + seek->ttl_ms;
	w->seeker = seeker_of(l, seek->account);
	w->seeker->count++;
	l->count++;
	lobby_place(l, w);
	list_push(&w->seeker->seeks, &w->own);
	map_set_u64(l->clients, seek->client, w->seeker);
	watch_time(w);
	return w;
}

int game_lobby_seek(struct game_lobby *l, const struct game_seek *seek)
{
	uint64_t client = seek->client;
	struct lobby_waiting *w;
	int steps = LOBBY_STEPS, rc;

	if (game_lobby_is_pairing(l, seek->account))
		return HEARTH_ECONFLICT;
	if (!seek->beside)
		remove_seeks(map_get_u64(l->clients, client), of_client, &client);
	rc = may_seek(l, seek);
	if (rc < 0)
		return rc;
	w = add_waiting(l, seek);
	if (!lobby_look(l, w, &steps))
		game_send(l->g, client, game_frame_seeking(&w->seek, left_ms(w)));
	return 0;
}

/* Those whose connection is gone are this one's, and may find their match at once. */
static bool take_up(struct game_lobby *l, struct lobby_seeker *k, uint64_t client, bool legal)
{
	bool taken = false;
	int steps = LOBBY_STEPS;

	LIST_FOREACH (&k->seeks, it) {
		struct lobby_waiting *w = LIST_ENTRY(it, struct lobby_waiting, own);

		if (w->seek.client)
			continue;
		w->seek.legal = legal;
		set_client(w, client);
		watch_time(w);
		lobby_look_anew(w);
		taken = true;
	}
	if (taken)
		LIST_FOREACH (&k->seeks, it)
			if (lobby_look(l, LIST_ENTRY(it, struct lobby_waiting, own), &steps))
				return true;
	return false;
}

void game_lobby_list(struct game_lobby *l, int64_t account, uint64_t client, bool legal)
{
	struct lobby_seeker *k = find_seeker(l, account);
	struct game_seeks_frame frame;

	if (k && (k->pairing || take_up(l, k, client, legal)))
		k = NULL;
	game_frame_seeks_open(&frame);
	if (k)
		LIST_FOREACH (&k->seeks, it) {
			const struct lobby_waiting *w = LIST_ENTRY(it, struct lobby_waiting, own);

			game_frame_seeks_add(&frame, &w->seek, left_ms(w));
		}
	game_send(l->g, client, game_frame_seeks_close(&frame));
}

/* ---- taken back ---- */

struct taking {
	int64_t id; /* 0: all */
	uint64_t except;
};

static bool taken_back(struct lobby_waiting *w, void *arg)
{
	const struct taking *t = arg;

	if (t->id && w->seek.id != t->id)
		return false;
	if (w->seek.client && w->seek.client != t->except)
		game_send(w->seeker->lobby->g, w->seek.client, game_frame_cancelled(t->id));
	return true;
}

int game_lobby_cancel(struct game_lobby *l, int64_t account, int64_t id, uint64_t except)
{
	struct taking t = { id, except };
	int removed = remove_seeks(find_seeker(l, account), taken_back, &t);

	return id && !removed ? HEARTH_ENOTFOUND : 0;
}

void game_lobby_clear(struct game_lobby *l)
{
	struct taking all = { 0, 0 };
	size_t it = 0;
	void *value;

	while (map_next(l->seekers, &it, NULL, &value))
		remove_seeks(value, taken_back, &all);
}

void game_lobby_close(struct game_lobby *l, uint64_t client)
{
	struct lobby_seeker *k = map_get_u64(l->clients, client);

	if (k)
		LIST_FOREACH (&k->seeks, it) {
			struct lobby_waiting *w = LIST_ENTRY(it, struct lobby_waiting, own);

			if (w->seek.client != client)
				continue;
			set_client(w, 0);
			if (!k->pairing)
				watch_time(w);
		}
	lobby_pairings_close(l, client);
}

void game_lobby_free(struct game_lobby **lp)
{
	struct game_lobby *l = *lp;
	size_t it = 0;
	void *value;

	if (!l)
		return;
	while (map_next(l->seekers, &it, NULL, &value)) {
		struct lobby_seeker *k = value;
		bool pairing = k->pairing;

		remove_seeks(k, any, NULL);
		if (pairing) {
			k->pairing = false;
			tidy_seeker(k);
		}
	}
	timer_stop(&l->wave);
	INVARIANT(l->count == 0 && map_count(l->clients) == 0 && map_count(l->kinds) == 0);
	map_free(&l->clients);
	map_free(&l->kinds);
	map_free(&l->seekers);
	free(l);
	*lp = NULL;
}

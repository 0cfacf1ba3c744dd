/*
 * shard.c: match shards (shard.h): which matches are in memory, and what other threads post.
 *
 * Everything but the posting functions runs on the shard's own executor.
 */
#include "engine/shard.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/shard_private.h"
#include "engine/tenure.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "store/store.h"
#include "wire/frames.h"

#define INTENTS_MAX 65536 /* posted and not yet looked at, over all matches of the shard */
#define MATCHES_MAX 50000 /* in memory; beyond, only those who play are let in */

void shard_put_away(struct owned *o)
{
	INVARIANT(!o->writing); /* the database still has it */
	shard_detach_all(o);
	INVARIANT(o->attached_count == 0 && o->waiting_count == 0 && !o->waiting);
	timer_stop(&o->timer);
	timer_stop(&o->idle);
	timer_stop(&o->gone);
	if (o->in_round.next)
		list_remove(&o->in_round);
	map_remove_u64(o->shard->matches, (uint64_t)o->match->id);
	match_step_clear(&o->step);
	match_free(&o->match);
	free(o);
}

const struct game_tenure *shard_tenure_of(const struct game_shard *s, int64_t match)
{
	return game_owned(s->g, game_shard_number(match));
}

static struct owned *own(struct game_shard *s, struct match *m)
{
	struct owned *o = mem_zalloc(sizeof(*o));
	const struct game_tenure *t = shard_tenure_of(s, m->id);
	int64_t now_us = game_now_us(t);
	int64_t grace_until_us = game_starts_grace_until_us(&t->starts);

	INVARIANT(m->state); /* one to be shown only is nobody's to own */
	INVARIANT(t && !map_get_u64(s->matches, (uint64_t)m->id));
	o->shard = s;
	o->tenure = t;
	o->match = m;
	m->room = &s->room;
	list_init(&o->attached);
	map_set_u64(s->matches, (uint64_t)m->id, o);
	/* Nobody counts as away who has had no time to come back since the server started. */
	for (unsigned seat = 0; seat < m->seats; seat++)
		m->gone_since_us[seat] = now_us > grace_until_us ? now_us : grace_until_us;
	shard_watch_time(o);
	shard_keep_for_now(o);
	return o;
}

struct owned *shard_take_over(struct game_shard *s, struct match *m)
{
	struct owned *o = map_get_u64(s->matches, (uint64_t)m->id);

	if (o) {
		match_free(&m);
		return o;
	}
	return own(s, m);
}

void shard_act(struct owned *o, const struct game_intent *in)
{
	if (o->dropped)
		shard_refuse(o->shard, in, o->match, "try-again", "the match is being moved");
	else if (!o->writing || in->kind == GAME_RESUME)
		/* Who resumes hears at once: a client that is gone by then would be attached for
		 * good. */
		shard_do_intent(o, in);
	else if (o->waiting_count < MATCH_INTENTS_MAX)
		shard_wait(o, in);
	else
		shard_refuse(o->shard, in, o->match, "busy", "too much at once for one match");
}

/* ---- the matches are another node's ---- */

static void drop(struct owned *o)
{
	shard_tell_all(o, game_frame_elsewhere());
	shard_detach_all(o);
	for (int i = 0; i < o->waiting_count; i++)
		shard_refuse(o->shard, &o->waiting[i], o->match, "try-again",
			"the match is being moved");
	o->waiting_count = 0;
	free(o->waiting);
	o->waiting = NULL;
	o->dropped = true;
	if (!o->writing)
		shard_put_away(o);
}

struct dropping {
	struct game_shard *from;
	int shard;
	exec_fn *done;
	void *arg;
};

static void on_drop(void *arg)
{
	struct dropping *d = arg;
	size_t it = 0;
	void *value;

	while (map_next(d->from->matches, &it, NULL, &value))
		if (game_shard_number(((struct owned *)value)->match->id) == d->shard)
			drop(value);
	if (d->done && exec_loop())
		exec_post(exec_loop(), d->done, d->arg);
	free(d);
}

void game_shard_drop(struct game_shard *s, int shard, exec_fn *done, void *arg)
{
	struct dropping *d = mem_alloc(sizeof(*d));

	*d = (struct dropping){ s, shard, done, arg };
	exec_post(s->exec, on_drop, d);
}

/* ---- posts from other threads ---- */

struct post {
	struct game_shard *shard;
	struct game_intent intent;
};

static void on_intent(void *arg)
{
	struct post *p = arg;
	struct game_shard *s = p->shard;
	struct owned *o = map_get_u64(s->matches, (uint64_t)p->intent.match);
	const struct game_tenure *t = shard_tenure_of(s, p->intent.match);

	atomic_fetch_sub(&s->posted, 1);
	if (o && o->tenure != t) {
		drop(o);
		o = map_get_u64(s->matches, (uint64_t)p->intent.match);
	}
	if (o)
		shard_act(o, &p->intent);
	else if (!game_tenure_lasts(t))
		shard_refuse(s, &p->intent, NULL, "try-again", "the match is being moved");
	else if (p->intent.kind == GAME_RESUME && map_count(s->matches) >= MATCHES_MAX)
		shard_refuse(s, &p->intent, NULL, "busy", "too many matches are being looked at");
	else
		shard_look_up(s, &p->intent);
	free(p);
}

int game_shard_post(struct game_shard *s, const struct game_intent *intent)
{
	struct post *p;

	if (atomic_fetch_add(&s->posted, 1) >= INTENTS_MAX) {
		atomic_fetch_sub(&s->posted, 1);
		return HEARTH_EBUSY;
	}
	p = mem_alloc(sizeof(*p));
	*p = (struct post){ s, *intent };
	exec_post(s->exec, on_intent, p);
	return 0;
}

struct opening {
	struct game_shard *shard;
	struct match *match;
	uint64_t clients[GAME_SEATS_MAX];
	bool legal[GAME_SEATS_MAX];
};

static void on_open(void *arg)
{
	struct opening *op = arg;
	struct owned *o = shard_take_over(op->shard, op->match);
	struct attachment *a[GAME_SEATS_MAX] = { NULL };

	/* Where the shard was lost meanwhile, its drop is behind this. */
	shard_live_add(o, 1);
	for (int seat = 0; seat < (int)o->match->seats; seat++)
		if (op->clients[seat])
			a[seat] = shard_attach(o, op->clients[seat], seat, op->legal[seat]);
	for (int seat = 0; seat < (int)o->match->seats; seat++)
		if (a[seat])
			shard_tell_state(o, a[seat]);
	free(op);
}

void game_shard_open(struct game_shard *s, struct match *m, const uint64_t clients[GAME_SEATS_MAX],
	const bool legal[GAME_SEATS_MAX])
{
	struct opening *op = mem_zalloc(sizeof(*op));

	op->shard = s;
	op->match = m;
	memcpy(op->clients, clients, sizeof(op->clients));
	memcpy(op->legal, legal, sizeof(op->legal));
	exec_post(s->exec, on_open, op);
}

static void on_forget(void *arg)
{
	struct post *p = arg;

	shard_detach_client(p->shard, p->intent.client);
	shard_forget_lookups(p->shard, p->intent.client);
	free(p);
}

void game_shard_forget(struct game_shard *s, uint64_t client)
{
	struct post *p = mem_zalloc(sizeof(*p));

	p->shard = s;
	p->intent.client = client;
	exec_post(s->exec, on_forget, p);
}

static void on_forget_account(void *arg)
{
	struct post *p = arg;
	size_t it = 0;
	void *value;

	while (map_next(p->shard->matches, &it, NULL, &value)) {
		struct owned *o = value;
		int seat = match_seat(o->match, p->intent.account);

		if (seat < 0)
			continue;
		match_forget(o->match, seat);
		shard_poke(o);
	}
	free(p);
}

void game_shard_forget_account(struct game_shard *s, int64_t account)
{
	struct post *p = mem_zalloc(sizeof(*p));

	p->shard = s;
	p->intent.account = account;
	exec_post(s->exec, on_forget_account, p);
}

struct completing {
	struct game_shard *shard;
	int64_t account;
	bool completes;
};

static void on_complete(void *arg)
{
	struct completing *c = arg;
	size_t it = 0;
	void *value;

	while (map_next(c->shard->matches, &it, NULL, &value)) {
		struct match *m = ((struct owned *)value)->match;

		for (unsigned seat = 0; seat < m->seats; seat++)
			if (m->accounts[seat] == c->account)
				m->completes[seat] = c->completes;
	}
	free(c);
}

void game_shard_complete(struct game_shard *s, int64_t account, bool completes)
{
	struct completing *c = mem_alloc(sizeof(*c));

	*c = (struct completing){ s, account, completes };
	exec_post(s->exec, on_complete, c);
}

/* ---- start and end ---- */

struct game_shard *game_shard_new(struct game *g, int index)
{
	struct game_shard *s = mem_zalloc(sizeof(*s));
	char name[16];

	INVARIANT(index >= 0 && index < GAME_THREADS_MAX);
	s->g = g;
	s->index = index;
	s->matches = map_new();
	s->clients = map_new();
	list_init(&s->asked);
	list_init(&s->next);
	list_init(&s->lookups);
	snprintf(name, sizeof(name), "game-%d", index);
	s->exec = exec_new(name);
	return s;
}

struct ask_idle {
	struct game_shard *shard;
	bool idle;
};

static void ask_idle(void *arg)
{
	struct ask_idle *ask = arg;

	ask->idle = ask->shard->writing == 0;
}

static void free_matches(void *arg)
{
	struct game_shard *s = arg;
	size_t it = 0;
	void *value;

	while (map_next(s->matches, &it, NULL, &value))
		shard_put_away(value);
}

void game_shard_free(struct game_shard **sp)
{
	struct game_shard *s = *sp;
	struct ask_idle ask = { .shard = s };

	if (!s)
		return;
	while (exec_call(s->exec, ask_idle, &ask), !ask.idle)
		usleep(1000);
	exec_call(s->exec, free_matches, s);
	INVARIANT(map_count(s->matches) == 0 && map_count(s->clients) == 0 &&
		  list_empty(&s->lookups));
	exec_free(&s->exec);
	map_free(&s->matches);
	map_free(&s->clients);
	free(s->room.state);
	free(s);
	*sp = NULL;
}

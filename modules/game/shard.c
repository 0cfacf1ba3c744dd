/*
 * shard.c: a match shard (shard.h).
 *
 * Every change is a step: tried on a copy, written, and only when the write is on disk taken and
 * told (match.h). While a match has a step at the database it takes no other: later intents of it
 * wait in a short queue of its own.
 *
 *   IDLE ──intent or time, step made──▶ WRITING ──on disk──▶ IDLE, told to all
 *                                          │ failed
 *                                          ▼
 *                                       READING ──it is there after all──▶ as if on disk
 *                                          ├──something else is──▶ the match as stored, told to all
 *                                          └──nothing new, or unreadable──▶ IDLE, refused; as if
 *                                                      never asked. Time asks again after RETRY_MS
 *
 * What the disk says of a commit can be wrong: one that was answered with an error may be there. So
 * the moves on disk decide, and a match never waits for a step that has been made.
 *
 * Time has the last word only after everybody who was heard before it: when it would end a match,
 * the shard first lets the loop run through what it has received (a "round"), so that a move that
 * came in time, and waits in a queue, is played.
 *
 * Everything but the posting functions runs on the shard's own executor.
 */
#include "shard.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "frames.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/list.h"
#include "hearth/log.h"
#include "hearth/map.h"
#include "hearth/metric.h"
#include "store.h"

#define INTENTS_MAX       65536 /* posted and not yet looked at, over all matches of the shard */
#define MATCH_INTENTS_MAX 16    /* waiting behind a write, of one match */
#define ATTACHED_MAX      512   /* clients that watch one match; its players are let in beyond */
#define ENDED_KEEP_MS     60000 /* how long an ended match can be resumed from memory */
#define RETRY_MS          1000  /* until time is looked at again when the disk refused a step */

struct game_shard {
	struct game *g;
	struct exec *exec;
	int index;
	struct map *matches; /* id → struct owned */
	struct map *clients; /* client id → struct listener_list */
	struct list asked; /* struct owned, by in_round: whose time waits for the round under way */
	struct list next;  /* for the one after it */
	bool round;        /* one is under way */
	atomic_int posted; /* intents on their way; any thread */
	int writing;       /* matches that have a step at the database */
};

/* A match of this shard. */
struct owned {
	struct game_shard *shard;
	struct match *match;
	struct list attached; /* struct attachment, by in_match */
	int attached_count;
	struct timer timer; /* the flag, the first move, or the end of keeping it */
	struct list_node in_round;
	bool heard_all; /* a round went by since time was over */
	bool writing;
	struct match *stored;      /* while READING: the match as it is on disk */
	struct match_step step;    /* the one at the database */
	struct game_intent intent; /* what it came from; client 0: time */
	struct game_intent waiting[MATCH_INTENTS_MAX];
	int waiting_count;
};

/* A client that hears of a match: linked from both. */
struct attachment {
	struct list_node in_match, in_client;
	struct owned *owned;
	struct client_matches *client;
	uint64_t id; /* of the client */
	int seat;    /* or GAME_VIEWER_PUBLIC */
	bool legal;
};

struct client_matches {
	struct list attachments; /* by in_client */
	uint64_t id;
};

static void poke(struct owned *o);
static void run_waiting(struct owned *o);

/* ---- who hears of what ---- */

static void drop_attachment(struct attachment *a)
{
	list_remove(&a->in_match);
	list_remove(&a->in_client);
	a->owned->attached_count--;
	free(a);
}

static void drop_client(struct game_shard *s, struct client_matches *c)
{
	map_remove_u64(s->clients, c->id);
	free(c);
}

/* A client that is attached to nothing any more is forgotten. */
static void detach(struct attachment *a)
{
	struct client_matches *c = a->client;
	struct game_shard *s = a->owned->shard;

	drop_attachment(a);
	if (list_empty(&c->attachments))
		drop_client(s, c);
}

static struct attachment *find_attachment(struct owned *o, uint64_t client)
{
	struct client_matches *c = map_get_u64(o->shard->clients, client);

	if (c)
		LIST_FOREACH (&c->attachments, it) {
			struct attachment *a = LIST_ENTRY(it, struct attachment, in_client);

			if (a->owned == o)
				return a;
		}
	return NULL;
}

/* NULL when too many watch the match already; never for a player. */
static struct attachment *attach(struct owned *o, uint64_t client, int seat, bool legal)
{
	struct attachment *a = find_attachment(o, client);
	struct client_matches *c = map_get_u64(o->shard->clients, client);

	if (!a) {
		if (seat < 0 && o->attached_count >= ATTACHED_MAX)
			return NULL;
		if (!c) {
			c = mem_zalloc(sizeof(*c));
			c->id = client;
			list_init(&c->attachments);
			map_set_u64(o->shard->clients, client, c);
		}
		a = mem_zalloc(sizeof(*a));
		a->owned = o;
		a->client = c;
		a->id = client;
		list_push(&o->attached, &a->in_match);
		list_push(&c->attachments, &a->in_client);
		o->attached_count++;
	}
	a->seat = seat;
	a->legal = legal;
	return a;
}

/* ---- telling ---- */

static void tell(struct owned *o, const struct attachment *a, struct buf *frame)
{
	game_send(o->shard->g, a->id, frame);
}

static void tell_state(struct owned *o, const struct attachment *a)
{
	tell(o, a, game_frame_state(o->match, a->seat, a->legal, clock_mono_us()));
}

/* One frame serves everybody who does not ask for more than the others. */
static void tell_moved(struct owned *o)
{
	int64_t now_us = clock_mono_us();
	struct buf *common = game_frame_moved(o->match, GAME_VIEWER_PUBLIC, false, now_us);

	LIST_FOREACH (&o->attached, it) {
		struct attachment *a = LIST_ENTRY(it, struct attachment, in_match);

		if (a->legal)
			tell(o, a, game_frame_moved(o->match, a->seat, true, now_us));
		else
			tell(o, a, buf_ref(common));
	}
	buf_unref(&common);
}

static void tell_all(struct owned *o, struct buf *frame)
{
	LIST_FOREACH (&o->attached, it)
		tell(o, LIST_ENTRY(it, struct attachment, in_match), buf_ref(frame));
	buf_unref(&frame);
}

static void refuse(struct game_shard *s, const struct game_intent *in, int ply, const char *code,
	const char *text)
{
	if (!in->client)
		return;
	metric_add(s->g->rejected, 1);
	game_send(s->g, in->client,
		game_frame_rejected(in->match, ply, slice_str(in->move), code, text));
}

/* ---- time ---- */

static void owned_free(struct owned *o)
{
	timer_stop(&o->timer);
	if (o->in_round.next)
		list_remove(&o->in_round);
	LIST_FOREACH (&o->attached, it)
		detach(LIST_ENTRY(it, struct attachment, in_match));
	map_remove_u64(o->shard->matches, (uint64_t)o->match->id);
	match_step_clear(&o->step);
	match_free(&o->match);
	free(o);
}

static void on_timer(void *arg)
{
	struct owned *o = arg;

	if (o->match->over && !o->writing)
		owned_free(o);
	else
		poke(o);
}

/* Sets the timer for what time brings next. */
static void watch_time(struct owned *o)
{
	int64_t left_us = match_time_left_us(o->match, o->shard->g->first_move_us, clock_mono_us());

	if (o->match->over)
		timer_start(&o->timer, ENDED_KEEP_MS, 0, on_timer, o);
	else if (match_empty_seat(o->match) >= 0)
		timer_start(&o->timer, 0, 0, on_timer, o);
	else
		timer_start(&o->timer, left_us / 1000 + 1, 0, on_timer, o);
}

/* ---- a step to the database and back ---- */

static int write_step(struct db_tx *tx, void *arg)
{
	struct owned *o = arg;

	return game_store_step(tx, o->match->id, &o->step, clock_wall_ms());
}

/* What a step that is on disk means. */
static void step_stored(struct owned *o)
{
	struct game_shard *s = o->shard;
	bool moved = o->step.is_move, ended = o->step.ends;

	match_take(o->match, &o->step, clock_mono_us());
	metric_add(s->g->moves, moved);
	if (moved)
		tell_moved(o);
	if (ended) {
		metric_add(s->g->live, -1);
		tell_all(o, game_frame_ended(o->match, clock_mono_us()));
	}
	watch_time(o);
	poke(o);
}

/*
 * The disk refused a step. Time is not asked at once: its step would be refused as well, and where
 * that happens within db_write, without an end.
 */
static void step_failed(struct owned *o, int status)
{
	log_error("game", "a step was not stored", "match", "%lld", (long long)o->match->id, "why",
		"%s", error_name(status), NULL);
	match_step_clear(&o->step);
	refuse(o->shard, &o->intent, o->match->ply, "try-again", "the move could not be stored");
	run_waiting(o);
	if (!o->writing)
		timer_start(&o->timer, RETRY_MS, 0, on_timer, o);
}

/* ---- a step of which the disk says that it failed ---- */

/* Whether the match as stored is the one in memory with the step made. */
static bool has_step(const struct owned *o)
{
	const struct match *m = o->stored;

	if (m->ply != o->step.ply || m->over != o->step.ends)
		return false;
	if (o->step.is_move && strcmp(m->last, o->step.move.text) != 0)
		return false;
	return !m->over || strcmp(m->status, o->step.status) == 0;
}

/* Goes on with the match as it is stored, which is not what anybody here believed. */
static void go_on_as_stored(struct owned *o)
{
	bool was_over = o->match->over;

	log_warn("game", "a match is taken up again as it is stored", "match", "%lld",
		(long long)o->match->id, "ply", "%d", o->stored->ply, NULL);
	refuse(o->shard, &o->intent, o->stored->ply, "stale", "the match has gone on meanwhile");
	match_step_clear(&o->step);
	match_free(&o->match);
	o->match = o->stored;
	o->stored = NULL;
	match_resume(o->match, clock_mono_us());
	if (o->match->over && !was_over)
		metric_add(o->shard->g->live, -1);
	LIST_FOREACH (&o->attached, it)
		tell_state(o, LIST_ENTRY(it, struct attachment, in_match));
	watch_time(o);
	poke(o);
}

static int load_stored(struct db_tx *tx, void *arg)
{
	struct owned *o = arg;

	return game_store_load(tx, o->match->id, &o->stored);
}

static void on_stored_read(void *arg, int status)
{
	struct owned *o = arg;

	o->writing = false;
	o->shard->writing--;
	if (status == 0 && has_step(o))
		step_stored(o);
	else if (status == 0 && (o->stored->ply != o->match->ply || o->stored->over))
		go_on_as_stored(o);
	else
		step_failed(o, status < 0 ? status : HEARTH_EIO);
	match_free(&o->stored);
}

static void on_written(void *arg, int status)
{
	struct owned *o = arg;

	/* It stays at the database until that is known; a queue that was full stored nothing. */
	if (status < 0 && status != HEARTH_EBUSY &&
		db_read(o->shard->g->db, load_stored, on_stored_read, o) == 0)
		return;
	o->writing = false;
	o->shard->writing--;
	if (status < 0)
		step_failed(o, status);
	else
		step_stored(o);
}

static void start_write(struct owned *o, const struct game_intent *in)
{
	o->intent = *in;
	o->writing = true;
	o->shard->writing++;
	if (db_write(o->shard->g->db, write_step, on_written, o) < 0)
		on_written(o, HEARTH_EBUSY);
}

/* ---- intents ---- */

static void do_move(struct owned *o, int seat, const struct game_intent *in)
{
	const char *why = "";
	int rc;

	if (in->ply >= 0 && in->ply != o->match->ply) {
		refuse(o->shard, in, o->match->ply, "stale", "the match has gone on meanwhile");
		return;
	}
	rc = match_try_move(o->match, seat, slice_str(in->move), in->received_us, &o->step, &why);
	if (rc == 0)
		start_write(o, in);
	else
		refuse(o->shard, in, o->match->ply, rc == HEARTH_EINVAL ? "malformed" : "illegal",
			why);
}

static void do_resign(struct owned *o, int seat, const struct game_intent *in)
{
	const char *why = "";

	if (match_try_resign(o->match, seat, in->received_us, &o->step, &why) == 0)
		start_write(o, in);
	else
		refuse(o->shard, in, o->match->ply, "illegal", why);
}

static void do_draw(struct owned *o, int seat, const struct game_intent *in)
{
	const char *why = "";
	int rc = match_try_draw(o->match, seat, in->received_us, &o->step, &why);

	if (rc == 0) {
		start_write(o, in);
	} else if (rc == HEARTH_ENOTFOUND && o->match->draw_offer == seat) {
		/* It stands already: who asks again is answered, and nobody else is bothered. */
		game_send(o->shard->g, in->client, game_frame_draw_offered(o->match));
	} else if (rc == HEARTH_ENOTFOUND) {
		match_offer_draw(o->match, seat);
		tell_all(o, game_frame_draw_offered(o->match));
	} else {
		refuse(o->shard, in, o->match->ply, "illegal", why);
	}
}

static void do_intent(struct owned *o, const struct game_intent *in)
{
	int seat = match_seat(o->match, in->account);
	struct attachment *a;

	if (in->kind == GAME_RESUME) {
		a = attach(o, in->client, seat >= 0 ? seat : GAME_VIEWER_PUBLIC, in->legal);
		if (a)
			tell_state(o, a);
		else
			refuse(o->shard, in, o->match->ply, "full",
				"too many are watching this match");
		return;
	}
	if (seat < 0) {
		refuse(o->shard, in, o->match->ply, "not-yours", "you do not play in this match");
		return;
	}
	if (in->kind == GAME_MOVE)
		do_move(o, seat, in);
	else if (in->kind == GAME_RESIGN)
		do_resign(o, seat, in);
	else
		do_draw(o, seat, in);
}

static void run_waiting(struct owned *o)
{
	while (!o->writing && o->waiting_count > 0) {
		struct game_intent in = o->waiting[0];

		o->waiting_count--;
		memmove(o->waiting, o->waiting + 1, (size_t)o->waiting_count * sizeof(in));
		do_intent(o, &in);
	}
}

/* Whose account is gone gives up. */
static bool resign_empty_seat(struct owned *o, const struct game_intent *in)
{
	int seat = match_empty_seat(o->match);
	const char *why;

	if (seat < 0 || match_try_resign(o->match, seat, clock_mono_us(), &o->step, &why) < 0)
		return false;
	start_write(o, in);
	return true;
}

/* ---- a round through the loop, before time has its way ---- */

static void start_round(struct game_shard *s);

/* On the shard: all that the loop had received when the round began has been posted before this. */
static void on_round(void *arg)
{
	struct game_shard *s = arg;
	struct list_node *node;

	s->round = false;
	while ((node = list_pop(&s->asked))) {
		struct owned *o = LIST_ENTRY(node, struct owned, in_round);

		o->in_round = (struct list_node){ 0 };
		o->heard_all = true;
		poke(o);
		o->heard_all = false;
	}
	while ((node = list_pop(&s->next)))
		list_push(&s->asked, node);
	if (!list_empty(&s->asked))
		start_round(s);
}

/* On the loop. */
static void through_loop(void *arg)
{
	struct game_shard *s = arg;

	exec_post(s->exec, on_round, s);
}

static void start_round(struct game_shard *s)
{
	s->round = true;
	/* Where there is no loop any more nobody is heard any more; the match goes on next time. */
	if (exec_loop())
		exec_post(exec_loop(), through_loop, s);
}

static void ask_round(struct owned *o)
{
	struct game_shard *s = o->shard;

	if (o->in_round.next)
		return;
	list_push(s->round ? &s->next : &s->asked, &o->in_round);
	if (!s->round)
		start_round(s);
}

/*
 * Looks at the match and starts what can start: what waits, then what nobody has sent: the end of a
 * match that somebody has left for good, and what time brings.
 */
static void poke(struct owned *o)
{
	struct game_intent none = { .match = o->match->id };
	int64_t first_move_us = o->shard->g->first_move_us;

	run_waiting(o);
	if (o->writing || o->match->over)
		return;
	if (resign_empty_seat(o, &none))
		return;
	if (!o->heard_all && match_time_left_us(o->match, first_move_us, clock_mono_us()) == 0)
		ask_round(o);
	else if (match_try_time(o->match, first_move_us, clock_mono_us(), &o->step) == 0)
		start_write(o, &none);
	else if (!o->timer.owner)
		watch_time(o);
}

static struct owned *own(struct game_shard *s, struct match *m)
{
	struct owned *o = mem_zalloc(sizeof(*o));

	o->shard = s;
	o->match = m;
	list_init(&o->attached);
	map_set_u64(s->matches, (uint64_t)m->id, o);
	if (!m->over)
		metric_add(s->g->live, 1);
	watch_time(o);
	return o;
}

/* Owns a match that came from the database, unless it was taken over meanwhile. */
static struct owned *take_over(struct game_shard *s, struct match *m)
{
	struct owned *o = map_get_u64(s->matches, (uint64_t)m->id);

	if (o) {
		match_free(&m);
		return o;
	}
	match_resume(m, clock_mono_us());
	return own(s, m);
}

/* ---- matches that are not in memory: ended ones, to look at ---- */

struct lookup {
	struct game_shard *shard;
	struct game_intent intent;
	struct match *match;
};

static int load_one(struct db_tx *tx, void *arg)
{
	struct lookup *l = arg;

	return game_store_load(tx, l->intent.match, &l->match);
}

static void on_loaded(void *arg, int status)
{
	struct lookup *l = arg;
	struct game_shard *s = l->shard;

	s->writing--;
	if (status == 0)
		do_intent(take_over(s, l->match), &l->intent);
	else
		refuse(s, &l->intent, -1, "no-match", "there is no such match");
	free(l);
}

static void look_up(struct game_shard *s, const struct game_intent *in)
{
	struct lookup *l = mem_zalloc(sizeof(*l));

	l->shard = s;
	l->intent = *in;
	s->writing++;
	if (db_read(s->g->db, load_one, on_loaded, l) < 0)
		on_loaded(l, HEARTH_EBUSY);
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

	atomic_fetch_sub(&s->posted, 1);
	if (!o)
		look_up(s, &p->intent);
	else if (!o->writing || p->intent.kind == GAME_RESUME)
		/* Who resumes hears at once: a client that is gone by then would be attached for
		 * good. */
		do_intent(o, &p->intent);
	else if (o->waiting_count < MATCH_INTENTS_MAX)
		o->waiting[o->waiting_count++] = p->intent;
	else
		refuse(s, &p->intent, o->match->ply, "busy", "too much at once for one match");
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
	uint64_t clients[MATCH_SEATS];
	bool legal[MATCH_SEATS];
};

static void on_open(void *arg)
{
	struct opening *op = arg;
	struct owned *o = take_over(op->shard, op->match);

	for (int seat = 0; seat < MATCH_SEATS; seat++)
		if (op->clients[seat])
			tell_state(o, attach(o, op->clients[seat], seat, op->legal[seat]));
	free(op);
}

void game_shard_open(struct game_shard *s, struct match *m, const uint64_t clients[MATCH_SEATS],
	const bool legal[MATCH_SEATS])
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
	struct client_matches *c = map_get_u64(p->shard->clients, p->intent.client);

	if (c) {
		LIST_FOREACH (&c->attachments, it)
			drop_attachment(LIST_ENTRY(it, struct attachment, in_client));
		drop_client(p->shard, c);
	}
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
		poke(o);
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

		for (int seat = 0; seat < MATCH_SEATS; seat++)
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

struct loading {
	struct game_shard *shard;
	int64_t *ids;
	size_t n, cap;
	struct match *match;
	int64_t id;
};

static int collect_id(void *arg, int64_t id)
{
	struct loading *l = arg;

	if (id % l->shard->g->shard_count != l->shard->index)
		return 0;
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 64;
		l->ids = mem_realloc(l->ids, l->cap * sizeof(*l->ids));
	}
	l->ids[l->n++] = id;
	return 0;
}

static int list_live(struct db_tx *tx, void *arg)
{
	struct loading *l = arg;

	l->n = 0;
	return game_store_live(tx, collect_id, l);
}

static int load_live(struct db_tx *tx, void *arg)
{
	struct loading *l = arg;

	return game_store_load(tx, l->id, &l->match);
}

/* At start, before the shard has a thread. NULL-ended, also when it fails. */
static int load_matches(struct loading *l, struct match ***out)
{
	int rc = db_read_wait(l->shard->g->db, list_live, l);
	struct match **matches = mem_zalloc((l->n + 1) * sizeof(struct match *));
	size_t n = 0;

	for (size_t i = 0; i < l->n && rc == 0; i++) {
		l->id = l->ids[i];
		rc = db_read_wait(l->shard->g->db, load_live, l);
		if (rc == 0)
			matches[n++] = l->match;
		else if (rc == HEARTH_ECORRUPT || rc == HEARTH_EUNSUPPORTED) {
			log_error("game", "a match cannot be taken up again", "match", "%lld",
				(long long)l->id, "why", "%s", error_name(rc), NULL);
			rc = 0;
		}
	}
	*out = matches;
	return rc;
}

struct adoption {
	struct game_shard *shard;
	struct match **matches; /* NULL-ended */
};

static void adopt(void *arg)
{
	struct adoption *ad = arg;

	for (struct match **m = ad->matches; *m; m++)
		take_over(ad->shard, *m);
}

struct game_shard *game_shard_new(struct game *g, int index)
{
	struct game_shard *s = mem_zalloc(sizeof(*s));
	struct loading loading = { .shard = s };
	struct adoption ad = { .shard = s };
	char name[16];
	int rc;

	s->g = g;
	s->index = index;
	s->matches = map_new();
	s->clients = map_new();
	list_init(&s->asked);
	list_init(&s->next);
	rc = load_matches(&loading, &ad.matches);
	snprintf(name, sizeof(name), "game-%d", index);
	s->exec = exec_new(name);
	exec_call(s->exec, adopt, &ad);
	free(loading.ids);
	free(ad.matches);
	if (rc < 0)
		game_shard_free(&s);
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
		owned_free(value);
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
	exec_free(&s->exec);
	map_free(&s->matches);
	map_free(&s->clients);
	free(s);
	*sp = NULL;
}

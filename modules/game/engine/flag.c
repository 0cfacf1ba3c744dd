/*
 * flag.c: what time brings a match (shard_private.h): the flag, a first move that does not come.
 *
 * Time has the last word only after everybody who was heard before it: when it would end a match,
 * the shard first lets the loop run through what it has received (a "round"), so that a move that
 * came in time, and waits in a queue, is played.
 */
#include "engine/shard_private.h"

#include "hearth/log.h"

#define ENDED_KEEP_MS 60000 /* how long an ended match can be resumed from memory */

static void on_timer(void *arg)
{
	struct owned *o = arg;

	if (o->match->over && !o->writing)
		shard_put_away(o);
	else
		shard_poke(o);
}

void shard_look_after(struct owned *o, int64_t ms)
{
	timer_start(&o->timer, ms, 0, on_timer, o);
}

void shard_watch_time(struct owned *o)
{
	const struct game *g = o->shard->g;

	if (o->match->over)
		shard_look_after(o, ENDED_KEEP_MS);
	else if (match_empty_seat(o->match) >= 0)
		shard_look_after(o, 0);
	else
		shard_look_after(o,
			match_time_left_us(o->match, g->first_move_us, shard_now_us(o)) / 1000 + 1);
}

/* Whose account is gone gives up. */
static bool resign_empty_seat(struct owned *o, const struct game_intent *in)
{
	int seat = match_empty_seat(o->match);
	const char *why;

	if (seat < 0 || match_try_resign(o->match, seat, shard_now_us(o), &o->step, &why) < 0)
		return false;
	shard_start_write(o, in);
	return true;
}

/* ---- a round through the loop, before time has its way ---- */

static void start_round(struct game_shard *s);

/* On the shard: all that the loop had received when the round began has been posted before this. */
static void on_round(void *arg)
{
	struct game_shard *s = arg;
	struct list_node *node;

	INVARIANT(s->round);
	s->round = false;
	while ((node = list_pop(&s->asked))) {
		struct owned *o = LIST_ENTRY(node, struct owned, in_round);

		INVARIANT(!o->heard_all);
		o->in_round = (struct list_node){ 0 };
		o->heard_all = true;
		shard_poke(o);
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
	INVARIANT(!s->round && !list_empty(&s->asked));
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

void shard_poke(struct owned *o)
{
	struct game_intent none = { .match = o->match->id };
	int64_t first_move_us = o->shard->g->first_move_us;

	shard_run_waiting(o);
	if (o->writing || o->match->over)
		return;
	if (resign_empty_seat(o, &none))
		return;
	if (!o->heard_all && match_time_left_us(o->match, first_move_us, shard_now_us(o)) == 0)
		ask_round(o);
	else if (match_try_time(o->match, first_move_us, shard_now_us(o), &o->step) == 0)
		shard_start_write(o, &none);
	else if (!o->timer.owner)
		shard_watch_time(o);
}

/*
 * lookup.c: matches that are not in memory (shard_private.h).
 *
 * A match is read from the database when somebody asks for it or its time is over, and put away
 * again a minute after the last who hears of it has left: what it is lies in its row and moves.
 * On the shard's executor. One read for each intent that finds no match in memory; of those there
 * are INTENTS_MAX (shard.c) at most.
 */
#include "engine/shard_private.h"

#include <stdlib.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "store/store.h"

/* ---- when a match is due, told anew ---- */

struct due {
	struct game_shard *shard;
	const struct game_tenure *tenure;
	int64_t match, at_us;
	int seq;          /* that it must have for it; -1: whatever it has */
	int64_t begun_us; /* 0, or: it has begun then, and was not said to have before */
};

static int write_due(struct db_tx *tx, void *arg)
{
	struct due *d = arg;

	int rc = game_fence(tx, d->tenure);

	if (rc < 0)
		return rc;
	if (d->begun_us)
		return game_store_begin(tx, d->match, d->begun_us, d->at_us);
	return d->seq < 0 ? game_store_set_aside(tx, d->match)
			  : game_store_set_due(tx, d->match, d->seq, d->at_us);
}

static void on_due_written(void *arg, int status)
{
	struct due *d = arg;

	(void)status; /* it comes again */
	INVARIANT(d->shard->writing > 0);
	d->shard->writing--;
	free(d);
}

static void set_due(struct game_shard *s, const struct due *due)
{
	struct due *d = mem_alloc(sizeof(*d));

	*d = *due;
	d->shard = s;
	d->tenure = shard_tenure_of(s, due->match);
	s->writing++;
	if (db_write(s->g->db, write_due, on_due_written, d) < 0)
		on_due_written(d, HEARTH_EBUSY);
}

/* Another start would end the grace that still lasts: what it adds does not count. */
void shard_postpone(struct owned *o)
{
	const struct game *g = o->shard->g;
	struct match *m = o->match;
	int64_t now_us = shard_now_us(o), due_us = match_due_us(m, g->first_move_us);
	int64_t grace_until_us = game_starts_grace_until_us(&o->tenure->starts);

	if (o->writing || m->over || match_empty_seat(m) >= 0 ||
		match_time_left_us(m, g->first_move_us, now_us) == 0)
		return;
	m->due_us = grace_until_us > now_us ? due_us - (grace_until_us - now_us) : due_us;
	set_due(o->shard, &(struct due){ .match = m->id, .at_us = m->due_us, .seq = m->seq });
}

/*
 * The lobby that has made this match is another node's, which does not know what time it is on this
 * shard's clock: the match begins when it is read here first.
 */
static void begin(struct owned *o)
{
	struct match *m = o->match;

	INVARIANT(m->seq == 0 && !m->over && m->waiting_since_us > 0);
	shard_live_add(o, 1);
	m->due_us = match_due_us(m, o->shard->g->first_move_us);
	set_due(o->shard,
		&(struct due){
			.match = m->id, .at_us = m->due_us, .begun_us = m->waiting_since_us });
}

/* ---- one that is read ---- */

struct lookup {
	struct list_node node; /* of those under way */
	struct game_shard *shard;
	const struct game_tenure *tenure; /* in which it is read */
	struct game_intent intent;
	struct match *match;
	bool begins; /* nobody has had it yet */
};

static int load_one(struct db_tx *tx, void *arg)
{
	struct lookup *l = arg;
	int rc;

	match_free(&l->match); /* it may be read again */
	rc = game_store_load(tx, l->intent.match, &l->match);
	if (rc < 0)
		return rc;
	l->begins = !l->match->over && l->match->seq == 0 &&
		    l->match->waiting_since_us == GAME_NOT_BEGUN;
	if (l->begins)
		match_begin(l->match, game_now_us(l->tenure));
	game_starts_apply(&l->tenure->starts, l->match);
	return 0;
}

static void refuse_unread(struct game_shard *s, const struct game_intent *in, int status)
{
	if (status == HEARTH_ENOTFOUND) {
		shard_refuse(s, in, NULL, "no-match", "there is no such match");
		return;
	}
	log_error("game", "a match cannot be read", "match", "%lld", (long long)in->match, "why",
		"%s", error_name(status), NULL);
	if (status == HEARTH_EBUSY || status == HEARTH_EIO)
		shard_refuse(s, in, NULL, "try-again", "the match could not be read");
	else
		shard_refuse(s, in, NULL, "no-match", "this match cannot be taken up again");
	if (in->kind == GAME_LOOK && (status == HEARTH_ECORRUPT || status == HEARTH_EUNSUPPORTED))
		/* One that cannot be read is not asked for its time again and again. */
		set_due(s, &(struct due){ .match = in->match, .at_us = INT64_MAX, .seq = -1 });
}

static void take_up(struct lookup *l)
{
	const struct match *read = l->match;
	struct owned *o = shard_take_over(l->shard, l->match);

	/* Who was faster has it in memory already. */
	if (l->begins && o->match == read)
		begin(o);
	shard_act(o, &l->intent);
}

static void on_loaded(void *arg, int status)
{
	struct lookup *l = arg;
	struct game_shard *s = l->shard;

	INVARIANT(s->writing > 0 && (status < 0 || l->match));
	s->writing--;
	list_remove(&l->node);
	if (l->tenure != shard_tenure_of(s, l->intent.match) || !game_tenure_lasts(l->tenure)) {
		match_free(&l->match);
		shard_refuse(s, &l->intent, NULL, "try-again", "the match is being moved");
	} else if (status < 0) {
		refuse_unread(s, &l->intent, status);
	} else {
		take_up(l);
	}
	free(l);
}

void shard_look_up(struct game_shard *s, const struct game_intent *in)
{
	struct lookup *l = mem_zalloc(sizeof(*l));

	INVARIANT(!map_get_u64(s->matches, (uint64_t)in->match));
	l->shard = s;
	l->tenure = shard_tenure_of(s, in->match);
	l->intent = *in;
	s->writing++;
	list_push(&s->lookups, &l->node);
	if (db_read(s->g->db, load_one, on_loaded, l) < 0)
		on_loaded(l, HEARTH_EBUSY);
}

void shard_forget_lookups(struct game_shard *s, uint64_t client)
{
	LIST_FOREACH (&s->lookups, it) {
		struct lookup *l = LIST_ENTRY(it, struct lookup, node);

		if (l->intent.client != client)
			continue;
		l->intent.client = 0;
		if (l->intent.kind == GAME_RESUME)
			l->intent.kind = GAME_LOOK;
	}
}

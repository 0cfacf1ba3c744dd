/*
 * intent.c: what a player wants of a match (shard_private.h): tried, then refused or made a step.
 *
 * On the executor of the match's shard; MATCH_INTENTS_MAX wait behind a step.
 */
#include <stdlib.h>

#include "engine/shard_private.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "wire/frames.h"

/* The outcome of a match_try_…: a step to write, or why there is none. */
static void answer(struct owned *o, const struct game_intent *in, int rc, const char *why)
{
	if (rc == 0)
		shard_start_write(o, in);
	else
		shard_refuse(
			o->shard, in, o->match, rc == HEARTH_EINVAL ? "malformed" : "illegal", why);
}

static void do_move(struct owned *o, int seat, const struct game_intent *in)
{
	const char *why = "";
	int rc;

	if (!match_stands(o->match, seat, in->ply, in->seq)) {
		shard_refuse(o->shard, in, o->match, "stale", "the match has gone on meanwhile");
		return;
	}
	rc = match_try_move(o->match, seat, slice_str(in->move), in->draw, in->received_us,
		in->ping_us, &o->step, &why);
	answer(o, in, rc, why);
}

/* One's word stands already: who asks again is answered, and nobody else is bothered. */
static void answer_offer(struct owned *o, const struct game_intent *in, enum match_offer_kind kind,
	int rc, const char *why)
{
	const struct match *m = o->match;

	if (rc == HEARTH_EEXIST)
		game_send(o->shard->g, in->client,
			game_frame_by(m, kind == MATCH_DRAW ? "draw-offered" : "takeback-offered",
				m->seq, m->offers[kind].by));
	else
		answer(o, in, rc, why);
}

static void do_draw(struct owned *o, int seat, const struct game_intent *in)
{
	const char *why = "";
	int rc = match_try_draw(o->match, seat, in->received_us, &o->step, &why);

	answer_offer(o, in, MATCH_DRAW, rc, why);
}

static void do_takeback(struct owned *o, int seat, const struct game_intent *in)
{
	const char *why = "";
	int rc = match_try_takeback(o->match, seat, in->received_us, &o->step, &why);

	answer_offer(o, in, MATCH_TAKEBACK, rc, why);
}

/* To whatever another asks, a draw first; a takeback of one's own is withdrawn. */
static void do_decline(struct owned *o, int seat, const struct game_intent *in)
{
	const struct match_offer *draw = &o->match->offers[MATCH_DRAW];
	bool takeback = o->match->offers[MATCH_TAKEBACK].by >= 0 &&
			(draw->by < 0 || draw->agreed >> seat & 1);
	const char *why = "";
	int rc = match_try_decline(
		o->match, seat, takeback ? MATCH_TAKEBACK : MATCH_DRAW, &o->step, &why);

	answer(o, in, rc, why);
}

static void do_claim(struct owned *o, int seat, const struct game_intent *in)
{
	const char *why = "";
	int rc = match_try_left(o->match, seat, in->kind == GAME_CLAIM_DRAW,
		shard_claim_after_us(o), in->received_us, &o->step, &why);

	answer(o, in, rc, why);
}

static void do_resume(struct owned *o, int seat, const struct game_intent *in)
{
	struct attachment *a =
		shard_attach(o, in->client, seat >= 0 ? seat : GAME_VIEWER_PUBLIC, in->legal);

	/* What never happened here, or is long ago, is answered with the state. */
	if (a && in->seq >= 0 && in->seq <= o->match->seq &&
		o->match->seq - in->seq <= GAME_MISSED_MAX)
		shard_tell_missed(o, a, in->seq);
	else if (a)
		shard_tell_state(o, a);
	else
		shard_refuse(o->shard, in, o->match, "full",
			"too many are watching this match, or you watch too many");
}

static void do_players(struct owned *o, int seat, const struct game_intent *in)
{
	const char *why = "";

	INVARIANT(seat >= 0 && seat < (int)o->match->seats &&
		  in->account == o->match->accounts[seat]);
	switch (in->kind) {
	case GAME_MOVE: do_move(o, seat, in); break;
	case GAME_DRAW: do_draw(o, seat, in); break;
	case GAME_TAKEBACK: do_takeback(o, seat, in); break;
	case GAME_DECLINE: do_decline(o, seat, in); break;
	case GAME_CLAIM_VICTORY:
	case GAME_CLAIM_DRAW: do_claim(o, seat, in); break;
	case GAME_RESIGN:
		answer(o, in, match_try_resign(o->match, seat, in->received_us, &o->step, &why),
			why);
		break;
	case GAME_ABORT:
		answer(o, in, match_try_abort(o->match, seat, in->received_us, &o->step, &why),
			why);
		break;
	case GAME_RESUME:
	case GAME_LOOK: break;
	}
}

void shard_do_intent(struct owned *o, const struct game_intent *in)
{
	int seat = in->account ? match_seat(o->match, in->account) : -1;

	INVARIANT(in->match == o->match->id && !o->dropped);
	if (in->kind == GAME_LOOK) {
		shard_poke(o);
		shard_postpone(o);
	} else if (in->kind == GAME_RESUME) {
		do_resume(o, seat, in);
	} else if (seat < 0) {
		shard_refuse(o->shard, in, o->match, "not-yours", "you do not play in this match");
	} else {
		do_players(o, seat, in);
	}
}

void shard_wait(struct owned *o, const struct game_intent *in)
{
	INVARIANT(o->writing && o->waiting_count < MATCH_INTENTS_MAX);
	if (!o->waiting)
		o->waiting = mem_alloc(MATCH_INTENTS_MAX * sizeof(*o->waiting));
	o->waiting[o->waiting_count++] = *in;
}

void shard_run_waiting(struct owned *o)
{
	while (!o->writing && o->waiting_count > 0) {
		struct game_intent in = o->waiting[0];

		INVARIANT(o->waiting_count <= MATCH_INTENTS_MAX);
		o->waiting_count--;
		memmove(o->waiting, o->waiting + 1, (size_t)o->waiting_count * sizeof(in));
		shard_do_intent(o, &in);
	}
	if (o->waiting_count == 0) {
		free(o->waiting);
		o->waiting = NULL;
	}
}

/*
 * step.c: a step to the database and back (shard_private.h).
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
 * the log on disk decides, and a match never waits for a step that has been made.
 *
 * On the executor of the match's shard, but for what gets a transaction; one step of a match at a time.
 */
#include "engine/shard_private.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "store/store.h"
#include "store/store_rating.h"
#include "wire/frames.h"

#define RETRY_MS 1000 /* until time is looked at again when the disk refused a step */

static int write_step(struct db_tx *tx, void *arg)
{
	struct owned *o = arg;
	const struct game *g = o->shard->g;
	int64_t now_us = shard_now_us(o);
	int64_t due_us = match_step_due_us(o->match, &o->step, g->first_move_us, now_us);

	int rc = game_fence(tx, o->tenure);

	if (rc < 0)
		return rc;
	o->step.at_ms = clock_wall_ms();
	o->step.due_us = due_us < o->match->due_us ? due_us : o->match->due_us;
	rc = game_store_step(tx, o->match, &o->step,
		&(struct game_store_times){ .wall_ms = o->step.at_ms,
			.now_us = now_us,
			.due_us = due_us < o->match->due_us ? due_us : GAME_DUE_STANDS });
	if (rc < 0 || !o->step.ends || !o->match->rated)
		return rc;
	memcpy(o->step.ratings, o->match->ratings, sizeof(o->step.ratings));
	return strcmp(o->step.status, "aborted") == 0
		       ? 0
		       : game_store_rate(
				 tx, o->match, o->step.scores, o->step.at_ms, o->step.ratings);
}

/* By what an event of offers is told; NULL: by nothing of its own. */
static const char *offer_type(const struct match *m, enum match_event_kind kind)
{
	switch (kind) {
	case MATCH_DRAW_OFFERED: return "draw-offered";
	case MATCH_DRAW_DECLINED: return "draw-declined";
	case MATCH_TAKEBACK_OFFERED: return "takeback-offered";
	case MATCH_TAKEBACK_DECLINED: return "takeback-declined";
	/* Between two what is agreed to happens at once. */
	case MATCH_DRAW_AGREED: return m->seats > 2 ? "draw-agreed" : NULL;
	case MATCH_TAKEBACK_AGREED: return m->seats > 2 ? "takeback-agreed" : NULL;
	default: return NULL;
	}
}

static void tell_event(struct owned *o, int seq)
{
	struct match_event e;
	const char *type;

	match_log_get(&o->match->log, seq, GAME_VIEWER_PUBLIC, &e);
	type = offer_type(o->match, e.kind);
	if (e.kind == MATCH_MOVED || e.kind == MATCH_TAKEN_BACK)
		shard_tell_board(o, e.kind, seq);
	else if (e.kind == MATCH_ENDED)
		shard_tell_all(o, game_frame_ended(o->match, shard_now_us(o)));
	else if (type)
		shard_tell_all(o, game_frame_by(o->match, type, seq, e.seat));
}

/* A move has answered what others asked with no. */
static void tell_unanswered(struct owned *o, const int before[MATCH_OFFERS], int seq, int mover)
{
	static const char *const types[] = { "draw-declined", "takeback-declined" };

	for (int kind = 0; kind < MATCH_OFFERS && !o->match->over; kind++)
		if (before[kind] >= 0 && o->match->offers[kind].by < 0)
			shard_tell_all(o, game_frame_by(o->match, types[kind], seq, mover));
}

/* What a step that is on disk means. */
static void step_stored(struct owned *o)
{
	struct match *m = o->match;
	const int offers[MATCH_OFFERS] = { m->offers[MATCH_DRAW].by, m->offers[MATCH_TAKEBACK].by };
	bool moved = o->step.events[0] == MATCH_MOVED;
	int from = m->seq, mover = o->step.seat;

	INVARIANT(!o->writing && !o->dropped);
	match_take(m, &o->step, shard_now_us(o));
	metric_add(o->shard->g->moves, moved);
	if (m->over)
		shard_live_add(o, -1);
	for (int seq = from + 1; seq <= m->seq; seq++)
		tell_event(o, seq);
	if (moved)
		tell_unanswered(o, offers, from + 1, mover);
	shard_watch_time(o);
	shard_poke(o);
}

/*
 * The disk refused a step. Time is not asked at once: its step would be refused as well, and where
 * that happens within db_write, without an end.
 */
static void step_failed(struct owned *o, int status)
{
	INVARIANT(status < 0 && !o->writing);
	log_error("game", "a step was not stored", "match", "%lld", (long long)o->match->id, "why",
		"%s", error_name(status), NULL);
	match_step_clear(&o->step);
	shard_refuse(o->shard, &o->intent, o->match, "try-again", "the move could not be stored");
	shard_run_waiting(o);
	if (!o->writing)
		shard_look_after(o, RETRY_MS);
}

/* ---- a step of which the disk says that it failed ---- */

/* Whether the match as stored is the one in memory with the step made. */
static bool has_step(const struct owned *o)
{
	const struct match *m = o->stored;

	if (m->seq != o->step.seq + o->step.n)
		return false;
	for (int i = 0; i < o->step.n; i++) {
		struct match_event is, wanted;

		match_step_event(&o->step, i, &wanted);
		match_log_get(&m->log, o->step.seq + 1 + i, GAME_VIEWER_ALL, &is);
		if (is.kind != wanted.kind || is.seat != wanted.seat ||
			!slice_eq(is.text, wanted.text))
			return false;
	}
	return true;
}

/* Goes on with the match as it is stored, which is not what anybody here believed. */
static void go_on_as_stored(struct owned *o)
{
	bool was_over = o->match->over;

	INVARIANT(o->stored->id == o->match->id && o->stored->state && !o->writing);
	log_warn("game", "a match is taken up again as it is stored", "match", "%lld",
		(long long)o->match->id, "seq", "%d", o->stored->seq, NULL);
	shard_refuse(o->shard, &o->intent, o->stored, "stale", "the match has gone on meanwhile");
	match_step_clear(&o->step);
	memcpy(o->stored->gone_since_us, o->match->gone_since_us, sizeof(o->match->gone_since_us));
	match_free(&o->match);
	o->match = o->stored;
	o->match->room = &o->shard->room;
	o->stored = NULL;
	if (o->match->over && !was_over)
		shard_live_add(o, -1);
	shard_tell_states(o);
	shard_watch_time(o);
	shard_poke(o);
}

static int load_stored(struct db_tx *tx, void *arg)
{
	struct owned *o = arg;

	int rc;

	match_free(&o->stored); /* it may be read again */
	rc = game_store_load(tx, o->match->id, &o->stored);
	if (rc == 0)
		game_starts_apply(&o->tenure->starts, o->stored);
	return rc;
}

/* The match went to another node meanwhile, which reads what became of the step. */
static void leave(struct owned *o, int status)
{
	if (status < 0)
		shard_refuse(
			o->shard, &o->intent, o->match, "try-again", "the match is being moved");
	INVARIANT(o->dropped && o->attached_count == 0);
	match_free(&o->stored);
	shard_put_away(o);
}

static void on_stored_read(void *arg, int status)
{
	struct owned *o = arg;

	INVARIANT(o->writing && o->shard->writing > 0);
	o->writing = false;
	o->shard->writing--;
	if (o->dropped) {
		leave(o, HEARTH_EBUSY);
		return;
	}
	if (status == 0 && has_step(o))
		step_stored(o);
	else if (status == 0 && o->stored->seq != o->match->seq)
		go_on_as_stored(o);
	else
		step_failed(o, status < 0 ? status : HEARTH_EIO);
	match_free(&o->stored);
}

static void on_written(void *arg, int status)
{
	struct owned *o = arg;

	INVARIANT(o->writing && o->shard->writing > 0);
	/* It stays at the database until that is known; a queue that was full stored nothing. */
	if (status < 0 && status != HEARTH_EBUSY &&
		db_read(o->shard->g->db, load_stored, on_stored_read, o) == 0)
		return;
	o->writing = false;
	o->shard->writing--;
	if (o->dropped)
		leave(o, status);
	else if (status < 0)
		step_failed(o, status);
	else
		step_stored(o);
}

void shard_start_write(struct owned *o, const struct game_intent *in)
{
	/* One step at a time, on top of the match as it is, within the tenure it was taken over in. */
	INVARIANT(!o->writing && !o->dropped && !o->match->over && o->tenure);
	INVARIANT(o->step.seq == o->match->seq && o->step.n > 0);
	o->intent = *in;
	o->writing = true;
	o->shard->writing++;
	if (db_write(o->shard->g->db, write_step, on_written, o) < 0)
		on_written(o, HEARTH_EBUSY);
}

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
 * the moves on disk decide, and a match never waits for a step that has been made.
 *
 * On the executor of the match's shard, but for what gets a transaction; one step of a match at a time.
 */
#include "engine/shard_private.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "store/store.h"
#include "wire/frames.h"

#define RETRY_MS 1000 /* until time is looked at again when the disk refused a step */

static int write_step(struct db_tx *tx, void *arg)
{
	struct owned *o = arg;
	const struct game *g = o->shard->g;
	int64_t now_us = shard_now_us(o);
	int64_t due_us = match_step_due_us(&o->step, g->first_move_us, now_us);

	int rc = game_fence(tx, o->tenure);

	if (rc < 0)
		return rc;
	o->step.at_ms = clock_wall_ms();
	o->step.due_us = due_us < o->match->due_us ? due_us : o->match->due_us;
	return game_store_step(tx, o->match->id, o->match->rules, &o->step,
		&(struct game_store_times){ .wall_ms = o->step.at_ms,
			.now_us = now_us,
			.due_us = due_us < o->match->due_us ? due_us : GAME_DUE_STANDS });
}

/* What an offer that is made or declined is told by. */
static void tell_offer(struct owned *o, int before)
{
	if (o->match->draw_offer >= 0 && o->match->draw_offer != before)
		shard_tell_all(o, game_frame_draw_offered(o->match));
	else if (before >= 0 && o->match->draw_offer < 0)
		shard_tell_all(o, game_frame_draw_declined(o->match, match_rival(before)));
}

/* What a step that is on disk means. */
static void step_stored(struct owned *o)
{
	struct game_shard *s = o->shard;
	bool moved = o->step.is_move, ended = o->step.ends;
	int offer = o->match->draw_offer;
	int64_t at_ms = o->step.at_ms; /* as it is on disk */

	INVARIANT(!o->writing && !o->dropped);
	match_take(o->match, &o->step, shard_now_us(o));
	metric_add(s->g->moves, moved);
	if (moved)
		shard_tell_moved(o);
	if (ended) {
		o->match->ended_at = at_ms;
		shard_live_add(o, -1);
		shard_tell_all(o, game_frame_ended(o->match, shard_now_us(o)));
	} else {
		tell_offer(o, offer);
	}
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
	shard_refuse(
		o->shard, &o->intent, o->match->ply, "try-again", "the move could not be stored");
	shard_run_waiting(o);
	if (!o->writing)
		shard_look_after(o, RETRY_MS);
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
	if (!m->over && m->draw_offer != o->step.draw_offer)
		return false;
	return !m->over || strcmp(m->status, o->step.status) == 0;
}

/* Goes on with the match as it is stored, which is not what anybody here believed. */
static void go_on_as_stored(struct owned *o)
{
	bool was_over = o->match->over;

	INVARIANT(o->stored->id == o->match->id && o->stored->state && !o->writing);
	log_warn("game", "a match is taken up again as it is stored", "match", "%lld",
		(long long)o->match->id, "ply", "%d", o->stored->ply, NULL);
	shard_refuse(
		o->shard, &o->intent, o->stored->ply, "stale", "the match has gone on meanwhile");
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
		shard_refuse(o->shard, &o->intent, o->match->ply, "try-again",
			"the match is being moved");
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
	else if (status == 0 && (o->stored->ply != o->match->ply || o->stored->over ||
					o->stored->draw_offer != o->match->draw_offer))
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
	INVARIANT(o->step.ply == o->match->ply + o->step.is_move);
	o->intent = *in;
	o->writing = true;
	o->shard->writing++;
	if (db_write(o->shard->g->db, write_step, on_written, o) < 0)
		on_written(o, HEARTH_EBUSY);
}

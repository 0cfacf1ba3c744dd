/*
 * frames.c: each frame about a match, put together of its members (members.c); those about none are
 * frames_lobby.c's. On the executor of the match; a frame is as long as its match has moves.
 */
#include "wire/frames_private.h"

/* To a player whose opponent is away: when they may claim; it is never to a watcher. */
static void write_gone(struct json_writer *w, const struct match *m,
	const struct game_viewer *viewer, int64_t now_us)
{
	int64_t in_us = viewer->seat < 0 ? -1
					 : match_claim_in_us(
						   m, viewer->seat, viewer->claim_after_us, now_us);

	if (in_us >= 0)
		json_put_i64(w, "claim_in", in_us / 1000);
}

/* Who else plays, in a match of two. */
static void put_opponent(struct json_writer *w, const struct match *m, int seat)
{
	int rival = match_rival(m, seat);
	char room[ACCOUNTS_NAME_ROOM];

	json_put_str(w, "opponent", rival >= 0 ? match_name(m, rival, room) : NULL);
}

/* What only this viewer is told: the seat, the position from there, what may be done. */
static void write_view(struct json_writer *w, const struct match *m,
	const struct game_viewer *viewer, int64_t now_us)
{
	game_put_seat(w, m, "color", viewer->seat);
	put_opponent(w, m, viewer->seat);
	write_gone(w, m, viewer, now_us);
	game_write_position(w, m, viewer->seat);
	if (viewer->legal)
		game_write_legal(w, m, viewer->seat);
}

struct buf *game_frame_state(
	const struct match *m, const struct game_viewer *viewer, int64_t now_us)
{
	struct frame f;

	frame_open(&f, "state");
	game_write_match(&f.w, m, viewer->seat, true, now_us);
	write_view(&f.w, m, viewer, now_us);
	return frame_close(&f);
}

struct buf *game_frame_missed(
	const struct match *m, int since, const struct game_viewer *viewer, int64_t now_us)
{
	struct frame f;

	frame_open(&f, "missed");
	json_put_i64(&f.w, "match", m->id);
	json_put_i64(&f.w, "since", since);
	json_put_i64(&f.w, "seq", m->seq);
	game_write_events(&f.w, m, since, GAME_MISSED_MAX, viewer->seat);
	json_put_i64(&f.w, "ply", m->ply);
	game_put_told(&f.w, "last", match_last(m, viewer->seat));
	game_write_turn(&f.w, m, now_us);
	game_write_result(&f.w, m);
	write_view(&f.w, m, viewer, now_us);
	return frame_close(&f);
}

struct buf *game_frame_moved(const struct match *m, int seq, int viewer, bool legal, int64_t now_us)
{
	struct match_event e;
	struct frame f;

	match_log_get(&m->log, seq, viewer, &e);
	frame_open(&f, "moved");
	json_put_i64(&f.w, "match", m->id);
	json_put_i64(&f.w, "seq", seq);
	json_put_i64(&f.w, "ply", e.ply);
	game_put_seat(&f.w, m, "by", e.seat);
	game_put_told(&f.w, "move", e.text);
	game_put_told(&f.w, "san", e.notation);
	game_write_spent(&f.w, &e.turn);
	game_write_turn(&f.w, m, now_us);
	game_write_position(&f.w, m, viewer);
	if (legal)
		game_write_legal(&f.w, m, viewer);
	return frame_close(&f);
}

struct buf *game_frame_taken_back(
	const struct match *m, int seq, int viewer, bool legal, int64_t now_us)
{
	struct frame f;

	frame_open(&f, "taken-back");
	json_put_i64(&f.w, "match", m->id);
	json_put_i64(&f.w, "seq", seq);
	json_put_i64(&f.w, "ply", m->ply);
	game_put_told(&f.w, "last", match_last(m, viewer));
	game_write_turn(&f.w, m, now_us);
	game_write_position(&f.w, m, viewer);
	if (legal)
		game_write_legal(&f.w, m, viewer);
	return frame_close(&f);
}

struct buf *game_frame_ended(const struct match *m, int64_t now_us)
{
	struct frame f;

	frame_open(&f, "ended");
	json_put_i64(&f.w, "match", m->id);
	json_put_i64(&f.w, "seq", m->seq);
	json_put_i64(&f.w, "ply", m->ply);
	game_write_result(&f.w, m);
	game_write_clock(&f.w, m, now_us);
	if (m->rated)
		game_write_players(&f.w, m);
	if (m->rules->has_secrets)
		game_write_position(&f.w, m, GAME_VIEWER_PUBLIC);
	return frame_close(&f);
}

/* A frame about a match and one of its players. */
static void frame_of(struct frame *f, const char *type, const struct match *m, int seq,
	const char *name, int seat)
{
	frame_open(f, type);
	json_put_i64(&f->w, "match", m->id);
	json_put_i64(&f->w, "seq", seq);
	game_put_seat(&f->w, m, name, seat);
}

struct buf *game_frame_by(const struct match *m, const char *type, int seq, int seat)
{
	struct frame f;

	frame_of(&f, type, m, seq, "by", seat);
	return frame_close(&f);
}

struct buf *game_frame_gone(const struct match *m, int seat, int64_t claim_in_us)
{
	struct frame f;

	frame_of(&f, "opponent-gone", m, m->seq, "color", seat);
	if (claim_in_us >= 0)
		json_put_i64(&f.w, "claim_in", claim_in_us / 1000);
	return frame_close(&f);
}

struct buf *game_frame_back(const struct match *m, int seat)
{
	struct frame f;

	frame_of(&f, "opponent-back", m, m->seq, "color", seat);
	return frame_close(&f);
}

struct buf *game_frame_started(const struct match *m, int seat)
{
	struct frame f;

	frame_of(&f, "started", m, m->seq, "color", seat);
	json_put_str(&f.w, "rules", m->rules->id);
	put_opponent(&f.w, m, seat);
	game_write_time_control(&f.w, m);
	return frame_close(&f);
}

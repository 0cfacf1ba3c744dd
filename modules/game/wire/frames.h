/*
 * frames.h: what the game service says to clients (README.md lists the frames). Each function
 * returns a new buffer that the caller owns.
 *
 * On the executor that owns the match.
 */
#ifndef GAME_FRAMES_H
#define GAME_FRAMES_H

#include "engine/match.h"
#include "hearth/buf.h"
#include "hearth/json.h"

struct game_seek;

/* Who a state is for. */
struct game_viewer {
	int seat;               /* or GAME_VIEWER_PUBLIC */
	bool legal;             /* with the moves it may now play */
	int64_t claim_after_us; /* how long the other may be away */
};

/* The whole match, as a viewer may see it. */
struct buf *game_frame_state(
	const struct match *m, const struct game_viewer *viewer, int64_t now_us);
/*
 * What came after an event of the log that the client has seen, and how the match stands now; `since`
 * is not beyond the latest, and no further than this behind it: the state is shorter then.
 */
#define GAME_MISSED_MAX 256
struct buf *game_frame_missed(
	const struct match *m, int since, const struct game_viewer *viewer, int64_t now_us);
/*
 * The move just made, an event of this sequence; and that moves were taken back. `legal`: with the
 * moves the viewer may now play.
 */
struct buf *game_frame_moved(
	const struct match *m, int seq, int viewer, bool legal, int64_t now_us);
struct buf *game_frame_taken_back(
	const struct match *m, int seq, int viewer, bool legal, int64_t now_us);
struct buf *game_frame_ended(const struct match *m, int64_t now_us);
/* A seat has offered, agreed or declined: "draw-offered", "takeback-declined", … */
struct buf *game_frame_by(const struct match *m, const char *type, int seq, int seat);
/* The player of a seat is away; after claim_in_us (-1: never) the other may claim. And is back. */
struct buf *game_frame_gone(const struct match *m, int seat, int64_t claim_in_us);
struct buf *game_frame_back(const struct match *m, int seat);
/* To all connections of a player: a match of theirs has begun. */
struct buf *game_frame_started(const struct match *m, int seat);
/* The matches of an account that go on. */
struct buf *game_frame_current(const int64_t *matches, size_t n, bool more);
/* `move` is what the client sent; `m` as it stands, or NULL when it is not known. */
struct buf *game_frame_rejected(int64_t match, const struct match *m, struct slice move,
	const char *code, const char *text);
/* A seek stands, for so long; it is over, by its time ("time") or since nobody has it ("gone"). */
struct buf *game_frame_seeking(const struct game_seek *seek, int64_t left_ms);
struct buf *game_frame_seek_expired(int64_t seek, const char *reason);
/* A seek (0: all) was taken back. */
struct buf *game_frame_cancelled(int64_t seek);
/* An account's seeks, one after the other. */
struct game_seeks_frame {
	struct strbuf out;
	struct json_writer w;
};
void game_frame_seeks_open(struct game_seeks_frame *f);
void game_frame_seeks_add(
	struct game_seeks_frame *f, const struct game_seek *seek, int64_t left_ms);
struct buf *game_frame_seeks_close(struct game_seeks_frame *f);
/* To who hears of matches that another node owns from now on. */
struct buf *game_frame_elsewhere(void);
struct buf *game_frame_error(const char *code, const char *text);

/*
 * The members that describe a match to a viewer (a seat or GAME_VIEWER_PUBLIC), into an open object:
 * also for HTTP. `moves`: with all of them. And what happened after an event, so
 * many events at most.
 */
void game_write_match(
	struct json_writer *w, const struct match *m, int viewer, bool moves, int64_t now_us);
void game_write_events(
	struct json_writer *w, const struct match *m, int since, int max, int viewer);
/* Its position, as a viewer (a seat or GAME_VIEWER_PUBLIC) may see it. */
void game_write_position(struct json_writer *w, const struct match *m, int viewer);

#endif

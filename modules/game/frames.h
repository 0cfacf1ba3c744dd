/*
 * frames.h: what the game service says to clients (README.md lists the frames). Each function
 * returns a new buffer that the caller owns.
 */
#ifndef GAME_FRAMES_H
#define GAME_FRAMES_H

#include "hearth/buf.h"
#include "hearth/json.h"
#include "match.h"

/* The whole match, as a viewer (a seat or GAME_VIEWER_PUBLIC) may see it. */
struct buf *game_frame_state(const struct match *m, int viewer, bool legal, int64_t now_us);
/* The move just made. `legal`: with the moves the viewer may now play. */
struct buf *game_frame_moved(const struct match *m, int viewer, bool legal, int64_t now_us);
struct buf *game_frame_ended(const struct match *m, int64_t now_us);
struct buf *game_frame_draw_offered(const struct match *m);
/* `move` is what the client sent; ply is the match's, or -1 when there is no such match. */
struct buf *game_frame_rejected(
	int64_t match, int ply, struct slice move, const char *code, const char *text);
/* A frame of a type and nothing else; or an error. */
struct buf *game_frame_plain(const char *type);
struct buf *game_frame_error(const char *code, const char *text);

/* The members that describe a match, into an open object: also for HTTP. */
void game_write_match(struct json_writer *w, const struct match *m, int64_t now_us);

#endif

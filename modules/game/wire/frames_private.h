/*
 * frames_private.h: a frame under construction, for the files that write frames (frames.h). On whatever
 * executor they run.
 */
#ifndef GAME_FRAMES_PRIVATE_H
#define GAME_FRAMES_PRIVATE_H

#include "wire/frames.h"

#define FRAME_USUAL 480 /* bytes: most are no longer */

/* A frame under construction. */
struct frame {
	struct strbuf out;
	struct json_writer w;
};

static inline void frame_open(struct frame *f, const char *type)
{
	*f = (struct frame){ 0 };
	strbuf_reserve(&f->out, FRAME_USUAL);
	json_writer_init(&f->w, &f->out);
	json_open_object(&f->w);
	json_put_str(&f->w, "type", type);
}

static inline struct buf *frame_close(struct frame *f)
{
	json_close_object(&f->w);
	return buf_from_strbuf(&f->out);
}

/* ---- members.c: some members into an open object ---- */

/* The name of a seat, or null for none. */
void game_put_seat(struct json_writer *w, const struct match *m, const char *name, int seat);
/* A move's text, or null where it is not told. */
void game_put_told(struct json_writer *w, const char *name, struct slice text);
void game_write_players(struct json_writer *w, const struct match *m);
void game_write_time_control(struct json_writer *w, const struct match *m);
void game_write_clock(struct json_writer *w, const struct match *m, int64_t now_us);
/* The clocks too: whose runs and what stands between the players. */
void game_write_turn(struct json_writer *w, const struct match *m, int64_t now_us);
/* What a move took, and what was done about its lag. */
void game_write_spent(struct json_writer *w, const struct game_turn *turn);
/* The moves that a viewer may play now. */
void game_write_legal(struct json_writer *w, const struct match *m, int viewer);
void game_write_result(struct json_writer *w, const struct match *m);

#endif

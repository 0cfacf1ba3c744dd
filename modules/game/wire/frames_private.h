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

#endif

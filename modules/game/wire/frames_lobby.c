/*
 * frames_lobby.c: the JSON of frames that are about no match, or about none that is known: seeks, one's
 * matches, refusals. On the loop or a match's executor; the longest has an account's seeks.
 */
#include "lobby/lobby.h"
#include "wire/frames_private.h"

struct buf *game_frame_current(const int64_t *matches, size_t n, bool more)
{
	struct frame f;

	frame_open(&f, "current");
	json_name(&f.w, "matches");
	json_open_array(&f.w);
	for (size_t i = 0; i < n; i++)
		json_i64(&f.w, matches[i]);
	json_close_array(&f.w);
	json_put_bool(&f.w, "more", more);
	return frame_close(&f);
}

struct buf *game_frame_rejected(
	int64_t match, const struct match *m, struct slice move, const char *code, const char *text)
{
	struct frame f;

	frame_open(&f, "rejected");
	json_put_i64(&f.w, "match", match);
	if (m) {
		json_put_i64(&f.w, "seq", m->seq);
		json_put_i64(&f.w, "ply", m->ply);
	}
	json_put_text(&f.w, "move", slice_head(move, GAME_MOVE_MAX));
	json_put_str(&f.w, "code", code);
	json_put_str(&f.w, "text", text);
	return frame_close(&f);
}

struct buf *game_frame_elsewhere(void)
{
	return game_frame_error("elsewhere",
		"the games have moved to another node: ask again for what you follow or seek");
}

/* ---- seeks ---- */

static void write_seek(struct json_writer *w, const struct game_seek *s, int64_t left_ms)
{
	json_put_i64(w, "seek", s->id);
	json_put_str(w, "rules", s->rules->id);
	json_put_str(w, "setup", s->setup[0] ? s->setup : NULL);
	json_put_i64(w, "seats", s->seats);
	json_name(w, "time_control");
	game_control_write(w, &s->control);
	json_put_bool(w, "rated", s->rated);
	json_put_i64(w, "rating", s->rating);
	json_put_str(w, "color", s->seat >= 0 ? s->rules->seat_names[s->seat] : NULL);
	json_put_i64(w, "expires_in", left_ms);
}

struct buf *game_frame_seeking(const struct game_seek *seek, int64_t left_ms)
{
	struct frame f;

	frame_open(&f, "seeking");
	write_seek(&f.w, seek, left_ms);
	return frame_close(&f);
}

struct buf *game_frame_seek_expired(int64_t seek, const char *reason)
{
	struct frame f;

	frame_open(&f, "seek-expired");
	json_put_i64(&f.w, "seek", seek);
	json_put_str(&f.w, "reason", reason);
	return frame_close(&f);
}

struct buf *game_frame_cancelled(int64_t seek)
{
	struct frame f;

	frame_open(&f, "cancelled");
	if (seek)
		json_put_i64(&f.w, "seek", seek);
	return frame_close(&f);
}

void game_frame_seeks_open(struct game_seeks_frame *f)
{
	*f = (struct game_seeks_frame){ 0 };
	json_writer_init(&f->w, &f->out);
	json_open_object(&f->w);
	json_put_str(&f->w, "type", "seeks");
	json_name(&f->w, "seeks");
	json_open_array(&f->w);
}

void game_frame_seeks_add(struct game_seeks_frame *f, const struct game_seek *seek, int64_t left_ms)
{
	json_open_object(&f->w);
	write_seek(&f->w, seek, left_ms);
	json_close_object(&f->w);
}

struct buf *game_frame_seeks_close(struct game_seeks_frame *f)
{
	json_close_array(&f->w);
	json_close_object(&f->w);
	return buf_from_strbuf(&f->out);
}

struct buf *game_frame_error(const char *code, const char *text)
{
	struct frame f;

	frame_open(&f, "error");
	json_put_str(&f.w, "code", code);
	json_put_str(&f.w, "text", text);
	return frame_close(&f);
}

/*
 * frames.c: see frames.h.
 */
#include "frames.h"

static const char *const seat_names[MATCH_SEATS] = { "white", "black" };

/* A frame under construction. */
struct frame {
	struct strbuf out;
	struct json_writer w;
};

static void frame_open(struct frame *f, const char *type)
{
	*f = (struct frame){ 0 };
	json_writer_init(&f->w, &f->out);
	json_open_object(&f->w);
	json_put_str(&f->w, "type", type);
}

static struct buf *frame_close(struct frame *f)
{
	json_close_object(&f->w);
	return buf_from_strbuf(&f->out);
}

static void write_clock(struct json_writer *w, const struct match *m, int64_t now_us)
{
	json_name(w, "clock");
	json_open_object(w);
	for (int seat = 0; seat < MATCH_SEATS; seat++)
		json_put_i64(
			w, seat_names[seat], game_clock_left_us(&m->clock, seat, now_us) / 1000);
	json_close_object(w);
}

/* An array of the words of `text`. */
static void write_words(struct json_writer *w, const char *name, struct slice text)
{
	json_name(w, name);
	json_open_array(w);
	while (text.n > 0)
		json_text(w, slice_split(&text, ' '));
	json_close_array(w);
}

static void write_legal(struct json_writer *w, const struct match *m, int viewer)
{
	struct strbuf moves = { 0 };

	if (viewer >= 0 && match_turn(m) == viewer)
		m->rules->legal(m->state, (unsigned)viewer, &moves);
	write_words(w, "legal", strbuf_slice(&moves));
	strbuf_free(&moves);
}

static void write_result(struct json_writer *w, const struct match *m)
{
	json_put_str(w, "status", m->status);
	if (!m->over)
		return;
	json_put_str(w, "winner", m->winner == GAME_NOBODY ? NULL : seat_names[m->winner]);
	json_put_str(w, "reason", m->reason);
}

static void write_position(struct json_writer *w, const struct match *m, int viewer)
{
	struct strbuf view = { 0 };

	m->rules->view(m->state, viewer, &view);
	json_name(w, "position");
	json_ready(w, strbuf_slice(&view));
	strbuf_free(&view);
}

void game_write_match(struct json_writer *w, const struct match *m, int64_t now_us)
{
	json_put_i64(w, "match", m->id);
	json_put_str(w, "rules", m->rules->id);
	for (int seat = 0; seat < MATCH_SEATS; seat++)
		json_put_str(w, seat_names[seat], match_name(m, seat));
	json_put_i64(w, "ply", m->ply);
	json_put_str(w, "last", m->last[0] ? m->last : NULL);
	write_words(w, "moves", strbuf_slice(&m->notation));
	write_clock(w, m, now_us);
	write_result(w, m);
}

struct buf *game_frame_state(const struct match *m, int viewer, bool legal, int64_t now_us)
{
	struct frame f;

	frame_open(&f, "state");
	game_write_match(&f.w, m, now_us);
	json_put_str(&f.w, "color", viewer >= 0 ? seat_names[viewer] : NULL);
	json_put_str(&f.w, "opponent", viewer >= 0 ? match_name(m, 1 - viewer) : NULL);
	write_position(&f.w, m, viewer);
	if (legal)
		write_legal(&f.w, m, viewer);
	return frame_close(&f);
}

struct buf *game_frame_moved(const struct match *m, int viewer, bool legal, int64_t now_us)
{
	ptrdiff_t at = (ptrdiff_t)m->notation.n;
	struct frame f;

	while (at > 0 && m->notation.p[at - 1] != ' ')
		at--;
	frame_open(&f, "moved");
	json_put_i64(&f.w, "match", m->id);
	json_put_i64(&f.w, "ply", m->ply);
	json_put_str(&f.w, "move", m->last);
	json_put_text(&f.w, "san", slice_skip(strbuf_slice(&m->notation), (size_t)at));
	write_clock(&f.w, m, now_us);
	write_position(&f.w, m, viewer);
	if (legal)
		write_legal(&f.w, m, viewer);
	return frame_close(&f);
}

struct buf *game_frame_ended(const struct match *m, int64_t now_us)
{
	struct frame f;

	frame_open(&f, "ended");
	json_put_i64(&f.w, "match", m->id);
	json_put_i64(&f.w, "ply", m->ply);
	write_result(&f.w, m);
	write_clock(&f.w, m, now_us);
	return frame_close(&f);
}

struct buf *game_frame_draw_offered(const struct match *m)
{
	struct frame f;

	frame_open(&f, "draw-offered");
	json_put_i64(&f.w, "match", m->id);
	json_put_str(&f.w, "by", seat_names[m->draw_offer]);
	return frame_close(&f);
}

struct buf *game_frame_rejected(
	int64_t match, int ply, struct slice move, const char *code, const char *text)
{
	struct frame f;

	frame_open(&f, "rejected");
	json_put_i64(&f.w, "match", match);
	if (ply >= 0)
		json_put_i64(&f.w, "ply", ply);
	json_put_text(&f.w, "move", slice_head(move, GAME_MOVE_MAX));
	json_put_str(&f.w, "code", code);
	json_put_str(&f.w, "text", text);
	return frame_close(&f);
}

struct buf *game_frame_plain(const char *type)
{
	struct frame f;

	frame_open(&f, type);
	return frame_close(&f);
}

struct buf *game_frame_error(const char *code, const char *text)
{
	struct frame f;

	frame_open(&f, "error");
	json_put_str(&f.w, "code", code);
	json_put_str(&f.w, "text", text);
	return frame_close(&f);
}

/*
 * log.c: events of a match, packed (log.h). Pure; adding is amortised, reading one costs the texts
 * of its viewers.
 */
#include "engine/log.h"

#include <stdlib.h>

#include "hearth/log.h"

static const char *const names[MATCH_EVENT_KINDS] = {
	[MATCH_MOVED] = "move",
	[MATCH_DRAW_OFFERED] = "draw-offer",
	[MATCH_DRAW_AGREED] = "draw-agree",
	[MATCH_DRAW_DECLINED] = "draw-decline",
	[MATCH_TAKEBACK_OFFERED] = "takeback-offer",
	[MATCH_TAKEBACK_AGREED] = "takeback-agree",
	[MATCH_TAKEBACK_DECLINED] = "takeback-decline",
	[MATCH_TAKEN_BACK] = "takeback",
	[MATCH_CLAIMED] = "claim",
	[MATCH_RESIGNED] = "resign",
	[MATCH_ABORTED] = "abort",
	[MATCH_LEFT] = "left",
	[MATCH_ENDED] = "end",
};

const char *match_event_name(enum match_event_kind kind)
{
	INVARIANT(kind < MATCH_EVENT_KINDS);
	return names[kind];
}

enum match_event_kind match_event_kind_of(struct slice name)
{
	enum match_event_kind kind = 0;

	while (kind < MATCH_EVENT_KINDS && !slice_eq(slice_str(names[kind]), name))
		kind++;
	return kind;
}

static void add_text(struct match_log *log, struct slice text, struct slice notation)
{
	INVARIANT(!memchr(text.p ? text.p : "", 0, text.n));
	strbuf_add(&log->texts, text);
	strbuf_addc(&log->texts, '\0');
	strbuf_add(&log->texts, notation);
	strbuf_addc(&log->texts, '\0');
}

void match_log_add(
	struct match_log *log, const struct match_event *event, const struct game_move *told)
{
	INVARIANT(log->seats > 0 && event->kind < MATCH_EVENT_KINDS);
	if (log->n == log->cap) {
		log->cap = log->cap ? 2 * log->cap : 16;
		log->entries = mem_realloc(log->entries, (size_t)log->cap * sizeof(*log->entries));
		log->left_us = mem_realloc(
			log->left_us, (size_t)log->cap * log->seats * sizeof(*log->left_us));
	}
	log->entries[log->n] = (struct match_entry){ .kind = (uint8_t)event->kind,
		.seat = (int8_t)event->seat,
		.told = told,
		.ply = event->ply,
		.at = log->texts.n,
		.at_ms = event->at_ms,
		.turn = event->turn };
	memcpy(log->left_us + (size_t)log->n * log->seats, event->left_us,
		log->seats * sizeof(*log->left_us));
	if (event->kind == MATCH_ENDED)
		memcpy(log->scores, event->scores, sizeof(log->scores));
	add_text(log, event->text, event->notation);
	for (unsigned i = 0; told && i <= log->seats; i++)
		add_text(log, slice_str(told[i].text), slice_str(told[i].notation));
	log->n++;
}

static struct slice next_text(const char **p)
{
	struct slice s = slice_str(*p);

	*p += s.n + 1;
	return s;
}

void match_log_get(const struct match_log *log, int seq, int viewer, struct match_event *out)
{
	const struct match_entry *e = &log->entries[seq - 1];
	const char *p = log->texts.p + e->at;

	INVARIANT(seq >= 1 && seq <= log->n && viewer < (int)log->seats);
	if (log->entries[log->n - 1].kind == MATCH_ENDED)
		viewer = GAME_VIEWER_ALL;
	*out = (struct match_event){ .kind = (enum match_event_kind)e->kind,
		.seat = e->seat,
		.ply = e->ply,
		.at_ms = e->at_ms,
		.turn = e->turn };
	/* What all may know stands behind what the database does, and then each seat's. */
	for (int i = GAME_VIEWER_ALL; i <= (e->told ? viewer : GAME_VIEWER_ALL); i++) {
		out->text = next_text(&p);
		out->notation = next_text(&p);
	}
	memcpy(out->left_us, log->left_us + (size_t)(seq - 1) * log->seats,
		log->seats * sizeof(*log->left_us));
	if (e->kind == MATCH_ENDED)
		memcpy(out->scores, log->scores, sizeof(out->scores));
}

void match_log_free(struct match_log *log)
{
	free(log->entries);
	free(log->left_us);
	strbuf_free(&log->texts);
	*log = (struct match_log){ .seats = log->seats };
}

/*
 * log.h: what has happened in a match, event by event, in memory as in the table `event`. The log is
 * the match: played again it gives state, offers, result and clocks. Pure.
 *
 * An event has a sequence number, from 1 without a gap; each frame about a match bears that of the
 * event it tells (`seq`), so that a client which was away asks for what came after. What a viewer
 * may know of a move where a game has secrets (rules->told) was put down when it was made.
 *
 * At most MATCH_EVENTS_MAX events (match.h), some 70 bytes each beside its texts.
 */
#ifndef GAME_LOG_H
#define GAME_LOG_H

#include "engine/clock.h"
#include "hearth/str.h"
#include "rules/rules.h"

enum match_event_kind {
	MATCH_MOVED,             /* text, notation: the move */
	MATCH_DRAW_OFFERED,      /* each stands until the others answer or one of them moves */
	MATCH_DRAW_AGREED,       /* by one of them; where all have, the end is behind it */
	MATCH_DRAW_DECLINED,     /* by one of them */
	MATCH_TAKEBACK_OFFERED,  /* that the latest moves go, the own one last */
	MATCH_TAKEBACK_AGREED,   /* where all have, they are taken back behind it */
	MATCH_TAKEBACK_DECLINED, /* or withdrawn by who asked */
	MATCH_TAKEN_BACK,        /* text: how many moves */
	MATCH_CLAIMED,           /* a draw; text: the move it was claimed by, or empty */
	MATCH_RESIGNED,
	MATCH_ABORTED,
	MATCH_LEFT,  /* claimed, since the others are away; text: "win" or "draw" */
	MATCH_ENDED, /* text: status, notation: reason; with scores and the final clocks */
	MATCH_EVENT_KINDS,
};

struct match_event {
	enum match_event_kind kind;
	int seat;              /* whose doing it is; -1: nobody's (time, rules) */
	int ply;               /* moves on the board behind it */
	int64_t at_ms;         /* wall */
	struct game_turn turn; /* a move: of the time of who made it */
	struct slice text, notation;
	int64_t left_us[GAME_SEATS_MAX]; /* of each seat's time behind it */
	int scores[GAME_SEATS_MAX];      /* an end's */
};

struct match_entry {
	uint8_t kind;
	int8_t seat;
	bool told; /* there are texts for each viewer */
	int ply;
	size_t at; /* in `texts`: text NUL notation NUL, then the same for public and each seat */
	int64_t at_ms;
	struct game_turn turn;
};

struct match_log {
	unsigned seats;
	struct match_entry *entries; /* owned; of sequence number 1 and on */
	int64_t *left_us;            /* owned; `seats` for each */
	int n, cap;
	struct strbuf texts;
	int scores[GAME_SEATS_MAX]; /* of the end, of which there is one */
};

/*
 * Adds one; copies its texts. `told`, where a game has secrets: what everybody (the first) and each
 * seat may know of a move; else NULL.
 */
void match_log_add(
	struct match_log *log, const struct match_event *event, const struct game_move *told);
/* One of them as a viewer (GAME_VIEWER_ALL, GAME_VIEWER_PUBLIC, a seat) may see it: behind an end
 * everybody sees all. Valid until the next is added. */
void match_log_get(const struct match_log *log, int seq, int viewer, struct match_event *out);
void match_log_free(struct match_log *log);

/* As it is stored and told: "move", "draw-offer", … */
const char *match_event_name(enum match_event_kind kind);
/* MATCH_EVENT_KINDS when it is none. */
enum match_event_kind match_event_kind_of(struct slice name);

#endif

/*
 * control.h: a time control: how much time there is to think, and how more of it comes. As text and
 * as JSON; the clock that keeps to it is clock.h. Pure.
 *
 * Text is the TimeControl of PGN, and what its authors had no sign for in the words of the field:
 *
 *   300            sudden death: five minutes for all moves
 *   300+2          Fischer: two seconds more with each move
 *   300b2          Bronstein: up to two seconds of what a move took come back
 *   300d2          simple (US) delay: the clock waits two seconds with each move
 *   40/5400+30:1800+30   stages: with the 40th move another half an hour. A last stage that has
 *                  moves comes again each time they are made
 *   1800+5x30      byo-yomi: then five periods of 30 s; one is lost only by using it up
 *   *180           hourglass: what one side uses the others get
 *   1/259200       correspondence: three days a move
 *   -              unlimited
 *
 * Times are in seconds, with up to three digits behind a point where a program plays: 10+0.1.
 *
 * As JSON a control is an object, or a string with the text. Without `kind` it is a Fischer clock:
 *
 *   {"limit":300,"increment":2}
 *   {"kind":"fischer","stages":[{"moves":40,"limit":5400,"increment":30},{"limit":1800}]}
 *   {"kind":"bronstein","limit":300,"delay":2}     {"kind":"delay", …}, both also with stages
 *   {"kind":"byo-yomi","limit":1800,"periods":5,"period":30}
 *   {"kind":"hourglass","limit":180}   {"kind":"correspondence","days":3}   {"kind":"unlimited"}
 */
#ifndef GAME_CONTROL_H
#define GAME_CONTROL_H

#include "hearth/json.h"

#define GAME_STAGES_MAX       4
#define GAME_STAGE_MOVES_MAX  1000
#define GAME_TIME_MAX_MS      INT64_C(604800000) /* of a stage: a week */
#define GAME_BONUS_MAX_MS     INT64_C(3600000)   /* with a move: increment, delay or period */
#define GAME_PERIODS_MAX      99
#define GAME_DAYS_MAX         365
#define GAME_DAY_S            INT64_C(86400)
#define GAME_CONTROL_TEXT_MAX 112 /* bytes of a control as text, with the NUL; none is longer */
#define GAME_SECONDS_TEXT_MAX 24

enum game_control_kind {
	GAME_UNLIMITED,
	GAME_FISCHER, /* sudden death, where nothing comes with a move */
	GAME_BRONSTEIN,
	GAME_DELAY,
	GAME_BYOYOMI,
	GAME_HOURGLASS,
	GAME_CORRESPONDENCE,
};

struct game_stage {
	int moves;        /* until the next one; 0: the rest of the match, in the last one only */
	int64_t time_ms;  /* that comes when it begins */
	int64_t bonus_ms; /* with a move made in it: increment or delay, by the kind */
};

/* All of it is set, and 0 where the kind has no such thing: two that are the same are equal. */
struct game_control {
	enum game_control_kind kind;
	int stage_count; /* Fischer, Bronstein, delay: 1 to GAME_STAGES_MAX; byo-yomi, hourglass: 1 */
	struct game_stage stages[GAME_STAGES_MAX];
	int periods;       /* byo-yomi: so many … */
	int64_t period_ms; /* … of so long */
	int days;          /* correspondence: a move */
};

/* The one that most have: sudden death, or Fischer's; held against nothing yet. */
struct game_control game_control_fischer(int64_t limit_ms, int64_t increment_ms);
bool game_control_equal(const struct game_control *a, const struct game_control *b);
/*
 * Why this is no control that a clock could keep to; NULL: it is one. For those made by hand: what is
 * read below has been held against it.
 */
const char *game_control_fault(const struct game_control *c);

/* One move in so many whole days, again and again: that is correspondence, and its text. */
bool game_control_by_day(const struct game_control *c);

/* Reads text. HEARTH_EINVAL, and *why says why in a text that lives for ever. */
int game_control_parse(struct slice text, struct game_control *out, const char **why);
/* Seconds as above, in milliseconds: takes them off the front of *rest. False: there are none. */
bool game_control_take_seconds(struct slice *rest, int64_t *ms);
/* And back; a text of at most GAME_SECONDS_TEXT_MAX bytes with its NUL. */
void game_control_print_seconds(int64_t ms, char out[GAME_SECONDS_TEXT_MAX]);
/* Writes it; game_control_parse reads the same back. */
void game_control_print(const struct game_control *c, char out[GAME_CONTROL_TEXT_MAX]);
/* An object or a string of JSON; as game_control_parse. */
int game_control_read(const struct json *value, struct game_control *out, const char **why);
/* As an object: members `limit` and `increment` alone where it is a Fischer clock of one stage. */
void game_control_write(struct json_writer *w, const struct game_control *c);

/* The stage in which a side that has made so many moves makes its next. */
const struct game_stage *game_control_stage(const struct game_control *c, int moves);
/* What a side gets with this move, the moves-th, since a stage begins behind it; */
int64_t game_control_stage_time_ms(const struct game_control *c, int moves);
/*
 * What forty moves of a side take at most, in seconds: limit + 40 × increment, and likewise for other
 * kinds. By it games are told apart as fast and slow (speed.h). INT64_MAX: there is no such bound.
 */
int64_t game_control_estimate_s(const struct game_control *c);

#endif

/*
 * control.c: what a time control may be, and which stage a move is in (control.h). Pure; what costs most
 * is an estimate, forty steps.
 */
#include "engine/control.h"

#include "hearth/log.h"

#define ESTIMATE_MOVES 40

struct game_control game_control_fischer(int64_t limit_ms, int64_t increment_ms)
{
	return (struct game_control){
		.kind = GAME_FISCHER, .stage_count = 1, .stages = { { 0, limit_ms, increment_ms } }
	};
}

static bool same_stage(const struct game_stage *a, const struct game_stage *b)
{
	return a->moves == b->moves && a->time_ms == b->time_ms && a->bonus_ms == b->bonus_ms;
}

bool game_control_equal(const struct game_control *a, const struct game_control *b)
{
	for (int i = 0; i < GAME_STAGES_MAX; i++)
		if (!same_stage(&a->stages[i], &b->stages[i]))
			return false;
	return a->kind == b->kind && a->stage_count == b->stage_count && a->periods == b->periods &&
	       a->period_ms == b->period_ms && a->days == b->days;
}

/* ---- what may be ---- */

static bool within(int64_t value, int64_t min, int64_t max)
{
	return value >= min && value <= max;
}

static bool has_bonus(enum game_control_kind kind)
{
	return kind == GAME_FISCHER || kind == GAME_BRONSTEIN || kind == GAME_DELAY;
}

static const char *stage_fault(const struct game_control *c, int at)
{
	const struct game_stage *s = &c->stages[at];
	bool last = at == c->stage_count - 1;

	if (!within(s->moves, last ? 0 : 1, GAME_STAGE_MOVES_MAX))
		return "each stage but the last needs its moves, 1 to 1000";
	if (!within(s->time_ms, 0, GAME_TIME_MAX_MS))
		return "a time is at most a week";
	if (!within(s->bonus_ms, 0, has_bonus(c->kind) ? GAME_BONUS_MAX_MS : 0))
		return "an increment or delay is at most 3600 seconds";
	/* Only who gets something with each move, or has periods, can begin with nothing. */
	if (s->time_ms == 0 && (at > 0 || c->kind != GAME_FISCHER || s->bonus_ms == 0) &&
		c->kind != GAME_BYOYOMI)
		return "there must be some time to begin with";
	return NULL;
}

bool game_control_by_day(const struct game_control *c)
{
	const struct game_stage *s = &c->stages[0];

	return c->kind == GAME_FISCHER && c->stage_count == 1 && s->moves == 1 &&
	       s->bonus_ms == 0 && s->time_ms > 0 && s->time_ms % (GAME_DAY_S * 1000) == 0;
}

static const char *stages_fault(const struct game_control *c)
{
	bool plain = c->kind == GAME_BYOYOMI || c->kind == GAME_HOURGLASS;
	const char *fault = NULL;

	if (!within(c->stage_count, 1, plain ? 1 : GAME_STAGES_MAX))
		return "there are one to four stages";
	if (plain && c->stages[0].moves)
		return "this kind of clock has no stages";
	for (int i = 0; i < c->stage_count && !fault; i++)
		fault = stage_fault(c, i);
	return !fault && game_control_by_day(c) ? "a move in whole days is correspondence" : fault;
}

const char *game_control_fault(const struct game_control *c)
{
	switch (c->kind) {
	case GAME_UNLIMITED: return NULL;
	case GAME_CORRESPONDENCE:
		return within(c->days, 1, GAME_DAYS_MAX) ? NULL : "a move has 1 to 365 days";
	case GAME_BYOYOMI:
		if (!within(c->periods, 1, GAME_PERIODS_MAX) ||
			!within(c->period_ms, 1, GAME_BONUS_MAX_MS))
			return "there are 1 to 99 periods of 1 to 3600 seconds";
		return stages_fault(c);
	case GAME_FISCHER:
	case GAME_BRONSTEIN:
	case GAME_DELAY:
	case GAME_HOURGLASS: return stages_fault(c);
	}
	return "this is no kind of clock";
}

/* ---- stages ---- */

/*
 * Which stage move number `moves` + 1 is in, and in *first how many moves were made before that
 * stage began. A last stage that has moves comes again.
 */
static int stage_at(const struct game_control *c, int moves, int *first)
{
	const struct game_stage *last = &c->stages[c->stage_count - 1];
	int begun = 0;

	for (int i = 0; i < c->stage_count - 1; i++) {
		if (moves < begun + c->stages[i].moves) {
			*first = begun;
			return i;
		}
		begun += c->stages[i].moves;
	}
	*first = last->moves ? moves - (moves - begun) % last->moves : begun;
	return c->stage_count - 1;
}

const struct game_stage *game_control_stage(const struct game_control *c, int moves)
{
	int first;

	INVARIANT(c->stage_count > 0 && moves >= 0);
	return &c->stages[stage_at(c, moves, &first)];
}

int64_t game_control_stage_time_ms(const struct game_control *c, int moves)
{
	int first, at;

	if (c->stage_count == 0 || moves == 0)
		return 0;
	at = stage_at(c, moves, &first);
	return first == moves ? c->stages[at].time_ms : 0;
}

static int64_t stages_estimate_ms(const struct game_control *c)
{
	int64_t sum_ms = c->stages[0].time_ms;

	for (int moves = 0; moves < ESTIMATE_MOVES; moves++)
		sum_ms += game_control_stage(c, moves)->bonus_ms +
			  game_control_stage_time_ms(c, moves);
	return sum_ms;
}

int64_t game_control_estimate_s(const struct game_control *c)
{
	switch (c->kind) {
	case GAME_UNLIMITED: break;
	case GAME_CORRESPONDENCE: return c->days * GAME_DAY_S * ESTIMATE_MOVES;
	case GAME_BYOYOMI: return (c->stages[0].time_ms + ESTIMATE_MOVES * c->period_ms) / 1000;
	case GAME_FISCHER:
	case GAME_BRONSTEIN:
	case GAME_DELAY:
	case GAME_HOURGLASS: return stages_estimate_ms(c) / 1000;
	}
	return INT64_MAX;
}

/*
 * control.c: what a time control may be, its text, and which stage a move is in (control.h). Pure;
 * a text is read once from front to end, and one that is too long for any control is not read.
 */
#include "engine/control.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "hearth/error.h"
#include "hearth/log.h"

#define ESTIMATE_MOVES 40
#define DAY_MS         (GAME_DAY_S * 1000)

struct game_control game_control_fischer(int64_t limit_ms, int64_t increment_ms)
{
	INVARIANT(limit_ms <= GAME_TIME_MAX_MS && increment_ms <= GAME_BONUS_MAX_MS);
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

/* One move in so many whole days, again and again: its text is that of correspondence. */
static bool is_correspondence(const struct game_control *c)
{
	const struct game_stage *s = &c->stages[0];

	return c->kind == GAME_FISCHER && c->stage_count == 1 && s->moves == 1 &&
	       s->bonus_ms == 0 && s->time_ms > 0 && s->time_ms % DAY_MS == 0;
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
	return !fault && is_correspondence(c) ? "a move in whole days is correspondence" : fault;
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

/* ---- reading text ---- */

#define NOT_A_CONTROL                                                              \
	"expected a time control such as 300+2, 300d5, 300b5, 40/5400+30:1800+30," \
	" 1800+5x30, *180, 1/259200 or -"

/* Takes a number off the front: digits, and so few that no int is too small for it. */
static bool take_number(struct slice *rest, int *out)
{
	size_t n = 0;
	int64_t value = 0;

	while (n < rest->n && rest->p[n] >= '0' && rest->p[n] <= '9')
		n++;
	if (n > 9 || slice_i64(slice_head(*rest, n), 0, INT32_MAX, &value) < 0)
		return false;
	*rest = slice_skip(*rest, n);
	*out = (int)value;
	return true;
}

/* The digits behind a point: 1 to 3 of them. */
static bool take_thousandths(struct slice *rest, int *out)
{
	static const int unit[] = { 100, 10, 1 };
	size_t n = 0;

	*out = 0;
	for (; n < rest->n && rest->p[n] >= '0' && rest->p[n] <= '9'; n++) {
		if (n == sizeof(unit) / sizeof(unit[0]))
			return false;
		*out += (rest->p[n] - '0') * unit[n];
	}
	*rest = slice_skip(*rest, n);
	return n > 0;
}

static bool take_sign(struct slice *rest, char sign)
{
	if (rest->n == 0 || rest->p[0] != sign)
		return false;
	*rest = slice_skip(*rest, 1);
	return true;
}

bool game_control_take_seconds(struct slice *rest, int64_t *ms)
{
	int whole, part = 0;

	/* None is longer than correspondence lets a move take. */
	if (!take_number(rest, &whole) || whole > GAME_DAYS_MAX * GAME_DAY_S)
		return false;
	if (take_sign(rest, '.') && !take_thousandths(rest, &part))
		return false;
	*ms = whole * INT64_C(1000) + part;
	return true;
}

void game_control_print_seconds(int64_t ms, char out[GAME_SECONDS_TEXT_MAX])
{
	size_t n;

	if (ms % 1000 == 0) {
		snprintf(out, GAME_SECONDS_TEXT_MAX, "%" PRId64, ms / 1000);
		return;
	}
	snprintf(out, GAME_SECONDS_TEXT_MAX, "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
	for (n = strlen(out); out[n - 1] == '0'; n--)
		out[n - 1] = '\0';
}

/* Of a clock whose kind is known by the sign of what comes with a move: all stages have the same. */
static bool set_kind(struct game_control *c, enum game_control_kind kind)
{
	if (c->kind != GAME_UNLIMITED && c->kind != kind)
		return false;
	c->kind = kind;
	return true;
}

/* Periods, which go with one stage alone: "5x30". False: it is something else. */
static bool take_periods(struct slice *rest, struct game_control *c)
{
	return c->stage_count == 1 && take_number(rest, &c->periods) && take_sign(rest, 'x') &&
	       game_control_take_seconds(rest, &c->period_ms);
}

static bool take_bonus(struct slice rest, struct game_control *c, struct game_stage *s)
{
	enum game_control_kind kind;

	if (rest.n == 0)
		return true;
	if (take_sign(&rest, '+'))
		kind = GAME_FISCHER;
	else if (take_sign(&rest, 'b'))
		kind = GAME_BRONSTEIN;
	else if (take_sign(&rest, 'd'))
		kind = GAME_DELAY;
	else
		return false;
	if (kind == GAME_FISCHER && slice_chr(rest, 'x') >= 0) {
		kind = GAME_BYOYOMI;
		if (!take_periods(&rest, c))
			return false;
	} else if (!game_control_take_seconds(&rest, &s->bonus_ms)) {
		return false;
	}
	return rest.n == 0 && set_kind(c, kind);
}

static bool take_stage(struct slice text, struct game_control *c)
{
	struct game_stage *s = &c->stages[c->stage_count++];
	struct slice rest = text;

	if (slice_chr(text, '/') >= 0 &&
		(!take_number(&rest, &s->moves) || s->moves == 0 || !take_sign(&rest, '/')))
		return false;
	return game_control_take_seconds(&rest, &s->time_ms) && take_bonus(rest, c, s);
}

static bool take_stages(struct slice text, struct game_control *c)
{
	while (text.p) {
		if (c->stage_count == GAME_STAGES_MAX || !take_stage(slice_split(&text, ':'), c))
			return false;
	}
	/* No sign: nothing comes with a move, which is Fischer's with an increment of 0. */
	if (c->kind == GAME_UNLIMITED)
		c->kind = GAME_FISCHER;
	return true;
}

int game_control_parse(struct slice text, struct game_control *out, const char **why)
{
	struct game_control c = { .kind = GAME_UNLIMITED };
	struct slice rest = text;
	bool read;

	*why = NOT_A_CONTROL;
	if (text.n == 0 || text.n >= GAME_CONTROL_TEXT_MAX)
		return HEARTH_EINVAL;
	if (slice_eq(text, SLICE("-"))) {
		read = true;
	} else if (take_sign(&rest, '*')) {
		c = (struct game_control){ .kind = GAME_HOURGLASS, .stage_count = 1 };
		read = game_control_take_seconds(&rest, &c.stages[0].time_ms) && rest.n == 0;
	} else {
		read = take_stages(text, &c);
		if (read && is_correspondence(&c))
			c = (struct game_control){ .kind = GAME_CORRESPONDENCE,
				.days = (int)(c.stages[0].time_ms / DAY_MS) };
	}
	if (!read)
		return HEARTH_EINVAL;
	*why = game_control_fault(&c);
	if (*why)
		return HEARTH_EINVAL;
	*out = c;
	return 0;
}

/* ---- writing text ---- */

static char bonus_sign(enum game_control_kind kind)
{
	return kind == GAME_BRONSTEIN ? 'b' : kind == GAME_DELAY ? 'd' : '+';
}

/* One that brings nothing needs no sign; but the first, by which the kind is known. */
static bool bonus_shown(const struct game_control *c, int at)
{
	return c->stages[at].bonus_ms > 0 || (at == 0 && c->kind != GAME_FISCHER);
}

/* Appends what fits; all that a control can say does. */
static void add(char out[GAME_CONTROL_TEXT_MAX], const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void add(char out[GAME_CONTROL_TEXT_MAX], const char *format, ...)
{
	size_t n = strlen(out);
	va_list args;
	int added;

	va_start(args, format);
	added = vsnprintf(out + n, GAME_CONTROL_TEXT_MAX - n, format, args);
	va_end(args);
	INVARIANT(added >= 0 && n + (size_t)added < GAME_CONTROL_TEXT_MAX);
}

static void add_seconds(char out[GAME_CONTROL_TEXT_MAX], int64_t ms)
{
	char text[GAME_SECONDS_TEXT_MAX];

	game_control_print_seconds(ms, text);
	add(out, "%s", text);
}

static void add_stages(const struct game_control *c, char out[GAME_CONTROL_TEXT_MAX])
{
	for (int i = 0; i < c->stage_count; i++) {
		const struct game_stage *s = &c->stages[i];

		if (i > 0)
			add(out, ":");
		if (s->moves)
			add(out, "%d/", s->moves);
		add_seconds(out, s->time_ms);
		if (!bonus_shown(c, i))
			continue;
		add(out, "%c", bonus_sign(c->kind));
		add_seconds(out, s->bonus_ms);
	}
}

void game_control_print(const struct game_control *c, char out[GAME_CONTROL_TEXT_MAX])
{
	out[0] = '\0';
	switch (c->kind) {
	case GAME_UNLIMITED: add(out, "-"); break;
	case GAME_CORRESPONDENCE: add(out, "1/%" PRId64, c->days * GAME_DAY_S); break;
	case GAME_HOURGLASS:
		add(out, "*");
		add_seconds(out, c->stages[0].time_ms);
		break;
	case GAME_FISCHER:
	case GAME_BRONSTEIN:
	case GAME_DELAY: add_stages(c, out); break;
	case GAME_BYOYOMI:
		add_seconds(out, c->stages[0].time_ms);
		add(out, "+%dx", c->periods);
		add_seconds(out, c->period_ms);
		break;
	}
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

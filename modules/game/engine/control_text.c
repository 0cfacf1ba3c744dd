/*
 * control_text.c: a time control as text (control.h). Pure; a text is read once from front to end, and
 * one that is too long for any control is not read.
 */
#include "engine/control.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "hearth/error.h"
#include "hearth/log.h"

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
		if (read && game_control_by_day(&c))
			c = (struct game_control){ .kind = GAME_CORRESPONDENCE,
				.days = (int)(c.stages[0].time_ms / (GAME_DAY_S * 1000)) };
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

/*
 * clock.c: the arithmetic of a clock: what is taken off a side, what comes with a move, when the flag
 * falls (clock.h). Pure; microseconds, of whoever calls. What costs most is a turn that used up all
 * periods of byo-yomi, GAME_PERIODS_MAX steps.
 */
#include "engine/clock.h"

#include "hearth/error.h"
#include "hearth/log.h"

#define MS_US INT64_C(1000)

static int64_t first_us(const struct game_control *c)
{
	switch (c->kind) {
	case GAME_UNLIMITED: return 0;
	case GAME_CORRESPONDENCE: return c->days * (GAME_DAY_S * 1000 * MS_US);
	case GAME_FISCHER:
		/* Who has increments alone begins with one. */
		if (c->stages[0].time_ms == 0)
			return c->stages[0].bonus_ms * MS_US;
		break;
	case GAME_BYOYOMI:
		if (c->stages[0].time_ms == 0)
			return c->period_ms * MS_US;
		break;
	case GAME_BRONSTEIN:
	case GAME_DELAY:
	case GAME_HOURGLASS: break;
	}
	return c->stages[0].time_ms * MS_US;
}

void game_clock_init(struct game_clock *c, const struct game_control *control, int seats)
{
	INVARIANT(seats >= 1 && seats <= GAME_SEATS_MAX && !game_control_fault(control));
	*c = (struct game_clock){ .control = *control, .seats = seats, .side = -1 };
	for (int seat = 0; seat < seats; seat++) {
		c->left_us[seat] = first_us(control);
		c->periods[seat] =
			control->periods - (control->periods && !control->stages[0].time_ms);
		game_lag_init(&c->lag[seat], control);
	}
}

void game_clock_start(struct game_clock *c, int side, int64_t now_us)
{
	INVARIANT(side >= -1 && side < c->seats);
	c->side = side;
	c->started_us = now_us;
	c->spent_us = 0;
}

/* ---- what a turn takes ---- */

/* How a side stands. */
struct standing {
	int64_t left_us;
	int periods;
};

static int64_t bonus_us(const struct game_clock *c, int side)
{
	const struct game_control *control = &c->control;

	if (control->stage_count == 0)
		return 0;
	return game_control_stage(control, c->moves[side])->bonus_ms * MS_US;
}

/* What of a turn that has used so much is taken off: with a delay, what is beyond it. */
static int64_t charged_us(const struct game_clock *c, int64_t used_us)
{
	int64_t free_us = c->control.kind == GAME_DELAY ? bonus_us(c, c->side) : 0;

	return used_us > free_us ? used_us - free_us : 0;
}

/* The running side when it has used so much more of its turn. */
static struct standing behind(const struct game_clock *c, int64_t used_us)
{
	struct standing s = { c->left_us[c->side], c->periods[c->side] };

	INVARIANT(used_us >= 0 && c->spent_us >= 0);
	if (c->control.kind == GAME_UNLIMITED)
		return s;
	s.left_us -= charged_us(c, c->spent_us + used_us) - charged_us(c, c->spent_us);
	for (; s.left_us <= 0 && s.periods > 0; s.periods--)
		s.left_us += c->control.period_ms * MS_US;
	if (s.left_us < 0)
		s.left_us = 0;
	return s;
}

/* Of what the running side has used, what another gets: all of it is given to somebody. */
static int64_t share_us(const struct game_clock *c, int other, int64_t taken_us)
{
	int others = c->seats - 1, place = (other - c->side - 1 + c->seats) % c->seats;

	if (c->control.kind != GAME_HOURGLASS || others == 0)
		return 0;
	return taken_us / others + (place < taken_us % others);
}

static void take_off(struct game_clock *c, int64_t used_us)
{
	struct standing s = behind(c, used_us);
	int64_t taken_us = c->left_us[c->side] - s.left_us;

	for (int seat = 0; seat < c->seats; seat++)
		if (seat != c->side)
			c->left_us[seat] += share_us(c, seat, taken_us);
	c->left_us[c->side] = s.left_us;
	c->periods[c->side] = s.periods;
	c->spent_us += used_us;
}

static int64_t used_us(const struct game_clock *c, int64_t now_us)
{
	return now_us > c->started_us ? now_us - c->started_us : 0;
}

void game_clock_hold(struct game_clock *c, int64_t held_us, int64_t from_us)
{
	if (c->side >= 0)
		take_off(c, held_us);
	else
		c->spent_us += held_us;
	c->started_us = from_us;
}

/* ---- what comes with a move ---- */

/* What a turn does not take with it, however it ends: days, a period that was not used up, a delay. */
static void refill(struct game_clock *c, int side)
{
	const struct game_control *control = &c->control;
	int64_t *left_us = &c->left_us[side];

	switch (control->kind) {
	case GAME_UNLIMITED:
	case GAME_FISCHER:
	case GAME_DELAY:
	case GAME_HOURGLASS: break;
	case GAME_BRONSTEIN:
		*left_us += c->spent_us < bonus_us(c, side) ? c->spent_us : bonus_us(c, side);
		break;
	case GAME_BYOYOMI:
		if (c->periods[side] < control->periods)
			*left_us = control->period_ms * MS_US;
		break;
	case GAME_CORRESPONDENCE: *left_us = first_us(control); break;
	}
}

static void give(struct game_clock *c, int side)
{
	refill(c, side);
	if (c->control.kind == GAME_FISCHER)
		c->left_us[side] += bonus_us(c, side);
}

static void count(struct game_clock *c, int side)
{
	INVARIANT(side >= 0 && side < c->seats);
	c->moves[side]++;
	c->left_us[side] += game_control_stage_time_ms(&c->control, c->moves[side]) * MS_US;
}

struct game_turn game_clock_run_on(const struct game_clock *c, int side)
{
	const struct game_lag *lag = &c->lag[side];

	return (struct game_turn){ .lag_us = lag->last_us, .quota_us = lag->quota_us };
}

struct game_turn game_clock_count(struct game_clock *c, int side, int64_t lag_us)
{
	count(c, side);
	game_lag_note(&c->lag[side], lag_us);
	return game_clock_run_on(c, side);
}

struct game_turn game_clock_press(struct game_clock *c, int next, int64_t now_us, int64_t lag_us)
{
	struct game_turn turn = { 0 };
	int side = c->side;

	if (side < 0)
		return turn;
	turn.forgiven_us = game_lag_take(&c->lag[side], lag_us, used_us(c, now_us));
	take_off(c, used_us(c, now_us) - turn.forgiven_us);
	turn.used_us = c->spent_us;
	turn.lag_us = c->lag[side].last_us;
	turn.quota_us = c->lag[side].quota_us;
	if (c->left_us[side] > 0 || c->control.kind == GAME_UNLIMITED) {
		give(c, side);
		count(c, side);
	}
	game_clock_start(c, next, now_us);
	return turn;
}

void game_clock_hand(struct game_clock *c, int next, int64_t now_us)
{
	if (c->side < 0)
		return;
	take_off(c, used_us(c, now_us));
	if (c->left_us[c->side] > 0)
		refill(c, c->side);
	game_clock_start(c, next, now_us);
}

void game_clock_stop(struct game_clock *c, int64_t now_us)
{
	if (c->side >= 0)
		take_off(c, used_us(c, now_us));
	game_clock_start(c, -1, now_us);
}

/* ---- what is left ---- */

int64_t game_clock_left_us(const struct game_clock *c, int side, int64_t now_us)
{
	struct standing s;

	INVARIANT(side >= 0 && side < c->seats);
	if (c->control.kind == GAME_UNLIMITED)
		return GAME_FOREVER_US;
	if (c->side < 0)
		return c->left_us[side];
	s = behind(c, used_us(c, now_us));
	if (side == c->side)
		return s.left_us;
	return c->left_us[side] + share_us(c, side, c->left_us[c->side] - s.left_us);
}

int game_clock_periods(const struct game_clock *c, int side, int64_t now_us)
{
	INVARIANT(side >= 0 && side < c->seats);
	return side == c->side ? behind(c, used_us(c, now_us)).periods : c->periods[side];
}

int64_t game_clock_room_us(const struct game_clock *c)
{
	int64_t delay_us;

	if (c->side < 0 || c->control.kind == GAME_UNLIMITED)
		return GAME_FOREVER_US;
	delay_us = c->control.kind == GAME_DELAY ? bonus_us(c, c->side) - c->spent_us : 0;
	return c->left_us[c->side] + (delay_us > 0 ? delay_us : 0) +
	       c->periods[c->side] * (c->control.period_ms * MS_US);
}

bool game_clock_out(const struct game_clock *c, int64_t now_us, int64_t lag_us)
{
	int64_t room_us = game_clock_room_us(c), turn_us = used_us(c, now_us);

	return room_us != GAME_FOREVER_US &&
	       turn_us - game_lag_forgives(&c->lag[c->side], lag_us, turn_us) >= room_us;
}

int64_t game_clock_flag_in_us(const struct game_clock *c, int64_t now_us)
{
	int64_t room_us = game_clock_room_us(c), falls_us;

	if (room_us == GAME_FOREVER_US)
		return GAME_FOREVER_US;
	falls_us = c->started_us + room_us + game_lag_grace_us(&c->lag[c->side]);
	return falls_us > now_us ? falls_us - now_us : 0;
}

/* ---- stored ---- */

static void write_row(struct json_writer *w, const char *name, const int64_t *row, int n)
{
	json_name(w, name);
	json_open_array(w);
	for (int i = 0; i < n; i++)
		json_i64(w, row[i]);
	json_close_array(w);
}

/* An array of one number for each seat, none below 0; where there is none, the row stays. */
static bool read_row(const struct json *o, const char *name, int64_t *row, int n)
{
	const struct json *array = json_get(o, name), *value;

	if (!array)
		return true;
	if (array->type != JSON_ARRAY || array->count != (size_t)n)
		return false;
	value = array->child;
	for (int i = 0; i < n; i++, value = value->next)
		if (json_as_i64(value, 0, INT64_C(1) << 53, &row[i]) < 0)
			return false;
	return true;
}

/* One row for each number that a seat has. */
enum row {
	ROW_LEFT,
	ROW_MOVES,
	ROW_PERIODS,
	ROW_QUOTA,
	ROW_LAG,
	ROWS,
};
static const char *const row_names[ROWS] = { "left_us", "moves", "periods", "quota_us", "lag_us" };

static void rows_of(const struct game_clock *c, int64_t rows[ROWS][GAME_SEATS_MAX])
{
	for (int seat = 0; seat < c->seats; seat++) {
		rows[ROW_LEFT][seat] = c->left_us[seat];
		rows[ROW_MOVES][seat] = c->moves[seat];
		rows[ROW_PERIODS][seat] = c->periods[seat];
		rows[ROW_QUOTA][seat] = c->lag[seat].quota_us;
		rows[ROW_LAG][seat] = c->lag[seat].last_us;
	}
}

void game_clock_write(struct json_writer *w, const struct game_clock *c)
{
	int64_t rows[ROWS][GAME_SEATS_MAX];

	rows_of(c, rows);
	json_open_object(w);
	for (int i = 0; i < ROWS; i++)
		write_row(w, row_names[i], rows[i], c->seats);
	if (c->spent_us > 0) {
		json_put_i64(w, "spent_us", c->spent_us);
		json_put_i64(w, "since_us", c->started_us);
	}
	json_close_object(w);
}

/* What a turn has used that is taken off already, and since when it runs on; neither need be there. */
static bool read_spent(const struct json *o, struct game_clock *c)
{
	const struct json *spent = json_get(o, "spent_us"), *since = json_get(o, "since_us");

	return (!spent && !since) ||
	       (spent && since && json_as_i64(spent, 0, INT64_C(1) << 53, &c->spent_us) == 0 &&
		       json_as_i64(since, 0, INT64_C(1) << 53, &c->started_us) == 0);
}

int game_clock_read(const struct json *o, struct game_clock *c)
{
	int64_t rows[ROWS][GAME_SEATS_MAX];
	struct game_clock read = *c;

	if (!json_get(o, row_names[ROW_LEFT]))
		return HEARTH_EINVAL;
	rows_of(c, rows);
	for (int i = 0; i < ROWS; i++)
		if (!read_row(o, row_names[i], rows[i], c->seats))
			return HEARTH_EINVAL;
	if (!read_spent(o, &read))
		return HEARTH_EINVAL;
	for (int seat = 0; seat < c->seats; seat++) {
		if (rows[ROW_MOVES][seat] > INT32_MAX / 2 ||
			rows[ROW_PERIODS][seat] > c->control.periods)
			return HEARTH_EINVAL;
		read.left_us[seat] = rows[ROW_LEFT][seat];
		read.moves[seat] = (int)rows[ROW_MOVES][seat];
		read.periods[seat] = (int)rows[ROW_PERIODS][seat];
		game_lag_restore(&read.lag[seat], rows[ROW_QUOTA][seat], rows[ROW_LAG][seat]);
	}
	*c = read;
	return 0;
}

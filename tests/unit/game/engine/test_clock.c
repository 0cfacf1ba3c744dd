/*
 * test_clock.c: what each kind of clock takes and gives, beside a model that counts every millisecond
 * for itself; what it forgives a slow network; and that a stored clock goes on as it was.
 */
#include "harness.h"

#include "engine/clock.h"
#include "hearth/error.h"

#define MS     INT64_C(1000)
#define SECOND INT64_C(1000000)

static struct game_clock clk;

static struct game_control control_of(const char *text)
{
	struct game_control c;
	const char *why;

	ck_assert_msg(game_control_parse(slice_str(text), &c, &why) == 0, "%s", text);
	return c;
}

static void begin(const char *text, int seats)
{
	struct game_control c = control_of(text);

	game_clock_init(&clk, &c, seats);
}

/* ---- by hand ---- */

START_TEST(fischer_adds_with_each_move)
{
	begin("60+2", 2);
	ck_assert_int_eq(game_clock_flag_in_us(&clk, 0), GAME_FOREVER_US);
	game_clock_start(&clk, 0, 0);
	ck_assert_int_eq(game_clock_press(&clk, 1, 10 * SECOND, 0).used_us, 10 * SECOND);
	ck_assert_int_eq(clk.left_us[0], 52 * SECOND);
	ck_assert_int_eq(game_clock_left_us(&clk, 1, 15 * SECOND), 55 * SECOND);
	ck_assert_int_eq(game_clock_flag_in_us(&clk, 15 * SECOND), 55 * SECOND);
	ck_assert(!game_clock_out(&clk, 70 * SECOND - 1, 0));
	ck_assert(game_clock_out(&clk, 70 * SECOND, 0));
	/* Whose time was over is given nothing. */
	game_clock_press(&clk, 0, 71 * SECOND, 0);
	ck_assert_int_eq(clk.left_us[1], 0);
	game_clock_stop(&clk, 80 * SECOND);
	ck_assert_int_eq(clk.left_us[0], 43 * SECOND);
	ck_assert_int_eq(game_clock_left_us(&clk, 0, 99 * SECOND), 43 * SECOND);
	/* Who has increments alone begins with one. */
	begin("0+3", 2);
	ck_assert_int_eq(clk.left_us[1], 3 * SECOND);
}
END_TEST

START_TEST(bronstein_gives_back_and_a_delay_waits)
{
	begin("60b5", 2);
	game_clock_start(&clk, 0, 0);
	game_clock_press(&clk, 1, 3 * SECOND, 0);
	ck_assert_int_eq(clk.left_us[0], 60 * SECOND);
	game_clock_press(&clk, 0, 11 * SECOND, 0);
	ck_assert_int_eq(clk.left_us[1], 57 * SECOND);
	begin("60d5", 2);
	game_clock_start(&clk, 0, 0);
	ck_assert_int_eq(game_clock_left_us(&clk, 0, 5 * SECOND), 60 * SECOND);
	ck_assert_int_eq(game_clock_left_us(&clk, 0, 6 * SECOND), 59 * SECOND);
	ck_assert_int_eq(game_clock_flag_in_us(&clk, 6 * SECOND), 59 * SECOND);
	ck_assert(!game_clock_out(&clk, 65 * SECOND - 1, 0));
	ck_assert(game_clock_out(&clk, 65 * SECOND, 0));
	ck_assert_int_eq(game_clock_press(&clk, 1, 8 * SECOND, 0).used_us, 8 * SECOND);
	ck_assert_int_eq(clk.left_us[0], 57 * SECOND);
	/* A delay that was used up before a restart is not had again. */
	game_clock_hold(&clk, 4 * SECOND, 20 * SECOND);
	ck_assert_int_eq(game_clock_left_us(&clk, 1, 21 * SECOND), 60 * SECOND);
	ck_assert_int_eq(game_clock_room_us(&clk), 61 * SECOND);
	ck_assert_int_eq(game_clock_left_us(&clk, 1, 22 * SECOND), 59 * SECOND);
}
END_TEST

START_TEST(stages_count_the_moves_before_the_clock_ran)
{
	begin("2/60+1:30", 2);
	game_clock_count(&clk, 0, 0);
	game_clock_count(&clk, 1, 0);
	ck_assert_int_eq(clk.left_us[0], 60 * SECOND);
	game_clock_start(&clk, 0, 0);
	game_clock_press(&clk, 1, SECOND, 0);
	ck_assert_int_eq(clk.left_us[0], 90 * SECOND);
	game_clock_press(&clk, 0, 3 * SECOND, 0);
	game_clock_press(&clk, 1, 4 * SECOND, 0);
	ck_assert_int_eq(clk.left_us[0], 89 * SECOND);
	/* Moves are taken back: what was used is, and the stage does not begin again. */
	game_clock_hand(&clk, 0, 6 * SECOND);
	ck_assert_int_eq(clk.left_us[1], 56 * SECOND + 32 * SECOND - 1 * SECOND);
	game_clock_press(&clk, 1, 8 * SECOND, 0);
	ck_assert_int_eq(clk.left_us[0], 87 * SECOND);
}
END_TEST

START_TEST(byo_yomi_loses_only_periods_that_are_used_up)
{
	begin("10+3x5", 2);
	game_clock_start(&clk, 0, 0);
	ck_assert_int_eq(game_clock_room_us(&clk), 25 * SECOND);
	game_clock_press(&clk, 1, 12 * SECOND, 0); /* into the first period */
	ck_assert_int_eq(clk.left_us[0], 5 * SECOND);
	ck_assert_int_eq(clk.periods[0], 2);
	game_clock_press(&clk, 0, 13 * SECOND, 0);
	game_clock_press(&clk, 1, 13 * SECOND + 4999 * MS, 0);
	ck_assert_int_eq(clk.periods[0], 2);
	ck_assert_int_eq(clk.left_us[0], 5 * SECOND);
	game_clock_start(&clk, 0, 20 * SECOND);
	ck_assert_int_eq(game_clock_left_us(&clk, 0, 25 * SECOND), 5 * SECOND);
	ck_assert_int_eq(game_clock_periods(&clk, 0, 25 * SECOND), 1);
	ck_assert_int_eq(game_clock_left_us(&clk, 0, 32 * SECOND), 3 * SECOND);
	ck_assert_int_eq(game_clock_periods(&clk, 0, 32 * SECOND), 0);
	ck_assert(!game_clock_out(&clk, 35 * SECOND - 1, 0));
	ck_assert(game_clock_out(&clk, 35 * SECOND, 0));
	game_clock_press(&clk, 1, 34 * SECOND, 0);
	ck_assert_int_eq(clk.left_us[0], 5 * SECOND);
	ck_assert_int_eq(clk.periods[0], 0);
	begin("0+2x5", 2); /* periods from the start */
	ck_assert_int_eq(clk.left_us[0], 5 * SECOND);
	ck_assert_int_eq(clk.periods[0], 1);
}
END_TEST

START_TEST(an_hourglass_gives_what_it_takes)
{
	begin("*60", 2);
	game_clock_start(&clk, 0, 0);
	ck_assert_int_eq(game_clock_left_us(&clk, 1, 10 * SECOND), 70 * SECOND);
	game_clock_press(&clk, 1, 10 * SECOND, 0);
	ck_assert_int_eq(clk.left_us[0], 50 * SECOND);
	ck_assert_int_eq(clk.left_us[1], 70 * SECOND);
	game_clock_stop(&clk, 999 * SECOND);
	ck_assert_int_eq(clk.left_us[0], 120 * SECOND);
	begin("*60", 4);
	game_clock_start(&clk, 2, 0);
	game_clock_press(&clk, 3, 10 * SECOND, 0);
	ck_assert_int_eq(clk.left_us[2], 50 * SECOND);
	ck_assert_int_eq(clk.left_us[0] + clk.left_us[1] + clk.left_us[3], 190 * SECOND);
}
END_TEST

START_TEST(days_come_anew_and_no_limit_is_none)
{
	const int64_t day = GAME_DAY_S * SECOND;

	begin("1/172800", 2);
	game_clock_start(&clk, 0, 0);
	game_clock_press(&clk, 1, day, 0);
	ck_assert_int_eq(clk.left_us[0], 2 * day);
	ck_assert(game_clock_out(&clk, 3 * day, 0));
	ck_assert_int_eq(clk.lag[0].quota_us, 0);
	begin("-", 2);
	game_clock_start(&clk, 0, 0);
	ck_assert(!game_clock_out(&clk, 1000 * day, 0));
	ck_assert_int_eq(game_clock_left_us(&clk, 0, day), GAME_FOREVER_US);
	ck_assert_int_eq(game_clock_flag_in_us(&clk, 1000 * day), GAME_FOREVER_US);
	ck_assert_int_eq(game_clock_press(&clk, 1, day, 0).used_us, day);
	ck_assert_int_eq(clk.moves[0], 1);
}
END_TEST

START_TEST(a_turn_that_is_handed_on_leaves_what_each_turn_has)
{
	const int64_t day = GAME_DAY_S * SECOND;

	begin("1/259200", 2);
	game_clock_start(&clk, 0, 0);
	game_clock_hand(&clk, 1, 3 * day - 3600 * SECOND);
	ck_assert_int_eq(clk.left_us[0], 3 * day);
	game_clock_hand(&clk, 1, 7 * day); /* which was used up: nothing comes back */
	ck_assert_int_eq(clk.left_us[1], 0);
	begin("10+3x30", 2);
	game_clock_start(&clk, 0, 0);
	game_clock_hand(&clk, 1, 4 * SECOND); /* main time stays used */
	ck_assert_int_eq(clk.left_us[0], 6 * SECOND);
	game_clock_hand(&clk, 0, 4 * SECOND);
	game_clock_hand(&clk, 1, 37 * SECOND);
	ck_assert_int_eq(clk.left_us[0], 30 * SECOND);
	ck_assert_int_eq(clk.periods[0], 2);
	begin("60b5", 2); /* as with a delay, where what is within it is not taken at all */
	game_clock_start(&clk, 0, 0);
	game_clock_hand(&clk, 1, 7 * SECOND);
	ck_assert_int_eq(clk.left_us[0], 58 * SECOND);
	begin("60+5", 2);
	game_clock_start(&clk, 0, 0);
	game_clock_hand(&clk, 1, 7 * SECOND);
	ck_assert_int_eq(clk.left_us[0], 53 * SECOND);
}
END_TEST

/* ---- lag ---- */

/* Black answers so often after `think` s and a lag of so many; what is left, in hundredths. */
static int64_t after(const char *control, int think_cs, const int *lags_cs, int n)
{
	int64_t now_us = 0;

	begin(control, 2);
	game_clock_start(&clk, 1, now_us);
	for (int i = 0; i < n; i++) {
		now_us += (think_cs + lags_cs[i]) * 10 * MS;
		game_clock_press(&clk, 0, now_us, lags_cs[i] * 10 * MS);
		game_clock_press(&clk, 1, now_us, 0);
	}
	return clk.left_us[1] / (10 * MS);
}

#define AFTER(control, think, ...)                          \
	after(control, think, (const int[]){ __VA_ARGS__ }, \
		(int)(sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int)))

START_TEST(lag_is_forgiven_by_a_quota)
{
	ck_assert_int_eq(AFTER("600", 0, 400), 59900);
	ck_assert_int_eq(AFTER("600", 100, 400), 59800);
	ck_assert_int_eq(AFTER("600", 0, 300, 300), 59800);
	ck_assert_int_eq(AFTER("600", 0, 0, 0, 0, 0, 0, 0, 0, 0, 800), 59900);
	ck_assert_int_eq(AFTER("600", 0, 0, 0, 0, 0, 0, 500, 600), 59700);
	ck_assert_int_eq(AFTER("600", 0, 0, 0, 0, 0, 0, 500, 500, 500), 59400);
	ck_assert_int_eq(AFTER("60", 0, 0, 300), 5856);
	ck_assert_int_eq(AFTER("60", 0, 0, 0, 0, 0, 700), 5573);
}
END_TEST

START_TEST(a_quota_is_as_the_control_has_it)
{
	static const struct {
		const char *control;
		int gain_ms;
	} rows[] = { { "15", 210 }, { "30", 270 }, { "0+1", 310 }, { "60", 390 }, { "120+1", 790 },
		{ "180", 870 }, { "213", 1000 }, { "5400+30", 1000 }, { "1/86400", 0 },
		{ "-", 0 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(rows[i].control, 2);
		ck_assert_int_eq(clk.lag[0].gain_us, rows[i].gain_ms * MS);
		ck_assert_int_eq(clk.lag[1].quota_us, rows[i].gain_ms * 3 * MS);
	}
}
END_TEST

/* A flag waits as long as a move that may be on its way would be forgiven, and no longer. */
START_TEST(a_flag_waits_for_lag)
{
	const int64_t lag_us = 10 * SECOND; /* more than any quota */

	begin("60", 2);
	game_clock_start(&clk, 1, 0);
	ck_assert(game_clock_out(&clk, 60 * SECOND, 0));
	ck_assert(!game_clock_out(&clk, 60 * SECOND, lag_us));
	ck_assert(game_clock_out(&clk, 61900 * MS, lag_us));
	ck_assert_int_eq(game_clock_flag_in_us(&clk, 0), 60 * SECOND);
	game_lag_note(&clk.lag[1], 80 * MS);
	ck_assert_int_eq(game_clock_flag_in_us(&clk, 0), 60080 * MS);
	game_lag_note(&clk.lag[1], lag_us);
	ck_assert_int_eq(game_clock_flag_in_us(&clk, 0), 61170 * MS);
	begin("600", 2);
	game_clock_start(&clk, 1, 0);
	game_lag_note(&clk.lag[1], INT64_MAX);
	ck_assert_int_eq(game_clock_flag_in_us(&clk, 0), 602 * SECOND);
	game_lag_note(&clk.lag[1], -5);
	ck_assert_int_eq(game_clock_flag_in_us(&clk, 0), 600 * SECOND);
}
END_TEST

/* Who claims a lag without end gains no more than the quota, and then what comes with each move. */
START_TEST(a_claimed_lag_gains_little)
{
	int64_t now_us = 0, forgiven_us = 0;

	begin("60", 2);
	game_clock_start(&clk, 0, 0);
	for (int i = 0; i < 50; i++) {
		struct game_turn turn = game_clock_press(&clk, 0, now_us += SECOND, INT64_MAX);

		ck_assert_int_eq(turn.used_us + turn.forgiven_us, SECOND);
		forgiven_us += turn.forgiven_us;
		ck_assert_int_ge(clk.lag[0].quota_us, 0);
		ck_assert_int_le(clk.lag[0].quota_us, 7 * 390 * MS);
	}
	ck_assert_int_le(forgiven_us, (3 + 50) * 390 * MS);
	/* An answer that is quicker than the lag is free, and gains nothing. */
	begin("60", 2);
	game_clock_start(&clk, 0, 0);
	ck_assert_int_eq(game_clock_press(&clk, 1, 20 * MS, SECOND).forgiven_us, 20 * MS);
	ck_assert_int_eq(clk.left_us[0], 60 * SECOND);
}
END_TEST

/* ---- beside a model ---- */

static unsigned chance = 12345;

static int below(int n)
{
	chance = chance * 1103515245u + 12345u;
	return (int)((chance >> 8) % (unsigned)n);
}

/* Milliseconds, one at a time. */
struct model {
	const struct game_control *c;
	int64_t left[2], quota[2], gain, used;
	int periods[2], moves[2];
	bool out;
};

static int64_t model_bonus(const struct model *m, int side)
{
	int begun = 0;

	for (int i = 0; i < m->c->stage_count; i++) {
		if (i == m->c->stage_count - 1 || m->moves[side] < begun + m->c->stages[i].moves)
			return m->c->stages[i].bonus_ms;
		begun += m->c->stages[i].moves;
	}
	return 0;
}

static void model_begin(struct model *m, const struct game_control *c)
{
	int64_t estimate = game_control_estimate_s(c);

	*m = (struct model){ .c = c };
	m->gain = estimate >= 21600 ? 0 : 150 + 4 * estimate < 1000 ? 150 + 4 * estimate : 1000;
	for (int side = 0; side < 2; side++) {
		m->left[side] = c->kind == GAME_CORRESPONDENCE ? c->days * INT64_C(86400000)
							       : c->stages[0].time_ms;
		m->periods[side] = c->periods;
		m->quota[side] = 3 * m->gain;
	}
}

static void model_tick(struct model *m, int side)
{
	m->used++;
	if (m->out || m->c->kind == GAME_UNLIMITED)
		return;
	if (m->c->kind == GAME_DELAY && m->used <= model_bonus(m, side))
		return;
	if (m->c->kind == GAME_HOURGLASS)
		m->left[!side]++;
	if (--m->left[side] > 0)
		return;
	if (m->periods[side] > 0) {
		m->periods[side]--;
		m->left[side] = m->c->period_ms;
	} else {
		m->out = true;
	}
}

static void model_press(struct model *m, int side, int64_t forgiven)
{
	int64_t bonus = model_bonus(m, side);
	int begun = 0;

	m->quota[side] += m->gain - forgiven;
	if (m->quota[side] > 7 * m->gain)
		m->quota[side] = 7 * m->gain;
	if (m->c->kind == GAME_FISCHER)
		m->left[side] += bonus;
	if (m->c->kind == GAME_BRONSTEIN)
		m->left[side] += m->used < bonus ? m->used : bonus;
	if (m->c->kind == GAME_BYOYOMI && m->periods[side] < m->c->periods)
		m->left[side] = m->c->period_ms;
	if (m->c->kind == GAME_CORRESPONDENCE)
		m->left[side] = m->c->days * INT64_C(86400000);
	m->moves[side]++;
	for (int i = 0; i + 1 < m->c->stage_count; i++) {
		begun += m->c->stages[i].moves;
		if (m->moves[side] == begun)
			m->left[side] += m->c->stages[i + 1].time_ms;
	}
	m->used = 0;
}

/* One turn: perhaps broken by a restart, perhaps with lag. False: the flag fell. */
static bool play_turn(struct model *m, int side, int64_t *now)
{
	int64_t turn = below(5) ? below(2000) : below(12000), held = 0;
	int64_t lag = below(3) ? 0 : below(1500), forgiven;
	struct game_turn told;

	if (below(10) == 0 && turn > 0) {
		held = below((int)turn);
		game_clock_hold(&clk, held * MS, (*now + held + 5000) * MS);
		*now += 5000;
	}
	forgiven = lag < m->quota[side] ? lag : m->quota[side];
	if (forgiven > turn - held)
		forgiven = turn - held;
	for (int64_t t = 0; t < turn - forgiven; t++)
		model_tick(m, side);
	*now += turn;
	ck_assert_int_eq(game_clock_out(&clk, *now * MS, lag * MS), m->out);
	if (m->out)
		return false;
	told = game_clock_press(&clk, !side, *now * MS, lag * MS);
	ck_assert_int_eq(told.forgiven_us, forgiven * MS);
	ck_assert_int_eq(told.used_us, (turn - forgiven) * MS);
	model_press(m, side, forgiven);
	return true;
}

static void check_same(const struct model *m)
{
	for (int side = 0; side < 2 && m->c->kind != GAME_UNLIMITED; side++) {
		ck_assert_int_eq(clk.left_us[side], m->left[side] * MS);
		ck_assert_int_eq(clk.periods[side], m->periods[side]);
		ck_assert_int_eq(clk.moves[side], m->moves[side]);
		ck_assert_int_eq(clk.lag[side].quota_us, m->quota[side] * MS);
	}
}

START_TEST(clocks_add_up_to_the_millisecond)
{
	static const char *const controls[] = { "30", "20+1", "10+0.1", "20b2", "15d1.5",
		"3/10+1:4/5+0.5:6", "4/15d0.7:10d2", "5/9b1:8", "10+3x4", "2+5x2.5", "*20",
		"1/86400", "-" };

	for (int round = 0; round < 40; round++)
		for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
			struct game_control c = control_of(controls[i]);
			int64_t now = 1000;
			struct model m;
			int side = 0;

			game_clock_init(&clk, &c, 2);
			model_begin(&m, &c);
			game_clock_start(&clk, side, now * MS);
			for (int turn = 0; turn < 60 && play_turn(&m, side, &now); turn++) {
				check_same(&m);
				side = !side;
			}
		}
}
END_TEST

/* With an hourglass of any number of seats nothing is lost, however it is divided. */
START_TEST(an_hourglass_keeps_its_sand)
{
	for (int seats = 2; seats <= GAME_SEATS_MAX; seats++) {
		int64_t now_us = 0;
		int side = 0;

		begin("*5", seats);
		game_clock_start(&clk, 0, 0);
		for (int turn = 0; turn < 200; turn++) {
			int64_t sum_us = 0;

			side = (side + 1 + below(seats - 1)) % seats;
			game_clock_press(&clk, side, now_us += below(1000000), 0);
			for (int seat = 0; seat < seats; seat++)
				sum_us += game_clock_left_us(&clk, seat, now_us + below(1000));
			ck_assert_int_ge(sum_us, seats * 5 * SECOND - 8000);
			sum_us = 0;
			for (int seat = 0; seat < seats; seat++)
				sum_us += clk.left_us[seat];
			ck_assert_int_eq(sum_us, seats * 5 * SECOND);
		}
	}
}
END_TEST

/* ---- stored ---- */

static int read_clock(const char *text, struct game_clock *c)
{
	struct arena *a = arena_new();
	struct json *doc;
	int rc;

	ck_assert_int_eq(json_read(a, slice_str(text), &doc, NULL), 0);
	rc = game_clock_read(doc, c);
	arena_free(&a);
	return rc;
}

START_TEST(a_stored_clock_goes_on_as_it_was)
{
	struct strbuf out = { 0 }, copy = { 0 };
	struct game_clock again;
	struct json_writer w;

	begin("10+3x5", 2);
	game_clock_start(&clk, 0, 0);
	game_clock_press(&clk, 1, 12 * SECOND, 200 * MS);
	game_clock_stop(&clk, 13 * SECOND);
	json_writer_init(&w, &out);
	game_clock_write(&w, &clk);
	ck_assert_str_eq(out.p, "{\"left_us\":[5000000,9000000],\"moves\":[1,0],\"periods\":[2,3],"
				"\"quota_us\":[3760000,2970000],\"lag_us\":[200000,0]}");
	game_clock_init(&again, &clk.control, 2);
	ck_assert_int_eq(read_clock(out.p, &again), 0);
	json_writer_init(&w, &copy);
	game_clock_write(&w, &again);
	ck_assert_str_eq(copy.p, out.p);
	ck_assert(again.side == clk.side && again.spent_us == clk.spent_us);
	strbuf_free(&copy);
	strbuf_free(&out);
}
END_TEST

START_TEST(what_is_no_clock_is_not_read)
{
	static const char *const bad[] = { "[]", "{}",
		"{\"left_us\":[1],\"moves\":[0,0],\"periods\":[0,0],\"quota_us\":[0,0],\"lag_us\":["
		"0,0]}",
		"{\"left_us\":[1,-1],\"moves\":[0,0],\"periods\":[0,0],\"quota_us\":[0,0],\"lag_"
		"us\":[0,0]}",
		"{\"left_us\":[1,1],\"moves\":[0,0],\"periods\":[0,1],\"quota_us\":[0,0],\"lag_"
		"us\":[0,0]}",
		"{\"left_us\":[1,1],\"moves\":[0,4000000000],\"periods\":[0,0],\"quota_us\":[0,0],"
		"\"lag_us\":[0,0]}",
		"{\"left_us\":[1,1],\"moves\":[0,\"1\"],\"periods\":[0,0],\"quota_us\":[0,0],\"lag_"
		"us\":[0,0]}" };
	struct game_clock before;

	begin("300", 2);
	before = clk;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(read_clock(bad[i], &clk) == HEARTH_EINVAL, "%s", bad[i]);
		ck_assert(memcmp(&clk, &before, sizeof(clk)) == 0);
	}
	/* What was stored before there were stages and quotas has those of the beginning. */
	ck_assert_int_eq(read_clock("{\"left_us\":[7000000,8000000]}", &clk), 0);
	ck_assert_int_eq(clk.left_us[1], 8 * SECOND);
	ck_assert_int_eq(clk.lag[1].quota_us, before.lag[1].quota_us);
	/* No quota is larger than it may grow, whoever wrote it. */
	ck_assert_int_eq(read_clock("{\"left_us\":[1,1],\"moves\":[0,0],\"periods\":[0,0],"
				    "\"quota_us\":[0,9000000000],\"lag_us\":[0,9000000000]}",
				 &clk),
		0);
	ck_assert_int_eq(clk.lag[1].quota_us, 7 * SECOND);
	ck_assert_int_eq(clk.lag[1].last_us, GAME_LAG_MAX_US);
}
END_TEST

TEST_MAIN("clock", fischer_adds_with_each_move, bronstein_gives_back_and_a_delay_waits,
	stages_count_the_moves_before_the_clock_ran, byo_yomi_loses_only_periods_that_are_used_up,
	an_hourglass_gives_what_it_takes, days_come_anew_and_no_limit_is_none,
	a_turn_that_is_handed_on_leaves_what_each_turn_has, lag_is_forgiven_by_a_quota,
	a_quota_is_as_the_control_has_it, a_flag_waits_for_lag, a_claimed_lag_gains_little,
	clocks_add_up_to_the_millisecond, an_hourglass_keeps_its_sand,
	a_stored_clock_goes_on_as_it_was, what_is_no_clock_is_not_read)

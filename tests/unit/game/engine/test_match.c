/*
 * test_match.c: what two players may do to a match, and what time does, without shard or database:
 * offers, claims, leaving, aborting.
 */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "../rounds.h"
#include "engine/try_private.h"
#include "hearth/error.h"
#include "wire/frames.h"

#define SECOND INT64_C(1000000)

static struct match *m;
static int64_t now_us;

static struct match_start start_of(const struct game_rules *rules)
{
	return (struct match_start){ .rules = rules,
		.seats = 2,
		.accounts = { 1, 2 },
		.names = { "Ánna", "" },
		.control = game_control_fischer(60000, 0) };
}

static void begin(void)
{
	const struct match_start start = start_of(game_rules_find(SLICE("chess")));
	const char *why;

	match_free(&m);
	now_us = 1000 * SECOND;
	m = match_new(7, &start, now_us, &why);
	ck_assert_ptr_nonnull(m);
}

/* Takes a step that must be possible. */
static void take(int rc, struct match_step *step)
{
	ck_assert_int_eq(rc, 0);
	match_take(m, step, now_us);
}

static void move(const char *text)
{
	struct match_step step;
	const char *why;

	take(match_try_move(m, m->ply % 2, slice_str(text), false, now_us, 0, &step, &why), &step);
}

static void moves(const char *text)
{
	struct slice rest = slice_str(text);

	while (rest.n > 0) {
		struct slice word = slice_split(&rest, ' ');
		char one[8];

		snprintf(one, sizeof(one), "%.*s", SLICE_ARG(word));
		move(one);
	}
}

static int draw(int seat)
{
	struct match_step step;
	const char *why;
	int rc = match_try_draw(m, seat, now_us, &step, &why);

	if (rc == 0)
		match_take(m, &step, now_us);
	return rc;
}

START_TEST(an_offer_stands_until_the_other_answers_or_moves)
{
	struct match_step step;
	const char *why;

	begin();
	moves("e2e4 e7e5");
	ck_assert_int_eq(draw(0), 0);
	ck_assert_int_eq(m->offers[MATCH_DRAW].by, 0);
	ck_assert_int_eq(draw(0), HEARTH_EEXIST);
	move("g1f3");
	ck_assert_int_eq(m->offers[MATCH_DRAW].by, 0);
	move("b8c6");
	ck_assert_int_eq(m->offers[MATCH_DRAW].by, -1);

	ck_assert_int_eq(draw(0), 0);
	take(match_try_decline(m, 1, MATCH_DRAW, &step, &why), &step);
	ck_assert_int_eq(m->offers[MATCH_DRAW].by, -1);
	ck_assert_int_eq(match_try_decline(m, 1, MATCH_DRAW, &step, &why), HEARTH_EDENIED);
	/* Not again before a move of one's own and the answer to it. */
	ck_assert_int_eq(draw(0), HEARTH_EBUSY);
	move("f3g1");
	ck_assert_int_eq(draw(0), HEARTH_EBUSY);
	move("c6b8");
	ck_assert_int_eq(draw(0), 0);
	ck_assert_int_eq(draw(1), 0);
	ck_assert(m->over && match_winner(m) == GAME_NOBODY);
	ck_assert_str_eq(m->reason, "agreement");
	ck_assert_int_eq(m->offers[MATCH_DRAW].by, -1);
}
END_TEST

/* With a move, too, an offer is made only where it could be made behind it. */
START_TEST(a_move_offers_no_more_than_one_may)
{
	struct match_step step;
	const char *why;

	begin();
	moves("e2e4 e7e5");
	ck_assert_int_eq(draw(0), 0);
	/* It stands: nothing is added to it. */
	take(match_try_move(m, 0, SLICE("g1f3"), true, now_us, 0, &step, &why), &step);
	ck_assert_int_eq(m->seq, 4);
	ck_assert_int_eq(m->offers[MATCH_DRAW].by, 0);
	move("b8c6");
	ck_assert_int_eq(draw(0), 0);
	take(match_try_decline(m, 1, MATCH_DRAW, &step, &why), &step);
	take(match_try_move(m, 0, SLICE("f3g1"), true, now_us, 0, &step, &why), &step);
	ck_assert_int_eq(m->ply, 5);
	ck_assert_int_eq(m->offers[MATCH_DRAW].by, -1);
	move("c6b8");
	take(match_try_move(m, 0, SLICE("g1f3"), true, now_us, 0, &step, &why), &step);
	ck_assert_int_eq(m->offers[MATCH_DRAW].by, 0);
}
END_TEST

/* Also by rules that know no claims. */
START_TEST(who_may_not_draw_is_told_why)
{
	const struct match_start start = start_of(game_rules_find(SLICE("connect-four")));
	struct match_step step;
	const char *why;

	match_free(&m);
	m = match_new(7, &start, now_us, &why);
	moves("4 3");
	ck_assert_int_eq(draw(0), 0);
	why = NULL;
	ck_assert_int_eq(match_try_draw(m, 0, now_us, &step, &why), HEARTH_EEXIST);
	ck_assert_ptr_nonnull(why);
	take(match_try_decline(m, 1, MATCH_DRAW, &step, &why), &step);
	why = NULL;
	ck_assert_int_eq(match_try_draw(m, 0, now_us, &step, &why), HEARTH_EBUSY);
	ck_assert_ptr_nonnull(why);
	why = NULL;
	ck_assert_int_eq(try_claim(m, 0, (struct slice){ 0 }, now_us, &step, &why), HEARTH_EDENIED);
	ck_assert_ptr_nonnull(why);
}
END_TEST

START_TEST(a_claim_by_the_move_about_to_be_made)
{
	struct match_step step;
	const char *why;

	begin();
	moves("g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1");
	/* Wrong: the move is made, and an offer stands. */
	take(match_try_move(m, 1, SLICE("a7a6"), true, now_us, 0, &step, &why), &step);
	ck_assert_int_eq(m->ply, 8);
	ck_assert_int_eq(m->offers[MATCH_DRAW].by, 1);
	ck_assert(!m->over);

	begin();
	moves("g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1");
	take(match_try_move(m, 1, SLICE("f6g8"), true, now_us, 0, &step, &why), &step);
	ck_assert_str_eq(m->reason, "threefold repetition");
	ck_assert_int_eq(m->ply, 7);

	/* No move at all, and one that is against the rules, claim nothing. */
	begin();
	ck_assert_int_eq(
		match_try_move(m, 0, SLICE("e2"), true, now_us, 0, &step, &why), HEARTH_EINVAL);
	ck_assert_int_eq(
		match_try_move(m, 0, SLICE("e2e5"), true, now_us, 0, &step, &why), HEARTH_EDENIED);
	ck_assert_int_eq(m->offers[MATCH_DRAW].by, -1);
}
END_TEST

static int takeback(int seat)
{
	struct match_step step;
	const char *why;
	int rc = match_try_takeback(m, seat, now_us, &step, &why);

	if (rc == 0)
		match_take(m, &step, now_us);
	return rc;
}

static void line_is(const char *text)
{
	struct strbuf line = { 0 };

	match_line(m, GAME_VIEWER_PUBLIC, false, &line);
	ck_assert_str_eq(line.n ? line.p : "", text);
	strbuf_free(&line);
}

START_TEST(moves_are_taken_back_where_both_agree)
{
	struct match_step step;
	const char *why;

	begin();
	ck_assert_int_eq(takeback(0), HEARTH_EDENIED);
	moves("e2e4 e7e5 g1f3");
	now_us += SECOND;
	/* Black's, and what followed it. */
	ck_assert_int_eq(takeback(1), 0);
	ck_assert_int_eq(takeback(1), HEARTH_EEXIST);
	line_is("e2e4 e7e5 g1f3");
	ck_assert_int_eq(takeback(0), 0);
	line_is("e2e4");
	ck_assert_int_eq(match_turn_in(m, m->state), 1);
	/* Black's time ran, for nothing; it is Black's turn, and goes on from there. */
	ck_assert_int_eq(m->clock.side, 1);
	ck_assert_int_eq(m->clock.left_us[1], 59 * SECOND);
	move("c7c5");
	line_is("e2e4 c7c5");
	ck_assert_int_eq(m->seq, 7);

	/* Declined, withdrawn, answered by a move: and not asked again before one's own. */
	ck_assert_int_eq(takeback(1), 0);
	take(match_try_decline(m, 0, MATCH_TAKEBACK, &step, &why), &step);
	ck_assert_int_eq(takeback(1), HEARTH_EBUSY);
	ck_assert_int_eq(takeback(0), 0);
	take(match_try_decline(m, 0, MATCH_TAKEBACK, &step, &why), &step);
	ck_assert_int_eq(m->offers[MATCH_TAKEBACK].by, -1);
	moves("g1f3 d7d6");
	ck_assert_int_eq(takeback(0), 0);
	move("d2d4");
	ck_assert_int_eq(m->offers[MATCH_TAKEBACK].by, -1);
	/* All that has happened is in the log, and leads here again. */
	line_is("e2e4 c7c5 g1f3 d7d6 d2d4");
}
END_TEST

/* ---- three at a table ---- */

static void begin_rounds(void)
{
	const struct match_start start = { .rules = &rounds_rules,
		.seats = 3,
		.accounts = { 1, 2, 3 },
		.names = { "A", "B", "C" },
		.control = game_control_fischer(60000, 0) };
	const char *why;

	match_free(&m);
	now_us = 0;
	m = match_new(9, &start, now_us, &why);
	for (int seat = 0; seat < 3; seat++) {
		struct match_step step;

		ck_assert(!match_begun(m) && m->clock.side < 0);
		take(match_try_move(m, seat, SLICE("a"), false, now_us, 0, &step, &why), &step);
	}
	ck_assert(match_begun(m) && m->clock.side == 0);
}

START_TEST(three_play_as_two_do)
{
	struct match_step step;
	struct buf *frame;
	const char *why;

	begin_rounds();
	now_us = SECOND;
	take(match_try_move(m, 0, SLICE("b"), false, now_us, 0, &step, &why), &step);
	ck_assert(m->clock.side == 1 && m->clock.left_us[0] == 59 * SECOND);
	take(match_try_move(m, 1, SLICE("last"), false, now_us, 0, &step, &why), &step);
	ck_assert(m->over && match_winner(m) == 1);
	frame = game_frame_ended(m, now_us);
	ck_assert_int_ge(slice_find(buf_slice(frame),
				 SLICE("\"scores\":{\"north\":0,\"east\":1,\"south\":0}")),
		0);
	buf_unref(&frame);

	/* A draw is agreed to by all; one says no, by a move, and it is off. */
	begin_rounds();
	ck_assert_int_eq(draw(2), 0);
	ck_assert_int_eq(draw(0), 0);
	ck_assert_int_eq(draw(0), HEARTH_EEXIST);
	ck_assert(!m->over);
	ck_assert_int_eq(draw(1), 0);
	ck_assert(m->over && match_winner(m) == GAME_NOBODY && m->scores[1] == GAME_DRAWN);

	begin_rounds();
	ck_assert_int_eq(draw(2), 0);
	take(match_try_move(m, 0, SLICE("b"), false, now_us, 0, &step, &why), &step);
	ck_assert_int_eq(m->offers[MATCH_DRAW].by, -1);
	/* Who gives up has lost; the others have drawn among themselves. */
	take(match_try_resign(m, 2, now_us, &step, &why), &step);
	ck_assert(m->scores[0] == GAME_DRAWN && m->scores[1] == GAME_DRAWN);
	ck_assert_int_eq(m->scores[2], GAME_LOST);

	/* The match is claimed when nobody else is there any more. */
	begin_rounds();
	m->gone_since_us[0] = now_us;
	ck_assert_int_eq(match_claim_in_us(m, 1, SECOND, now_us + SECOND), -1);
	m->gone_since_us[2] = now_us + SECOND;
	ck_assert_int_eq(match_claim_in_us(m, 1, SECOND, now_us + SECOND), SECOND);
	now_us += 2 * SECOND;
	take(match_try_left(m, 1, false, SECOND, now_us, &step, &why), &step);
	ck_assert_int_eq(match_winner(m), 1);
	match_free(&m);
}
END_TEST

START_TEST(before_both_have_moved_nobody_loses)
{
	struct match_step step;
	const char *why;

	begin();
	move("e2e4");
	take(match_try_resign(m, 1, now_us, &step, &why), &step);
	ck_assert_str_eq(m->status, "aborted");
	ck_assert_int_eq(match_winner(m), GAME_NOBODY);

	begin();
	moves("e2e4 e7e5");
	ck_assert_int_eq(match_try_abort(m, 0, now_us, &step, &why), HEARTH_EDENIED);
	take(match_try_resign(m, 1, now_us, &step, &why), &step);
	ck_assert_str_eq(m->status, "resign");
	ck_assert_int_eq(match_winner(m), 0);
	ck_assert_int_eq(match_try_abort(m, 0, now_us, &step, &why), HEARTH_EDENIED);
}
END_TEST

START_TEST(who_is_away_long_enough_can_be_claimed_against)
{
	struct match_step step;
	const char *why;

	begin();
	m->gone_since_us[1] = now_us;
	/* Not before both have moved. */
	ck_assert_int_eq(match_claim_in_us(m, 0, SECOND, now_us + 5 * SECOND), -1);
	moves("e2e4 e7e5");
	ck_assert_int_eq(match_claim_in_us(m, 0, 3 * SECOND, now_us + SECOND), 2 * SECOND);
	ck_assert_int_eq(match_claim_in_us(m, 1, 3 * SECOND, now_us + SECOND), -1);
	now_us += 3 * SECOND - 1;
	ck_assert_int_eq(
		match_try_left(m, 0, false, 3 * SECOND, now_us, &step, &why), HEARTH_EDENIED);
	now_us++;
	ck_assert_int_eq(
		match_try_left(m, 1, false, 3 * SECOND, now_us, &step, &why), HEARTH_EDENIED);
	take(match_try_left(m, 0, false, 3 * SECOND, now_us, &step, &why), &step);
	ck_assert_str_eq(m->status, "timeout");
	ck_assert_int_eq(match_winner(m), 0);
	/* What white has used until then stays so. */
	ck_assert_int_eq(game_clock_left_us(&m->clock, 0, now_us + SECOND), 57 * SECOND);
}
END_TEST

START_TEST(nothing_saves_whose_time_is_over)
{
	struct match_step step;
	const char *why;

	begin();
	moves("e2e4 e7e5");
	ck_assert_int_eq(draw(1), 0);
	now_us += 61 * SECOND;
	ck_assert_int_eq(draw(0), HEARTH_EDENIED);
	ck_assert_int_eq(
		match_try_move(m, 0, SLICE("d2d4"), true, now_us, 0, &step, &why), HEARTH_EDENIED);
	ck_assert_int_eq(match_due_us(m, SECOND), 1060 * SECOND);
}
END_TEST

START_TEST(a_name_is_never_an_address)
{
	char room[ACCOUNTS_NAME_ROOM];

	begin();
	ck_assert_str_eq(match_name(m, 0, room), "Ánna");
	ck_assert_str_eq(match_name(m, 1, room), "player 2");
	match_forget(m, 0);
	ck_assert_str_eq(match_name(m, 0, room), "deleted account");
	match_free(&m);
}
END_TEST

/* Chess between others than White and Black: the host knows seats alone. */
START_TEST(seats_are_called_as_the_rules_call_them)
{
	static const char *const names[] = { "north", "south" };
	const struct game_viewer viewer = { .seat = 1 };
	struct game_rules rules = *game_rules_find(SLICE("chess"));
	struct match_start start = start_of(&rules);
	struct match_step step;
	struct buf *frame;
	const char *why;

	rules.seat_names = names;
	m = match_new(7, &start, 0, &why);
	move("e2e4");
	frame = game_frame_state(m, &viewer, 0);
	ck_assert_int_ge(
		slice_find(buf_slice(frame), SLICE("\"clock\":{\"north\":60000,\"south\":60000}")),
		0);
	ck_assert_int_ge(slice_find(buf_slice(frame), SLICE("\"color\":\"south\"")), 0);
	ck_assert_int_ge(slice_find(buf_slice(frame), SLICE("\"opponent\":\"Ánna\"")), 0);
	buf_unref(&frame);
	take(match_try_abort(m, 1, 0, &step, &why), &step);
	ck_assert_str_eq(m->reason, "aborted by south");
	match_free(&m);
}
END_TEST

/* Lag is forgiven as far as the quota goes, and what was done about it is in the log. */
START_TEST(lag_is_nobodys_time)
{
	struct match_step step;
	struct match_event e;
	const char *why;

	begin();
	moves("e2e4 e7e5");
	now_us += 10 * SECOND;
	take(match_try_move(m, 0, SLICE("g1f3"), false, now_us, SECOND, &step, &why), &step);
	ck_assert_int_eq(m->clock.left_us[0], 51 * SECOND);
	match_log_get(&m->log, 3, GAME_VIEWER_PUBLIC, &e);
	ck_assert_int_eq(e.turn.used_us, 9 * SECOND);
	ck_assert_int_eq(e.turn.forgiven_us, SECOND);
	ck_assert_int_eq(e.turn.lag_us, SECOND);
	ck_assert_int_eq(e.turn.quota_us, 560000); /* 1170 + 390 - 1000 ms */
	now_us += SECOND;
	take(match_try_move(m, 1, SLICE("b8c6"), false, now_us, 0, &step, &why), &step);
	/* The flag waits for a move that may be on its way, and takes it; but none that is later. */
	ck_assert_int_eq(match_time_left_us(m, 60 * SECOND, now_us), 51560000);
	now_us += 51 * SECOND + 500000;
	ck_assert_int_eq(
		match_try_move(m, 0, SLICE("f1c4"), false, now_us, 0, &step, &why), HEARTH_EDENIED);
	take(match_try_move(m, 0, SLICE("f1c4"), false, now_us, SECOND, &step, &why), &step);
	ck_assert_int_eq(m->clock.left_us[0], 60000);
	/* It is Black's turn, whose lag was none: no flag waits. */
	ck_assert_int_eq(match_time_left_us(m, 60 * SECOND, now_us), 59 * SECOND);
}
END_TEST

/*
 * Go's marks are parts of one turn, however many: they give no time and forgive no lag, and what they took
 * is charged when the turn ends.
 */
START_TEST(a_part_of_a_turn_gives_no_time)
{
	static const char *const line[] = { "pass", "E5", "pass", "pass" };
	struct match_start start = start_of(game_rules_find(SLICE("go")));
	struct match_step step;
	const char *why;
	int64_t due_us;

	match_free(&m);
	now_us = 1000 * SECOND;
	start.control = game_control_fischer(60000, 2000);
	m = match_new(7, &start, now_us, &why);
	for (size_t i = 0; i < sizeof(line) / sizeof(line[0]); i++)
		move(line[i]);
	ck_assert_int_eq(m->clock.side, 0);
	ck_assert_int_eq(m->clock.left_us[0], 62 * SECOND);
	due_us = match_due_us(m, 60 * SECOND);
	for (int i = 0; i < 10; i++) {
		now_us += 3 * SECOND;
		take(match_try_move(
			     m, 0, SLICE("dead:E5"), false, now_us, SECOND / 10, &step, &why),
			&step);
		ck_assert_int_eq(match_due_us(m, 60 * SECOND), due_us);
		ck_assert_int_eq(game_clock_left_us(&m->clock, 0, now_us), (59 - 3 * i) * SECOND);
	}
	ck_assert_int_eq(m->clock.moves[0], 2);
	take(match_try_move(m, 0, SLICE("done"), false, now_us, 0, &step, &why), &step);
	ck_assert_int_eq(m->clock.side, 1);
	ck_assert_int_eq(m->clock.left_us[0], 34 * SECOND);
	ck_assert_int_eq(m->clock.moves[0], 3);
	/* Time ends marking as it ends any turn. */
	now_us += 63 * SECOND;
	ck_assert_int_eq(match_try_move(m, 1, SLICE("dead:E5"), false, now_us, 0, &step, &why),
		HEARTH_EDENIED);
}
END_TEST

/* Who plays by the day has days for each move, is not expected to be there, and then out of time. */
START_TEST(days_are_waited_for)
{
	const int64_t day = 86400 * SECOND;
	struct match_start start = { .rules = game_rules_find(SLICE("chess")),
		.seats = 2,
		.setup = SLICE(""),
		.accounts = { 1, 2 },
		.names = { "a", "b" } };
	struct match_step step;
	const char *why;

	for (int unlimited = 0; unlimited < 2; unlimited++) {
		int64_t waits = unlimited ? 21 * day : 2 * day;

		match_free(&m);
		now_us = 1000 * SECOND;
		ck_assert_int_eq(game_control_parse(unlimited ? SLICE("-") : SLICE("1/172800"),
					 &start.control, &why),
			0);
		m = match_new(7, &start, now_us, &why);
		ck_assert_int_eq(match_time_left_us(m, 60 * SECOND, now_us + day), waits - day);
		ck_assert_int_eq(match_due_us(m, 60 * SECOND), now_us + waits);
		moves("e2e4 e7e5");
		now_us += day;
		ck_assert_int_eq(match_due_us(m, 60 * SECOND), now_us - day + waits);
		moves("g1f3");
		m->gone_since_us[1] = now_us;
		ck_assert_int_eq(match_claim_in_us(m, 0, 40 * SECOND, now_us + day), -1);
		ck_assert_int_eq(
			match_try_left(m, 0, false, 40 * SECOND, now_us + day, &step, &why),
			HEARTH_EDENIED);
		now_us += waits - 1;
		ck_assert_int_eq(match_try_time(m, 60 * SECOND, now_us, &step), HEARTH_ENOTFOUND);
		now_us++;
		take(match_try_time(m, 60 * SECOND, now_us, &step), &step);
		ck_assert_int_eq(match_winner(m), 0);
		ck_assert_str_eq(m->status, unlimited ? "timeout" : "outoftime");
	}
}
END_TEST

TEST_MAIN("match", an_offer_stands_until_the_other_answers_or_moves,
	a_move_offers_no_more_than_one_may, who_may_not_draw_is_told_why,
	a_claim_by_the_move_about_to_be_made, moves_are_taken_back_where_both_agree,
	three_play_as_two_do, before_both_have_moved_nobody_loses,
	who_is_away_long_enough_can_be_claimed_against, nothing_saves_whose_time_is_over,
	a_name_is_never_an_address, seats_are_called_as_the_rules_call_them, lag_is_nobodys_time,
	a_part_of_a_turn_gives_no_time, days_are_waited_for)

/*
 * test_match.c: what two players may do to a match, and what time does, without shard or database:
 * offers, claims, leaving, aborting.
 */
#include "harness.h"

#include <string.h>

#include "engine/match.h"
#include "hearth/error.h"
#include "wire/frames.h"

#define SECOND INT64_C(1000000)

static struct match *m;
static int64_t now_us;

static void begin(void)
{
	static const uint8_t seed[GAME_SEED_SIZE];
	const char *why;

	match_free(&m);
	now_us = 1000 * SECOND;
	m = match_new(7, game_rules_find(SLICE("chess")), SLICE(""), seed, (int64_t[]){ 1, 2 },
		(const char *const[]){ "Ánna", "" }, 60000, 0, now_us, &why);
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

	take(match_try_move(m, m->ply % 2, slice_str(text), false, now_us, &step, &why), &step);
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
	ck_assert_int_eq(m->draw_offer, 0);
	ck_assert_int_eq(draw(0), HEARTH_EEXIST);
	move("g1f3");
	ck_assert_int_eq(m->draw_offer, 0);
	move("b8c6");
	ck_assert_int_eq(m->draw_offer, -1);

	ck_assert_int_eq(draw(0), 0);
	take(match_try_decline(m, 1, now_us, &step, &why), &step);
	ck_assert_int_eq(m->draw_offer, -1);
	ck_assert_int_eq(match_try_decline(m, 1, now_us, &step, &why), HEARTH_EDENIED);
	/* Not again before a move of one's own and the answer to it. */
	ck_assert_int_eq(draw(0), HEARTH_EBUSY);
	move("f3g1");
	ck_assert_int_eq(draw(0), HEARTH_EBUSY);
	move("c6b8");
	ck_assert_int_eq(draw(0), 0);
	ck_assert_int_eq(draw(1), 0);
	ck_assert(m->over && match_winner(m) == GAME_NOBODY);
	ck_assert_str_eq(m->reason, "agreement");
	ck_assert_int_eq(m->draw_offer, -1);
}
END_TEST

START_TEST(a_claim_by_the_move_about_to_be_made)
{
	struct match_step step;
	const char *why;

	begin();
	moves("g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1");
	/* Wrong: the move is made, and an offer stands. */
	take(match_try_move(m, 1, SLICE("a7a6"), true, now_us, &step, &why), &step);
	ck_assert_int_eq(m->ply, 8);
	ck_assert_int_eq(m->draw_offer, 1);
	ck_assert(!m->over);

	begin();
	moves("g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1");
	take(match_try_move(m, 1, SLICE("f6g8"), true, now_us, &step, &why), &step);
	ck_assert_str_eq(m->reason, "threefold repetition");
	ck_assert_int_eq(m->ply, 7);

	/* No move at all, and one that is against the rules, claim nothing. */
	begin();
	ck_assert_int_eq(
		match_try_move(m, 0, SLICE("e2"), true, now_us, &step, &why), HEARTH_EINVAL);
	ck_assert_int_eq(
		match_try_move(m, 0, SLICE("e2e5"), true, now_us, &step, &why), HEARTH_EDENIED);
	ck_assert_int_eq(m->draw_offer, -1);
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
		match_try_move(m, 0, SLICE("d2d4"), true, now_us, &step, &why), HEARTH_EDENIED);
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
	static const uint8_t seed[GAME_SEED_SIZE];
	const struct game_viewer viewer = { .seat = 1 };
	struct game_rules rules = *game_rules_find(SLICE("chess"));
	struct match_step step;
	struct buf *frame;
	const char *why;

	rules.seat_names = names;
	m = match_new(7, &rules, SLICE(""), seed, (int64_t[]){ 1, 2 },
		(const char *const[]){ "Ánna", "" }, 60000, 0, 0, &why);
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

TEST_MAIN("match", an_offer_stands_until_the_other_answers_or_moves,
	a_claim_by_the_move_about_to_be_made, before_both_have_moved_nobody_loses,
	who_is_away_long_enough_can_be_claimed_against, nothing_saves_whose_time_is_over,
	a_name_is_never_an_address, seats_are_called_as_the_rules_call_them)

/*
 * The plug-in: what the host relies on for any game, shown on chess.
 */
#include "rules/chess/plugin.h"

#include "hearth/error.h"

#include "chess_test.h"

static const struct game_rules *const rules = &chess_rules;
static const uint8_t seed[GAME_SEED_SIZE];

static void *state_of(const char *setup)
{
	void *state = malloc(rules->state_size);
	const char *why = "";

	ck_assert_ptr_nonnull(state);
	ck_assert_msg(rules->init(state, 2, slice_str(setup), seed, &why) == 0, "%s", why);
	return state;
}

static void apply_all(void *state, const char *line)
{
	struct slice rest = slice_str(line);
	const char *why = "";

	while (rest.p && rest.n > 0) {
		struct slice move = slice_split(&rest, ' ');
		unsigned seat = rules->to_move(state) == 2;

		ck_assert_msg(rules->apply(state, seat, move, NULL, &why) == 0, "%.*s: %s",
			SLICE_ARG(move), why);
	}
}

static struct game_result result_of(const void *state)
{
	struct game_result r;

	rules->outcome(state, &r);
	return r;
}

/* Saves, loads, and compares all a host can see. */
static void check_reload(const void *state)
{
	struct strbuf saved = { 0 }, again = { 0 };
	void *copy = malloc(rules->state_size);

	ck_assert_ptr_nonnull(copy);
	rules->save(state, &saved);
	ck_assert_uint_le(saved.n, rules->save_size_max);
	ck_assert_int_eq(rules->load(copy, strbuf_slice(&saved)), 0);
	ck_assert_mem_eq(copy, state, rules->state_size);
	ck_assert(rules->hash(copy) == rules->hash(state));
	rules->save(copy, &again);
	ck_assert_str_eq(again.p, saved.p);
	free(copy);
	strbuf_free(&saved);
	strbuf_free(&again);
}

START_TEST(describes_itself)
{
	ck_assert_uint_eq(rules->version, GAME_RULES_VERSION);
	ck_assert_str_eq(rules->id, "chess");
	ck_assert(rules->seats_min == 2 && rules->seats_max == 2);
	ck_assert_uint_le(rules->state_size, 8192);
}
END_TEST

START_TEST(setups)
{
	void *state = state_of("");
	void *again = state_of(START_FEN);
	const char *why = NULL;

	ck_assert_mem_eq(state, again, rules->state_size);
	ck_assert_uint_eq(rules->to_move(state), 1);
	ck_assert_int_eq(rules->init(state, 2, SLICE("8/8 w"), seed, &why), HEARTH_EINVAL);
	ck_assert_ptr_nonnull(why);
	free(state);
	free(again);
}
END_TEST

/* A start by lot is fair; a position that somebody has chosen is not, nor one that is no start. */
START_TEST(fair_setups_are_rated)
{
	ck_assert_str_eq(game_rules_rating(&chess_rules, SLICE("")), "chess");
	ck_assert_str_eq(game_rules_rating(&chess_rules, SLICE("chess960")), "chess960");
	ck_assert_ptr_null(game_rules_rating(&chess_rules, SLICE("chess960 ")));
	ck_assert_ptr_null(game_rules_rating(
		&chess_rules, SLICE("rnbqkbnr/8/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1")));
}
END_TEST

START_TEST(moves_have_one_text)
{
	void *state = state_of("r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1");
	struct game_move made;
	const char *why;

	ck_assert_int_eq(rules->apply(state, 0, SLICE("e1h1"), &made, &why), 0);
	ck_assert_str_eq(made.text, "e1g1");
	ck_assert_str_eq(made.notation, "O-O");
	ck_assert_int_eq(rules->apply(state, 1, SLICE("e8c8"), &made, &why), 0);
	ck_assert_str_eq(made.text, "e8c8");
	ck_assert_str_eq(made.notation, "O-O-O");
	free(state);
}
END_TEST

START_TEST(a_rejected_move_changes_nothing)
{
	static const struct {
		unsigned seat;
		const char *move;
		int rc;
	} cases[] = {
		{ 0, "", HEARTH_EINVAL },
		{ 0, "Nf3", HEARTH_EINVAL },
		{ 0, "e2e4e5", HEARTH_EINVAL },
		{ 0, "e2e5", HEARTH_EDENIED },
		{ 0, "e7e5", HEARTH_EDENIED },
		{ 1, "e7e5", HEARTH_EDENIED },
		{ 1, "e2e4", HEARTH_EDENIED },
		{ 2, "e2e4", HEARTH_EDENIED },
		{ 99, "e2e4", HEARTH_EDENIED },
	};
	void *state = state_of(""), *before = state_of("");
	uint64_t hash = rules->hash(state);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *why = NULL;

		ck_assert_int_eq(
			rules->apply(state, cases[i].seat, slice_str(cases[i].move), NULL, &why),
			cases[i].rc);
		ck_assert_ptr_nonnull(why);
		ck_assert_mem_eq(state, before, rules->state_size);
		ck_assert(rules->hash(state) == hash);
	}
	free(state);
	free(before);
}
END_TEST

/* Only a promotion without a piece is made whole, and only a legal one. */
START_TEST(completes_promotions)
{
	static const char *const wrong[] = { "e2e3", "a7a8q", "a7a8n", "a7b7", "a7a9", "", "a7a",
		"h1h8", "e7e8" };
	void *state = state_of("1r2k3/P7/8/8/8/8/4P3/4K2R w - - 0 1");
	char out[GAME_MOVE_MAX];

	ck_assert_int_eq(rules->complete(state, SLICE("a7a8"), out), 0);
	ck_assert_str_eq(out, "a7a8q");
	ck_assert_int_eq(rules->complete(state, SLICE("a7b8"), out), 0);
	ck_assert_str_eq(out, "a7b8q");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_int_eq(rules->complete(state, slice_str(wrong[i]), out), HEARTH_EINVAL);
	free(state);
}
END_TEST

START_TEST(a_game_that_is_over)
{
	void *state = state_of("");
	struct strbuf out = { 0 };
	struct game_result r = result_of(state);
	const char *why = NULL;

	ck_assert(!r.over);
	ck_assert_str_eq(r.status, "started");
	apply_all(state, "f2f3 e7e5 g2g4 d8h4");
	r = result_of(state);
	ck_assert(r.over);
	ck_assert_int_eq(game_winner(r.scores, 2), 1);
	ck_assert_str_eq(r.status, "mate");
	ck_assert_str_eq(r.reason, "checkmate");
	ck_assert_uint_eq(rules->to_move(state), 0);
	rules->legal(state, 0, &out);
	ck_assert_uint_eq(out.n, 0);
	ck_assert_int_eq(rules->apply(state, 0, SLICE("e2e4"), NULL, &why), HEARTH_EDENIED);
	ck_assert_int_eq(rules->claim(state, 0, SLICE(""), &r, &why), HEARTH_EDENIED);
	free(state);
}
END_TEST

START_TEST(claims)
{
	void *state = state_of(""), *before = malloc(rules->state_size);
	struct game_result r;
	const char *why = NULL;

	ck_assert_ptr_nonnull(before);
	apply_all(state, "g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1");
	memcpy(before, state, rules->state_size);
	ck_assert_int_eq(rules->claim(state, 1, SLICE(""), &r, &why), HEARTH_EDENIED);
	ck_assert_ptr_nonnull(why);
	ck_assert_int_eq(rules->claim(state, 1, SLICE("Ng8"), &r, &why), HEARTH_EINVAL);
	ck_assert_int_eq(rules->claim(state, 1, SLICE("f6f5"), &r, &why), HEARTH_EDENIED);
	ck_assert_int_eq(rules->claim(state, 0, SLICE("f6g8"), &r, &why), HEARTH_EDENIED);
	ck_assert_int_eq(rules->claim(state, 1, SLICE("f6g8"), &r, &why), 0);
	ck_assert(r.over && game_winner(r.scores, 2) == GAME_NOBODY);
	ck_assert_str_eq(r.status, "draw");
	ck_assert_str_eq(r.reason, "threefold repetition");
	ck_assert_mem_eq(state, before, rules->state_size);
	free(state);
	free(before);
}
END_TEST

START_TEST(winning_by_the_clock)
{
	void *state = state_of("8/8/8/8/8/5k2/4p3/4K3 w - - 0 1");

	ck_assert(!rules->can_win(state, 0));
	ck_assert(rules->can_win(state, 1));
	free(state);
}
END_TEST

START_TEST(the_view)
{
	void *state = state_of("");
	struct strbuf out = { 0 };

	apply_all(state, "e2e4 e7e5 f1c4 b8c6 d1h5 g8f6 h5f7");
	rules->view(state, GAME_VIEWER_PUBLIC, &out);
	ck_assert_str_eq(out.p, "{\"fen\":\"r1bqkb1r/pppp1Qpp/2n2n2/4p3/2B1P3/8/PPPP1PPP/RNB1K1NR"
				" b KQkq - 0 4\",\"turn\":\"black\",\"check\":true,\"repeated\":1,"
				"\"status\":\"mate\",\"reason\":\"checkmate\"}");
	strbuf_free(&out);
	free(state);
}
END_TEST

START_TEST(saved_states_that_are_broken)
{
	static const char *const broken[] = {
		"",
		"chess 1",
		"chess 1\n",
		"chess 2\n" START_FEN "\n\n",
		"chess 1\n" START_FEN,
		"chess 1\n" START_FEN "\n",
		"chess 1\n" START_FEN "\n\n\n",
		"chess 1\n" START_FEN "\ne2e5\n",
		"chess 1\n" START_FEN "\ng1f3  g8f6\n",
		"chess 1\n" START_FEN "\ng1f3 \n",
		"chess 1\n8/8/8/8/8/8/8/8 w - - 0 1\n\n",
		"chess 1\n" START_FEN "\nf2f3 e7e5 g2g4 d8h4 a2a3\n",
	};
	void *state = state_of("");

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		ck_assert_msg(rules->load(state, slice_str(broken[i])) == HEARTH_ECORRUPT, "%s",
			broken[i]);
	ck_assert_int_eq(rules->load(state, SLICE("chess 1\n" START_FEN "\n\n")), 0);
	free(state);
}
END_TEST

/* One random game; every list of legal moves against what apply takes. */
static void random_game(const char *setup, uint64_t *random)
{
	void *state = state_of(setup), *copy = malloc(rules->state_size);
	struct strbuf list = { 0 };
	const char *why;

	ck_assert_ptr_nonnull(copy);
	for (unsigned ply = 0; ply < 400 && rules->to_move(state); ply++) {
		unsigned seat = rules->to_move(state) == 2, n = 0;
		struct slice rest, move, chosen = { 0 };

		strbuf_reset(&list);
		rules->legal(state, seat ^ 1, &list);
		ck_assert_uint_eq(list.n, 0);
		rules->legal(state, seat, &list);
		for (rest = strbuf_slice(&list); rest.p;) {
			move = slice_split(&rest, ' ');
			if (random_below(random, ++n) == 0)
				chosen = move;
			if (ply % 16 != 0)
				continue;
			memcpy(copy, state, rules->state_size);
			ck_assert_int_eq(rules->apply(copy, seat, move, NULL, &why), 0);
			ck_assert(rules->hash(copy) != rules->hash(state));
		}
		ck_assert_int_eq(rules->apply(state, seat, chosen, NULL, &why), 0);
		if (ply % 8 == 0)
			check_reload(state);
	}
	check_reload(state);
	strbuf_free(&list);
	free(state);
	free(copy);
}

START_TEST(counters_at_their_end)
{
	void *state = state_of("7k/7p/8/8/8/8/7P/7K b - - 149 9999");

	apply_all(state, "h7h6 h2h3 h8g8 h1g1 h6h5 h3h4 g8h8");
	check_reload(state);
	free(state);
}
END_TEST

START_TEST(random_games)
{
	uint64_t random = 0x5eed;
	char setup[CHESS_FEN_MAX];

	for (unsigned i = 0; i < 30; i++) {
		chess_fen_960(random_below(&random, CHESS960_STARTS), setup);
		random_game(i % 2 ? "" : setup, &random);
	}
	random_game("8/8/8/3k4/8/3K4/8/QR6 w - - 30 60", &random);
}
END_TEST

static void view_of(const uint8_t drawn[GAME_SEED_SIZE], struct strbuf *out)
{
	void *state = malloc(rules->state_size);
	const char *why = "";

	ck_assert_ptr_nonnull(state);
	ck_assert_int_eq(rules->init(state, 2, SLICE("chess960"), drawn, &why), 0);
	rules->view(state, GAME_VIEWER_PUBLIC, out);
	check_reload(state);
	free(state);
}

/* Which of the 960 is the seed's word alone, told again by whoever has it. */
START_TEST(a_start_that_is_drawn)
{
	uint8_t one[GAME_SEED_SIZE] = { 1, 2, 3, 4, 5, 6, 7, 8 }, other[GAME_SEED_SIZE] = { 7 };
	struct game_record match = {
		.names = { "W", "B" }, .seats = 2, .setup = SLICE("chess960")
	};
	struct strbuf a = { 0 }, b = { 0 }, c = { 0 }, text = { 0 };
	void *start = calloc(1, rules->state_size);
	const char *why;

	view_of(one, &a);
	view_of(one, &b);
	view_of(other, &c);
	ck_assert_str_eq(a.p, b.p);
	ck_assert_str_ne(a.p, c.p);
	ck_assert_ptr_nonnull(start);
	ck_assert_int_eq(rules->init(start, 2, match.setup, one, &why), 0);
	match.start = start;
	rules->record(&match, &text);
	ck_assert(strstr(text.p, "[Variant \"Chess960\"]") && strstr(text.p, "[SetUp \"1\"]"));
	ck_assert(!strstr(text.p, "[FEN \"chess960"));
	free(start);
	strbuf_free(&a);
	strbuf_free(&b);
	strbuf_free(&c);
	strbuf_free(&text);
}
END_TEST

TEST_MAIN("plug-in", a_start_that_is_drawn, describes_itself, setups, fair_setups_are_rated,
	moves_have_one_text, a_rejected_move_changes_nothing, completes_promotions,
	a_game_that_is_over, claims, winning_by_the_clock, the_view, saved_states_that_are_broken,
	counters_at_their_end, random_games)

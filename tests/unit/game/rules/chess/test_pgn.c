/*
 * test_pgn.c: the text of a game, letter by letter.
 */
#include "harness.h"

#include "rules/chess/pgn.h"

#define TAGS(result, clock, end)                                                                  \
	"[Event \"Casual game\"]\n[Site \"hearth.test\"]\n[Date \"2023.11.14\"]\n[Round \"-\"]\n" \
	"[White \"al\\\"ice\\\\\"]\n[Black \"?\"]\n[Result \"" result                             \
	"\"]\n[UTCDate \"2023.11.14\"]\n"                                                         \
	"[UTCTime \"22:13:20\"]\n[TimeControl \"" clock "\"]\n[Termination \"" end "\"]\n"

static struct pgn_game game(enum pgn_result result, struct slice status, struct slice moves)
{
	return (struct pgn_game){ .site = SLICE("hearth.test"),
		.white = SLICE("al\"ice\\"),
		.started_at = INT64_C(1700000000000),
		.result = result,
		.status = status,
		.moves = moves };
}

static void ck_pgn(const struct pgn_game *g, const char *want)
{
	struct strbuf out = { 0 };

	pgn_write(&out, g);
	ck_assert_str_eq(out.p, want);
	strbuf_free(&out);
}

START_TEST(games_and_how_they_end)
{
	struct pgn_game g = game(PGN_BLACK_WON, SLICE("mate"), SLICE("f3 e5 g4 Qh4#"));

	g.reason = SLICE("checkmate");
	g.time_control = SLICE("300+3");
	ck_pgn(&g, TAGS("0-1", "300+3",
			   "normal") "[Reason \"checkmate\"]\n\n1. f3 e5 2. g4 Qh4# 0-1\n\n");
	g = game(PGN_WHITE_WON, SLICE("outoftime"), SLICE("e4 e5 Nf3"));
	ck_pgn(&g, TAGS("1-0", "-", "time forfeit") "\n1. e4 e5 2. Nf3 1-0\n\n");
	g = game(PGN_DRAWN, SLICE("draw"), SLICE(""));
	ck_pgn(&g, TAGS("1/2-1/2", "-", "normal") "\n1/2-1/2\n\n");
	g = game(PGN_GOES_ON, SLICE("aborted"), SLICE("e4"));
	ck_pgn(&g, TAGS("*", "-", "abandoned") "\n1. e4 *\n\n");
	g = game(PGN_GOES_ON, SLICE("started"), SLICE("e4"));
	ck_pgn(&g, TAGS("*", "-", "unterminated") "\n1. e4 *\n\n");
}
END_TEST

START_TEST(games_that_begin_elsewhere)
{
	struct pgn_game g = game(PGN_GOES_ON, SLICE("started"), SLICE("Kd7 Kd2 Ke7"));

	g.setup = SLICE("4k3/8/8/8/8/8/8/4K3 b - - 0 17");
	g.variant = SLICE("Chess960");
	ck_pgn(&g, TAGS("*", "-", "unterminated") "[Variant \"Chess960\"]\n[SetUp \"1\"]\n[FEN "
						  "\"4k3/8/8/8/8/8/8/4K3 b - - 0 17\"]\n\n"
						  "17... Kd7 18. Kd2 Ke7 *\n\n");
}
END_TEST

START_TEST(a_game_that_counts_says_so)
{
	struct pgn_game g = game(PGN_DRAWN, SLICE("draw"), SLICE("e4"));
	struct strbuf out = { 0 };

	g.rated = true;
	g.white_rating = 1741;
	pgn_write(&out, &g);
	ck_assert_ptr_nonnull(strstr(out.p, "[Event \"Rated game\"]\n"));
	ck_assert_ptr_nonnull(strstr(out.p, "[Result \"1/2-1/2\"]\n[WhiteElo \"1741\"]\n[UTCDate"));
	strbuf_free(&out);
}
END_TEST

START_TEST(clocks_stand_behind_the_moves)
{
	static const int64_t left_us[] = { 300000000, 36059949999, -5, 59700000 };
	struct pgn_game g = game(PGN_DRAWN, SLICE("draw"), SLICE("e4 e5 Nf3 Nc6"));

	g.left_us = left_us;
	ck_pgn(&g, TAGS("1/2-1/2", "-", "normal") "\n1. e4 { [%clk 0:05:00] } 1... e5 { "
						  "[%clk 10:00:59.9] } 2. Nf3\n{ [%clk 0:00:00] } "
						  "2... Nc6 { [%clk 0:00:59.7] } 1/2-1/2\n\n");
}
END_TEST

/* Import format allows no line of more than 255 bytes, export format none of more than 79. */
START_TEST(lines_are_short)
{
	struct strbuf moves = { 0 }, out = { 0 };
	struct pgn_game g = game(PGN_DRAWN, SLICE("draw"), SLICE(""));
	struct slice rest;
	size_t words = 0;

	for (int i = 0; i < 600; i++)
		strbuf_adds(&moves, i ? " Qa1xb2#" : "Qa1xb2#");
	g.moves = strbuf_slice(&moves);
	pgn_write(&out, &g);
	rest = slice_skip(
		strbuf_slice(&out), (size_t)slice_find(strbuf_slice(&out), SLICE("\n\n")) + 2);
	while (rest.n > 1) {
		struct slice line = slice_split(&rest, '\n');

		ck_assert_uint_le(line.n, 79);
		while (line.n)
			words += slice_split(&line, ' ').n > 0;
	}
	ck_assert_uint_eq(words, 600 + 300 + 1);
	strbuf_free(&moves);
	strbuf_free(&out);
}
END_TEST

TEST_MAIN("pgn", games_and_how_they_end, games_that_begin_elsewhere, lines_are_short,
	clocks_stand_behind_the_moves, a_game_that_counts_says_so)

/*
 * Our legal moves against those of Fairy-Stockfish (Debian's package), which knows nothing of our code:
 * move for move on positions of random games of each variant, and the number of lines to depth 2 or 3 on
 * some. Skipped where there is no /usr/games/fairy-stockfish. POSITIONS=n plays n times as many games.
 */
#include "game/rules/uci_engine.h"

#include "variant_test.h"

#define ENGINE "/usr/games/fairy-stockfish"
#define GAMES  6
#define PLIES  160

/* As the engine calls them; atomic it does not know (test_perft.c has numbers for that). */
static const char *const names[VARIANTS] = { "crazyhouse", NULL, "antichess", "horde",
	"kingofthehill", "racingkings", "3check" };

/* Checks as it reads them: those to come, behind the en passant square. */
static void write_fen(const struct variant_board *b, char out[VARIANT_FEN_MAX + 8])
{
	char fen[VARIANT_FEN_MAX];
	struct slice rest = slice_of(fen, variant_fen_write(b, fen)), start = rest;

	if (b->variant != VARIANT_THREE_CHECK) {
		snprintf(out, VARIANT_FEN_MAX + 8, "%s", fen);
		return;
	}
	for (int field = 0; field < 4; field++)
		slice_split(&rest, ' ');
	snprintf(out, VARIANT_FEN_MAX + 8, "%.*s %d+%d %.*s", (int)(rest.p - start.p - 1), fen,
		3 - b->checks[CHESS_WHITE], 3 - b->checks[CHESS_BLACK], (int)rest.n - 5, rest.p);
}

static void compare(struct engine *e, const struct variant_board *b, unsigned depth)
{
	static char theirs[ENGINE_MOVES_MAX][ENGINE_MOVE_MAX];
	static char ours[ENGINE_MOVES_MAX][ENGINE_MOVE_MAX];
	struct chess_move moves[VARIANT_MOVES_MAX];
	char fen[VARIANT_FEN_MAX + 8];
	size_t n = variant_moves(b, moves), n_theirs;
	uint64_t total, lines;

	write_fen(b, fen);
	total = engine_perft(e, fen, depth, theirs, &n_theirs);
	for (size_t i = 0; i < n; i++)
		variant_uci_write(b, moves[i], ours[i]);
	engine_same_moves(ours, n, theirs, n_theirs, fen);
	lines = variant_perft(b, depth);
	ck_assert_msg(lines == total, "%llu lines to depth %u, not %llu: %s",
		(unsigned long long)lines, depth, (unsigned long long)total, fen);
}

static void compare_games(enum variant variant)
{
	const char *times = getenv("POSITIONS");
	unsigned games = GAMES * (times ? (unsigned)atoi(times) : 1);
	uint64_t seed = 0x9e3779b97f4a7c15u + variant;
	struct engine e;

	if (engine_missing(ENGINE))
		return;
	engine_start(&e, ENGINE);
	fprintf(e.in, "setoption name UCI_Variant value %s\n", names[variant]);
	for (unsigned game = 0; game < games; game++) {
		struct variant_board b = variant_of(variant, "");

		for (unsigned ply = 0; ply < PLIES; ply++) {
			struct chess_move moves[VARIANT_MOVES_MAX];
			size_t n = variant_moves(&b, moves);

			if (n == 0 || variant_random(&seed, 4) == 0)
				compare(&e, &b, n < 60 && ply % 8 == 0 ? 3 : 2);
			if (n == 0)
				break;
			variant_play(&b, moves[variant_random(&seed, (unsigned)n)]);
		}
	}
	engine_stop(&e);
}

#define GAMES_OF(name, variant)         \
	START_TEST(name)                \
	{                               \
		compare_games(variant); \
	}                               \
	END_TEST

GAMES_OF(crazyhouse, VARIANT_CRAZYHOUSE)
GAMES_OF(antichess, VARIANT_ANTICHESS)
GAMES_OF(horde, VARIANT_HORDE)
GAMES_OF(king_of_the_hill, VARIANT_KING_OF_THE_HILL)
GAMES_OF(racing_kings, VARIANT_RACING_KINGS)
GAMES_OF(three_check, VARIANT_THREE_CHECK)

TEST_MAIN("fairy-stockfish", crazyhouse, antichess, horde, king_of_the_hill, racing_kings,
	three_check)

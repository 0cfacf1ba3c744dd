/*
 * Our legal moves against those of Stockfish (Debian's package), which knows nothing of our code:
 * move for move on random positions, and the number of lines to depth 3 on some. Skipped where
 * there is no /usr/games/stockfish.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rules/chess/perft.h"

#include "chess_test.h"

#define ENGINE "/usr/games/stockfish"

struct engine {
	pid_t pid;
	FILE *in, *out; /* what it reads, what it says */
};

static bool engine_missing(void)
{
	if (access(ENGINE, X_OK) == 0)
		return false;
	printf("skipped: there is no " ENGINE "\n");
	return true;
}

static void engine_start(struct engine *e)
{
	int to[2], from[2];

	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(pipe(to), 0);
	ck_assert_int_eq(pipe(from), 0);
	e->pid = fork();
	ck_assert_int_ge(e->pid, 0);
	if (e->pid == 0) {
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		close(to[1]);
		close(from[0]);
		execl(ENGINE, ENGINE, (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	e->in = fdopen(to[1], "w");
	e->out = fdopen(from[0], "r");
	ck_assert(e->in && e->out);
}

static void engine_stop(struct engine *e)
{
	fprintf(e->in, "quit\n");
	fclose(e->in);
	fclose(e->out);
	ck_assert_int_eq(waitpid(e->pid, NULL, 0), e->pid);
}

/* Runs "go perft" and returns its total; the moves of the first ply become a sorted text. */
static uint64_t engine_perft(struct engine *e, const struct chess_board *b, unsigned depth,
	char moves[CHESS_MOVES_MAX][CHESS_UCI_MAX], size_t *n)
{
	char fen[CHESS_FEN_MAX], line[256];
	unsigned long total = 0, count;

	chess_fen_write(b, fen);
	fprintf(e->in, "setoption name UCI_Chess960 value %s\nposition fen %s\ngo perft %u\n",
		b->chess960 ? "true" : "false", fen, depth);
	fflush(e->in);
	*n = 0;
	for (;;) {
		ck_assert_msg(fgets(line, sizeof(line), e->out) != NULL, "no answer to %s", fen);
		if (sscanf(line, "Nodes searched: %lu", &total) == 1)
			return total;
		if (*n < CHESS_MOVES_MAX &&
			sscanf(line, "%5[a-h1-8nbrq]: %lu", moves[*n], &count) == 2)
			(*n)++;
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void compare(struct engine *e, const struct chess_board *b, unsigned depth)
{
	char theirs[CHESS_MOVES_MAX][CHESS_UCI_MAX], ours[CHESS_MOVES_MAX][CHESS_UCI_MAX];
	char fen[CHESS_FEN_MAX];
	struct chess_move moves[CHESS_MOVES_MAX];
	size_t n = chess_moves_legal(b, moves), n_theirs;
	uint64_t total = engine_perft(e, b, depth, theirs, &n_theirs);

	chess_fen_write(b, fen);
	for (size_t i = 0; i < n; i++)
		chess_uci_write(b, moves[i], ours[i]);
	ck_assert_msg(n == n_theirs, "%zu moves, stockfish has %zu: %s", n, n_theirs, fen);
	qsort(ours, n, sizeof(ours[0]), by_text);
	qsort(theirs, n, sizeof(theirs[0]), by_text);
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(
			strcmp(ours[i], theirs[i]) == 0, "%s or %s: %s", ours[i], theirs[i], fen);
	ck_assert_msg(chess_perft(b, depth) == total, "lines to depth %u: %s", depth, fen);
}

static void compare_games(const char *(*start)(uint64_t *seed), uint64_t seed)
{
	struct engine e;

	if (engine_missing())
		return;
	engine_start(&e);
	for (unsigned game = 0; game < 12; game++) {
		struct chess_board b = board_of(start(&seed));

		for (unsigned ply = 0; ply < 120; ply++) {
			struct chess_move moves[CHESS_MOVES_MAX];
			size_t n = chess_moves_legal(&b, moves);

			if (random_below(&seed, 3) == 0)
				compare(&e, &b, ply % 10 == 0 ? 3 : 1);
			if (n == 0)
				break;
			chess_board_play(&b, moves[random_below(&seed, (unsigned)n)]);
		}
	}
	engine_stop(&e);
}

static const char *usual_start(uint64_t *seed)
{
	static const char *const starts[] = { START_FEN, KIWIPETE_FEN,
		"r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1",
		"8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1" };

	return starts[random_below(seed, sizeof(starts) / sizeof(starts[0]))];
}

static const char *chess960_start(uint64_t *seed)
{
	static char fen[CHESS_FEN_MAX];

	chess_fen_960(random_below(seed, CHESS960_STARTS), fen);
	return fen;
}

START_TEST(usual_games)
{
	compare_games(usual_start, 2024);
}
END_TEST

START_TEST(chess960_games)
{
	compare_games(chess960_start, 960);
}
END_TEST

TEST_MAIN("stockfish", usual_games, chess960_games)

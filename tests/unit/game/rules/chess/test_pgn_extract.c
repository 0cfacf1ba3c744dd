/*
 * test_pgn_extract.c: Debian's pgn-extract follows every move of the games that are handed out as games.pgn: random
 * ones, with their clocks, of whatever rules say that they write such. Skipped where there is no
 * /usr/games/pgn-extract. GAMES=n plays n games from each setup.
 */
#include <stdlib.h>
#include <unistd.h>

#include "../game_test.h"

#define EXTRACT "/usr/games/pgn-extract"
#define PLIES   300

/* More setups than the usual start, by game. */
static const struct {
	const char *id, *setup;
} starts[] = {
	{ "chess", "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R b KQkq - 0 17" },
	{ "chess", "r1k1r2q/p1ppp1pp/8/8/8/8/P1PPP1PP/R1K1R2Q w EAea - 0 1" },
	{ "chess", "chess960" },
	{ "three-check", "r3k2r/1p6/8/8/8/8/6P1/R3K2R w KQkq - 14 80 +1+2" },
};

struct games {
	char path[32];
	FILE *file;
	int n;
	uint64_t random;
	int64_t left_us[PLIES];
};

/* Plays on to the end of the game or of the room; the number of moves. */
static int play(struct games *g, struct trial *t, struct strbuf *moves)
{
	struct strbuf legal = { 0 };
	struct game_move made;
	const char *why = "";
	int ply = 0;

	for (uint64_t turn; ply < PLIES && (turn = t->rules->to_move(t->state)); ply++) {
		unsigned seat = (unsigned)__builtin_ctzll(turn), nth;
		struct slice move;

		strbuf_reset(&legal);
		t->rules->legal(t->state, seat, &legal);
		nth = trial_below(t, (unsigned)trial_words(strbuf_slice(&legal)));
		move = trial_word(strbuf_slice(&legal), nth);
		ck_assert_int_eq(t->rules->apply(t->state, seat, move, &made, &why), 0);
		strbuf_printf(moves, "%s%s", ply ? " " : "", made.notation);
		g->left_us[ply] = INT64_C(1234567) * (PLIES - ply);
	}
	strbuf_free(&legal);
	return ply;
}

/* One game more in the file. */
static void add(struct games *g, const struct game_rules *rules, const char *setup)
{
	struct trial t = { .rules = rules, .random = g->random };
	struct strbuf moves = { 0 }, out = { 0 };
	struct game_result result;
	struct game_record record = { .site = SLICE("hearth.test"),
		.names = { "Ánna \"the\" first", "" },
		.seats = 2,
		.setup = slice_str(setup),
		.time_control = SLICE("300+3"),
		.left_us = g->left_us };
	const char *why = "";

	for (size_t i = 0; i < sizeof(t.seed); i++)
		t.seed[i] = (uint8_t)trial_below(&t, 256);
	t.state = mem_alloc(rules->state_size);
	ck_assert_int_eq(rules->init(t.state, 2, slice_str(setup), t.seed, &why), 0);
	t.copy = mem_alloc(rules->state_size);
	memcpy(t.copy, t.state, rules->state_size);
	ck_assert_int_gt(play(g, &t, &moves), 0);
	rules->outcome(t.state, &result);
	record.start = t.copy;
	record.scored = result.over;
	memcpy(record.scores, result.scores, sizeof(record.scores));
	record.status = slice_str(result.status);
	record.reason = slice_str(result.reason);
	record.moves = strbuf_slice(&moves);
	rules->record(&record, &out);
	ck_assert_uint_eq(fwrite(out.p, 1, out.n, g->file), out.n);
	g->random = t.random;
	g->n++;
	free(t.state);
	free(t.copy);
	strbuf_free(&moves);
	strbuf_free(&out);
}

/* It reads them all; what it says last is told. */
static void check(struct games *g)
{
	char command[128], want[64], said[4096];
	FILE *extract;
	size_t n;

	ck_assert_int_eq(fclose(g->file), 0);
	snprintf(command, sizeof(command), EXTRACT " -r %s 2>&1 | tail -n 60", g->path);
	extract = popen(command, "r");
	ck_assert_ptr_nonnull(extract);
	n = fread(said, 1, sizeof(said) - 1, extract);
	said[n] = 0;
	pclose(extract);
	unlink(g->path);
	snprintf(want, sizeof(want), "%d games matched out of %d.", g->n, g->n);
	ck_assert_msg(strstr(said, want), "%s", said);
}

START_TEST(every_game_is_read)
{
	const char *times = getenv("GAMES");
	struct games g = { .path = "/tmp/pgn-extract-XXXXXX", .random = 88172645463325252u };
	const struct game_rules *rules;
	int fd;

	if (access(EXTRACT, X_OK) != 0) {
		printf("skipped: there is no %s\n", EXTRACT);
		return;
	}
	fd = mkstemp(g.path);
	ck_assert_int_ge(fd, 0);
	g.file = fdopen(fd, "w");
	for (int n = times ? atoi(times) : 4; n > 0; n--) {
		for (size_t i = 0; (rules = game_rules_at(i)); i++)
			if (strcmp(rules->record_file, "games.pgn") == 0)
				add(&g, rules, "");
		for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
			add(&g, game_rules_find(slice_str(starts[i].id)), starts[i].setup);
	}
	check(&g);
}
END_TEST

TEST_MAIN("pgn-extract", every_game_is_read)

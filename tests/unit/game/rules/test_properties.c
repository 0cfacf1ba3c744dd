/*
 * Every game there is keeps to what the host relies on (properties.h), and allocates nothing where
 * it has nothing to append to. GAMES=n plays n games from each setup.
 */
#include "properties.h"

static const char *const usual[] = { "", NULL };

/* More setups than the usual start, by game. */
static const struct {
	const char *id;
	const char *setups[8];
} starts[] = {
	{ "nine-mens-morris",
		{ "", "w..w..w......b.b.b..b... w 0 0", "wbw.wb..b.wwb...bb..w..w b 0 0", NULL } },
	{ "go", { "boardsize 9", "boardsize 13 komi -0.5 handicap 7", NULL } },
	{ "crazyhouse",
		{ "", "r2qk1r1/1PBpp3/6pb/1p1P1p1p/PP3N1P/1P3P1R/Q2KPPP1/R2n1Bn~1[BN] b q - 0 29",
			NULL } },
	{ "atomic", { "", "r1b1kbnr/n4p1p/1p2p2q/p2pP1pP/2P3P1/2N2N2/PP1PKP2/R1BQ3R w kq - 5 14",
			    NULL } },
	{ "antichess", { "", "8/P1k1p3/8/2Nq4/8/8/1p4p1/5K2 w - - 1 36", NULL } },
	{ "horde", { "", "r3k2r/8/8/8/8/8/4P3/P4P1P w kq - 0 1", NULL } },
	{ "racing-kings", { "", "8/6RK/k7/8/8/8/8/1r4Q1 w - - 0 1", NULL } },
	{ "three-check", { "", "r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 140 80 +2+2", NULL } },
	{ "reversi", { "", "XO-------------------------------------------------------------- O",
			     NULL } },
	{ "connect-four", { "", "4433", "121212212121343434434343565656656565", NULL } },
	{ "chess", { "", "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1",
			   "r1k1r2q/p1ppp1pp/8/8/8/8/P1PPP1PP/R1K1R2Q w EAea - 0 1",
			   "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 140 80",
			   "8/8/8/8/8/5k2/4p3/4K3 w - - 0 1", "chess960", NULL } },
};

static const char *const *setups_of(const struct game_rules *rules)
{
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (strcmp(starts[i].id, rules->id) == 0)
			return starts[i].setups;
	return usual;
}

static unsigned games(void)
{
	const char *n = getenv("GAMES");

	return n ? (unsigned)atoi(n) : 2;
}

START_TEST(random_games)
{
	const struct game_rules *rules;

	for (size_t i = 0; (rules = game_rules_at(i)); i++)
		properties_hold(rules, setups_of(rules), games());
}
END_TEST

START_TEST(each_is_found_by_its_name)
{
	const struct game_rules *rules;

	ck_assert_ptr_nonnull(game_rules_at(0));
	for (size_t i = 0; (rules = game_rules_at(i)); i++)
		ck_assert_ptr_eq(game_rules_find(slice_str(rules->id)), rules);
	ck_assert_ptr_null(game_rules_find(SLICE("")));
	ck_assert_ptr_null(game_rules_find(SLICE("chess ")));
	ck_assert_ptr_null(game_rules_find((struct slice){ 0 }));
}
END_TEST

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
/* Allocations are counted where nothing else has taken malloc's place. */
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

static size_t allocations;

void *malloc(size_t n)
{
	allocations++;
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	allocations++;
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	allocations++;
	return __libc_realloc(p, n);
}

/* All functions that append to no buffer, on a move of the list and on one that is none. */
static void call_all(const struct game_rules *r, void *state, void *copy, unsigned seat,
	struct slice move, struct slice saved)
{
	struct game_result result;
	struct game_move made;
	char out[GAME_MOVE_MAX];
	const char *why;

	memcpy(copy, state, r->state_size);
	r->to_move(state);
	r->hash(state);
	r->outcome(state, &result);
	if (r->can_win)
		r->can_win(state, seat);
	if (r->claim) {
		r->claim(state, seat, move, &result, &why);
		r->claim(state, seat, SLICE("?"), &result, &why);
	}
	if (r->complete)
		r->complete(state, move, out);
	r->apply(copy, seat, SLICE("\xff?"), &made, &why);
	r->apply(copy, seat, move, &made, &why);
	r->load(copy, saved);
	r->load(copy, slice_head(saved, saved.n / 2));
}

static void count_game(const struct game_rules *r, const char *setup)
{
	static const uint8_t seed[GAME_SEED_SIZE];
	struct trial t = { .rules = r, .random = 4711 };
	struct strbuf list = { 0 }, saved = { 0 };
	const char *why;
	size_t before;

	t.state = mem_alloc(r->state_size);
	t.copy = mem_alloc(r->state_size);
	ck_assert_int_eq(r->init(t.state, r->seats_max, slice_str(setup), seed, &why), 0);
	for (unsigned ply = 0; ply < 60 && r->to_move(t.state); ply++) {
		unsigned seat = (unsigned)__builtin_ctzll(r->to_move(t.state));
		struct slice move;

		strbuf_reset(&list);
		strbuf_reset(&saved);
		r->legal(t.state, seat, &list);
		r->save(t.state, &saved);
		move = trial_word(strbuf_slice(&list),
			trial_below(&t, (unsigned)trial_words(strbuf_slice(&list))));
		before = allocations;
		call_all(r, t.state, t.copy, seat, move, strbuf_slice(&saved));
		ck_assert_msg(allocations == before, "%s allocates", r->id);
		ck_assert_int_eq(r->apply(t.state, seat, move, NULL, &why), 0);
	}
	before = allocations;
	r->init(t.copy, r->seats_max, slice_str(setup), seed, &why);
	ck_assert_msg(allocations == before, "%s allocates", r->id);
	free(t.state);
	free(t.copy);
	strbuf_free(&list);
	strbuf_free(&saved);
}

START_TEST(nothing_is_allocated)
{
	const struct game_rules *rules;

	for (size_t i = 0; (rules = game_rules_at(i)); i++)
		for (const char *const *setup = setups_of(rules); *setup; setup++)
			count_game(rules, *setup);
	ck_assert_uint_gt(allocations, 0);
}
END_TEST
#else
START_TEST(nothing_is_allocated)
{
	printf("skipped: allocations are not counted in this build\n");
}
END_TEST
#endif

TEST_MAIN("properties", random_games, each_is_found_by_its_name, nothing_is_allocated)

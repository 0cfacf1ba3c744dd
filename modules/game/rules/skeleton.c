/*
 * skeleton.c: the whole of a game's table, as small as it can be (skeleton.h). It is saved as
 * "skeleton 1", then how many are left and whose turn it is (or was, when none are left).
 *
 * Pure; a state has two bytes.
 */
#include "rules/skeleton.h"

#include "hearth/error.h"
#include "hearth/json.h"

#include "rules/plain.h"

#define START    21
#define HEAP_MAX 99
#define TAKE_MAX 3

static const char head[] = "skeleton 1\n";
static const char *const seats[2] = { "first", "second" };

/* Every byte counts: what the compiler would leave between members is a member too, and zero. */
struct heap {
	uint8_t left;
	uint8_t turn;
};

static int init(void *state, unsigned n, struct slice setup, const uint8_t seed[GAME_SEED_SIZE],
	const char **why)
{
	struct heap *h = state;
	uint64_t left = START;

	(void)n, (void)seed; /* two play, and nothing is left to chance */
	if (setup.n && (slice_u64(setup, HEAP_MAX, &left) || left == 0)) {
		*why = "a setup is a number from 1 to 99";
		return HEARTH_EINVAL;
	}
	memset(h, 0, sizeof(*h));
	h->left = (uint8_t)left;
	return 0;
}

static uint64_t to_move(const void *state)
{
	const struct heap *h = state;

	return h->left ? UINT64_C(1) << h->turn : 0;
}

/* Everything is looked at before anything is changed. */
static int apply(
	void *state, unsigned seat, struct slice text, struct game_move *made, const char **why)
{
	struct heap *h = state;
	char word[2] = "";

	if (game_check_turn(to_move(h), seat, why))
		return HEARTH_EDENIED;
	if (text.n != 1 || text.p[0] < '1' || text.p[0] > '0' + TAKE_MAX) {
		*why = "a move is 1, 2 or 3";
		return HEARTH_EINVAL;
	}
	if (text.p[0] - '0' > h->left) {
		*why = "there are not so many";
		return HEARTH_EDENIED;
	}
	h->left = (uint8_t)(h->left - (text.p[0] - '0'));
	h->turn ^= 1;
	word[0] = text.p[0];
	if (made) {
		game_put_text(made->text, word);
		game_put_text(made->notation, word);
	}
	return 0;
}

static void legal(const void *state, unsigned seat, struct strbuf *out)
{
	const struct heap *h = state;
	size_t from = out->n;
	const char *why;

	if (game_check_turn(to_move(h), seat, &why))
		return;
	for (unsigned take = 1; take <= TAKE_MAX && take <= h->left; take++)
		game_add_word(out, from, (char[]){ (char)('0' + take), 0 });
}

static void outcome(const void *state, struct game_result *out)
{
	const struct heap *h = state;

	*out = h->left ? game_goes_on() : game_over(h->turn ^ 1, "the last one is taken");
}

/* A game with secrets looks at the viewer here, and brings `told` as well. */
static void view(const void *state, int viewer, struct strbuf *out)
{
	const struct heap *h = state;
	struct game_result result;
	struct json_writer w;

	(void)viewer;
	outcome(h, &result);
	json_writer_init(&w, out);
	json_open_object(&w);
	json_put_i64(&w, "left", h->left);
	json_put_str(&w, "turn", seats[h->turn]);
	json_put_str(&w, "status", result.status);
	json_put_str(&w, "reason", result.reason);
	json_close_object(&w);
}

static void save(const void *state, struct strbuf *out)
{
	const struct heap *h = state;

	strbuf_printf(out, "%s%d %d", head, h->left, h->turn);
}

/* What is read comes from anywhere: it is a state that the rules know, or refused. */
static int load(void *state, struct slice saved)
{
	struct heap *h = state;
	uint64_t left, turn;

	if (!slice_starts(saved, slice_str(head)))
		return HEARTH_ECORRUPT;
	saved = slice_skip(saved, sizeof(head) - 1);
	if (slice_u64(slice_split(&saved, ' '), HEAP_MAX, &left) || slice_u64(saved, 1, &turn))
		return HEARTH_ECORRUPT;
	memset(h, 0, sizeof(*h));
	h->left = (uint8_t)left;
	h->turn = (uint8_t)turn;
	return 0;
}

static uint64_t hash(const void *state)
{
	return game_hash_bytes(state, sizeof(struct heap));
}

static void record(const struct game_record *match, struct strbuf *out)
{
	game_record_lines(&skeleton_rules, match, out);
}

/* What is left out here, this game has not: `complete`, `told`, `claim`, `can_win` (rules.h). */
const struct game_rules skeleton_rules = {
	.version = GAME_RULES_VERSION,
	.id = "skeleton",
	.name = "Skeleton",
	.seat_names = seats,
	.seats_min = 2,
	.seats_max = 2,
	.state_size = sizeof(struct heap),
	.setup_size_max = 2,
	.save_size_max = sizeof(head) - 1 + sizeof("99 1") - 1,
	.init = init,
	.to_move = to_move,
	.apply = apply,
	.legal = legal,
	.view = view,
	.outcome = outcome,
	.save = save,
	.load = load,
	.hash = hash,
	.record = record,
	.record_file = "games.txt",
};

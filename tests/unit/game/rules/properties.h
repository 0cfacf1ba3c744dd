/*
 * properties.h: what every game's rules must keep to (rules.h), tried by random play. A test of a
 * game calls properties_hold with its rules and setups; test_properties.c does so for all there are.
 *
 * Each game is played from a fixed seed, so that a failure comes again. Memory for states is filled
 * with two different bytes before it is used: a byte that a function leaves unset shows.
 */
#ifndef GAME_PROPERTIES_H
#define GAME_PROPERTIES_H

#include <stdio.h>

#include "harness.h"

#include "hearth/error.h"
#include "hearth/json.h"

#include "rules/rules.h"

#define PROPERTIES_PLIES 400 /* a longer game is left where it is */
#define PROPERTIES_WORD  40  /* bytes the host has for a status or reason, with the NUL */

/* A game being tried, and room for states beside it. */
struct trial {
	const struct game_rules *rules;
	unsigned seats;
	struct slice setup;
	uint8_t seed[GAME_SEED_SIZE];
	uint64_t random;
	unsigned ply;
	void *state, *copy, *other;
	struct strbuf log; /* "seat move" a line */
};

#define HOLDS(t, what)                                                              \
	ck_assert_msg(what, "%s, setup \"%.*s\", ply %u: %s\n%.*s", (t)->rules->id, \
		SLICE_ARG((t)->setup), (t)->ply, #what, SLICE_ARG(strbuf_slice(&(t)->log)))

/* xorshift64: the same numbers on every run. */
static inline unsigned trial_below(struct trial *t, unsigned n)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return (unsigned)(t->random >> 33) % n;
}

static inline bool trial_same(const struct trial *t, const void *a, const void *b)
{
	return memcmp(a, b, t->rules->state_size) == 0;
}

static inline bool trial_turn(const struct trial *t, unsigned seat)
{
	return t->rules->to_move(t->state) & UINT64_C(1) << seat;
}

/* Whether the words of a list that spaces separate have this one among them. */
static inline bool trial_listed(struct slice list, struct slice word)
{
	while (list.p && list.n) {
		if (slice_eq(slice_split(&list, ' '), word))
			return true;
	}
	return false;
}

static inline size_t trial_words(struct slice list)
{
	size_t n = list.n > 0;

	for (size_t i = 0; i < list.n; i++)
		n += list.p[i] == ' ';
	return n;
}

static inline struct slice trial_word(struct slice list, size_t nth)
{
	while (nth-- > 0)
		slice_split(&list, ' ');
	return slice_split(&list, ' ');
}

static inline void trial_outcome(struct trial *t)
{
	struct game_result r = { 0 };

	t->rules->outcome(t->state, &r);
	HOLDS(t, r.over == (t->rules->to_move(t->state) == 0));
	HOLDS(t, r.status && strlen(r.status) < PROPERTIES_WORD);
	HOLDS(t, r.reason && strlen(r.reason) < PROPERTIES_WORD);
	for (unsigned seat = 0; seat < GAME_SEATS_MAX; seat++)
		HOLDS(t, r.scores[seat] == 0 || (r.over && seat < t->seats));
	HOLDS(t, (strcmp(r.status, "started") == 0) == !r.over);
	HOLDS(t, (r.reason[0] != 0) == r.over);
	HOLDS(t, t->rules->to_move(t->state) >> t->seats == 0);
	for (unsigned seat = 0; t->rules->can_win && seat < t->seats; seat++)
		(void)t->rules->can_win(t->state, seat);
}

static inline void trial_views(struct trial *t)
{
	for (int viewer = GAME_VIEWER_PUBLIC; viewer < (int)t->seats; viewer++) {
		struct arena *a = arena_new();
		struct strbuf text = { 0 };
		struct json *json;

		t->rules->view(t->state, viewer, &text);
		HOLDS(t, json_read(a, strbuf_slice(&text), &json, NULL) == 0);
		HOLDS(t, json->type == JSON_OBJECT);
		strbuf_free(&text);
		arena_free(&a);
	}
}

/* What is saved is read as the same bytes, and saved as the same text. */
static inline void trial_reload(struct trial *t)
{
	struct strbuf saved = { 0 }, again = { 0 };

	t->rules->save(t->state, &saved);
	HOLDS(t, saved.n <= t->rules->save_size_max);
	memset(t->copy, 0xa5, t->rules->state_size);
	HOLDS(t, t->rules->load(t->copy, strbuf_slice(&saved)) == 0);
	HOLDS(t, trial_same(t, t->copy, t->state));
	HOLDS(t, t->rules->hash(t->copy) == t->rules->hash(t->state));
	t->rules->save(t->copy, &again);
	HOLDS(t, slice_eq(strbuf_slice(&saved), strbuf_slice(&again)));
	strbuf_free(&saved);
	strbuf_free(&again);
}

/* A saved text cut off, or with a byte changed, is refused or is a state like any other. */
static inline void trial_broken(struct trial *t, struct slice text)
{
	struct strbuf saved = { 0 };
	void *state = t->state;
	int rc = t->rules->load(t->copy, text);

	HOLDS(t, rc == 0 || rc == HEARTH_ECORRUPT);
	if (rc)
		return;
	t->state = t->copy;
	trial_outcome(t);
	trial_views(t);
	t->rules->save(t->copy, &saved);
	HOLDS(t, saved.n <= t->rules->save_size_max);
	HOLDS(t, t->rules->load(t->other, strbuf_slice(&saved)) == 0);
	HOLDS(t, trial_same(t, t->copy, t->other));
	t->state = state;
	strbuf_free(&saved);
}

static inline void trial_broken_saves(struct trial *t)
{
	struct strbuf saved = { 0 };

	t->rules->save(t->state, &saved);
	/* At every byte of the head; in a long text some of the others, since it is played again. */
	for (size_t n = 0; n < saved.n; n++)
		if (n < 100 || trial_below(t, (unsigned)saved.n) < 40)
			trial_broken(t, slice_of(saved.p, n));
	for (unsigned i = 0; i < 60 && saved.n; i++) {
		unsigned at = trial_below(t, (unsigned)saved.n);
		char was = saved.p[at];

		/* Mostly what the text has elsewhere: it goes further than any byte. */
		saved.p[at] = trial_below(t, 4) ? saved.p[trial_below(t, (unsigned)saved.n)]
						: (char)trial_below(t, 256);
		trial_broken(t, strbuf_slice(&saved));
		saved.p[at] = was;
	}
	strbuf_free(&saved);
}

/* A move of somebody as they sent it: taken only if it is on the list; otherwise nothing changes. */
static inline void trial_text(struct trial *t, unsigned seat, struct slice list, struct slice text)
{
	struct game_move made = { 0 };
	const char *why = NULL;
	int rc;

	memcpy(t->copy, t->state, t->rules->state_size);
	rc = t->rules->apply(t->copy, seat, text, &made, &why);
	if (rc == 0) {
		HOLDS(t, seat < t->seats && trial_turn(t, seat));
		HOLDS(t, trial_listed(list, slice_str(made.text)));
		return;
	}
	HOLDS(t, rc == HEARTH_EINVAL || rc == HEARTH_EDENIED);
	HOLDS(t, why && why[0]);
	HOLDS(t, trial_same(t, t->copy, t->state));
	HOLDS(t, !trial_listed(list, text) || !trial_turn(t, seat));
}

static inline void trial_claim(struct trial *t, unsigned seat, struct slice text)
{
	struct game_result r = { 0 };
	const char *why = NULL;
	int rc;

	if (!t->rules->claim)
		return;
	memcpy(t->copy, t->state, t->rules->state_size);
	rc = t->rules->claim(t->copy, seat, text, &r, &why);
	HOLDS(t, rc == 0 || rc == HEARTH_EINVAL || rc == HEARTH_EDENIED);
	HOLDS(t, trial_same(t, t->copy, t->state));
	HOLDS(t, rc == 0 ? r.over && strlen(r.status) < PROPERTIES_WORD : why && why[0]);
	HOLDS(t, rc || t->rules->to_move(t->state));
}

static inline void trial_complete(struct trial *t, struct slice text)
{
	char out[GAME_MOVE_MAX];

	if (t->rules->complete && t->rules->complete(t->state, text, out) == 0)
		HOLDS(t, memchr(out, 0, sizeof(out)));
	if (t->rules->is_part)
		(void)t->rules->is_part(text);
}

/* Texts that nobody should send: nearly moves, moves of elsewhere, any bytes. */
static inline void trial_nonsense(struct trial *t, unsigned seat, struct slice list)
{
	static const char *const texts[] = { "", " ", "-", "e2e4", "a1", "pass", "N@e4", "a1b1c1",
		"0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0", "\xff\xfe", "d4 d5" };
	char bytes[80];
	size_t n;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		trial_text(t, seat, list, slice_str(texts[i]));
	for (unsigned i = 0; i < 4; i++) {
		struct slice text =
			trial_word(list, trial_below(t, 1 + (unsigned)trial_words(list)));

		n = text.n < sizeof(bytes) - 1 ? text.n : sizeof(bytes) - 1;
		if (n)
			memcpy(bytes, text.p, n);
		if (n == 0 || trial_below(t, 2))
			bytes[n++] = (char)trial_below(t, 128);
		bytes[trial_below(t, (unsigned)n)] = (char)('0' + trial_below(t, 80));
		trial_text(t, seat, list, slice_of(bytes, n));
		trial_claim(t, seat, slice_of(bytes, n));
		trial_complete(t, slice_of(bytes, n));
	}
	n = trial_below(t, sizeof(bytes));
	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)trial_below(t, 256);
	trial_text(t, seat, list, slice_of(bytes, n));
	trial_claim(t, seat, slice_of(bytes, n));
	trial_complete(t, slice_of(bytes, n));
}

/* Each of the moves on the list is taken, under the very text it has there. */
static inline void trial_legal(struct trial *t, unsigned seat, struct slice list, bool all)
{
	size_t words = trial_words(list), n = all || words < 4 ? words : 4;

	HOLDS(t, (words > 0) == trial_turn(t, seat));
	for (size_t i = 0; i < n; i++) {
		struct slice move =
			trial_word(list, n == words ? i : trial_below(t, (unsigned)words));
		struct game_move made;
		const char *why = NULL;

		memset(&made, 'x', sizeof(made));
		memcpy(t->copy, t->state, t->rules->state_size);
		HOLDS(t, t->rules->apply(t->copy, seat, move, &made, &why) == 0);
		HOLDS(t, slice_eq(slice_str(made.text), move));
		HOLDS(t, memchr(made.notation, 0, sizeof(made.notation)) && made.notation[0]);
		HOLDS(t, !strpbrk(made.notation, " \n"));
		HOLDS(t, !trial_same(t, t->copy, t->state));
		HOLDS(t, t->rules->hash(t->copy) != t->rules->hash(t->state));
		memcpy(t->other, t->state, t->rules->state_size);
		HOLDS(t, t->rules->apply(t->other, seat, move, NULL, &why) == 0);
		HOLDS(t, trial_same(t, t->copy, t->other));
	}
}

/* The mover is told their whole move; others a text of its size, or none. */
static inline void trial_told(struct trial *t, const void *before, unsigned seat, const char *text)
{
	struct game_move out;

	for (int viewer = GAME_VIEWER_PUBLIC; t->rules->told && viewer < (int)t->seats; viewer++) {
		memset(&out, 'x', sizeof(out));
		t->rules->told(before, seat, slice_str(text), viewer, &out);
		HOLDS(t, memchr(out.text, 0, sizeof(out.text)));
		HOLDS(t, memchr(out.notation, 0, sizeof(out.notation)));
		HOLDS(t, viewer != (int)seat || strcmp(out.text, text) == 0);
	}
}

/* Looks at the state from all sides; then one of the moves is made. */
static inline void trial_ply(struct trial *t)
{
	bool thorough = trial_below(t, 8) == 0;
	unsigned turn = trial_below(t, t->seats);
	struct strbuf lists[GAME_SEATS_MAX] = { 0 };
	struct game_move made;
	struct slice move;
	const char *why;

	trial_outcome(t);
	trial_reload(t);
	for (unsigned seat = 0; seat < t->seats; seat++)
		t->rules->legal(t->state, seat, &lists[seat]);
	for (unsigned seat = 0; seat < t->seats; seat++) {
		struct slice other = strbuf_slice(&lists[(seat + 1) % t->seats]);

		trial_legal(t, seat, strbuf_slice(&lists[seat]), thorough);
		trial_claim(t, seat, SLICE(""));
		if (!thorough)
			continue;
		trial_nonsense(t, seat, strbuf_slice(&lists[seat]));
		trial_text(t, seat, strbuf_slice(&lists[seat]), trial_word(other, 0));
	}
	if (thorough) {
		trial_views(t);
		trial_text(t, t->seats, SLICE(""), SLICE("a1"));
		trial_text(t, 1000, SLICE(""), SLICE("a1"));
	}
	while (t->rules->to_move(t->state) && !trial_turn(t, turn))
		turn = (turn + 1) % t->seats;
	move = strbuf_slice(&lists[turn]);
	if (move.n) {
		move = trial_word(move, trial_below(t, (unsigned)trial_words(move)));
		memcpy(t->other, t->state, t->rules->state_size);
		HOLDS(t, t->rules->apply(t->state, turn, move, &made, &why) == 0);
		trial_told(t, t->other, turn, made.text);
		strbuf_printf(&t->log, "%u %s\n", turn, made.text);
	}
	for (unsigned seat = 0; seat < t->seats; seat++)
		strbuf_free(&lists[seat]);
}

static inline void trial_begin(struct trial *t, void *state, uint8_t fill)
{
	const char *why = "";

	memset(state, fill, t->rules->state_size);
	ck_assert_msg(t->rules->init(state, t->seats, t->setup, t->seed, &why) == 0, "%s: %.*s: %s",
		t->rules->id, SLICE_ARG(t->setup), why);
}

/* The log of the moves is the match: played again it gives the same bytes. */
static inline void trial_replay(struct trial *t)
{
	struct slice rest = strbuf_slice(&t->log);
	const char *why;

	trial_begin(t, t->copy, 0x5a);
	while (rest.n) {
		struct slice line = slice_split(&rest, '\n'), seat = slice_split(&line, ' ');

		HOLDS(t, t->rules->apply(t->copy, (unsigned)(seat.p[0] - '0'), line, NULL, &why) ==
				 0);
	}
	HOLDS(t, trial_same(t, t->copy, t->state));
}

/* The match is written down as something that ends a line, whatever a name has in it. */
static inline void trial_record(struct trial *t)
{
	struct game_record match = { .site = SLICE("example.org"),
		.start = t->copy,
		.seats = t->seats,
		.started_at = 1700000000000,
		.status = SLICE("draw"),
		.reason = SLICE("agreement"),
		.setup = t->setup,
		.time_control = SLICE("300"),
		.scored = true };
	struct strbuf text = { 0 }, moves = { 0 };
	struct slice rest = strbuf_slice(&t->log);

	trial_begin(t, t->copy, 0x5a);
	for (unsigned seat = 0; seat < t->seats; seat++)
		match.names[seat] = "A \"b\"\\ ]\n[c";
	while (rest.n) {
		struct slice line = slice_split(&rest, '\n');

		slice_split(&line, ' ');
		strbuf_add(&moves, line);
		strbuf_addc(&moves, rest.n ? ' ' : '\0');
	}
	match.moves = slice_of(moves.p, moves.n ? moves.n - 1 : 0);
	t->rules->record(&match, &text);
	HOLDS(t, text.n && text.p[text.n - 1] == '\n');
	match.scored = false;
	match.moves = SLICE("");
	t->rules->record(&match, &text);
	strbuf_free(&text);
	strbuf_free(&moves);
}

static inline void trial_game(const struct game_rules *rules, const char *setup, uint64_t random)
{
	struct trial t = { .rules = rules,
		.setup = slice_str(setup),
		.random = random * 0x9e3779b97f4a7c15u + 1 };
	unsigned more = rules->seats_max - rules->seats_min;

	t.seats = rules->seats_min + (unsigned)random % (more + 1);

	for (size_t i = 0; i < sizeof(t.seed); i++)
		t.seed[i] = (uint8_t)trial_below(&t, 256);
	t.state = mem_alloc(rules->state_size);
	t.copy = mem_alloc(rules->state_size);
	t.other = mem_alloc(rules->state_size);
	trial_begin(&t, t.state, 0xa5);
	trial_begin(&t, t.copy, 0x5a);
	HOLDS(&t, trial_same(&t, t.state, t.copy));
	for (t.ply = 0; t.ply < PROPERTIES_PLIES && rules->to_move(t.state); t.ply++)
		trial_ply(&t);
	trial_outcome(&t);
	trial_reload(&t);
	trial_views(&t);
	trial_claim(&t, 0, SLICE(""));
	if (random % 8 == 0)
		trial_broken_saves(&t);
	trial_replay(&t);
	trial_record(&t);
	free(t.state);
	free(t.copy);
	free(t.other);
	strbuf_free(&t.log);
}

/* The table of a game says what the host relies on. */
static inline void properties_of_table(const struct game_rules *r)
{
	ck_assert_uint_eq(r->version, GAME_RULES_VERSION);
	ck_assert(r->id && r->id[0] && strlen(r->id) < PROPERTIES_WORD);
	ck_assert(strspn(r->id, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(r->id));
	ck_assert(r->name && r->name[0]);
	ck_assert_str_eq(game_rules_rating(r, SLICE("")), r->id);
	ck_assert_uint_ge(r->seats_min, 1);
	ck_assert_uint_le(r->seats_min, r->seats_max);
	ck_assert_uint_le(r->seats_max, GAME_SEATS_MAX);
	for (unsigned seat = 0; seat < r->seats_max; seat++)
		ck_assert(r->seat_names[seat] && r->seat_names[seat][0]);
	ck_assert(r->init && r->to_move && r->apply && r->legal && r->view && r->outcome);
	ck_assert(r->save && r->load && r->hash && r->record);
	ck_assert(r->record_file && strchr(r->record_file, '.') && !strchr(r->record_file, '/'));
	ck_assert(!r->has_secrets || r->told);
	ck_assert_uint_gt(r->state_size, 0);
	ck_assert_uint_gt(r->save_size_max, 0);
}

/* What is rated begins, under a name that is this game's alone. */
static inline void properties_of_rating(const struct game_rules *r, struct slice setup, bool begins)
{
	const char *name = game_rules_rating(r, setup);
	const struct game_rules *other = name ? game_rules_find(slice_str(name)) : NULL;

	ck_assert_msg(!name || begins, "%s: %.*s", r->id, SLICE_ARG(setup));
	ck_assert(!name || (name[0] && strlen(name) < PROPERTIES_WORD));
	ck_assert(!other || strcmp(other->id, r->id) == 0);
}

/* Setups of any bytes are refused with a reason, or a game begins. */
static inline void properties_of_setups(const struct game_rules *r, const char *setup)
{
	static const uint8_t seed[GAME_SEED_SIZE];
	struct trial t = { .rules = r, .random = 77 };
	size_t n = strlen(setup);
	char *text = mem_strdup(slice_str(setup));

	t.state = mem_alloc(r->state_size);
	for (unsigned i = 0; i < 300; i++) {
		size_t at = n ? trial_below(&t, (unsigned)n) : 0;
		char was = text[at];
		const char *why = NULL;
		int rc;

		if (n && i % 3)
			text[at] = i % 3 == 1 ? setup[trial_below(&t, (unsigned)n)]
					      : (char)(1 + trial_below(&t, 255));
		rc = r->init(t.state, r->seats_max, slice_of(text, i % 3 ? n : at), seed, &why);
		ck_assert_msg(rc == 0 || (rc == HEARTH_EINVAL && why && why[0]), "%s: %s: %d",
			r->id, text, rc);
		properties_of_rating(r, slice_of(text, i % 3 ? n : at), rc == 0);
		text[at] = was;
	}
	free(t.state);
	free(text);
}

/* All of the above: `games` games from each setup; NULL ends the list of setups. */
static inline void properties_hold(
	const struct game_rules *rules, const char *const setups[], unsigned games)
{
	properties_of_table(rules);
	for (; *setups; setups++) {
		properties_of_setups(rules, *setups);
		for (unsigned i = 0; i < games; i++)
			trial_game(rules, *setups, i);
	}
}

#endif

/*
 * pgn.c: a game as text in PGN (pgn.h): the seven tags that every game has come first, in their order
 * (8.1.1). Pure; as long as the game has moves.
 */
#include "rules/chess/pgn.h"

#include <stdio.h>
#include <time.h>

#define LINE_MAX_BYTES 79

/* Backslash and quote are escaped (7); control characters would break the line. */
static void add_tag(struct strbuf *out, const char *name, struct slice value)
{
	strbuf_printf(out, "[%s \"", name);
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '"' || value.p[i] == '\\')
			strbuf_addc(out, '\\');
		strbuf_addc(out, (unsigned char)value.p[i] < 0x20 ? ' ' : value.p[i]);
	}
	strbuf_adds(out, "\"]\n");
}

static struct slice known(struct slice s)
{
	return s.n ? s : SLICE("?");
}

static const char *result_text(enum pgn_result result)
{
	static const char *const texts[] = { "*", "1-0", "0-1", "1/2-1/2" };

	return texts[result];
}

/* 9.8.1 */
static const char *termination(const struct pgn_game *g)
{
	if (slice_eq(g->status, SLICE("outoftime")))
		return "time forfeit";
	if (slice_eq(g->status, SLICE("aborted")))
		return "abandoned";
	return g->result == PGN_GOES_ON ? "unterminated" : "normal";
}

static void add_rating(struct strbuf *out, const char *tag, int rating)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", rating);
	if (rating > 0)
		add_tag(out, tag, slice_str(text));
}

static void add_tags(struct strbuf *out, const struct pgn_game *g)
{
	char date[16] = "????.??.??", hour[16] = "??:??:??";
	time_t t = (time_t)(g->started_at / 1000);
	struct tm utc;

	if (gmtime_r(&t, &utc)) {
		strftime(date, sizeof(date), "%Y.%m.%d", &utc);
		strftime(hour, sizeof(hour), "%H:%M:%S", &utc);
	}
	add_tag(out, "Event", g->rated ? SLICE("Rated game") : SLICE("Casual game"));
	add_tag(out, "Site", known(g->site));
	add_tag(out, "Date", slice_str(date));
	add_tag(out, "Round", SLICE("-"));
	add_tag(out, "White", known(g->white));
	add_tag(out, "Black", known(g->black));
	add_tag(out, "Result", slice_str(result_text(g->result)));
	add_rating(out, "WhiteElo", g->white_rating);
	add_rating(out, "BlackElo", g->black_rating);
	add_tag(out, "UTCDate", slice_str(date));
	add_tag(out, "UTCTime", slice_str(hour));
	add_tag(out, "TimeControl", g->time_control.n ? g->time_control : SLICE("-"));
	add_tag(out, "Termination", slice_str(termination(g)));
	if (g->reason.n)
		add_tag(out, "Reason", g->reason);
	if (g->variant.n)
		add_tag(out, "Variant", g->variant);
	if (g->setup.n) {
		add_tag(out, "SetUp", SLICE("1"));
		add_tag(out, "FEN", g->setup);
	}
	strbuf_addc(out, '\n');
}

/* A word of the moves, on a new line when this one is full. */
static void add_word(struct strbuf *out, size_t *column, struct slice word)
{
	if (*column > 0 && *column + 1 + word.n > LINE_MAX_BYTES) {
		strbuf_addc(out, '\n');
		*column = 0;
	} else if (*column > 0) {
		strbuf_addc(out, ' ');
		++*column;
	}
	strbuf_add(out, word);
	*column += word.n;
}

/* Where the moves begin: the mover and the number of the move, as the FEN says. */
static bool black_begins(struct slice setup, int64_t *number)
{
	struct slice fields[6] = { { 0 } };

	*number = 1;
	for (int i = 0; i < 6 && setup.p; i++)
		fields[i] = slice_split(&setup, ' ');
	if (slice_i64(fields[5], 1, 9999, number) < 0)
		*number = 1;
	return slice_eq(fields[1], SLICE("b"));
}

/* What a clock showed: one that has run out shows no less than nothing. */
static void add_clock(struct strbuf *out, size_t *column, int64_t left_us)
{
	long long tenths = left_us > 0 ? left_us / 100000 : 0, s = tenths / 10;
	char text[64];
	int n = snprintf(
		text, sizeof(text), "{ [%%clk %lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);

	if (tenths % 10)
		n += snprintf(text + n, sizeof(text) - (size_t)n, ".%lld", tenths % 10);
	snprintf(text + n, sizeof(text) - (size_t)n, "] }");
	add_word(out, column, slice_str(text));
}

void pgn_write(struct strbuf *out, const struct pgn_game *g)
{
	struct slice moves = g->moves;
	size_t column = 0;
	int64_t number;
	bool black = black_begins(g->setup, &number);
	char text[24];

	add_tags(out, g);
	for (int i = 0; moves.n > 0; i++) {
		struct slice move = slice_split(&moves, ' ');

		/* Black's bears one too where something stands between the two (8.2.2.2). */
		snprintf(text, sizeof(text), "%lld%s", (long long)number, black ? "..." : ".");
		if (!black || i == 0 || g->left_us)
			add_word(out, &column, slice_str(text));
		add_word(out, &column, move);
		if (g->left_us)
			add_clock(out, &column, g->left_us[i]);
		number += black;
		black = !black;
	}
	add_word(out, &column, slice_str(result_text(g->result)));
	strbuf_adds(out, "\n\n");
}

static enum pgn_result result_of(const struct game_record *match)
{
	if (!match->scored)
		return PGN_GOES_ON;
	switch (game_winner(match->scores, 2)) {
	case 0: return PGN_WHITE_WON;
	case 1: return PGN_BLACK_WON;
	default: return PGN_DRAWN;
	}
}

void pgn_record(const struct game_record *match, struct slice setup, struct slice variant,
	struct strbuf *out)
{
	const struct pgn_game game = { .site = match->site,
		.white = slice_str(match->names[0]),
		.black = slice_str(match->names[1]),
		.started_at = match->started_at,
		.result = result_of(match),
		.status = match->status,
		.reason = match->reason,
		.setup = setup,
		.time_control = match->time_control,
		.rated = match->rated,
		.white_rating = match->ratings[0],
		.black_rating = match->ratings[1],
		.moves = match->moves,
		.left_us = match->left_us,
		.variant = variant };

	pgn_write(out, &game);
}

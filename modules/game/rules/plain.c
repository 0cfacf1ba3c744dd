/*
 * plain.c: the functions of plain.h. Pure; each costs what it is given.
 */
#include "rules/plain.h"

#include <assert.h>
#include <time.h>

#include "hearth/error.h"

/* FNV-1a, 64 bits; then stirred, for those who look at some of the bits alone. */
uint64_t game_hash_bytes(const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ p[i]) * 0x100000001b3u;
	return (hash ^ hash >> 32) * 0x9e3779b97f4a7c15u;
}

int game_check_turn(uint64_t turn, unsigned seat, const char **why)
{
	if (turn == 0)
		*why = "the game is over";
	else if (seat >= 64 || !(turn & UINT64_C(1) << seat))
		*why = "it is the opponent's turn";
	else
		return 0;
	return HEARTH_EDENIED;
}

void game_put_text(char out[GAME_MOVE_MAX], const char *from)
{
	size_t n = strlen(from);

	assert(n < GAME_MOVE_MAX);
	memcpy(out, from, n + 1);
}

void game_add_word(struct strbuf *out, size_t from, const char *word)
{
	if (out->n > from)
		strbuf_addc(out, ' ');
	strbuf_adds(out, word);
}

struct game_result game_goes_on(void)
{
	return (struct game_result){ .status = "started", .reason = "" };
}

struct game_result game_over(int winner, const char *reason)
{
	struct game_result r = {
		.over = true, .status = winner == GAME_NOBODY ? "draw" : "win", .reason = reason
	};

	game_score(r.scores, 2, winner);
	return r;
}

/* A value is somebody's name, perhaps: it stays on its line. */
static void add_line(struct strbuf *out, const char *name, struct slice value)
{
	strbuf_printf(out, "%s: ", name);
	for (size_t i = 0; i < value.n; i++)
		strbuf_addc(out, (unsigned char)value.p[i] < 0x20 ? ' ' : value.p[i]);
	strbuf_addc(out, '\n');
}

void game_record_lines(
	const struct game_rules *rules, const struct game_record *match, struct strbuf *out)
{
	time_t t = (time_t)(match->started_at / 1000);
	char date[32] = "?";
	struct tm utc;

	if (gmtime_r(&t, &utc))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &utc);
	add_line(out, "Game", slice_str(rules->name));
	add_line(out, "Site", match->site);
	add_line(out, "Date", slice_str(date));
	for (unsigned seat = 0; seat < match->seats; seat++)
		add_line(out, rules->seat_names[seat], slice_str(match->names[seat]));
	for (unsigned seat = 0; match->scored && seat < match->seats; seat++)
		strbuf_printf(out, "%s %d%s", seat ? " to" : "Score:", match->scores[seat] / 2,
			match->scores[seat] % 2 ? ".5" : "");
	strbuf_adds(out, match->scored ? "\n" : "");
	add_line(out, "Status", match->status);
	add_line(out, "Reason", match->reason);
	if (match->setup.n)
		add_line(out, "Setup", match->setup);
	add_line(out, "Moves", match->moves);
	strbuf_addc(out, '\n');
}

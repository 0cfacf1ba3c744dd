/*
 * fit.c: who fits whom (lobby_private.h), and who sits where. On the loop; a walk along those who want
 * the same, mostly a short one: only seeks that cannot be paired with each other wait beside each other.
 */
#include <stdio.h>

#include "hearth/rand.h"
#include "lobby/lobby_private.h"

void lobby_key(char out[LOBBY_KEY_MAX], const struct game_seek *seek)
{
	char control[GAME_CONTROL_TEXT_MAX];

	game_control_print(&seek->control, control);
	snprintf(out, LOBBY_KEY_MAX, "%s %u %s %s %s", seek->rules->id, seek->seats, control,
		seek->rated ? "rated" : "casual", seek->setup);
}

/* Whether nobody but the one at `except` wishes for the same seat. */
static bool seat_is_free(const struct game_seek *const players[], unsigned n, unsigned except,
	const struct game_seek *seek)
{
	for (unsigned i = 0; i < n && seek->seat >= 0; i++)
		if (i != except && players[i]->seat == seek->seat)
			return false;
	return true;
}

static bool wants(const struct game_seek *a, const struct game_seek *b)
{
	return b->rating >= a->rating_min && b->rating <= a->rating_max;
}

/* Whether all but the one at `except` want to play whom this one is, and this one them. */
static bool is_wanted(const struct game_seek *const players[], unsigned n, unsigned except,
	const struct game_seek *seek)
{
	for (unsigned i = 0; i < n; i++)
		if (i != except && (!wants(players[i], seek) || !wants(seek, players[i])))
			return false;
	return true;
}

/*
 * Those of other accounts that wait longest; of each account the newest, since an older connection may
 * be one that is dead and has not been found out yet. One that is known to be gone plays nothing.
 */
unsigned lobby_find_players(const struct lobby_kind *k, const struct game_seek *seek,
	const struct game_seek *out[GAME_SEATS_MAX])
{
	unsigned n = 1, wanted = seek->seats;

	out[0] = seek;
	LIST_FOREACH (&k->seeks, it) {
		const struct game_seek *other = &LIST_ENTRY(it, struct lobby_waiting, node)->seek;
		unsigned at = 0;

		while (at < n && out[at]->account != other->account)
			at++;
		if (at == 0 || at == wanted || !other->client || !seat_is_free(out, n, at, other) ||
			!is_wanted(out, n, at, other))
			continue;
		out[at] = other;
		n += at == n;
	}
	return n;
}

void lobby_draw_seats(
	const struct game_seek *const seeks[], unsigned n, unsigned seats[GAME_SEATS_MAX])
{
	unsigned open[GAME_SEATS_MAX] = { 0 }, left = 0;
	uint64_t wished = 0;

	for (unsigned i = 0; i < n; i++)
		if (seeks[i]->seat >= 0)
			wished |= UINT64_C(1) << seeks[i]->seat;
	for (unsigned seat = 0; seat < n; seat++)
		if (!(wished >> seat & 1))
			open[left++] = seat;
	for (unsigned i = 0; i < n; i++) {
		unsigned at;

		if (seeks[i]->seat >= 0) {
			seats[i] = (unsigned)seeks[i]->seat;
			continue;
		}
		at = (unsigned)rand_below(left);
		seats[i] = open[at];
		open[at] = open[--left];
	}
}

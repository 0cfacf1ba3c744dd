/*
 * fit.c: who fits whom (lobby_private.h), and who sits where. On the loop; a walk along those who want
 * the same, mostly a short one: only seeks that cannot be paired with each other wait beside each other.
 * Where it is long it stops, and goes on from the number it had come to.
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

/* Whether nobody wishes for the same seat. */
static bool seat_is_free(
	const struct game_seek *const players[], unsigned n, const struct game_seek *seek)
{
	for (unsigned i = 0; i < n && seek->seat >= 0; i++)
		if (players[i]->seat == seek->seat)
			return false;
	return true;
}

static bool wants(const struct game_seek *a, const struct game_seek *b)
{
	return b->rating >= a->rating_min && b->rating <= a->rating_max;
}

/* Whether all want to play whom this one is, and this one them. */
static bool is_wanted(
	const struct game_seek *const players[], unsigned n, const struct game_seek *seek)
{
	for (unsigned i = 0; i < n; i++)
		if (!wants(players[i], seek) || !wants(seek, players[i]))
			return false;
	return true;
}

/* Whether it may play with these. One whose connection is known to be gone plays nothing. */
static bool fits(const struct game_seek *const players[], unsigned n, const struct game_seek *seek)
{
	for (unsigned i = 0; i < n; i++)
		if (players[i]->account == seek->account)
			return false;
	return seek->client && seat_is_free(players, n, seek) && is_wanted(players, n, seek);
}

/*
 * Of an account the newest of this kind that fits, since an older connection may be one that is dead and
 * has not been found out yet.
 */
static struct lobby_waiting *newest_of(
	struct lobby_waiting *w, const struct game_seek *const players[], unsigned n)
{
	const struct list *own = &w->seeker->seeks;

	for (struct list_node *it = own->head.prev; it != &own->head; it = it->prev) {
		struct lobby_waiting *other = LIST_ENTRY(it, struct lobby_waiting, own);

		if (other->kind == w->kind && fits(players, n, &other->seek))
			return other;
	}
	return w;
}

size_t lobby_place_of(const struct lobby_kind *k, int64_t id)
{
	size_t low = 0, high = k->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (k->seeks[middle]->seek.id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void lobby_look_anew(struct lobby_waiting *w)
{
	w->seen_id = 0;
	w->found_count = 0;
}

/* Those it has found before, behind itself; none where not all of them are there any more. */
static unsigned recall(struct lobby_waiting *w, const struct game_seek *out[GAME_SEATS_MAX])
{
	const struct lobby_kind *k = w->kind;

	out[0] = &w->seek;
	for (unsigned i = 0; i < w->found_count; i++) {
		size_t at = lobby_place_of(k, w->found[i]);

		if (at == k->count || k->seeks[at]->seek.id != w->found[i] ||
			!k->seeks[at]->seek.client) {
			lobby_look_anew(w);
			return 1;
		}
		out[i + 1] = &k->seeks[at]->seek;
	}
	return w->found_count + 1;
}

enum lobby_sight lobby_look_on(
	struct lobby_waiting *w, int *steps, const struct game_seek *out[GAME_SEATS_MAX])
{
	const struct lobby_kind *k = w->kind;
	unsigned n = recall(w, out);
	size_t at = lobby_place_of(k, w->seen_id + 1);

	for (; n < w->seek.seats && at<k->count && * steps> 0; at++, --*steps) {
		struct lobby_waiting *other = k->seeks[at];

		w->seen_id = other->seek.id;
		if (!fits(out, n, &other->seek))
			continue;
		out[n] = &newest_of(other, out, n)->seek;
		w->found[w->found_count++] = out[n++]->id;
	}
	return n == w->seek.seats ? LOBBY_FOUND : at < k->count ? LOBBY_MORE : LOBBY_NOBODY;
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

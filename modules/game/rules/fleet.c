/*
 * fleet.c: placing, shooting, and squares as text (fleet.h). Pure; each looks at the squares once.
 */
#include "rules/fleet.h"

#include <stdio.h>

const uint8_t fleet_lengths[FLEET_SHIPS] = { 5, 4, 3, 3, 2 };

bool fleets_placing(const struct fleets *g)
{
	return g->placed[0] < FLEET_SHIPS || g->placed[1] < FLEET_SHIPS;
}

bool fleet_read_square(struct slice text, unsigned *out)
{
	uint64_t row;

	if (text.n < 2 || text.p[0] < 'A' || text.p[0] >= 'A' + FLEET_SIDE || text.p[1] == '0' ||
		slice_u64(slice_skip(text, 1), FLEET_SIDE, &row) || row == 0)
		return false;
	*out = (unsigned)(row - 1) * FLEET_SIDE + (unsigned)(text.p[0] - 'A');
	return true;
}

/* Two squares of one row or column, the lower first. */
bool fleet_read_span(struct slice text, struct fleet_span *out)
{
	struct slice from = slice_split(&text, '-');

	if (!text.p || !fleet_read_square(from, &out->from) || !fleet_read_square(text, &out->to) ||
		out->from >= out->to)
		return false;
	if (out->from / FLEET_SIDE == out->to / FLEET_SIDE)
		out->step = 1;
	else if (out->from % FLEET_SIDE == out->to % FLEET_SIDE)
		out->step = FLEET_SIDE;
	else
		return false;
	out->n = (out->to - out->from) / out->step + 1;
	return true;
}

void fleet_write_square(unsigned square, char out[4])
{
	snprintf(out, 4, "%c%u", 'A' + (int)(square % FLEET_SIDE),
		square / FLEET_SIDE % FLEET_SIDE + 1);
}

void fleet_write_span(struct fleet_span s, char out[FLEET_MOVE_SIZE])
{
	char from[4], to[4];

	fleet_write_square(s.from, from);
	fleet_write_square(s.to, to);
	snprintf(out, FLEET_MOVE_SIZE, "%s-%s", from, to);
}

const char *fleet_fault(const struct fleets *g, unsigned seat, struct fleet_span s)
{
	if (s.n != fleet_lengths[g->placed[seat]])
		return "the next ship has another length";
	for (unsigned i = 0; i < s.n; i++)
		if (g->ship[seat][s.from + i * s.step])
			return "another ship is there";
	return NULL;
}

void fleet_place(struct fleets *g, unsigned seat, struct fleet_span s)
{
	g->placed[seat]++;
	for (unsigned i = 0; i < s.n; i++)
		g->ship[seat][s.from + i * s.step] = g->placed[seat];
}

/* Whether every square of a ship has been shot at. */
bool fleet_sunk(const struct fleets *g, unsigned seat, unsigned ship)
{
	for (unsigned i = 0; i < FLEET_SQUARES; i++)
		if (g->ship[seat][i] == ship && !g->shot[seat][i])
			return false;
	return true;
}

bool fleet_lost(const struct fleets *g, unsigned seat)
{
	for (unsigned ship = 1; ship <= FLEET_SHIPS; ship++)
		if (!fleet_sunk(g, seat, ship))
			return false;
	return true;
}

void fleets_shoot(struct fleets *g, unsigned square)
{
	unsigned us = g->turn, them = us ^ 1;

	g->shot[them][square] = 1;
	g->turn = (uint8_t)them;
	if (g->ship[them][square] && fleet_lost(g, them))
		g->won = (uint8_t)(us + 1);
}

/* The squares of a ship, which lie in one row or column. */
struct fleet_span fleet_span_of(const struct fleets *g, unsigned seat, unsigned ship)
{
	struct fleet_span s = { .n = fleet_lengths[ship - 1] };

	while (g->ship[seat][s.from] != ship)
		s.from++;
	s.step = s.from % FLEET_SIDE < FLEET_SIDE - 1 && g->ship[seat][s.from + 1] == ship
			 ? 1
			 : FLEET_SIDE;
	s.to = s.from + (s.n - 1) * s.step;
	return s;
}

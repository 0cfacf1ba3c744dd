/*
 * fleet.h: the two boards of battleship: ships, shots, and both as text (battleship.h). Pure; a board has
 * a hundred squares, A1 B1 … J10.
 */
#ifndef GAME_FLEET_H
#define GAME_FLEET_H

#include "rules/rules.h"

#define FLEET_SIDE      10
#define FLEET_SQUARES   100 /* FLEET_SIDE times FLEET_SIDE */
#define FLEET_SHIPS     5
#define FLEET_MOVE_SIZE sizeof("A10-E10")

struct fleets {
	uint8_t ship[2][FLEET_SQUARES]; /* by seat: the number of the ship there, from 1; or 0 */
	uint8_t shot[2][FLEET_SQUARES]; /* at the seat's board: 1 */
	uint8_t placed[2];              /* ships */
	uint8_t turn;                   /* who shoots next */
	uint8_t won;                    /* by whom, plus one */
	uint8_t unused[4];              /* zero */
};

/* A row of squares: a ship's. */
struct fleet_span {
	unsigned from, to, step, n;
};

/* Of the ships, in the order in which they are placed. */
extern const uint8_t fleet_lengths[FLEET_SHIPS];

/* Whether somebody has ships to place. */
bool fleets_placing(const struct fleets *g);
/* A square, or a ship's first and last, as text: false when it is none. And back. */
bool fleet_read_square(struct slice text, unsigned *out);
bool fleet_read_span(struct slice text, struct fleet_span *out);
void fleet_write_square(unsigned square, char out[4]);
void fleet_write_span(struct fleet_span s, char out[FLEET_MOVE_SIZE]);
/* NULL, or why the seat's next ship cannot lie there. Then it may be placed. */
const char *fleet_fault(const struct fleets *g, unsigned seat, struct fleet_span s);
void fleet_place(struct fleets *g, unsigned seat, struct fleet_span s);
/* Where a ship, from 1, of a seat lies. */
struct fleet_span fleet_span_of(const struct fleets *g, unsigned seat, unsigned ship);
/* Whether every square of a ship has been shot at; of all ships of a seat. */
bool fleet_sunk(const struct fleets *g, unsigned seat, unsigned ship);
bool fleet_lost(const struct fleets *g, unsigned seat);
/* Whose turn it is shoots at a square that was not shot at. */
void fleets_shoot(struct fleets *g, unsigned square);

#endif

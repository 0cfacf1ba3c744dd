/*
 * lobby_private.h: what the files of the lobby share: lobby.c has the seeks, fit.c finds who fits whom,
 * pairing.c makes matches of those. On the loop.
 */
#ifndef GAME_LOBBY_PRIVATE_H
#define GAME_LOBBY_PRIVATE_H

#include "hearth/list.h"
#include "hearth/map.h"
#include "lobby/lobby.h"

#define LOBBY_KEY_MAX (GAME_SETUP_MAX + GAME_CONTROL_TEXT_MAX + 64)

struct game_lobby {
	struct game *g;
	struct map *kinds;    /* what is wanted, as text → struct lobby_kind */
	struct map *clients;  /* client id → struct lobby_seeker: a connection that has seeks */
	struct map *seekers;  /* account id → struct lobby_seeker */
	struct list pairings; /* on their way to disk */
	int64_t last_id;      /* of a seek */
	int count;            /* of seeks */
};

/* A seek that waits. */
struct lobby_waiting {
	struct list_node node; /* of those that want the same, oldest first */
	struct list_node own;  /* of its account's, oldest first */
	struct lobby_seeker *seeker;
	struct lobby_kind *kind;
	struct timer timer; /* until its time, or that of a connection that is gone, is over */
	int64_t expires_ms; /* monotonic */
	struct game_seek seek;
};

/* An account with seeks. */
struct lobby_seeker {
	struct game_lobby *lobby;
	struct list seeks; /* struct lobby_waiting, by own */
	int64_t account;
	int count;
};

/* The seeks for one kind of game. */
struct lobby_kind {
	struct list seeks; /* by node */
	char key[LOBBY_KEY_MAX];
};

/* ---- lobby.c ---- */

/* All seeks of an account are over: one of them has found its match. */
void lobby_end_seeks(struct game_lobby *l, int64_t account);

/* ---- fit.c ---- */

/* What is wanted, as text: those who want the same have the same. */
void lobby_key(char out[LOBBY_KEY_MAX], const struct game_seek *seek);
/*
 * Who plays with a seek of this kind, itself first, with no two wishes for one seat: how many were found,
 * no more than the game needs.
 */
unsigned lobby_find_players(const struct lobby_kind *k, const struct game_seek *seek,
	const struct game_seek *out[GAME_SEATS_MAX]);
/* Which seat each of so many gets: as wished, the others by lot. */
void lobby_draw_seats(
	const struct game_seek *const seeks[], unsigned n, unsigned seats[GAME_SEATS_MAX]);

/* ---- pairing.c ---- */

/* Makes a match of so many seeks, and ends all of their accounts'. Copies them. */
void lobby_pair(struct game_lobby *l, const struct game_seek *const seeks[], unsigned n);
/* The connection is gone: it hears of no match that it is being paired for. */
void lobby_pairings_close(struct game_lobby *l, uint64_t client);

#endif

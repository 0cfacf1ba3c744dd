/*
 * lobby_private.h: what the files of the lobby share: lobby.c has the seeks, kinds.c lays those beside
 * each other that want the same, fit.c finds who of them fits whom, pairing.c makes matches of those. On
 * the loop.
 */
#ifndef GAME_LOBBY_PRIVATE_H
#define GAME_LOBBY_PRIVATE_H

#include "hearth/list.h"
#include "hearth/map.h"
#include "lobby/lobby.h"

#define LOBBY_STEPS   512 /* seeks that are looked at in one go: some ten microseconds */
#define LOBBY_KEY_MAX (GAME_SETUP_MAX + GAME_CONTROL_TEXT_MAX + 64)

struct game_lobby {
	struct game *g;
	struct map *kinds;    /* what is wanted, as text → struct lobby_kind */
	struct map *clients;  /* client id → struct lobby_seeker: a connection that has seeks */
	struct map *seekers;  /* account id → struct lobby_seeker */
	struct list pairings; /* on their way to disk */
	struct list
		looking; /* struct lobby_waiting: those with more to see, first come first served */
	struct timer wave; /* in which they look on */
	int64_t last_id;   /* of a seek */
	int count;         /* of seeks */
};

/* A seek that waits. */
struct lobby_waiting {
	struct list_node own;     /* of its account's, oldest first */
	struct list_node looking; /* of the lobby's */
	struct lobby_seeker *seeker;
	struct lobby_kind *kind; /* NULL while its account is paired: nobody sees it */
	struct timer timer;      /* until its time, or that of a connection that is gone, is over */
	int64_t expires_ms;      /* monotonic */
	int64_t seen_id;         /* of its kind it has looked at those up to this number */
	int64_t found[GAME_SEATS_MAX]; /* and these may play with it, of the `found_count` first */
	unsigned found_count;
	struct game_seek seek;
};

/* An account with seeks. */
struct lobby_seeker {
	struct game_lobby *lobby;
	struct list seeks; /* struct lobby_waiting, by own */
	int64_t account;
	int count;
	bool pairing; /* one has found its match, whose row is on its way; then it may have none */
};

/* The seeks for one kind of game. */
struct lobby_kind {
	struct lobby_waiting **seeks; /* owned; by their numbers, that is oldest first */
	size_t count, cap;
	char key[LOBBY_KEY_MAX];
};

/* ---- lobby.c ---- */

/* An account with seeks is being paired: nobody sees them, and none of them ends by time. */
void lobby_hold_seeks(struct game_lobby *l, int64_t account);
/* It has its match, or may not have one: all its seeks are over. */
void lobby_end_seeks(struct game_lobby *l, int64_t account);
/*
 * It is not to blame that there is no match: its seeks are back where they were, but for those that were
 * cancelled or whose time is over meanwhile. Who has one is told that it stands. How many there are.
 */
int lobby_resume_seeks(struct game_lobby *l, int64_t account, bool after_a_rest);

/* ---- kinds.c ---- */

/* Lays a seek beside those that want the same, by its number; takes it away (also what lies nowhere). */
void lobby_place(struct game_lobby *l, struct lobby_waiting *w);
void lobby_unplace(struct game_lobby *l, struct lobby_waiting *w);
/*
 * Whether as many as the game needs were there: then they are being paired. Looks at *steps seeks at
 * most and counts them down; where there are more, it looks on later.
 */
bool lobby_look(struct game_lobby *l, struct lobby_waiting *w, int *steps);
/* In the next wave; or in the first that comes after the database had a moment to itself. */
void lobby_look_later(struct game_lobby *l, struct lobby_waiting *w, bool after_a_rest);

/* ---- fit.c ---- */

/* What is wanted, as text: those who want the same have the same. */
void lobby_key(char out[LOBBY_KEY_MAX], const struct game_seek *seek);
/* Where in its kind a seek of this number lies, or would. */
size_t lobby_place_of(const struct lobby_kind *k, int64_t id);
enum lobby_sight {
	LOBBY_FOUND,  /* as many as the game needs */
	LOBBY_MORE,   /* too few yet, and not all were looked at */
	LOBBY_NOBODY, /* too few, of all there are */
};
/*
 * Looks on for who plays with a seek, with no two wishes for one seat, at *steps seeks of its kind at
 * most, which it counts down; `out`: itself first. Where one it had found is gone, from the start.
 */
enum lobby_sight lobby_look_on(
	struct lobby_waiting *w, int *steps, const struct game_seek *out[GAME_SEATS_MAX]);
void lobby_look_anew(struct lobby_waiting *w);
/* Which seat each of so many gets: as wished, the others by lot. */
void lobby_draw_seats(
	const struct game_seek *const seeks[], unsigned n, unsigned seats[GAME_SEATS_MAX]);

/* ---- pairing.c ---- */

/* Makes a match of so many seeks, which ends all of their accounts' once it is stored. Copies them. */
void lobby_pair(struct game_lobby *l, const struct game_seek *const seeks[], unsigned n);
/* The connection is gone: it hears of no match that it is being paired for. */
void lobby_pairings_close(struct game_lobby *l, uint64_t client);

#endif

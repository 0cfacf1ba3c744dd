/*
 * lobby.h: who wants to play: seeks, and pairing them. On the loop.
 *
 * A seek is the account's, and has a number: what is wanted (game, setup, clock, seat), and for how long.
 *
 *   WAITING ──as many others as the game needs want the same──▶ paired: all seeks of them all end
 *      │  ▲
 *      │  └──another connection of the account asks for its seeks──┐
 *      ├──its connection is gone──▶ AWAY (nobody is paired with it)─┤
 *      └──cancelled, or its time is over──▶ gone, and that is told  └──LOBBY_AWAY_MS──▶ gone
 *
 * Those who want the same are paired at once (or in a moment, where very many wait that do not fit), the
 * longest waiting first, of an account with its newest connection; seats as they are wished, else by lot.
 * A match exists when its row is on disk; only then do the players hear of it. Until then their accounts
 * are "being paired" and their seeks held: where nothing comes of it, those of who is not to blame wait on.
 */
#ifndef GAME_LOBBY_H
#define GAME_LOBBY_H

#include "game.h"

#define GAME_LIMIT_MIN_S     1
#define GAME_LIMIT_MAX_S     10800
#define GAME_INCREMENT_MAX_S 180

#define GAME_SETUP_MAX 192   /* bytes of the setup of a seek, with the NUL */
#define LOBBY_AWAY_MS  10000 /* how long a seek outlives its connection */

struct game_seek {
	int64_t id;      /* the lobby gives it */
	uint64_t client; /* the connection that has it; 0: it is gone */
	int64_t account;
	char name[ACCOUNTS_NAME_ROOM]; /* what others see */
	const struct game_rules *rules;
	char setup[GAME_SETUP_MAX]; /* that the rules take */
	struct game_control control;
	bool own_clock;             /* the one that the person prefers: not looked up yet */
	bool rated;                 /* of two */
	int rating;                 /* of the person, in this game at this speed */
	int rating_min, rating_max; /* of whom they want to play; nobody else */
	unsigned seats;             /* how many are to play */
	int seat;                   /* that is wished; -1: by lot */
	int64_t ttl_ms;
	bool legal;  /* frames with legal moves */
	bool beside; /* the connection's earlier seeks stand */
};

struct game_lobby *game_lobby_new(struct game *g);
void game_lobby_free(struct game_lobby **l);

/*
 * Adds a seek, in place of earlier ones of this connection (but beside); pairs it if it can.
 * HEARTH_EBUSY: too many are waiting; HEARTH_ETOOBIG: too many of this account; HEARTH_ECONFLICT: it is
 * being paired.
 */
int game_lobby_seek(struct game_lobby *l, const struct game_seek *seek);
bool game_lobby_is_pairing(const struct game_lobby *l, int64_t account);
/* Tells a connection the seeks of its account; those whose connection is gone are its, from now on. */
void game_lobby_list(struct game_lobby *l, int64_t account, uint64_t client, bool legal);
/*
 * Takes back a seek of an account (0: all) and tells the connections that had them, but for `except`.
 * HEARTH_ENOTFOUND: it has no such seek.
 */
int game_lobby_cancel(struct game_lobby *l, int64_t account, int64_t id, uint64_t except);
/* This node has the lobby no more: all seeks are taken back, and who had them is told. */
void game_lobby_clear(struct game_lobby *l);
/* The connection is gone: its seeks wait a moment for another of the account. */
void game_lobby_close(struct game_lobby *l, uint64_t client);

#endif

/*
 * shard.h: match shards, as many as one thread serves: it has the matches whose number falls to
 * them. Nothing else touches their state, so it needs no lock and no move can be played twice.
 */
#ifndef GAME_SHARD_H
#define GAME_SHARD_H

#include "game.h"

enum game_intent_kind {
	GAME_MOVE,
	GAME_RESIGN,
	GAME_ABORT,
	GAME_DRAW,          /* agree, claim or offer */
	GAME_TAKEBACK,      /* agree, or ask */
	GAME_DECLINE,       /* another's offer */
	GAME_CLAIM_VICTORY, /* the others are away */
	GAME_CLAIM_DRAW,
	GAME_RESUME, /* send me the state, or what I have missed, and what follows */
	GAME_LOOK,   /* nobody's: see what time has brought */
};

/* What a client wants of a match. */
struct game_intent {
	enum game_intent_kind kind;
	int64_t match;
	uint64_t client;
	int64_t account;
	int64_t received_us; /* on the game clock: waiting in a queue is not charged */
	int64_t ping_us;     /* to the client and back, on average, as the gateway has measured */
	int ply;             /* moves the client has seen on the board; -1: it does not say */
	int seq;             /* the latest event it has seen, likewise */
	bool legal;          /* wants the legal moves with each frame */
	bool draw;           /* a move: and a draw, by claim or agreement */
	char move[GAME_MOVE_MAX];
};

/* Starts a shard. A match is loaded when somebody asks for it, or its time is over (chores.h). */
struct game_shard *game_shard_new(struct game *g, int index);
/* Waits until what is being written is answered, ends the thread, sets *s to NULL. */
void game_shard_free(struct game_shard **s);

/*
 * Hands an intent over; the answer goes to the client as a frame. HEARTH_EBUSY when too many wait.
 * Any thread.
 */
int game_shard_post(struct game_shard *s, const struct game_intent *intent);
/* Takes over a match that was just stored, with the clients that are to hear of it (0: none). */
void game_shard_open(struct game_shard *s, struct match *m, const uint64_t clients[GAME_SEATS_MAX],
	const bool legal[GAME_SEATS_MAX]);
/* Whether the moves of this account are made whole (struct match) from now on. Any thread. */
void game_shard_complete(struct game_shard *s, int64_t account, bool completes);
/*
 * This node owns a shard no more (its tenure is over): its matches are forgotten, and who hears of
 * one is told so. What was written of them is with the database when `done`, which may be NULL, is
 * called on the loop. Any thread.
 */
void game_shard_drop(struct game_shard *s, int shard, exec_fn *done, void *arg);
/* A client is gone: it hears of nothing any more. */
void game_shard_forget(struct game_shard *s, uint64_t client);
/*
 * An account is gone: its seats in the matches in memory are emptied, and those that are going on
 * are resigned. Any thread.
 */
void game_shard_forget_account(struct game_shard *s, int64_t account);

#endif

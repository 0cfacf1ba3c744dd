/*
 * game.h: what the files of the game module share.
 *
 *   client ──frame──▶ service (loop) ──▶ seek, lobby (loop): who wants to play, pairs
 *                          │
 *                          └──intent──▶ shard id mod N (its own thread) ──step──▶ database
 *   client ◀──frame── connections ◀─────────┘ ◀──on disk───────────────────────────┘
 *
 * A match is of one of GAME_SHARDS shards, by its number; which node owns a shard is tenure.h's.
 *
 * The game clock is what players have a limited time by: microseconds in which the server was there
 * for them. Each shard has one. It stands still while the loop is held up and while nobody owns the
 * shard, and after a start those whose turn it was have `grace` to come back in (engine/grace.h).
 *
 * A struct game is the loop's, but what says otherwise.
 */
#ifndef GAME_GAME_H
#define GAME_GAME_H

#include <stdatomic.h>

#include "engine/grace.h"
#include "engine/share.h"
#include "hearth/connections.h"
#include "hearth/module.h"

#define GAME_THREADS_MAX 16

struct game_lobby;
struct game_shard;
struct game_chores;
struct game_tenure;
struct game_relay;
struct game_owner;

struct game {
	struct hearth *h;
	struct db *db;
	const struct accounts *accounts;
	const struct connections *connections;
	struct frame_service service;
	struct arena *arena; /* for the frame in hand; the loop's */
	struct game_lobby *lobby;
	struct map *seeking; /* client id → a seek that is looked into (seek.c) */
	struct game_chores *chores;
	struct game_relay *relay; /* NULL: one node only (wire/relay.h) */
	struct game_owner *owner; /* tenure.c */
	uint32_t owned;           /* this node's: a bit for each shard and the lobby */
	_Atomic(struct game_tenure *) tenures[GAME_OWNABLE]; /* the latest of each; any thread */
	struct game_shard *shards[GAME_THREADS_MAX];         /* threads: any thread */
	int shard_count;
	int64_t first_move_us;  /* how long a first move is waited for */
	int64_t claim_after_us; /* how long a player of a short game may be away */
	int64_t matches_max;    /* going on, of one account */
	int64_t seeks_max;      /* of one account */
	int64_t seek_ttl_ms;    /* how long one waits at most */
	struct metric *moves, *rejected, *live;
	_Atomic(int64_t) live_of[GAME_SHARDS]; /* of `live`, this node's; game_live_add */
};

/* The shard of a match, for its whole life, on whatever node. */
static inline int game_shard_number(int64_t match)
{
	return (int)(match % GAME_SHARDS);
}

/* The thread that serves this shard where this node owns it. */
static inline struct game_shard *game_shard_of(const struct game *g, int64_t match)
{
	return g->shards[game_shard_number(match) % g->shard_count];
}

/* Whether a shard, or GAME_LOBBY, is this node's. */
static inline bool game_owns(const struct game *g, int what)
{
	return g->owned >> what & 1;
}

/* Sends a frame to a client, wherever it is, and gives the caller's reference up. Any thread. */
void game_send(const struct game *g, uint64_t client, struct buf *frame);
/* The same to all clients of an account. */
void game_send_account(const struct game *g, int64_t account, struct buf *frame);

/* service.c: the frames that clients send. */
void game_service_init(struct game *g);
/* A frame of a client, here or on another node: handed on where it is for what this node does not
 * own. */
void game_take_frame(struct game *g, const struct frame_message *frame);
/* The client is gone. */
void game_client_gone(struct game *g, uint64_t client);

/* current.c: lets a client follow a match, as if it had sent `resume`; wherever both are. */
void game_follow(struct game *g, uint64_t client, int64_t account, int64_t match, bool legal);
void game_current(struct game *g, uint64_t client, int64_t account, bool legal);

extern const struct http_route game_routes[];

/* For `hearth verify` (check.c). */
extern const struct hearth_checks game_checks;

#endif

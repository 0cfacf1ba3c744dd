/*
 * game.h: what the files of the game module share.
 *
 *   client ──frame──▶ service (loop) ──▶ seek, lobby (loop): who wants to play, pairs
 *                          │
 *                          └──intent──▶ shard id mod N (its own thread) ──step──▶ database
 *   client ◀──frame── connections ◀─────────┘ ◀──on disk───────────────────────────┘
 *
 * The game clock is what players have a limited time by: microseconds in which the server was there
 * for them. It stands still while the loop is held up and while the server is away, and after a start
 * those whose turn it was have `grace` to come back in (engine/grace.h).
 */
#ifndef GAME_GAME_H
#define GAME_GAME_H

#include <stdatomic.h>

#include "engine/grace.h"
#include "hearth/connections.h"
#include "hearth/module.h"

#define GAME_SHARDS_MAX 16

struct game_lobby;
struct game_shard;
struct game_chores;
struct game_tenure;
struct game_relay;
struct game_waiting;

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
	struct game_relay *relay;     /* NULL: one node only (wire/relay.h) */
	struct game_waiting *waiting; /* tenure.c */
	struct lease_keeper *keeper;
	bool owns; /* this node owns the matches (tenure.h); on the loop */
	_Atomic(struct game_tenure *) tenure; /* the latest; NULL before the first */
	struct game_shard *shards[GAME_SHARDS_MAX];
	int shard_count;
	int64_t first_move_us;  /* how long a first move is waited for */
	int64_t claim_after_us; /* how long a player of a short game may be away */
	int64_t matches_max;    /* going on, of one account */
	int64_t seeks_max;      /* of one account */
	struct metric *moves, *rejected, *live;
};

/* The shard that owns a match for its whole life. */
static inline struct game_shard *game_shard_of(const struct game *g, int64_t match)
{
	return g->shards[match % g->shard_count];
}

/* What the game clock says now, to who owns the matches (tenure.c). Any thread. */
int64_t game_now_us(const struct game *g);

/* Sends a frame to a client, wherever it is, and gives the caller's reference up. Any thread. */
void game_send(const struct game *g, uint64_t client, struct buf *frame);
/* The same to all clients of an account. */
void game_send_account(const struct game *g, int64_t account, struct buf *frame);

/* service.c: the frames that clients send. */
void game_service_init(struct game *g);
/* A frame for the lobby or a match: this node owns them. */
void game_take_frame(struct game *g, const struct frame_message *frame);
/* The client is gone. */
void game_client_gone(struct game *g, uint64_t client);

extern const struct http_route game_routes[];

/* For `hearth verify` (check.c). */
extern const struct hearth_checks game_checks;

#endif

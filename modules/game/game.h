/*
 * game.h: what the files of the game module share.
 *
 *   client ──frame──▶ service (loop) ──▶ lobby (loop): seeks, pairs
 *                          │
 *                          └──intent──▶ shard id mod N (its own thread) ──step──▶ database
 *   client ◀──frame── connections ◀─────────┘ ◀──on disk───────────────────────────┘
 */
#ifndef GAME_GAME_H
#define GAME_GAME_H

#include "hearth/connections.h"
#include "hearth/module.h"
#include "match.h"

#define GAME_SHARDS_MAX 16

struct game_lobby;
struct game_shard;

struct game {
	struct hearth *h;
	struct db *db;
	const struct connections *connections;
	struct frame_service service;
	struct game_lobby *lobby;
	struct map *clockless; /* client id → a seek whose clock is looked up (service.c) */
	struct game_shard *shards[GAME_SHARDS_MAX];
	int shard_count;
	int64_t first_move_us; /* how long a first move is waited for */
	struct metric *moves, *rejected, *live;
};

/* The shard that owns a match for its whole life. */
static inline struct game_shard *game_shard_of(const struct game *g, int64_t match)
{
	return g->shards[match % g->shard_count];
}

/* Sends a frame to a client and gives the caller's reference up. Any thread. */
static inline void game_send(const struct game *g, uint64_t client, struct buf *frame)
{
	g->connections->send(g->connections->self, client, frame);
	buf_unref(&frame);
}

/* service.c: the frames that clients send. */
void game_service_init(struct game *g);

extern const struct http_route game_routes[];

#endif

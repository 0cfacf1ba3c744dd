/*
 * relay.h: frames between nodes: a client may be connected to one node and play on another.
 *
 *   client ─▶ its node ─row─▶ node that owns the shard, or the lobby ─▶ shard, lobby
 *   client ◀─ its node ◀─row── game_send ◀──────────────────────────────────┘
 *
 * What passes is a row of the table `relay` in the database that they share: addressed to a node, or
 * to a shard or the lobby by the name of its lease, and taken and deleted by who has that: at once,
 * since who has written one knocks (hearth/wake.h), or within RELAY_GLANCE_MS. So nothing is lost with a node but what it had taken; and where there is one node only there is no relay, nor
 * its cost. Clients of a node that is gone (its lease is) are forgotten; those whose matches have
 * gone to another node are told so, and ask again.
 */
#ifndef GAME_RELAY_H
#define GAME_RELAY_H

#include "game.h"

/* NULL where [server] nodes = one. On the loop, as all below but where it says otherwise. */
struct game_relay *game_relay_new(struct game *g);
void game_relay_free(struct game_relay **r);
/* This node is to stop, and counts no more. */
void game_relay_drain(struct game_relay *r);

/* Something may be there for this node: looks now. Legal on NULL. */
void game_relay_look(struct game_relay *r);
/* To who owns a shard or the lobby: a frame of a client of this node. */
void game_relay_ask(struct game_relay *r, int what, const struct frame_message *frame);
/* A client of this node is gone. */
void game_relay_gone(struct game_relay *r, uint64_t client);
/*
 * To the node of a client of another node: it is to take this frame as if the client had sent it.
 * False when it is none; legal on NULL.
 */
bool game_relay_follow(struct game_relay *r, const struct frame_message *frame);
/* This node owns a shard or the lobby no more: who asked it of others asks elsewhere. NULL is legal. */
void game_relay_left(struct game_relay *r, int what);
/* Which nodes there are, and who has what. NULL is legal. */
void game_relay_view(struct game_relay *r, const struct game_view *v);
/* Sends to a client of another node; false when it is none. Any thread; legal on NULL. */
bool game_relay_tell(struct game_relay *r, uint64_t client, struct buf *frame);
/* Sends to those of an account, on whatever other node. Any thread; legal on NULL. */
void game_relay_tell_account(struct game_relay *r, int64_t account, struct buf *frame);

#endif

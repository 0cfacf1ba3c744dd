/*
 * relay.h: frames between nodes: a client may be connected to one that does not own the matches.
 *
 *   client ─▶ node without the matches ─row─▶ node that owns them ─▶ lobby, shard
 *   client ◀─ that node ◀─────────────────row── game_send ◀──────────────┘
 *
 * What passes is a row of the table `relay` in the database that they share: addressed to a node, or
 * to whoever owns the matches, taken and deleted by it within RELAY_POLL_MS. So nothing is lost with
 * a node but what it had taken; and where there is one node only there is no relay, nor its cost.
 * Clients of a node that is gone (its lease is) are forgotten; those whose matches have gone to
 * another node are told so, and ask again.
 */
#ifndef GAME_RELAY_H
#define GAME_RELAY_H

#include "game.h"

/* NULL where [server] nodes = one. On the loop, as all below but where it says otherwise. */
struct game_relay *game_relay_new(struct game *g);
void game_relay_free(struct game_relay **r);

/* To who owns the matches: a frame of a client of this node; it is gone. */
void game_relay_ask(struct game_relay *r, const struct frame_message *frame);
void game_relay_gone(struct game_relay *r, uint64_t client);
/* This node owns the matches from now on: clients of others are yet to be heard of. */
void game_relay_begin(struct game_relay *r);
/* Sends to a client of another node; false when it is none. Any thread. */
bool game_relay_tell(struct game_relay *r, uint64_t client, struct buf *frame);
/* Sends to those of an account. Any thread. */
void game_relay_tell_account(struct game_relay *r, int64_t account, struct buf *frame);

#endif

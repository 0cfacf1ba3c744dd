/*
 * turn.h: whose password is hashed next. Hashes are the dearest thing that a stranger can ask for;
 * so only a few are in hand at once, and those who wait take turns network by network: one network
 * that sends thousands delays nobody else's log-in by more than one hash.
 *
 * Who waits is bounded by login_throttle.c, where each has a place already. The turns are those of
 * this process's own pool "hash"; other nodes have theirs. On the loop, all of it.
 */
#ifndef AUTH_TURN_H
#define AUTH_TURN_H

#include "hearth/list.h"
#include "session/network.h"

#define TURNS_IN_HAND 4 /* twice the threads of the pool: they need not wait for the loop */

struct turns;
struct turn_group;

typedef void turn_fn(void *arg);

/* Lies in its owner until turn_end. */
struct turn {
	struct list_node node;
	turn_fn *fn;
	void *arg;
};

struct turns *turns_new(void);
void turns_free(struct turns **);
/* Calls fn when it is this network's turn: at once, or from somebody's turn_end. */
void turn_take(struct turns *, struct turn *, const char *network, turn_fn *fn, void *arg);
/* One that had its turn is done: the next begins. */
void turn_end(struct turns *);

#endif

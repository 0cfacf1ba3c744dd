/*
 * relay.h: how nodes that share the databases tell each other of live topics: the seam of that part
 * of the bus. Durable topics need none: they are rows of the databases that publish them.
 *
 * An engine is a folder beside table/. What it hears from other nodes it gives to bus_tell_here;
 * when it cannot be sure to have heard all, it calls live_lose_all. A message is told on at most
 * once, or not at all, and then its topic's listeners hear that they have missed something.
 *
 * On the loop's thread, but for `send`, which is for any.
 */
#ifndef HEARTH_SRC_BUS_RELAY_H
#define HEARTH_SRC_BUS_RELAY_H

#include "hearth/buf.h"

struct bus;

/* `state` is the engine's. */
struct relay_engine {
	/* For a bus whose sources and leases (this node's name) are there. */
	void *(*open)(struct bus *b);
	void (*start)(
		void *state); /* once the bus's pool is there, with room for two of its jobs */
	void (*stop)(void *state);
	void (*close)(void *state);
	/* Any thread; does not block. payload NULL: something was lost. */
	void (*send)(void *state, const char *topic, struct buf *payload);
	/* Some times a second, after it was noted which databases have changed (source.changed). */
	void (*glance)(void *state);
};

/* By a table of the first database. */
extern const struct relay_engine relay_table;

#endif

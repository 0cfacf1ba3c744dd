/*
 * registry_internal.h: the registry from the inside: its engines, and opening it, for who assembles
 * the program and for tests. All of it is on the loop.
 */
#ifndef HEARTH_SRC_REGISTRY_INTERNAL_H
#define HEARTH_SRC_REGISTRY_INTERNAL_H

#include "hearth/registry.h"

/* What an engine does; `state` is its own. An entry it is given is this node's. */
struct registry_engine {
	void *(*open)(const char *node, const char *address);
	void (*close)(void *state);
	/* Makes it known, or known anew in another state; it stays known until `withdraw`. */
	void (*publish)(void *state, const struct registry_entry *entry);
	void (*withdraw)(void *state, const char *service);
	/* As registry_find. */
	const struct registry_entry *(*find)(void *state, const char *service);
};

/* This node alone, in memory: what is announced here is all there is. */
extern const struct registry_engine registry_memory;

/*
 * The registry as this node sees it; nothing is announced. `node` is its id, `address` how others
 * reach it ("" when they cannot); both are copied.
 */
struct registry *registry_new(
	const struct registry_engine *engine, const char *node, const char *address);
/* All services of this node drain, whatever they are now. */
void registry_drain(struct registry *r);
/* Withdraws what is announced here; legal on NULL, sets *r to NULL. */
void registry_free(struct registry **r);

#endif

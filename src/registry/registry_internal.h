/*
 * registry_internal.h: the in-process registry, for who assembles the program and for its tests.
 */
#ifndef HEARTH_SRC_REGISTRY_INTERNAL_H
#define HEARTH_SRC_REGISTRY_INTERNAL_H

#include "hearth/registry.h"

/* An empty registry of the node with this name (cut at 47 bytes). On the loop. */
struct registry *registry_new(const char *node_name);
/* Forgets all entries; legal on NULL, sets *r to NULL. On the loop. */
void registry_free(struct registry **r);

#endif

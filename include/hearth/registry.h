/*
 * registry.h: port: which node and service is where, and how it is.
 *
 *   (gone) ──announce──▶ starting ──▶ ready ──▶ draining ──withdraw, or its node died──▶ (gone)
 *                            └────────────┴─ set_state ─┘
 *
 * A node is one process of this program. It has an id, which nobody else has or has had (one that
 * starts again has a new one), and an address of its own, which is not the name the public knows
 * the whole installation by. A service is on a node at most once, and may be on many.
 *
 * What is promised: an announced service is found by every node within the time to live of an
 * entry (15 s), and no longer found that long after it was withdrawn or its node died. The runtime
 * renews entries while the node lives. Lookups answer from the node's own copy and never block, so
 * an answer may be that old: whoever is sent something must look whether it is still his. Nothing
 * in an entry is a pointer into a process: what goes to a service is a message (connections.h).
 *
 * Redis: keys with a TTL, renewed each third of it, and a local mirror that is read again as often.
 */
#ifndef HEARTH_REGISTRY_H
#define HEARTH_REGISTRY_H

#include <stdbool.h>

struct registry;

enum registry_state {
	REGISTRY_STARTING, /* it will be there soon: wait, or ask another */
	REGISTRY_READY,
	REGISTRY_DRAINING, /* it goes on with who it has, and takes nobody new */
};

#define REGISTRY_NODE_MAX    63
#define REGISTRY_SERVICE_MAX 47
#define REGISTRY_ADDRESS_MAX 127

struct registry_entry {
	char service[REGISTRY_SERVICE_MAX + 1]; /* "game" */
	char node[REGISTRY_NODE_MAX + 1];       /* the node's id */
	char address[REGISTRY_ADDRESS_MAX + 1]; /* how other nodes reach it; "": they cannot */
	bool here;                              /* on this node */
	enum registry_state state;
};

/* This node's id; any thread. */
const char *registry_node(const struct registry *r);

/*
 * Announces a service of this node, starting; announcing it twice ends the process: it is a
 * mistake in the program. On the loop, as all below.
 */
void registry_announce(struct registry *r, const char *service);
/* Says how it is; legal when it is not announced. */
void registry_set_state(struct registry *r, const char *service, enum registry_state state);
/* It is gone. Legal when it is not announced. */
void registry_withdraw(struct registry *r, const char *service);
/*
 * The entry to use: a ready one before one that drains before one that starts, and of those this
 * node's first. NULL when there is none. Valid until the next call.
 */
const struct registry_entry *registry_find(struct registry *r, const char *service);

#endif

/*
 * registry.h: port: which service is where.
 *
 * What is promised: an announced service is found by every node within the time to live of an
 * entry (15 s), and no longer found that long after it was withdrawn or its node died. The runtime
 * renews entries while the node lives. Lookups answer from the node's own copy and never block.
 * Redis: keys with a TTL, renewed each third of it, and a local mirror that is read again as often.
 * An entry of another node has an address and no `local`: whoever calls services by `local` alone
 * (the gateway does) reaches those of its own node only.
 */
#ifndef HEARTH_REGISTRY_H
#define HEARTH_REGISTRY_H

#include <stdbool.h>

struct registry;

struct registry_entry {
	char service[48];  /* "game" */
	char node[48];     /* the node's name */
	char address[128]; /* how other nodes reach it; "local" when they cannot */
	const void *local; /* the service's interface when it runs in this process, else NULL */
	bool healthy;
};

/*
 * Announces a service of this process, healthy; announcing it twice ends the process: it is a
 * mistake in the program. `local` may be NULL. On the loop.
 */
void registry_announce(struct registry *r, const char *service, const void *local);
/* Marks it ill or well again; withdraws it. Legal when it is not announced. On the loop. */
void registry_set_health(struct registry *r, const char *service, bool healthy);
void registry_withdraw(struct registry *r, const char *service);
/*
 * The entry to use: a healthy one before an ill one, then the local one first. NULL when there is
 * none. Valid until the next call. On the loop.
 */
const struct registry_entry *registry_find(struct registry *r, const char *service);

#endif

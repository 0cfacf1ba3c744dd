/*
 * bus_internal.h: the bus from the inside, for src/ only.
 */
#ifndef HEARTH_SRC_BUS_INTERNAL_H
#define HEARTH_SRC_BUS_INTERNAL_H

#include "hearth/bus.h"

/* The migrations every database gets for events. */
extern const char *const bus_migrations[];

/*
 * A bus over these databases: each may publish, and each may hold cursors. The array is copied.
 * Live topics work from now on.
 */
struct bus *bus_new(struct db *const *dbs, size_t db_count);
/*
 * Adds a subscription whose cursor and effects are in `db`; events are prepared and applied by
 * workers of `pool`. Before bus_start. Always 0.
 */
int bus_subscribe(struct bus *b, const struct bus_subscription *s, struct db *db, struct pool *pool,
	void *module);
/* Starts delivering, and trimming what everybody has taken. On the loop. Always 0. */
int bus_start(struct bus *b);
/*
 * Ends delivering: waits until no subscriber's function runs on a worker or a writer. While
 * databases and pools live; on the loop's thread, or after the loop has ended.
 */
void bus_stop(struct bus *b);
/* Frees it and sets *b to NULL; legal on NULL. After bus_stop; nobody tells or listens any more. */
void bus_free(struct bus **b);

#endif

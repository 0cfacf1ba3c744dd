/*
 * bus_internal.h: the bus from the inside, for src/ only. Made, started and stopped on the main
 * thread, which is the loop's.
 */
#ifndef HEARTH_SRC_BUS_INTERNAL_H
#define HEARTH_SRC_BUS_INTERNAL_H

#include "bus/relay.h"
#include "hearth/bus.h"
#include "hearth/lease.h"
#include "hearth/wake.h"

/* The migrations every database gets for events. */
extern const char *const bus_migrations[];

/*
 * A bus over these databases: each may publish, and each may hold cursors. The array is copied.
 * Live topics work from now on.
 */
struct bus *bus_new(struct db *const *dbs, size_t db_count);
/*
 * Adds a subscription whose cursor and effects are in `db`. Its prepare runs on workers of `pool`,
 * and apply is waited for there: so a pool of the bus's own keeps others from waiting behind it.
 * Before bus_start. Always 0.
 */
int bus_subscribe(struct bus *b, const struct bus_subscription *s, struct db *db, struct pool *pool,
	void *module);
/*
 * Other nodes follow the same databases: lanes take turns, by leases, and events that were applied
 * elsewhere are told of here; `wake` makes nodes look sooner (NULL: only in time). Live topics pass
 * between nodes by `relay`. All of them stay the caller's and valid. Before bus_start.
 */
void bus_share(
	struct bus *b, struct leases *ls, struct wake *wake, const struct relay_engine *relay);
/*
 * Keeps events for a subscription whose module is off: it comes back to them. A million at most;
 * then the oldest go, and health says so. Both structs stay valid. Before bus_start.
 */
void bus_keep_for(struct bus *b, const struct bus_subscription *s);
/* For tests, before bus_start: the tick (1 s) and the first delay after a failure (1 s). */
void bus_set_pace(struct bus *b, int64_t tick_ms, int64_t retry_ms);
/* For tests, before bus_start: how long an event may wait until health says so (60 s). */
void bus_set_lag_max(struct bus *b, int64_t lag_max_ms);
/* Starts delivering, and trimming what everybody has taken. On the loop. Always 0. */
int bus_start(struct bus *b);
/*
 * Ends delivering: waits until no subscriber's function runs on a worker or a writer. While
 * databases and pools live; on the loop's thread, or after the loop has ended.
 */
void bus_stop(struct bus *b);
/*
 * Frees it and sets *b to NULL; legal on NULL. After bus_stop, and once the loop has run what was
 * posted to it or has ended; nobody tells or listens any more.
 */
void bus_free(struct bus **b);

#endif

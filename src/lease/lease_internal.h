/*
 * lease_internal.h: leases from the inside, for src/ only.
 *
 * An engine is a table of functions, each inside a db_fn; a second one is a folder beside sqlite/. It
 * is a part of the database's (struct db_engine), as a lease is of its transactions. Made on the
 * main thread.
 */
#ifndef HEARTH_SRC_LEASE_INTERNAL_H
#define HEARTH_SRC_LEASE_INTERNAL_H

#include "hearth/lease.h"

/* The migrations every database gets for leases. */
extern const char *const lease_migrations[];

/* Times are spans: the engine has the clock. A ttl_ms of LEASE_FOREVER never ends by itself. */
#define LEASE_FOREVER (INT64_C(1) << 60)

struct lease_engine {
	/* 0 with *epoch, or HEARTH_EBUSY. */
	int (*take)(struct db_tx *tx, const char *name, const char *node, int64_t ttl_ms,
		int64_t *epoch);
	/* These three: HEARTH_ECONFLICT when name and epoch are no row any more. */
	int (*renew)(struct db_tx *tx, const struct lease *l, int64_t ttl_ms);
	int (*check)(struct db_tx *tx, const struct lease *l);
	int (*end)(struct db_tx *tx, const struct lease *l);
	/* HEARTH_ENOTFOUND when it is free or its time is over. */
	int (*holder)(struct db_tx *tx, const char *name, struct lease_holder *out);
	/* Names that begin so and are held; 0 or an error. */
	int (*each)(struct db_tx *tx, const char *prefix, lease_each_fn *each, void *arg);
	/* Frees all that a node holds here; NULL: all that anybody does. */
	int (*end_all)(struct db_tx *tx, const char *node);
};

extern const struct lease_engine lease_sqlite;

/* How this node stands to others. */
struct lease_options {
	const char *node; /* its id; copied */
	int64_t ttl_ms;   /* at least a second */
	bool alone;       /* nobody else has the data folder: leases are not renewed */
};

/* Leases in these databases. The array is copied. */
struct leases *leases_new(struct db *const *dbs, size_t db_count, const struct lease_options *o);
/* Frees whatever anybody held: when a server starts where no other runs. Blocks. 0, or an error. */
int leases_end_all(struct leases *ls);
/* Starts renewing what is kept. On the loop's thread. */
void leases_start(struct leases *ls);
/* Renews no more. On the loop's thread, or once the loop has ended. */
void leases_stop(struct leases *ls);
/*
 * Frees it and sets *ls to NULL; legal on NULL. After leases_stop and once the loop has ended;
 * nobody keeps any more. What this node held in databases is freed first, for the other nodes.
 */
void leases_free(struct leases **ls);

#endif

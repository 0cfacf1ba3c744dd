/*
 * leases.h: what the parts of the lease port share, for src/lease/ only. What says "inside a db_fn"
 * runs on a database thread, the rest on the executor that holds the lease.
 */
#ifndef HEARTH_SRC_LEASES_H
#define HEARTH_SRC_LEASES_H

#include <pthread.h>

#include "hearth/exec.h"
#include "hearth/list.h"
#include "lease/lease_internal.h"

/* The keepers of one database. */
struct lease_group {
	struct leases *leases;
	struct db *db;
	struct list keepers; /* leases->lock; who was looked at longest ago comes first */
	bool busy;           /* a batch is with the writer; the loop's */
};

struct leases {
	char node[LEASE_NODE_MAX + 1];
	int64_t ttl_ms;
	bool alone;
	struct lease_group *groups;
	size_t group_count;

	pthread_mutex_t lock; /* the lists, and what of a keeper says so */
	struct timer timer;   /* the loop's */
	bool started;         /* the loop's thread */
};

/* Drops the keepers that only wait to be freed in their database (renew.c). */
void lease_keepers_drop(struct leases *ls);

#endif

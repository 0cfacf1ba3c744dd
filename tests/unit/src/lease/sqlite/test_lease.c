/*
 * test_lease.c: leases in SQLite through the suite of the port.
 */
#define SUITE_ENGINE (&db_sqlite)
#include "src/ports/embedded.h"

#include "harness.h"
#include "lease/lease_internal.h"

static struct leases *suite_leases_open(struct db *db, const char *node, int64_t ttl_ms, bool alone)
{
	struct lease_options options = { .node = node, .ttl_ms = ttl_ms, .alone = alone };
	struct leases *ls = leases_new(&db, 1, &options);

	leases_start(ls);
	return ls;
}

static void suite_leases_close(struct leases **ls)
{
	leases_stop(*ls);
	loop_run_until(suite_never, NULL, 20); /* what was posted runs out */
	leases_free(ls);
}

static void suite_leases_end_all(struct leases *ls)
{
	ck_assert_int_eq(leases_end_all(ls), 0);
}

#include "src/ports/suite_lease.h"

TEST_MAIN("lease", SUITE_LEASE)

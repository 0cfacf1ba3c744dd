/*
 * twice.h: for tests that count within a db_fn, which db.h forbids to all others: with
 * HEARTH_DB_TWICE=1 in the environment each function is run twice, and the first run is undone.
 */
#ifndef HEARTH_TESTS_TWICE_H
#define HEARTH_TESTS_TWICE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

/* How often a function is run each time. */
static inline int suite_runs(void)
{
	return getenv("HEARTH_DB_TWICE") ? 2 : 1;
}

/* Counts a run; whether it is one that will be undone. */
static inline bool suite_is_undone(atomic_int *runs)
{
	return atomic_fetch_add(runs, 1) % suite_runs() != suite_runs() - 1;
}

#endif

/*
 * embedded.h: how the suites open the embedded side: SQLite in a scratch folder, the loop.
 */
#ifndef HEARTH_TESTS_EMBEDDED_H
#define HEARTH_TESTS_EMBEDDED_H

#include "db/database.h"
#include "loop/loop.h"
#include "src/scratch.h"

static inline void suite_db_fresh(void)
{
	scratch_new();
}

static inline int suite_db_open(const struct db_schema *schema, struct db **out, struct strbuf *why)
{
	return db_open(scratch_dir, schema, out, why);
}

static inline void suite_db_close(struct db **db)
{
	db_close(db);
}

static inline void suite_loop(void)
{
	loop_init();
}

static inline int suite_run_until(int (*fn)(void *arg), void *arg, int timeout_ms)
{
	return loop_run_until(fn, arg, timeout_ms);
}

static inline void suite_loop_end(void)
{
	loop_stop();
	loop_run();
}

#endif

/*
 * embedded.h: how the suites open databases in a scratch folder, the loop, queues and the bus of
 * this process. The engine of the databases is the program's, unless who includes it has defined
 * SUITE_ENGINE, a const struct db_engine *, before: so a new engine's programs are that line, this
 * header and the suites (see db/sqlite/, job/sqlite/, lease/sqlite/).
 */
#ifndef HEARTH_TESTS_EMBEDDED_H
#define HEARTH_TESTS_EMBEDDED_H

#include "bus/bus_internal.h"
#include "db/database.h"
#include "hearth/clock.h"
#include "job/queue.h"
#include "loop/loop.h"
#include "src/scratch.h"

#ifndef SUITE_ENGINE
#define SUITE_ENGINE db_engine()
#endif

static inline void suite_db_fresh(void)
{
	scratch_new();
}

static inline int suite_db_open(const struct db_schema *schema, struct db **out, struct strbuf *why)
{
	return db_open_with(SUITE_ENGINE, scratch_dir, schema, out, why);
}

static inline void suite_db_close(struct db **db)
{
	db_close(db);
}

/* The place of the databases, and taking it over in another process. */
static inline const char *suite_db_place(void)
{
	return scratch_dir;
}

static inline void suite_db_take_place(const char *place)
{
	snprintf(scratch_dir, sizeof(scratch_dir), "%s", place);
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
	clock_fake(-1, 0); /* for the next test, which may be of this process */
}

static inline void suite_queue_start(
	struct db *db, const struct queue_consumer *consumer, struct pool *pool, void *module)
{
	queue_start(db, consumer, pool, module);
}

static inline void suite_queue_stop(void)
{
	queue_stop_all();
}

/* The clock stands still from the first call on, until suite_loop_end. */
static inline void suite_pass_time(int64_t ms)
{
	if (ms == 0)
		clock_fake(1700000000000, 1000000);
	clock_fake_advance(ms);
}

static inline struct bus *suite_bus_new(struct db *const *dbs, size_t n)
{
	struct bus *b = bus_new(dbs, n);

	bus_set_pace(b, 10, 5);
	return b;
}

static inline void suite_bus_subscribe(struct bus *b, const struct bus_subscription *s,
	struct db *db, struct pool *p, void *module)
{
	bus_subscribe(b, s, db, p, module);
}

static inline void suite_bus_start(struct bus *b)
{
	bus_start(b);
}

static inline int suite_never(void *arg)
{
	(void)arg;
	return 0;
}

static inline void suite_bus_end(struct bus **b)
{
	bus_stop(*b);
	loop_run_until(suite_never, NULL, 20); /* what was posted runs out */
	bus_free(b);
}

#endif

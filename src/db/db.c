/*
 * db.c: the database port: opening and closing a database by its engine, and the watches that are
 * called after commits. Opening and closing is for the main thread, watching for any.
 */
#include <stdio.h>
#include <stdlib.h>

#include "db/engine.h"
#include "hearth/metric.h"

const char *db_name(const struct db *db)
{
	return db->name;
}

/* ---- signals ---- */

uint64_t db_signal_bit(struct slice name)
{
	uint32_t hash = 2166136261u; /* FNV-1a: spread is all that is asked of it */

	for (size_t i = 0; i < name.n; i++)
		hash = (hash ^ (unsigned char)name.p[i]) * 16777619u;
	return UINT64_C(1) << ((hash ^ (hash >> 16)) & 63);
}

void db_watch(struct db *db, struct db_watch *w)
{
	pthread_mutex_lock(&db->lock);
	list_push(&db->watches, &w->node);
	pthread_mutex_unlock(&db->lock);
}

void db_unwatch(struct db *db, struct db_watch *w)
{
	pthread_mutex_lock(&db->lock);
	list_remove(&w->node);
	pthread_mutex_unlock(&db->lock);
}

/* With the lock held, so that db_unwatch can promise that fn is not running. */
void db_call_watches(struct db *db, uint64_t signals)
{
	if (!signals)
		return;
	pthread_mutex_lock(&db->lock);
	LIST_FOREACH (&db->watches, node) {
		struct db_watch *w = LIST_ENTRY(node, struct db_watch, node);

		if (w->bits & signals)
			w->fn(w->arg);
	}
	pthread_mutex_unlock(&db->lock);
}

/* ---- opening and closing ---- */

static void register_metrics(struct db *db)
{
	static const double bounds[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256 };
	char label[80];

	snprintf(label, sizeof(label), "database=\"%s\"", db->name);
	db->commits =
		metric_counter("hearth_db_commits_total", label, "Write transactions committed.");
	db->jobs = metric_counter(
		"hearth_db_writes_total", label, "Functions that took part in a commit.");
	db->jobs_per_commit = metric_histogram("hearth_db_commit_writes", label,
		"Functions that shared a commit.", bounds, sizeof(bounds) / sizeof(bounds[0]));
	db->waiting =
		metric_gauge("hearth_db_waiting", label, "Functions that wait for the writer.");
	db->failures =
		metric_counter("hearth_db_commit_failures_total", label, "Commits that failed.");
	db->slow_reads = metric_counter("hearth_db_slow_reads_total", label,
		"Reads queued as short ones that took more than 100 ms.");
}

/* All of an engine's that wait: since the last call there may have come several functions. */
static void wake_writers(struct wakeup *w)
{
	pthread_cond_broadcast(&LIST_ENTRY(w, struct db, wake)->filled);
}

static void db_free(struct db **dbp)
{
	struct db *db = *dbp;

	wakeup_all();
	wakeup_wait(&db->wake);
	if (db->state)
		db->engine->close(db->state);
	pthread_cond_destroy(&db->room);
	pthread_cond_destroy(&db->filled);
	pthread_mutex_destroy(&db->lock);
	ring_free(&db->writing);
	free(db->name);
	free(db);
	*dbp = NULL;
}

static struct db *db_new(const struct db_engine *engine, const char *name)
{
	struct db *db = mem_zalloc(sizeof(*db));

	db->engine = engine;
	db->name = mem_strdup(slice_str(name));
	db->wake.now = wake_writers;
	pthread_mutex_init(&db->lock, NULL);
	pthread_cond_init(&db->filled, NULL);
	pthread_cond_init(&db->room, NULL);
	list_init(&db->watches);
	db->twice = getenv("HEARTH_DB_TWICE") != NULL;
	atomic_init(&db->note_fd, -1);
	return db;
}

int db_open_with(const struct db_engine *engine, const char *place, const struct db_schema *schema,
	struct db **out, struct strbuf *why)
{
	struct db *db = db_new(engine, schema->name);
	int rc = engine->open(db, place, &db->state, why);

	if (rc == 0)
		rc = migrate(db, schema, why);
	if (rc < 0) {
		db_free(&db);
		*out = NULL;
		return rc;
	}
	register_metrics(db);
	engine->start(db->state);
	readers_join_in();
	*out = db;
	return 0;
}

int db_open(const char *place, const struct db_schema *schema, struct db **out, struct strbuf *why)
{
	return db_open_with(db_engine(), place, schema, out, why);
}

const struct db_engine *db_engine(void)
{
	return &db_sqlite;
}

bool db_is_quiet(const struct db *db, struct db_quiet *q)
{
	return db->engine->is_quiet(db->state, q);
}

void db_close(struct db **dbp)
{
	struct db *db = *dbp;

	if (!db)
		return;
	db_refuse_more(db);
	db->engine->stop(db->state);
	readers_leave(db);
	db_free(dbp);
}

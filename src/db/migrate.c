/*
 * migrate.c: bringing a database to the newest migration. What has been applied stands in the table
 * schema_migrations, for each *part* on its own: the module's tables, and those of queues, bus,
 * leases and identity, which every database has.
 *
 * A step is one transaction: look, apply, note. So two processes that open a database together
 * apply each migration once, and one that is killed leaves it applied or not. On the main thread,
 * when a database is opened, by the engine's transact (engine.h).
 */
#include "bus/bus_internal.h"
#include "db/engine.h"
#include "db/identity.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "job/queue.h"
#include "lease/lease_internal.h"

/* Appends the script with the engine's words for `{id}` and `{bytes}`. */
static void translate(const struct db_engine *engine, struct strbuf *out, struct slice script)
{
	const struct {
		struct slice from, to;
	} words[] = {
		{ SLICE("{id}"), slice_str(engine->id_type) },
		{ SLICE("{bytes}"), slice_str(engine->bytes_type) },
	};

	while (script.n) {
		size_t i = 0, used = 1;

		while (i < 2 && !slice_starts(script, words[i].from))
			i++;
		if (i < 2)
			used = words[i].from.n;
		strbuf_add(out, i < 2 ? words[i].to : slice_head(script, 1));
		script = slice_skip(script, used);
	}
}

static int apply(
	struct db_tx *tx, const char *part, int64_t number, const char *script, struct strbuf *why)
{
	struct strbuf sql = { 0 }, reason = { 0 };
	int rc;

	translate(tx->engine, &sql, slice_str(script));
	rc = tx->engine->script(tx, sql.p ? sql.p : "", &reason);
	if (rc < 0)
		strbuf_printf(why, "migration %d of %s: %s", (int)number, part, reason.p);
	strbuf_free(&reason);
	strbuf_free(&sql);
	if (rc < 0)
		return rc;
	return db_run(tx, "INSERT INTO schema_migrations (part, number, at_ms) VALUES ($1, $2, $3)",
		db_str(part), db_int(number), db_int(clock_wall_ms()));
}

struct part {
	const char *name;
	const char *const *migrations;
	struct strbuf *why;
};

/* One step, a db_fn: 1 applied one, 0 there is none left, or an error. */
static int step(struct db_tx *tx, void *arg)
{
	const struct part *p = arg;
	int64_t known = 0, applied = 0;
	int rc = db_get_int(tx, &applied,
		"SELECT coalesce(max(number), 0) FROM schema_migrations WHERE part = $1",
		db_str(p->name));

	if (rc < 0)
		return rc;
	while (p->migrations && p->migrations[known])
		known++;
	if (applied > known) {
		strbuf_printf(p->why,
			"the database is newer than this program: %s is at version %d, and this "
			"program knows %d; run the newer program or restore a backup",
			p->name, (int)applied, (int)known);
		return HEARTH_EUNSUPPORTED;
	}
	if (!p->migrations || applied == known)
		return 0;
	rc = apply(tx, p->name, applied + 1, p->migrations[applied], p->why);
	return rc < 0 ? rc : 1;
}

static int begin(struct db_tx *tx, void *why)
{
	return tx->engine->script(tx,
		"CREATE TABLE IF NOT EXISTS schema_migrations (part TEXT NOT NULL, "
		"number BIGINT NOT NULL, at_ms BIGINT NOT NULL, PRIMARY KEY (part, number))",
		why);
}

int migrate(struct db *db, const struct db_schema *schema, struct strbuf *why)
{
	struct part parts[] = {
		{ "job", queue_migrations, why },
		{ "bus", bus_migrations, why },
		{ "lease", lease_migrations, why },
		{ "identity", identity_migrations, why },
		{ schema->name, schema->migrations, why },
	};
	int rc = db->engine->transact(db->state, begin, why, why);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && rc >= 0; i++)
		while ((rc = db->engine->transact(db->state, step, &parts[i], why)) > 0)
			;
	return rc;
}

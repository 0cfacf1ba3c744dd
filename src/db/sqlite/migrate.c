/*
 * migrate.c: bringing a database to the newest migration. What has been applied stands in the table
 * schema_migrations, for each *part* on its own: the module's tables, and those of queues, bus,
 * leases and identity, which every database has.
 *
 * A step is one transaction: look, apply, note. So two processes that open a database together
 * apply each migration once, and one that is killed leaves it applied or not. On the main thread,
 * when a database is opened.
 */
#include "db/sqlite/work.h"

#include "bus/bus_internal.h"
#include "db/identity.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "job/queue.h"
#include "lease/lease_internal.h"

/* Appends the script with the engine's words for `{id}` and `{bytes}`. */
static void translate(struct strbuf *out, struct slice script)
{
	/* AUTOINCREMENT: as with other engines, a number is never given out twice. */
	static const struct {
		struct slice from, to;
	} words[] = {
		{ SLICE("{id}"), SLICE("INTEGER PRIMARY KEY AUTOINCREMENT") },
		{ SLICE("{bytes}"), SLICE("BLOB") },
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

	translate(&sql, slice_str(script));
	rc = connection_script(tx->connection, sql.p ? sql.p : "", &reason);
	if (rc == 0 && !connection_in_transaction(tx->connection)) {
		strbuf_adds(&reason, "it ends the transaction it runs in");
		rc = HEARTH_EINVAL;
	}
	if (rc < 0)
		strbuf_printf(why, "migration %d of %s: %s", (int)number, part, reason.p);
	strbuf_free(&reason);
	strbuf_free(&sql);
	if (rc < 0)
		return rc;
	return db_run(tx, "INSERT INTO schema_migrations (part, number, at_ms) VALUES ($1, $2, $3)",
		db_str(part), db_int(number), db_int(clock_wall_ms()));
}

/* One step within a transaction: 1 applied one, 0 there is none left, or an error. */
static int step(
	struct db_tx *tx, const char *part, const char *const *migrations, struct strbuf *why)
{
	int64_t known = 0, applied = 0;
	int rc = db_get_int(tx, &applied,
		"SELECT coalesce(max(number), 0) FROM schema_migrations WHERE part = $1",
		db_str(part));

	if (rc < 0)
		return rc;
	while (migrations && migrations[known])
		known++;
	if (applied > known) {
		strbuf_printf(why,
			"the database is newer than this program: %s is at version %d, and this "
			"program knows %d; run the newer program or restore a backup",
			part, (int)applied, (int)known);
		return HEARTH_EUNSUPPORTED;
	}
	if (applied == known)
		return 0;
	rc = apply(tx, part, applied + 1, migrations[applied], why);
	return rc < 0 ? rc : 1;
}

static int migrate_part(
	struct connection *c, const char *part, const char *const *migrations, struct strbuf *why)
{
	struct db_tx tx = { .connection = c, .writes = true };
	int rc, ended = 0;

	do {
		rc = connection_run(c, "BEGIN IMMEDIATE");
		if (rc == 0)
			rc = step(&tx, part, migrations, why);
		if (connection_in_transaction(c))
			ended = connection_run(c, rc < 0 ? "ROLLBACK" : "COMMIT");
	} while (rc > 0 && ended == 0);
	if (rc >= 0)
		rc = ended;
	if (rc < 0 && why->n == 0)
		strbuf_printf(why, "migrations of %s: %s", part, sqlite3_errmsg(c->sqlite));
	return rc;
}

int migrate(struct connection *c, const struct db_schema *schema, struct strbuf *why)
{
	int rc = connection_script(c,
		"CREATE TABLE IF NOT EXISTS schema_migrations (part TEXT NOT NULL, "
		"number BIGINT NOT NULL, at_ms BIGINT NOT NULL, PRIMARY KEY (part, number))",
		why);

	if (rc == 0)
		rc = migrate_part(c, "job", queue_migrations, why);
	if (rc == 0)
		rc = migrate_part(c, "bus", bus_migrations, why);
	if (rc == 0)
		rc = migrate_part(c, "lease", lease_migrations, why);
	if (rc == 0)
		rc = migrate_part(c, "identity", identity_migrations, why);
	if (rc == 0)
		rc = migrate_part(c, schema->name, schema->migrations, why);
	return rc;
}

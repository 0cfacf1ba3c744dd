/*
 * outbox.c: the tables of the bus, which every database has.
 *
 *   bus_outbox      events this database published, until everybody has passed them
 *   bus_subscriber  who has to pass them, and how far each was known to be (register.c)
 *   bus_trimmed     up to where they were removed, of each topic: kept where nodes share the database
 *   bus_cursor      how far subscriptions whose effects are here have come, for each source
 *   bus_live        what nodes tell each other of live topics (table/relay_table.c); of one database only
 *   bus_dead        events that such a subscription failed on for good; `again`: it shall try anew
 *
 * A position is a number that the database gives out once and in the order of commits: there is one
 * writer. Inside a db_fn, on a database thread.
 */
#include "bus/outbox.h"

#include "bus/bus_internal.h"
#include "db/database.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define READ_BYTES_MAX (1u << 20)
#define DEAD_MAX       100000 /* rows of bus_dead */

const char *const bus_migrations[] = {
	"CREATE TABLE bus_outbox (position {id}, topic TEXT NOT NULL, key {bytes} NOT NULL,"
	" payload {bytes} NOT NULL, at_ms BIGINT NOT NULL);"
	"CREATE INDEX bus_outbox_topic ON bus_outbox (topic, position);"
	"CREATE TABLE bus_cursor (subscription TEXT NOT NULL, source TEXT NOT NULL,"
	" position BIGINT NOT NULL, attempts BIGINT NOT NULL, PRIMARY KEY (subscription, source));"
	"CREATE TABLE bus_dead (id {id}, subscription TEXT NOT NULL, source TEXT NOT NULL,"
	" position BIGINT NOT NULL, topic TEXT NOT NULL, key {bytes} NOT NULL,"
	" payload {bytes} NOT NULL, at_ms BIGINT NOT NULL, error BIGINT NOT NULL,"
	" dead_ms BIGINT NOT NULL);",
	"CREATE TABLE bus_subscriber (name TEXT NOT NULL, topic TEXT NOT NULL,"
	" database TEXT NOT NULL, position BIGINT NOT NULL, since_ms BIGINT NOT NULL,"
	" PRIMARY KEY (topic, name));"
	"ALTER TABLE bus_dead ADD COLUMN again BIGINT NOT NULL DEFAULT 0;"
	"CREATE INDEX bus_dead_at ON bus_dead (dead_ms);"
	"CREATE INDEX bus_dead_again ON bus_dead (subscription, source, id) WHERE again = 1;",
	"CREATE TABLE bus_trimmed (topic TEXT NOT NULL PRIMARY KEY, position BIGINT NOT NULL);",
	"CREATE TABLE bus_live (id {id}, node TEXT NOT NULL, topic TEXT NOT NULL, payload {bytes},"
	" at_ms BIGINT NOT NULL);",
	NULL,
};

int bus_publish(struct db_tx *tx, const char *topic, struct slice key, struct slice payload)
{
	int rc = db_run(tx,
		"INSERT INTO bus_outbox (topic, key, payload, at_ms) VALUES ($1, $2, $3, $4)",
		db_str(topic), db_bytes(key), db_bytes(payload), db_int(clock_wall_ms()));

	if (rc < 0)
		return rc;
	db_tx_signal(tx, db_signal_bit(slice_str(topic)));
	return 0;
}

struct each_payload {
	bus_kept_fn *fn;
	void *arg;
};

static int give_payload(struct db_rows *rows, void *arg)
{
	const struct each_payload *each = arg;

	return each->fn(each->arg, db_col_bytes(rows, 0));
}

int bus_kept(struct db_tx *tx, const char *topic, bus_kept_fn *fn, void *arg)
{
	struct each_payload each = { fn, arg };

	return db_each(tx, give_payload, &each,
		"SELECT payload FROM bus_outbox WHERE topic = $1 ORDER BY position", db_str(topic));
}

int bus_set_aside(struct db_tx *tx, const char *subscription, bus_kept_fn *fn, void *arg)
{
	struct each_payload each = { fn, arg };

	return db_each(tx, give_payload, &each,
		"SELECT payload FROM bus_dead WHERE subscription = $1", db_str(subscription));
}

int outbox_read(struct db_tx *tx, const char *topic, int64_t position, struct bus_event *events,
	int max, struct arena *a)
{
	struct db_rows rows;
	size_t bytes = 0;
	int n = 0, rc;

	rc = db_query(tx, &rows,
		"SELECT position, key, payload, at_ms FROM bus_outbox"
		" WHERE topic = $1 AND position > $2 ORDER BY position LIMIT $3",
		db_str(topic), db_int(position), db_int(max));
	while (rc >= 0 && bytes < READ_BYTES_MAX && (rc = db_next(&rows)) > 0) {
		events[n] = (struct bus_event){
			.topic = topic,
			.position = db_col_int(&rows, 0),
			.key = arena_slice(a, db_col_bytes(&rows, 1)),
			.payload = arena_slice(a, db_col_bytes(&rows, 2)),
			.at_ms = db_col_int(&rows, 3),
		};
		INVARIANT(n < max && events[n].position > (n ? events[n - 1].position : position));
		bytes += events[n++].payload.n;
	}
	db_end(&rows);
	return rc < 0 ? rc : n;
}

/* One index look-up a topic, however many events there are. */
int outbox_topics(struct db_tx *tx, struct arena *a, struct outbox_topic **out)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"WITH RECURSIVE t (topic) AS (SELECT min(topic) FROM bus_outbox"
		" UNION ALL SELECT (SELECT min(o.topic) FROM bus_outbox o WHERE o.topic > t.topic)"
		" FROM t WHERE t.topic IS NOT NULL)"
		" SELECT topic, (SELECT min(o.position) FROM bus_outbox o WHERE o.topic = t.topic),"
		" (SELECT max(o.position) FROM bus_outbox o WHERE o.topic = t.topic)"
		" FROM t WHERE topic IS NOT NULL");

	*out = NULL;
	while (rc >= 0 && (rc = db_next(&rows)) > 0) {
		struct outbox_topic *t = ARENA_NEW(a, struct outbox_topic);

		t->topic = arena_strdup(a, db_col_text(&rows, 0));
		t->first = db_col_int(&rows, 1);
		t->last = db_col_int(&rows, 2);
		t->next = *out;
		*out = t;
	}
	db_end(&rows);
	return rc;
}

int outbox_behind(struct db_tx *tx, const char *topic, int64_t position, int64_t max, int64_t *n,
	int64_t *at_ms)
{
	int rc = db_get_int(tx, at_ms,
		"SELECT at_ms FROM bus_outbox WHERE topic = $1 AND position > $2"
		" ORDER BY position LIMIT 1",
		db_str(topic), db_int(position));

	*n = 0;
	if (rc < 0) {
		*at_ms = 0;
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	}
	return db_get_int(tx, n,
		"SELECT count(*) FROM (SELECT position FROM bus_outbox"
		" WHERE topic = $1 AND position > $2 LIMIT $3) AS behind",
		db_str(topic), db_int(position), db_int(max));
}

int outbox_trim(struct db_tx *tx, const char *topic, int64_t up_to)
{
	int rc = db_run(tx, "DELETE FROM bus_outbox WHERE topic = $1 AND position <= $2",
		db_str(topic), db_int(up_to));

	return rc < 0 ? rc : 0;
}

int outbox_trim_aged(struct db_tx *tx, const char *topic, int64_t up_to, int64_t age_ms)
{
	int64_t last;
	int rc = db_get_int(tx, &last,
		"SELECT max(position) FROM bus_outbox"
		" WHERE topic = $1 AND position <= $2 AND at_ms <= $3",
		db_str(topic), db_int(up_to), db_int(clock_wall_ms() - age_ms));

	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	rc = outbox_trim(tx, topic, last);
	if (rc == 0)
		rc = db_run(tx,
			"INSERT INTO bus_trimmed (topic, position) VALUES ($1, $2)"
			" ON CONFLICT (topic) DO UPDATE SET position = $2",
			db_str(topic), db_int(last));
	return rc < 0 ? rc : 0;
}

int outbox_trimmed(struct db_tx *tx, const char *topic, int64_t *position)
{
	int rc = db_get_int(
		tx, position, "SELECT position FROM bus_trimmed WHERE topic = $1", db_str(topic));

	if (rc != HEARTH_ENOTFOUND)
		return rc;
	*position = 0;
	return 0;
}

int cursor_read(struct db_tx *tx, const char *subscription, const char *source, int64_t *position,
	int *attempts)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT position, attempts FROM bus_cursor WHERE subscription = $1 AND source = $2",
		db_str(subscription), db_str(source));

	*position = 0;
	*attempts = 0;
	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	*position = db_col_int(&rows, 0);
	*attempts = (int)db_col_int(&rows, 1);
	return db_end(&rows);
}

int cursor_move(struct db_tx *tx, const char *subscription, const char *source, int64_t from,
	int64_t to, int attempts)
{
	int rc = db_run(tx,
		"INSERT INTO bus_cursor (subscription, source, position, attempts)"
		" VALUES ($1, $2, $4, $5)"
		" ON CONFLICT (subscription, source) DO UPDATE SET position = $4, attempts = $5"
		" WHERE bus_cursor.position = $3",
		db_str(subscription), db_str(source), db_int(from), db_int(to), db_int(attempts));

	return rc < 0 ? rc : rc == 0 ? HEARTH_ECONFLICT : 0;
}

int cursor_bury(struct db_tx *tx, const char *subscription, const char *source,
	const struct bus_event *ev, int error)
{
	int rc = db_run(tx,
		"INSERT INTO bus_dead"
		" (subscription, source, position, topic, key, payload, at_ms, error, dead_ms)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		db_str(subscription), db_str(source), db_int(ev->position), db_str(ev->topic),
		db_bytes(ev->key), db_bytes(ev->payload), db_int(ev->at_ms), db_int(error),
		db_int(clock_wall_ms()));

	if (rc >= 0)
		rc = db_run(tx,
			"DELETE FROM bus_dead WHERE id <= (SELECT max(id) FROM bus_dead) - $1",
			db_int(DEAD_MAX));
	return rc < 0 ? rc : 0;
}

/* ---- what was set aside ---- */

int dead_since(struct db_tx *tx, int64_t since_ms, int64_t *n)
{
	return db_get_int(
		tx, n, "SELECT count(*) FROM bus_dead WHERE dead_ms >= $1", db_int(since_ms));
}

int dead_again(struct db_tx *tx, int64_t *n)
{
	return db_get_int(tx, n, "SELECT count(*) FROM bus_dead WHERE again = 1");
}

int dead_ask_again(struct db_tx *tx, const char *subscription)
{
	return db_run(tx,
		"UPDATE bus_dead SET again = 1"
		" WHERE again = 0 AND (subscription = $1 OR CAST($1 AS TEXT) IS NULL)",
		db_str(subscription));
}

int dead_read(struct db_tx *tx, const char *subscription, const char *source, struct arena *a,
	struct bus_event *ev, int64_t *id)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT id, position, topic, key, payload, at_ms FROM bus_dead"
		" WHERE subscription = $1 AND source = $2 AND again = 1 ORDER BY id LIMIT 1",
		db_str(subscription), db_str(source));

	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	*id = db_col_int(&rows, 0);
	*ev = (struct bus_event){
		.position = db_col_int(&rows, 1),
		.topic = arena_strdup(a, db_col_text(&rows, 2)),
		.key = arena_slice(a, db_col_bytes(&rows, 3)),
		.payload = arena_slice(a, db_col_bytes(&rows, 4)),
		.at_ms = db_col_int(&rows, 5),
	};
	db_end(&rows);
	return 1;
}

/* What a statement returned that must change one row, or none when another process had it. */
static int one(int changed)
{
	return changed < 0 ? changed : changed == 0 ? HEARTH_ECONFLICT : 0;
}

int dead_remove(struct db_tx *tx, int64_t id)
{
	return one(db_run(tx, "DELETE FROM bus_dead WHERE id = $1 AND again = 1", db_int(id)));
}

int dead_failed(struct db_tx *tx, int64_t id, int error)
{
	return one(db_run(tx,
		"UPDATE bus_dead SET again = 0, error = $2, dead_ms = $3 WHERE id = $1 AND again = "
		"1",
		db_int(id), db_int(error), db_int(clock_wall_ms())));
}

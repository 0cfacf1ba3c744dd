/*
 * register.c: the table bus_subscriber: for whom the events of this database are kept. Inside a
 * db_fn, all of it, on a database thread; a row for each subscription of the program, some dozens at most. One that was
 * forgotten keeps its row: its module, being off, would enter it again.
 */
#include "bus/register.h"

#include "hearth/clock.h"
#include "hearth/error.h"

int register_read(struct db_tx *tx, struct arena *a, struct registered **out)
{
	struct registered **end = out;
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT name, topic, database, position FROM bus_subscriber ORDER BY name, topic");

	*out = NULL;
	while (rc >= 0 && (rc = db_next(&rows)) > 0) {
		struct registered *r = ARENA_NEW(a, struct registered);

		r->name = arena_strdup(a, db_col_text(&rows, 0));
		r->topic = arena_strdup(a, db_col_text(&rows, 1));
		r->database = arena_strdup(a, db_col_text(&rows, 2));
		r->position = db_col_int(&rows, 3);
		*end = r;
		end = &r->next;
	}
	db_end(&rows);
	return rc;
}

int register_add(struct db_tx *tx, const struct bus_subscription *s, bool runs)
{
	int rc = db_run(tx,
		"INSERT INTO bus_subscriber (name, topic, database, position, since_ms)"
		" VALUES ($1, $2, $3, 0, $4) ON CONFLICT (topic, name) DO UPDATE SET position = 0"
		" WHERE bus_subscriber.position < 0 AND $5 = 1",
		db_str(s->name), db_str(s->topic), db_str(s->database), db_int(clock_wall_ms()),
		db_int(runs));

	return rc < 0 ? rc : 0;
}

int register_note(struct db_tx *tx, const struct bus_subscription *s, int64_t position)
{
	int rc = register_add(tx, s, true);

	if (rc == 0)
		rc = db_run(tx,
			"UPDATE bus_subscriber SET position = $3"
			" WHERE topic = $1 AND name = $2 AND position < $3",
			db_str(s->topic), db_str(s->name), db_int(position));
	return rc < 0 ? rc : 0;
}

int register_floor(struct db_tx *tx, const char *topic, int64_t *position)
{
	return db_get_int(tx, position,
		"SELECT min(position) FROM bus_subscriber WHERE topic = $1 AND position >= 0",
		db_str(topic));
}

int register_forget(struct db_tx *tx, const char *name)
{
	return db_run(tx,
		"UPDATE bus_subscriber SET position = -1 WHERE name = $1 AND position >= 0",
		db_str(name));
}

/*
 * statement.c: prepared statements: the cache of a connection, binding $1…$32, rows.
 *
 *   idle ──db_query, db_run──▶ busy ──db_end──▶ idle          a cached statement
 *   (none) ─────────────────▶ busy ──db_end──▶ (none)         the same one, nested in itself
 *
 * To SQLite $1 is a name, numbered by where it first stands. So each statement remembers which
 * number each of its parameters has got. On the thread of the connection. STATEMENTS_MAX are kept;
 * the one used longest ago goes.
 */
#include <limits.h>
#include <stdlib.h>

#include "db/sqlite/sqlite.h"
#include "hearth/error.h"
#include "hearth/log.h"

/*
 * Cached a connection, and only what it has run: 2 to 4 KiB each. Auth has some 200 of them, and one
 * connection was seen to run 60; so this holds all, and is a bound for texts that are made up.
 */
#define STATEMENTS_MAX 256

struct statement {
	struct list_node node; /* in the connection's idle or busy */
	sqlite3_stmt *stmt;
	bool cached, in_use;
	int parameter_count;
	unsigned char places[DB_PARAMETERS_MAX]; /* SQLite's number of $1…$32; 0: does not occur */
};

static void statement_free(struct statement *s)
{
	list_remove(&s->node);
	sqlite3_finalize(s->stmt);
	free(s);
}

void statements_free(struct connection *c)
{
	connection_end_rows(c);
	LIST_FOREACH (&c->idle, node)
		statement_free(LIST_ENTRY(node, struct statement, node));
}

/* $1…$32 where they stand; another name, "$33" among them, stays unbound: bind_all refuses it. */
static void find_places(struct statement *s)
{
	int named = sqlite3_bind_parameter_count(s->stmt);

	s->parameter_count = named;
	for (int at = 1; at <= named && named <= DB_PARAMETERS_MAX; at++) {
		const char *name = sqlite3_bind_parameter_name(s->stmt, at);
		int64_t number = 0;

		if (name && slice_i64(slice_str(name + 1), 1, DB_PARAMETERS_MAX, &number) == 0)
			s->places[number - 1] = (unsigned char)at;
	}
}

/* A new statement; NULL with *error set when the text is not one. */
static struct statement *prepare(struct connection *c, const char *sql, int *error)
{
	struct statement *s;
	sqlite3_stmt *stmt;
	const char *tail;
	int rc = sqlite3_prepare_v3(c->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, &tail);

	/* SQLite would run the first of several statements and forget the rest. */
	if (rc != SQLITE_OK || !stmt || slice_trim(slice_str(tail)).n) {
		sqlite3_finalize(stmt);
		*error = connection_error(c, rc == SQLITE_OK ? SQLITE_MISUSE : rc, sql);
		return NULL;
	}
	s = mem_zalloc(sizeof(*s));
	s->stmt = stmt;
	find_places(s);
	return s;
}

/* Remembers a statement for next time, and gives up the one that was not used for longest. */
static void keep(struct connection *c, struct slice text, struct statement *s)
{
	if (c->statement_count >= STATEMENTS_MAX && !list_empty(&c->idle)) {
		struct statement *oldest = LIST_ENTRY(c->idle.head.next, struct statement, node);

		map_remove(c->statements, slice_str(sqlite3_sql(oldest->stmt)));
		memset(c->recent, 0, sizeof(c->recent));
		statement_free(oldest);
		c->statement_count--;
	}
	map_set(c->statements, text, s);
	c->statement_count++;
	s->cached = true;
}

/* A statement ready to be bound, in `busy`; NULL with *error set. */
static struct statement *acquire(struct connection *c, const char *sql, int *error)
{
	struct statement **recent = &c->recent[(uintptr_t)sql / 16 % STATEMENTS_RECENT];
	struct statement *known = *recent, *s;

	/* Where the text lies says only where to look: it may be another one by now. */
	if (!known || strcmp(sqlite3_sql(known->stmt), sql) != 0)
		known = map_get(c->statements, slice_str(sql));
	s = known && !known->in_use ? known : prepare(c, sql, error);
	if (!s)
		return NULL;
	if (!known)
		keep(c, slice_str(sql), s);
	*recent = known ? known : s;
	list_remove(&s->node);
	list_push(&c->busy, &s->node);
	s->in_use = true;
	return s;
}

static void release(struct connection *c, struct statement *s)
{
	sqlite3_reset(s->stmt);
	if (!s->cached) {
		statement_free(s);
		return;
	}
	sqlite3_clear_bindings(s->stmt);
	s->in_use = false;
	list_remove(&s->node);
	list_push(&c->idle, &s->node);
}

void connection_end_rows(struct connection *c)
{
	LIST_FOREACH (&c->busy, node) {
		struct statement *s = LIST_ENTRY(node, struct statement, node);

		log_error("db", "a query was not ended", "database", "%s", c->name, "sql", "%s",
			sqlite3_sql(s->stmt), NULL);
		release(c, s);
	}
}

/* ---- binding ---- */

static int bind_value(sqlite3_stmt *stmt, int place, const struct db_value *v)
{
	const char *p = v->s.p ? v->s.p : "";

	switch (v->type) {
	case DB_NULL: return sqlite3_bind_null(stmt, place);
	case DB_INT: return sqlite3_bind_int64(stmt, place, v->i);
	case DB_TEXT:
		return sqlite3_bind_text64(stmt, place, p, v->s.n, SQLITE_STATIC, SQLITE_UTF8);
	case DB_BYTES: return sqlite3_bind_blob64(stmt, place, p, v->s.n, SQLITE_STATIC);
	}
	return SQLITE_MISUSE;
}

static int bind_all(
	struct connection *c, struct statement *s, const struct db_value *values, size_t n)
{
	INVARIANT(n <= DB_PARAMETERS_MAX);
	for (size_t i = 0; i < n; i++) {
		int rc =
			s->places[i] ? bind_value(s->stmt, s->places[i], &values[i]) : SQLITE_RANGE;

		if (rc != SQLITE_OK)
			return connection_error(c, rc, sqlite3_sql(s->stmt));
	}
	/* Too few values would be NULLs to SQLite, and an error to others. */
	if ((size_t)s->parameter_count != n)
		return connection_error(c, SQLITE_RANGE, sqlite3_sql(s->stmt));
	return 0;
}

/* A statement bound and ready to step; NULL with *error set. */
static struct statement *start(
	struct connection *c, const char *sql, const struct db_value *values, size_t n, int *error)
{
	struct statement *s = acquire(c, sql, error);

	if (!s)
		return NULL;
	*error = bind_all(c, s, values, n);
	if (*error == 0)
		return s;
	release(c, s);
	return NULL;
}

/* Steps: 1 a row, 0 the end, or an error. */
static int step(struct connection *c, struct statement *s)
{
	int rc = sqlite3_step(s->stmt);

	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : connection_error(c, rc, sqlite3_sql(s->stmt));
}

static int run_to_end(
	struct connection *c, const char *sql, const struct db_value *values, size_t n)
{
	int rc = 0;
	struct statement *s = start(c, sql, values, n, &rc);

	if (!s)
		return rc;
	while ((rc = step(c, s)) > 0)
		;
	release(c, s);
	return rc;
}

int connection_run(struct connection *c, const char *sql)
{
	return run_to_end(c, sql, NULL, 0);
}

/* ---- for the engine's table ---- */

int sqlite_run(struct db_tx *tx, const char *sql, const struct db_value *values, size_t n)
{
	struct connection *c = tx->connection;
	sqlite3_int64 before = sqlite3_total_changes64(c->sqlite), changed;
	int rc = run_to_end(c, sql, values, n);

	if (rc < 0)
		return rc;
	/* SQLite keeps an earlier statement's number when this one is not of the changing kind. */
	changed = sqlite3_total_changes64(c->sqlite) == before ? 0 : sqlite3_changes64(c->sqlite);
	return changed > INT_MAX ? INT_MAX : (int)changed;
}

void *sqlite_query(
	struct db_tx *tx, const char *sql, const struct db_value *values, size_t n, int *error)
{
	return start(tx->connection, sql, values, n, error);
}

int sqlite_next(struct db_tx *tx, void *statement)
{
	return step(tx->connection, statement);
}

void sqlite_end(struct db_tx *tx, void *statement)
{
	release(tx->connection, statement);
}

static sqlite3_stmt *row(void *statement)
{
	return ((const struct statement *)statement)->stmt;
}

int64_t sqlite_col_int(void *statement, int column)
{
	return sqlite3_column_int64(row(statement), column);
}

struct slice sqlite_col_text(void *statement, int column)
{
	sqlite3_stmt *stmt = row(statement);
	const void *p;

	if (sqlite3_column_type(stmt, column) != SQLITE_TEXT) {
		p = sqlite3_column_text(stmt, column);
	} else {
		/* The bytes are enough: as text SQLite would copy it, for the NUL behind it. */
		p = sqlite3_column_blob(stmt, column);
		p = p ? p : "";
	}
	return slice_of(p, (size_t)sqlite3_column_bytes(stmt, column));
}

struct slice sqlite_col_bytes(void *statement, int column)
{
	const void *p = sqlite3_column_blob(row(statement), column);

	return slice_of(p, (size_t)sqlite3_column_bytes(row(statement), column));
}

bool sqlite_col_is_null(void *statement, int column)
{
	return sqlite3_column_type(row(statement), column) == SQLITE_NULL;
}

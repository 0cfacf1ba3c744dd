/*
 * test_personal_data.c: of an account that is deleted nothing is left, in whichever table: each that
 * has a column for an account gets a row of it here, so a new one that nobody erases fails.
 */
#include "harness.h"

#include "account/account.h"
#include "database.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "personal/personal_data.h"

#include <stdio.h>

#define T0     INT64_C(1700000000000)
#define TABLES 40

extern const struct hearth_module auth_module;

struct tables {
	char name[TABLES][64], column[TABLES][16];
	size_t n;
};

/* What may stand: an export, which a task removes with its blobs. */
static bool is_left(const char *table)
{
	return strcmp(table, "export") == 0;
}

static int take_table(struct db_rows *rows, void *arg)
{
	struct tables *t = arg;

	ck_assert_uint_lt(t->n, TABLES);
	snprintf(t->name[t->n], sizeof(t->name[0]), "%.*s", SLICE_ARG(db_col_text(rows, 0)));
	snprintf(t->column[t->n], sizeof(t->column[0]), "%.*s", SLICE_ARG(db_col_text(rows, 1)));
	t->n++;
	return 0;
}

struct insert {
	struct strbuf names, values;
	const char *column;
	int64_t account;
};

static int take_column(struct db_rows *rows, void *arg)
{
	struct insert *in = arg;
	struct slice name = db_col_text(rows, 0), type = db_col_text(rows, 1);

	strbuf_printf(&in->names, "%s%.*s", in->names.n ? ", " : "", SLICE_ARG(name));
	strbuf_adds(&in->values, in->values.n ? ", " : "");
	if (slice_eq(name, slice_str(in->column)))
		strbuf_printf(&in->values, "%lld", (long long)in->account);
	else if (slice_eq(type, SLICE("BIGINT")))
		strbuf_adds(&in->values, "1");
	else
		strbuf_adds(&in->values, "'text'");
	return 0;
}

/* One row, with something in each column but a number that the database gives. */
static void add_row(struct db_tx *tx, const char *table, const char *column, int64_t account)
{
	struct insert in = { .column = column, .account = account };
	struct strbuf sql = { 0 };

	ck_assert_int_eq(db_each(tx, take_column, &in,
				 "SELECT name, type FROM pragma_table_info($1) WHERE name <> 'id'"
				 " ORDER BY cid",
				 db_str(table)),
		0);
	strbuf_printf(&sql, "INSERT INTO %s (%s) VALUES (%s)", table, in.names.p, in.values.p);
	ck_assert_msg(db_run(tx, sql.p) == 1, "%s", sql.p);
	strbuf_free(&sql);
	strbuf_free(&in.names);
	strbuf_free(&in.values);
}

static int64_t rows_of(struct db_tx *tx, const char *table, const char *column, int64_t account)
{
	struct strbuf sql = { 0 };
	int64_t n = -1;

	strbuf_printf(&sql, "SELECT count(*) FROM %s WHERE %s = $1", table, column);
	ck_assert_int_eq(db_get_int(tx, &n, sql.p, db_int(account)), 0);
	strbuf_free(&sql);
	return n;
}

static int erase(struct db_tx *tx, void *arg)
{
	struct tables t = { .n = 0 };
	int64_t gone = 0, stays = 0;

	(void)arg;
	ck_assert_int_eq(
		db_each(tx, take_table, &t,
			"SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c"
			" WHERE m.type = 'table' AND c.name IN ('account', 'made_by')"),
		0);
	ck_assert_uint_gt(t.n, 15);
	ck_assert_int_eq(auth_store_add(tx, "stays@x.test", "h", AUTH_MEMBER, T0, &stays), 0);
	ck_assert_int_eq(auth_store_add(tx, "gone@x.test", "h", AUTH_MEMBER, T0, &gone), 0);
	for (size_t i = 0; i < t.n; i++)
		add_row(tx, t.name[i], t.column[i], gone);
	ck_assert_int_eq(auth_store_delete(tx, gone, T0, 0), 0);
	for (size_t i = 0; i < t.n; i++)
		if (!is_left(t.name[i]))
			ck_assert_msg(rows_of(tx, t.name[i], t.column[i], gone) == 0,
				"%s still has a row of who is gone", t.name[i]);
	ck_assert_int_eq(auth_store_delete(tx, gone, T0, 0), HEARTH_ENOTFOUND);
	return 0;
}

START_TEST(nothing_is_left_of_an_account)
{
	struct db *db = database_new(auth_module.schemas);

	clock_fake(T0, 1000000);
	ck_assert_int_eq(db_write_wait(db, erase, NULL), 0);
	clock_fake(-1, 0);
	db_close(&db);
}
END_TEST

/* What is found by the address alone goes with it, and nobody else's does. */
static int by_address(struct db_tx *tx, void *arg)
{
	int64_t gone = 0, n = 0;

	(void)arg;
	ck_assert_int_eq(auth_store_add(tx, "gone@x.test", "h", AUTH_MEMBER, T0, &gone), 0);
	for (int i = 0; i < 2; i++) {
		const char *address = i ? "other@x.test" : "gone@x.test";

		ck_assert_int_eq(db_run(tx,
					 "INSERT INTO invitation (hash, made_by, role, address,"
					 " groups_joined, uses_left, created_at, expires_at, note,"
					 " first_start) VALUES ($1, 0, 0, $1, '', 1, 0, 0, '', 0)",
					 db_str(address)),
			1);
		ck_assert_int_eq(
			db_run(tx,
				"INSERT INTO second_address (account, address, verified, hash,"
				" made_at) VALUES ($1, $2, 1, '', 0)",
				db_int(100 + i), db_str(address)),
			1);
	}
	ck_assert_int_eq(auth_store_delete(tx, gone, T0, 0), 0);
	ck_assert_int_eq(
		db_get_int(tx, &n,
			"SELECT (SELECT count(*) FROM invitation WHERE address = 'gone@x.test')"
			" + (SELECT count(*) FROM second_address WHERE address = 'gone@x.test')"),
		0);
	ck_assert_int_eq(n, 0);
	ck_assert_int_eq(db_get_int(tx, &n, "SELECT count(*) FROM invitation"), 0);
	ck_assert_int_eq(n, 1);
	return 0;
}

START_TEST(what_names_the_address_goes_with_it)
{
	struct db *db = database_new(auth_module.schemas);

	ck_assert_int_eq(db_write_wait(db, by_address, NULL), 0);
	db_close(&db);
}
END_TEST

TEST_MAIN("personal_data", nothing_is_left_of_an_account, what_names_the_address_goes_with_it)

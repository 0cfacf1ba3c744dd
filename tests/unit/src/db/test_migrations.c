/*
 * test_migrations.c: every migration leaves the previous program working (db.h): nodes are upgraded
 * one by one, and the old ones go on meanwhile with statements that know nothing of the new script.
 *
 * A script may add tables, indexes, and columns that are NULL or have a DEFAULT, and it may change
 * rows. Whatever takes something away bears "-- unused since NUMBER": since that migration of the
 * same database no program has used it. This cannot tell whether that is true, nor what new rows
 * mean to an old program; who writes the script must.
 */
#include <ctype.h>
#include <stdio.h>

#include "blob/blob_internal.h"
#include "bus/bus_internal.h"
#include "db/identity.h"
#include "harness.h"
#include "hearth/arena.h"
#include "hearth/module.h"
#include "job/queue.h"
#include "lease/lease_internal.h"
#include "modules.h"

/* Up to which script a database is as it is: the rule came later. */
static int older_of(const char *name)
{
	static const struct {
		const char *name;
		int older;
	} all[] = { { "mail", 9 } };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].name, name) == 0)
			return all[i].older;
	return 0;
}

static bool has(struct slice s, const char *word)
{
	return slice_find(s, slice_str(word)) >= 0;
}

/* The script in upper case, blanks of any length as one, its texts emptied. */
static void normalise(const char *script, struct strbuf *out)
{
	bool text = false;

	strbuf_reset(out);
	for (const char *c = script; *c; c++) {
		if (*c == '\'')
			text = !text;
		else if (!text && isspace((unsigned char)*c))
			strbuf_addc(out, ' ');
		else if (!text)
			strbuf_addc(out, (char)toupper((unsigned char)*c));
	}
	strbuf_addc(out, ' ');
}

static bool statement_only_adds(struct slice statement, bool new_table)
{
	static const char *const good[] = { "CREATE TABLE ", "CREATE INDEX ", "DROP INDEX ",
		"INSERT INTO ", "UPDATE ", "DELETE FROM " };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (slice_starts(statement, slice_str(good[i])))
			return true;
	/* On a table that is there it would refuse what the old program writes. */
	if (slice_starts(statement, SLICE("CREATE UNIQUE INDEX ")))
		return new_table;
	return slice_starts(statement, SLICE("ALTER TABLE ")) && has(statement, " ADD COLUMN ") &&
	       (!has(statement, "NOT NULL") || has(statement, " DEFAULT"));
}

static bool leaves_the_old_working(const char *script, int number)
{
	static const char mark[] = "-- unused since ";
	struct strbuf s = { 0 };
	struct slice rest, one;
	bool good = true;
	int since = 0;

	if (strncmp(script, mark, strlen(mark)) == 0)
		return sscanf(script + strlen(mark), "%d", &since) == 1 && since < number;
	normalise(script, &s);
	rest = strbuf_slice(&s);
	while (rest.p) {
		one = slice_trim(slice_split(&rest, ';'));
		good &= one.n == 0 ||
			statement_only_adds(one, has(strbuf_slice(&s), "CREATE TABLE "));
	}
	strbuf_free(&s);
	return good;
}

static void check_all(const char *name, const char *const *migrations)
{
	int number = 1;

	for (; migrations && migrations[number - 1]; number++) {
		if (number <= older_of(name))
			continue;
		ck_assert_msg(leaves_the_old_working(migrations[number - 1], number),
			"migration %d of %s breaks the program before it: %s", number, name,
			migrations[number - 1]);
	}
}

START_TEST(a_migration_leaves_the_previous_program_working)
{
	for (const struct hearth_module *const *m = hearth_modules; *m; m++)
		for (const struct db_schema *s = (*m)->schemas; s && s->name; s++)
			check_all(s->name, s->migrations);
	check_all(blob_schema()->name, blob_schema()->migrations);
	check_all("bus", bus_migrations);
	check_all("job", queue_migrations);
	check_all("identity", identity_migrations);
	check_all("lease", lease_migrations);
}
END_TEST

START_TEST(what_takes_something_away_is_found)
{
	ck_assert(leaves_the_old_working("CREATE TABLE t (x {id});\nUPDATE t SET x = 'DROP';", 2));
	ck_assert(leaves_the_old_working("ALTER TABLE t ADD COLUMN x BIGINT;", 2));
	ck_assert(
		leaves_the_old_working("ALTER TABLE t ADD COLUMN x TEXT NOT NULL DEFAULT '';", 2));
	ck_assert(leaves_the_old_working("-- unused since 2\nDROP TABLE t;", 3));
	ck_assert(!leaves_the_old_working("-- unused since 3\nDROP TABLE t;", 3));
	ck_assert(!leaves_the_old_working("CREATE TABLE u (x {id});DROP TABLE t;", 2));
	ck_assert(!leaves_the_old_working("ALTER TABLE t DROP COLUMN x;", 2));
	ck_assert(!leaves_the_old_working("ALTER TABLE t RENAME COLUMN x TO y;", 2));
	ck_assert(!leaves_the_old_working("ALTER TABLE t ADD COLUMN x TEXT NOT NULL;", 2));
	ck_assert(!leaves_the_old_working("CREATE UNIQUE INDEX i ON t (x);", 2));
}
END_TEST

TEST_MAIN("migrations", a_migration_leaves_the_previous_program_working,
	what_takes_something_away_is_found)

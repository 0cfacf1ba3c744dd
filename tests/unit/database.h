/*
 * database.h: a database of a module's own in a scratch folder, for unit tests of what runs inside
 * a db_fn. The tests of the database itself are in src/db/ and src/ports/.
 */
#ifndef HEARTH_TESTS_DATABASE_H
#define HEARTH_TESTS_DATABASE_H

#include "hearth/db.h"
#include "hearth/log.h"
#include "src/scratch.h"

/* Of src/db/database.h, which a module's tests do not see. */
int db_open(const char *dir, const struct db_schema *schema, struct db **out, struct strbuf *why);
void db_close(struct db **db);

/* Opens a new and empty one; with db_close it is gone. Ends the process when it cannot. */
static inline struct db *database_new(const struct db_schema *schema)
{
	struct strbuf why = { 0 };
	struct db *db;

	if (db_open(scratch_new(), schema, &db, &why) < 0)
		log_fatal("tests", "%.*s", (int)why.n, why.p);
	return db;
}

#endif

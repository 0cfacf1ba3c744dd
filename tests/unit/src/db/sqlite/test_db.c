/*
 * test_db.c: SQLite through the suite of the database port.
 */
#define SUITE_ENGINE (&db_sqlite)
#include "src/ports/embedded.h"
#include "src/ports/suite_db.h"

TEST_MAIN("db", SUITE_DB)

/*
 * test_fts.c: full-text search in SQLite through the suite of its port.
 */
#define SUITE_ENGINE (&db_sqlite)
#include "src/ports/embedded.h"
#include "src/ports/suite_fts.h"

TEST_MAIN("fts", SUITE_FTS)

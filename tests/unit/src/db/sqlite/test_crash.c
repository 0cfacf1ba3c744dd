/*
 * test_crash.c: the embedded side of the ports across kill -9.
 */
#define SUITE_ENGINE (&db_sqlite)
#include "src/ports/embedded.h"
#include "src/ports/suite_crash.h"

int main(int argc, char **argv)
{
	const TTest *const tests[] = { SUITE_CRASH };

	suite_crash_child(argc, argv);
	return run_suite("crash", tests, sizeof(tests) / sizeof(tests[0]));
}

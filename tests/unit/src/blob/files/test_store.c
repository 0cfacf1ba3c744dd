/*
 * test_store.c: the embedded blob store: the suite of the port.
 */
#include "src/blob/files/embedded.h"

static struct blob_store *suite_blob_open(void)
{
	return embedded_open();
}

static void suite_blob_reopen(struct blob_store **s)
{
	embedded_reopen(s);
}

static void suite_blob_close(struct blob_store **s)
{
	embedded_close(s);
}

static int suite_run_until(int (*fn)(void *arg), void *arg, int timeout_ms)
{
	return loop_run_until(fn, arg, timeout_ms);
}

#include "src/ports/suite_blob.h"

TEST_MAIN("embedded blob store", SUITE_BLOB)

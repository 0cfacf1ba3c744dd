/*
 * quiet.c: whether a database was written to, without asking it: every commit appends to the file
 * PATH-wal, of this process or another, and the file bears the time of it. Any thread; one call of
 * the system, for a file that is open anyway.
 */
#include <sys/stat.h>
#include <time.h>

#include "db/sqlite/sqlite.h"

#define SETTLED_NS INT64_C(100000000) /* a file's time may be so coarse */

static int64_t ns_of(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

bool sqlite_is_quiet(const void *state, struct db_quiet *q)
{
	const struct sqlite_db *s = state;
	struct timespec now;
	struct stat st;
	bool same;

	if (stat(s->wal_path, &st) < 0) {
		q->settled = false;
		return false;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	same = q->settled && q->written_ns == ns_of(st.st_mtim);
	q->written_ns = ns_of(st.st_mtim);
	/* What is written from now on is seen by another time, if the last one is past. */
	q->settled = ns_of(now) - q->written_ns > SETTLED_NS;
	return same;
}

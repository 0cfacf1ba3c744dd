/*
 * fault_vfs.h: a disk that fails when a test says so. It stands between SQLite and the real files
 * from fault_install on, and counts writes and fsyncs: the n-th fails, or all from the n-th on, or
 * all writes beyond a size.
 */
#ifndef HEARTH_TESTS_FAULT_VFS_H
#define HEARTH_TESTS_FAULT_VFS_H

#include <limits.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>

static struct {
	sqlite3_vfs vfs, *real;
	atomic_int countdown;     /* writes and fsyncs until one fails; far away: never */
	atomic_bool goes_on;      /* the ones behind it fail, too */
	_Atomic int64_t size_max; /* no file grows beyond it */
	atomic_int failed;        /* how often the disk has failed */
} fault = { .countdown = INT_MAX, .size_max = INT64_MAX };

struct fault_file {
	sqlite3_file base;
	sqlite3_file *real; /* lies behind this struct */
};

/* Every write and fsync passes here; true: it is to fail. */
static bool fault_strikes(void)
{
	int left = atomic_load(&fault.countdown);

	if (left == INT_MAX)
		return false;
	left = atomic_fetch_sub(&fault.countdown, 1);
	if (left == 1 || (left < 1 && atomic_load(&fault.goes_on))) {
		atomic_fetch_add(&fault.failed, 1);
		return true;
	}
	return false;
}

static inline void fault_nth(int n, bool goes_on)
{
	atomic_store(&fault.failed, 0);
	atomic_store(&fault.goes_on, goes_on);
	atomic_store(&fault.countdown, n);
}

static inline void fault_off(void)
{
	atomic_store(&fault.countdown, INT_MAX);
	atomic_store(&fault.size_max, INT64_MAX);
}

#define FAULT_REAL(f) (((struct fault_file *)(f))->real)

static int fault_close(sqlite3_file *f)
{
	return FAULT_REAL(f)->pMethods->xClose(FAULT_REAL(f));
}

static int fault_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return FAULT_REAL(f)->pMethods->xRead(FAULT_REAL(f), p, n, at);
}

static int fault_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	if (fault_strikes())
		return SQLITE_IOERR_WRITE;
	if (at + n > atomic_load(&fault.size_max))
		return SQLITE_FULL;
	return FAULT_REAL(f)->pMethods->xWrite(FAULT_REAL(f), p, n, at);
}

static int fault_truncate(sqlite3_file *f, sqlite3_int64 n)
{
	return FAULT_REAL(f)->pMethods->xTruncate(FAULT_REAL(f), n);
}

static int fault_sync(sqlite3_file *f, int flags)
{
	if (fault_strikes())
		return SQLITE_IOERR_FSYNC;
	return FAULT_REAL(f)->pMethods->xSync(FAULT_REAL(f), flags);
}

static int fault_size(sqlite3_file *f, sqlite3_int64 *n)
{
	return FAULT_REAL(f)->pMethods->xFileSize(FAULT_REAL(f), n);
}

static int fault_lock(sqlite3_file *f, int level)
{
	return FAULT_REAL(f)->pMethods->xLock(FAULT_REAL(f), level);
}

static int fault_unlock(sqlite3_file *f, int level)
{
	return FAULT_REAL(f)->pMethods->xUnlock(FAULT_REAL(f), level);
}

static int fault_check(sqlite3_file *f, int *out)
{
	return FAULT_REAL(f)->pMethods->xCheckReservedLock(FAULT_REAL(f), out);
}

static int fault_control(sqlite3_file *f, int op, void *arg)
{
	return FAULT_REAL(f)->pMethods->xFileControl(FAULT_REAL(f), op, arg);
}

static int fault_sector(sqlite3_file *f)
{
	return FAULT_REAL(f)->pMethods->xSectorSize(FAULT_REAL(f));
}

static int fault_device(sqlite3_file *f)
{
	return FAULT_REAL(f)->pMethods->xDeviceCharacteristics(FAULT_REAL(f));
}

static int fault_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **p)
{
	return FAULT_REAL(f)->pMethods->xShmMap(FAULT_REAL(f), page, size, extend, p);
}

static int fault_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return FAULT_REAL(f)->pMethods->xShmLock(FAULT_REAL(f), offset, n, flags);
}

static void fault_shm_barrier(sqlite3_file *f)
{
	FAULT_REAL(f)->pMethods->xShmBarrier(FAULT_REAL(f));
}

static int fault_shm_unmap(sqlite3_file *f, int remove)
{
	return FAULT_REAL(f)->pMethods->xShmUnmap(FAULT_REAL(f), remove);
}

static int fault_open(
	sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
	static const sqlite3_io_methods methods = {
		2,
		fault_close,
		fault_read,
		fault_write,
		fault_truncate,
		fault_sync,
		fault_size,
		fault_lock,
		fault_unlock,
		fault_check,
		fault_control,
		fault_sector,
		fault_device,
		fault_shm_map,
		fault_shm_lock,
		fault_shm_barrier,
		fault_shm_unmap,
		NULL,
		NULL,
	};
	struct fault_file *ff = (struct fault_file *)f;
	int rc;

	(void)vfs;
	ff->real = (sqlite3_file *)(ff + 1);
	rc = fault.real->xOpen(fault.real, name, ff->real, flags, out_flags);
	ff->base.pMethods = ff->real->pMethods ? &methods : NULL;
	return rc;
}

/* Once a process: SQLite opens everything through it from now on. */
static inline void fault_install(void)
{
	if (fault.real)
		return;
	fault.real = sqlite3_vfs_find(NULL);
	fault.vfs = *fault.real;
	fault.vfs.zName = "fault";
	fault.vfs.szOsFile = (int)sizeof(struct fault_file) + fault.real->szOsFile;
	fault.vfs.xOpen = fault_open;
	sqlite3_vfs_register(&fault.vfs, 1);
}

#endif

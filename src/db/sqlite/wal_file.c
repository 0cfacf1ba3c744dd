/*
 * wal_file.c: see wal_file.h. A VFS whose logs gather what is written; all other files are those of
 * the VFS below, untouched.
 *
 * A file belongs to the connection that opened it, and so to one thread at a time.
 */
#include "db/sqlite/wal_file.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "hearth/arena.h"

#define GATHER_MAX 122880 /* bytes: some thirty pages; SQLite cannot write 128 KiB at once */

static struct {
	sqlite3_vfs vfs, *below;
} gathering;

struct wal_file {
	sqlite3_file base;
	char *bytes; /* gathered; NULL until there were any */
	size_t n;
	sqlite3_int64 at; /* where they belong */
	sqlite3_file below[];
};

static struct wal_file *of(sqlite3_file *f)
{
	return (struct wal_file *)f;
}

/* After an error nothing is gathered any more: SQLite gives the transaction up. */
static int flush(struct wal_file *f)
{
	size_t n = f->n;

	f->n = 0;
	return n ? f->below->pMethods->xWrite(f->below, f->bytes, (int)n, f->at) : SQLITE_OK;
}

static int wal_close(sqlite3_file *file)
{
	struct wal_file *f = of(file);
	int rc = flush(f), closed = f->below->pMethods->xClose(f->below);

	free(f->bytes);
	return rc == SQLITE_OK ? closed : rc;
}

static int wal_read(sqlite3_file *file, void *to, int n, sqlite3_int64 at)
{
	struct wal_file *f = of(file);
	int rc = flush(f);

	return rc == SQLITE_OK ? f->below->pMethods->xRead(f->below, to, n, at) : rc;
}

static int wal_write(sqlite3_file *file, const void *from, int n, sqlite3_int64 at)
{
	struct wal_file *f = of(file);
	int rc = SQLITE_OK;

	if (f->n && (at != f->at + (sqlite3_int64)f->n || f->n + (size_t)n > GATHER_MAX))
		rc = flush(f);
	if (rc != SQLITE_OK || n > GATHER_MAX)
		return rc != SQLITE_OK ? rc : f->below->pMethods->xWrite(f->below, from, n, at);
	if (!f->bytes)
		f->bytes = mem_alloc(GATHER_MAX);
	if (f->n == 0)
		f->at = at;
	memcpy(f->bytes + f->n, from, (size_t)n);
	f->n += (size_t)n;
	return SQLITE_OK;
}

static int wal_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct wal_file *f = of(file);
	int rc = flush(f);

	return rc == SQLITE_OK ? f->below->pMethods->xTruncate(f->below, size) : rc;
}

static int wal_sync(sqlite3_file *file, int flags)
{
	struct wal_file *f = of(file);
	int rc = flush(f);

	return rc == SQLITE_OK ? f->below->pMethods->xSync(f->below, flags) : rc;
}

static int wal_size(sqlite3_file *file, sqlite3_int64 *size)
{
	struct wal_file *f = of(file);
	int rc = flush(f);

	return rc == SQLITE_OK ? f->below->pMethods->xFileSize(f->below, size) : rc;
}

static int wal_lock(sqlite3_file *file, int lock)
{
	return of(file)->below->pMethods->xLock(of(file)->below, lock);
}

static int wal_unlock(sqlite3_file *file, int lock)
{
	return of(file)->below->pMethods->xUnlock(of(file)->below, lock);
}

static int wal_check(sqlite3_file *file, int *out)
{
	return of(file)->below->pMethods->xCheckReservedLock(of(file)->below, out);
}

static int wal_control(sqlite3_file *file, int op, void *arg)
{
	return of(file)->below->pMethods->xFileControl(of(file)->below, op, arg);
}

static int wal_sector(sqlite3_file *file)
{
	return of(file)->below->pMethods->xSectorSize(of(file)->below);
}

static int wal_device(sqlite3_file *file)
{
	return of(file)->below->pMethods->xDeviceCharacteristics(of(file)->below);
}

static int open_file(
	sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
	static const sqlite3_io_methods methods = {
		.iVersion = 1, /* a log is neither mapped nor has it shared memory */
		.xClose = wal_close,
		.xRead = wal_read,
		.xWrite = wal_write,
		.xTruncate = wal_truncate,
		.xSync = wal_sync,
		.xFileSize = wal_size,
		.xLock = wal_lock,
		.xUnlock = wal_unlock,
		.xCheckReservedLock = wal_check,
		.xFileControl = wal_control,
		.xSectorSize = wal_sector,
		.xDeviceCharacteristics = wal_device,
	};
	struct wal_file *f = of(file);
	int rc;

	(void)vfs;
	if (!(flags & SQLITE_OPEN_WAL))
		return gathering.below->xOpen(gathering.below, name, file, flags, out_flags);
	f->bytes = NULL;
	f->n = 0;
	rc = gathering.below->xOpen(gathering.below, name, f->below, flags, out_flags);
	f->base.pMethods = f->below->pMethods ? &methods : NULL;
	return rc;
}

const char *wal_file_register(void)
{
	gathering.below = sqlite3_vfs_find(NULL);
	gathering.vfs = *gathering.below;
	gathering.vfs.pNext = NULL;
	gathering.vfs.zName = "hearth";
	gathering.vfs.szOsFile = (int)sizeof(struct wal_file) + gathering.below->szOsFile;
	gathering.vfs.xOpen = open_file;
	sqlite3_vfs_register(&gathering.vfs, 0);
	return gathering.vfs.zName;
}

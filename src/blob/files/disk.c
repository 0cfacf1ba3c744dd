/*
 * disk.c: the system calls of the blob store. Each is tried again when a signal interrupts it, goes
 * on when it was short, and ends in a code. On workers; nothing is kept between calls.
 */
#include "blob/files/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <unistd.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/room.h"

static _Atomic(blob_disk_fault_fn *) fault_hook;

void blob_disk_fault_for_tests(blob_disk_fault_fn *fault)
{
	atomic_store(&fault_hook, fault);
}

/* How many of the n bytes may be written; -1 with errno set when the call shall fail. */
static long allowed(enum blob_disk_call call, size_t n)
{
	blob_disk_fault_fn *fault = atomic_load(&fault_hook);
	long rc = fault ? fault(call, n) : (long)n;

	if (rc >= 0)
		return rc;
	errno = (int)-rc;
	return -1;
}

/* Who is told of a full disk knows then that it is full. */
static int failed(const char *what)
{
	int error = errno;

	log_error("blob", "disk error", "call", "%s", what, "why", "%s", strerror(error), NULL);
	if (error == ENOSPC || error == EDQUOT)
		room_make();
	return HEARTH_EIO;
}

int blob_disk_create(int dir_fd, const char *name)
{
	int fd = -1;

	if (allowed(BLOB_DISK_CREATE, 0) >= 0)
		fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	return errno == EEXIST ? HEARTH_EEXIST : failed("create");
}

int blob_disk_open(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	return errno == ENOENT ? HEARTH_ENOTFOUND : failed("open");
}

int blob_disk_write(int fd, struct slice bytes)
{
	while (bytes.n > 0) {
		long max = allowed(BLOB_DISK_WRITE, bytes.n < INT_MAX ? bytes.n : INT_MAX);
		ssize_t n = max < 0 ? -1 : write(fd, bytes.p, (size_t)max);

		if (n < 0 && errno != EINTR)
			return failed("write");
		if (n > 0)
			bytes = slice_skip(bytes, (size_t)n);
	}
	return 0;
}

int blob_disk_sync(int fd)
{
	if (allowed(BLOB_DISK_SYNC, 0) < 0 || fsync(fd) < 0)
		return failed("fsync");
	return 0;
}

int blob_disk_sync_folder(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0 || allowed(BLOB_DISK_SYNC_FOLDER, 0) < 0 || fsync(fd) < 0)
		rc = failed("fsync of a folder");
	if (fd >= 0)
		close(fd);
	return rc;
}

int blob_disk_read(int fd, char *p, size_t n, uint64_t offset)
{
	while (n > 0) {
		ssize_t got = pread(fd, p, n < INT_MAX ? n : INT_MAX, (off_t)offset);

		if (got < 0 && errno != EINTR)
			return failed("read");
		if (got == 0)
			return HEARTH_ECORRUPT;
		if (got > 0) {
			p += got;
			n -= (size_t)got;
			offset += (uint64_t)got;
		}
	}
	return 0;
}

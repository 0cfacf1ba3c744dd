/*
 * disk.h: the system calls by which the blob store puts bytes on disk, made whole (interrupted and
 * short ones go on) and turned into codes; the one place where a test can make them fail. On
 * workers.
 */
#ifndef HEARTH_SRC_BLOB_DISK_H
#define HEARTH_SRC_BLOB_DISK_H

#include "hearth/str.h"

/* All block: workers only. 0 (or a descriptor), or HEARTH_EIO after a log line that says why. */

/* Makes a file that must not be there yet (HEARTH_EEXIST), for writing. */
int blob_disk_create(int dir_fd, const char *name);
/* Opens one for reading; HEARTH_ENOTFOUND when there is none. */
int blob_disk_open(int dir_fd, const char *name);
int blob_disk_write(int fd, struct slice bytes);
int blob_disk_sync(int fd);
/* The same for the folder `name`: what was created in it is still there after a loss of power. */
int blob_disk_sync_folder(int dir_fd, const char *name);
/* Fills p[0..n) from `offset`; HEARTH_ECORRUPT when the file is shorter. */
int blob_disk_read(int fd, char *p, size_t n, uint64_t offset);

/*
 * For tests: asked before each call of these; `n` is how many bytes it may write at most. Returns
 * that number or a smaller one (a short write; 0 elsewhere), or a negative errno. NULL: no faults.
 */
enum blob_disk_call {
	BLOB_DISK_CREATE,
	BLOB_DISK_WRITE,
	BLOB_DISK_SYNC,
	BLOB_DISK_SYNC_FOLDER,
};
typedef long blob_disk_fault_fn(enum blob_disk_call call, size_t n);
void blob_disk_fault_for_tests(blob_disk_fault_fn *fault);

#endif

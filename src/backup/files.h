/*
 * files.h: files of a backup: copied and hashed in pieces, put in place whole or not at all.
 * Everything blocks; for commands. Errors are codes after a line on standard error. Main thread.
 */
#ifndef HEARTH_SRC_BACKUP_FILES_H
#define HEARTH_SRC_BACKUP_FILES_H

#include "hearth/str.h"

#define FILE_HASH     65   /* hex SHA-256 and a NUL */
#define FILE_PATH_MAX 1024 /* of what lies in a folder, with the folder */

/* A SHA-256 that is fed in pieces. */
struct hash;
struct hash *hash_new(void);
void hash_add(struct hash *h, struct slice bytes);
void hash_end(struct hash **h, char hex[FILE_HASH]); /* frees it */

/* Prints "hearth: WHAT PATH: why". Returns HEARTH_EIO. */
int file_failed(const char *what, const char *path);
/* Makes a folder and those above it. 0, or an error. */
int file_make_folders(const char *path);
/* Makes the folders above `path`. */
int file_make_parents(const char *path);
/* Hashes a file; HEARTH_ENOTFOUND (nothing is printed) when it is not there. */
int file_hash(const char *path, char hex[FILE_HASH], uint64_t *size);
/*
 * Copies `length` bytes from `offset` (UINT64_MAX: to the end) into `to`.tmp, reads them back, and
 * renames: `to` is whole or not there. Gives size and hash.
 */
int file_copy(const char *from, uint64_t offset, uint64_t length, const char *to, unsigned mode,
	char hex[FILE_HASH], uint64_t *size);
/* Writes all that is pending on the file system of this folder to disk. */
int file_sync_all(const char *folder);
int file_sync_folder(const char *folder);

/* Calls each(arg, path from `folder` on) for every regular file below it, in no order. */
typedef int file_fn(void *arg, const char *name);
int file_walk(const char *folder, file_fn *each, void *arg);

/* "3.1 GiB". */
void file_human(char *out, size_t room, uint64_t bytes);
/* A bar on standard error while that is a terminal: "blobs  12/40  3.1 GiB". */
void progress(const char *what, int64_t done, int64_t total, uint64_t bytes);
void progress_end(void);

#endif

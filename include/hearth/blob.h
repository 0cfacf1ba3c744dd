/*
 * blob.h: port: immutable bytes under a key.
 *
 * A key is a name the caller made unique ("video/7/12/source/3.m4s"), or a scope of the caller's, which
 * ends in "/", and behind it the lower-case hex SHA-256 of the bytes ("mail/2cf2…"): so equal bytes
 * are stored once in a scope. A key, and so a scope, belongs to one module, which alone knows
 * whether a row names it. Bytes never change.
 *
 * What is promised (and what a second implementation must keep)
 *   durability  When `done` is called with 0, the bytes survive kill -9 and a loss of power, and
 *               every later get finds them, whole. Before that, nothing of them can be seen.
 *   identity    A get returns the bytes that were put or an error, never others, also for a range:
 *               the store keeps checksums and answers HEARTH_ECORRUPT. Putting the same bytes under
 *               the same key again is success, and they are whole again if they were not. Names
 *               are unique by the caller's making; a put of other bytes under a used name is a
 *               mistake that the store may refuse (HEARTH_EEXIST) or, where it cannot tell, ignore.
 *   order       None between two puts. "Bytes first, then the row that names them": put, wait for
 *               done, then write the row.
 *   removal     A transaction that takes away what may be the last row to name a key says so
 *               (blob_release): that is as durable as its effect. Some time later the store asks
 *               the owner's rows (struct blob_names), and when none names the key, deletes it. A
 *               key that was put within blob_grace_ms stays at least that long, so that a put which
 *               is about to be named is never lost. While a backup copies, deletions wait for its
 *               end. A blob that was put and never named (a crash in between) stays, unless its
 *               key was released for later before the put.
 *
 * S3: rows and small blobs stay in SQL (pack.h), as do checksums, grace, equal bytes stored once and
 * the queue of removal; a large blob is an object under a name that is never used again, as a file
 * is (folder.h): PutObject, multipart above 5 MiB; ranged GetObject; DeleteObject after the row's
 * commit. So no bucket needs versions, and nothing depends on an object's age. A stream needs no
 * local file: the object's name says nothing of the hash, which its row gets when the stream ends.
 *
 * Calls are from an executor and answered there, later; those that wait are for workers.
 */
#ifndef HEARTH_BLOB_H
#define HEARTH_BLOB_H

#include "hearth/buf.h"
#include "hearth/db.h"
#include "hearth/job.h"

#define BLOB_KEY_MAX 200 /* bytes; letters, digits, "/", "-", "_", "." */
#define BLOB_GRACE_MS \
	(INT64_C(60) * 60 * 1000) /* one hour, unless [store] blob_grace says otherwise */

struct blob_store;

struct blob_info {
	char key[BLOB_KEY_MAX + 1];
	uint64_t size; /* bytes as put, before any compression by the store */
};

/* `info` is valid during the call, and NULL unless status is 0. */
typedef void blob_put_fn(void *arg, int status, const struct blob_info *info);
/* `bytes` is the callee's reference to keep: it must buf_unref it. NULL unless status is 0. */
typedef void blob_get_fn(void *arg, int status, struct buf *bytes);

enum blob_flags {
	BLOB_PLAIN = 0,
	BLOB_TEXT = 1, /* likely to shrink: the store may compress it (zstd); video is not */
};

/*
 * Puts bytes that are in memory. `name` is a key, or a scope that is to be completed by the hash.
 * Takes a reference of its own to `bytes`. From an executor; `done` there. The work is done on workers, and puts that wait
 * together share a commit. HEARTH_EBUSY at once when too many wait, HEARTH_EINVAL at once for a
 * name that is no key; then `done` is not called.
 */
int blob_put(struct blob_store *s, const char *name, struct buf *bytes, enum blob_flags flags,
	blob_put_fn *done, void *arg);
/* The same from a worker or a command, waiting. */
int blob_put_wait(struct blob_store *s, const char *name, struct buf *bytes, enum blob_flags flags,
	struct blob_info *info);

/*
 * A put as a stream, for bytes that need not fit in memory. A writer belongs to the executor that
 * opened it. Small ones stay in memory, larger ones go to a temporary file on a worker.
 */
struct blob_writer;
struct blob_writer *blob_open(struct blob_store *s, const char *name, enum blob_flags flags);
/*
 * Adds bytes (copied). Returns how many bytes wait for the disk; above `blob_writer_high` the
 * caller stops reading from its peer until `drained` was called, which may add, finish or abort.
 * Errors come out at finish, also that of a name that is no key.
 */
size_t blob_add(struct blob_writer *w, struct slice bytes);
size_t blob_writer_high(void);
void blob_on_drained(struct blob_writer *w, exec_fn *drained, void *arg);
/* Ends the stream and frees the writer, whatever the outcome; `done` later. Sets *w to NULL. */
void blob_finish(struct blob_writer **w, blob_put_fn *done, void *arg);
/* Throws it away and frees the writer; legal on NULL. */
void blob_abort(struct blob_writer **w);

/*
 * Gets `length` bytes from `offset` (fewer at the end; none beyond it). length is at most
 * BLOB_GET_MAX. HEARTH_ENOTFOUND, HEARTH_ECORRUPT, HEARTH_EIO; at once HEARTH_EINVAL, or
 * HEARTH_EBUSY when too many wait, and then `done` is not called. From an executor; and waiting.
 */
#define BLOB_GET_MAX (64u << 20)
int blob_get(struct blob_store *s, const char *key, uint64_t offset, size_t length,
	blob_get_fn *done, void *arg);
int blob_get_wait(
	struct blob_store *s, const char *key, uint64_t offset, size_t length, struct buf **out);
/*
 * The whole blob, if it is in memory: a reference for the caller, or NULL. What many ask for is then
 * given without a copy for each (buf_copy_shared). Any thread; never blocks on a disk.
 */
struct buf *blob_at_hand(struct blob_store *s, const char *key);
/* The size of a blob; waiting, workers only. */
int blob_stat_wait(struct blob_store *s, const char *key, struct blob_info *info);

/* ---- removal ---- */

/*
 * Within a db_fn that writes, of the owner's database: from this commit on the row, or one of the
 * rows, that named `key` is gone; the store looks whether it was the last and removes the blob then.
 * not_before_ms (wall, 0: at once) is for a key that is released before it is put, in case nothing
 * comes to name it. An empty key is none. Releasing a key that is named yet, or twice, does no harm.
 */
int blob_release(struct db_tx *tx, const char *key, int64_t not_before_ms);

/*
 * What a module's table of databases says beside: which of them name blobs, and how to ask whether
 * one does. named: 1, 0 or an error; within a db_fn that reads. Ends with database == NULL.
 */
struct blob_names {
	const char *database;
	int (*named)(struct db_tx *tx, const char *key);
};

/*
 * Deletes without asking anybody, waiting until it is gone: 0, also when there was none.
 * HEARTH_EBUSY: it was put within the grace, or a backup copies, and it is still there; ask again
 * after blob_grace_ms. Workers only.
 */
int blob_delete_wait(struct blob_store *s, const char *key);
/* Says the same; nothing is answered, and a crash forgets it. From any thread. */
void blob_delete(struct blob_store *s, const char *key);
/* How long after it was put a blob is safe from deletion. Any thread. */
int64_t blob_grace_ms(const struct blob_store *s);

#endif

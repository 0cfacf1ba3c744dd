/*
 * blob.h: port: immutable bytes under a key.
 *
 * A key is the lower-case hex SHA-256 of the bytes (put without a name: equal bytes are stored
 * once) or a name the caller made unique ("video/7/12/source/3.m4s"). Bytes never change.
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
 *   deletion    blob_delete is advice about a key no row names any more. It is obeyed, some time
 *               after the call, unless the same key was put within blob_grace_ms before it, so that
 *               a put that is about to be named is never lost; what is left over then goes with a
 *               later delete. While a backup copies, deletions wait for its end.
 * S3: put = PutObject (multipart above 5 MiB; a stream that is named by its hash waits in a local
 * file until that is known); get = ranged GetObject, the checksums are S3's own. Grace =
 * LastModified, which a put of a known hash refreshes by copying the object onto itself with new
 * metadata. The bucket is versioned, and a deletion removes the very version it looked at, so that
 * a put which comes in between stays.
 *
 * Calls are from an executor and answered there, later; those that end in _wait block and are for
 * workers. What waits is bounded: a store with too much in hand answers HEARTH_EBUSY.
 */
#ifndef HEARTH_BLOB_H
#define HEARTH_BLOB_H

#include "hearth/buf.h"
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
 * Puts bytes that are in memory. name NULL: under their hash. Takes a reference of its own to
 * `bytes`. From an executor; `done` there. The work is done on workers, and puts that wait
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
/* The size of a blob; waiting, workers only. */
int blob_stat_wait(struct blob_store *s, const char *key, struct blob_info *info);

/* Says that no row names `key` any more (see above). From any thread; nothing is answered. */
void blob_delete(struct blob_store *s, const char *key);
/*
 * The same, waiting until it is gone: 0, also when there was none. HEARTH_EBUSY: it was put within
 * the grace, or a backup copies, and it is still there; ask again after blob_grace_ms. Workers
 * only.
 */
int blob_delete_wait(struct blob_store *s, const char *key);
/* How long after it was put a blob is safe from deletion. Any thread. */
int64_t blob_grace_ms(const struct blob_store *s);

#endif

/*
 * blob_internal.h: the embedded blob store, for who assembles the program and for its tests.
 *
 * A blob of up to 64 KiB (as stored: text is compressed) lies in its row of the database "blob", a
 * larger one in a file of DATA/blob, named by its row. Every whole get is checked by SHA-256; a get
 * of a part, by the SHA-256 of the whole when that is no more than 4 MiB, and else by a CRC-32 for
 * each block of 256 KiB. Opened and closed on the main thread.
 */
#ifndef HEARTH_SRC_BLOB_INTERNAL_H
#define HEARTH_SRC_BLOB_INTERNAL_H

#include <stdbool.h>

#include "hearth/blob.h"
#include "hearth/db.h"

/* The schema of the database that blob_store_open wants. */
const struct db_schema *blob_schema(void);

struct blob_options {
	int64_t grace_ms;       /* of deletions */
	int64_t litter_keep_ms; /* how long litter that was moved aside stays */
	int sweep_max;          /* per cent of the files that may be litter; more is suspicious */
	bool adopt;             /* folder and table shall belong together from now on */
};

/* BLOB_GRACE_MS, 30 days, 20 per cent, no. */
struct blob_options blob_options_default(void);

/*
 * Opens the store: files in the folder "blob" of `data_dir`, rows in `db`, blocking work on
 * `pool`, which both outlive the store. Several processes may have it open. What a process that
 * died left behind is moved aside on `pool` from now on, beside other work (sweep.c). With no loop
 * (commands) the waiting calls and blob_delete work. 0, HEARTH_ECONFLICT when table and folder do
 * not belong together (belong.c), or HEARTH_EIO; both were logged. NULL options are the defaults.
 */
int blob_store_open(const char *data_dir, struct db *db, struct pool *pool,
	const struct blob_options *options, struct blob_store **out);
/* Whether a put, a stream or a get was not answered yet. Any thread. */
bool blob_store_busy(struct blob_store *s);
/*
 * Waits for work that runs on the pool, then frees the store. When it is not busy, or the loop will
 * not run again: then what was not answered is lost with it. From a thread that may block; legal
 * on NULL.
 */
void blob_store_close(struct blob_store **s);

/*
 * Starts to remove what this database's functions release (release.c), asking `names`, which stays
 * the caller's and valid, on workers of `pool`, until the queues are stopped. On the loop. 0, or an
 * error of queue_start.
 */
int blob_release_start(
	struct blob_store *s, struct db *db, const struct blob_names *names, struct pool *pool);

/* Whether litter is still being looked for; how many files were moved aside. Any thread. */
bool blob_store_sweeping(struct blob_store *s);
int blob_store_swept(struct blob_store *s);

#endif

/*
 * pack.h: the database "blob": a row for every blob, with the bytes of small ones in it. Every SQL
 * statement of the store is here. All functions run inside a db_fn. That is on a database thread.
 */
#ifndef HEARTH_SRC_BLOB_PACK_H
#define HEARTH_SRC_BLOB_PACK_H

#include "blob/codec.h"
#include "blob/objects.h"
#include "hearth/blob.h"
#include "hearth/db.h"

/* Stored bytes up to this many lie in the row; more lie in a file. */
#define BLOB_PACK_MAX (64u << 10)

struct blob_row {
	struct blob_info info;
	unsigned char hash[BLOB_HASH]; /* SHA-256 of the bytes as put */
	char file[BLOB_OBJECT_NAME];   /* "" when packed */
	struct slice stored;           /* packed bytes; codec.h says when they are compressed */
};

/*
 * Writes the row of a blob. When the same bytes have this key already, the row becomes this one all
 * the same, so that what was just put is what will be read, and `replaced` is set to the file that
 * is to be removed after the commit; else to "". HEARTH_EEXIST: other bytes have this key.
 */
int blob_row_put(struct db_tx *tx, const struct blob_row *row, int64_t now_ms,
	char replaced[BLOB_OBJECT_NAME]);
/* Finds a row; `stored` is valid until db_end(rows), which must follow when it returned 0. */
int blob_row_find(struct db_tx *tx, struct db_rows *rows, const char *key, struct blob_row *row);
/*
 * Deletes the row unless it was put after `before_ms`; `file` is set to the file to be removed, or
 * to "". HEARTH_ENOTFOUND when there is none or it is too young.
 */
int blob_row_delete(
	struct db_tx *tx, const char *key, int64_t before_ms, char file[BLOB_OBJECT_NAME]);
/* Whether somebody holds all blobs: 1 or 0, or an error. */
int blob_rows_held(struct db_tx *tx, int64_t now_ms);
/*
 * Notes a deletion that waits for the end of the hold; takes one of them: 1, 0 when there is none.
 */
int blob_row_doom(struct db_tx *tx, const char *key, int64_t before_ms);
int blob_row_take_doomed(struct db_tx *tx, char key[BLOB_KEY_MAX + 1], int64_t *before_ms);
/* The files that the newest rows name, up to `max`: how many, or an error. */
int blob_row_newest_files(struct db_tx *tx, char (*files)[BLOB_OBJECT_NAME], int max);
/* Whether a row names this file: 1 or 0, or an error. */
int blob_row_names(struct db_tx *tx, const char *file);

#endif

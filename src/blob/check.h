/*
 * check.h: whether a blob is whole: its stored bytes decoded, its size and SHA-256 as its row has
 * them. For backup and verify. Blocks. On whichever thread asks, which waits.
 */
#ifndef HEARTH_SRC_BLOB_CHECK_H
#define HEARTH_SRC_BLOB_CHECK_H

#include "blob/pack.h"

struct blob_checker;

/* Over the folder DATA/blob. 0, or HEARTH_EIO (logged). */
int blob_checker_new(const char *data_dir, struct blob_checker **out);
void blob_checker_free(struct blob_checker **c);
/* 0, HEARTH_ENOTFOUND (the file is missing), HEARTH_ECORRUPT, HEARTH_EIO. */
int blob_check(struct blob_checker *c, const struct blob_row *row);

#endif

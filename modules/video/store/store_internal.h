/*
 * store_internal.h: what the files of SQL share among themselves. Pure but for what says "db_fn".
 */
#ifndef VIDEO_STORE_INTERNAL_H
#define VIDEO_STORE_INTERNAL_H

#include <stdio.h>

#include "store/store.h"

/* A column's text into a member of `room` bytes; what has no room there was never written. */
static inline void video_store_copy(char *out, size_t room, struct slice s)
{
	snprintf(out, room, "%.*s", SLICE_ARG(s));
}

/* What a stream holds is counted where it is added; where it goes it is in store_forget.c. db_fn. */
int video_store_count_bytes(struct db_tx *tx, int64_t stream, int64_t n);

#endif

/*
 * recent.h: blobs in memory that were put or read lately, so that the segment many viewers ask for
 * at the same time is read from disk once or never. It keeps references to the very buffers that
 * were put or answered, and counts their length only. Any thread.
 */
#ifndef HEARTH_SRC_BLOB_RECENT_H
#define HEARTH_SRC_BLOB_RECENT_H

#include "hearth/buf.h"

/* Smaller ones are cheap to read, larger ones would push out everything else. */
#define BLOB_RECENT_MIN (16u << 10)
#define BLOB_RECENT_MAX (4u << 20)

struct blob_recent;

struct blob_recent *blob_recent_new(size_t bytes_max);
void blob_recent_free(struct blob_recent **r); /* legal on NULL */
/* Keeps a reference of its own, if the size is in bounds; the longest unused go. */
void blob_recent_put(struct blob_recent *r, const char *key, struct buf *bytes);
/*
 * The same for who sends it: one that is asked for so a second time, and is BLOB_SHARED_MIN or
 * larger, is kept as a shared buffer (buf_copy_shared) from then on. At most bytes_max /
 * BLOB_SHARED_MIN descriptors are held by it.
 */
#define BLOB_SHARED_MIN (128u << 10)
struct buf *blob_recent_share(struct blob_recent *r, const char *key);
/* A reference for the caller, or NULL. */
struct buf *blob_recent_get(struct blob_recent *r, const char *key);
void blob_recent_drop(struct blob_recent *r, const char *key);

#endif

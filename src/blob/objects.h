/*
 * objects.h: where large blobs lie: the seam of the blob store. Rows, small blobs, checksums, grace
 * and the queue of removal are the store's, in SQL, whatever engine this is; an engine keeps objects
 * under names of its own that are never used again (files/: a folder of files).
 *
 * An object without a row is either being put right now or litter of a process that died; the
 * engine tells which (leftovers). Removing one can never hit what was put meanwhile.
 *
 * All of it blocks: workers, and start. `state` is the engine's, `object` one being written, by one
 * thread at a time. Errors were logged where the engine knows more than the code says.
 */
#ifndef HEARTH_SRC_BLOB_OBJECTS_H
#define HEARTH_SRC_BLOB_OBJECTS_H

#include "blob/codec.h"
#include "hearth/buf.h"

#define BLOB_OBJECT_NAME 40  /* room for a name, and a NUL */
#define BLOB_SHELVES     256 /* parts that leftovers are looked for in, one at a time */
#define BLOB_MARK        64  /* room for the mark of what the objects belong to, and a NUL */

/* A result other than 0 ends the walk. */
typedef int blob_object_fn(void *arg, const char *name);

struct blob_engine {
	/* `place` is the data folder, or a URL. 0 with *state set, or an error. */
	int (*open)(const char *place, void **state);
	void (*close)(void *state);

	/* Starts an object; `text`: try to compress. 0, or an error with *object NULL. */
	int (*create)(void *state, struct blob_codecs *codecs, bool text, void **object);
	/* Adds bytes. After an error the object is only good for abort. */
	int (*add)(void *object, struct slice bytes);
	/* Completes it and makes it durable; it stays to be left or aborted. */
	int (*end)(void *object, char name[BLOB_OBJECT_NAME], uint64_t *size,
		unsigned char hash[BLOB_HASH]);
	void (*leave)(void *object); /* frees the writer, and leaves the object */
	void (*abort)(void *object); /* removes the object too */

	/* At most `length` bytes from `offset` of a blob of `size`; ENOTFOUND, ECORRUPT, EIO. */
	int (*read)(void *state, struct blob_codecs *codecs, const char *name, uint64_t size,
		uint64_t offset, size_t length, struct buf **out);
	bool (*has)(void *state, const char *name);
	/* Removes one; that it is gone already is fine. */
	void (*remove)(void *state, const char *name);

	/* Before a walk: what dead processes held is let go. */
	void (*bury)(void *state);
	/* Each object in a shelf (0 … BLOB_SHELVES - 1) that nobody alive is putting. */
	int (*leftovers)(void *state, int shelf, blob_object_fn *each, void *arg);
	/* Takes an object out of the way; a read brings it back. */
	int (*set_aside)(void *state, const char *name);
	/* Removes what has lain aside for `keep_ms`; how many stay, *removed how many went. */
	int (*clear_aside)(void *state, int64_t keep_ms, int *removed);

	/* Which data folder the objects belong to; "" when nobody has said so yet. */
	int (*read_mark)(void *state, char mark[BLOB_MARK]);
	int (*write_mark)(void *state, const char *mark);
};

/* The embedded engine: files in DATA/blob. */
extern const struct blob_engine blob_files;

#endif

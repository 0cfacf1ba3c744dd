/*
 * take.h: what the files that take a backup share: take.c the folder, the cut and the databases,
 * take_blobs.c the large blobs, take_room.c the room on the disk. On a command's main thread.
 */
#ifndef HEARTH_SRC_BACKUP_TAKE_H
#define HEARTH_SRC_BACKUP_TAKE_H

#include "backup/backup.h"
#include "backup/manifest.h"
#include "db/cut.h"

struct taking {
	const struct backup_source *source;
	const char *dest;
	int lock_fd;
	struct backup_dbs dbs;
	struct identity ids[BACKUP_DBS_MAX];
	struct backup_hold hold;
	struct cut *cut;
	struct manifest_writer manifest;
	struct manifest_reader before; /* the one that stands, for what need not be copied */
	struct manifest_entry old;     /* its next blob */
	bool old_there;
	uint64_t total, copied; /* bytes */
	uint64_t kept;          /* bytes that stay free on the disk of `dest` */
	bool no_room;           /* it ended for that: what it wrote is to go */
	int64_t blobs, damaged;
	const char *what; /* for the bar */
};

/* Opens the backup that stands, if it is of the same data, at its first blob. */
int take_open_before(struct taking *t, const char *folder);
/* Whether the disk has the room that is known to be needed; says how much that is. 0, or an error. */
int take_room_ask(struct taking *t);
/* Whether so much more may be written. 0, or an error. */
int take_room_left(struct taking *t, uint64_t bytes);
/* The large blobs that the copy of blob.db names, in the order of their files' names. */
int take_blobs(struct taking *t);

#endif

/*
 * manifest.h: what a backup holds: the file DIR/manifest, one entry a line.
 *
 *	hearth backup 1
 *	folder ID                       of the data folder it is of
 *	began MS                        what was acknowledged before is in it
 *	file MODE SIZE SHA256 NAME      a file of the data folder: objects/ab/SHA256
 *	db COMMITS SIZE SHA256 NAME     a database: its chunks follow, in order
 *	chunk SHA256                    objects/ab/SHA256
 *	blob SIZE SHA256 NAME           a large blob's file, sorted by name: blob/NAME
 *	end SHA256                      of all above: a manifest without it is none
 *
 * It is written beside and renamed, so a backup that was killed leaves the one before as it was. On
 * a command's main thread.
 */
#ifndef HEARTH_SRC_BACKUP_MANIFEST_H
#define HEARTH_SRC_BACKUP_MANIFEST_H

#include <stdio.h>

#include "backup/files.h"
#include "db/identity.h"

#define MANIFEST "manifest"

enum manifest_kind {
	MANIFEST_FOLDER, /* name: the id */
	MANIFEST_BEGAN,  /* number */
	MANIFEST_FILE,   /* number: the mode; size, hash, name */
	MANIFEST_DB,     /* number: commits; size, hash, name */
	MANIFEST_CHUNK,  /* hash */
	MANIFEST_BLOB,   /* size, hash, name */
};

struct manifest_entry {
	enum manifest_kind kind;
	int64_t number;
	uint64_t size;
	char hash[FILE_HASH];
	char name[FILE_PATH_MAX];
};

/* ---- writing ---- */

struct manifest_writer {
	FILE *f;
	struct hash *hash;
	char path[FILE_PATH_MAX]; /* of the finished one */
};

int manifest_begin(struct manifest_writer *w, const char *dir);
void manifest_add(struct manifest_writer *w, const struct manifest_entry *e);
/* Puts it in its place, on disk; or throws it away. */
int manifest_end(struct manifest_writer *w);
void manifest_abort(struct manifest_writer *w);

/* ---- reading ---- */

struct manifest_reader {
	FILE *f; /* NULL: there is none */
};

/*
 * The newest, or the one of a name (generations.h). Checks the whole file first. HEARTH_ENOTFOUND,
 * HEARTH_ECORRUPT; nothing is printed.
 */
int manifest_open(struct manifest_reader *r, const char *dir, const char *name);
/* The next entry: 1, or 0 at the end. */
int manifest_next(struct manifest_reader *r, struct manifest_entry *e);
void manifest_close(struct manifest_reader *r);

/* The path of an object, or of a blob's file, in the backup. */
void manifest_object(char out[FILE_PATH_MAX], const char *dir, const char *hash);
void manifest_blob(char out[FILE_PATH_MAX], const char *dir, const char *name);

#endif

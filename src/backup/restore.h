/*
 * restore.h: what the files that restore a backup, or look at one, share: restore.c what is to be
 * done, the target and putting in place, restore_fill.c filling restore.part, look.c looking at a
 * backup. On a command's main thread.
 */
#ifndef HEARTH_SRC_BACKUP_RESTORE_H
#define HEARTH_SRC_BACKUP_RESTORE_H

#include "backup/backup.h"
#include "backup/manifest.h"

#define PLACING "placing" /* in restore.part: all is there, and what was in DATA is aside */

struct restoring {
	const char *from, *of, *data;
	char staging[FILE_PATH_MAX];
	bool placing;         /* one that was interrupted at its end */
	uint64_t total, done; /* bytes */
	int64_t began_ms;
	char folder[IDENTITY_FOLDER];
	struct strbuf ledger;
	int64_t bad; /* of backup_verify */
};

/* Opens the manifest of the backup, and says why it cannot. */
int restore_open_manifest(const struct restoring *t, struct manifest_reader *r);
/* What is to be done, and whether all of it may be: sums, head, ledger. */
int restore_survey(struct restoring *t);
/* Fills the staging folder: each file is checked as it is written, and left alone when it is there. */
int restore_fill(struct restoring *t);
/* Ledger, the mark of the blobs' folder, and that this was restored. */
int restore_write_marks(struct restoring *t);
/* A small file of the staging folder. */
int restore_write_text(const struct restoring *t, const char *name, struct slice text);

#endif

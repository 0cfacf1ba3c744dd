/*
 * generations.h: the backups that a folder holds. The newest is DIR/manifest; an earlier one is a
 * manifest of its own, DIR/manifest-20260301T120000Z, named after the moment it is of (the second one
 * of a second …Z2, up to …Z9). They share chunks and blobs, so one more costs what changed since. On a
 * command's main thread.
 */
#ifndef HEARTH_SRC_BACKUP_GENERATIONS_H
#define HEARTH_SRC_BACKUP_GENERATIONS_H

#include "backup/manifest.h"

#define GENERATIONS_MAX     100 /* with the newest */
#define GENERATIONS_DEFAULT 7
#define GENERATION_NAME     24

struct generations {
	char names[GENERATIONS_MAX][GENERATION_NAME]; /* "20260301T120000Z", the oldest first */
	size_t count;                                 /* without the newest */
};

/* Which earlier ones there are; of more than GENERATIONS_MAX the first that are found. */
void generations_list(const char *dir, struct generations *out);
/* Whether the words can be the name of one. */
bool generation_is_name(const char *name);
/* The newest gets a name, as what is an earlier one from now on. 0, or an error that was told. */
int generations_keep(const char *dir);
/* Forgets the oldest, so that `keep` are left with the newest. What was theirs goes by backup_tidy. */
int generations_prune(const char *dir, size_t keep);

#endif

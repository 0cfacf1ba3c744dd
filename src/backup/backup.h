/*
 * backup.h: `hearth backup`, `hearth restore`, `hearth verify`: of a data folder, whether a server
 * runs on it or not. Everything blocks, is a command's, and says on standard output what it did and
 * on standard error what went wrong. The results are exit codes: 0 done and well, 1 not. On the
 * main thread of a command; memory is bounded by a chunk and a page of names, whatever the folder
 * holds.
 */
#ifndef HEARTH_SRC_BACKUP_H
#define HEARTH_SRC_BACKUP_H

#include "hearth/str.h"
#include "kernel/ledger.h"

#define BACKUP_DBS_MAX    32
#define BACKUP_STAGING    "restore.part" /* in a data folder: a restore has not ended */
#define BACKUP_HOLD_MS    (INT64_C(10) * 60 * 1000)
#define BACKUP_HOLD_RENEW (INT64_C(60) * 1000)

/* The databases of a data folder: every NAME.db in it. */
struct backup_dbs {
	char names[BACKUP_DBS_MAX][40];
	const char *list[BACKUP_DBS_MAX];
	size_t count;
};

/* Says what went wrong, and why if that is known; HEARTH_EINVAL. */
int backup_say(const char *what, const char *why);
int backup_list_dbs(const char *data, struct backup_dbs *out);

struct backup_source {
	const char *data;
	const char *outside[3]; /* files elsewhere that belong to it: INI file, certificate, key */
	int64_t reserve;        /* [store] reserve */
};

/*
 * Takes a backup into the folder `dest`, which is new or holds earlier ones of the same data; `keep`
 * of them are kept with this one (generations.h).
 */
int backup_take(const struct backup_source *source, const char *dest, size_t keep);
/*
 * Makes `data` what the backup in `from` has: the newest, or with `of` the one of that name. It must be empty, unless `replace`: then what is
 * there is moved into a folder beside. One that was interrupted goes on.
 */
int backup_restore(const char *from, const char *of, const char *data, bool replace);
/* Looks at every file of a backup, likewise, and says which others there are. */
int backup_verify(const char *dir, const char *of);

/* Removes from `dest` what no manifest in it names; where one cannot be read, nothing. */
void backup_tidy(const char *dest);

/*
 * Keeps the blob store of `data` from deleting: begin before the cut, `backup_hold_go_on` now and
 * then, end at the end. A process that dies holds it for BACKUP_HOLD_MS at most.
 */
struct backup_hold {
	const char *data;
	int64_t id, next_ms;
};
int backup_hold_begin(struct backup_hold *h, const char *data);
int backup_hold_go_on(struct backup_hold *h);
void backup_hold_end(struct backup_hold *h);

#endif

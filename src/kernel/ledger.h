/*
 * ledger.h: which databases a data folder has, and how far each had come: the file DATA/ledger.
 *
 * The databases of a folder belong together: rows of one name accounts, blobs and events of
 * another, and numbers are never given out twice. So they and the ledger bear one random id, each
 * counts its commits (db/identity.h), and the ledger has for each the number last seen. One that
 * is missing, made anew, from elsewhere, or older than what was seen of it (a copy from yesterday,
 * one that lost its -wal file) is noticed before anything is done with it.
 *
 *	hearth-data 1 0123456789abcdef0123456789abcdef      a line of LEDGER_LINE bytes each
 *	auth       00000000000000000123
 *
 * On the main thread. It has LEDGER_DBS_MAX lines at most.
 */
#ifndef HEARTH_SRC_KERNEL_LEDGER_H
#define HEARTH_SRC_KERNEL_LEDGER_H

#include "db/identity.h"
#include "hearth/str.h"

#define LEDGER_DBS_MAX 32
#define LEDGER_LINE    64
#define LEDGER_FILE    "ledger"

struct ledger {
	int fd;                       /* -1: none */
	char folder[IDENTITY_FOLDER]; /* "": there is no ledger yet */
	struct ledger_entry {
		char name[40];
		int64_t commits;
	} entries[LEDGER_DBS_MAX];
	size_t count;
};

/*
 * Opens DIR/ledger, makes an empty one if there is none, and holds a lock on it until
 * ledger_unlock, so that two processes do not judge a new folder at once. Blocks. 0, or an error
 * with a sentence appended to `why`; HEARTH_ECORRUPT leaves it open, for ledger_take.
 */
int ledger_open(struct ledger *l, const char *dir, struct strbuf *why);
/* Reads it again; HEARTH_ECORRUPT when it is no ledger. */
int ledger_read(struct ledger *l);
void ledger_unlock(struct ledger *l);
void ledger_close(struct ledger *l);
/*
 * Marks a folder that has no database yet: one that is killed while it makes them is known for new
 * afterwards, and not for one that lost some.
 */
int ledger_begin(struct ledger *l);
const struct ledger_entry *ledger_find(const struct ledger *l, const char *name);

/* A database as it was found. */
struct ledger_db {
	struct db *db;
	const char *name;
	bool existed; /* its file was there before it was opened */
	struct identity is;
};

/*
 * What disagrees: a line for each, appended to `damage`. Nothing is appended when all is well or
 * the folder is new. `l` and the databases stay as they are. Pure.
 */
void ledger_judge(
	const struct ledger *l, const struct ledger_db *dbs, size_t n, struct strbuf *damage);
/*
 * Takes the databases as they are: those that bear no id or another one get the ledger's (a new one
 * with `afresh`), the ledger gets a line for each, and commits are noted in it from now on.
 */
int ledger_take(struct ledger *l, struct ledger_db *dbs, size_t n, bool afresh);

#endif

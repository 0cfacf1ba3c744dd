/*
 * store/archive.h: the archive of a group: a mailbox of the group's own, under an account of a number that no
 * person has. So its mails are contents and messages as any (store.h): indexed, counted, verified, in the backup,
 * and they share their bytes with those of the members. A row of `archived` says what a mail is called there and
 * which thread it belongs to.
 *
 * A mail is in it once, however many of the group's addresses it was sent to. No mail is refused for want of room
 * here: when it is full, the oldest go for what is written by who is logged in, or was let go by an owner; what
 * others write is not kept then, so that nobody outside can have the rest removed. Inside a db_fn on the database
 * "mail".
 */
#ifndef MAIL_STORE_ARCHIVE_H
#define MAIL_STORE_ARCHIVE_H

#include "store/store.h"

#define MAIL_ARCHIVES          (INT64_C(1) << 52) /* accounts from here on are archives of groups */
#define MAIL_ARCHIVE_MAILBOX   "Archive"
#define MAIL_ARCHIVE_THREAD    200 /* mails of a thread that are told */
#define MAIL_ARCHIVE_DROPS_MAX 100 /* old mails that go for one new one */

/* Any thread. */
static inline int64_t mail_archive_account(int64_t group)
{
	return MAIL_ARCHIVES + group;
}
/* What a mail of this blob is called in archives: the hash of its bytes. Pure. */
struct slice mail_archive_name(struct slice blob_key);

/* How much an archive may keep, and what came of that. */
struct mail_archive_room {
	int64_t quota; /* bytes; 0: no bound */
	bool drops;    /* old mails may go for this one */
	/* counted: mails */
	unsigned kept, refused, dropped;
};

/*
 * Keeps a mail, with its trace, as it came at `date` (Unix seconds); nothing when it is there already, there is no
 * room for it (`refused`), or the group is gone.
 */
int mail_store_archive_add(struct db_tx *tx, int64_t group, const struct mail_content *content,
	int64_t date, struct mail_archive_room *room);
/* One of them by its id, as mail_store_message. HEARTH_ENOTFOUND. */
int mail_store_archive_message(struct db_tx *tx, int64_t group, int64_t id, unsigned want,
	struct arena *a, struct mail_message *out);
/* By its name: *uid in the group's mailbox. HEARTH_ENOTFOUND. */
int mail_store_archive_find(struct db_tx *tx, int64_t group, struct slice name, uint32_t *uid);
/* UIDs of the thread that a mail belongs to, itself among them, in the order they came. HEARTH_ENOTFOUND. */
int mail_store_archive_thread(
	struct db_tx *tx, int64_t group, int64_t id, uint32_t uids[MAIL_ARCHIVE_THREAD], size_t *n);
/* One goes; all go, by and by where they are many. HEARTH_ENOTFOUND. */
int mail_store_archive_remove(struct db_tx *tx, int64_t group, int64_t id);
int mail_store_archive_clear(struct db_tx *tx, int64_t group);

#endif

/*
 * store/held.h: what an account has on its way, for that account itself: to see it, to take back what has not
 * left yet, to let it go at once. The time a recipient is due is the truth: until then nobody has begun
 * with it, and a kill changes nothing.
 *
 * Inside a db_fn on the database "mail"; of one mail, or MAIL_HELD_MAX of them.
 */
#ifndef MAIL_STORE_HELD_H
#define MAIL_STORE_HELD_H

#include "store/outgoing.h"

#define MAIL_HELD_MAX            100 /* mails of one list */
#define MAIL_HELD_RECIPIENTS_MAX 100 /* that are named of each */

struct mail_held {
	int64_t id;
	struct slice subject;
	int64_t size, due_ms; /* when the next recipient is due */
	int64_t waiting;      /* recipients that do not have it yet */
	int64_t attempts;     /* the most that were made for one of them */
	int64_t copy;         /* the message that was kept of it; 0: none */
};
typedef int mail_held_fn(void *arg, const struct mail_held *h);
typedef int mail_held_recipient_fn(void *arg, struct slice recipient);

/* The latest first. */
int mail_store_held_list(struct db_tx *tx, int64_t account, mail_held_fn *each, void *arg);
int mail_store_held_recipients(
	struct db_tx *tx, int64_t outgoing, mail_held_recipient_fn *each, void *arg);
/*
 * Takes it back from those who do not have it yet. Nobody of them may be due: HEARTH_ECONFLICT (it is about to
 * leave, or an administrator holds it, perhaps amid an attempt); but who waits for an owner of a group.
 * HEARTH_ENOTFOUND. *copy is the copy that was kept if nobody has the mail, or 0.
 */
int mail_store_held_take_back(
	struct db_tx *tx, int64_t account, int64_t id, int64_t now_ms, int64_t *copy);
/* All who wait are due now. HEARTH_ENOTFOUND. */
int mail_store_held_release(struct db_tx *tx, int64_t account, int64_t id, int64_t now_ms);

#endif

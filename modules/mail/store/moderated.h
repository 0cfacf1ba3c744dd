/*
 * store/moderated.h: mail to a group that waits for an owner's word: rows of the queue that are held, one for
 * each member, as they were when it came. What nobody decides on goes with the queue's expiry, and nobody is
 * told. Inside a db_fn on the database "mail".
 */
#ifndef MAIL_STORE_MODERATED_H
#define MAIL_STORE_MODERATED_H

#include "store/outgoing.h"

#define MAIL_MODERATED_MAX 100 /* mails of one group; more are refused for now */

struct mail_moderated {
	int64_t id; /* of the outgoing */
	struct slice mail_from, subject;
	int64_t size, queued_ms, expires_ms;
};
typedef int mail_moderated_fn(void *arg, const struct mail_moderated *m);

/* The oldest first. */
int mail_store_moderated_list(struct db_tx *tx, int64_t list, mail_moderated_fn *each, void *arg);
/*
 * One of them, to be read: its bytes and their structure, and of what lists show the subject, the envelope's
 * sender as `from`, and when it came; in `a`. HEARTH_ENOTFOUND.
 */
int mail_store_moderated_message(
	struct db_tx *tx, int64_t list, int64_t id, struct arena *a, struct mail_message *out);
/* HEARTH_EBUSY when so many wait for this group already. */
int mail_store_moderated_room(struct db_tx *tx, int64_t list);
/* Lets one go to the members, not before its author said; throws one away. HEARTH_ENOTFOUND. */
int mail_store_moderated_release(struct db_tx *tx, int64_t list, int64_t id, int64_t now_ms);
int mail_store_moderated_drop(struct db_tx *tx, int64_t list, int64_t id);

#endif

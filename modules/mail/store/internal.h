/*
 * store/internal.h: what the store's files share among themselves.
 *
 * Inside a db_fn, on a database thread, as store.h says.
 */
#ifndef MAIL_STORE_INTERNAL_H
#define MAIL_STORE_INTERNAL_H

#include "store/store.h"

/* Takes the next modseq of a mailbox; HEARTH_ENOTFOUND when it is gone. */
int mail_store_next_modseq(struct db_tx *tx, int64_t mailbox, int64_t *modseq);
/* Takes the next UID of a mailbox, and with it the next modseq. */
int mail_store_next_uid(struct db_tx *tx, int64_t mailbox, uint32_t *uid, int64_t *modseq);
/* Adds a row of what `m` says but for its id, which is set. */
int mail_store_insert_message(struct db_tx *tx, int64_t mailbox, struct mail_message *m);
/* The modseq that the changes of one transaction share: taken for the first of them, while it is 0. */
int mail_store_share_modseq(struct db_tx *tx, int64_t mailbox, int64_t *modseq);
/* Remembers for other sessions that the UID is gone. */
int mail_store_note_expunged(struct db_tx *tx, int64_t mailbox, uint32_t uid, int64_t *modseq);
/* The first UIDs of a mailbox, at most `max`, into a new array from the arena. */
int mail_store_first_uids(
	struct db_tx *tx, int64_t mailbox, size_t max, struct arena *a, uint32_t **uids, size_t *n);
/* Adds to what is kept for the account of a mailbox; negative: takes off. */
int mail_store_count_size(struct db_tx *tx, int64_t mailbox, int64_t size);
/* Text of an account's id: the key of its events. */
void mail_store_event_key(char out[24], int64_t account);
/* ---- what was parsed ---- */

/* Adds it, with the message if that is small; there already when somebody else got the same bytes. */
int mail_store_insert_parsed(struct db_tx *tx, const struct mail_content *c, int64_t *id);
/* It goes with the last content, or mail on its way, that shares it; and with it the message. */
int mail_store_drop_parsed(struct db_tx *tx, int64_t parsed);
/* Whether the message lies beside what was parsed, and is no blob. */
int mail_store_is_in_row(struct db_tx *tx, int64_t parsed, bool *in_row);

/* ---- mailbox_create.c ---- */

/* Makes the mailboxes above a name that is good, where they are missing. */
int mail_store_create_superiors(struct db_tx *tx, int64_t account, struct slice name);

#endif

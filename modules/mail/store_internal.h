/*
 * store_internal.h: what the store's files share among themselves.
 */
#ifndef MAIL_STORE_INTERNAL_H
#define MAIL_STORE_INTERNAL_H

#include "store.h"

/* Takes the next modseq of a mailbox; HEARTH_ENOTFOUND when it is gone. */
int mail_store_next_modseq(struct db_tx *tx, int64_t mailbox, int64_t *modseq);
/* Expunges every message of a mailbox. */
int mail_store_expunge_all(struct db_tx *tx, int64_t mailbox);
/* A keyword list after adding and removing (store_keywords.c). */
void mail_keywords_change(struct strbuf *out, struct slice old, struct slice add, struct slice remove);

#endif

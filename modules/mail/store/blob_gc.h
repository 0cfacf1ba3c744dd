/*
 * store/blob_gc.h: what is in no mailbox any more goes, and a blob that no content is made of any more
 * is given back: released, the blob store sees to the rest (blob.h).
 *
 * The subscription on a worker and the writer, the rest on the loop; one key at a time.
 */
#ifndef MAIL_BLOB_GC_H
#define MAIL_BLOB_GC_H

#include "mail.h"

/* The subscription "mail.discard" on "mail.forgotten": removes the content that the index let go. */
int mail_discard_apply(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);
/*
 * The subscription "mail.sweep" on "mail.content": where a program that was before this one has removed
 * a content, at once, its event names the blob.
 */
int mail_blob_gc_apply(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);
/* A blob was put, and what would have named it could not be stored. On the loop. */
void mail_blob_gc_one(struct mail *m, const char *key);
/* Whether a content is made of this blob (struct blob_names). Inside a db_fn. */
int mail_blob_named(struct db_tx *tx, const char *key);

#endif

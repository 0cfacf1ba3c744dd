/*
 * store/blob_gc.h: a blob that no content is made of any more is given back. The subscription
 * "mail.sweep" on "mail.content" releases the blob of each content that was removed, and the blob
 * store sees to the rest (blob.h).
 */
#ifndef MAIL_BLOB_GC_H
#define MAIL_BLOB_GC_H

#include "mail.h"

int mail_blob_gc_apply(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);
/* A blob was put, and what would have named it could not be stored. On the loop. */
void mail_blob_gc_one(struct mail *m, const char *key);
/* Whether a content is made of this blob (struct blob_names). Inside a db_fn. */
int mail_blob_named(struct db_tx *tx, const char *key);

#endif

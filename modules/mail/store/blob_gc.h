/*
 * store/blob_gc.h: a blob that no content is made of any more is given back. The subscription
 * "mail.sweep" on "mail.content" makes a task of each content that was removed: so that a crash
 * forgets none, and a message that was deleted soon after it came goes as well, once the store's
 * grace is over.
 */
#ifndef MAIL_BLOB_GC_H
#define MAIL_BLOB_GC_H

#include "mail.h"

#define MAIL_QUEUE_BLOB_GC    "mail.sweep"
#define MAIL_BLOB_GC_LEASE_MS (INT64_C(60) * 1000)
#define MAIL_BLOB_GC_ATTEMPTS 30

int mail_blob_gc_apply(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);
/* A blob was put, and what would have named it could not be stored. On the loop. */
void mail_blob_gc_one(struct mail *m, const char *key);
/* The queue MAIL_QUEUE_BLOB_GC. */
int mail_blob_gc(void *module, const struct queue_task *task, struct arena *a);

#endif

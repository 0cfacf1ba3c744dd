/*
 * blob_drop.h: blobs of the auth module that no row names any more: removed for certain, also when
 * the process dies in between and when they are still within the store's grace.
 */
#ifndef AUTH_BLOB_DROP_H
#define AUTH_BLOB_DROP_H

#include "auth.h"

#define AUTH_QUEUE_BLOB    "auth.blob"
#define AUTH_BLOB_LEASE_MS (INT64_C(60) * 1000)
#define AUTH_BLOB_ATTEMPTS 30

/*
 * In the transaction that forgets the key, which no other row names or ever will. An empty key is
 * none. Inside a db_fn.
 */
int auth_blob_drop(struct db_tx *tx, const char *key);
/* The queue AUTH_QUEUE_BLOB. */
int auth_blob_drop_task(void *module, const struct queue_task *task, struct arena *a);

#endif

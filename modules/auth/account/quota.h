/*
 * quota.h: how much may be kept for an account.
 *
 * Its own quota where it has one (0: no bound); else [auth] quota, or the largest quota of the
 * groups it is in where that is more. Who keeps things for people enforces it (mail).
 */
#ifndef AUTH_QUOTA_H
#define AUTH_QUOTA_H

#include "auth.h"

#define QUOTA_BYTES_MAX (INT64_C(1) << 50)

/* Reads "512M", "10G", a number of bytes, or "none" (0); HEARTH_EINVAL. Pure. */
int quota_read(struct slice text, int64_t *bytes);

/* [auth] quota. In start, before anything is read. */
void quota_start(int64_t bytes);
/*
 * What holds for an account without a quota of its own; `groups` is the largest of its groups' (0:
 * none has one). Any thread.
 */
int64_t quota_of_others(int64_t groups);

/* ---- inside a db_fn ---- */

/* bytes < 0: none of its own any more. */
int quota_set(struct db_tx *tx, int64_t account, int64_t bytes);

/* hearth user quota ADDRESS SIZE|none|default */
int auth_run_user_quota(struct hearth *h, int argc, char **argv);

#endif

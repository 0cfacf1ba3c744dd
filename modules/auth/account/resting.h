/*
 * resting.h: names that somebody had not long ago. Mail for the one before, and what others still
 * send there (bills, links for a new password), must not reach a stranger at once: a name rests for
 * `[auth] address_rest` before it is somebody's again, unless an administrator frees it.
 *
 * Names are kept by their SHA-256: who has left is not written down here. Inside a db_fn.
 */
#ifndef AUTH_RESTING_H
#define AUTH_RESTING_H

#include "hearth/db.h"

/* An account's address, from now until then (Unix ms), for accounts and as a group's name. */
int resting_add_address(struct db_tx *tx, const char *address, int64_t until_ms);
/* A group's name: for groups, and for accounts of this local part at any domain. */
int resting_add_group(struct db_tx *tx, const char *name, int64_t until_ms);
/* An alias's: for accounts and groups; it may be an alias again at any time. */
int resting_add_alias(struct db_tx *tx, const char *address, int64_t until_ms);
/* Whether an alias may not have this address yet. */
int resting_has_alias(struct db_tx *tx, const char *address, int64_t now_ms, bool *rests);
/* Whether an account may not have this address yet, a group this name. */
int resting_has_address(struct db_tx *tx, const char *address, int64_t now_ms, bool *rests);
int resting_has_group(struct db_tx *tx, const char *name, int64_t now_ms, bool *rests);
/*
 * An administrator says that somebody else may have the address, or a group or account its local
 * part. HEARTH_ENOTFOUND when none of it rests.
 */
int resting_free(struct db_tx *tx, const char *address, int64_t now_ms);
int resting_expire(struct db_tx *tx, int64_t now_ms);

#endif

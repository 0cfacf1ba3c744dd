/*
 * audit_log.h: the log of security events that a person can read of their own account.
 */
#ifndef AUTH_AUDIT_LOG_H
#define AUTH_AUDIT_LOG_H

#include "auth.h"

#define AUTH_AUDIT_KEEP_MS (INT64_C(400) * 24 * 3600 * 1000)
#define AUTH_AUDIT_MAX     5000 /* of one account; the oldest go, within the hour */
#define AUTH_AUDIT_SAME    100  /* of one kind from one network within an hour */

/*
 * Notes what happened to an account, in the transaction in which it happens: `kind` is a word such
 * as "session.opened"; peer and device are those of whoever did it (empty when it was a command);
 * detail is a short text for people without secrets, or NULL. What goes on happening beyond
 * AUTH_AUDIT_SAME is not noted again: who may cause events must not be able to push out of the log
 * what tells of them. Inside a db_fn.
 */
int auth_audit(struct db_tx *tx, int64_t account, const char *kind, const char *peer,
	struct slice device, const char *detail);
/* Removes events older than AUTH_AUDIT_KEEP_MS, and the oldest of who has too many. */
int auth_audit_expire(struct db_tx *tx, int64_t now_ms);
/* Removes all of an account that is being deleted. */
int auth_audit_forget(struct db_tx *tx, int64_t account);

http_handler auth_get_events;
http_handler auth_delete_me; /* erasure.c */

#endif

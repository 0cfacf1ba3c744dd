/*
 * reset.h: a link with which somebody who has forgotten their password chooses another, once.
 *
 *   an administrator (page, API, `hearth user reset`) ─┐
 *   "forgotten", to the second address (forgotten.c) ──┴▶ a row ─▶ POST /api/auth/reset ─▶ password
 *
 * The link has 256 random bits behind the '#'; the database keeps their SHA-256. An account has one
 * at a time; any other change of its password, and its end, void it. With the new password all that
 * the account had open ends; a second factor is asked for as before.
 */
#ifndef AUTH_RESET_H
#define AUTH_RESET_H

#include "account/account.h"
#include "session/session.h"

#define AUTH_RESET_BY_ADMIN_MS (INT64_C(24) * 3600 * 1000)
#define AUTH_RESET_BY_MAIL_MS  (INT64_C(3600) * 1000)
#define AUTH_RESET_GAP_MS      (INT64_C(5) * 60 * 1000) /* between two mails for one account */

enum auth_reset_by {
	AUTH_RESET_BY_MAIL,
	AUTH_RESET_BY_ADMIN,
};

/* A link to be made. */
struct auth_reset {
	char secret[AUTH_TOKEN_TEXT], hex[AUTH_TOKEN_HEX];
	char hash[AUTH_HASH_MAX]; /* of no password: by an administrator */
};

/* Makes the secret, and a hash that no password has. */
void auth_reset_make(const struct auth *a, struct auth_reset *r);
/* Appends the link as the person opens it. */
void auth_reset_link(const struct hearth *h, const char *secret, struct strbuf *out);

/* ---- reset_store.c: inside a db_fn ---- */

/*
 * By an administrator: the old password opens nothing from now on, all that is open ends, and the
 * second address goes, since whoever had the account may have set it. `who` is for the record.
 */
int auth_reset_by_admin(struct db_tx *tx, int64_t account, const struct auth_reset *r,
	const char *who, int64_t now_ms);
/* HEARTH_EBUSY: there was one not long ago, or an administrator's waits. */
int auth_reset_by_mail(struct db_tx *tx, int64_t account, const char *hex, int64_t now_ms);
/* Whose link this is, if it is good now and the account may log in. HEARTH_ENOTFOUND. */
int auth_reset_find(struct db_tx *tx, const char *hex, int64_t now_ms, struct account *out);
/* Takes it: another password, everything else ends. HEARTH_ENOTFOUND. */
int auth_reset_take(struct db_tx *tx, const char *hex, const char *hash, int64_t now_ms,
	const char *peer, struct slice device);
int auth_reset_drop(struct db_tx *tx, int64_t account);
int auth_reset_expire(struct db_tx *tx, int64_t now_ms);

/* ---- routes ---- */

http_handler auth_post_reset;         /* reset.c */
http_handler auth_post_account_reset; /* admin_deed.c, as the next two */
http_handler auth_delete_account_factors;
http_handler auth_delete_account;

#endif

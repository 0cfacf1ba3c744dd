/*
 * register.h: how somebody becomes an account.
 *
 *   POST register ─▶ may they? ─▶ hash ─▶ account ─▶ 201                        (register.c)
 *                                   └───▶ pending, a code by SMS ─▶ 202
 *   POST register/verify ─▶ the code is right ─▶ may they still? ─▶ account ─▶ 201
 *                                                                       (register_verify.c)
 *
 * Whether somebody may come is asked again in the transaction that makes the account
 * (registration_policy.c): what was true before may be so no more.
 */
#ifndef AUTH_REGISTER_H
#define AUTH_REGISTER_H

#include "account/account.h"
#include "profile/profile_check.h"
#include "session/session.h"
#include "sms/phone.h"

enum auth_registration_mode {
	AUTH_REGISTRATION_OPEN,
	AUTH_REGISTRATION_INVITATION,
	AUTH_REGISTRATION_CLOSED,
};

/* [auth] registration. */
enum auth_registration_mode auth_registration_mode(const struct auth *a);

/* Somebody who is to become an account. */
struct auth_registrant {
	char address[256];                 /* canonical */
	char hash[AUTH_HASH_MAX];          /* of the password; "" until it was made */
	char name[PROFILE_NAME_BYTES + 1]; /* display name; "": none */
	char invitation[AUTH_TOKEN_HEX];   /* the hash of the secret; "": none */
	char phone[PHONE_MAX];             /* canonical; "": none */
};

/* ---- registration_policy.c: inside a db_fn ---- */

/*
 * Whether they may become an account as things stand; *phone_due: they must show a phone first.
 * HEARTH_EDENIED: registration is not open, or the invitation is not good (any more) or for another
 * address. HEARTH_EEXIST: the address is taken. HEARTH_EUNSUPPORTED: its name is reserved
 * (reserved.h), and no invitation gives it.
 */
int auth_registrant_check(
	struct db_tx *tx, const struct auth *a, const struct auth_registrant *who, bool *phone_due);
/*
 * Takes a use of the invitation and makes the account; errors as above, HEARTH_ECONFLICT when the
 * phone serves as many accounts as it may. `phone` says that who->phone was verified just now.
 */
int auth_registrant_add(struct db_tx *tx, const struct auth *a, const struct auth_registrant *who,
	const struct http_request *rq, struct account *out);
/* Signs the new account in, and answers 201. */
void auth_registrant_welcome(
	struct auth *a, struct http_request *rq, const struct account *account);
/* Answers with what an error of these means. */
void auth_registrant_refuse(const struct auth *a, struct http_request *rq,
	const struct auth_registrant *who, int error);

/* ---- registration_store.c: registrations that wait for their phone; inside a db_fn ---- */

/* Keeps one under the hash of its ticket, until then. */
int auth_store_add_pending(struct db_tx *tx, const char *ticket_hex,
	const struct auth_registrant *who, int64_t expires_ms);
/* HEARTH_ENOTFOUND when there is none, or it has expired. */
int auth_store_find_pending(
	struct db_tx *tx, const char *ticket_hex, int64_t now_ms, struct auth_registrant *out);
int auth_store_drop_pending(struct db_tx *tx, const char *ticket_hex);
/* Those for the address of an account that is being deleted. */
int auth_registrations_forget(struct db_tx *tx, int64_t account);
int auth_store_expire_pending(struct db_tx *tx, int64_t now_ms);

/* ---- routes ---- */

http_handler auth_get_config;
http_handler auth_post_register;
http_handler auth_post_register_verify;

#endif

/*
 * factor.h: second factors: what a person has beside the password. An authenticator app (totp.h),
 * a phone that takes SMS, and recovery codes (recovery.h) for when both are gone.
 *
 *   TOTP  none ──start (password)──▶ waiting ──confirm (code)──▶ enrolled ──remove──▶ none
 *   SMS   none ──add (password; the account has a verified phone)──▶ enrolled ──remove──▶ none
 *
 * Once one is enrolled, each further change wants password and code (proof.h).
 *
 * The first factor makes ten recovery codes, the end of the last removes them. Each change ends the
 * trusted devices and open log-ins of the account; the first one also ends the connections that the
 * main password alone had opened, since it no longer opens them.
 */
#ifndef AUTH_FACTOR_H
#define AUTH_FACTOR_H

#include "auth.h"
#include "factor/recovery.h"
#include "factor/seal.h"
#include "factor/totp.h"

#define AUTH_FACTOR_PHONE      20                        /* room for an E.164 number */
#define AUTH_FACTOR_WAITING_MS (INT64_C(15) * 60 * 1000) /* from start to confirm */

/* Stored: numbers are never used again for another. */
enum auth_factor_kind {
	AUTH_FACTOR_TOTP = 1,
	AUTH_FACTOR_SMS = 2,
};

/* "totp", "sms". */
const char *auth_factor_name(enum auth_factor_kind kind);

/* ---- policy.c: [auth] second_factor ---- */

enum auth_factor_policy {
	AUTH_FACTOR_OPTIONAL,
	AUTH_FACTOR_ADMINISTRATORS,
	AUTH_FACTOR_REQUIRED,
};

/* By its name in the INI file. */
enum auth_factor_policy auth_factor_policy(const char *name);
/* Whether this account must have a second factor here. Any thread. */
bool auth_factor_required(const struct auth *a, const struct account *account);
/* It must and has none: it may enrol one (the scope "account"), and nothing else. */
bool auth_factor_missing(const struct auth *a, const struct account *account);

/* ---- factor_store.c: SQL on factors and recovery codes; inside a db_fn ---- */

struct auth_factors {
	int64_t totp_ms, sms_ms;       /* enrolled since; 0: not */
	char phone[AUTH_FACTOR_PHONE]; /* where codes go, when sms_ms */
	int64_t recovery;              /* codes left */
};

int auth_store_factors(struct db_tx *tx, int64_t account, struct auth_factors *out);
/*
 * Here and in the two below HEARTH_EUNSUPPORTED: the key of secrets is missing (seal.h).
 *
 * A secret that waits for its first code; instead of one that waits. HEARTH_EEXIST: enrolled.
 */
int auth_store_start_totp(struct db_tx *tx, const struct seal *seal, int64_t account,
	struct slice secret, int64_t now_ms);
/* 0: enrolled. HEARTH_ENOTFOUND: none waits (any more); HEARTH_EDENIED: the code is wrong. */
int auth_store_confirm_totp(struct db_tx *tx, const struct seal *seal, int64_t account,
	struct slice code, int64_t now_ms);
/* Takes a code of an enrolled factor, once; HEARTH_EDENIED. */
int auth_store_take_totp(struct db_tx *tx, const struct seal *seal, int64_t account,
	struct slice code, int64_t now_ms);
/* What is said of HEARTH_EUNSUPPORTED, with 503. */
#define AUTH_FACTOR_KEY_MISSING                                                                \
	"this server has lost the key of its authenticator apps; use a recovery code, or ask " \
	"whoever runs it"
/* HEARTH_EEXIST: enrolled. */
int auth_store_add_sms(struct db_tx *tx, int64_t account, const char *phone, int64_t now_ms);
/* HEARTH_ENOTFOUND: not enrolled. */
int auth_store_remove_factor(struct db_tx *tx, int64_t account, enum auth_factor_kind kind);
/* Counts what is enrolled, and notes it in the account's row, where log-in looks. */
int auth_store_count_factors(struct db_tx *tx, int64_t account, int64_t *count);
/* These hashes instead of all before; none when n is 0. */
int auth_store_set_recovery(
	struct db_tx *tx, int64_t account, char hashes[][RECOVERY_HEX], size_t n);
/* Takes a recovery code, once; HEARTH_EDENIED. */
int auth_store_take_recovery(struct db_tx *tx, int64_t account, const char *hash);
/* Everything of an account that is deleted, or whose factors an administrator takes away. */
int auth_store_drop_factors(struct db_tx *tx, int64_t account);

/* ---- change.c: what is enrolled and removed, whole transactions ---- */

/* A change of an account's factors, by the request that asks for it. */
struct auth_factor_change {
	struct auth *a;
	struct http_request *rq; /* not answered before the transaction is */
	enum auth_factor_kind kind;
	unsigned char secret[TOTP_SECRET];
	char code[TOTP_DIGITS + 1];
	char codes[RECOVERY_CODES][RECOVERY_TEXT]; /* made up beforehand */
	/* the outcome */
	bool codes_set; /* they are the account's recovery codes now */
};

/*
 * db_fns; arg is a struct auth_factor_change. Confirming gives
 * auth_store_confirm_totp's errors; adding SMS HEARTH_EEXIST, HEARTH_ENOTFOUND (no verified phone);
 * removing HEARTH_ENOTFOUND, and HEARTH_EDENIED when a factor is required here and it is the last;
 * new codes HEARTH_ENOTFOUND when nothing is enrolled.
 */
int auth_factor_confirm_totp(struct db_tx *tx, void *arg);
int auth_factor_add_sms(struct db_tx *tx, void *arg);
int auth_factor_remove(struct db_tx *tx, void *arg);
int auth_factor_new_codes(struct db_tx *tx, void *arg);

/* ---- factor_api.c: routes ---- */

http_handler auth_get_factors;
http_handler auth_post_totp;
http_handler auth_post_totp_confirm;
http_handler auth_post_totp_remove;
http_handler auth_post_sms;
http_handler auth_post_sms_remove;
http_handler auth_post_recovery;

/*
 * By an administrator, all of them: who holds the account now may not be its owner, so sessions and
 * devices end as well. Inside a db_fn; in change.c.
 */
int auth_factors_take_away(struct db_tx *tx, int64_t account, const char *detail);

#endif

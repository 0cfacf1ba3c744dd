/*
 * phone.h: phone numbers: the one form they are kept in, and which account has which.
 *
 * A number is E.164: '+' and 8 to 15 digits. An account has at most one, and has it only once a
 * code that was sent there came back. One number may serve several accounts (a family with one
 * phone), up to [auth] accounts_per_phone.
 */
#ifndef AUTH_SMS_PHONE_H
#define AUTH_SMS_PHONE_H

#include "hearth/db.h"
#include "hearth/str.h"

#define PHONE_MAX  17 /* '+', 15 digits, NUL */
#define PHONE_MASK 16 /* of what people are shown of it, with its NUL */

/* For a problem document: what a field with a phone number wants. */
#define PHONE_EXPECTED "a phone number with its country, such as +49 170 1234567"

struct sms;

/*
 * Makes a number canonical: spaces, dashes, dots, slashes and parentheses go, 00 becomes '+'. A
 * number without either is taken as one of `country`, a calling code such as "49", and loses that
 * country's trunk prefix; with an empty `country` it is refused. 0, or HEARTH_EINVAL. Any thread.
 */
int phone_normalise(struct slice in, const char *country, char out[PHONE_MAX]);
/* The same with the server's [auth] phone_country. */
int phone_read(const struct sms *s, struct slice in, char out[PHONE_MAX]);
/* Whether it is a calling code as [auth] phone_country wants it: one to three digits, or empty. */
bool phone_country_valid(const char *country);
/* What people are shown of a canonical number: "•••42". Any thread. */
void phone_mask(const char *number, char out[PHONE_MASK]);

/* ---- inside a db_fn ---- */

struct phone {
	char number[PHONE_MAX];
	int64_t verified_at; /* wall ms */
};

/* HEARTH_ENOTFOUND when the account has none. */
int phone_get(struct db_tx *tx, int64_t account, struct phone *out);
/*
 * The account has this number, verified at now_ms, instead of any before. HEARTH_EEXIST when too
 * many other accounts have it. The caller has just seen its code come back (code.h).
 */
int phone_set(
	struct db_tx *tx, const struct sms *s, int64_t account, const char *number, int64_t now_ms);
/* Legal without one. */
int phone_remove(struct db_tx *tx, int64_t account);

#endif

/*
 * second_address.h: another address of a person, to which a link for a new password goes when
 * theirs is forgotten (forgotten.c). It counts once the link in a first mail to it was opened.
 *
 * It may be here or elsewhere, as far as mail goes (letters.h). One of another account here goes with
 * either account; each, when an administrator resets the password.
 */
#ifndef AUTH_SECOND_ADDRESS_H
#define AUTH_SECOND_ADDRESS_H

#include "account/account.h"

/* ---- second_address_store.c: inside a db_fn ---- */

/* Whether verified or not. HEARTH_ENOTFOUND. */
int second_address_read(struct db_tx *tx, int64_t account, char out[256], bool *verified);
/* HEARTH_EBUSY: one was set after since_ms (wall). */
int second_address_may_ask(struct db_tx *tx, int64_t account, int64_t since_ms);
/* Sets it, to be verified by the link whose secret has this hash. */
int second_address_set(
	struct db_tx *tx, int64_t account, const char *address, const char *hex, int64_t now_ms);
/* The link was opened. HEARTH_ENOTFOUND: there is none, or it was made before since_ms. */
int second_address_verify(struct db_tx *tx, const char *hex, int64_t since_ms);

/* The verified one. HEARTH_ENOTFOUND. */
int second_address_get(struct db_tx *tx, int64_t account, char out[256]);
/* *there says whether there was one. */
int second_address_drop(struct db_tx *tx, int64_t account, bool *there);
/* Of an account that is being deleted: its own, and of others that name its address. */
int second_address_forget(struct db_tx *tx, int64_t account);

/* ---- routes ---- */

http_handler auth_get_second_address;
http_handler auth_put_second_address;
http_handler auth_delete_second_address;
http_handler auth_post_second_address_verify;
http_handler auth_post_forgotten; /* forgotten.c */

#endif

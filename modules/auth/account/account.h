/*
 * account.h: who there is: one account is a row; its address is its name.
 */
#ifndef AUTH_ACCOUNT_H
#define AUTH_ACCOUNT_H

#include "auth.h"

enum auth_role {
	AUTH_MEMBER,
	AUTH_MODERATOR,
	AUTH_ADMINISTRATOR,
};

/* "member", "moderator", "administrator", and back: HEARTH_EINVAL on another word. */
const char *auth_role_name(enum auth_role role);
int auth_role_read(struct slice name, enum auth_role *out);
/* The role of an account as the service gives it. */
enum auth_role auth_role_of(const struct account *account);

/* ---- address.c ---- */

/*
 * Makes a log-in name canonical: lower case, completed with the first local domain when it has
 * none. 0, or HEARTH_EINVAL when it is no address we would make an account for.
 */
int auth_address(const struct config *config, struct slice name, char out[256]);
/* Whether the domain, an address's domain, is one of ours ([mail] domains). */
bool auth_domain_is_local(const struct config *config, struct slice domain);
bool auth_address_is_local(const struct config *config, const char *address);

/* ---- password_hash.c ---- */

/* Hashes with argon2id; some 20 ms and 19 MiB: on a worker. 0 or HEARTH_EBUSY (no memory). */
int auth_password_hash(const struct auth *a, struct slice password, char out[AUTH_HASH_MAX]);
/* Whether it is the password of this hash; as costly. On a worker. */
bool auth_password_matches(const char *hash, struct slice password);
/* Whether a hash was made with other parameters than auth_password_hash uses now. Any thread. */
bool auth_password_outdated(const struct auth *a, const char *hash);

/* ---- account_store.c: SQL on accounts; inside a db_fn ---- */

/*
 * Whether an account may be made of this address: 0, HEARTH_EEXIST (an account or an alias has it, or a
 * group its name), HEARTH_ECONFLICT (it was somebody's, and rests: resting.h).
 */
int auth_address_is_free(struct db_tx *tx, const char *address, int64_t now_ms);
/*
 * *id is the new account's; errors of auth_address_is_free. An administrator's voids the link of a
 * first start (invitation.h).
 */
int auth_store_add(struct db_tx *tx, const char *address, const char *hash, enum auth_role role,
	int64_t now_ms, int64_t *id);
/*
 * By address or by id: HEARTH_ENOTFOUND. hash may be NULL when not wanted.
 */
int auth_store_find(
	struct db_tx *tx, const char *address, struct account *out, char hash[AUTH_HASH_MAX]);
int auth_store_get(struct db_tx *tx, int64_t id, struct account *out);
int auth_store_list(
	struct db_tx *tx, void (*each)(void *arg, const struct account *account), void *arg);
/* How many accounts there are, disabled ones too. */
int auth_store_count(struct db_tx *tx, int64_t *count);
/* Whether there is an administrator, also one that is disabled. */
int auth_store_has_administrator(struct db_tx *tx, bool *has);
/* The ids of at most `most` administrators, in the first column; those that may log in first. */
int auth_store_each_administrator(struct db_tx *tx, db_row_fn *each, void *arg, int64_t most);
/*
 * Another password, which voids a link for one; auth_store_revoke of what it opened is to follow.
 */
int auth_store_set_hash(struct db_tx *tx, int64_t id, const char *hash);
/*
 * From now on whoever was read with an earlier generation is from before: what the main password had
 * opened is ended (auth_store_revoke).
 */
int auth_store_next_generation(struct db_tx *tx, int64_t id, int64_t *generation);
/*
 * Whether the account may still be entered with the password that was checked when `account` was
 * read: 0, or HEARTH_EDENIED when it has another since, or what it opened was ended, or it is
 * disabled or deleted. In the transaction
 * of what the password is good for.
 */
int auth_store_still_open(struct db_tx *tx, const struct account *account);
/* Only while it is still `old`; HEARTH_ENOTFOUND when it is not. */
int auth_store_replace_hash(struct db_tx *tx, int64_t id, const char *old, const char *hash);
int auth_store_set_disabled(struct db_tx *tx, int64_t id, bool disabled);
/* Whether no other administrator is left who can log in. */
int auth_store_is_last_administrator(struct db_tx *tx, int64_t id, bool *out);
/*
 * Gives the address up (it rests for rest_ms: resting.h), ends every token, removes what there is
 * of the account (personal/personal_data.h); the id is never given again. Publishes
 * "auth.account.deleted". HEARTH_ENOTFOUND.
 */
int auth_store_delete(struct db_tx *tx, int64_t id, int64_t now_ms, int64_t rest_ms);

/* ---- routes ---- */

http_handler auth_post_password;

#endif

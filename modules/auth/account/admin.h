/*
 * admin.h: what administrators see of accounts and change: role, whether it may log in, quota.
 */
#ifndef AUTH_ADMIN_H
#define AUTH_ADMIN_H

#include "account/account.h"

/* An account with what only administrators see. */
struct auth_listed {
	struct account account; /* quota as it is in force */
	bool own_quota;         /* it has a quota of its own */
	int64_t created_ms;
};

/* What is to be changed; the rest stays. */
struct auth_change {
	bool role_given, disabled_given, quota_given;
	enum auth_role role;
	bool disabled;
	int64_t quota; /* bytes; < 0: the module's default again */
};

/* ---- admin_store.c: inside a db_fn ---- */

/* One account, or HEARTH_ENOTFOUND. */
int auth_store_get_listed(struct db_tx *tx, int64_t id, struct auth_listed *out);
/*
 * Accounts by number, from behind `after`, whose address has `part` in it (empty: any); `each`
 * returns whether it wants more.
 */
int auth_store_list_accounts(struct db_tx *tx, int64_t after, struct slice part,
	bool (*each)(void *arg, const struct auth_listed *account), void *arg);
/*
 * Changes an account. Who loses rights loses sessions and API tokens, and the invitations made with
 * them; who is disabled everything; else only what the cache has goes. `by` (NULL: a command) is
 * who did it, for the record. HEARTH_ENOTFOUND; HEARTH_ECONFLICT when the last administrator would
 * go (never when `by` is NULL: who has the machine can make another).
 */
int auth_store_change(
	struct db_tx *tx, int64_t id, const struct auth_change *change, const struct account *by);

/* ---- routes ---- */

http_handler auth_get_accounts;
http_handler auth_get_account;
http_handler auth_patch_account;
http_handler auth_post_free;

#endif

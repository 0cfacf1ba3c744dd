/*
 * personal_data.h: every row that the auth module has of one account, in one place: written out for
 * an export and removed when the account is deleted. Who adds a table with something of a person
 * adds it here. Inside a db_fn.
 */
#ifndef AUTH_PERSONAL_DATA_H
#define AUTH_PERSONAL_DATA_H

#include "auth.h"

/* Writes members into an open object. 0 or an error. */
typedef int personal_data_fn(struct db_tx *tx, int64_t account, struct json_writer *w);

/* Account, phone, factors, tokens, groups …, without secrets; and the security events. */
personal_data_fn personal_data_account;
personal_data_fn personal_data_events;

/*
 * Removes what one folder has of an account that is being deleted; its row still stands. Who keeps
 * something of a person offers such a function, and names it in the table of personal_data_store.c.
 */
typedef int personal_erase_fn(struct db_tx *tx, int64_t account);

/* All of them: of the account only its row is left, and exports, whose task comes at once. */
personal_erase_fn personal_data_erase;

#endif

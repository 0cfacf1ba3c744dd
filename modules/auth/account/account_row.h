/*
 * account_row.h: what of a row makes a struct account; for the statements of this folder alone.
 * Others find out the id, and ask auth_store_get. Inside a db_fn.
 */
#ifndef AUTH_ACCOUNT_ROW_H
#define AUTH_ACCOUNT_ROW_H

#include "account/account.h"

/* Of the table or alias `a`: the first columns of a query. */
#define ACCOUNT_COLUMNS                                                                        \
	"a.id, a.address, a.role, a.disabled, a.factors, a.quota, (SELECT max(g.quota) "       \
	"FROM membership m JOIN account_group g ON g.id = m.group_id WHERE m.account = a.id)," \
	" a.generation"
#define ACCOUNT_COLUMN_QUOTA 5 /* NULL: it has none of its own */
#define ACCOUNT_COLUMN_COUNT 8 /* the next one */

void account_read(struct db_rows *rows, struct account *out);

#endif

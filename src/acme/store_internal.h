/*
 * store_internal.h: what the files that ask the database "acme" share (store.h). On database threads.
 */
#ifndef HEARTH_SRC_ACME_STORE_INTERNAL_H
#define HEARTH_SRC_ACME_STORE_INTERNAL_H

#include "acme/store.h"

#define ONE db_int(1) /* there is one certificate, one order, one row about attempts */

/* What the sealed key of the account at a directory is bound to; in the arena. */
const char *acme_account_owner(struct arena *a, const char *directory);

#endif

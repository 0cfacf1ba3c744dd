/*
 * sign/key_table.h: the keys that sign now, ready for use by many workers at once. A table does not
 * change: who has one uses it while the next is put in its place.
 */
#ifndef MAIL_SIGN_KEY_TABLE_H
#define MAIL_SIGN_KEY_TABLE_H

#include <stdatomic.h>

#include "sign/keyring.h"

struct key_table {
	atomic_int refs;
	struct arena *a;
	struct loaded_key {
		const char *domain, *selector;
		enum signature_algorithm algorithm;
		EVP_PKEY *key;
	} * keys;
	size_t count;
	size_t unreadable; /* that should sign, and whose private half cannot be opened */
	size_t waiting;    /* that are not published yet */
};

/* Of the rows as they are; NULL with *rc < 0. Blocks. */
struct key_table *key_table_load(const struct keyring *r, int *rc);
struct key_table *key_table_ref(struct key_table *t);
/* Sets *t to NULL; legal on NULL. */
void key_table_unref(struct key_table **t);
bool key_table_has(const struct key_table *t, struct slice domain);

#endif

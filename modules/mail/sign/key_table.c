/*
 * key_table.c: the keys that sign now (key_table.h). Loaded on a worker, used on any thread;
 * MAIL_DKIM_KEYS_MAX at most.
 */
#include "sign/key_table.h"

#include <stdlib.h>

static void take(struct key_table *t, const struct keyring *r, const struct mail_dkim_key *row)
{
	EVP_PKEY *key;

	t->waiting += row->state == MAIL_DKIM_WAITS;
	if (row->state != MAIL_DKIM_SIGNS)
		return;
	key = keyring_load(r, row);
	if (!key) {
		t->unreadable++;
		return;
	}
	t->keys[t->count++] = (struct loaded_key){ .domain = arena_strdup(t->a, row->domain),
		.selector = arena_strdup(t->a, row->selector),
		.algorithm = (enum signature_algorithm)row->algorithm,
		.key = key };
}

struct key_table *key_table_load(const struct keyring *r, int *rc)
{
	struct key_table *t = mem_zalloc(sizeof(*t));
	struct arena *rows = arena_new();
	struct mail_dkim_key *keys;
	size_t n;

	atomic_init(&t->refs, 1);
	t->a = arena_new();
	*rc = keyring_list(r->db, SLICE(""), rows, &keys, &n);
	if (*rc == 0) {
		t->keys = arena_alloc(t->a, (n + 1) * sizeof(*t->keys));
		for (size_t i = 0; i < n; i++)
			take(t, r, &keys[i]);
	} else {
		key_table_unref(&t);
	}
	arena_free(&rows);
	return t;
}

struct key_table *key_table_ref(struct key_table *t)
{
	if (t)
		atomic_fetch_add(&t->refs, 1);
	return t;
}

void key_table_unref(struct key_table **t)
{
	struct key_table *x = *t;

	*t = NULL;
	if (!x || atomic_fetch_sub(&x->refs, 1) > 1)
		return;
	for (size_t i = 0; i < x->count; i++)
		EVP_PKEY_free(x->keys[i].key);
	arena_free(&x->a);
	free(x);
}

bool key_table_has(const struct key_table *t, struct slice domain)
{
	for (size_t i = 0; i < t->count; i++)
		if (slice_ieq(slice_str(t->keys[i].domain), domain))
			return true;
	return false;
}

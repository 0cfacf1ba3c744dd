/*
 * store_seal.c: keys that an older version left plain are sealed, in one transaction (vault.h). They are
 * few: one for each directory that was ever asked, of the certificate and of an order. On database threads.
 */
#include "acme/store_internal.h"
#include "hearth/error.h"

struct plain_key {
	struct slice key;
	const char *directory; /* NULL: there is one row */
	struct plain_key *next;
};

struct sealing {
	const struct acme_vault *vault;
	struct arena *arena;
	struct plain_key *found;
};

static int note(struct db_rows *rows, void *arg)
{
	struct sealing *s = arg;
	struct slice key = db_col_bytes(rows, 0);
	struct plain_key *k;

	if (!acme_vault_is_plain(key))
		return 0;
	k = ARENA_NEW(s->arena, struct plain_key);
	*k = (struct plain_key){ arena_slice(s->arena, key),
		arena_strdup(s->arena, db_col_text(rows, 1)), s->found };
	s->found = k;
	return 0;
}

static int seal_accounts(struct db_tx *tx, struct sealing *s)
{
	int rc;

	s->found = NULL;
	rc = db_each(tx, note, s, "SELECT key, directory FROM acme_account");
	for (const struct plain_key *k = s->found; k && rc >= 0; k = k->next) {
		const char *owner = acme_account_owner(s->arena, k->directory);

		rc = db_run(tx, "UPDATE acme_account SET key = $2 WHERE directory = $1",
			db_str(k->directory),
			db_bytes(acme_vault_close(s->vault, s->arena, owner, k->key)));
	}
	return rc;
}

static int seal_slot(
	struct db_tx *tx, struct sealing *s, const char *read, const char *write, const char *owner)
{
	int rc;

	s->found = NULL;
	rc = db_each(tx, note, s, read, ONE);
	return rc < 0 || !s->found ? rc
				   : db_run(tx, write, ONE,
					     db_bytes(acme_vault_close(
						     s->vault, s->arena, owner, s->found->key)));
}

static int seal(struct db_tx *tx, void *arg)
{
	struct sealing *s = arg;
	int rc = seal_accounts(tx, s);

	if (rc >= 0)
		rc = seal_slot(tx, s, "SELECT key, '' FROM acme_certificate WHERE slot = $1",
			"UPDATE acme_certificate SET key = $2 WHERE slot = $1", VAULT_CERTIFICATE);
	if (rc >= 0)
		rc = seal_slot(tx, s, "SELECT key, '' FROM acme_order WHERE slot = $1",
			"UPDATE acme_order SET key = $2 WHERE slot = $1", VAULT_ORDER);
	return rc < 0 ? rc : 0;
}

int acme_store_seal(const struct acme_store *store)
{
	struct sealing s = { .vault = store->vault, .arena = arena_new() };
	int rc = db_write_wait(store->db, seal, &s);

	arena_free(&s.arena);
	return rc < 0 ? rc : 0;
}

/*
 * store_read.c: what is stored about ACME, read and opened (store.h). On database threads.
 */
#include "acme/store_internal.h"
#include "hearth/error.h"

#include <stdio.h>
#include <string.h>

const char *acme_account_owner(struct arena *a, const char *directory)
{
	return arena_printf(a, "%s%s", VAULT_ACCOUNT, directory);
}

static int take_key(
	struct acme_reading *r, const char *owner, struct slice stored, struct slice *key)
{
	r->record.plain |= acme_vault_is_plain(stored);
	return r->vault ? acme_vault_take(r->vault, r->arena, owner, stored, key) : 0;
}

static int read_account(struct db_rows *rows, void *arg)
{
	struct acme_reading *r = arg;

	if (take_key(r, acme_account_owner(r->arena, r->directory), db_col_bytes(rows, 0),
		    &r->record.account_key) < 0)
		r->record.unreadable = true;
	r->record.account_url = arena_strdup(r->arena, db_col_text(rows, 1));
	r->record.email = arena_strdup(r->arena, db_col_text(rows, 2));
	r->record.issuer = arena_strdup(r->arena, db_col_text(rows, 3));
	return 0;
}

static int read_certificate(struct db_rows *rows, void *arg)
{
	struct acme_reading *r = arg;

	take_key(r, VAULT_CERTIFICATE, db_col_bytes(rows, 0), &r->record.key);
	r->record.chain = arena_slice(r->arena, db_col_bytes(rows, 1));
	r->record.version = db_col_int(rows, 2);
	r->record.not_after_ms = db_col_int(rows, 3);
	r->record.renew_ms = db_col_int(rows, 4);
	r->record.ask_ms = db_col_int(rows, 5);
	r->record.window_start_ms = db_col_int(rows, 6);
	r->record.window_end_ms = db_col_int(rows, 7);
	return 0;
}

static int read_order(struct db_rows *rows, void *arg)
{
	struct acme_reading *r = arg;

	/* Without its key it leads nowhere. */
	if (take_key(r, VAULT_ORDER, db_col_bytes(rows, 1), &r->record.order_key) < 0)
		return 0;
	r->record.order_url = arena_strdup(r->arena, db_col_text(rows, 0));
	r->record.order_names = arena_strdup(r->arena, db_col_text(rows, 2));
	return 0;
}

static int read_attempt(struct db_rows *rows, void *arg)
{
	struct acme_reading *r = arg;

	r->record.tries = db_col_int(rows, 0);
	r->record.next_ms = db_col_int(rows, 1);
	r->record.ended_ms = db_col_int(rows, 2);
	r->record.error = arena_strdup(r->arena, db_col_text(rows, 3));
	r->record.left_out = arena_strdup(r->arena, db_col_text(rows, 4));
	r->record.left_out_ms = db_col_int(rows, 5);
	return 0;
}

int acme_store_read(struct db_tx *tx, void *arg)
{
	struct acme_reading *r = arg;
	int rc;

	r->record = (struct acme_record){ .account_url = "",
		.email = "",
		.issuer = "",
		.order_url = "",
		.order_names = "",
		.error = "",
		.left_out = "" };
	rc = db_each(tx, read_account, r,
		"SELECT key, url, email, coalesce(issuer, '') FROM acme_account "
		"WHERE directory = $1",
		db_str(r->directory));
	if (rc == 0)
		rc = db_each(tx, read_certificate, r,
			"SELECT key, chain, version, not_after, renew_at, coalesce(ask_at, 0), "
			"coalesce(window_start, 0), coalesce(window_end, 0) "
			"FROM acme_certificate WHERE slot = $1",
			ONE);
	if (rc == 0)
		rc = db_each(tx, read_order, r,
			"SELECT url, key, names FROM acme_order WHERE slot = $1", ONE);
	if (rc == 0)
		rc = db_each(tx, read_attempt, r,
			"SELECT tries, next_at, ended_at, error, left_out, left_out_at "
			"FROM acme_attempt WHERE slot = $1",
			ONE);
	return rc;
}

void acme_challenge_name(const char *name, char out[256])
{
	snprintf(out, 256, "%s", name);
	for (char *c = out; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + ('a' - 'A'));
}

static int read_digest(struct db_rows *rows, void *arg)
{
	struct acme_challenge_row *row = arg;
	struct slice digest = db_col_bytes(rows, 0);

	row->found = digest.n == sizeof(row->digest);
	if (row->found)
		memcpy(row->digest, digest.p, digest.n);
	return 0;
}

int acme_store_find_challenge(struct db_tx *tx, void *arg)
{
	struct acme_challenge_row *row = arg;

	row->found = false;
	return db_each(tx, read_digest, row, "SELECT digest FROM acme_challenge WHERE name = $1",
		db_str(row->name));
}

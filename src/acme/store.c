/*
 * store.c: every SQL statement about ACME (store.h). On database threads; the functions of the header
 * wait for them.
 */
#include "acme/store.h"

#include "hearth/clock.h"
#include "hearth/error.h"

/* Between two certificates, whatever the reason for another is: authorities count them. */
#define REST_MS INT64_C(3600000)

#define ONE db_int(1) /* there is one certificate, one order, one row about attempts */

static const char *const migrations[] = {
	"CREATE TABLE acme_account ("
	"directory TEXT NOT NULL PRIMARY KEY, key {bytes} NOT NULL, url TEXT NOT NULL, "
	"email TEXT NOT NULL);"
	"CREATE TABLE acme_certificate ("
	"slot BIGINT NOT NULL PRIMARY KEY, version BIGINT NOT NULL, key {bytes} NOT NULL, "
	"chain {bytes} NOT NULL, not_after BIGINT NOT NULL, renew_at BIGINT NOT NULL);"
	"CREATE TABLE acme_order ("
	"slot BIGINT NOT NULL PRIMARY KEY, url TEXT NOT NULL, key {bytes} NOT NULL, "
	"names TEXT NOT NULL);"
	"CREATE TABLE acme_attempt ("
	"slot BIGINT NOT NULL PRIMARY KEY, tries BIGINT NOT NULL, next_at BIGINT NOT NULL, "
	"ended_at BIGINT NOT NULL, error TEXT NOT NULL, left_out TEXT NOT NULL, "
	"left_out_at BIGINT NOT NULL)",
	"ALTER TABLE acme_account ADD COLUMN issuer TEXT",
	NULL,
};

static const struct db_schema schema = { "acme", migrations };

const struct db_schema *acme_schema(void)
{
	return &schema;
}

/* ---- reading ---- */

static int read_account(struct db_rows *rows, void *arg)
{
	struct acme_reading *r = arg;

	r->record.account_key = arena_slice(r->arena, db_col_bytes(rows, 0));
	r->record.account_url = arena_strdup(r->arena, db_col_text(rows, 1));
	r->record.email = arena_strdup(r->arena, db_col_text(rows, 2));
	r->record.issuer = arena_strdup(r->arena, db_col_text(rows, 3));
	return 0;
}

static int read_certificate(struct db_rows *rows, void *arg)
{
	struct acme_reading *r = arg;

	r->record.key = arena_slice(r->arena, db_col_bytes(rows, 0));
	r->record.chain = arena_slice(r->arena, db_col_bytes(rows, 1));
	r->record.version = db_col_int(rows, 2);
	r->record.not_after_ms = db_col_int(rows, 3);
	r->record.renew_ms = db_col_int(rows, 4);
	return 0;
}

static int read_order(struct db_rows *rows, void *arg)
{
	struct acme_reading *r = arg;

	r->record.order_url = arena_strdup(r->arena, db_col_text(rows, 0));
	r->record.order_key = arena_slice(r->arena, db_col_bytes(rows, 1));
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
			"SELECT key, chain, version, not_after, renew_at FROM acme_certificate "
			"WHERE slot = $1",
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

/* ---- writing ---- */

struct writing {
	const struct lease *lease;
	const char *directory, *url, *text, *issuer;
	struct slice key, chain;
	int64_t not_after_ms, renew_ms, next_ms;
	const struct acme_record *record;
};

static int check(struct db_tx *tx, const struct writing *w)
{
	return w->lease->epoch ? lease_check(tx, w->lease) : 0;
}

static int write(const struct acme_store *s, db_fn *fn, struct writing w)
{
	int rc;

	w.lease = &s->lease;
	rc = db_write_wait(s->db, fn, &w);
	return rc < 0 ? rc : 0;
}

static int write_key(struct db_tx *tx, void *arg)
{
	const struct writing *w = arg;

	return db_run(tx,
		"INSERT INTO acme_account (directory, key, url, email) VALUES ($1, $2, '', '') "
		"ON CONFLICT (directory) DO NOTHING",
		db_str(w->directory), db_bytes(w->key));
}

int acme_store_key(const struct acme_store *s, const char *directory, struct slice key)
{
	return write(s, write_key, (struct writing){ .directory = directory, .key = key });
}

static int write_account(struct db_tx *tx, void *arg)
{
	const struct writing *w = arg;
	int rc = check(tx, w);

	return rc < 0 ? rc
		      : db_run(tx,
				"INSERT INTO acme_account (directory, key, url, email, issuer) "
				"VALUES ($1, $2, $3, $4, $5) ON CONFLICT (directory) DO UPDATE "
				"SET key = $2, url = $3, email = $4, issuer = $5",
				db_str(w->directory), db_bytes(w->key), db_str(w->url),
				db_str(w->text), db_str(w->issuer));
}

int acme_store_account(const struct acme_store *s, const char *directory, struct slice key,
	const char *url, const char *email, const char *issuer)
{
	return write(s, write_account,
		(struct writing){ .directory = directory,
			.key = key,
			.url = url,
			.text = email,
			.issuer = issuer });
}

static int end_order(struct db_tx *tx)
{
	return db_run(tx, "DELETE FROM acme_order WHERE slot = $1", ONE);
}

static int write_order(struct db_tx *tx, void *arg)
{
	const struct writing *w = arg;
	int rc = check(tx, w);

	if (rc < 0 || !w->url)
		return rc < 0 ? rc : end_order(tx);
	return db_run(tx,
		"INSERT INTO acme_order (slot, url, key, names) VALUES ($1, $2, $3, $4) "
		"ON CONFLICT (slot) DO UPDATE SET url = $2, key = $3, names = $4",
		ONE, db_str(w->url), db_bytes(w->key), db_str(w->text));
}

int acme_store_order(
	const struct acme_store *s, const char *url, struct slice key, const char *names)
{
	return write(s, write_order, (struct writing){ .url = url, .key = key, .text = names });
}

static int set_attempt(struct db_tx *tx, const struct acme_record *r)
{
	return db_run(tx,
		"INSERT INTO acme_attempt (slot, tries, next_at, ended_at, error, left_out, "
		"left_out_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (slot) DO UPDATE "
		"SET tries = $2, next_at = $3, ended_at = $4, error = $5, left_out = $6, "
		"left_out_at = $7",
		ONE, db_int(r->tries), db_int(r->next_ms), db_int(r->ended_ms), db_str(r->error),
		db_str(r->left_out), db_int(r->left_out_ms));
}

static int write_begun(struct db_tx *tx, void *arg)
{
	const struct writing *w = arg;
	int rc = check(tx, w);

	return rc < 0 ? rc : set_attempt(tx, w->record);
}

int acme_store_begun(const struct acme_store *s, const struct acme_record *r)
{
	return write(s, write_begun, (struct writing){ .record = r });
}

static int write_ended(struct db_tx *tx, void *arg)
{
	const struct writing *w = arg;
	struct acme_record r = *w->record;
	int64_t next_ms = -1;
	int rc = check(tx, w);

	if (rc == 0)
		rc = db_get_int(
			tx, &next_ms, "SELECT next_at FROM acme_attempt WHERE slot = $1", ONE);
	if (rc < 0 && rc != HEARTH_ENOTFOUND)
		return rc;
	if (next_ms == 0) { /* write_want: it was noted otherwise when the attempt began */
		r.next_ms = 0;
		r.left_out = "";
	}
	return set_attempt(tx, &r);
}

int acme_store_ended(const struct acme_store *s, const struct acme_record *r)
{
	return write(s, write_ended, (struct writing){ .record = r });
}

static int write_certificate(struct db_tx *tx, void *arg)
{
	const struct writing *w = arg;
	int rc = check(tx, w);

	if (rc == 0)
		rc = db_run(tx,
			"INSERT INTO acme_certificate (slot, version, key, chain, not_after, "
			"renew_at) VALUES ($1, 1, $2, $3, $4, $5) ON CONFLICT (slot) DO UPDATE "
			"SET version = acme_certificate.version + 1, key = $2, chain = $3, "
			"not_after = $4, renew_at = $5",
			ONE, db_bytes(w->key), db_bytes(w->chain), db_int(w->not_after_ms),
			db_int(w->renew_ms));
	if (rc >= 0)
		rc = end_order(tx);
	if (rc >= 0)
		rc = db_run(tx,
			"UPDATE acme_attempt SET tries = 0, next_at = $2, error = '' WHERE slot = "
			"$1",
			ONE, db_int(w->next_ms));
	return rc;
}

int acme_store_certificate(const struct acme_store *s, struct slice key, struct slice chain,
	int64_t not_after_ms, int64_t renew_ms)
{
	return write(s, write_certificate,
		(struct writing){ .key = key,
			.chain = chain,
			.not_after_ms = not_after_ms,
			.renew_ms = renew_ms,
			.next_ms = clock_wall_ms() + REST_MS });
}

static int write_want(struct db_tx *tx, void *arg)
{
	int rc = check(tx, arg);

	if (rc == 0)
		rc = db_run(tx, "UPDATE acme_certificate SET renew_at = 0 WHERE slot = $1", ONE);
	if (rc >= 0)
		rc = db_run(tx,
			"UPDATE acme_attempt SET next_at = 0, left_out = '' WHERE slot = $1", ONE);
	return rc;
}

int acme_store_want(const struct acme_store *s)
{
	return write(s, write_want, (struct writing){ 0 });
}

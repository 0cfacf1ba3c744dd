/*
 * store.c: the tables of ACME, and every statement that writes them (store.h). On database threads; the
 * functions of the header wait for them.
 */
#include "acme/store_internal.h"

#include "hearth/clock.h"
#include "hearth/error.h"

/* Between two certificates, whatever the reason for another is: authorities count them. */
#define REST_MS INT64_C(3600000)

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
	/* NULL, as for a certificate of before: it is to be asked about at once */
	"ALTER TABLE acme_certificate ADD COLUMN ask_at BIGINT;"
	"ALTER TABLE acme_certificate ADD COLUMN window_start BIGINT;"
	"ALTER TABLE acme_certificate ADD COLUMN window_end BIGINT;"
	"CREATE TABLE acme_challenge (name TEXT NOT NULL PRIMARY KEY, digest {bytes} NOT NULL)",
	NULL,
};

static const struct db_schema schema = { "acme", migrations };

const struct db_schema *acme_schema(void)
{
	return &schema;
}

/* ---- writing ---- */

struct writing {
	const struct acme_store *store;
	struct arena *arena; /* for what is sealed */
	const char *directory, *url, *text, *issuer;
	struct slice key, chain;
	int64_t not_after_ms, renew_ms, next_ms;
	const struct acme_record *record;
};

static int check(struct db_tx *tx, const struct writing *w)
{
	const struct lease *lease = &w->store->lease;

	return lease->epoch ? lease_check(tx, lease) : 0;
}

/* A key as it is stored. */
static struct db_value sealed(const struct writing *w, const char *owner)
{
	return db_bytes(acme_vault_close(w->store->vault, w->arena, owner, w->key));
}

static struct db_value sealed_account(const struct writing *w)
{
	return sealed(w, acme_account_owner(w->arena, w->directory));
}

static int write(const struct acme_store *s, db_fn *fn, struct writing w)
{
	int rc;

	w.store = s;
	w.arena = arena_new();
	rc = db_write_wait(s->db, fn, &w);
	arena_free(&w.arena);
	return rc < 0 ? rc : 0;
}

static int write_key(struct db_tx *tx, void *arg)
{
	const struct writing *w = arg;

	return db_run(tx,
		"INSERT INTO acme_account (directory, key, url, email) VALUES ($1, $2, '', '') "
		"ON CONFLICT (directory) DO NOTHING",
		db_str(w->directory), sealed_account(w));
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
				db_str(w->directory), sealed_account(w), db_str(w->url),
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
		ONE, db_str(w->url), sealed(w, VAULT_ORDER), db_str(w->text));
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
			"not_after = $4, renew_at = $5, ask_at = NULL, window_start = NULL, "
			"window_end = NULL",
			ONE, sealed(w, VAULT_CERTIFICATE), db_bytes(w->chain),
			db_int(w->not_after_ms), db_int(w->renew_ms));
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

static int write_asked(struct db_tx *tx, void *arg)
{
	const struct writing *w = arg;
	const struct acme_record *r = w->record;
	int rc = check(tx, w);

	/* If it was wanted at once meanwhile (write_want), that is still so. */
	return rc < 0 ? rc
		      : db_run(tx,
				"UPDATE acme_certificate SET ask_at = $2, window_start = $3, "
				"window_end = $4, renew_at = CASE WHEN renew_at = $5 THEN $6 "
				"ELSE renew_at END WHERE slot = $1 AND version = $7",
				ONE, db_int(r->ask_ms), db_int(r->window_start_ms),
				db_int(r->window_end_ms), db_int(r->renew_ms), db_int(w->renew_ms),
				db_int(r->version));
}

int acme_store_asked(const struct acme_store *s, const struct acme_record *r, int64_t renew_ms)
{
	return write(s, write_asked, (struct writing){ .record = r, .renew_ms = renew_ms });
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

static int write_anew(struct db_tx *tx, void *arg)
{
	const struct writing *w = arg;
	int rc = write_want(tx, arg);

	if (rc >= 0)
		rc = end_order(tx);
	if (rc >= 0)
		rc = db_run(tx,
			"INSERT INTO acme_account (directory, key, url, email) VALUES ($1, $2, '', "
			"'') "
			"ON CONFLICT (directory) DO UPDATE SET key = $2, url = '', email = ''",
			db_str(w->directory), sealed_account(w));
	return rc;
}

int acme_store_begin_anew(const struct acme_store *s, const char *directory, struct slice key)
{
	return write(s, write_anew, (struct writing){ .directory = directory, .key = key });
}

/* ---- challenges ---- */

static int write_challenge(struct db_tx *tx, void *arg)
{
	const struct writing *w = arg;
	int rc = check(tx, w);

	return rc < 0 ? rc
		      : db_run(tx,
				"INSERT INTO acme_challenge (name, digest) VALUES ($1, $2) "
				"ON CONFLICT (name) DO UPDATE SET digest = $2",
				db_str(w->text), db_bytes(w->key));
}

int acme_store_challenge(
	const struct acme_store *s, const char *name, const unsigned char digest[ACME_DIGEST])
{
	char lower[256];

	acme_challenge_name(name, lower);
	return write(s, write_challenge,
		(struct writing){ .text = lower, .key = slice_of(digest, ACME_DIGEST) });
}

static int delete_challenges(struct db_tx *tx, void *arg)
{
	int rc = check(tx, arg);

	return rc < 0 ? rc : db_run(tx, "DELETE FROM acme_challenge");
}

int acme_store_challenges_end(const struct acme_store *s)
{
	return write(s, delete_challenges, (struct writing){ 0 });
}

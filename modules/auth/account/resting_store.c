/*
 * resting_store.c: see resting.h. A row is a hash and a time; which of four kinds it is is part of what
 * was hashed: an address, a local part at any domain, a group's name, an alias. Inside a db_fn.
 */
#include "account/resting.h"

#include "hearth/error.h"
#include "hearth/log.h"
#include "session/session.h"

const char auth_resting_migration[] = "CREATE TABLE resting_name ("
				      " hash TEXT NOT NULL PRIMARY KEY,"
				      " until BIGINT NOT NULL);"
				      "CREATE INDEX resting_until ON resting_name (until);";

#define ADDRESS "address"
#define LOCAL   "local"
#define GROUP   "group"
#define ALIAS   "alias"

static void hash_of(const char *kind, struct slice name, char hex[AUTH_TOKEN_HEX])
{
	struct strbuf text = { 0 };

	strbuf_printf(&text, "%s:%.*s", kind, SLICE_ARG(name));
	auth_token_hash(strbuf_slice(&text), hex);
	strbuf_free(&text);
}

static struct slice local_of(const char *address)
{
	struct slice rest = slice_str(address);

	return slice_split(&rest, '@');
}

static int add(struct db_tx *tx, const char *kind, struct slice name, int64_t until_ms)
{
	char hex[AUTH_TOKEN_HEX];
	int rc;

	hash_of(kind, name, hex);
	rc = db_run(tx,
		"INSERT INTO resting_name (hash, until) VALUES ($1, $2)"
		" ON CONFLICT (hash) DO UPDATE SET until = excluded.until",
		db_str(hex), db_int(until_ms));
	return rc < 0 ? rc : 0;
}

int resting_add_address(struct db_tx *tx, const char *address, int64_t until_ms)
{
	int rc = add(tx, ADDRESS, slice_str(address), until_ms);

	return rc == 0 ? add(tx, GROUP, local_of(address), until_ms) : rc;
}

int resting_add_group(struct db_tx *tx, const char *name, int64_t until_ms)
{
	int rc = add(tx, GROUP, slice_str(name), until_ms);

	return rc == 0 ? add(tx, LOCAL, slice_str(name), until_ms) : rc;
}

static int has(struct db_tx *tx, const char *kind, struct slice name, int64_t now_ms, bool *rests)
{
	char hex[AUTH_TOKEN_HEX];
	int64_t n = 0;
	int rc;

	hash_of(kind, name, hex);
	rc = db_get_int(tx, &n, "SELECT count(*) FROM resting_name WHERE hash = $1 AND until > $2",
		db_str(hex), db_int(now_ms));
	*rests = n > 0;
	return rc;
}

int resting_has_address(struct db_tx *tx, const char *address, int64_t now_ms, bool *rests)
{
	int rc = has(tx, ADDRESS, slice_str(address), now_ms, rests);

	return rc < 0 || *rests ? rc : has(tx, LOCAL, local_of(address), now_ms, rests);
}

int resting_has_group(struct db_tx *tx, const char *name, int64_t now_ms, bool *rests)
{
	return has(tx, GROUP, slice_str(name), now_ms, rests);
}

int resting_has_alias(struct db_tx *tx, const char *address, int64_t now_ms, bool *rests)
{
	bool of_alias = false;
	int rc = resting_has_address(tx, address, now_ms, rests);

	if (rc == 0 && *rests)
		rc = has(tx, ALIAS, slice_str(address), now_ms, &of_alias);
	*rests = *rests && !of_alias;
	return rc;
}

int resting_add_alias(struct db_tx *tx, const char *address, int64_t until_ms)
{
	bool rests = false;
	int rc = resting_has_alias(tx, address, 0, &rests);

	/* What was an account's before is no alias's to free. */
	if (rc < 0 || rests)
		return rc;
	rc = add(tx, ALIAS, slice_str(address), until_ms);
	return rc == 0 ? resting_add_address(tx, address, until_ms) : rc;
}

int resting_free(struct db_tx *tx, const char *address, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	char hex[4][AUTH_TOKEN_HEX];
	int rc;

	hash_of(ADDRESS, slice_str(address), hex[0]);
	hash_of(LOCAL, local_of(address), hex[1]);
	hash_of(GROUP, local_of(address), hex[2]);
	hash_of(ALIAS, slice_str(address), hex[3]);
	rc = db_run(tx, "DELETE FROM resting_name WHERE hash IN ($1, $2, $3, $5) AND until > $4",
		db_str(hex[0]), db_str(hex[1]), db_str(hex[2]), db_int(now_ms), db_str(hex[3]));
	return rc < 0 ? rc : rc == 0 ? HEARTH_ENOTFOUND : 0;
}

int resting_expire(struct db_tx *tx, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM resting_name WHERE until <= $1", db_int(now_ms));

	return rc < 0 ? rc : 0;
}

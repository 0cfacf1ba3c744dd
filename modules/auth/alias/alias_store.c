/*
 * alias_store.c: SQL on aliases (alias.h). A row is an address with one target. `base` is whom of ours
 * the target means, without a subaddress or another domain's name for ours: with that account or group
 * the row goes. Inside a db_fn.
 */
#include "alias/alias.h"

#include <stdio.h>

#include "account/resting.h"
#include "audit/audit_log.h"
#include "group/group.h"
#include "hearth/error.h"
#include "hearth/log.h"

const char auth_alias_migration[] = "CREATE TABLE alias ("
				    " id {id},"
				    " address TEXT NOT NULL,"
				    " target TEXT NOT NULL,"
				    " base TEXT NOT NULL,"
				    " may_write BIGINT NOT NULL,"
				    " created_at BIGINT NOT NULL,"
				    " UNIQUE (address, target));"
				    "CREATE INDEX alias_base ON alias (base);";

static int count(struct db_tx *tx, const char *address, int64_t *n)
{
	return db_get_int(tx, n, "SELECT count(*) FROM alias WHERE address = $1", db_str(address));
}

int alias_has_address(struct db_tx *tx, const char *address, bool *has)
{
	int64_t n = 0;
	int rc = count(tx, address, &n);

	*has = n > 0;
	return rc;
}

int alias_has_name(struct db_tx *tx, const char *name, bool *has)
{
	char head[GROUP_NAME_MAX + 2];
	int64_t n = 0;
	int rc;

	snprintf(head, sizeof(head), "%s@", name);
	rc = db_get_int(tx, &n,
		"SELECT count(*) FROM alias WHERE substr(address, 1, length($1)) = $1",
		db_str(head));
	*has = n > 0;
	return rc;
}

/* ---- adding ---- */

/* Whether the domain is one of [mail] domains, or an alias of one. */
static int has_domain(struct db_tx *tx, const struct config *config, const char *address, bool *has)
{
	int64_t n = 0;
	int rc = 0;

	*has = auth_domain_is_local(config, slice_str(strchr(address, '@') + 1));
	if (!*has) {
		rc = db_get_int(tx, &n,
			"SELECT count(*) FROM alias WHERE address = $1"
			" AND substr(target, 1, 1) = '@'",
			db_str(strchr(address, '@')));
		*has = n > 0;
	}
	return rc;
}

/* A whole domain: either it is an alias, alone, or it has targets for what nobody has. */
static int may_add_domain(struct db_tx *tx, const struct config *config, const struct alias *al)
{
	int64_t n = 0, domains = 0;
	bool ours = false;
	int rc = count(tx, al->address, &n);

	if (rc == 0)
		rc = db_get_int(tx, &domains,
			"SELECT count(*) FROM alias WHERE address = $1"
			" AND substr(target, 1, 1) = '@'",
			db_str(al->address));
	if (rc < 0)
		return rc;
	if (al->target[0] != '@') {
		rc = has_domain(tx, config, al->address, &ours);
		return rc < 0 ? rc : !ours ? HEARTH_ENOTFOUND : domains > 0 ? HEARTH_EINVAL : 0;
	}
	if (!auth_domain_is_local(config, slice_str(al->target + 1)) || n > domains)
		return HEARTH_EINVAL;
	return domains > 0 ? HEARTH_EEXIST : strcmp(al->address, al->target) ? 0 : HEARTH_EDENIED;
}

static int may_add_name(
	struct db_tx *tx, const struct config *config, const struct alias *al, int64_t now_ms)
{
	bool taken = false, rests = false, ours = false;
	struct account account;
	int rc = al->target[0] == '@' ? HEARTH_EINVAL : has_domain(tx, config, al->address, &ours);

	if (rc == 0 && !ours)
		return HEARTH_ENOTFOUND;
	if (rc == 0)
		rc = group_has_name(tx, al->address, &taken);
	if (rc == 0 && !taken) {
		rc = auth_store_find(tx, al->address, &account, NULL);
		taken = rc == 0;
		if (rc == HEARTH_ENOTFOUND)
			rc = 0;
	}
	if (rc < 0 || taken)
		return rc < 0 ? rc : HEARTH_EEXIST;
	rc = resting_has_alias(tx, al->address, now_ms, &rests);
	return rc < 0 ? rc : rests ? HEARTH_ECONFLICT : 0;
}

/* Whom of ours it means: an account, a group, an alias; or itself, of one elsewhere. */
static int find_base(struct db_tx *tx, const struct config *config, const struct alias *al,
	char base[256], int64_t *account)
{
	struct reach r = { .config = config };
	int rc = auth_reach(tx, &r, slice_str(al->target));

	*account = 0;
	snprintf(base, 256, "%s", al->target);
	if ((rc == 0 || rc == HEARTH_ENOTFOUND) && r.group > 0) {
		struct group g; /* also one without members */

		rc = group_get(tx, r.group, &g);
		if (rc == 0)
			snprintf(base, 256, "%s@", g.name);
	} else if (rc == 0 && r.alias[0]) {
		snprintf(base, 256, "%s", r.alias);
	} else if (rc == 0 && r.n == 1 && r.accounts->through == 0) {
		snprintf(base, 256, "%s", r.accounts->address);
		*account = r.accounts->id;
	}
	auth_reach_clear(&r);
	return rc == HEARTH_EDENIED ? 0 : rc;
}

static int is_loop(struct db_tx *tx, const struct config *config, const struct alias *al)
{
	struct reach r = { .config = config };
	struct strbuf probe = { 0 };
	int rc;

	strbuf_printf(&probe, "%s%s", al->address[0] == '@' ? "any.name" : "", al->address);
	rc = auth_reach(tx, &r, strbuf_slice(&probe));
	if (rc == 0 || rc == HEARTH_ENOTFOUND)
		rc = r.looped ? HEARTH_EDENIED : 0;
	auth_reach_clear(&r);
	strbuf_free(&probe);
	return rc;
}

int alias_add(struct db_tx *tx, struct auth *a, const struct alias *al, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx) && al->address[0] && al->target[0]);
	const struct config *config = hearth_config(a->h);
	int64_t all = 0, here = 0, account = 0;
	char base[256];
	int rc = db_get_int(tx, &all, "SELECT count(*) FROM alias");

	if (rc == 0)
		rc = count(tx, al->address, &here);
	if (rc == 0 && (all >= ALIASES_MAX || here >= ALIAS_TARGETS))
		rc = HEARTH_ETOOBIG;
	if (rc == 0)
		rc = al->address[0] == '@' ? may_add_domain(tx, config, al)
					   : may_add_name(tx, config, al, now_ms);
	snprintf(base, sizeof(base), "%s", al->target);
	if (rc == 0 && al->target[0] != '@')
		rc = find_base(tx, config, al, base, &account);
	if (rc == 0)
		rc = db_run(tx,
			"INSERT INTO alias (address, target, base, may_write, created_at)"
			" VALUES ($1, $2, $3, $4, $5)",
			db_str(al->address), db_str(al->target), db_str(base),
			db_int(al->may_write), db_int(now_ms));
	if (rc >= 0 && al->target[0] != '@')
		rc = is_loop(tx, config, al);
	if (rc >= 0 && account > 0)
		rc = auth_audit(tx, account, "alias.added", NULL, SLICE(""), al->address);
	return rc < 0 ? rc : 0;
}

/* ---- removing ---- */

struct gone {
	struct strbuf addresses; /* a line each */
};

static int take_address(struct db_rows *rows, void *arg)
{
	struct gone *g = arg;

	strbuf_printf(&g->addresses, "%.*s\n", SLICE_ARG(db_col_text(rows, 0)));
	return 0;
}

/* Of those addresses that have no row any more the names rest. */
static int rest_all(struct db_tx *tx, struct gone *g, int rc, int64_t now_ms, int64_t rest_ms)
{
	struct slice rest = slice_trim(strbuf_slice(&g->addresses));
	char address[256];

	while (rc >= 0 && rest.n > 0) {
		struct slice line = slice_split(&rest, '\n');
		bool there = false;

		snprintf(address, sizeof(address), "%.*s", SLICE_ARG(line));
		rc = alias_has_address(tx, address, &there);
		if (rc == 0 && !there && rest_ms > 0 && address[0] != '@')
			rc = resting_add_alias(tx, address, now_ms + rest_ms);
	}
	strbuf_free(&g->addresses);
	return rc < 0 ? rc : 0;
}

int alias_remove(struct db_tx *tx, const struct alias *which, int64_t now_ms, int64_t rest_ms)
{
	INVARIANT(db_tx_writes(tx));
	struct gone g = { 0 };
	int rc = db_each(tx, take_address, &g,
		"SELECT DISTINCT address FROM alias WHERE id = $1 OR (address = $2 AND"
		" ($3 = '' OR target = $3))",
		db_int(which->id), db_str(which->address), db_str(which->target));

	if (rc == 0 && g.addresses.n == 0)
		rc = HEARTH_ENOTFOUND;
	if (rc == 0)
		rc = db_run(tx,
			"DELETE FROM alias WHERE id = $1 OR (address = $2 AND"
			" ($3 = '' OR target = $3))",
			db_int(which->id), db_str(which->address), db_str(which->target));
	return rest_all(tx, &g, rc, now_ms, rest_ms);
}

/* Each that leads there; and those that lead to one of these alone are left as they are: they reach nobody. */
static int forget(struct db_tx *tx, const char *base, int64_t now_ms, int64_t rest_ms)
{
	INVARIANT(db_tx_writes(tx));
	struct gone g = { 0 };
	int rc = db_each(tx, take_address, &g, "SELECT DISTINCT address FROM alias WHERE base = $1",
		db_str(base));

	if (rc == 0)
		rc = db_run(tx, "DELETE FROM alias WHERE base = $1", db_str(base));
	return rest_all(tx, &g, rc, now_ms, rest_ms);
}

int alias_forget_address(struct db_tx *tx, const char *address, int64_t now_ms, int64_t rest_ms)
{
	return forget(tx, address, now_ms, rest_ms);
}

int alias_forget_group(struct db_tx *tx, const char *name, int64_t now_ms, int64_t rest_ms)
{
	char base[GROUP_NAME_MAX + 2];

	snprintf(base, sizeof(base), "%s@", name);
	return forget(tx, base, now_ms, rest_ms);
}

/* ---- reading ---- */

struct listing {
	struct slice part;
	size_t left;
	void (*each)(void *arg, const struct alias *alias);
	void *arg;
};

/* The part is looked for here, so that every engine finds the same (db.h has no LIKE). */
static int list_one(struct db_rows *rows, void *arg)
{
	struct listing *l = arg;
	struct slice address = db_col_text(rows, 1), target = db_col_text(rows, 2);
	struct alias al = { .id = db_col_int(rows, 0),
		.may_write = db_col_int(rows, 3) != 0,
		.created_ms = db_col_int(rows, 4) };

	if (l->part.n > 0 && slice_find(address, l->part) < 0 && slice_find(target, l->part) < 0)
		return 0;
	snprintf(al.address, sizeof(al.address), "%.*s", SLICE_ARG(address));
	snprintf(al.target, sizeof(al.target), "%.*s", SLICE_ARG(target));
	l->each(l->arg, &al);
	return --l->left == 0;
}

int alias_list(struct db_tx *tx, struct slice part, const struct alias *after, size_t max,
	void (*each)(void *arg, const struct alias *alias), void *arg)
{
	struct listing l = { part, max, each, arg };
	int rc = db_each(tx, list_one, &l,
		"SELECT id, address, target, may_write, created_at FROM alias"
		" WHERE address > $1 OR (address = $1 AND id > $2) ORDER BY address, id",
		db_str(after->address), db_int(after->id));

	INVARIANT(max > 0);
	return rc > 0 ? 0 : rc;
}

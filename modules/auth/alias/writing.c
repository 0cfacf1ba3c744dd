/*
 * writing.c: who may write as what (accounts.h, may_write_as). Whom mail for an address reaches says it:
 * who alone gets what is sent there may write from there, so an answer comes back to them. Beyond that
 * an alias's row may allow it, a group its owners, and the names of the server its administrators.
 * Inside a db_fn.
 */
#include "alias/alias.h"
#include "group/group.h"
#include "hearth/error.h"

static bool is_among(const struct reach *r, int64_t account, int64_t through)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->accounts[i].id == account && r->accounts[i].through == through)
			return true;
	return false;
}

static bool gets_it_alone(const struct reach *r, int64_t account)
{
	return r->n == 1 && r->remote_n == 0 && is_among(r, account, 0);
}

static int take_target(struct db_rows *rows, void *arg)
{
	strbuf_printf(arg, "%.*s\n", SLICE_ARG(db_col_text(rows, 0)));
	return 0;
}

/* Whether a row of the alias lets those write whom it leads to, and this account is one of them. */
static int is_let(struct db_tx *tx, const struct config *config, const char *alias, int64_t account,
	bool *let)
{
	struct strbuf targets = { 0 };
	struct slice rest;
	int rc = db_each(tx, take_target, &targets,
		"SELECT target FROM alias WHERE address = $1 AND may_write = 1 ORDER BY id LIMIT "
		"$2",
		db_str(alias), db_int(ALIAS_TARGETS));

	rest = slice_trim(strbuf_slice(&targets));
	while (rc == 0 && rest.n > 0 && !*let)
		rc = auth_reach_has(tx, config, slice_split(&rest, '\n'), account, let);
	strbuf_free(&targets);
	return rc;
}

int auth_may_write_as(
	struct db_tx *tx, const struct config *config, int64_t account, struct slice address)
{
	struct reach r = { .config = config };
	enum group_role role = GROUP_NOBODY;
	bool may = false;
	int rc = auth_reach(tx, &r, address);

	if (rc == 0)
		may = gets_it_alone(&r, account) || is_among(&r, account, ACCOUNTS_ADMINISTRATORS);
	if (rc != HEARTH_EIO)
		rc = 0;
	if (rc == 0 && !may && r.group > 0) {
		rc = group_role_of(tx, r.group, account, &role);
		may = role == GROUP_OWNER;
	}
	if (rc == 0 && !may && r.alias[0])
		rc = is_let(tx, config, r.alias, account, &may);
	auth_reach_clear(&r);
	return rc < 0 ? rc : may ? 0 : HEARTH_EDENIED;
}

/*
 * reach.c: whom a mail address reaches (alias.h): the one look-up behind RCPT, letters of the server and
 * who may write as what. Inside a db_fn; bounded as alias.h says.
 *
 * What stands at an address of ours is asked in steps, and the first that knows it answers: exactly(),
 * without the subaddress, at the domain that this one is an alias of, then for administrators, then the
 * catch-all. An alias asks the same for each of its targets.
 */
#include "alias/alias.h"

#include <stdio.h>
#include <stdlib.h>

#include "account/reserved.h"
#include "account/resting.h"
#include "alias/reach_internal.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"

static int reach_address(struct db_tx *tx, struct reach *r, struct slice address, int depth);

/* ---- what was found ---- */

static int add_remote(struct reach *r, struct slice address)
{
	for (size_t i = 0; i < r->remote_n; i++)
		if (slice_eq(slice_str(r->remotes[i]), address))
			return 0;
	if (r->remote_n == ACCOUNTS_REMOTES_MAX)
		return HEARTH_ETOOBIG;
	if (!r->remotes)
		r->remotes = mem_alloc(ACCOUNTS_REMOTES_MAX * sizeof(*r->remotes));
	r->remotes[r->remote_n] = mem_zalloc(address.n + 1);
	memcpy(r->remotes[r->remote_n++], address.p, address.n);
	return 0;
}

/* ---- aliases ---- */

static int take_target(struct db_rows *rows, void *arg)
{
	strbuf_printf(arg, "%.*s\n", SLICE_ARG(db_col_text(rows, 0)));
	return 0;
}

/* Values of `seen` for aliases. */
static char inside, done;

/* All that it leads to, of whom some may be gone; within itself it leads nowhere. */
static int follow(struct db_tx *tx, struct reach *r, const char *alias, int depth)
{
	struct strbuf targets = { 0 };
	struct slice rest;
	bool found = false;
	int rc = db_each(tx, take_target, &targets,
		"SELECT target FROM alias WHERE address = $1 ORDER BY id LIMIT $2", db_str(alias),
		db_int(ALIAS_TARGETS));

	rest = slice_trim(strbuf_slice(&targets));
	if (rc == 0 && (rest.n == 0 || rest.p[0] == '@'))
		rc = HEARTH_ENOTFOUND;
	else if (rc == 0 && map_get(r->seen, slice_str(alias))) {
		r->looped = r->looped || map_get(r->seen, slice_str(alias)) == &inside;
		strbuf_free(&targets);
		return 0;
	} else if (rc == 0 && (depth == ALIAS_DEPTH_MAX || r->visits++ == ALIAS_VISITS_MAX))
		rc = HEARTH_ETOOBIG;
	if (rc == 0) {
		map_set(r->seen, slice_str(alias), &inside);
		if (depth == 0)
			snprintf(r->alias, sizeof(r->alias), "%s", alias);
	}
	while (rc == 0 && rest.p) {
		struct slice target = slice_split(&rest, '\n');

		rc = reach_address(tx, r, target, depth + 1);
		if (rc == HEARTH_EDENIED)
			rc = add_remote(r, target);
		found = found || rc == 0;
		if (rc == HEARTH_ENOTFOUND)
			rc = 0;
	}
	strbuf_free(&targets);
	if (rc < 0)
		return rc;
	map_set(r->seen, slice_str(alias), &done);
	return found ? 0 : HEARTH_EEXIST;
}

static int take_domain(struct db_rows *rows, void *arg)
{
	snprintf(arg, 256, "%.*s", SLICE_ARG(slice_skip(db_col_text(rows, 0), 1)));
	return 0;
}

/* The domain that this one is an alias of, into `other`; empty: none. */
static int domain_alias(struct db_tx *tx, struct slice domain, char other[256])
{
	char whole[256];

	other[0] = '\0';
	if (domain.n == 0 || domain.n > 253)
		return 0;
	for (size_t i = 0; i < domain.n; i++)
		if ((unsigned char)domain.p[i] >= 0x7f || (unsigned char)domain.p[i] <= ' ')
			return 0;
	snprintf(whole, sizeof(whole), "@%.*s", SLICE_ARG(domain));
	return db_each(tx, take_domain, other,
		"SELECT target FROM alias WHERE address = $1 AND substr(target, 1, 1) = '@'",
		db_str(whole));
}

/* ---- an address of ours ---- */

/*
 * The account, group or alias of this very address. HEARTH_EEXIST: there is one, and it reaches
 * nobody.
 */
static int exactly(struct db_tx *tx, struct reach *r, const char *address, int depth)
{
	struct account account;
	struct slice rest = slice_str(address);
	char name[GROUP_NAME_MAX + 1];
	struct group g;
	int rc = auth_store_find(tx, address, &account, NULL);

	if (rc != HEARTH_ENOTFOUND)
		return rc == 0 ? reach_add_account(r, &account, 0) : rc;
	rc = follow(tx, r, address, depth);
	if (rc != HEARTH_ENOTFOUND || !auth_address_is_local(r->config, address) ||
		group_name_check(slice_split(&rest, '@'), name) < 0)
		return rc;
	rc = group_find(tx, name, &g);
	if (rc < 0)
		return rc;
	if (depth == 0)
		r->group = g.id;
	rc = reach_add_group(tx, r, &g);
	if (rc == 0)
		rc = reach_add_members(tx, r, g.id);
	return rc == HEARTH_ENOTFOUND ? HEARTH_EEXIST : rc;
}

/* What stands before the subaddress; all of it where there is none. */
static struct slice without_tag(const struct config *config, struct slice local)
{
	const char *separator = config_text(config, "mail", "subaddress");
	ptrdiff_t tag = separator[1] ? -1 : slice_chr(local, separator[0]);

	return tag > 0 ? slice_head(local, (size_t)tag) : local;
}

/* The same, and without the subaddress: it may be longer than a name, and have characters none has. */
static int with_subaddress(
	struct db_tx *tx, struct reach *r, struct slice local, struct slice domain, int depth)
{
	struct strbuf text = { 0 };
	char address[256], base[256];
	int rc = HEARTH_ENOTFOUND;

	strbuf_printf(&text, "%.*s@%.*s", SLICE_ARG(local), SLICE_ARG(domain));
	if (auth_address(r->config, strbuf_slice(&text), address) == 0)
		rc = exactly(tx, r, address, depth);
	if (rc == HEARTH_ENOTFOUND) {
		struct slice name = without_tag(r->config, local);

		strbuf_reset(&text);
		strbuf_printf(&text, "%.*s@%.*s", SLICE_ARG(name), SLICE_ARG(domain));
		if (name.n < local.n && auth_address(r->config, strbuf_slice(&text), base) == 0)
			rc = exactly(tx, r, base, depth);
	}
	strbuf_free(&text);
	return rc;
}

/* A name that rests is nobody's, not the catch-all's either. */
static int catch_all(
	struct db_tx *tx, struct reach *r, struct slice local, struct slice domain, int depth)
{
	struct strbuf text = { 0 };
	char address[256];
	bool rests = false;
	int rc = 0;

	strbuf_printf(&text, "%.*s@%.*s", SLICE_ARG(local), SLICE_ARG(domain));
	if (auth_address(r->config, strbuf_slice(&text), address) == 0) {
		rc = resting_has_address(tx, address, clock_wall_ms(), &rests);
		if (rc == 0 && !rests && alias_strip(r->config, address))
			rc = resting_has_address(tx, address, clock_wall_ms(), &rests);
	}
	strbuf_free(&text);
	if (rc < 0 || rests || domain.n > 253)
		return rc < 0 ? rc : HEARTH_ENOTFOUND;
	snprintf(address, sizeof(address), "@%.*s", SLICE_ARG(domain));
	return follow(tx, r, address, depth);
}

/* A quoted local part may have an "@" of its own. */
static size_t last_at(struct slice address)
{
	size_t at = address.n;

	while (at > 0 && address.p[at - 1] != '@')
		at--;
	return at > 0 ? at - 1 : address.n;
}

static int reach_address(struct db_tx *tx, struct reach *r, struct slice address, int depth)
{
	char other[256] = "";
	struct slice local = slice_head(address, last_at(address));
	struct slice domain = slice_skip(address, local.n + 1);
	int rc = domain_alias(tx, domain, other);

	if (rc < 0)
		return rc;
	if (!other[0] && !auth_domain_is_local(r->config, domain))
		return HEARTH_EDENIED;
	rc = with_subaddress(tx, r, local, domain, depth);
	if (rc == HEARTH_ENOTFOUND && other[0])
		rc = with_subaddress(tx, r, local, slice_str(other), depth);
	if ((rc == HEARTH_ENOTFOUND || rc == HEARTH_EEXIST) &&
		reserved_reaches_administrators(without_tag(r->config, local)))
		return reach_add_administrators(tx, r);
	if (rc == HEARTH_ENOTFOUND)
		rc = catch_all(tx, r, local, domain, depth);
	if (rc == HEARTH_ENOTFOUND && other[0])
		rc = catch_all(tx, r, local, slice_str(other), depth);
	return rc == HEARTH_EEXIST ? HEARTH_ENOTFOUND : rc;
}

/* ---- the whole ---- */

void auth_reach_clear(struct reach *r)
{
	for (size_t i = 0; i < r->remote_n; i++)
		free(r->remotes[i]);
	for (size_t i = 0; i < r->group_n; i++) {
		free((char *)r->groups[i].name);
		free((char *)r->groups[i].title);
		free((char *)r->groups[i].prefix);
		free((char *)r->groups[i].owners);
	}
	for (size_t i = 0; i < r->subscriber_n; i++)
		free((char *)r->subscribers[i].address);
	free(r->subscribers);
	free(r->groups);
	free(r->remotes);
	free(r->accounts);
	map_free(&r->seen);
	*r = (struct reach){ .config = r->config, .writer = r->writer };
}

int auth_reach(struct db_tx *tx, struct reach *r, struct slice address)
{
	struct strbuf text = { 0 };
	int rc;

	auth_reach_clear(r);
	r->seen = map_new();
	strbuf_add(&text, address);
	strbuf_reserve(&text, 1)[0] = '\0';
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] >= 'A' && text.p[i] <= 'Z')
			text.p[i] = (char)(text.p[i] - 'A' + 'a');
	rc = text.n == 0 || slice_chr(strbuf_slice(&text), '@') < 0
		     ? HEARTH_ENOTFOUND
		     : reach_address(tx, r, strbuf_slice(&text), 0);
	strbuf_free(&text);
	if (rc == 0 && r->n + r->remote_n + r->subscriber_n == 0)
		rc = HEARTH_ENOTFOUND;
	INVARIANT(r->n <= ACCOUNTS_REACHED_MAX && r->remote_n <= ACCOUNTS_REMOTES_MAX);
	return rc;
}

int auth_reach_has(struct db_tx *tx, const struct config *config, struct slice address,
	int64_t account, bool *has)
{
	struct reach r = { .config = config };
	int rc = auth_reach(tx, &r, address);

	*has = false;
	for (size_t i = 0; i < r.n && rc == 0; i++)
		*has = *has || r.accounts[i].id == account;
	auth_reach_clear(&r);
	return rc == HEARTH_ENOTFOUND || rc == HEARTH_EDENIED ? 0 : rc;
}

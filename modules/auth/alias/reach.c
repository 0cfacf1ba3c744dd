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
#include "group/subscriber.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"

static int reach_address(struct db_tx *tx, struct reach *r, struct slice address, int depth);

/* ---- what was found ---- */

static int add_account(struct reach *r, const struct account *account, int64_t through)
{
	if (map_get_u64(r->seen, (uint64_t)account->id))
		return 0;
	if (r->n == ACCOUNTS_REACHED_MAX)
		return HEARTH_ETOOBIG;
	if (r->n == r->room) {
		r->room = r->room ? 2 * r->room : 4;
		r->accounts = mem_realloc(r->accounts, r->room * sizeof(*r->accounts));
	}
	r->accounts[r->n] = *account;
	r->accounts[r->n++].through = through;
	map_set_u64(r->seen, (uint64_t)account->id, r);
	return 0;
}

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

/* Who is in two groups gets a mail once. */
static int add_subscriber(void *arg, const struct subscriber *s)
{
	struct reach *r = arg;
	char key[260];

	snprintf(key, sizeof(key), "<%s>", s->address);
	for (char *c = key; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	if (map_get(r->seen, slice_str(key)))
		return 0;
	if (r->subscriber_n == ACCOUNTS_REACHED_MAX)
		return HEARTH_ETOOBIG;
	if (r->subscriber_n == r->subscriber_room) {
		r->subscriber_room = r->subscriber_room ? 2 * r->subscriber_room : 4;
		r->subscribers =
			mem_realloc(r->subscribers, r->subscriber_room * sizeof(*r->subscribers));
	}
	r->subscribers[r->subscriber_n++] = (struct accounts_subscriber){
		.group = s->group, .id = s->id, .address = mem_strdup(slice_str(s->address))
	};
	map_set(r->seen, slice_str(key), r);
	return 0;
}

struct ids {
	int64_t list[GROUP_MEMBERS_MAX];
	size_t n;
};

static int take_id(struct db_rows *rows, void *arg)
{
	struct ids *ids = arg;

	if (ids->n < GROUP_MEMBERS_MAX)
		ids->list[ids->n++] = db_col_int(rows, 0);
	return 0;
}

/* The accounts of these ids; who is deleted since is left out, and *n says how many are there. */
static int add_all(
	struct db_tx *tx, struct reach *r, const struct ids *ids, int64_t through, size_t *n)
{
	struct account account;
	int rc = 0;

	*n = 0;
	for (size_t i = 0; i < ids->n && rc == 0; i++) {
		rc = auth_store_get(tx, ids->list[i], &account);
		if (rc == 0)
			rc = add_account(r, &account, through);
		else if (rc == HEARTH_ENOTFOUND)
			rc = 0;
		else
			break;
		*n += 1;
	}
	return rc;
}

#define OWNERS_TOLD 10

static int take_owner(struct db_rows *rows, void *arg)
{
	strbuf_printf(arg, "%.*s\n", SLICE_ARG(db_col_text(rows, 0)));
	return 0;
}

/* A group's own words, once. */
static int add_group(struct db_tx *tx, struct reach *r, const struct group *g)
{
	enum group_role role = GROUP_NOBODY;
	struct accounts_group *added;
	struct strbuf owners = { 0 };
	int rc = r->writer ? group_role_of(tx, g->id, r->writer, &role) : 0;

	for (size_t i = 0; i < r->group_n; i++)
		if (r->groups[i].id == g->id)
			return 0;
	if (rc < 0 || r->group_n == ACCOUNTS_GROUPS_MAX)
		return rc < 0 ? rc : HEARTH_ETOOBIG;
	if (!r->groups)
		r->groups = mem_zalloc(ACCOUNTS_GROUPS_MAX * sizeof(*r->groups));
	added = &r->groups[r->group_n++];
	added->id = g->id;
	added->name = mem_strdup(slice_str(g->name));
	added->title = mem_strdup(slice_str(g->title));
	added->prefix = mem_strdup(slice_str(g->prefix));
	added->open = g->posting != GROUP_POSTING_OWNERS;
	added->archived = g->archive != GROUP_ARCHIVE_OFF;
	added->may_post =
		g->posting == GROUP_POSTING_ANYBODY || role == GROUP_OWNER ||
		((g->posting == GROUP_POSTING_MEMBERS || g->posting == GROUP_POSTING_MODERATED) &&
			role == GROUP_MEMBER);
	added->waits = g->posting == GROUP_POSTING_MODERATED && !added->may_post;
	if (added->waits)
		rc = db_each(tx, take_owner, &owners,
			"SELECT a.address FROM membership m JOIN account a ON a.id = m.account"
			" WHERE m.group_id = $1 AND m.role = $2 AND a.disabled = 0"
			" ORDER BY a.id LIMIT $3",
			db_int(g->id), db_int(GROUP_OWNER), db_int(OWNERS_TOLD));
	added->owners = mem_strdup(strbuf_slice(&owners));
	strbuf_free(&owners);
	return rc;
}

static int add_members(struct db_tx *tx, struct reach *r, int64_t group)
{
	struct ids ids = { .n = 0 };
	size_t n = 0;
	int rc = db_each(tx, take_id, &ids,
		"SELECT account FROM membership WHERE group_id = $1 ORDER BY account LIMIT $2",
		db_int(group), db_int(GROUP_MEMBERS_MAX));

	if (rc == 0)
		rc = add_all(tx, r, &ids, group, &n);
	if (rc == 0)
		rc = subscriber_each(tx, group, true, add_subscriber, r);
	return rc == 0 && n + r->subscriber_n == 0 ? HEARTH_ENOTFOUND : rc;
}

/*
 * Whoever runs the server; who is disabled reads nothing, and is asked only where nobody else is left.
 * While there is nobody the mail waits with its sender (HEARTH_EBUSY): what strangers write to
 * postmaster is not lost because the first administrator is still to come.
 */
static int add_administrators(struct db_tx *tx, struct reach *r)
{
	struct account account;
	struct ids ids = { .n = 0 };
	size_t n = 0, enabled = 0;
	int rc = auth_store_each_administrator(tx, take_id, &ids, GROUP_MEMBERS_MAX);

	while (rc == 0 && enabled < ids.n) {
		rc = auth_store_get(tx, ids.list[enabled], &account);
		if (rc < 0 || account.disabled)
			break;
		enabled++;
	}
	if (rc == 0 && enabled > 0)
		ids.n = enabled;
	if (rc == 0)
		rc = add_all(tx, r, &ids, ACCOUNTS_ADMINISTRATORS, &n);
	return rc < 0 ? rc : n > 0 ? 0 : HEARTH_EBUSY;
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
		return rc == 0 ? add_account(r, &account, 0) : rc;
	rc = follow(tx, r, address, depth);
	if (rc != HEARTH_ENOTFOUND || !auth_address_is_local(r->config, address) ||
		group_name_check(slice_split(&rest, '@'), name) < 0)
		return rc;
	rc = group_find(tx, name, &g);
	if (rc < 0)
		return rc;
	if (depth == 0)
		r->group = g.id;
	rc = add_group(tx, r, &g);
	if (rc == 0)
		rc = add_members(tx, r, g.id);
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
		return add_administrators(tx, r);
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

/*
 * alias/reach_group.c: whom a group reaches, and the names of the server: the accounts behind them, and members
 * elsewhere (reach.c). Inside a db_fn; of a group GROUP_MEMBERS_MAX.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "alias/reach_internal.h"
#include "group/subscriber.h"
#include "hearth/error.h"

static bool is_moderated(const struct reach *r, int64_t group)
{
	for (size_t i = 0; i < r->group_n; i++)
		if (r->groups[i].id == group)
			return r->groups[i].waits;
	return false;
}

/* How good a way to somebody is: by itself before a group, and that before one where it waits. */
static int worth(const struct reach *r, int64_t through)
{
	return through == 0 ? 3 : is_moderated(r, through) ? 0 : through > 0 ? 2 : 1;
}

int reach_add_account(struct reach *r, const struct account *account, int64_t through)
{
	size_t at = (uintptr_t)map_get_u64(r->seen, (uint64_t)account->id);

	if (at > 0) {
		if (worth(r, through) > worth(r, r->accounts[at - 1].through))
			r->accounts[at - 1].through = through;
		return 0;
	}
	if (r->n == ACCOUNTS_REACHED_MAX)
		return HEARTH_ETOOBIG;
	if (r->n == r->room) {
		r->room = r->room ? 2 * r->room : 4;
		r->accounts = mem_realloc(r->accounts, r->room * sizeof(*r->accounts));
	}
	r->accounts[r->n] = *account;
	r->accounts[r->n++].through = through;
	map_set_u64(r->seen, (uint64_t)account->id, (void *)(uintptr_t)r->n);
	return 0;
}

/* Who is in two groups gets a mail once: now, where one of them has it now. */
static int add_subscriber(void *arg, const struct subscriber *s)
{
	struct reach *r = arg;
	char key[260];
	size_t at;

	snprintf(key, sizeof(key), "<%s>", s->address);
	for (char *c = key; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	at = (uintptr_t)map_get(r->seen, slice_str(key));
	if (at > 0) {
		if (worth(r, s->group) > worth(r, r->subscribers[at - 1].group)) {
			r->subscribers[at - 1].group = s->group;
			r->subscribers[at - 1].id = s->id;
		}
		return 0;
	}
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
	map_set(r->seen, slice_str(key), (void *)(uintptr_t)r->subscriber_n);
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
			rc = reach_add_account(r, &account, through);
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
int reach_add_group(struct db_tx *tx, struct reach *r, const struct group *g)
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
	added->is_of_it = role == GROUP_MEMBER || role == GROUP_OWNER;
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

int reach_add_members(struct db_tx *tx, struct reach *r, int64_t group)
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
int reach_add_administrators(struct db_tx *tx, struct reach *r)
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

/*
 * group_service.c: the part of the "accounts" service that is about groups (accounts.h): who a mail
 * address reaches, and who is in a group. On the loop; what waits is on workers and in commands.
 */
#include <stdlib.h>

#include "account/reserved.h"
#include "group/group.h"
#include "hearth/error.h"

/* ---- who a mail address reaches ---- */

struct reach {
	struct auth *a;
	char address[256];
	struct account *accounts; /* owned */
	size_t n, room;
	int64_t group;
	accounts_reached_fn *done;
	void *arg;
};

static void add_account(struct reach *r, const struct account *account)
{
	if (r->n == r->room) {
		r->room = r->room ? 2 * r->room : 4;
		r->accounts = mem_realloc(r->accounts, r->room * sizeof(*r->accounts));
	}
	r->accounts[r->n++] = *account;
}

/* The accounts of these ids; who is deleted since is left out. */
static int add_all(struct db_tx *tx, struct reach *r, const int64_t *ids, size_t n)
{
	struct account account;
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = auth_store_get(tx, ids[i], &account);
		if (rc == 0)
			add_account(r, &account);
		if (rc == HEARTH_ENOTFOUND)
			rc = 0;
	}
	return rc;
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

static int add_members(struct db_tx *tx, struct reach *r)
{
	struct ids ids = { .n = 0 };
	int rc = db_each(tx, take_id, &ids,
		"SELECT account FROM membership WHERE group_id = $1 ORDER BY account LIMIT $2",
		db_int(r->group), db_int(GROUP_MEMBERS_MAX));

	return rc < 0 ? rc : add_all(tx, r, ids.list, ids.n);
}

/*
 * Whoever runs the server. While there is nobody the mail waits with its sender (HEARTH_EBUSY):
 * what strangers write to postmaster is not lost because the first administrator is still to come.
 */
static int reach_administrators(struct db_tx *tx, struct reach *r)
{
	struct ids ids = { .n = 0 };
	int rc = auth_store_each_administrator(tx, take_id, &ids, GROUP_MEMBERS_MAX);

	if (rc == 0)
		rc = add_all(tx, r, ids.list, ids.n);
	if (rc < 0)
		return rc;
	/* Who is disabled reads nothing: only where nobody else is left. */
	while (r->n > 1 && r->accounts[r->n - 1].disabled && !r->accounts[0].disabled)
		r->n--;
	r->group = ACCOUNTS_REACHED_ADMINISTRATORS;
	return r->n > 0 ? 0 : HEARTH_EBUSY;
}

/* The account of this very address, or the group of its local part. */
static int reach_exactly(struct db_tx *tx, struct reach *r, const char *address)
{
	struct account account;
	struct slice rest = slice_str(address);
	char name[GROUP_NAME_MAX + 1];
	struct group g;
	int rc = auth_store_find(tx, address, &account, NULL);

	if (rc == 0)
		add_account(r, &account);
	if (rc != HEARTH_ENOTFOUND)
		return rc;
	if (group_name_check(slice_split(&rest, '@'), name) < 0 ||
		!auth_address_is_local(hearth_config(r->a->h), address))
		return HEARTH_ENOTFOUND;
	rc = group_find(tx, name, &g);
	if (rc < 0)
		return rc;
	r->group = g.id;
	rc = add_members(tx, r);
	return rc == 0 && r->n == 0 ? HEARTH_ENOTFOUND : rc;
}

/* What stands behind "+" is a subaddress (RFC 5233), unless there is an account of that name. */
static int reach_somebody(struct db_tx *tx, struct reach *r, char plain[256])
{
	int rc = reach_exactly(tx, r, r->address);
	char *plus;

	memcpy(plain, r->address, sizeof(r->address));
	plus = strchr(plain, '+');
	if (rc != HEARTH_ENOTFOUND || r->group || !plus || plus == plain)
		return rc;
	memmove(plus, strchr(plus, '@'), strlen(strchr(plus, '@')) + 1);
	return reach_exactly(tx, r, plain);
}

static int reach(struct db_tx *tx, void *arg)
{
	struct reach *r = arg;
	struct slice rest;
	char plain[256];
	int rc;

	r->n = 0;
	r->group = 0;
	rc = reach_somebody(tx, r, plain);
	rest = slice_str(plain);
	if (rc == HEARTH_ENOTFOUND && auth_address_is_local(hearth_config(r->a->h), plain) &&
		reserved_reaches_administrators(slice_split(&rest, '@')))
		rc = reach_administrators(tx, r);
	return rc;
}

static void on_reached(void *arg, int status)
{
	struct reach *r = arg;
	size_t n = status == 0 ? r->n : 0;

	r->done(r->arg, status, n ? r->accounts : NULL, n, status == 0 ? r->group : 0);
	free(r->accounts);
	free(r);
}

static void answer_not_found(void *arg)
{
	on_reached(arg, HEARTH_ENOTFOUND);
}

static void answer_busy(void *arg)
{
	on_reached(arg, HEARTH_EBUSY);
}

/*
 * The address as accounts have theirs. What a subaddress is made of is the sender's business, not
 * ours: it may be longer than a name, and have characters that no name has (another address, as
 * VERP writes it).
 */
static int read_address(const struct config *config, struct slice address, char out[256])
{
	struct slice domain = address, local = slice_split(&domain, '@');
	ptrdiff_t plus = slice_chr(local, '+');
	struct strbuf plain = { 0 };
	int rc = auth_address(config, address, out);

	if (rc < 0 && plus > 0 && domain.p) {
		strbuf_printf(&plain, "%.*s@%.*s", SLICE_ARG(slice_head(local, (size_t)plus)),
			SLICE_ARG(domain));
		rc = auth_address(config, strbuf_slice(&plain), out);
		strbuf_free(&plain);
	}
	return rc;
}

static void reached_by(void *self, struct slice address, accounts_reached_fn *done, void *arg)
{
	struct auth *a = self;
	struct reach *r = mem_zalloc(sizeof(*r));

	r->a = a;
	r->done = done;
	r->arg = arg;
	if (read_address(hearth_config(a->h), address, r->address) < 0)
		exec_post(exec_loop(), answer_not_found, r);
	else if (db_read(a->db, reach, on_reached, r) < 0)
		exec_post(exec_loop(), answer_busy, r);
}

/* ---- who is in a group ---- */

struct question {
	char name[GROUP_NAME_MAX + 1];
	int64_t group, account;
	struct arena *arena;
	int64_t *members;
	size_t n, room;
};

static int find_group(struct db_tx *tx, void *arg)
{
	struct question *q = arg;
	struct group g;
	int rc = group_find(tx, q->name, &g);

	if (rc == 0)
		q->group = g.id;
	return rc;
}

static int group_by_address_wait(void *self, struct slice address, int64_t *group)
{
	struct auth *a = self;
	struct question q = { 0 };
	struct slice rest;
	char full[256];
	int rc;

	if (auth_address(hearth_config(a->h), address, full) < 0 ||
		!auth_address_is_local(hearth_config(a->h), full))
		return HEARTH_ENOTFOUND;
	rest = slice_str(full);
	if (group_name_check(slice_split(&rest, '@'), q.name) < 0)
		return HEARTH_ENOTFOUND;
	rc = db_read_wait(a->db, find_group, &q);
	if (rc == 0)
		*group = q.group;
	return rc;
}

static void add_id(void *arg, const struct group_person *person)
{
	struct question *q = arg;

	if (q->n < q->room)
		q->members[q->n++] = person->account;
}

static int compare_ids(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int list_members(struct db_tx *tx, void *arg)
{
	struct question *q = arg;

	q->n = 0;
	return group_people(tx, q->group, add_id, q);
}

static int members_wait(void *self, int64_t group, struct arena *a, int64_t **members, size_t *n)
{
	struct question q = { .group = group, .room = GROUP_MEMBERS_MAX };
	int rc;

	q.members = arena_alloc(a, q.room * sizeof(*q.members));
	rc = db_read_wait(((struct auth *)self)->db, list_members, &q);
	if (rc < 0)
		return rc;
	qsort(q.members, q.n, sizeof(*q.members), compare_ids);
	*members = q.members;
	*n = q.n;
	return 0;
}

static int find_member(struct db_tx *tx, void *arg)
{
	struct question *q = arg;
	enum group_role role = GROUP_NOBODY;
	int rc = group_role_of(tx, q->group, q->account, &role);

	return rc == 0 && role == GROUP_NOBODY ? HEARTH_ENOTFOUND : rc;
}

static int is_member_wait(void *self, int64_t group, int64_t account)
{
	struct question q = { .group = group, .account = account };

	return db_read_wait(((struct auth *)self)->db, find_member, &q);
}

void auth_group_service_init(struct auth *a)
{
	a->service.reached_by = reached_by;
	a->service.group_by_address_wait = group_by_address_wait;
	a->service.members_wait = members_wait;
	a->service.is_member_wait = is_member_wait;
}

/*
 * group_service.c: the part of the "accounts" service that is about groups (accounts.h): who is in one.
 * It waits: on workers and in commands.
 */
#include <stdio.h>
#include <stdlib.h>

#include "group/subscriber.h"
#include "hearth/error.h"

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

static int get_group(struct db_tx *tx, void *arg)
{
	struct group *g = arg;

	return group_get(tx, g->id, g);
}

static int group_by_id_wait(void *self, int64_t group, struct accounts_group_named *out)
{
	struct group g = { .id = group };
	int rc = db_read_wait(((struct auth *)self)->db, get_group, &g);

	if (rc < 0)
		return rc;
	snprintf(out->name, sizeof(out->name), "%s", g.name);
	snprintf(out->title, sizeof(out->title), "%s", g.title);
	out->open = g.posting != GROUP_POSTING_OWNERS;
	out->archived = g.archive != GROUP_ARCHIVE_OFF;
	snprintf(out->prefix, sizeof(out->prefix), "%s", g.prefix);
	return 0;
}

static int get_subscriber(struct db_tx *tx, void *arg)
{
	struct subscriber *s = arg;
	int rc = subscriber_get(tx, s->group, s->id, s);

	return rc == 0 && s->state != SUBSCRIBER_MEMBER ? HEARTH_ENOTFOUND : rc;
}

static int subscriber_wait(void *self, int64_t group, int64_t id, char address[256])
{
	struct subscriber s = { .group = group, .id = id };
	int rc = db_read_wait(((struct auth *)self)->db, get_subscriber, &s);

	if (rc == 0)
		snprintf(address, 256, "%s", s.address);
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

static int find_owner(struct db_tx *tx, void *arg)
{
	struct question *q = arg;
	enum group_role role = GROUP_NOBODY;
	int rc = group_role_of(tx, q->group, q->account, &role);

	return rc == 0 && role != GROUP_OWNER ? HEARTH_ENOTFOUND : rc;
}

static int owns_group_wait(void *self, int64_t group, int64_t account)
{
	struct question q = { .group = group, .account = account };

	return db_read_wait(((struct auth *)self)->db, find_owner, &q);
}

void auth_group_service_init(struct auth *a)
{
	a->service.group_by_address_wait = group_by_address_wait;
	a->service.group_by_id_wait = group_by_id_wait;
	a->service.subscriber_wait = subscriber_wait;
	a->service.members_wait = members_wait;
	a->service.owns_group_wait = owns_group_wait;
	a->service.is_member_wait = is_member_wait;
}

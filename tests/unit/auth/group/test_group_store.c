/*
 * test_group_store.c: groups, who is in them and what they let people keep, in the database; and
 * what other modules ask of them.
 */
#include "account/quota.h"
#include "account/resting.h"
#include "audit/audit_log.h"
#include "database.h"
#include "group/group.h"
#include "harness.h"
#include "hearth/clock.h"
#include "hearth/error.h"

#define T0 INT64_C(1700000000000)

extern const struct hearth_module auth_module;

static struct db *db;

/* One test's function, in one write transaction on fresh tables. */
static void within_fresh(db_fn *fn)
{
	db = database_new(auth_module.schemas);
	ck_assert_int_eq(db_write_wait(db, fn, NULL), 0);
	db_close(&db);
}

static int64_t person(struct db_tx *tx, const char *address)
{
	int64_t id = 0;

	ck_assert_int_eq(auth_store_add(tx, address, "h", AUTH_MEMBER, T0, &id), 0);
	return id;
}

static int64_t group(struct db_tx *tx, const char *name, int64_t quota)
{
	struct group g = { .quota = quota };
	int64_t id = 0;

	snprintf(g.name, sizeof(g.name), "%s", name);
	snprintf(g.title, sizeof(g.title), "%s", name);
	ck_assert_int_eq(group_add(tx, &g, T0, &id), 0);
	return id;
}

/* How many events of groups there are, and what the last says. */
static int64_t events(struct db_tx *tx, char last[200])
{
	struct db_rows rows;
	int64_t n = 0;

	ck_assert_int_eq(db_query(tx, &rows,
				 "SELECT payload FROM bus_outbox WHERE topic = 'auth.group.changed'"
				 " ORDER BY position"),
		0);
	for (; db_next(&rows) > 0; n++)
		snprintf(last, 200, "%.*s", SLICE_ARG(db_col_bytes(&rows, 0)));
	ck_assert_int_eq(db_end(&rows), 0);
	return n;
}

static int names(struct db_tx *tx, void *arg)
{
	struct group g = { .name = "ann" };
	int64_t id;
	bool has;

	(void)arg;
	person(tx, "ann@x.test");
	person(tx, "bob.x@x.test");
	ck_assert_int_eq(group_add(tx, &g, T0, &id), HEARTH_EEXIST);
	group(tx, "bob", 0);
	group(tx, "an", 0);
	ck_assert_int_eq(
		auth_store_add(tx, "bob@x.test", "h", AUTH_MEMBER, T0, &id), HEARTH_EEXIST);
	ck_assert_int_eq(auth_store_add(tx, "an@y.test", "h", AUTH_MEMBER, T0, &id), HEARTH_EEXIST);
	ck_assert_int_eq(auth_store_add(tx, "an+b@y.test", "h", AUTH_MEMBER, T0, &id), 0);
	ck_assert(group_has_name(tx, "bob@z.test", &has) == 0 && has);
	ck_assert(group_has_name(tx, "bo@z.test", &has) == 0 && !has);
	/* A deleted account's address rests, also for a group; then both may have it. */
	ck_assert_int_eq(auth_store_delete(tx, 1, T0, 1000), 0);
	ck_assert_int_eq(auth_store_delete(tx, 1, T0, 1000), HEARTH_ENOTFOUND);
	ck_assert_int_eq(group_add(tx, &g, T0 + 999, &id), HEARTH_ECONFLICT);
	ck_assert_int_eq(auth_store_add(tx, "ann@x.test", "h", AUTH_MEMBER, T0 + 999, &id),
		HEARTH_ECONFLICT);
	ck_assert_int_eq(auth_store_add(tx, "ann@y.test", "h", AUTH_MEMBER, T0 + 999, &id), 0);
	ck_assert_int_eq(auth_store_delete(tx, id, T0, 0), 0);
	ck_assert_int_eq(group_add(tx, &g, T0 + 1000, &id), 0);
	/* A group's name rests for accounts of every domain; an administrator's word frees it. */
	ck_assert_int_eq(group_delete(tx, id, T0 + 1000, 1000), 0);
	ck_assert_int_eq(auth_store_add(tx, "ann@z.test", "h", AUTH_MEMBER, T0 + 1500, &id),
		HEARTH_ECONFLICT);
	ck_assert_int_eq(resting_free(tx, "ann@x.test", T0 + 1500), 0);
	ck_assert_int_eq(resting_free(tx, "ann@x.test", T0 + 1500), HEARTH_ENOTFOUND);
	ck_assert_int_eq(auth_store_add(tx, "ann@z.test", "h", AUTH_MEMBER, T0 + 1500, &id), 0);
	ck_assert_int_eq(auth_store_delete(tx, id, T0, 1000), 0);
	ck_assert_int_eq(resting_expire(tx, T0 + 999), 0);
	ck_assert_int_eq(resting_free(tx, "ann@z.test", T0 + 1000), HEARTH_ENOTFOUND);
	return 0;
}

START_TEST(names_and_addresses_exclude_each_other)
{
	within_fresh(names);
}
END_TEST

static int owners(struct db_tx *tx, void *arg)
{
	int64_t a = person(tx, "a@x.test"), b = person(tx, "b@x.test"), g = group(tx, "gg", 0);
	enum group_role role;
	char last[200];

	(void)arg;
	ck_assert_int_eq(group_join(tx, g, a, GROUP_OWNER, T0), 0);
	/* Alone, the last owner may go, or be a member. */
	ck_assert_int_eq(group_join(tx, g, a, GROUP_MEMBER, T0), 0);
	ck_assert_int_eq(group_join(tx, g, a, GROUP_OWNER, T0), 0);
	ck_assert_int_eq(group_join(tx, g, b, GROUP_MEMBER, T0), 0);
	ck_assert_int_eq(group_leave(tx, g, a), HEARTH_ECONFLICT);
	ck_assert_int_eq(group_join(tx, g, a, GROUP_MEMBER, T0), HEARTH_ECONFLICT);
	ck_assert_int_eq(group_join(tx, g, b, GROUP_OWNER, T0), 0);
	ck_assert_int_eq(group_leave(tx, g, a), 0);
	ck_assert_int_eq(group_leave(tx, g, a), HEARTH_ENOTFOUND);
	ck_assert(group_role_of(tx, g, a, &role) == 0 && role == GROUP_NOBODY);
	ck_assert(group_role_of(tx, g, b, &role) == 0 && role == GROUP_OWNER);
	ck_assert_int_eq(group_join(tx, g, 999, GROUP_MEMBER, T0), HEARTH_ENOTFOUND);
	ck_assert_int_eq(group_join(tx, 999, a, GROUP_MEMBER, T0), HEARTH_ENOTFOUND);
	/* added, joined, 2 x role, joined, role, left: what changed nothing said nothing. */
	ck_assert_int_eq(events(tx, last), 7);
	ck_assert(strstr(last, "\"change\":\"left\",\"account\":1") != NULL);
	return 0;
}

START_TEST(the_last_owner_stays_while_others_are_there)
{
	within_fresh(owners);
}
END_TEST

static int gone(struct db_tx *tx, void *arg)
{
	int64_t a = person(tx, "a@x.test"), b = person(tx, "b@x.test");
	int64_t g = group(tx, "gg", 0), h = group(tx, "hh", 0);
	struct group found;
	char last[200];

	(void)arg;
	ck_assert_int_eq(group_join(tx, g, a, GROUP_OWNER, T0), 0);
	ck_assert_int_eq(group_join(tx, g, b, GROUP_MEMBER, T0), 0);
	ck_assert_int_eq(group_join(tx, h, a, GROUP_MEMBER, T0), 0);
	ck_assert_int_eq(auth_store_delete(tx, a, T0, 0), 0);
	ck_assert(group_get(tx, g, &found) == 0 && found.members == 1);
	ck_assert(group_get(tx, h, &found) == 0 && found.members == 0);
	ck_assert_int_eq(events(tx, last), 7);
	ck_assert_int_eq(group_delete(tx, g, T0, 0), 0);
	ck_assert_int_eq(group_delete(tx, g, T0, 0), HEARTH_ENOTFOUND);
	ck_assert_int_eq(events(tx, last), 8);
	ck_assert(strstr(last, "\"change\":\"deleted\"") != NULL);
	/* The next group gets another number. */
	ck_assert_int_gt(group(tx, "gg", 0), h);
	return 0;
}

START_TEST(a_deleted_account_leaves_every_group)
{
	within_fresh(gone);
}
END_TEST

static int64_t quota_of(struct db_tx *tx, int64_t id, int64_t standard)
{
	struct account account;

	quota_start(standard);
	ck_assert_int_eq(auth_store_get(tx, id, &account), 0);
	quota_start(0);
	return account.quota;
}

static int quotas(struct db_tx *tx, void *arg)
{
	int64_t a = person(tx, "a@x.test"), g = group(tx, "gg", 500), h = group(tx, "hh", 700);

	(void)arg;
	ck_assert_int_eq(quota_of(tx, a, 100), 100);
	ck_assert_int_eq(quota_of(tx, a, 0), 0);
	ck_assert_int_eq(group_join(tx, g, a, GROUP_MEMBER, T0), 0);
	ck_assert_int_eq(group_join(tx, h, a, GROUP_MEMBER, T0), 0);
	ck_assert_int_eq(quota_of(tx, a, 100), 700);
	ck_assert_int_eq(quota_of(tx, a, 800), 800);
	ck_assert_int_eq(quota_of(tx, a, 0), 0); /* no bound is more than any */
	ck_assert_int_eq(quota_set(tx, a, 50), 0);
	ck_assert_int_eq(quota_of(tx, a, 100), 50);
	ck_assert_int_eq(quota_set(tx, a, 0), 0);
	ck_assert_int_eq(quota_of(tx, a, 100), 0);
	ck_assert_int_eq(quota_set(tx, a, -1), 0);
	ck_assert_int_eq(group_leave(tx, h, a), 0);
	ck_assert_int_eq(quota_of(tx, a, 100), 500);
	return 0;
}

START_TEST(ones_own_quota_then_the_largest)
{
	within_fresh(quotas);
}
END_TEST

static int fill(struct db_tx *tx, void *arg)
{
	int64_t g = group(tx, "gg", 0);
	char address[40];

	(void)arg;
	/* Joined the other way round: the answer is by number. */
	for (int i = 0; i < 5; i++) {
		snprintf(address, sizeof(address), "p%d@x.test", i);
		person(tx, address);
	}
	for (int64_t id = 5; id >= 2; id--)
		ck_assert_int_eq(group_join(tx, g, id, GROUP_MEMBER, T0), 0);
	return 0;
}

START_TEST(other_modules_ask_who_is_in)
{
	struct arena *arena = arena_new();
	struct auth a = { 0 };
	const struct accounts *s = &a.service;
	int64_t *members = NULL;
	size_t n = 0;

	db = database_new(auth_module.schemas);
	ck_assert_int_eq(db_write_wait(db, fill, NULL), 0);
	a.db = db;
	a.service.self = &a;
	auth_group_service_init(&a);
	ck_assert_int_eq(s->members_wait(s->self, 1, arena, &members, &n), 0);
	ck_assert_uint_eq(n, 4);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(members[i], (int64_t)i + 2);
	ck_assert_int_eq(s->members_wait(s->self, 7, arena, &members, &n), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(s->is_member_wait(s->self, 1, 3), 0);
	ck_assert_int_eq(s->is_member_wait(s->self, 1, 1), HEARTH_ENOTFOUND);
	ck_assert_int_eq(s->is_member_wait(s->self, 7, 3), HEARTH_ENOTFOUND);
	arena_free(&arena);
	db_close(&db);
}
END_TEST

static int full(struct db_tx *tx, void *arg)
{
	int64_t g = group(tx, "gg", 0);
	char address[40];

	(void)arg;
	for (int i = 0; i <= GROUP_MEMBERS_MAX; i++) {
		snprintf(address, sizeof(address), "p%d@x.test", i);
		ck_assert_int_eq(group_join(tx, g, person(tx, address), GROUP_MEMBER, T0),
			i < GROUP_MEMBERS_MAX ? 0 : HEARTH_ETOOBIG);
	}
	return 0;
}

START_TEST(a_group_is_full_at_some_point)
{
	within_fresh(full);
}
END_TEST

static int made(struct db_tx *tx, void *arg)
{
	int64_t a = person(tx, "a@x.test"), b = person(tx, "b@x.test"), id[3];

	(void)arg;
	for (int i = 0; i < 3; i++) {
		struct group g = { .title = "t", .made_by = a };

		ck_assert_int_eq(group_may_make(tx, a, 3, T0), 0);
		snprintf(g.name, sizeof(g.name), "g%d", i);
		ck_assert_int_eq(group_add(tx, &g, T0, &id[i]), 0);
		ck_assert_int_eq(auth_audit(tx, a, "group.made", "", SLICE(""), g.name), 0);
	}
	ck_assert_int_eq(group_may_make(tx, a, 3, T0), HEARTH_EBUSY);
	ck_assert_int_eq(group_may_make(tx, a, 4, T0), 0);
	ck_assert_int_eq(group_may_make(tx, b, 1, T0), 0);
	/* Deleted ones count for a day: their names are nobody's for longer. */
	ck_assert_int_eq(group_delete(tx, id[0], T0, 1000), 0);
	ck_assert_int_eq(group_may_make(tx, a, 3, T0), HEARTH_EBUSY);
	ck_assert_int_eq(
		group_may_make(tx, a, 3, clock_wall_ms() + INT64_C(24) * 3600 * 1000 + 1), 0);
	/* Nothing tells who made one once they are gone. */
	ck_assert_int_eq(auth_store_delete(tx, a, T0, 0), 0);
	ck_assert_int_eq(db_run(tx, "DELETE FROM account_group WHERE made_by = $1", db_int(a)), 0);
	return 0;
}

START_TEST(an_account_makes_so_many_groups)
{
	within_fresh(made);
}
END_TEST

static int invited(struct db_tx *tx, void *arg)
{
	int64_t a = person(tx, "a@x.test"), b = person(tx, "b@x.test"), c = person(tx, "c@x.test");
	int64_t last = 0;
	char name[16];

	(void)arg;
	/* One maker has ten of somebody's fifty places; asking again takes no other. */
	for (int i = 0; i <= 10; i++) {
		snprintf(name, sizeof(name), "gg%d", i);
		last = group(tx, name, 0);
		ck_assert_int_eq(group_invite(tx, last, b, GROUP_MEMBER, a, T0),
			i < 10 ? 0 : HEARTH_ETOOBIG);
	}
	ck_assert_int_eq(group_invite(tx, last - 1, b, GROUP_OWNER, a, T0), 0);
	ck_assert_int_eq(group_invite(tx, last, b, GROUP_MEMBER, c, T0), 0);
	/* And so many wait for people's word, over all groups. */
	ck_assert_int_eq(db_run(tx,
				 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
				 " WHERE i < 990) INSERT INTO group_invitation SELECT 1, 1000 + i,"
				 " 1, $1, 0 FROM n",
				 db_int(a)),
		990);
	ck_assert_int_eq(group_invite(tx, last, c, GROUP_MEMBER, a, T0), HEARTH_ETOOBIG);
	ck_assert_int_eq(group_invite(tx, last, c, GROUP_MEMBER, 0, T0), 0);
	return 0;
}

START_TEST(nobody_uses_up_the_invitations_of_others)
{
	within_fresh(invited);
}
END_TEST

TEST_MAIN("group_store", an_account_makes_so_many_groups, nobody_uses_up_the_invitations_of_others,
	names_and_addresses_exclude_each_other, the_last_owner_stays_while_others_are_there,
	a_deleted_account_leaves_every_group, ones_own_quota_then_the_largest,
	other_modules_ask_who_is_in, a_group_is_full_at_some_point)

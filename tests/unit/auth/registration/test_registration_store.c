/*
 * Invitations, registrations that wait, and what administrators change, in the database: until when
 * each holds, how often, and what goes with it.
 */
#include "harness.h"

#include "account/admin.h"
#include "database.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "invitation/invitation.h"
#include "registration/register.h"

#include <stdio.h>

#define T0     INT64_C(1700000000000)
#define MINUTE INT64_C(60000)

extern const struct hearth_module auth_module;

static struct db *db;

/* One test's function, in one write transaction on fresh tables. */
static void within_fresh(db_fn *fn)
{
	clock_fake(T0, 1000000);
	db = database_new(auth_module.schemas);
	ck_assert_int_eq(db_write_wait(db, fn, NULL), 0);
	db_close(&db);
	clock_fake(-1, 0);
}

static int64_t invite(struct db_tx *tx, struct auth_invitation in, const char *hex)
{
	int64_t id = 0;

	in.created_ms = T0;
	ck_assert_int_eq(auth_store_add_invitation(tx, &in, hex, &id), 0);
	ck_assert_int_gt(id, 0);
	return id;
}

static int64_t account(struct db_tx *tx, const char *address, enum auth_role role)
{
	int64_t id = 0;

	ck_assert_int_eq(auth_store_add(tx, address, "h", role, T0, &id), 0);
	return id;
}

static int uses_and_time(struct db_tx *tx, void *arg)
{
	struct auth_invitation out;
	const struct auth_invitation in = { .made_by = 7,
		.role = AUTH_MODERATOR,
		.address = "ann@x.test",
		.groups = { 3, INT64_MAX },
		.group_count = 2,
		.uses_left = 2,
		.expires_ms = T0 + MINUTE,
		.note = "for Ann, \"the\" ☃" };

	(void)arg;
	invite(tx, in, "aa");
	/* Looking takes nothing. */
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(auth_store_find_invitation(tx, "aa", T0, &out), 0);
	ck_assert_int_eq(out.uses_left, 2);
	ck_assert_int_eq(out.made_by, 7);
	ck_assert_int_eq(out.role, AUTH_MODERATOR);
	ck_assert_str_eq(out.address, "ann@x.test");
	ck_assert_str_eq(out.note, in.note);
	ck_assert_uint_eq(out.group_count, 2);
	ck_assert_int_eq(out.groups[0], 3);
	ck_assert_int_eq(out.groups[1], INT64_MAX);
	ck_assert(!out.first);
	ck_assert_int_eq(auth_store_find_invitation(tx, "ab", T0, &out), HEARTH_ENOTFOUND);
	/* Until its last millisecond, and no longer. */
	ck_assert_int_eq(auth_store_take_invitation(tx, "aa", T0 + MINUTE - 1, &out), 0);
	ck_assert_int_eq(out.uses_left, 1);
	ck_assert_int_eq(auth_store_take_invitation(tx, "aa", T0 + MINUTE, &out), HEARTH_ENOTFOUND);
	ck_assert_int_eq(auth_store_take_invitation(tx, "aa", T0, &out), 0);
	ck_assert_int_eq(auth_store_take_invitation(tx, "aa", T0, &out), HEARTH_ENOTFOUND);
	ck_assert_int_eq(auth_store_find_invitation(tx, "aa", T0, &out), HEARTH_ENOTFOUND);
	return 0;
}

START_TEST(an_invitation_has_uses_and_a_time)
{
	within_fresh(uses_and_time);
}
END_TEST

static int first_starts(struct db_tx *tx, void *arg)
{
	struct auth_invitation out;
	const struct auth_invitation first = {
		.role = AUTH_ADMINISTRATOR, .uses_left = 1, .first = true
	};
	int64_t id;

	(void)arg;
	id = invite(tx, first, "f1");
	invite(tx, (struct auth_invitation){ .uses_left = 1 }, "aa");
	/* It has no end, and nobody takes it back by its number. */
	ck_assert_int_eq(auth_store_find_invitation(tx, "f1", INT64_MAX, &out), 0);
	ck_assert(out.first);
	ck_assert_int_eq(auth_store_delete_invitation(tx, id), HEARTH_ENOTFOUND);
	ck_assert_int_eq(auth_store_expire_invitations(tx, INT64_MAX), 0);
	ck_assert_int_eq(auth_store_find_invitation(tx, "f1", T0, &out), 0);
	/* The first administrator voids it, and nothing else; members leave it. */
	account(tx, "ann@x.test", AUTH_MEMBER);
	account(tx, "mo@x.test", AUTH_MODERATOR);
	ck_assert_int_eq(auth_store_find_invitation(tx, "f1", T0, &out), 0);
	account(tx, "root@x.test", AUTH_ADMINISTRATOR);
	ck_assert_int_eq(auth_store_find_invitation(tx, "f1", T0, &out), HEARTH_ENOTFOUND);
	ck_assert_int_eq(auth_store_find_invitation(tx, "aa", T0, &out), 0);
	return 0;
}

START_TEST(the_first_administrator_voids_the_first_link)
{
	within_fresh(first_starts);
}
END_TEST

static int many(struct db_tx *tx, void *arg)
{
	struct auth_invitation in = { .uses_left = 1, .made_by = 5 };
	char hex[16];
	int64_t id;

	(void)arg;
	for (int i = 0; i < AUTH_INVITATIONS_BY_ONE; i++) {
		snprintf(hex, sizeof(hex), "h%d", i);
		invite(tx, in, hex);
	}
	ck_assert_int_eq(auth_store_add_invitation(tx, &in, "one more", &id), HEARTH_ETOOBIG);
	in.made_by = 6;
	invite(tx, in, "another's");
	in.made_by = 0;
	invite(tx, in, "a command's");
	return 0;
}

START_TEST(one_account_makes_so_many)
{
	within_fresh(many);
}
END_TEST

static void count(void *arg, const struct auth_invitation *in)
{
	int *n = arg;

	ck_assert(!in->first);
	++*n;
}

static int listing(struct db_tx *tx, void *arg)
{
	int n = 0;
	int64_t id;

	(void)arg;
	invite(tx, (struct auth_invitation){ .uses_left = 1, .first = true }, "f1");
	invite(tx, (struct auth_invitation){ .uses_left = 0 }, "used");
	invite(tx, (struct auth_invitation){ .uses_left = 1, .expires_ms = T0 }, "late");
	invite(tx, (struct auth_invitation){ .uses_left = 1, .made_by = 5 }, "a");
	id = invite(tx, (struct auth_invitation){ .uses_left = 1, .made_by = 6 }, "b");
	ck_assert_int_eq(auth_store_list_invitations(tx, T0, INT64_MAX, 10, count, &n), 0);
	ck_assert_int_eq(n, 2);
	n = 0;
	ck_assert_int_eq(auth_store_list_invitations(tx, T0, id, 10, count, &n), 0);
	ck_assert_int_eq(n, 1);
	n = 0;
	ck_assert_int_eq(auth_store_list_invitations(tx, T0, INT64_MAX, 1, count, &n), 0);
	ck_assert_int_eq(n, 1);
	/* Sweeping takes those that can be used no more. */
	ck_assert_int_eq(auth_store_expire_invitations(tx, T0), 0);
	ck_assert_int_eq(db_run(tx, "DELETE FROM invitation WHERE first_start = 0"), 2);
	invite(tx, (struct auth_invitation){ .uses_left = 1, .made_by = 5 }, "c");
	invite(tx, (struct auth_invitation){ .uses_left = 1, .made_by = 6 }, "d");
	ck_assert_int_eq(auth_store_drop_invitations(tx, 5), 0);
	n = 0;
	ck_assert_int_eq(auth_store_list_invitations(tx, T0, INT64_MAX, 10, count, &n), 0);
	ck_assert_int_eq(n, 1);
	return 0;
}

START_TEST(what_can_be_used_is_listed)
{
	within_fresh(listing);
}
END_TEST

static int waiting(struct db_tx *tx, void *arg)
{
	const struct auth_registrant who = { .address = "ann@x.test",
		.hash = "$argon2id$x",
		.name = "Ann ☃",
		.invitation = "aa",
		.phone = "+4915123456789" };
	struct auth_registrant out;

	(void)arg;
	ck_assert_int_eq(auth_store_add_pending(tx, "t1", &who, T0 + MINUTE), 0);
	ck_assert_int_eq(auth_store_add_pending(tx, "t2", &who, T0 + 2 * MINUTE), 0);
	ck_assert_int_eq(auth_store_find_pending(tx, "t1", T0 + MINUTE - 1, &out), 0);
	ck_assert_str_eq(out.address, who.address);
	ck_assert_str_eq(out.hash, who.hash);
	ck_assert_str_eq(out.name, who.name);
	ck_assert_str_eq(out.invitation, who.invitation);
	ck_assert_str_eq(out.phone, who.phone);
	ck_assert_int_eq(auth_store_find_pending(tx, "t1", T0 + MINUTE, &out), HEARTH_ENOTFOUND);
	ck_assert_int_eq(auth_store_find_pending(tx, "t3", T0, &out), HEARTH_ENOTFOUND);
	ck_assert_int_eq(auth_store_expire_pending(tx, T0 + MINUTE), 0);
	ck_assert_int_eq(auth_store_find_pending(tx, "t1", T0, &out), HEARTH_ENOTFOUND);
	ck_assert_int_eq(auth_store_find_pending(tx, "t2", T0, &out), 0);
	ck_assert_int_eq(auth_store_drop_pending(tx, "t2"), 0);
	ck_assert_int_eq(auth_store_find_pending(tx, "t2", T0, &out), HEARTH_ENOTFOUND);
	return 0;
}

START_TEST(a_registration_waits_its_time)
{
	within_fresh(waiting);
}
END_TEST

static const struct auth_change disable = { .disabled_given = true, .disabled = true };
static const struct auth_change demote = { .role_given = true, .role = AUTH_MODERATOR };

static int last_administrator(struct db_tx *tx, void *arg)
{
	const struct account by = { .id = 1, .address = "root@x.test" };
	int64_t root = account(tx, "root@x.test", AUTH_ADMINISTRATOR);
	int64_t spare = account(tx, "spare@x.test", AUTH_ADMINISTRATOR);
	struct account out;

	(void)arg;
	ck_assert_int_eq(auth_store_change(tx, 999, &demote, &by), HEARTH_ENOTFOUND);
	ck_assert_int_eq(auth_store_change(tx, spare, &disable, &by), 0);
	ck_assert_int_eq(auth_store_change(tx, root, &demote, &by), HEARTH_ECONFLICT);
	ck_assert_int_eq(auth_store_change(tx, root, &disable, &by), HEARTH_ECONFLICT);
	ck_assert_int_eq(auth_store_get(tx, root, &out), 0);
	ck_assert(out.admin && !out.disabled);
	/* Who has the machine may. */
	ck_assert_int_eq(auth_store_change(tx, root, &demote, NULL), 0);
	ck_assert_int_eq(auth_store_get(tx, root, &out), 0);
	ck_assert(!out.admin && out.moderator);
	return 0;
}

START_TEST(the_last_administrator_stays)
{
	within_fresh(last_administrator);
}
END_TEST

static int losing_rights(struct db_tx *tx, void *arg)
{
	int64_t ann = account(tx, "ann@x.test", AUTH_ADMINISTRATOR);
	const struct auth_change promote = { .role_given = true, .role = AUTH_ADMINISTRATOR };
	const struct auth_token session = { .account = ann,
		.kind = AUTH_TOKEN_SESSION,
		.name = SLICE(""),
		.device = SLICE(""),
		.peer = SLICE("") };
	const struct auth_token app = { .account = ann,
		.kind = AUTH_TOKEN_APP,
		.name = SLICE(""),
		.device = SLICE(""),
		.peer = SLICE("") };
	struct auth_invitation in;
	int64_t id, left;

	(void)arg;
	ck_assert_int_eq(auth_store_add_token(tx, &session, "s", &id), 0);
	ck_assert_int_eq(auth_store_add_token(tx, &app, "p", &id), 0);
	invite(tx, (struct auth_invitation){ .uses_left = 1, .made_by = ann }, "a");
	/* What changes nothing, or gives more, takes nothing. */
	ck_assert_int_eq(auth_store_change(tx, ann, &promote, NULL), 0);
	ck_assert_int_eq(auth_store_count_tokens(tx, ann, AUTH_TOKEN_SESSION, &left), 0);
	ck_assert_int_eq(left, 1);
	ck_assert_int_eq(auth_store_find_invitation(tx, "a", T0, &in), 0);
	/* Less takes sessions and invitations, and leaves the mail program alone. */
	ck_assert_int_eq(auth_store_change(tx, ann, &demote, NULL), 0);
	ck_assert_int_eq(auth_store_count_tokens(tx, ann, AUTH_TOKEN_SESSION, &left), 0);
	ck_assert_int_eq(left, 0);
	ck_assert_int_eq(auth_store_find_invitation(tx, "a", T0, &in), HEARTH_ENOTFOUND);
	ck_assert_int_eq(auth_store_count_tokens(tx, ann, AUTH_TOKEN_APP, &left), 0);
	ck_assert_int_eq(left, 1);
	/* Disabled takes all. */
	ck_assert_int_eq(auth_store_change(tx, ann, &disable, NULL), 0);
	ck_assert_int_eq(auth_store_count_tokens(tx, ann, AUTH_TOKEN_APP, &left), 0);
	ck_assert_int_eq(left, 0);
	return 0;
}

START_TEST(rights_go_with_what_they_opened)
{
	within_fresh(losing_rights);
}
END_TEST

TEST_MAIN("register store", an_invitation_has_uses_and_a_time,
	the_first_administrator_voids_the_first_link, one_account_makes_so_many,
	what_can_be_used_is_listed, a_registration_waits_its_time, the_last_administrator_stays,
	rights_go_with_what_they_opened)

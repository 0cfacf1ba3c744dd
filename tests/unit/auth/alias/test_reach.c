/*
 * test_reach.c: whom an address reaches by which way, when there are several (alias.h): by itself before a group, and
 * by a group that has the mail now before one where it waits; and what is said of who writes.
 */
#include "alias/alias.h"

#include <stdio.h>

#include "auth.h"
#include "database.h"
#include "group/group.h"
#include "group/subscriber.h"
#include "harness.h"
#include "hearth/config.h"

#define T0 INT64_C(1700000000000)

extern const struct hearth_module auth_module;

static const struct config_setting settings[] = {
	{ "server", "hostname", CONFIG_TEXT, "x.test", NULL, NULL, NULL, "" },
	{ "mail", "domains", CONFIG_LIST, "x.test", NULL, NULL, NULL, "" },
	{ "mail", "subaddress", CONFIG_CHOICE, "+", NULL, NULL, "+|-|_|=|off", "" },
	CONFIG_END,
};

static struct config *config;
static int64_t ann, bob, choir, band;

static int64_t person(struct db_tx *tx, const char *address)
{
	int64_t id = 0;

	ck_assert_int_eq(auth_store_add(tx, address, "h", AUTH_MEMBER, T0, &id), 0);
	return id;
}

static int64_t group(struct db_tx *tx, const char *name, enum group_posting posting)
{
	struct group g = { .posting = posting };
	int64_t id = 0;

	snprintf(g.name, sizeof(g.name), "%s", name);
	snprintf(g.title, sizeof(g.title), "%s", name);
	ck_assert_int_eq(group_add(tx, &g, T0, &id), 0);
	g.id = id;
	ck_assert_int_eq(group_set(tx, &g), 0);
	return id;
}

static void subscribe(struct db_tx *tx, int64_t to, const char *hash)
{
	struct subscriber s = { .group = to };
	struct group g;
	char hex[AUTH_TOKEN_HEX] = "";

	snprintf(s.address, sizeof(s.address), "cy@else.test");
	snprintf(hex, sizeof(hex), "%s", hash);
	ck_assert_int_eq(subscriber_invite(tx, &s, ann, hex, T0), 0);
	ck_assert_int_eq(subscriber_confirm(tx, hex, T0, &g), 0);
}

static void alias(struct db_tx *tx, const char *address, const char *first, const char *second)
{
	const char *const targets[] = { first, second };

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(
			db_run(tx,
				"INSERT INTO alias (address, target, base, may_write, created_at)"
				" VALUES ($1, $2, '', 0, 0)",
				db_str(address), db_str(targets[i])),
			1);
}

/* Ann owns the choir, where what strangers write waits, and Bob is in it; both are in the band, too. */
static void people(struct db_tx *tx)
{
	ann = person(tx, "ann@x.test");
	bob = person(tx, "bob@x.test");
	choir = group(tx, "choir", GROUP_POSTING_MODERATED);
	band = group(tx, "band", GROUP_POSTING_ANYBODY);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(group_join(tx, i ? band : choir, ann, GROUP_OWNER, T0), 0);
		ck_assert_int_eq(group_join(tx, i ? band : choir, bob, GROUP_MEMBER, T0), 0);
		subscribe(tx, i ? band : choir, i ? "b" : "a");
	}
	alias(tx, "cb@x.test", "choir@x.test", "band@x.test");
	alias(tx, "bc@x.test", "band@x.test", "choir@x.test");
	alias(tx, "ca@x.test", "choir@x.test", "ann@x.test");
	alias(tx, "ac@x.test", "ann@x.test", "choir@x.test");
}

static void check_ways(
	struct db_tx *tx, const char *address, int64_t to_ann, int64_t to_bob, int64_t elsewhere)
{
	struct reach r = { .config = config };

	ck_assert_int_eq(auth_reach(tx, &r, slice_str(address)), 0);
	ck_assert_uint_eq(r.n, 2);
	for (size_t i = 0; i < r.n; i++)
		ck_assert_int_eq(r.accounts[i].through, r.accounts[i].id == ann ? to_ann : to_bob);
	ck_assert_uint_eq(r.subscriber_n, 1);
	ck_assert_int_eq(r.subscribers->group, elsewhere);
	auth_reach_clear(&r);
}

static int do_ways(struct db_tx *tx, void *arg)
{
	(void)arg;
	people(tx);
	check_ways(tx, "choir@x.test", choir, choir, choir);
	check_ways(tx, "cb@x.test", band, band, band);
	check_ways(tx, "bc@x.test", band, band, band);
	check_ways(tx, "ca@x.test", 0, choir, choir);
	check_ways(tx, "ac@x.test", 0, choir, choir);
	return 0;
}

/* Whether who writes is one of a group, which is not whether they may. */
static int do_writer(struct db_tx *tx, void *arg)
{
	int64_t eve;

	(void)arg;
	people(tx);
	eve = person(tx, "eve@x.test");
	for (int i = 0; i < 4; i++) {
		const int64_t writers[] = { ann, bob, eve, 0 };
		struct reach r = { .config = config, .writer = writers[i] };

		ck_assert_int_eq(auth_reach(tx, &r, SLICE("bc@x.test")), 0);
		ck_assert_uint_eq(r.group_n, 2);
		for (size_t k = 0; k < 2; k++) {
			ck_assert(r.groups[k].is_of_it == (i < 2));
			ck_assert(r.groups[k].may_post == (i < 2 || r.groups[k].id == band));
			ck_assert(r.groups[k].waits == !r.groups[k].may_post);
		}
		auth_reach_clear(&r);
	}
	return 0;
}

static void within_fresh(db_fn *fn)
{
	struct db *db = database_new(auth_module.schemas);

	config = config_new();
	config_declare(config, NULL, settings);
	ck_assert_int_eq(db_write_wait(db, fn, NULL), 0);
	config_free(&config);
	db_close(&db);
}

START_TEST(the_best_way_wins_in_any_order)
{
	within_fresh(do_ways);
}
END_TEST

START_TEST(who_writes_is_one_of_the_group_or_not)
{
	within_fresh(do_writer);
}
END_TEST

TEST_MAIN("reach", the_best_way_wins_in_any_order, who_writes_is_one_of_the_group_or_not)

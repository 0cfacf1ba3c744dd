/*
 * suite_registry.h: what registry.h promises, as tests that any implementation is run through.
 *
 * It knows nothing but include/hearth. The program that includes it defines before that:
 *
 *	static struct registry *suite_registry_open(const char *node);  // NULL: no more nodes here
 *	static void suite_registry_close(struct registry **r);
 *	static int suite_run_until(int (*fn)(void *arg), void *arg, int timeout_ms);  // the loop
 *
 * and puts SUITE_REGISTRY in its list of tests. An implementation that knows one node only answers
 * NULL to a second opening; what concerns several nodes is then not asked.
 */
#ifndef HEARTH_TESTS_SUITE_REGISTRY_H
#define HEARTH_TESTS_SUITE_REGISTRY_H

#include <string.h>

#include "hearth/registry.h"
#include "harness.h"

#define ENTRY_TTL_MS 15000

static const int here, there; /* two services; their addresses are what counts */

START_TEST(registry_finds_what_was_announced)
{
	struct registry *r = suite_registry_open("one");
	const struct registry_entry *e;

	ck_assert_ptr_null(registry_find(r, "game"));
	registry_announce(r, "game", &here);
	registry_announce(r, "gam", NULL);
	e = registry_find(r, "game");
	ck_assert_ptr_nonnull(e);
	ck_assert_str_eq(e->service, "game");
	ck_assert_str_eq(e->node, "one");
	ck_assert_str_ne(e->address, "");
	ck_assert_ptr_eq(e->local, &here);
	ck_assert(e->healthy);
	ck_assert_str_eq(registry_find(r, "gam")->service, "gam");
	ck_assert_ptr_null(registry_find(r, "gam")->local);
	ck_assert_ptr_null(registry_find(r, "games"));
	suite_registry_close(&r);
}
END_TEST

START_TEST(registry_knows_who_is_ill)
{
	struct registry *r = suite_registry_open("one");

	registry_set_health(r, "game", false);
	registry_announce(r, "game", &here);
	registry_announce(r, "video", &there);
	registry_set_health(r, "game", false);
	ck_assert_ptr_nonnull(registry_find(r, "game"));
	ck_assert(!registry_find(r, "game")->healthy);
	ck_assert(registry_find(r, "video")->healthy);
	registry_set_health(r, "game", true);
	ck_assert(registry_find(r, "game")->healthy);
	suite_registry_close(&r);
}
END_TEST

START_TEST(registry_forgets_what_was_withdrawn)
{
	struct registry *r = suite_registry_open("one");

	registry_withdraw(r, "game");
	registry_announce(r, "game", &here);
	registry_announce(r, "video", &there);
	registry_withdraw(r, "game");
	ck_assert_ptr_null(registry_find(r, "game"));
	ck_assert_ptr_eq(registry_find(r, "video")->local, &there);
	registry_announce(r, "game", &there);
	ck_assert_ptr_eq(registry_find(r, "game")->local, &there);
	ck_assert(registry_find(r, "game")->healthy);
	suite_registry_close(&r);
}
END_TEST

/* ---- several nodes ---- */

static int seen(void *arg)
{
	return registry_find(arg, "game") != NULL;
}

static int not_seen(void *arg)
{
	return !seen(arg);
}

START_TEST(registry_tells_the_other_nodes)
{
	struct registry *one = suite_registry_open("one");
	struct registry *two = suite_registry_open("two");

	if (two) {
		registry_announce(one, "game", &here);
		ck_assert(suite_run_until(seen, two, ENTRY_TTL_MS));
		ck_assert_str_eq(registry_find(two, "game")->node, "one");
		ck_assert_ptr_null(registry_find(two, "game")->local);
		registry_announce(two, "game", &there);
		ck_assert_ptr_eq(registry_find(two, "game")->local, &there);
		registry_withdraw(two, "game");
		registry_withdraw(one, "game");
		ck_assert(suite_run_until(not_seen, two, 2 * ENTRY_TTL_MS));
		suite_registry_close(&two);
	}
	suite_registry_close(&one);
}
END_TEST

#define SUITE_REGISTRY                                                \
	registry_finds_what_was_announced, registry_knows_who_is_ill, \
		registry_forgets_what_was_withdrawn, registry_tells_the_other_nodes

#endif

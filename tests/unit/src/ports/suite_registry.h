/*
 * suite_registry.h: what registry.h promises, as tests that any implementation is run through.
 *
 * It knows nothing but include/hearth. The program that includes it defines before that:
 *
 *	static struct registry *suite_registry_open(const char *node);  // NULL: no more nodes here
 *	static const char *suite_registry_address(const char *node);    // of this node
 *	static void suite_registry_close(struct registry **r);
 *	static int suite_run_until(int (*fn)(void *arg), void *arg, int timeout_ms);  // the loop
 *
 * and puts SUITE_REGISTRY in its list of tests. An implementation that knows one node only answers
 * NULL to a second opening; what concerns several nodes is then not asked.
 */
#ifndef HEARTH_TESTS_SUITE_REGISTRY_H
#define HEARTH_TESTS_SUITE_REGISTRY_H

#include <string.h>

#include "harness.h"
#include "hearth/registry.h"

#define ENTRY_TTL_MS 15000

static enum registry_state state_of(struct registry *r, const char *service)
{
	const struct registry_entry *e = registry_find(r, service);

	ck_assert_ptr_nonnull(e);
	return e->state;
}

START_TEST(registry_finds_what_was_announced)
{
	struct registry *r = suite_registry_open("one");
	const struct registry_entry *e;

	ck_assert_str_eq(registry_node(r), "one");
	ck_assert_ptr_null(registry_find(r, "game"));
	registry_announce(r, "game");
	registry_announce(r, "gam");
	e = registry_find(r, "game");
	ck_assert_ptr_nonnull(e);
	ck_assert_str_eq(e->service, "game");
	ck_assert_str_eq(e->node, "one");
	ck_assert_str_eq(e->address, suite_registry_address("one"));
	ck_assert(e->here);
	ck_assert_str_eq(registry_find(r, "gam")->service, "gam");
	ck_assert_ptr_null(registry_find(r, "games"));
	suite_registry_close(&r);
}
END_TEST

START_TEST(registry_knows_how_each_is)
{
	struct registry *r = suite_registry_open("one");

	registry_set_state(r, "game", REGISTRY_READY);
	ck_assert_ptr_null(registry_find(r, "game"));
	registry_announce(r, "game");
	registry_announce(r, "video");
	ck_assert_int_eq(state_of(r, "game"), REGISTRY_STARTING);
	registry_set_state(r, "game", REGISTRY_READY);
	ck_assert_int_eq(state_of(r, "game"), REGISTRY_READY);
	ck_assert_int_eq(state_of(r, "video"), REGISTRY_STARTING);
	registry_set_state(r, "game", REGISTRY_DRAINING);
	ck_assert_int_eq(state_of(r, "game"), REGISTRY_DRAINING);
	suite_registry_close(&r);
}
END_TEST

START_TEST(registry_forgets_what_was_withdrawn)
{
	struct registry *r = suite_registry_open("one");

	registry_withdraw(r, "game");
	registry_announce(r, "game");
	registry_announce(r, "video");
	registry_set_state(r, "game", REGISTRY_READY);
	registry_withdraw(r, "game");
	ck_assert_ptr_null(registry_find(r, "game"));
	ck_assert_ptr_nonnull(registry_find(r, "video"));
	registry_announce(r, "game");
	ck_assert_int_eq(state_of(r, "game"), REGISTRY_STARTING);
	suite_registry_close(&r);
}
END_TEST

/* ---- several nodes ---- */

static int ready(void *arg)
{
	const struct registry_entry *e = registry_find(arg, "game");

	return e && e->state == REGISTRY_READY;
}

static int not_seen(void *arg)
{
	return registry_find(arg, "game") == NULL;
}

START_TEST(registry_tells_the_other_nodes)
{
	struct registry *one = suite_registry_open("one");
	struct registry *two = suite_registry_open("two");

	if (two) {
		registry_announce(one, "game");
		registry_set_state(one, "game", REGISTRY_READY);
		ck_assert(suite_run_until(ready, two, ENTRY_TTL_MS));
		ck_assert_str_eq(registry_find(two, "game")->node, "one");
		ck_assert_str_eq(
			registry_find(two, "game")->address, suite_registry_address("one"));
		ck_assert(!registry_find(two, "game")->here);
		registry_announce(two, "game"); /* it starts: the other is better */
		ck_assert(!registry_find(two, "game")->here);
		registry_set_state(two, "game", REGISTRY_READY);
		ck_assert(registry_find(two, "game")->here);
		registry_set_state(two, "game", REGISTRY_DRAINING);
		ck_assert(!registry_find(two, "game")->here);
		registry_withdraw(two, "game");
		registry_withdraw(one, "game");
		ck_assert(suite_run_until(not_seen, two, 2 * ENTRY_TTL_MS));
		suite_registry_close(&two);
	}
	suite_registry_close(&one);
}
END_TEST

#define SUITE_REGISTRY                                                 \
	registry_finds_what_was_announced, registry_knows_how_each_is, \
		registry_forgets_what_was_withdrawn, registry_tells_the_other_nodes

#endif

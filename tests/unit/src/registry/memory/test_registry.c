/*
 * test_registry.c: the in-process registry: the suite of the port, and what would be a mistake.
 */
#include "registry/registry_internal.h"

#include "loop/loop.h"
#include "src/dies.h"

static int open_nodes;

static struct registry *suite_registry_open(const char *node)
{
	return open_nodes++ ? NULL : registry_new(node);
}

static void suite_registry_close(struct registry **r)
{
	registry_free(r);
	open_nodes = 0;
}

static int suite_run_until(int (*fn)(void *arg), void *arg, int timeout_ms)
{
	return loop_run_until(fn, arg, timeout_ms);
}

#include "src/ports/suite_registry.h"

static void announce_game(void *r)
{
	registry_announce(r, "game", &here);
}

static void announce_nothing(void *r)
{
	registry_announce(r, "", &here);
}

START_TEST(ends_the_process_on_a_mistake)
{
	struct registry *r =
		registry_new("a node whose name is much longer than what an entry has room for");

	registry_announce(r, "game", &here);
	ck_assert_uint_eq(strlen(registry_find(r, "game")->node), 47);
	ck_assert_str_eq(registry_find(r, "game")->address, "local");
	ck_assert(dies(announce_game, r));
	ck_assert(dies(announce_nothing, r));
	registry_free(&r);
	ck_assert_ptr_null(r);
	registry_free(&r);
}
END_TEST

TEST_MAIN("registry", SUITE_REGISTRY, ends_the_process_on_a_mistake)

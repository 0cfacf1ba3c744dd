/*
 * test_registry.c: the in-process registry: the suite of the port, and what would be a mistake.
 */
#include "registry/registry_internal.h"

#include "loop/loop.h"
#include "src/dies.h"

static int open_nodes;

static struct registry *suite_registry_open(const char *node)
{
	return open_nodes++ ? NULL : registry_new(&registry_memory, node, "10.0.0.1:1");
}

static const char *suite_registry_address(const char *node)
{
	(void)node;
	return "10.0.0.1:1";
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
	registry_announce(r, "game");
}

static void announce_nothing(void *r)
{
	registry_announce(r, "");
}

static void open_nameless(void *arg)
{
	(void)arg;
	registry_new(&registry_memory, "", "");
}

START_TEST(ends_the_process_on_a_mistake)
{
	struct registry *r = registry_new(&registry_memory, "one", "");

	registry_announce(r, "game");
	ck_assert(dies(announce_game, r));
	ck_assert(dies(announce_nothing, r));
	ck_assert(dies(open_nameless, NULL));
	registry_free(&r);
	ck_assert_ptr_null(r);
	registry_free(&r);
}
END_TEST

START_TEST(all_services_of_a_node_drain)
{
	struct registry *r = registry_new(&registry_memory, "one", "");

	registry_announce(r, "game");
	registry_announce(r, "video");
	registry_set_state(r, "video", REGISTRY_READY);
	registry_drain(r);
	ck_assert_int_eq(registry_find(r, "game")->state, REGISTRY_DRAINING);
	ck_assert_int_eq(registry_find(r, "video")->state, REGISTRY_DRAINING);
	registry_free(&r);
}
END_TEST

TEST_MAIN("registry", SUITE_REGISTRY, ends_the_process_on_a_mistake, all_services_of_a_node_drain)

/*
 * test_share.c: which node takes which shards: all of them are somebody's, nobody has more than a
 * share, and nothing moves that need not. And what the rows of several shards say of their clocks.
 */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "database.h"
#include "engine/share.h"
#include "hearth/module.h"
#include "store/store.h"

#define ALL ((1u << GAME_SHARDS) - 1)

extern const struct hearth_module game_module;

/* ---- nodes that do what the view says, one after the other ---- */

static int64_t epoch;
static struct game_view world; /* what is held, and by whom */

static struct game_view look(const char *self, const char *const nodes[], int n)
{
	struct lease_holder holder;
	struct game_view v;
	char name[LEASE_NAME_MAX + 1];

	game_view_init(&v, self);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), GAME_LEASE_NODE "%s", nodes[i]);
		holder.epoch = ++epoch;
		snprintf(holder.node, sizeof(holder.node), "%s", nodes[i]);
		game_view_add(&v, name, &holder);
	}
	for (int i = 0; i < GAME_OWNABLE; i++) {
		if (!world.held[i].epoch)
			continue;
		game_lease_name(i, name);
		holder.epoch = world.held[i].epoch;
		memcpy(holder.node, world.held[i].node, sizeof(holder.node));
		game_view_add(&v, name, &holder);
	}
	return v;
}

static uint32_t owned_by(const char *node)
{
	uint32_t owned = 0;

	for (int i = 0; i < GAME_OWNABLE; i++)
		if (world.held[i].epoch && strcmp(world.held[i].node, node) == 0)
			owned |= 1u << i;
	return owned;
}

static int count(uint32_t bits)
{
	return __builtin_popcount(bits & ALL);
}

/* One look of a node; returns how much it has changed. */
static int turn(const char *self, const char *const nodes[], int n)
{
	const int64_t live[GAME_SHARDS] = { 0 };
	struct game_view v = look(self, nodes, n);
	uint32_t gives = game_view_gives(&v, self, owned_by(self) & ALL, live);
	uint32_t takes = game_view_takes(&v, self);

	ck_assert_int_eq(gives & ~owned_by(self), 0);
	for (int i = 0; i < GAME_OWNABLE; i++) {
		ck_assert(!(takes >> i & 1) || !world.held[i].epoch);
		if (gives >> i & 1)
			world.held[i].epoch = 0;
		if (takes >> i & 1) {
			world.held[i].epoch = ++epoch;
			snprintf(world.held[i].node, sizeof(world.held[i].node), "%s", self);
		}
	}
	return count(gives) + __builtin_popcount(takes);
}

/* Until nothing changes; returns how many gave or took. */
static int settle(const char *const nodes[], int n)
{
	int changed = 0, round = 1;

	for (int rounds = 0; round; rounds++) {
		ck_assert_int_lt(rounds, 4);
		round = 0;
		for (int i = 0; i < n; i++)
			round += turn(nodes[i], nodes, n);
		changed += round;
	}
	for (int i = 0; i < GAME_OWNABLE; i++)
		ck_assert_int_gt(world.held[i].epoch, 0);
	return changed;
}

static void lose(const char *node)
{
	for (int i = 0; i < GAME_OWNABLE; i++)
		if (strcmp(world.held[i].node, node) == 0)
			world.held[i].epoch = 0;
}

START_TEST(every_shard_is_somebodys_and_the_shares_are_fair)
{
	static const char *const nodes[] = { "c", "a", "d", "b" };

	world = (struct game_view){ 0 };
	settle(nodes, 1);
	ck_assert_uint_eq(owned_by("c"), ALL | 1u << GAME_LOBBY);
	/* A second one is given half, and nothing else moves; then all stays as it is. */
	ck_assert_int_eq(settle(nodes, 2), 8 + 8);
	ck_assert_int_eq(count(owned_by("a")), 8);
	ck_assert_int_eq(settle(nodes, 2), 0);
	settle(nodes, 3);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(count(owned_by(nodes[i])), i == 1 ? 6 : 5);
	settle(nodes, 4);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(count(owned_by(nodes[i])), 4);
	/* Two die at once: the first had the lobby. */
	lose("c");
	lose("d");
	settle((const char *const[]){ "a", "b" }, 2);
	ck_assert_int_eq(count(owned_by("a")), 8);
	ck_assert_int_eq(count(owned_by("b")), 8);
	ck_assert_uint_eq(owned_by("a") >> GAME_LOBBY | owned_by("b") >> GAME_LOBBY, 1);
}
END_TEST

START_TEST(more_nodes_than_are_counted_leave_nothing_free)
{
	char names[GAME_NODES_MAX + 4][8];
	const char *nodes[GAME_NODES_MAX + 4];

	for (int i = 0; i < GAME_NODES_MAX + 4; i++) {
		snprintf(names[i], sizeof(names[i]), "n%02d", i);
		nodes[i] = names[i];
	}
	world = (struct game_view){ 0 };
	settle(nodes, 3);
	settle(nodes, GAME_NODES_MAX + 4);
	for (int i = 0; i < GAME_NODES_MAX + 4; i++)
		ck_assert_int_le(count(owned_by(nodes[i])), 1);
}
END_TEST

START_TEST(the_least_used_are_given)
{
	static const char *const nodes[] = { "a", "b" };
	int64_t live[GAME_SHARDS];
	struct game_view v = look("a", nodes, 2);

	for (int i = 0; i < GAME_SHARDS; i++)
		live[i] = i % 2 ? 0 : 10;
	ck_assert_uint_eq(game_view_gives(&v, "a", ALL, live), 0xaaaa);
	ck_assert_uint_eq(game_view_gives(&v, "a", 0xff, live), 0);
}
END_TEST

START_TEST(what_a_node_of_before_has_is_left_to_it)
{
	const struct lease_holder old = { .node = "old", .epoch = 1 };
	struct game_view v;

	game_view_init(&v, "a");
	game_view_add(&v, "game.shard.3", &old);
	ck_assert_uint_eq(game_view_takes(&v, "a"), 0);
	ck_assert(!game_view_has_node(&v, "old"));
}
END_TEST

START_TEST(names_are_of_what_they_say)
{
	static const char *const others[] = { "", "match.", "match.shard.", "match.shard.16",
		"match.shard.-1", "match.shard.1x", "match.shard.1 ", "match.lobby.", "match.lobb",
		"match.node.1", "game.lobby", "game.shard.1" };
	char name[LEASE_NAME_MAX + 1];

	for (int i = 0; i < GAME_OWNABLE; i++) {
		game_lease_name(i, name);
		ck_assert_int_eq(game_lease_what(name), i);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ck_assert_int_eq(game_lease_what(others[i]), -1);
}
END_TEST

/* ---- rows ---- */

static int add_matches(struct db_tx *tx, void *arg)
{
	int64_t *ids = arg;
	int rc = 0;

	for (int i = 0; i < 4 && rc == 0; i++) {
		struct game_match_row row = { .rules = game_rules_find(SLICE("chess")),
			.seats = 2,
			.accounts = { 100 + i, 200 + i },
			.names = { "W", "B" },
			.control = game_control_fischer(60000, 0),
			.started_at = 1 };

		rc = game_store_add(tx, &row, 10);
		ids[i] = row.id;
	}
	/* Two begin; one of them again, which is nothing new. */
	if (rc == 0)
		rc = game_store_begin(tx, ids[0], 1000, 5000);
	if (rc == 0)
		rc = game_store_begin(tx, ids[1], 2000, 9000);
	if (rc == 0)
		rc = game_store_begin(tx, ids[1], 3000, 10000);
	return rc < 0 ? rc : game_store_set_clock(tx, 5, 70000, 1);
}

static int read_clocks(struct db_tx *tx, void *arg)
{
	return game_store_clocks(tx, arg);
}

struct due {
	int64_t now_us[GAME_SHARDS];
	int64_t found[8];
	int n;
};

static int note_due(void *arg, int64_t id)
{
	struct due *d = arg;

	d->found[d->n++] = id;
	return 0;
}

static int read_due(struct db_tx *tx, void *arg)
{
	struct due *d = arg;

	d->n = 0;
	return game_store_due(tx, d->now_us, 8, note_due, d);
}

START_TEST(each_shard_has_its_clock_and_what_is_due_by_it)
{
	struct db *db = database_new(game_module.schemas);
	struct game_shard_clock clocks[GAME_SHARDS];
	struct due d = { .n = 0 };
	int64_t ids[4];

	ck_assert_int_eq(db_write_wait(db, add_matches, ids), 0);
	ck_assert_int_eq(db_read_wait(db, read_clocks, clocks), 0);
	ck_assert_int_eq(clocks[ids[0] % GAME_SHARDS].us, 1000);
	ck_assert_int_eq(clocks[ids[1] % GAME_SHARDS].us, 2000);
	ck_assert_int_eq(clocks[ids[1] % GAME_SHARDS].live, 1);
	ck_assert_int_eq(clocks[ids[2] % GAME_SHARDS].us, 0);
	ck_assert_int_eq(clocks[ids[2] % GAME_SHARDS].live, 0); /* it has not begun */
	ck_assert_int_eq(clocks[5].us, 70000);
	/* Of this node's shards, by each one's clock; what has not begun at once. */
	for (int i = 0; i < GAME_SHARDS; i++)
		d.now_us[i] = GAME_NOT_OURS;
	ck_assert_int_eq(db_read_wait(db, read_due, &d), 0);
	ck_assert_int_eq(d.n, 0);
	d.now_us[ids[0] % GAME_SHARDS] = 4000;
	d.now_us[ids[1] % GAME_SHARDS] = 9001;
	d.now_us[ids[2] % GAME_SHARDS] = 1;
	ck_assert_int_eq(db_read_wait(db, read_due, &d), 0);
	ck_assert_int_eq(d.n, 2);
	ck_assert_int_eq(d.found[0], ids[2]);
	ck_assert_int_eq(d.found[1], ids[1]);
	db_close(&db);
}
END_TEST

TEST_MAIN("share", every_shard_is_somebodys_and_the_shares_are_fair,
	more_nodes_than_are_counted_leave_nothing_free, the_least_used_are_given,
	what_a_node_of_before_has_is_left_to_it, names_are_of_what_they_say,
	each_shard_has_its_clock_and_what_is_due_by_it)

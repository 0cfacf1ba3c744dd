/*
 * test_turn.c: whose password is hashed next, network by network; and what is remembered of one
 * that was right.
 */
#include "harness.h"

#include "hearth/clock.h"
#include "session/remembered.h"
#include "session/turn.h"

#include <stdio.h>

static char order[64];
static size_t began;
static char name_a = 'a', name_b = 'b', name_c = 'c';

static void begin(void *arg)
{
	order[began++] = *(char *)arg;
	order[began] = 0;
}

START_TEST(networks_take_turns_and_few_are_in_hand)
{
	struct turns *t = turns_new();
	struct turn turn[16];
	size_t n = 0;

	began = 0;
	/* One network sends many; another comes later with two, a third with one. */
	for (int i = 0; i < 8; i++)
		turn_take(t, &turn[n++], "192.0.2.1", begin, &name_a);
	ck_assert_uint_eq(began, TURNS_IN_HAND);
	turn_take(t, &turn[n++], "192.0.2.2", begin, &name_b);
	turn_take(t, &turn[n++], "192.0.2.2", begin, &name_b);
	turn_take(t, &turn[n++], "192.0.2.3", begin, &name_c);
	for (size_t i = 0; i < n; i++)
		turn_end(t);
	ck_assert_str_eq(order, "aaaaabcabaa");
	/* Nobody waits: at once. */
	turn_take(t, &turn[0], "192.0.2.3", begin, &name_c);
	ck_assert_uint_eq(began, n + 1);
	turn_end(t);
	turns_free(&t);
}
END_TEST

START_TEST(a_password_is_remembered_for_one_hash_of_one_account)
{
	struct remembered *r;

	clock_fake(INT64_C(1700000000000), 1000000);
	r = remembered_new();
	ck_assert(!remembered_has(r, 7, "hash", SLICE("secret")));
	remembered_add(r, 7, "hash", SLICE("secret"));
	ck_assert(remembered_has(r, 7, "hash", SLICE("secret")));
	ck_assert(!remembered_has(r, 7, "hash", SLICE("secreu")));
	ck_assert(!remembered_has(r, 7, "hash", SLICE("")));
	/* The password was changed, or set again: the stored hash is another. */
	ck_assert(!remembered_has(r, 7, "hasi", SLICE("secret")));
	/* Nothing moves from the one to the other. */
	ck_assert(!remembered_has(r, 7, "has", SLICE("hsecret")));
	ck_assert(!remembered_has(r, 8, "hash", SLICE("secret")));
	/* Another account in the same place. */
	ck_assert(!remembered_has(r, 7 + REMEMBERED_MAX, "hash", SLICE("secret")));
	remembered_forget(r, 7 + REMEMBERED_MAX);
	ck_assert(remembered_has(r, 7, "hash", SLICE("secret")));
	remembered_forget(r, 7);
	ck_assert(!remembered_has(r, 7, "hash", SLICE("secret")));
	remembered_add(r, 7, "hash", SLICE("secret"));
	clock_fake_advance(REMEMBERED_MS - 1);
	ck_assert(remembered_has(r, 7, "hash", SLICE("secret")));
	clock_fake_advance(1);
	ck_assert(!remembered_has(r, 7, "hash", SLICE("secret")));
	remembered_free(&r);
	clock_fake(-1, 0);
}
END_TEST

TEST_MAIN("turn", networks_take_turns_and_few_are_in_hand,
	a_password_is_remembered_for_one_hash_of_one_account)

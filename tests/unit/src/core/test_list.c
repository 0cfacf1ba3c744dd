/*
 * test_list.c: the intrusive list of list.h.
 */
#include "harness.h"
#include "hearth/list.h"

struct item {
	int number;
	struct list_node node;
};

/* The numbers of a list, as digits, forwards and backwards. */
static void check_list(struct list *l, const char *digits)
{
	const struct list_node *back = l->head.prev;
	size_t n = 0;

	LIST_FOREACH (l, it)
		ck_assert_int_eq(LIST_ENTRY(it, struct item, node)->number, digits[n++] - '0');
	ck_assert_int_eq(digits[n], '\0');
	for (; back != &l->head; back = back->prev)
		ck_assert_int_eq(LIST_ENTRY(back, struct item, node)->number, digits[--n] - '0');
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(list_empty(l), digits[0] == '\0');
}

START_TEST(adds_and_takes)
{
	struct item items[4] = { { .number = 0 }, { .number = 1 }, { .number = 2 },
		{ .number = 3 } };
	struct list l;

	list_init(&l);
	check_list(&l, "");
	ck_assert_ptr_null(list_pop(&l));
	list_push(&l, &items[1].node);
	list_push(&l, &items[2].node);
	list_push_front(&l, &items[0].node);
	list_push(&l, &items[3].node);
	check_list(&l, "0123");
	ck_assert(list_linked(&items[1].node));
	list_remove(&items[1].node);
	list_remove(&items[1].node);
	ck_assert(!list_linked(&items[1].node));
	check_list(&l, "023");
	ck_assert_ptr_eq(list_pop(&l), &items[0].node);
	check_list(&l, "23");
}
END_TEST

START_TEST(loses_what_is_visited)
{
	struct item items[4] = { { .number = 0 }, { .number = 1 }, { .number = 2 },
		{ .number = 3 } };
	struct list l;

	list_init(&l);
	for (int i = 0; i < 4; i++)
		list_push(&l, &items[i].node);
	LIST_FOREACH (&l, it)
		if (LIST_ENTRY(it, struct item, node)->number % 2 == 0)
			list_remove(it);
	check_list(&l, "13");
	LIST_FOREACH (&l, it)
		list_remove(it);
	check_list(&l, "");
}
END_TEST

TEST_MAIN("list", adds_and_takes, loses_what_is_visited)

/*
 * test_ways.c: by which way each recipient of a mail has it, in whatever order they are named (deliver.h): by
 * themselves before a group, and by a group that passes it on before one where it waits; and which groups it goes to.
 */
#include "delivery/internal.h"
#include "harness.h"

enum { ANN = 1, BOB = 2 };

static const struct mail_list choir = {
	.id = 7, .name = SLICE("choir"), .waits = true, .owners = SLICE("o@x.test\n")
};
static const struct mail_list band = { .id = 8, .name = SLICE("band"), .archived = true };

/* The ways that an account may be named, the better ones later. */
static const struct way {
	const struct mail_list *list;
	const char *address;
} ways[] = { { &choir, "choir@x.test" }, { &band, "band@x.test" }, { NULL, "ann@x.test" } };

#define WAYS (sizeof(ways) / sizeof(ways[0]))

static void name_account(struct mail_delivery *d, int64_t account, const struct way *way)
{
	mail_delivery_add(d, &(struct mail_recipient){ .account = account,
				     .address = slice_str(way->address),
				     .list = way->list });
}

static void check(const struct mail_target *t, const struct way *way)
{
	ck_assert(slice_eq(t->r.address, slice_str(way->address)));
	ck_assert(!t->group == !way->list && !t->r.list == !way->list);
	if (way->list) {
		ck_assert(t->group->list.id == way->list->id && t->r.list == &t->group->list);
		ck_assert(mail_group_waits(t->group) == way->list->waits);
	}
}

START_TEST(an_account_has_it_once_by_the_best_way)
{
	for (size_t a = 0; a < WAYS; a++)
		for (size_t b = 0; b < WAYS; b++)
			for (size_t c = 0; c < WAYS; c++) {
				struct mail_delivery *d = mail_delivery_new(NULL);
				size_t best = a > b ? a : b;

				best = c > best ? c : best;
				name_account(d, ANN, &ways[a]);
				name_account(d, BOB, &ways[0]);
				name_account(d, ANN, &ways[b]);
				name_account(d, ANN, &ways[c]);
				ck_assert_uint_eq(mail_delivery_count(d), 2);
				ck_assert(mail_delivery_has(d, ANN) &&
					  d->targets[0].r.account == ANN);
				check(&d->targets[0], &ways[best]);
				check(&d->targets[1], &ways[0]);
				mail_delivery_abort(&d);
			}
}
END_TEST

static void name_member(struct mail_delivery *d, const struct mail_list *list, int64_t member,
	const char *address, const char *via)
{
	mail_delivery_send(d, &(struct mail_remote){ .address = slice_str(address),
				      .domain = SLICE("else.test"),
				      .sent_on = true,
				      .via = slice_str(via),
				      .list = list,
				      .member = member });
}

START_TEST(a_member_elsewhere_has_it_once_of_a_group)
{
	struct mail_delivery *d = mail_delivery_new(NULL);

	for (int i = 0; i < 3; i++)
		name_member(d, &choir, 10, "cy@else.test", i ? "all@x.test" : "choir@x.test");
	name_member(d, &band, 11, "cy@else.test", "band@x.test");
	ck_assert_uint_eq(mail_delivery_sent(d), 2);
	ck_assert(mail_delivery_has(d, -10) && mail_delivery_has(d, -11));
	ck_assert(slice_eq(d->remotes->via, SLICE("choir@x.test")));
	ck_assert(mail_group_waits(d->remotes->group) && d->remotes->list->id == 7);
	ck_assert(!mail_group_waits(d->remotes[1].group) && d->remotes[1].member == 11);
	mail_delivery_abort(&d);
}
END_TEST

START_TEST(groups_are_known_whoever_gets_it_through_them)
{
	struct mail_delivery *d = mail_delivery_new(NULL);

	mail_delivery_through(d, &choir, SLICE("all@x.test"));
	ck_assert(mail_delivery_is_empty(d)); /* that keeps none */
	mail_delivery_through(d, &band, SLICE("all@x.test"));
	mail_delivery_through(d, &band, SLICE("band@x.test"));
	ck_assert(!mail_delivery_is_empty(d));
	name_account(d, ANN, &ways[2]);
	name_account(d, ANN, &ways[0]);
	ck_assert_uint_eq(d->group_n, 2);
	ck_assert(slice_eq(d->groups[0]->list.owners, SLICE("o@x.test\n")));
	ck_assert(slice_eq(d->groups[1]->address, SLICE("all@x.test")));
	mail_delivery_abort(&d);
}
END_TEST

/* One person's copies of a mail: what a client stores, and what arrives. */
START_TEST(what_is_put_somewhere_is_no_way_to_anybody)
{
	struct mail_delivery *d = mail_delivery_new(NULL);

	for (int i = 0; i < 2; i++) {
		mail_delivery_add(
			d, &(struct mail_recipient){ .account = ANN, .use = MAIL_USE_SENT });
		name_account(d, ANN, &ways[2 - i]);
	}
	ck_assert_uint_eq(mail_delivery_count(d), 3);
	check(&d->targets[1], &ways[2]);
	ck_assert_uint_eq(d->targets[2].r.use, MAIL_USE_SENT);
	mail_delivery_abort(&d);
}
END_TEST

TEST_MAIN("ways", an_account_has_it_once_by_the_best_way, a_member_elsewhere_has_it_once_of_a_group,
	groups_are_known_whoever_gets_it_through_them, what_is_put_somewhere_is_no_way_to_anybody)

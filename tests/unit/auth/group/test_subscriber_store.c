/*
 * test_subscriber_store.c: members elsewhere of a group, in the database: asked, in, out, and their bounds.
 */
#include "database.h"
#include "group/subscriber.h"
#include "harness.h"
#include "hearth/error.h"

#include <stdio.h>

#define T0   INT64_C(1700000000000)
#define HOUR INT64_C(3600000)

extern const struct hearth_module auth_module;

static struct db *db;

static void within_fresh(db_fn *fn)
{
	db = database_new(auth_module.schemas);
	ck_assert_int_eq(db_write_wait(db, fn, NULL), 0);
	db_close(&db);
}

static int64_t group(struct db_tx *tx, const char *name)
{
	struct group g = { 0 };
	int64_t id = 0;

	snprintf(g.name, sizeof(g.name), "%s", name);
	snprintf(g.title, sizeof(g.title), "%s", name);
	ck_assert_int_eq(group_add(tx, &g, T0, &id), 0);
	return id;
}

static int ask(struct db_tx *tx, int64_t id, const char *address, int64_t by, const char *hash,
	int64_t now, struct subscriber *s)
{
	char hex[AUTH_TOKEN_HEX] = "";

	snprintf(hex, sizeof(hex), "%s", hash);
	*s = (struct subscriber){ .group = id };
	snprintf(s->address, sizeof(s->address), "%s", address);
	return subscriber_invite(tx, s, by, hex, now);
}

static int confirm(struct db_tx *tx, const char *hash, int64_t now, struct group *g)
{
	char hex[AUTH_TOKEN_HEX] = "";

	snprintf(hex, sizeof(hex), "%s", hash);
	return subscriber_confirm(tx, hex, now, g);
}

static int refuse(struct db_tx *tx, const char *hash, int64_t now)
{
	char hex[AUTH_TOKEN_HEX] = "";

	snprintf(hex, sizeof(hex), "%s", hash);
	return subscriber_refuse(tx, hex, now);
}

static int count_one(void *n, const struct subscriber *s)
{
	ck_assert(s->id > 0 && s->address[0]);
	*(int *)n += 1;
	return 0;
}

static int in_group(struct db_tx *tx, int64_t id, bool members)
{
	int n = 0;

	ck_assert_int_eq(subscriber_each(tx, id, members, count_one, &n), 0);
	return n;
}

static int do_asks(struct db_tx *tx, void *arg)
{
	int64_t choir = group(tx, "choir"), band = group(tx, "band");
	struct subscriber s, again, found;
	struct group g;

	(void)arg;
	ck_assert_int_eq(ask(tx, 99, "ann@a.test", 0, "h0", T0, &s), HEARTH_ENOTFOUND);
	ck_assert_int_eq(ask(tx, choir, "Ann@a.test", 0, "h1", T0, &s), 0);
	ck_assert_int_eq(in_group(tx, choir, true), 0);
	/* Asked anew, in whatever case: the same row, and the link before is no good. */
	ck_assert_int_eq(ask(tx, choir, "ann@a.test", 0, "h2", T0 + 1, &again), 0);
	ck_assert_int_eq(again.id, s.id);
	ck_assert_int_eq(confirm(tx, "h1", T0 + 2, &g), HEARTH_ENOTFOUND);
	ck_assert_int_eq(confirm(tx, "h2", T0 + 1 + SUBSCRIBER_INVITED_MS, &g), HEARTH_ENOTFOUND);
	ck_assert_int_eq(confirm(tx, "h2", T0 + SUBSCRIBER_INVITED_MS, &g), 0);
	ck_assert_str_eq(g.name, "choir");
	ck_assert_int_eq(confirm(tx, "h2", T0 + 2, &g), HEARTH_ENOTFOUND);
	ck_assert_int_eq(ask(tx, choir, "ANN@a.test", 0, "h3", T0 + 3, &again), HEARTH_EEXIST);
	ck_assert_int_eq(in_group(tx, choir, true), 1);
	ck_assert_int_eq(group_get(tx, choir, &g), 0);
	ck_assert_int_eq(g.subscribers, 1);
	ck_assert_int_eq(subscriber_find(tx, choir, "ANN@a.test", &found), 0);
	ck_assert(found.id == s.id && found.state == SUBSCRIBER_MEMBER);
	/* Of another group it is none. */
	ck_assert_int_eq(subscriber_get(tx, band, s.id, &found), HEARTH_ENOTFOUND);
	ck_assert_int_eq(subscriber_remove(tx, band, s.id), HEARTH_ENOTFOUND);
	ck_assert_int_eq(subscriber_remove(tx, choir, s.id), 0);
	ck_assert_int_eq(subscriber_remove(tx, choir, s.id), HEARTH_ENOTFOUND);
	/* Who never answers is forgotten; with a group all of it goes. */
	ck_assert_int_eq(ask(tx, choir, "ben@a.test", 0, "h4", T0, &s), 0);
	ck_assert_int_eq(ask(tx, choir, "cid@a.test", 0, "h5", T0 + HOUR, &s), 0);
	ck_assert_int_eq(subscriber_expire(tx, T0 + SUBSCRIBER_INVITED_MS), 0);
	ck_assert_int_eq(in_group(tx, choir, false), 1);
	ck_assert_int_eq(group_delete(tx, choir, T0, 0), 0);
	ck_assert_int_eq(in_group(tx, choir, false), 0);
	return 0;
}

START_TEST(asked_in_and_out)
{
	within_fresh(do_asks);
}
END_TEST

static int do_bounds(struct db_tx *tx, void *arg)
{
	int64_t full = group(tx, "full"), other = group(tx, "other"), person = 0;
	char address[64], hash[16];
	struct subscriber s;
	struct group g;

	(void)arg;
	ck_assert_int_eq(auth_store_add(tx, "olga@ours.test", "h", AUTH_MEMBER, T0, &person), 0);
	ck_assert_int_eq(group_join(tx, full, person, GROUP_OWNER, T0), 0);
	/* Commands are not counted, members are, and who is asked. */
	for (int i = 0; i < GROUP_MEMBERS_MAX - 1; i++) {
		snprintf(address, sizeof(address), "p%d@a.test", i);
		snprintf(hash, sizeof(hash), "f%d", i);
		ck_assert_int_eq(ask(tx, full, address, 0, hash, T0, &s), 0);
	}
	ck_assert_int_eq(ask(tx, full, "one@a.test", 0, "x", T0, &s), HEARTH_ETOOBIG);
	ck_assert_int_eq(ask(tx, full, "p7@a.test", 0, "f7", T0, &s), 0);
	ck_assert_int_eq(confirm(tx, "f7", T0, &g), 0);
	ck_assert_int_eq(auth_store_add(tx, "pia@ours.test", "h", AUTH_MEMBER, T0, &person), 0);
	ck_assert_int_eq(group_invite(tx, full, person, GROUP_MEMBER, 0, T0), HEARTH_ETOOBIG);
	/* Within the hour, of one who asks and of one who is asked. */
	for (int i = 0; i < SUBSCRIBER_ASKS_BY; i++) {
		snprintf(address, sizeof(address), "q%d@a.test", i);
		ck_assert_int_eq(ask(tx, other, address, 5, address, T0, &s), 0);
	}
	ck_assert_int_eq(ask(tx, other, "r@a.test", 5, "r", T0, &s), HEARTH_EBUSY);
	ck_assert_int_eq(ask(tx, other, "r@a.test", 5, "r", T0 + HOUR, &s), 0);
	for (int64_t by = 6; by < 6 + SUBSCRIBER_ASKS_OF; by++) {
		snprintf(address, sizeof(address), "group%d", (int)by);
		ck_assert_int_eq(ask(tx, group(tx, address), "t@a.test", by, "t", T0, &s), 0);
	}
	ck_assert_int_eq(ask(tx, other, "T+x@a.test", 9, "t", T0, &s), HEARTH_EBUSY);
	return 0;
}

START_TEST(their_bounds)
{
	within_fresh(do_bounds);
}
END_TEST

static int do_letters(struct db_tx *tx, void *arg)
{
	int64_t choir = group(tx, "choir"), band = group(tx, "band"), day = 24 * HOUR, at = T0;
	struct subscriber s;
	struct group g;

	(void)arg;
	/* Two, one more in a day, then one a week, whoever asks and under whichever subaddress. */
	ck_assert_int_eq(ask(tx, choir, "u@a.test", 5, "a", at, &s), 0);
	ck_assert_int_eq(ask(tx, choir, "U+1@a.test", 6, "b", at, &s), 0);
	ck_assert_int_eq(ask(tx, choir, "u@a.test", 7, "c", at + day - 1, &s), HEARTH_EBUSY);
	ck_assert_int_eq(ask(tx, choir, "u+2@a.test", 7, "c", at + day, &s), 0);
	at += day;
	for (int week = 0; week < 3; week++) {
		ck_assert_int_eq(
			ask(tx, choir, "u@a.test", 5, "d", at + 7 * day - 1, &s), HEARTH_EBUSY);
		/* Who never answered is forgotten meanwhile, but not that they did not. */
		ck_assert_int_eq(subscriber_expire(tx, at + 7 * day - 1), 0);
		at += 7 * day;
		ck_assert_int_eq(ask(tx, choir, "u@a.test", 5, "e", at, &s), 0);
	}
	/* Another group's are its own, and a command sends none. */
	ck_assert_int_eq(ask(tx, band, "u@a.test", 5, "f", at, &s), 0);
	ck_assert_int_eq(ask(tx, choir, "u@a.test", 0, "g", at, &s), 0);
	/* Who has said yes, and has left, has answered. */
	ck_assert_int_eq(confirm(tx, "g", at, &g), 0);
	ck_assert_int_eq(subscriber_remove(tx, choir, s.id), 0);
	ck_assert_int_eq(ask(tx, choir, "u@a.test", 5, "h", at + HOUR, &s), 0);
	ck_assert_int_eq(ask(tx, choir, "u@a.test", 5, "h", at + 2 * HOUR, &s), 0);
	ck_assert_int_eq(ask(tx, choir, "u@a.test", 5, "h", at + 3 * HOUR, &s), HEARTH_EBUSY);
	/* The other link of a letter: no group asks again, under whatever subaddress. */
	ck_assert_int_eq(ask(tx, band, "v@a.test", 5, "v", at, &s), 0);
	ck_assert_int_eq(refuse(tx, "none", at), HEARTH_ENOTFOUND);
	ck_assert_int_eq(refuse(tx, "v", at), 0);
	ck_assert_int_eq(refuse(tx, "v", at), HEARTH_ENOTFOUND);
	ck_assert_int_eq(confirm(tx, "v", at, &g), HEARTH_ENOTFOUND);
	ck_assert_int_eq(ask(tx, choir, "V+1@a.test", 6, "w", at + 90 * day, &s), HEARTH_ECONFLICT);
	ck_assert_int_eq(ask(tx, choir, "v@a.test", 0, "w", at, &s), 0);
	ck_assert_int_eq(confirm(tx, "w", at, &g), 0);
	ck_assert_int_eq(refuse(tx, "w", at), HEARTH_ENOTFOUND);
	/* In two months it is forgotten. */
	ck_assert_int_eq(subscriber_expire(tx, at + 62 * day), 0);
	ck_assert_int_eq(ask(tx, choir, "u@a.test", 5, "i", at + 62 * day, &s), 0);
	ck_assert_int_eq(ask(tx, choir, "u@a.test", 5, "i", at + 62 * day, &s), 0);
	return 0;
}

START_TEST(who_does_not_answer)
{
	within_fresh(do_letters);
}
END_TEST

/* One bounce on this day; whether that was one too many. */
static bool bounced(struct db_tx *tx, const struct subscriber *s, bool hard, int day)
{
	bool paused = false;

	ck_assert_int_eq(
		subscriber_bounced(tx, s->group, s->id, hard, T0 + day * 24 * HOUR, &paused), 0);
	return paused;
}

static enum subscriber_state state_of(struct db_tx *tx, const struct subscriber *s)
{
	struct subscriber now;

	ck_assert_int_eq(subscriber_get(tx, s->group, s->id, &now), 0);
	return now.state;
}

static int do_bounces(struct db_tx *tx, void *arg)
{
	int64_t choir = group(tx, "choir");
	struct subscriber s, other;
	struct group g;

	(void)arg;
	ck_assert_int_eq(ask(tx, choir, "ann@a.test", 0, "h", T0, &s), 0);
	/* Nothing counts before they have said yes, nor under another group's or a number of nobody. */
	for (int day = 0; day < 9; day++)
		ck_assert(!bounced(tx, &s, true, day));
	ck_assert_int_eq(confirm(tx, "h", T0, &g), 0);
	other = s;
	other.group++;
	for (int day = 10; day < 19; day++)
		ck_assert(!bounced(tx, &other, true, day));
	/* Hard ones: five days, of each day one, and the worst. */
	for (int day = 20; day < 24; day++) {
		ck_assert(!bounced(tx, &s, false, day));
		for (int i = 0; i < 5; i++)
			ck_assert(!bounced(tx, &s, true, day));
		ck_assert(!bounced(tx, &s, false, day));
	}
	ck_assert(!bounced(tx, &s, true, 20)); /* a day that is over */
	ck_assert_int_eq(state_of(tx, &s), SUBSCRIBER_MEMBER);
	ck_assert(bounced(tx, &s, true, 24));
	ck_assert_int_eq(state_of(tx, &s), SUBSCRIBER_PAUSED);
	ck_assert(!bounced(tx, &s, true, 25)); /* once */
	ck_assert_int_eq(in_group(tx, choir, true), 0);
	ck_assert_int_eq(in_group(tx, choir, false), 1);
	/* An owner's word, and all begins anew; soft ones take twice as long. */
	ck_assert_int_eq(subscriber_resume(tx, choir + 1, s.id, T0), HEARTH_ENOTFOUND);
	ck_assert_int_eq(subscriber_resume(tx, choir, s.id, T0), 0);
	ck_assert_int_eq(subscriber_resume(tx, choir, s.id, T0), HEARTH_ENOTFOUND);
	for (int day = 30; day < 39; day++)
		ck_assert(!bounced(tx, &s, false, day));
	/* A week without any: it begins anew, too. */
	for (int day = 47; day < 56; day++)
		ck_assert(!bounced(tx, &s, false, day));
	ck_assert(bounced(tx, &s, false, 57));
	/* Of a group that writes once a month, too, an address that is gone is found. */
	ck_assert_int_eq(subscriber_resume(tx, choir, s.id, T0), 0);
	for (int month = 3; month < 7; month++)
		ck_assert(!bounced(tx, &s, true, month * 31));
	ck_assert(bounced(tx, &s, true, 7 * 31));
	/* Not one that comes to nothing over years. */
	ck_assert_int_eq(subscriber_resume(tx, choir, s.id, T0), 0);
	for (int i = 0; i < 9; i++)
		ck_assert(!bounced(tx, &s, true, 300 + i * 101));
	return 0;
}

START_TEST(bounces_pause)
{
	within_fresh(do_bounces);
}
END_TEST

TEST_MAIN("subscriber_store", bounces_pause, who_does_not_answer, asked_in_and_out, their_bounds)

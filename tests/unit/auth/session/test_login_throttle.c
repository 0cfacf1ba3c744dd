/*
 * test_login_throttle.c: how often one may try: what is free, how waits grow and are forgotten,
 * attempts made at once, networks, and that nobody is shut out by others.
 */
#include "harness.h"

#include "account/account.h"
#include "database.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "session/known.h"
#include "session/login_throttle.h"
#include "session/network.h"
#include "session/session.h"

#include <sodium.h>
#include <stdio.h>

#define T0     INT64_C(1700000000000)
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)

extern const struct hearth_module auth_module;

/* Of src/, which a module's tests do not see: the loop. */
void loop_init(void);
int loop_run_until(int (*fn)(void *arg), void *arg, int timeout_ms);

static struct auth a;

static void open_fresh(void)
{
	clock_fake(T0, 1000000);
	loop_init();
	a = (struct auth){ .db = database_new(auth_module.schemas),
		.guess_window_ms = 15 * MINUTE,
		.guesses_per_account = 3,
		.guesses_per_network = 8,
		.registrations_per_network = 2 };
	a.throttle = login_throttle_new(&a);
}

/* Other limits from here on; what was counted is gone. */
static void limit_network(int64_t free)
{
	login_throttle_free(&a.throttle);
	a.guesses_per_network = free;
	a.throttle = login_throttle_new(&a);
}

static void close_it(void)
{
	login_throttle_free(&a.throttle);
	db_close(&a.db);
	clock_fake(-1, 0);
}

/* One attempt and its answer. */
struct
try {
	struct login_attempt attempt;
	bool answered;
	int status;
	int64_t retry_ms;
};

static void on_answer(void *arg, int status, int64_t retry_ms)
{
	struct try *t = arg;

	ck_assert(!t->answered);
	ck_assert_int_eq(status != 0, retry_ms > 0);
	t->answered = true;
	t->status = status;
	t->retry_ms = retry_ms;
}

static int is_answered(void *arg)
{
	return ((struct try *)arg)->answered;
}

static void begin(struct try *t, const char *address, const char *peer, const char *device)
{
	*t = (struct try){ 0 };
	login_attempt_take(&t->attempt, &a, address, address, peer, device, on_answer, t);
}

/* 0: it was let through; else how long it has to wait. */
static int64_t end(struct try *t)
{
	ck_assert(loop_run_until(is_answered, t, 20000));
	ck_assert_int_eq(t->status, t->retry_ms ? HEARTH_EBUSY : 0);
	return t->retry_ms;
}

/* It is let through and wrong (0), or refused. */
static int64_t guess_by(const char *address, const char *peer, const char *device)
{
	struct try t;
	int64_t wait;

	begin(&t, address, peer, device);
	wait = end(&t);
	if (wait == 0)
		login_attempt_wrong(&t.attempt);
	return wait;
}

static int64_t wrong(const char *address, const char *peer)
{
	return guess_by(address, peer, "");
}

static void right(const char *address, const char *peer)
{
	struct try t;

	begin(&t, address, peer, "");
	ck_assert_int_eq(end(&t), 0);
	login_attempt_right(&t.attempt);
}

START_TEST(some_are_free_then_each_waits_twice_as_long)
{
	int64_t wait = SECOND;

	open_fresh();
	/* The network has a backoff of its own: not what is tried here. */
	limit_network(1000);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), 0);
	for (int i = 0; i < 14; i++) {
		/* Refused ones do not make it longer. */
		ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), wait);
		clock_fake_advance(wait - 1);
		ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), 1);
		clock_fake_advance(1);
		ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), 0);
		wait = wait * 2 < 15 * MINUTE ? wait * 2 : 15 * MINUTE;
	}
	ck_assert_int_eq(wait, 15 * MINUTE);
	close_it();
}
END_TEST

START_TEST(a_right_one_clears_the_way)
{
	open_fresh();
	limit_network(1000);
	for (int round = 0; round < 5; round++) {
		ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), 0);
		ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), 0);
		right("ann@x.test", "192.0.2.1");
	}
	for (int i = 0; i < 4; i++) {
		wrong("ann@x.test", "192.0.2.1");
		clock_fake_advance(2 * SECOND);
	}
	right("ann@x.test", "192.0.2.1");
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), 0);
	ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), SECOND);
	close_it();
}
END_TEST

START_TEST(after_the_window_without_one_all_is_forgotten)
{
	open_fresh();
	for (int i = 0; i < 3; i++)
		wrong("ann@x.test", "192.0.2.1");
	clock_fake_advance(SECOND);
	ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), 0);
	/* A little before: the next wait is the third. After: everything is free again. */
	clock_fake_advance(2 * SECOND + 14 * MINUTE);
	ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), 0);
	ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), 4 * SECOND);
	clock_fake_advance(4 * SECOND + 15 * MINUTE);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), 0);
	ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), SECOND);
	close_it();
}
END_TEST

/* Of guesses made at once, how many were let through before the rest was refused: all wrong. */
static int through(struct try *t, int n)
{
	int count = 0;

	for (int i = 0; i < n; i++)
		if (end(&t[i]) == 0) {
			count++;
			login_attempt_wrong(&t[i].attempt);
		}
	return count;
}

START_TEST(those_made_at_once_count_too)
{
	static struct try t[20];

	open_fresh();
	for (int i = 0; i < 20; i++)
		begin(&t[i], "ann@x.test", "192.0.2.1", "");
	ck_assert_int_eq(through(t, 20), 3);
	/* Behind the free ones, one for each wait. */
	for (int round = 0; round < 3; round++) {
		clock_fake_advance(SECOND << round);
		for (int i = 0; i < 20; i++)
			begin(&t[i], "ann@x.test", "192.0.2.1", "");
		ck_assert_int_eq(through(t, 20), 1);
	}
	close_it();
}
END_TEST

struct crowd {
	struct try *t;
	int n;
	struct try *next; /* one that was answered, and has not ended */
};

static int find_answered(void *arg)
{
	struct crowd *c = arg;

	c->next = NULL;
	for (int i = 0; i < c->n && !c->next; i++)
		if (c->t[i].answered && c->t[i].attempt.a)
			c->next = &c->t[i];
	return c->next != NULL;
}

/* All that began are right: each is let through, a place at a time. */
static void all_right(struct try *t, int n)
{
	struct crowd c = { .t = t, .n = n };

	for (int i = 0; i < n; i++) {
		ck_assert(loop_run_until(find_answered, &c, 20000));
		ck_assert_int_eq(c.next->status, 0);
		login_attempt_right(&c.next->attempt);
		c.next->attempt.a = NULL;
	}
}

START_TEST(right_ones_at_once_wait_for_their_turn_and_leave_nothing)
{
	static struct try t[180];
	char name[32];

	open_fresh();
	/* A mail program with many connections. */
	for (int i = 0; i < 40; i++)
		begin(&t[i], "ann@x.test", "192.0.2.1", "");
	ck_assert(!t[39].answered);
	all_right(t, 40);
	/* An office: more names than the network has free ones. */
	for (int i = 0; i < 180; i++) {
		snprintf(name, sizeof(name), "n%d@x.test", i / 3);
		begin(&t[i], name, "192.0.2.1", "");
	}
	all_right(t, 180);
	/* What was free is free: wrong ones as many as ever, and the last of them waits. */
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), 0);
	ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), SECOND);
	close_it();
}
END_TEST

START_TEST(right_ones_behind_a_wait_that_is_over_do_not_renew_it)
{
	static struct try t[12];
	char name[32];

	open_fresh();
	for (int i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "n%d@x.test", i);
		wrong(name, "192.0.2.1");
	}
	clock_fake_advance(SECOND);
	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "r%d@x.test", i);
		begin(&t[i], name, "192.0.2.1", "");
	}
	/* One at a time, but all of them. */
	all_right(t, 12);
	/* Nor does it last longer: with nothing wrong for the window it is forgotten. */
	clock_fake_advance(15 * MINUTE - 1);
	right("ann@x.test", "192.0.2.1");
	clock_fake_advance(1);
	for (int i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "m%d@x.test", i);
		ck_assert_int_eq(wrong(name, "192.0.2.1"), 0);
	}
	close_it();
}
END_TEST

START_TEST(who_waits_is_bounded_and_a_stop_refuses_them)
{
	static struct try t[THROTTLE_PAIR_MAX + 2];
	int n = THROTTLE_PAIR_MAX + 2;

	open_fresh();
	for (int i = 0; i < n; i++)
		begin(&t[i], "ann@x.test", "192.0.2.1", "");
	ck_assert_int_eq(end(&t[n - 1]), THROTTLE_BUSY_MS);
	ck_assert_int_eq(end(&t[0]), 0);
	/* Another network is none of their business. */
	right("ann@x.test", "192.0.2.2");
	login_throttle_drain(a.throttle);
	for (int i = 1; i < n - 1; i++)
		ck_assert_int_eq(end(&t[i]), THROTTLE_BUSY_MS);
	login_attempt_cancel(&t[0].attempt);
	right("ann@x.test", "192.0.2.1");
	close_it();
}
END_TEST

START_TEST(made_up_names_wash_no_wait_away)
{
	char name[32], peer[32];

	open_fresh();
	limit_network(1000000);
	for (int i = 0; i < 3; i++)
		wrong("ann@x.test", "192.0.2.1");
	ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), SECOND);
	for (int i = 0; i < BACKOFF_MAX + 5000; i++) {
		snprintf(name, sizeof(name), "n%d@x.test", i);
		snprintf(peer, sizeof(peer), "198.51.100.%d", i % 250);
		wrong(name, peer);
	}
	ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), SECOND);
	/* What found no room is limited as well, with others or without. */
	for (int i = 0; i < 3; i++)
		wrong("late@x.test", "203.0.113.1");
	ck_assert_int_gt(wrong("late@x.test", "203.0.113.1"), 0);
	/* All of it goes when its time is over. */
	clock_fake_advance(30 * MINUTE);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(wrong("late@x.test", "203.0.113.1"), 0);
	close_it();
}
END_TEST

START_TEST(a_clock_that_is_set_moves_no_wait)
{
	open_fresh();
	for (int i = 0; i < 3; i++)
		wrong("ann@x.test", "192.0.2.1");
	clock_fake(T0 + 24 * 60 * MINUTE, 1000000);
	ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), SECOND);
	clock_fake(T0 - 24 * 60 * MINUTE, 1000000);
	ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), SECOND);
	clock_fake_advance(SECOND);
	ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), 0);
	close_it();
}
END_TEST

START_TEST(what_was_not_looked_at_does_not_count)
{
	open_fresh();
	for (int i = 0; i < 20; i++) {
		struct try t;

		begin(&t, "ann@x.test", "192.0.2.1", "");
		ck_assert_int_eq(end(&t), 0);
		login_attempt_cancel(&t.attempt);
	}
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), 0);
	/* The one behind a wait as well: the wait is as it was, and over. */
	clock_fake_advance(SECOND);
	for (int i = 0; i < 5; i++) {
		struct try t;

		begin(&t, "ann@x.test", "192.0.2.1", "");
		ck_assert_int_eq(end(&t), 0);
		login_attempt_cancel(&t.attempt);
	}
	ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), 0);
	ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), 2 * SECOND);
	close_it();
}
END_TEST

START_TEST(a_network_that_tries_many_names_waits_and_others_do_not)
{
	char name[32];

	open_fresh();
	for (int i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "n%d@x.test", i);
		ck_assert_int_eq(wrong(name, "2001:db8:1:2:3:4:5:6"), 0);
	}
	/* The same /64, another name. */
	ck_assert_int_eq(wrong("ann@x.test", "2001:db8:1:2::1"), SECOND);
	/* Refused by the network, it did not count against the name. */
	ck_assert_int_eq(wrong("ann@x.test", "2001:db8:1:3::1"), 0);
	ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), 0);
	/* Right ones cost the network nothing. */
	for (int i = 0; i < 20; i++)
		right("ben@x.test", "2001:db8:1:3::7");
	ck_assert_int_eq(wrong("ben@x.test", "2001:db8:1:3::7"), 0);
	close_it();
}
END_TEST

/* Wrong guesses at a name from as many networks, until it waits for all of them. */
static void attack(const char *address)
{
	char peer[32];

	for (int i = 0; i < 30; i++) {
		snprintf(peer, sizeof(peer), "198.51.100.%d", i);
		ck_assert_int_eq(wrong(address, peer), 0);
	}
	ck_assert_int_eq(wrong(address, "198.51.100.100"), SECOND);
}

static int add_known(struct db_tx *tx, void *arg)
{
	int64_t id;

	(void)arg;
	ck_assert_int_eq(auth_store_add(tx, "ann@x.test", "h", AUTH_MEMBER, T0, &id), 0);
	return auth_store_note_network(tx, id, "192.0.2.1", T0);
}

START_TEST(a_name_tried_from_many_networks_waits_but_not_where_it_is_known)
{
	open_fresh();
	ck_assert_int_eq(db_write_wait(a.db, add_known, NULL), 0);
	attack("ann@x.test");
	/* Where it logged in before: free, and mistyping counts there alone. */
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), 0);
	ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), SECOND);
	clock_fake_advance(SECOND);
	right("ann@x.test", "192.0.2.1");
	/* Another name is free from everywhere. */
	ck_assert_int_eq(wrong("ben@x.test", "198.51.100.100"), 0);
	/* And one that nobody has is treated as one that somebody has. */
	attack("nobody@x.test");
	close_it();
}
END_TEST

static int add_tokens(struct db_tx *tx, void *arg)
{
	struct auth_token t = { .kind = AUTH_TOKEN_SESSION,
		.peer = SLICE("2001:db8:7:7::9"),
		.created_ms = T0,
		.expires_ms = T0 + 60 * MINUTE };
	int64_t id;

	(void)arg;
	ck_assert_int_eq(auth_store_add(tx, "ann@x.test", "h", AUTH_MEMBER, T0, &t.account), 0);
	ck_assert_int_eq(auth_store_add_token(tx, &t, "aa", &id), 0);
	t.kind = AUTH_TOKEN_DEVICE;
	t.peer = SLICE("203.0.113.5");
	ck_assert_int_eq(auth_store_add_token(tx, &t, "dd", &id), 0);
	return 0;
}

START_TEST(what_tokens_and_devices_show_is_known)
{
	open_fresh();
	ck_assert_int_eq(db_write_wait(a.db, add_tokens, NULL), 0);
	attack("ann@x.test");
	ck_assert_int_eq(guess_by("ann@x.test", "2001:db8:7:7:1::2", ""), 0);
	ck_assert_int_gt(guess_by("ann@x.test", "2001:db8:7:8::9", ""), 0);
	/* Its device from anywhere, until that expires; another's nowhere. */
	ck_assert_int_eq(guess_by("ann@x.test", "198.51.100.101", "dd"), 0);
	ck_assert_int_gt(guess_by("ann@x.test", "198.51.100.102", "ee"), 0);
	/* A session's hash is no device. */
	ck_assert_int_gt(guess_by("ann@x.test", "198.51.100.103", "aa"), 0);
	clock_fake_advance(61 * MINUTE);
	attack("ann@x.test");
	ck_assert_int_gt(guess_by("ann@x.test", "198.51.100.105", "dd"), 0);
	close_it();
}
END_TEST

START_TEST(registrations_have_a_backoff_of_their_own)
{
	int64_t retry_ms;

	open_fresh();
	for (int i = 0; i < 4; i++) {
		int rc = auth_registration_take(&a, "192.0.2.1", &retry_ms);

		ck_assert_int_eq(rc, i < 2 ? 0 : HEARTH_EBUSY);
		ck_assert_int_eq(retry_ms, i < 2 ? 0 : SECOND);
	}
	ck_assert_int_eq(auth_registration_take(&a, "192.0.2.2", &retry_ms), 0);
	ck_assert_int_eq(wrong("ann@x.test", "192.0.2.1"), 0);
	close_it();
}
END_TEST

START_TEST(what_is_one_network)
{
	static const char *const same[][2] = { { "192.0.2.7", "192.0.2.7" },
		{ "::ffff:192.0.2.7", "192.0.2.7" },
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64" }, { "::1", "::/64" },
		{ "fe80::1%eth0", "fe80::/64" }, { "", "" }, { "unix", "unix" } };
	char out[AUTH_NETWORK_MAX], again[AUTH_NETWORK_MAX];

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		auth_network(same[i][0], out);
		ck_assert_str_eq(out, same[i][1]);
		auth_network(out, again);
		ck_assert_str_eq(out, again);
	}
}
END_TEST

TEST_MAIN("guess", some_are_free_then_each_waits_twice_as_long, a_right_one_clears_the_way,
	after_the_window_without_one_all_is_forgotten, those_made_at_once_count_too,
	right_ones_at_once_wait_for_their_turn_and_leave_nothing,
	right_ones_behind_a_wait_that_is_over_do_not_renew_it,
	who_waits_is_bounded_and_a_stop_refuses_them, made_up_names_wash_no_wait_away,
	a_clock_that_is_set_moves_no_wait, what_was_not_looked_at_does_not_count,
	a_network_that_tries_many_names_waits_and_others_do_not,
	a_name_tried_from_many_networks_waits_but_not_where_it_is_known,
	what_tokens_and_devices_show_is_known, registrations_have_a_backoff_of_their_own,
	what_is_one_network)

/*
 * suite_lease.h: what lease.h promises, as tests that any implementation is run through.
 *
 * It knows nothing but include/hearth. The program that includes it defines before that what
 * embedded.h does for databases, loop and clock, and:
 *
 *	static struct leases *suite_leases_open(struct db *db, const char *node, int64_t ttl_ms,
 *		bool alone);                                  // started, on the loop
 *	static void suite_leases_close(struct leases **ls);
 *	static void suite_leases_end_all(struct leases *ls);  // as a first server does
 *
 * and puts SUITE_LEASE in its list of tests.
 */
#ifndef HEARTH_TESTS_SUITE_LEASE_H
#define HEARTH_TESTS_SUITE_LEASE_H

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "hearth/error.h"
#include "hearth/lease.h"

#define TTL_MS    2000 /* renewed well within it, also where the disk or the machine is slow */
#define WITHIN_MS 60000

static const char *const lease_test_migrations[] = {
	"CREATE TABLE effect (n BIGINT NOT NULL);",
	NULL,
};
static const struct db_schema lease_test_schema = { "owned", lease_test_migrations };

struct place {
	struct db *db;
	struct leases *a, *b; /* two nodes */
};

static struct place open_place(bool alone)
{
	struct place p = { 0 };
	struct strbuf why = { 0 };

	suite_loop();
	suite_db_fresh();
	if (suite_db_open(&lease_test_schema, &p.db, &why) < 0)
		ck_abort_msg("cannot open: %s", why.p);
	p.a = suite_leases_open(p.db, "a", TTL_MS, alone);
	p.b = suite_leases_open(p.db, "b", TTL_MS, alone);
	return p;
}

static void close_place(struct place *p)
{
	suite_leases_close(&p->a);
	suite_leases_close(&p->b);
	suite_loop_end();
	suite_db_close(&p->db);
}

/* ---- calls, each in a transaction of its own ---- */

struct call {
	struct leases *ls;
	const char *name;
	struct lease lease;
	struct lease_holder holder;
	int64_t period_ms;
	int fail; /* what the transaction ends with */
};

static int in_take(struct db_tx *tx, void *arg)
{
	struct call *c = arg;
	int rc = lease_take(c->ls, tx, c->name, &c->lease);

	return rc < 0 ? rc : c->fail;
}

static int in_renew(struct db_tx *tx, void *arg)
{
	struct call *c = arg;

	return lease_renew(c->ls, tx, &c->lease);
}

static int in_end(struct db_tx *tx, void *arg)
{
	return lease_end(tx, &((struct call *)arg)->lease);
}

static int in_turn(struct db_tx *tx, void *arg)
{
	struct call *c = arg;

	return lease_turn(c->ls, tx, c->name, c->period_ms, NULL);
}

static int in_holder(struct db_tx *tx, void *arg)
{
	struct call *c = arg;

	return lease_holder(tx, c->name, &c->holder);
}

/* An effect behind the fence. */
static int in_effect(struct db_tx *tx, void *arg)
{
	struct call *c = arg;
	int rc = db_run(tx, "INSERT INTO effect (n) VALUES (1)");

	return rc < 0 ? rc : lease_check(tx, &c->lease);
}

static int in_count(struct db_tx *tx, void *arg)
{
	return db_get_int(tx, arg, "SELECT count(*) FROM effect");
}

static int take_as(struct place *p, struct leases *ls, const char *name, struct lease *out)
{
	struct call c = { .ls = ls, .name = name };
	int rc = db_write_wait(p->db, in_take, &c);

	*out = c.lease;
	return rc;
}

static int with(struct place *p, db_fn *fn, struct leases *ls, const struct lease *l)
{
	struct call c = { .ls = ls, .name = l->name, .lease = *l };

	return db_write_wait(p->db, fn, &c);
}

static int64_t effects(struct place *p)
{
	int64_t n = -1;

	ck_assert_int_eq(db_read_wait(p->db, in_count, &n), 0);
	return n;
}

struct listing {
	char text[200]; /* "game.a=a game.b=b " */
	int64_t epochs;
};

static void list_one(void *arg, const char *name, const struct lease_holder *holder)
{
	struct listing *l = arg;
	size_t n = strlen(l->text);

	snprintf(l->text + n, sizeof(l->text) - n, "%s=%s ", name, holder->node);
	l->epochs += holder->epoch;
}

static int in_each(struct db_tx *tx, void *arg)
{
	*(struct listing *)arg = (struct listing){ 0 };
	return lease_each(tx, "game.", list_one, arg);
}

/* ---- one holder, and the fence ---- */

START_TEST(lease_has_one_holder)
{
	struct place p = open_place(false);
	struct lease l, other;

	ck_assert_int_eq(take_as(&p, p.a, "stream.1", &l), 0);
	ck_assert_int_gt(l.epoch, 0);
	ck_assert_str_eq(l.name, "stream.1");
	ck_assert_int_eq(take_as(&p, p.b, "stream.1", &other), HEARTH_EBUSY);
	ck_assert_int_eq(take_as(&p, p.a, "stream.1", &other), HEARTH_EBUSY);
	ck_assert_int_eq(take_as(&p, p.b, "stream.10", &other), 0);
	ck_assert_int_eq(with(&p, in_end, p.a, &l), 0);
	ck_assert_int_eq(with(&p, in_end, p.a, &l), HEARTH_ECONFLICT);
	ck_assert_int_eq(take_as(&p, p.b, "stream.1", &other), 0);
	ck_assert_int_gt(other.epoch, l.epoch);
	close_place(&p);
}
END_TEST

START_TEST(lease_lists_who_holds_what)
{
	struct place p;
	struct listing found;
	struct lease x, y, other;

	suite_pass_time(0);
	p = open_place(false);
	ck_assert_int_eq(db_read_wait(p.db, in_each, &found), 0);
	ck_assert_str_eq(found.text, "");
	ck_assert_int_eq(take_as(&p, p.b, "game.y", &y), 0);
	ck_assert_int_eq(take_as(&p, p.a, "game.x", &x), 0);
	ck_assert_int_eq(take_as(&p, p.a, "game", &other), 0);
	ck_assert_int_eq(take_as(&p, p.a, "gamex", &other), 0);
	ck_assert_int_eq(take_as(&p, p.a, "game/x", &other), 0);
	ck_assert_int_eq(db_read_wait(p.db, in_each, &found), 0);
	ck_assert_str_eq(found.text, "game.x=a game.y=b ");
	ck_assert_int_eq(found.epochs, x.epoch + y.epoch);
	suite_pass_time(TTL_MS - 1);
	ck_assert_int_eq(with(&p, in_renew, p.a, &x), 0);
	suite_pass_time(1);
	ck_assert_int_eq(db_read_wait(p.db, in_each, &found), 0);
	ck_assert_str_eq(found.text, "game.x=a ");
	close_place(&p);
}
END_TEST

START_TEST(lease_fences_who_was_too_slow)
{
	struct place p;
	struct lease old, new;

	suite_pass_time(0);
	p = open_place(false);
	ck_assert_int_eq(take_as(&p, p.a, "match.7", &old), 0);
	suite_pass_time(TTL_MS - 1);
	ck_assert_int_eq(take_as(&p, p.b, "match.7", &new), HEARTH_EBUSY);
	ck_assert_int_eq(with(&p, in_renew, p.a, &old), 0);
	suite_pass_time(TTL_MS - 1);
	ck_assert_int_eq(take_as(&p, p.b, "match.7", &new), HEARTH_EBUSY);
	/* Too late, but nobody took it: it is still the owner. */
	suite_pass_time(1);
	ck_assert_int_eq(with(&p, in_effect, p.a, &old), 0);
	ck_assert_int_eq(take_as(&p, p.b, "match.7", &new), 0);
	ck_assert_int_gt(new.epoch, old.epoch);
	ck_assert_int_eq(with(&p, in_effect, p.a, &old), HEARTH_ECONFLICT);
	ck_assert_int_eq(with(&p, in_renew, p.a, &old), HEARTH_ECONFLICT);
	ck_assert_int_eq(with(&p, in_end, p.a, &old), HEARTH_ECONFLICT);
	ck_assert_int_eq(with(&p, in_effect, p.b, &new), 0);
	ck_assert_int_eq(effects(&p), 2);
	close_place(&p);
}
END_TEST

START_TEST(lease_is_part_of_its_transaction)
{
	struct place p = open_place(false);
	struct call c = { .ls = p.a, .name = "x", .fail = HEARTH_EINVAL };
	struct lease l;

	ck_assert_int_eq(db_write_wait(p.db, in_take, &c), HEARTH_EINVAL);
	ck_assert_int_eq(with(&p, in_effect, p.a, &c.lease), HEARTH_ECONFLICT);
	ck_assert_int_eq(take_as(&p, p.b, "x", &l), 0);
	ck_assert_int_eq(effects(&p), 0);
	close_place(&p);
}
END_TEST

START_TEST(lease_epochs_grow_over_restarts)
{
	struct place p = open_place(false);
	struct strbuf why = { 0 };
	struct lease l;
	int64_t last = 0;

	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(take_as(&p, p.a, "x", &l), 0);
		ck_assert_int_gt(l.epoch, last);
		last = l.epoch;
		if (i % 2)
			ck_assert_int_eq(with(&p, in_end, p.a, &l), 0);
		suite_leases_close(&p.a); /* frees what it holds */
		suite_leases_close(&p.b);
		suite_db_close(&p.db);
		ck_assert_int_eq(suite_db_open(&lease_test_schema, &p.db, &why), 0);
		p.a = suite_leases_open(p.db, "a", TTL_MS, false);
		p.b = suite_leases_open(p.db, "b", TTL_MS, false);
	}
	close_place(&p);
}
END_TEST

START_TEST(lease_says_who_holds_it)
{
	struct place p;
	struct call c = { .name = "x" };
	struct lease l;

	suite_pass_time(0);
	p = open_place(false);
	ck_assert_int_eq(db_read_wait(p.db, in_holder, &c), HEARTH_ENOTFOUND);
	ck_assert_int_eq(take_as(&p, p.b, "x", &l), 0);
	ck_assert_int_eq(db_read_wait(p.db, in_holder, &c), 0);
	ck_assert_str_eq(c.holder.node, leases_node(p.b));
	ck_assert_int_eq(c.holder.epoch, l.epoch);
	suite_pass_time(TTL_MS);
	ck_assert_int_eq(db_read_wait(p.db, in_holder, &c), HEARTH_ENOTFOUND);
	close_place(&p);
}
END_TEST

START_TEST(lease_survives_a_clock_that_was_set_back)
{
	struct place p;
	struct lease l, other;

	suite_pass_time(0);
	p = open_place(false);
	ck_assert_int_eq(take_as(&p, p.a, "x", &l), 0);
	suite_pass_time(-TTL_MS / 2);
	ck_assert_int_eq(take_as(&p, p.b, "x", &other), HEARTH_EBUSY);
	/* By a day: who died then would hold it for a day. */
	suite_pass_time(-INT64_C(86400000));
	ck_assert_int_eq(take_as(&p, p.b, "x", &other), 0);
	ck_assert_int_eq(with(&p, in_effect, p.a, &l), HEARTH_ECONFLICT);
	close_place(&p);
}
END_TEST

START_TEST(lease_deals_turns)
{
	struct place p;
	struct call a = { .name = "tidy", .period_ms = 80000 }, b = a;

	suite_pass_time(0);
	p = open_place(true);
	a.ls = p.a;
	b.ls = p.b;
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(db_write_wait(p.db, in_turn, i % 2 ? &a : &b), 0);
		ck_assert_int_eq(db_write_wait(p.db, in_turn, &a), HEARTH_EBUSY);
		suite_pass_time(40000);
		ck_assert_int_eq(db_write_wait(p.db, in_turn, &b), HEARTH_EBUSY);
		suite_pass_time(39990);
	}
	close_place(&p);
}
END_TEST

/* ---- keeping ---- */

struct owner {
	struct lease lease; /* epoch 0: none */
	int won, lost;
};

static void on_lost(void *arg)
{
	((struct owner *)arg)->lost++;
}

static void on_claim(void *arg, const struct lease *l)
{
	struct owner *o = arg;

	if (l) {
		o->lease = *l;
		o->won++;
	} else {
		o->lease.epoch = 0;
		o->lost++;
	}
}

static int has_won(void *arg)
{
	return ((struct owner *)arg)->won > 0;
}

static int has_lost(void *arg)
{
	return ((struct owner *)arg)->lost > 0;
}

static int owner_never(void *arg)
{
	(void)arg;
	return 0;
}

/* Takes what somebody has just let go: his end of it is on its way to the disk. */
static void take_soon(struct place *p, struct leases *ls, const char *name, struct lease *out)
{
	int rc = HEARTH_EBUSY;

	for (int i = 0; i < 200 && rc == HEARTH_EBUSY; i++) {
		suite_run_until(owner_never, NULL, 5);
		rc = take_as(p, ls, name, out);
	}
	ck_assert_int_eq(rc, 0);
}

START_TEST(lease_kept_stays_and_is_lost_when_taken)
{
	struct place p = open_place(false);
	struct owner o = { 0 };
	struct lease l, other;
	struct lease_keeper *k;

	ck_assert_int_eq(take_as(&p, p.a, "x", &l), 0);
	k = lease_keep(p.a, p.db, &l, on_lost, &o);
	suite_run_until(owner_never, NULL, TTL_MS + TTL_MS / 2);
	ck_assert_int_eq(take_as(&p, p.b, "x", &other), HEARTH_EBUSY);
	ck_assert_int_eq(o.lost, 0);
	/* Somebody ends it, and takes it. */
	ck_assert_int_eq(with(&p, in_end, p.a, &l), 0);
	ck_assert_int_eq(take_as(&p, p.b, "x", &other), 0);
	ck_assert(suite_run_until(has_lost, &o, WITHIN_MS));
	suite_run_until(owner_never, NULL, TTL_MS / 2);
	ck_assert_int_eq(o.lost, 1);
	lease_unkeep(&k);
	ck_assert_ptr_null(k);
	lease_unkeep(&k);
	close_place(&p);
}
END_TEST

static atomic_bool lease_writer_goes_on;

static int in_stall(struct db_tx *tx, void *arg)
{
	(void)tx;
	(void)arg;
	while (!atomic_load(&lease_writer_goes_on))
		usleep(1000);
	return 0;
}

static void on_stalled(void *arg, int status)
{
	(void)status;
	*(int *)arg = 1;
}

/* Renewals wait behind something: by the time they are answered both are lost, and one is unkept. */
START_TEST(lease_is_lost_while_its_renewal_waits)
{
	struct place p = open_place(false);
	struct owner kept = { 0 }, claimed = { 0 };
	struct lease_keeper *k, *c = lease_claim(p.a, p.db, "y", on_claim, &claimed);
	struct lease l, other;
	int stalled = 0;

	ck_assert(suite_run_until(has_won, &claimed, WITHIN_MS));
	ck_assert_int_eq(take_as(&p, p.a, "x", &l), 0);
	k = lease_keep(p.a, p.db, &l, on_lost, &kept);
	suite_run_until(owner_never, NULL, TTL_MS / 10);
	atomic_store(&lease_writer_goes_on, false);
	ck_assert_int_eq(db_write(p.db, in_stall, on_stalled, &stalled), 0);
	ck_assert(suite_run_until(has_lost, &kept, WITHIN_MS));
	ck_assert(suite_run_until(has_lost, &claimed, WITHIN_MS));
	lease_unkeep(&c);
	atomic_store(&lease_writer_goes_on, true);
	suite_run_until(owner_never, NULL, TTL_MS);
	ck_assert_int_eq(stalled, 1);
	ck_assert_int_eq(kept.lost, 1);
	take_soon(&p, p.b, "y", &other);
	lease_unkeep(&k);
	take_soon(&p, p.b, "x", &other);
	close_place(&p);
}
END_TEST

START_TEST(lease_claimed_goes_from_one_to_the_next)
{
	struct place p = open_place(false);
	struct owner a = { 0 }, b = { 0 };
	struct lease_keeper *ka = lease_claim(p.a, p.db, "lobby", on_claim, &a), *kb;

	ck_assert(suite_run_until(has_won, &a, WITHIN_MS));
	kb = lease_claim(p.b, p.db, "lobby", on_claim, &b);
	suite_run_until(owner_never, NULL, TTL_MS + TTL_MS / 2);
	ck_assert_int_eq(b.won, 0);
	ck_assert_int_eq(a.lost, 0);
	lease_unkeep(&ka);
	ck_assert(suite_run_until(has_won, &b, WITHIN_MS));
	ck_assert_int_gt(b.lease.epoch, a.lease.epoch);
	/* It was taken away: told, and had again once it is free. */
	a = b;
	b = (struct owner){ 0 };
	ck_assert_int_eq(with(&p, in_end, p.a, &a.lease), 0);
	ck_assert_int_eq(take_as(&p, p.a, "lobby", &a.lease), 0);
	ck_assert(suite_run_until(has_lost, &b, WITHIN_MS));
	ck_assert(suite_run_until(has_won, &b, WITHIN_MS));
	ck_assert_int_gt(b.lease.epoch, a.lease.epoch);
	lease_unkeep(&kb);
	take_soon(&p, p.a, "lobby", &a.lease);
	close_place(&p);
}
END_TEST

START_TEST(lease_claims_end_at_any_moment)
{
	struct place p = open_place(false);
	struct owner o = { 0 };
	struct lease l;

	for (int i = 0; i < 30; i++) {
		struct lease_keeper *k = lease_claim(p.a, p.db, "lobby", on_claim, &o);

		suite_run_until(owner_never, NULL, i % 6);
		lease_unkeep(&k);
	}
	take_soon(&p, p.b, "lobby", &l);
	close_place(&p);
}
END_TEST

START_TEST(lease_many_are_kept)
{
	struct place p = open_place(false);
	struct owner o = { 0 };
	struct lease_keeper *k[300];
	struct lease l;
	char name[32];

	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "match.%d", i);
		k[i] = lease_claim(p.a, p.db, name, on_claim, &o);
	}
	suite_run_until(owner_never, NULL, TTL_MS + TTL_MS / 2);
	ck_assert_int_eq(o.won, 300);
	ck_assert_int_eq(o.lost, 0);
	for (int i = 0; i < 300; i += 23) {
		snprintf(name, sizeof(name), "match.%d", i);
		ck_assert_int_eq(take_as(&p, p.b, name, &l), HEARTH_EBUSY);
	}
	for (int i = 0; i < 300; i++)
		lease_unkeep(&k[i]);
	close_place(&p);
}
END_TEST

START_TEST(lease_of_who_is_alone_needs_no_renewing)
{
	struct place p;
	struct lease l, other;

	suite_pass_time(0);
	p = open_place(true);
	ck_assert_int_eq(take_as(&p, p.a, "x", &l), 0);
	suite_pass_time(1000 * TTL_MS);
	ck_assert_int_eq(take_as(&p, p.b, "x", &other), HEARTH_EBUSY);
	ck_assert_int_eq(with(&p, in_renew, p.a, &l), 0);
	/* The next server that starts alone. */
	suite_leases_end_all(p.b);
	ck_assert_int_eq(take_as(&p, p.b, "x", &other), 0);
	ck_assert_int_eq(with(&p, in_renew, p.a, &l), HEARTH_ECONFLICT);
	close_place(&p);
}
END_TEST

#define SUITE_LEASE                                                                             \
	lease_has_one_holder, lease_lists_who_holds_what, lease_fences_who_was_too_slow,        \
		lease_is_part_of_its_transaction, lease_epochs_grow_over_restarts,              \
		lease_says_who_holds_it, lease_survives_a_clock_that_was_set_back,              \
		lease_deals_turns, lease_kept_stays_and_is_lost_when_taken,                     \
		lease_claimed_goes_from_one_to_the_next, lease_is_lost_while_its_renewal_waits, \
		lease_claims_end_at_any_moment, lease_many_are_kept,                            \
		lease_of_who_is_alone_needs_no_renewing

#endif

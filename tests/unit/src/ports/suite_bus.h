/*
 * suite_bus.h: what bus.h promises, as tests that any implementation is run through.
 *
 * It knows nothing but include/hearth. The program that includes it defines before that what
 * suite_db.h lists, and:
 *
 *	static struct bus *suite_bus_new(struct db *const *dbs, size_t n);   // with short delays
 *	static void suite_bus_subscribe(struct bus *b, const struct bus_subscription *s,
 *	                                struct db *db, struct pool *p, void *module);
 *	static void suite_bus_start(struct bus *b);
 *	static void suite_bus_end(struct bus **b);   // nothing is delivered any more; frees it
 *	static int suite_never(void *arg);           // 0
 *
 * and puts SUITE_BUS in its list of tests.
 */
#ifndef HEARTH_TESTS_SUITE_BUS_H
#define HEARTH_TESTS_SUITE_BUS_H

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "harness.h"
#include "hearth/bus.h"
#include "hearth/error.h"
#include "src/ports/twice.h"

#define WITHIN_MS 60000

static const char *const post_migrations[] = { "CREATE TABLE taken (id {id}, who TEXT NOT NULL, "
					       "key {bytes} NOT NULL, payload {bytes} NOT NULL);",
	NULL };
static const struct db_schema sender_schema = { "sender", post_migrations };
static const struct db_schema taker_schema = { "taker", post_migrations };

/* A bus between two databases. */
struct post {
	struct db *dbs[2];
	struct db *sender, *taker;
	struct pool *pool;
	struct bus *bus;
};

/* A subscriber, and what the tests want of it. */
struct subscriber {
	struct post *post;
	const char *name;
	atomic_int fail_prepare, fail_apply; /* how often the event with payload "bad" is refused */
	atomic_int tries;                    /* calls of apply for "bad" */
	atomic_int runs;                     /* those that were undone among them */
	atomic_int afters;
	int wrong; /* calls in the wrong place or with wrong arguments */
};

static struct post *post_open(void)
{
	struct post *p = mem_zalloc(sizeof(*p));
	struct strbuf why = { 0 };

	suite_db_fresh();
	if (suite_db_open(&sender_schema, &p->sender, &why) < 0 ||
		suite_db_open(&taker_schema, &p->taker, &why) < 0)
		ck_abort_msg("cannot open: %s", why.p);
	strbuf_free(&why);
	p->dbs[0] = p->sender;
	p->dbs[1] = p->taker;
	suite_loop();
	p->pool = pool_new("io", 4, 64);
	p->bus = suite_bus_new(p->dbs, 2);
	return p;
}

static void post_close(struct post *p)
{
	suite_bus_end(&p->bus);
	pool_free(&p->pool);
	suite_db_close(&p->taker);
	suite_db_close(&p->sender);
	suite_loop_end();
	free(p);
}

/* The same databases with a new bus, as after a restart. */
static void post_restart(struct post *p)
{
	suite_bus_end(&p->bus);
	p->bus = suite_bus_new(p->dbs, 2);
}

/* ---- the subscriber ---- */

static bool is_bad(const struct bus_event *ev)
{
	return slice_eq(ev->payload, slice_str("bad"));
}

static int on_prepare(void *module, const struct bus_event *ev, struct arena *a, void **prepared)
{
	struct subscriber *s = module;

	s->wrong += exec_current() != NULL;
	if (is_bad(ev) && atomic_fetch_sub(&s->fail_prepare, 1) > 0)
		return HEARTH_EIO;
	*prepared = arena_printf(a, "%s:%.*s", s->name, SLICE_ARG(ev->key));
	return 0;
}

static int on_apply(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	struct subscriber *s = module;
	char expected[64];
	int rc;

	snprintf(expected, sizeof(expected), "%s:%.*s", s->name, SLICE_ARG(ev->key));
	s->wrong += !db_tx_writes(tx) || strcmp(prepared, expected) != 0 ||
		    strcmp(ev->topic, "post.sent") != 0 || ev->at_ms <= 0 || ev->position <= 0;
	rc = db_run(tx, "INSERT INTO taken (who, key, payload) VALUES ($1, $2, $3)",
		db_str(s->name), db_bytes(ev->key), db_bytes(ev->payload));
	if (rc == 1 && is_bad(ev) && !suite_is_undone(&s->runs)) {
		atomic_fetch_add(&s->tries, 1);
		if (atomic_fetch_sub(&s->fail_apply, 1) > 0)
			return HEARTH_ECONFLICT;
	}
	return rc < 0 ? rc : 0;
}

static void on_after(void *module, const struct bus_event *ev)
{
	struct subscriber *s = module;

	(void)ev;
	s->wrong += exec_current() != exec_loop();
	atomic_fetch_add(&s->afters, 1);
}

static const struct bus_subscription taker_a = {
	.topic = "post.sent",
	.name = "taker.a",
	.database = "taker",
	.prepare = on_prepare,
	.apply = on_apply,
	.after = on_after,
};
static const struct bus_subscription taker_b = {
	.topic = "post.sent",
	.name = "sender.b",
	.database = "sender",
	.prepare = on_prepare,
	.apply = on_apply,
	.after = on_after,
};

static void subscribe_a(struct post *p, struct subscriber *s)
{
	s->post = p;
	s->name = "a";
	suite_bus_subscribe(p->bus, &taker_a, p->taker, p->pool, s);
}

static void subscribe_b(struct post *p, struct subscriber *s)
{
	s->post = p;
	s->name = "b";
	suite_bus_subscribe(p->bus, &taker_b, p->sender, p->pool, s);
}

/* ---- publishing and looking ---- */

struct letter {
	const char *topic, *key, *payload;
	int and_then; /* what the function returns after publishing */
};

static int publish_fn(struct db_tx *tx, void *arg)
{
	const struct letter *l = arg;
	int rc = bus_publish(
		tx, l->topic ? l->topic : "post.sent", slice_str(l->key), slice_str(l->payload));

	return rc < 0 ? rc : l->and_then;
}

static void publish(struct db *db, struct letter l)
{
	ck_assert_int_eq(db_write_wait(db, publish_fn, &l), l.and_then);
}

/* What `who` has taken, in order: "key=payload key=payload …". */
struct taken {
	struct db *db;
	const char *who;
	int n;
	struct strbuf text;
};

static int taken_fn(struct db_tx *tx, void *arg)
{
	struct taken *t = arg;
	struct db_rows rows;

	t->n = 0;
	strbuf_reset(&t->text);
	ck_assert_int_eq(
		db_query(tx, &rows, "SELECT key, payload FROM taken WHERE who = $1 ORDER BY id",
			db_str(t->who)),
		0);
	for (; db_next(&rows) > 0; t->n++) {
		strbuf_add(&t->text, db_col_bytes(&rows, 0));
		strbuf_addc(&t->text, '=');
		strbuf_add(&t->text, db_col_bytes(&rows, 1));
		strbuf_addc(&t->text, ' ');
	}
	return db_end(&rows);
}

struct wish {
	struct taken taken;
	int n;
};

static int has_taken(void *arg)
{
	struct wish *w = arg;

	ck_assert_int_eq(db_read_wait(w->taken.db, taken_fn, &w->taken), 0);
	return w->taken.n >= w->n;
}

/* Waits until so many were taken and a moment longer, and compares the whole. */
static void expect_taken(struct db *db, const char *who, int n, const char *text)
{
	struct wish w = { .taken = { .db = db, .who = who }, .n = n };

	ck_assert_msg(suite_run_until(has_taken, &w, WITHIN_MS), "%s has taken %d: %s", who,
		w.taken.n, w.taken.text.p);
	w.n++;
	ck_assert(!suite_run_until(has_taken, &w, 100));
	if (text)
		ck_assert_str_eq(w.taken.text.p ? w.taken.text.p : "", text);
	strbuf_free(&w.taken.text);
}

/* ---- durability and delivery ---- */

START_TEST(bus_delivers_what_was_committed_once)
{
	struct post *p = post_open();
	struct subscriber s = { 0 };

	subscribe_a(p, &s);
	suite_bus_start(p->bus);
	publish(p->sender,
		(struct letter){ .key = "k", .payload = "lost", .and_then = HEARTH_EIO });
	publish(p->sender, (struct letter){ .key = "k", .payload = "1" });
	publish(p->sender, (struct letter){ .topic = "post.other", .key = "k", .payload = "2" });
	publish(p->sender, (struct letter){ .key = "k", .payload = "3" });
	expect_taken(p->taker, "a", 2, "k=1 k=3 ");
	ck_assert_int_eq(atomic_load(&s.afters), 2);
	ck_assert_int_eq(s.wrong, 0);
	post_close(p);
}
END_TEST

START_TEST(bus_delivers_to_each_subscriber)
{
	struct post *p = post_open();
	struct subscriber a = { 0 }, b = { 0 };

	subscribe_a(p, &a);
	subscribe_b(p, &b);
	suite_bus_start(p->bus);
	publish(p->sender, (struct letter){ .key = "x", .payload = "1" });
	publish(p->sender, (struct letter){ .key = "y", .payload = "2" });
	expect_taken(p->taker, "a", 2, "x=1 y=2 ");
	expect_taken(p->sender, "b", 2, "x=1 y=2 ");
	ck_assert_int_eq(a.wrong + b.wrong, 0);
	post_close(p);
}
END_TEST

START_TEST(bus_delivers_from_every_database)
{
	struct post *p = post_open();
	struct subscriber s = { 0 };

	subscribe_a(p, &s);
	suite_bus_start(p->bus);
	publish(p->taker, (struct letter){ .key = "x", .payload = "1" });
	expect_taken(p->taker, "a", 1, "x=1 ");
	publish(p->sender, (struct letter){ .key = "y", .payload = "2" });
	expect_taken(p->taker, "a", 2, "x=1 y=2 ");
	post_close(p);
}
END_TEST

START_TEST(bus_newcomers_start_at_the_oldest_event_kept)
{
	struct post *p = post_open();
	struct subscriber s = { 0 };

	publish(p->sender, (struct letter){ .key = "k", .payload = "1" });
	publish(p->sender, (struct letter){ .key = "k", .payload = "2" });
	subscribe_a(p, &s);
	suite_bus_start(p->bus);
	expect_taken(p->taker, "a", 2, "k=1 k=2 ");
	post_close(p);
}
END_TEST

START_TEST(bus_goes_on_where_it_stood_after_a_restart)
{
	struct post *p = post_open();
	struct subscriber s = { 0 };

	for (int round = 0; round < 4; round++) {
		subscribe_a(p, &s);
		suite_bus_start(p->bus);
		publish(p->sender, (struct letter){ .key = "k", .payload = "on" });
		expect_taken(p->taker, "a", 2 * round + 1, NULL);
		post_restart(p);
		publish(p->sender, (struct letter){ .key = "k", .payload = "off" });
	}
	subscribe_a(p, &s);
	suite_bus_start(p->bus);
	expect_taken(p->taker, "a", 8, "k=on k=off k=on k=off k=on k=off k=on k=off ");
	post_close(p);
}
END_TEST

/* ---- order ---- */

#define WRITERS 4
#define LETTERS 250

struct writer {
	struct post *post;
	int number;
};

static void *write_letters(void *arg)
{
	struct writer *w = arg;
	char key[16], payload[16];

	snprintf(key, sizeof(key), "%d", w->number);
	for (int i = 0; i < LETTERS; i++) {
		snprintf(payload, sizeof(payload), "%d", i);
		publish(w->post->sender, (struct letter){ .key = key, .payload = payload });
	}
	return NULL;
}

static int check_order_fn(struct db_tx *tx, void *arg)
{
	int next[WRITERS] = { 0 }, *wrong = arg;
	struct db_rows rows;

	ck_assert_int_eq(db_query(tx, &rows, "SELECT key, payload FROM taken ORDER BY id"), 0);
	while (db_next(&rows) > 0) {
		int64_t key = -1, n = -1;

		slice_i64(db_col_bytes(&rows, 0), 0, WRITERS - 1, &key);
		slice_i64(db_col_bytes(&rows, 1), 0, LETTERS - 1, &n);
		*wrong += key < 0 || next[key]++ != n;
	}
	return db_end(&rows);
}

START_TEST(bus_keeps_the_order_of_a_key)
{
	struct post *p = post_open();
	struct subscriber s = { 0 };
	struct writer w[WRITERS];
	pthread_t t[WRITERS];
	int wrong = 0;

	subscribe_a(p, &s);
	suite_bus_start(p->bus);
	for (int i = 0; i < WRITERS; i++) {
		w[i] = (struct writer){ p, i };
		pthread_create(&t[i], NULL, write_letters, &w[i]);
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(t[i], NULL);
	expect_taken(p->taker, "a", WRITERS * LETTERS, NULL);
	ck_assert_int_eq(db_read_wait(p->taker, check_order_fn, &wrong), 0);
	ck_assert_int_eq(wrong, 0);
	ck_assert_int_eq(atomic_load(&s.afters), WRITERS * LETTERS);
	post_close(p);
}
END_TEST

/* ---- failing ---- */

static void publish_five_with_a_bad_one(struct post *p)
{
	publish(p->sender, (struct letter){ .key = "k", .payload = "1" });
	publish(p->sender, (struct letter){ .key = "k", .payload = "2" });
	publish(p->sender, (struct letter){ .key = "k", .payload = "bad" });
	publish(p->sender, (struct letter){ .key = "k", .payload = "4" });
	publish(p->sender, (struct letter){ .key = "k", .payload = "5" });
}

START_TEST(bus_tries_again_and_holds_up_what_is_behind)
{
	struct post *p = post_open();
	struct subscriber s = { .fail_prepare = 2, .fail_apply = 2 };

	publish_five_with_a_bad_one(p);
	subscribe_a(p, &s);
	suite_bus_start(p->bus);
	expect_taken(p->taker, "a", 5, "k=1 k=2 k=bad k=4 k=5 ");
	ck_assert_int_eq(atomic_load(&s.tries), 3);
	ck_assert_int_eq(atomic_load(&s.afters), 5);
	post_close(p);
}
END_TEST

static int count_dead(struct db_tx *tx, void *arg)
{
	return db_get_int(tx, arg,
		"SELECT count(*) FROM bus_dead WHERE subscription = $1 AND payload = $2",
		db_str("taker.a"), db_bytes(slice_str("bad")));
}

START_TEST(bus_sets_aside_what_fails_ten_times)
{
	struct post *p = post_open();
	struct subscriber s = { .fail_apply = 1000 };
	int64_t dead = 0;

	publish_five_with_a_bad_one(p);
	subscribe_a(p, &s);
	suite_bus_start(p->bus);
	expect_taken(p->taker, "a", 4, "k=1 k=2 k=4 k=5 ");
	/*
	 * The first try may have been in one batch with those before it, and is not counted then.
	 */
	ck_assert_int_ge(atomic_load(&s.tries), 10);
	ck_assert_int_le(atomic_load(&s.tries), 11);
	ck_assert_int_eq(db_read_wait(p->taker, count_dead, &dead), 0);
	ck_assert_int_eq(dead, 1);
	post_close(p);
}
END_TEST

START_TEST(bus_sets_aside_what_cannot_be_prepared)
{
	struct post *p = post_open();
	struct subscriber s = { .fail_prepare = 1000 };
	int64_t dead = 0;

	publish_five_with_a_bad_one(p);
	subscribe_a(p, &s);
	suite_bus_start(p->bus);
	expect_taken(p->taker, "a", 4, "k=1 k=2 k=4 k=5 ");
	ck_assert_int_eq(atomic_load(&s.tries), 0);
	ck_assert_int_eq(db_read_wait(p->taker, count_dead, &dead), 0);
	ck_assert_int_eq(dead, 1);
	post_close(p);
}
END_TEST

START_TEST(bus_one_subscriber_does_not_hold_up_another)
{
	struct post *p = post_open();
	struct subscriber a = { .fail_apply = 1000 }, b = { 0 };

	subscribe_a(p, &a);
	subscribe_b(p, &b);
	suite_bus_start(p->bus);
	publish_five_with_a_bad_one(p);
	expect_taken(p->sender, "b", 5, "k=1 k=2 k=bad k=4 k=5 ");
	expect_taken(p->taker, "a", 4, "k=1 k=2 k=4 k=5 ");
	post_close(p);
}
END_TEST

/* ---- live topics ---- */

struct ear {
	struct bus_listener *listener;
	struct bus *bus;
	struct exec *owner;
	const char *topic;
	atomic_int heard;
	int wrong;
	int next;       /* of the numbers it hears */
	bool stop_soon; /* unlisten at the third */
};

static void on_live(void *arg, struct buf *payload)
{
	struct ear *e = arg;
	int64_t n = -1;

	slice_i64(buf_slice(payload), 0, 1000000, &n);
	e->wrong += exec_current() != e->owner || n != e->next++ || !e->listener;
	if (atomic_fetch_add(&e->heard, 1) == 2 && e->stop_soon)
		bus_unlisten(&e->listener);
}

static void listen_here(void *arg)
{
	struct ear *e = arg;

	e->owner = exec_current();
	e->listener = bus_listen(e->bus, e->topic, on_live, e);
}

static void unlisten_here(void *arg)
{
	bus_unlisten(&((struct ear *)arg)->listener);
}

static void tell(struct bus *b, const char *topic, int n)
{
	char text[16];
	struct buf *payload;

	snprintf(text, sizeof(text), "%d", n);
	payload = buf_copy(slice_str(text));
	bus_tell(b, topic, payload);
	buf_unref(&payload);
}

static int heard_all(void *arg)
{
	return atomic_load(&((struct ear *)arg)->heard) >= 100;
}

START_TEST(bus_live_topics_reach_who_listens_at_the_moment)
{
	struct post *p = post_open();
	struct exec *shard = exec_new("shard");
	struct ear here = { .bus = p->bus, .topic = "live.a" }, there = here, early = here;
	struct ear other = { .bus = p->bus, .topic = "live.b" };

	early.stop_soon = true;
	tell(p->bus, "live.a", 7); /* nobody listens yet */
	listen_here(&here);
	listen_here(&early);
	listen_here(&other);
	exec_call(shard, listen_here, &there);
	for (int i = 0; i < 100; i++)
		tell(p->bus, "live.a", i);
	ck_assert(suite_run_until(heard_all, &here, WITHIN_MS));
	ck_assert(suite_run_until(heard_all, &there, WITHIN_MS));
	suite_run_until(suite_never, NULL, 20);
	ck_assert_int_eq(atomic_load(&here.heard), 100);
	ck_assert_int_eq(atomic_load(&early.heard), 3);
	ck_assert_int_eq(atomic_load(&other.heard), 0);
	ck_assert_ptr_null(early.listener);
	bus_unlisten(&here.listener);
	bus_unlisten(&here.listener);
	bus_unlisten(&other.listener);
	exec_call(shard, unlisten_here, &there);
	tell(p->bus, "live.a", 100);
	exec_free(&shard);
	ck_assert_int_eq(here.wrong + early.wrong + there.wrong, 0);
	post_close(p);
}
END_TEST

struct losses {
	int heard, lost, last;
};

static void note_live(void *arg, struct buf *payload)
{
	struct losses *l = arg;
	int64_t n = -1;

	if (payload) {
		slice_i64(buf_slice(payload), 0, INT32_MAX, &n);
		l->heard++;
		l->last = (int)n;
	} else {
		l->lost++;
	}
}

static int was_told_of_a_loss(void *arg)
{
	return ((struct losses *)arg)->lost > 0;
}

static int was_told_of_two_losses(void *arg)
{
	return ((struct losses *)arg)->lost > 1;
}

static int heard_the_last(void *arg)
{
	return ((struct losses *)arg)->last == 7004;
}

/* A loop that was held up while 5,000 were told: it is told that it missed some, once. */
START_TEST(bus_live_topics_say_what_was_lost)
{
	struct post *p = post_open();
	struct losses l = { 0 };
	struct bus_listener *listener = bus_listen(p->bus, "live.a", note_live, &l);
	int before;

	for (int i = 0; i < 5000; i++)
		tell(p->bus, "live.a", i);
	ck_assert(suite_run_until(was_told_of_a_loss, &l, WITHIN_MS));
	suite_run_until(suite_never, NULL, 20);
	ck_assert_int_eq(l.lost, 1);
	ck_assert_int_gt(l.heard, 0);
	ck_assert_int_lt(l.heard, 5000);
	before = l.heard;
	for (int i = 0; i < 5; i++)
		tell(p->bus, "live.a", 7000 + i);
	ck_assert(suite_run_until(heard_the_last, &l, WITHIN_MS));
	ck_assert_int_eq(l.heard, before + 5);
	for (int i = 0; i < 5000; i++)
		tell(p->bus, "live.a", i);
	ck_assert(suite_run_until(was_told_of_two_losses, &l, WITHIN_MS));
	suite_run_until(suite_never, NULL, 50);
	ck_assert_int_eq(l.lost, 2);
	bus_unlisten(&listener);
	post_close(p);
}
END_TEST

static void *tell_for_a_while(void *arg)
{
	for (int i = 0; i < 3000; i++)
		tell(arg, "live.a", i);
	return NULL;
}

static void count_live(void *arg, struct buf *payload)
{
	(void)payload;
	++*(int *)arg;
}

START_TEST(bus_live_topics_bear_coming_and_going)
{
	struct post *p = post_open();
	pthread_t t;
	int heard = 0, after = -1;

	pthread_create(&t, NULL, tell_for_a_while, p->bus);
	for (int i = 0; i < 50; i++) {
		struct bus_listener *l = bus_listen(p->bus, "live.a", count_live, &heard);

		suite_run_until(suite_never, NULL, 1);
		bus_unlisten(&l);
		after = heard;
	}
	pthread_join(t, NULL);
	suite_run_until(suite_never, NULL, 20);
	ck_assert_int_eq(heard, after);
	post_close(p);
}
END_TEST

#define SUITE_BUS                                                                                 \
	bus_delivers_what_was_committed_once, bus_delivers_to_each_subscriber,                    \
		bus_delivers_from_every_database, bus_newcomers_start_at_the_oldest_event_kept,   \
		bus_goes_on_where_it_stood_after_a_restart, bus_keeps_the_order_of_a_key,         \
		bus_tries_again_and_holds_up_what_is_behind, bus_sets_aside_what_fails_ten_times, \
		bus_sets_aside_what_cannot_be_prepared,                                           \
		bus_one_subscriber_does_not_hold_up_another,                                      \
		bus_live_topics_reach_who_listens_at_the_moment,                                  \
		bus_live_topics_bear_coming_and_going, bus_live_topics_say_what_was_lost

#endif

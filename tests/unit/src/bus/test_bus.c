/*
 * test_bus.c: the in-process bus through the suite of its port, and what its outbox keeps.
 */
#include "src/ports/embedded.h"

#include "bus/outbox.h"
#include "bus/register.h"
#include "db/engine.h"
#include "hearth/clock.h"
#include "hearth/health.h"
#include "hearth/metric.h"
#include "lease/lease_internal.h"
#include "src/ports/suite_bus.h"

/* ---- waking ---- */

static int publish_large(struct db_tx *tx, void *arg)
{
	const struct buf *large = arg;
	int rc = 0;

	for (int i = 0; i < 5 && rc == 0; i++)
		rc = bus_publish(tx, "post.sent", SLICE("k"), buf_slice(large));
	return rc;
}

START_TEST(one_commit_wakes_for_all_of_its_events)
{
	struct post *p = post_open();
	struct subscriber s = { .name = NULL };
	struct buf *large = buf_alloc(700000);

	memset(buf_data(large), 'x', large->n);
	bus_set_pace(p->bus, 3600 * 1000, 1000); /* no tick comes to its help */
	subscribe_a(p, &s);
	suite_bus_start(p->bus);
	suite_run_until(suite_never, NULL, 50);
	ck_assert_int_eq(db_write_wait(p->sender, publish_large, large), 0);
	expect_taken(p->taker, "a", 5, NULL);
	buf_unref(&large);
	post_close(p);
}
END_TEST

static int add_payload(void *arg, struct slice payload)
{
	strbuf_add(arg, payload);
	strbuf_addc(arg, ' ');
	return 0;
}

static int list_kept(struct db_tx *tx, void *arg)
{
	strbuf_reset(arg);
	return bus_kept(tx, "post.sent", add_payload, arg);
}

static int list_set_aside(struct db_tx *tx, void *arg)
{
	strbuf_reset(arg);
	return bus_set_aside(tx, "taker.a", add_payload, arg);
}

START_TEST(what_a_subscriber_does_not_know_yet_can_be_listed)
{
	struct post *p = post_open();
	struct subscriber s = { .fail_apply = 1000 };
	struct strbuf text = { 0 };

	bus_set_pace(p->bus, 3600 * 1000, 1);
	publish(p->sender, (struct letter){ .key = "k", .payload = "1" });
	publish(p->sender, (struct letter){ .key = "k", .payload = "bad" });
	publish(p->sender, (struct letter){ .topic = "post.other", .key = "k", .payload = "2" });
	ck_assert_int_eq(db_read_wait(p->sender, list_kept, &text), 0);
	ck_assert_str_eq(text.p, "1 bad ");
	ck_assert_int_eq(db_read_wait(p->taker, list_set_aside, &text), 0);
	ck_assert_uint_eq(text.n, 0);
	bus_set_pace(p->bus, 10, 1);
	subscribe_a(p, &s);
	suite_bus_start(p->bus);
	expect_taken(p->taker, "a", 1, NULL);
	for (int i = 0; i < 200 && text.n == 0; i++) {
		suite_run_until(suite_never, NULL, 100);
		ck_assert_int_eq(db_read_wait(p->taker, list_set_aside, &text), 0);
	}
	ck_assert_str_eq(text.p, "bad ");
	strbuf_free(&text);
	post_close(p);
}
END_TEST

static const struct bus_subscription gatherer = {
	.topic = "post.sent",
	.name = "taker.gatherer",
	.database = "taker",
	.prepare = on_prepare,
	.apply = on_apply,
	.gathers = true,
};

#define GATHER_MS 500

START_TEST(one_that_gathers_takes_many_in_one_commit)
{
	struct post *p = post_open();
	struct subscriber s = { .post = p, .name = "a" };
	int64_t before, begun_ms, took_ms;

	bus_set_pace(p->bus, GATHER_MS, 1000);
	suite_bus_subscribe(p->bus, &gatherer, p->taker, p->pool, &s);
	suite_bus_start(p->bus);
	suite_run_until(suite_never, NULL, 50);
	before = metric_value(p->taker->commits);
	begun_ms = clock_mono_ms();
	for (int i = 0; i < 10; i++)
		publish(p->sender, (struct letter){ .key = "k", .payload = "1" });
	took_ms =
		clock_mono_ms() - begun_ms; /* on a slow disk they come over several of its times */
	expect_taken(p->taker, "a", 10, NULL);
	ck_assert_int_le(metric_value(p->taker->commits) - before, 3 + took_ms / GATHER_MS);
	post_close(p);
}
END_TEST

/* ---- trimming ---- */

static int count_outbox(struct db_tx *tx, void *arg)
{
	return db_get_int(tx, arg, "SELECT count(*) FROM bus_outbox");
}

static int64_t outbox_of(struct db *db)
{
	int64_t n = -1;

	ck_assert_int_eq(db_read_wait(db, count_outbox, &n), 0);
	return n;
}

static int outbox_is_empty(void *arg)
{
	return outbox_of(arg) == 0;
}

static int outbox_holds_three(void *arg)
{
	return outbox_of(arg) == 3;
}

static int forget_a(struct db_tx *tx, void *arg)
{
	(void)arg;
	return register_forget(tx, "taker.a") == 1 ? 0 : HEARTH_ENOTFOUND;
}

START_TEST(outbox_keeps_what_somebody_has_not_passed)
{
	struct post *p = post_open();
	struct subscriber a = { .fail_apply = 1000000 }, b = { 0 };

	/* a is held up at the bad one for good as far as this test goes. */
	bus_set_pace(p->bus, 10, 60000);
	subscribe_a(p, &a);
	subscribe_b(p, &b);
	suite_bus_start(p->bus);
	publish_five_with_a_bad_one(p);
	expect_taken(p->sender, "b", 5, NULL);
	expect_taken(p->taker, "a", 2, NULL);
	ck_assert(suite_run_until(outbox_holds_three, p->sender, WITHIN_MS));
	/* Nobody runs it now, but it stands in the register, until it is forgotten. */
	post_restart(p);
	subscribe_b(p, &b);
	suite_bus_start(p->bus);
	suite_run_until(suite_never, NULL, 100);
	ck_assert_int_eq(outbox_of(p->sender), 3);
	ck_assert_int_eq(db_write_wait(p->sender, forget_a, NULL), 0);
	ck_assert(suite_run_until(outbox_is_empty, p->sender, WITHIN_MS));
	post_close(p);
}
END_TEST

#define MANY 7000

static int publish_many(struct db_tx *tx, void *arg)
{
	(void)arg;
	for (int i = 0; i < MANY; i++)
		if (bus_publish(tx, i % 2 ? "nobody.listens" : "nobody.either", SLICE("k"),
			    SLICE("x")) < 0)
			return HEARTH_EIO;
	return 0;
}

START_TEST(outbox_forgets_what_nobody_waits_for)
{
	struct post *p = post_open();

	ck_assert_int_eq(db_write_wait(p->sender, publish_many, NULL), 0);
	ck_assert_int_eq(outbox_of(p->sender), MANY);
	suite_bus_start(p->bus);
	ck_assert(suite_run_until(outbox_is_empty, p->sender, WITHIN_MS));
	post_close(p);
}
END_TEST

struct tries {
	struct subscriber *subscriber;
	int n;
};

static int has_tried(void *arg)
{
	const struct tries *t = arg;

	return atomic_load(&t->subscriber->tries) >= t->n;
}

START_TEST(attempts_are_counted_across_restarts)
{
	struct post *p = post_open();
	struct subscriber s = { .fail_apply = 1000 };
	struct tries t = { .subscriber = &s };
	int64_t dead = -1;

	publish(p->sender, (struct letter){ .key = "k", .payload = "bad" });
	publish(p->sender, (struct letter){ .key = "k", .payload = "good" });
	/* Each bus gets one try in: then it would rest for a minute. */
	for (t.n = 1; t.n <= 10; t.n++) {
		ck_assert_int_eq(db_read_wait(p->taker, count_dead, &dead), 0);
		ck_assert_int_eq(dead, 0);
		bus_set_pace(p->bus, 10, 60000);
		subscribe_a(p, &s);
		suite_bus_start(p->bus);
		ck_assert(suite_run_until(has_tried, &t, WITHIN_MS));
		post_restart(p);
	}
	ck_assert_int_eq(db_read_wait(p->taker, count_dead, &dead), 0);
	ck_assert_int_eq(dead, 1);
	subscribe_a(p, &s);
	suite_bus_start(p->bus);
	expect_taken(p->taker, "a", 1, "k=good ");
	ck_assert_int_eq(atomic_load(&s.tries), 10);
	post_close(p);
}
END_TEST

/*
 * Who was never registered, since an older program ran, and whose module is off: the kernel names
 * it. Forgotten, it is not kept for though it is named; when it runs, it is registered again.
 */
START_TEST(outbox_keeps_for_who_is_away)
{
	static const struct bus_subscription away = {
		.topic = "post.sent", .name = "taker.a", .database = "taker"
	};
	struct post *p = post_open();
	struct subscriber a = { 0 }, b = { 0 };

	bus_keep_for(p->bus, &away);
	subscribe_b(p, &b);
	suite_bus_start(p->bus);
	publish(p->sender, (struct letter){ .key = "k", .payload = "1" });
	expect_taken(p->sender, "b", 1, "k=1 ");
	suite_run_until(suite_never, NULL, 100);
	post_restart(p);
	subscribe_a(p, &a);
	suite_bus_start(p->bus);
	expect_taken(p->taker, "a", 1, "k=1 ");
	post_restart(p);
	ck_assert_int_eq(db_write_wait(p->sender, forget_a, NULL), 0);
	bus_keep_for(p->bus, &away);
	subscribe_b(p, &b);
	suite_bus_start(p->bus);
	publish(p->sender, (struct letter){ .key = "k", .payload = "2" });
	ck_assert(suite_run_until(outbox_is_empty, p->sender, WITHIN_MS));
	post_restart(p);
	subscribe_a(p, &a);
	suite_bus_start(p->bus);
	post_restart(p);
	publish(p->sender, (struct letter){ .key = "k", .payload = "3" });
	suite_bus_start(p->bus);
	suite_run_until(suite_never, NULL, 100);
	ck_assert_int_eq(outbox_of(p->sender), 1);
	post_close(p);
}
END_TEST

/* ---- what was set aside ---- */

static int count_again(struct db_tx *tx, void *arg)
{
	return dead_again(tx, arg);
}

static int ask_again(struct db_tx *tx, void *arg)
{
	return dead_ask_again(tx, arg) == 1 ? 0 : HEARTH_ENOTFOUND;
}

static int is_dead_again(void *arg)
{
	const struct post *p = arg;
	int64_t dead = -1, again = -1;

	ck_assert_int_eq(db_read_wait(p->taker, count_dead, &dead), 0);
	ck_assert_int_eq(db_read_wait(p->taker, count_again, &again), 0);
	return dead == 1 && again == 0;
}

START_TEST(what_was_set_aside_is_tried_again_when_asked)
{
	struct post *p = post_open();
	struct subscriber s = { .fail_apply = 1000 };
	int tries;
	char a[] = "taker.a";
	int64_t dead = -1;

	subscribe_a(p, &s);
	suite_bus_start(p->bus);
	publish_five_with_a_bad_one(p);
	expect_taken(p->taker, "a", 4, "k=1 k=2 k=4 k=5 ");
	ck_assert(suite_run_until(is_dead_again, p, WITHIN_MS));
	tries = atomic_load(&s.tries);
	/* It fails once more, and is left alone. */
	ck_assert_int_eq(db_write_wait(p->taker, ask_again, a), 0);
	ck_assert(suite_run_until(is_dead_again, p, WITHIN_MS));
	suite_run_until(suite_never, NULL, 50);
	ck_assert_int_eq(atomic_load(&s.tries), tries + 1);
	/* The cause is gone. */
	atomic_store(&s.fail_apply, 0);
	ck_assert_int_eq(db_write_wait(p->taker, ask_again, NULL), 0);
	expect_taken(p->taker, "a", 5, "k=1 k=2 k=4 k=5 k=bad ");
	ck_assert_int_eq(db_read_wait(p->taker, count_dead, &dead), 0);
	ck_assert_int_eq(dead, 0);
	ck_assert_int_eq(db_write_wait(p->taker, ask_again, NULL), HEARTH_ENOTFOUND);
	publish(p->sender, (struct letter){ .key = "k", .payload = "6" });
	expect_taken(p->taker, "a", 6, "k=1 k=2 k=4 k=5 k=bad k=6 ");
	post_close(p);
}
END_TEST

/* ---- a transaction that is refused as a whole ---- */

static int make_rule(struct db_tx *tx, void *arg)
{
	(void)arg;
	return db_run(tx, "CREATE TABLE parent (id BIGINT PRIMARY KEY)") < 0 ||
			       db_run(tx, "CREATE TABLE child (parent BIGINT REFERENCES parent (id)"
					  " DEFERRABLE INITIALLY DEFERRED)") < 0
		       ? HEARTH_EIO
		       : 0;
}

/* For "bad" it does what only the commit refuses, as an index does that is damaged there. */
static int apply_or_spoil(
	void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	struct subscriber *s = module;

	(void)prepared;
	if (is_bad(ev)) {
		atomic_fetch_add(&s->tries, 1);
		return db_run(tx, "INSERT INTO child (parent) VALUES (7)") < 0 ? HEARTH_EIO : 0;
	}
	return db_run(tx, "INSERT INTO taken (who, key, payload) VALUES ('a', $1, $2)",
		       db_bytes(ev->key), db_bytes(ev->payload)) < 0
		       ? HEARTH_EIO
		       : 0;
}

static const struct bus_subscription spoiler = {
	.topic = "post.sent",
	.name = "taker.a",
	.database = "taker",
	.apply = apply_or_spoil,
};

START_TEST(sets_aside_what_the_commit_refuses)
{
	struct post *p = post_open();
	struct subscriber s = { 0 };
	int64_t dead = 0;

	ck_assert_int_eq(db_write_wait(p->taker, make_rule, NULL), 0);
	publish_five_with_a_bad_one(p);
	publish(p->sender, (struct letter){ .key = "k", .payload = "bad" });
	publish(p->sender, (struct letter){ .key = "k", .payload = "7" });
	suite_bus_subscribe(p->bus, &spoiler, p->taker, p->pool, &s);
	suite_bus_start(p->bus);
	expect_taken(p->taker, "a", 5, "k=1 k=2 k=4 k=5 k=7 ");
	ck_assert_int_eq(db_read_wait(p->taker, count_dead, &dead), 0);
	ck_assert_int_eq(dead, 2);
	post_close(p);
}
END_TEST

/* Where nothing is taken any more, what comes later is given up sooner: the outbox stays small. */
START_TEST(a_broken_subscriber_does_not_fill_the_outbox)
{
	struct post *p = post_open();
	struct subscriber s = { 0 };
	struct tries t = { .subscriber = &s, .n = 10 + 9 * 2 };
	int64_t dead = 0;

	ck_assert_int_eq(db_write_wait(p->taker, make_rule, NULL), 0);
	for (int i = 0; i < 10; i++)
		publish(p->sender, (struct letter){ .key = "k", .payload = "bad" });
	publish(p->sender, (struct letter){ .key = "k", .payload = "good" });
	suite_bus_subscribe(p->bus, &spoiler, p->taker, p->pool, &s);
	suite_bus_start(p->bus);
	expect_taken(p->taker, "a", 1, "k=good ");
	ck_assert_int_ge(atomic_load(&s.tries), t.n);
	ck_assert_int_eq(db_read_wait(p->taker, count_dead, &dead), 0);
	ck_assert_int_eq(dead, 10);
	post_close(p);
}
END_TEST

/* ---- two nodes on the same databases ---- */

struct node {
	struct bus *bus;
	struct leases *leases;
	struct subscriber subscriber;
	atomic_int prepared;
	int everywhere, missed, wrong; /* the loop's */
	int64_t last;
};

static int prepare_on_node(
	void *module, const struct bus_event *ev, struct arena *a, void **prepared)
{
	struct node *n = module;

	atomic_fetch_add(&n->prepared, 1);
	return on_prepare(&n->subscriber, ev, a, prepared);
}

static int apply_on_node(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	return on_apply(&((struct node *)module)->subscriber, tx, ev, prepared);
}

static void after_on_node(void *module, const struct bus_event *ev)
{
	on_after(&((struct node *)module)->subscriber, ev);
}

static void everywhere_on_node(void *module, const struct bus_event *ev)
{
	struct node *n = module;

	n->wrong += exec_current() != exec_loop();
	if (!ev) {
		n->missed++;
		return;
	}
	n->wrong += ev->position <= n->last;
	n->last = ev->position;
	n->everywhere++;
}

static const struct bus_subscription on_nodes = {
	.topic = "post.sent",
	.name = "taker.nodes",
	.database = "taker",
	.prepare = prepare_on_node,
	.apply = apply_on_node,
	.after = after_on_node,
	.everywhere = everywhere_on_node,
};

/* What carries live topics between the nodes. */
static const struct relay_engine *relay = &relay_table;

static void node_open(struct node *n, struct post *p, const char *name, struct bus *bus)
{
	struct lease_options options = { .node = name, .ttl_ms = 15000 };

	*n = (struct node){ .bus = bus, .subscriber = { .post = p, .name = "a" } };
	n->leases = leases_new(p->dbs, 2, &options);
	bus_share(bus, n->leases, NULL, relay);
	suite_bus_subscribe(bus, &on_nodes, p->taker, p->pool, n);
	suite_bus_start(bus);
}

static int first_heard(void *arg)
{
	return ((const struct node *)arg)[0].everywhere > 0;
}

static int both_heard_300(void *arg)
{
	const struct node *n = arg;

	return n[0].everywhere >= 300 && n[1].everywhere >= 300;
}

static int one_missed(void *arg)
{
	const struct node *n = arg;

	return n[0].missed > 0 && n[1].missed > 0;
}

/* As if others had applied what was removed before these looked. */
static int skip_events(struct db_tx *tx, void *arg)
{
	(void)arg;
	return db_run(tx, "UPDATE bus_cursor SET position = 100000 WHERE source = 'sender'") < 1
		       ? HEARTH_EIO
		       : 0;
}

static int note_trimmed(struct db_tx *tx, void *arg)
{
	(void)arg;
	return db_run(tx, "INSERT INTO bus_trimmed (topic, position) VALUES ('post.sent', 100000)"
			  " ON CONFLICT (topic) DO UPDATE SET position = 100000") < 1
		       ? HEARTH_EIO
		       : 0;
}

START_TEST(two_nodes_do_it_once_and_both_are_told)
{
	struct post *p = post_open();
	struct node n[2];

	publish(p->sender, (struct letter){ .key = "k", .payload = "before" });
	node_open(&n[0], p, "one", p->bus);
	expect_taken(p->taker, "a", 1, "k=before ");
	node_open(&n[1], p, "two", suite_bus_new(p->dbs, 2));
	ck_assert(suite_run_until(first_heard, n, WITHIN_MS));
	suite_run_until(suite_never, NULL, 300);
	n[0].everywhere = 0;
	for (int i = 0; i < 300; i++)
		publish(p->sender, (struct letter){ .key = "k", .payload = "1" });
	ck_assert(suite_run_until(both_heard_300, n, WITHIN_MS));
	suite_run_until(suite_never, NULL, 300);
	expect_taken(p->taker, "a", 301, NULL);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(n[i].everywhere, 300);
		ck_assert_int_eq(n[i].missed + n[i].wrong, 0);
	}
	ck_assert_int_eq(
		atomic_load(&n[0].subscriber.afters) + atomic_load(&n[1].subscriber.afters), 301);
	ck_assert_int_eq(atomic_load(&n[0].prepared) + atomic_load(&n[1].prepared), 301);
	ck_assert_int_eq(db_write_wait(p->sender, note_trimmed, NULL), 0);
	ck_assert_int_eq(db_write_wait(p->taker, skip_events, NULL), 0);
	ck_assert(suite_run_until(one_missed, n, WITHIN_MS));
	suite_bus_end(&n[1].bus);
	bus_stop(p->bus);
	leases_free(&n[0].leases);
	leases_free(&n[1].leases);
	post_close(p);
}
END_TEST

static int both_heard_500(void *arg)
{
	const struct losses *l = arg;

	return l[0].heard >= 500 && l[1].heard >= 500;
}

static int second_lost(void *arg)
{
	return ((const struct losses *)arg)[1].lost > 0;
}

static int second_heard_more(void *arg)
{
	return ((const struct losses *)arg)[1].last == 77;
}

/* As if a node had been held up for so long that what it has not heard is gone. */
static int make_a_gap(struct db_tx *tx, void *arg)
{
	int64_t last;
	int rc = db_get_int(tx, &last, "SELECT max(id) FROM bus_live");

	(void)arg;
	if (rc == 0)
		rc = db_run(tx,
			"INSERT INTO bus_live (id, node, topic, at_ms) VALUES ($1, 'x', 'y', 0)",
			db_int(last + 10));
	return rc < 0 ? rc : 0;
}

START_TEST(live_topics_are_heard_on_both_nodes)
{
	struct post *p = post_open();
	struct losses l[2] = { 0 };
	struct bus_listener *listeners[2];
	struct node n[2];

	node_open(&n[0], p, "one", p->bus);
	node_open(&n[1], p, "two", suite_bus_new(p->dbs, 2));
	for (int i = 0; i < 2; i++)
		listeners[i] = bus_listen(n[i].bus, "live.a", note_live, &l[i]);
	for (int i = 0; i < 500; i++)
		tell(n[i % 2].bus, "live.a", i);
	ck_assert(suite_run_until(both_heard_500, l, WITHIN_MS));
	bus_tell(n[0].bus, "live.a", NULL);
	ck_assert(suite_run_until(second_lost, l, WITHIN_MS));
	suite_run_until(suite_never, NULL, 200);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(l[i].heard, 500);
		ck_assert_int_eq(l[i].lost, 1);
		l[i].lost = 0;
	}
	ck_assert_int_eq(db_write_wait(p->sender, make_a_gap, NULL), 0);
	ck_assert(suite_run_until(second_lost, l, WITHIN_MS));
	tell(n[0].bus, "live.a", 77);
	ck_assert(suite_run_until(second_heard_more, l, WITHIN_MS));
	for (int i = 0; i < 2; i++)
		bus_unlisten(&listeners[i]);
	suite_bus_end(&n[1].bus);
	bus_stop(p->bus);
	leases_free(&n[0].leases);
	leases_free(&n[1].leases);
	post_close(p);
}
END_TEST

/* A relay of another kind: it hands over at once, and never looks at a database. */
struct wire {
	struct bus *bus;
	struct list_node node;
	int started, stopped;
};

static struct list wires = { { &wires.head, &wires.head } };
static int wires_closed, glances;

static void *wire_open(struct bus *b)
{
	struct wire *w = mem_zalloc(sizeof(*w));

	w->bus = b;
	list_push(&wires, &w->node);
	return w;
}

static void wire_start(void *state)
{
	((struct wire *)state)->started++;
}

static void wire_stop(void *state)
{
	((struct wire *)state)->stopped++;
}

static void wire_close(void *state)
{
	struct wire *w = state;

	wires_closed += w->started == 1 && w->stopped == 1;
	list_remove(&w->node);
	free(w);
}

static void wire_send(void *state, const char *topic, struct buf *payload)
{
	LIST_FOREACH (&wires, node)
		if (LIST_ENTRY(node, struct wire, node) != state)
			bus_tell_here(LIST_ENTRY(node, struct wire, node)->bus, topic, payload);
}

static void wire_glance(void *state)
{
	(void)state;
	glances++;
}

static const struct relay_engine wire = { wire_open, wire_start, wire_stop, wire_close, wire_send,
	wire_glance };

static int count_rows(struct db_tx *tx, void *arg)
{
	return db_get_int(tx, arg, "SELECT count(*) FROM bus_live");
}

START_TEST(live_topics_pass_by_the_engine_that_was_chosen)
{
	struct post *p = post_open();
	struct losses l = { 0 };
	struct bus_listener *listener;
	int64_t rows = -1;
	struct node n[2];

	relay = &wire;
	node_open(&n[0], p, "one", p->bus);
	node_open(&n[1], p, "two", suite_bus_new(p->dbs, 2));
	listener = bus_listen(n[1].bus, "live.a", note_live, &l);
	for (int i = 0; i < 10; i++)
		tell(n[0].bus, "live.a", i);
	bus_tell(n[0].bus, "live.a", NULL);
	suite_run_until(suite_never, NULL, 300);
	ck_assert_int_eq(l.heard, 10);
	ck_assert_int_eq(l.lost, 1);
	ck_assert_int_gt(glances, 0);
	ck_assert_int_eq(db_read_wait(p->sender, count_rows, &rows), 0);
	ck_assert_int_eq(rows, 0);
	bus_unlisten(&listener);
	suite_bus_end(&n[1].bus);
	bus_stop(p->bus);
	leases_free(&n[0].leases);
	leases_free(&n[1].leases);
	post_close(p);
	ck_assert_int_eq(wires_closed, 2);
	relay = &relay_table;
}
END_TEST

/* ---- lag ---- */

#define LAGS "bus.taker.a.sender"

static int lags(void *arg)
{
	(void)arg;
	return health_is_set(LAGS);
}

static int lags_no_more(void *arg)
{
	(void)arg;
	return !health_is_set(LAGS) && health_is_set("bus-dead.taker");
}

START_TEST(a_lag_is_told)
{
	struct post *p = post_open();
	struct subscriber s = { .fail_apply = 1000 };
	const char *label = "subscription=\"taker.a\",source=\"sender\"";
	int64_t before = metric_value(metric_counter("hearth_bus_set_aside_total", label, NULL));

	publish_five_with_a_bad_one(p);
	bus_set_pace(p->bus, 10, 5);
	bus_set_lag_max(p->bus, 20);
	subscribe_a(p, &s);
	suite_bus_start(p->bus);
	ck_assert(suite_run_until(lags, NULL, WITHIN_MS));
	ck_assert_int_ge(metric_value(metric_gauge("hearth_bus_lag_events", label, NULL)), 3);
	expect_taken(p->taker, "a", 4, "k=1 k=2 k=4 k=5 ");
	ck_assert(suite_run_until(lags_no_more, NULL, WITHIN_MS));
	ck_assert_int_eq(metric_value(metric_gauge("hearth_bus_lag_events", label, NULL)), 0);
	ck_assert_int_eq(metric_value(metric_counter("hearth_bus_set_aside_total", label, NULL)),
		before + 1);
	post_close(p);
	health_clear("bus-dead.taker");
}
END_TEST

TEST_MAIN("bus", SUITE_BUS, two_nodes_do_it_once_and_both_are_told,
	live_topics_are_heard_on_both_nodes, live_topics_pass_by_the_engine_that_was_chosen,
	outbox_keeps_for_who_is_away, what_was_set_aside_is_tried_again_when_asked,
	sets_aside_what_the_commit_refuses, a_broken_subscriber_does_not_fill_the_outbox,
	a_lag_is_told, one_commit_wakes_for_all_of_its_events,
	one_that_gathers_takes_many_in_one_commit,
	what_a_subscriber_does_not_know_yet_can_be_listed,
	outbox_keeps_what_somebody_has_not_passed, outbox_forgets_what_nobody_waits_for,
	attempts_are_counted_across_restarts)

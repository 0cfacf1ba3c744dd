/*
 * bus.h: port: events: what has happened.
 *
 * Durable topics carry facts. An event is written in the same transaction as the fact (a row in
 * the outbox of the publisher's database) and delivered to every subscriber, whose cursor lives in
 * the subscriber's own database and moves in the transaction of what it did.
 *
 * What is promised for durable topics (and what a second implementation must keep)
 *   durability  An event exists exactly when its transaction is committed, and until every
 *               subscriber has taken it, also across kill -9.
 *   delivery    At least once to each subscriber; since the cursor moves with the effect, an effect
 *               in the subscriber's database happens exactly once.
 *   order       Per subscriber, the events of one key come in the order they were published. An
 *               event that a subscriber fails on is tried again with a growing delay and holds up
 *               later ones, until after ten attempts it is set aside (table bus_dead) and logged.
 *               That holds for a transaction that the database refuses for what apply did, too.
 *               As long as none was taken since, an event behind it that fails for good reason
 *               (not for a disk or a peer that may come back) is set aside after two.
 *   lag         How many events wait for each subscription, and for how long, is measured
 *               (hearth_bus_lag_events, hearth_bus_lag_seconds); health.h says so when one has
 *               been waiting for a minute, and when events were set aside within a day.
 *   visibility  A subscriber may see an event as soon as its transaction is committed.
 *   newcomers   A subscriber that was never seen before starts at the oldest event kept.
 *   register    Who subscribes to what stands in the publisher's database, from the first start
 *               that had it: events are kept for it also while its module is off, everywhere or on
 *               this node (a million of them at most; then health.h says so), until it is
 *               forgotten by name (hearth bus forget). hearth bus list shows it, with its lag.
 *               What was set aside is tried again when somebody asks (hearth bus retry): behind
 *               what its key had since.
 *
 * Live topics are now or never: delivered to who listens at the moment, on its own executor, in
 * the order one thread published them, and forgotten. Nothing is kept; a slow listener (a thousand
 * wait for it) loses the newest, and is told that it lost some, behind those it had: then it looks
 * at what is true now. It is told so once for however many were lost before that. Those told on one
 * node are heard on all, there within some tenths of a second; a node that was held up for longer
 * than they are kept is told that it lost some.
 *
 * Nodes that share the databases follow the same outboxes. Which of them applies an event does not
 * matter, since the cursor moves with the effect and only from where it stood: who was slower has
 * done nothing, and that is no error. A subscription with `prepare` is followed by one node at a
 * time, by a lease (lease.h), so that work is not done twice.
 *
 * Order. Rows must become visible in the order of their positions, or a cursor passes one that is
 * committed later and loses it. SQLite has one writer, so it is so by itself. An engine with many
 * writers gives numbers out before commits. There the order comes from the transaction's own number
 * and the oldest one still open, never from a lock of the topic: that makes one queue of all
 * deliveries, from the first publish on, and two topics locked crosswise deadlock. On PostgreSQL the
 * outbox has a column xid xid8 NOT NULL DEFAULT pg_current_xact_id(); readers take
 *	WHERE topic = … AND (xid, position) > (…) AND xid < pg_snapshot_xmin(pg_current_snapshot())
 *	ORDER BY xid, position
 * so no row is read while one that would stand before it can still come, and a cursor is the pair.
 * Events of one key keep their order, since whoever publishes for a key has changed a row of it (a
 * mailbox's UIDs, an account) and holds that row's lock until the commit. One long transaction holds
 * up reading, not writing; so transactions are short (db.h), and lag says so. No NOTIFY: it makes
 * commits one queue, too.
 *
 * Redis only carries: a relay, one at a time a topic, adds each row under its own number as the
 * stream id (XADD topic POSITION-0 …), so that one that starts over adds nothing twice. A
 * subscriber reads its streams behind its own cursor (XREAD), one node at a time: consumer groups
 * would deal the events of one key to several and lose their order. Two nodes that both believe to
 * be the one do no harm, since the cursor moves only from where each saw it. Streams are cut (XTRIM
 * MINID) behind the last cursor. Live topics are pub/sub.
 */
#ifndef HEARTH_BUS_H
#define HEARTH_BUS_H

#include "hearth/arena.h"
#include "hearth/buf.h"
#include "hearth/db.h"

struct bus;

struct bus_event {
	const char *topic;    /* "mail.delivered" */
	int64_t position;     /* grows along the topic; with gaps */
	struct slice key;     /* what the order holds for: an account, a match */
	struct slice payload; /* JSON, in the topic's own form, described in its module's README */
	int64_t at_ms;        /* wall time of publishing */
};

/*
 * A module's table of durable subscriptions; ends with topic == NULL. For each event, in order:
 *   prepare  on a worker, may block (read a blob, parse); what it makes lies in `a` and is handed
 *            to apply. May be NULL.
 *   apply    on the writer of `database`, in one transaction with the cursor; quick. Not NULL.
 *   after    on the loop of the node that applied it, once that is on disk; for waking somebody.
 *            May be NULL; a crash can lose it, so what outlives the process (a shared cache, a
 *            blob) must bear that.
 *   everywhere  on the loop of every node, once apply is on disk, whichever node did it; for what
 *            each process keeps of it: a cache, a list, connections. May be NULL. With `ev` NULL:
 *            something may have been missed (the node was held up for longer than events are
 *            kept), look again at whatever they could have told of. Of events from before its
 *            start a node is told nothing. On the node that applied it, behind `after`.
 * With `gathers` nobody is woken for an event: within a second all that came are taken, many in one
 * transaction. For what is done the cheaper the more there is at once, such as an index; while the
 * disk is full (room.h) it waits, so that it does not take what log-ins and deleting need.
 * A negative result of prepare or apply means: not now, try again. Both may be called again for the
 * same event, apply also with what was prepared before, as long as its transaction has not come to
 * be: then nothing of it is there.
 */
struct bus_subscription {
	const char *topic;
	const char *name;     /* of this subscriber; unique for ever: "mail.search" */
	const char *database; /* where its cursor and its effects are */
	int (*prepare)(void *module, const struct bus_event *ev, struct arena *a, void **prepared);
	int (*apply)(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);
	void (*after)(void *module, const struct bus_event *ev);
	void (*everywhere)(void *module, const struct bus_event *ev);
	bool gathers;
};

/* Publishes on a durable topic within a write transaction. Inside a db_fn. */
int bus_publish(struct db_tx *tx, const char *topic, struct slice key, struct slice payload);

/*
 * The payloads of a topic's events that this database still keeps: all that some subscriber may not
 * have taken yet, and maybe some that everybody has. And in a subscriber's database, of those that
 * were set aside for it. For who must know what a subscriber does not know yet. A result of `each`
 * other than 0 ends it and is returned. Inside a db_fn.
 */
typedef int bus_kept_fn(void *arg, struct slice payload);
int bus_kept(struct db_tx *tx, const char *topic, bus_kept_fn *each, void *arg);
int bus_set_aside(struct db_tx *tx, const char *subscription, bus_kept_fn *each, void *arg);

/*
 * Publishes on a live topic; takes a reference of its own. NULL says that some were missed. Any
 * thread.
 */
void bus_tell(struct bus *b, const char *topic, struct buf *payload);
/* The same for who listens on this node alone: when every node hears of it by itself. */
void bus_tell_here(struct bus *b, const char *topic, struct buf *payload);

/*
 * Listens to a live topic on the calling executor until bus_unlisten. `payload` is the bus's; NULL
 * says that some were lost: look again at whatever they might have told of.
 */
struct bus_listener;
typedef void bus_live_fn(void *arg, struct buf *payload);
struct bus_listener *bus_listen(struct bus *b, const char *topic, bus_live_fn *fn, void *arg);
/* On the executor that listened; fn is not called afterwards. Sets *l to NULL; legal on NULL. */
void bus_unlisten(struct bus_listener **l);

#endif

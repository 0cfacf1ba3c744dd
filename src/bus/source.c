/*
 * source.c: one database's outbox: who subscribes to it, and what of it can go.
 *
 * For whom events are kept stands in the database itself (register.c), not in this process: a
 * module that is off, or runs on another node, finds what it has not passed. All that everybody
 * registered has passed is removed, once a tick and a bounded number at a time; what nobody
 * subscribes to at once.
 *
 * On the bus's own worker, but for source_register.
 */
#include <stdio.h>

#include "bus/dispatch.h"
#include "bus/outbox.h"
#include "bus/register.h"
#include "hearth/error.h"
#include "hearth/health.h"
#include "hearth/log.h"

#define KEEP_MAX INT64_C(1000000) /* positions kept for who is away */
#define AGE_MS   3000             /* for which other nodes can see one */
#define TRIM_MAX 2000             /* in one transaction: other writers wait meanwhile */

/* ---- entering ---- */

static bool is_entered(const struct registered *list, const struct bus_subscription *s, bool runs)
{
	for (; list; list = list->next)
		if (strcmp(list->name, s->name) == 0 && strcmp(list->topic, s->topic) == 0)
			return !runs || list->position != REGISTER_FORGOTTEN;
	return false;
}

struct entering {
	const struct source *source;
	const struct registered *list;
	struct arena *arena;
	bool missing;
};

static int read_list(struct db_tx *tx, void *arg)
{
	struct entering *e = arg;
	struct registered *list;
	int rc = register_read(tx, e->arena, &list);

	e->list = list;
	return rc;
}

typedef int subscription_fn(void *arg, const struct bus_subscription *s, bool runs);

/* Calls fn for each subscription that this program knows for the source, until it fails. */
static int each_subscription(const struct source *s, subscription_fn *fn, void *arg)
{
	int rc = 0;

	LIST_FOREACH (&s->bus->lanes, node) {
		const struct lane *l = LIST_ENTRY(node, struct lane, node);

		if (rc == 0 && l->from == s->db)
			rc = fn(arg, l->subscription, true);
	}
	for (size_t i = 0; i < s->bus->away_count && rc == 0; i++)
		rc = fn(arg, s->bus->away[i], false);
	return rc;
}

static int look_for(void *arg, const struct bus_subscription *s, bool runs)
{
	struct entering *e = arg;

	e->missing |= !is_entered(e->list, s, runs);
	return 0;
}

static int enter_one(void *tx, const struct bus_subscription *s, bool runs)
{
	return register_add(tx, s, runs);
}

/* On the writer. */
static int enter(struct db_tx *tx, void *arg)
{
	return each_subscription(arg, enter_one, tx);
}

void source_register(struct source *s)
{
	struct entering e = { .source = s, .arena = arena_new() };
	int rc = db_read_wait(s->db, read_list, &e);

	if (rc == 0)
		each_subscription(s, look_for, &e);
	/* Where it cannot be written now, trimming enters them before it removes anything. */
	if (rc == 0 && e.missing)
		rc = db_write_wait(s->db, enter, s);
	if (rc < 0)
		log_warn("bus", "subscriptions could not be entered", "source", "%s",
			db_name(s->db), "why", "%s", error_name(rc), NULL);
	arena_free(&e.arena);
}

/* ---- trimming ---- */

struct survey {
	struct arena *arena;
	struct outbox_topic *topics;
	struct registered *list;
};

static int read_survey(struct db_tx *tx, void *arg)
{
	struct survey *v = arg;
	int rc = outbox_topics(tx, v->arena, &v->topics);

	return rc < 0 ? rc : register_read(tx, v->arena, &v->list);
}

/* The lane that follows the source for this subscription here; NULL: it runs elsewhere, or not. */
static struct lane *lane_of(const struct source *s, const char *name)
{
	LIST_FOREACH (&s->bus->lanes, node) {
		struct lane *l = LIST_ENTRY(node, struct lane, node);

		if (l->from == s->db && strcmp(l->subscription->name, name) == 0)
			return l;
	}
	return NULL;
}

/* Wakes those that are behind; false when there are none. */
static bool wake_lanes(const struct source *s, const struct outbox_topic *t)
{
	bool any = false;

	LIST_FOREACH (&s->bus->lanes, node) {
		struct lane *l = LIST_ENTRY(node, struct lane, node);

		if (l->from != s->db || strcmp(l->subscription->topic, t->topic) != 0 ||
			atomic_load(&l->position) >= t->last)
			continue;
		any = true;
		runner_wake(&l->runner);
	}
	return any;
}

static void say_overflow(struct source *s, const struct registered *r)
{
	char name[HEALTH_NAME_MAX + 1];

	snprintf(name, sizeof(name), "bus-away.%s", db_name(s->db));
	if (r)
		health_set(name,
			"more than %lld events of \"%s\" wait for %s, which nobody runs here: the "
			"oldest are removed. Enable its module, or `hearth bus forget %s`",
			(long long)KEEP_MAX, r->topic, r->name, r->name);
	else if (s->overflows)
		health_clear(name);
	s->overflows = r != NULL;
}

/*
 * How far a topic may be cut: to the least position of who is registered, of which this process's
 * own lanes may know better, but no more than KEEP_MAX are kept for those it does not run.
 */
static int64_t passed_by_all(const struct source *s, const struct survey *v,
	const struct outbox_topic *t, const struct registered **over)
{
	int64_t passed = t->last;

	for (const struct registered *r = v->list; r; r = r->next) {
		const struct lane *l = lane_of(s, r->name);
		int64_t position = r->position, own = l ? atomic_load(&l->position) : -1;

		if (strcmp(r->topic, t->topic) != 0 || position == REGISTER_FORGOTTEN)
			continue;
		if (own > position)
			position = own;
		if (!l && t->last - position > KEEP_MAX) {
			position = t->last - KEEP_MAX;
			*over = r;
		}
		if (position < passed)
			passed = position;
	}
	return passed;
}

struct trim {
	const struct source *source;
	const struct outbox_topic *topic;
	int64_t up_to;
};

/* On the writer: notes how far this process's lanes have come, and that all are entered. */
static int note_lanes(struct db_tx *tx, const struct trim *t)
{
	int rc = 0;

	LIST_FOREACH (&t->source->bus->lanes, node) {
		struct lane *l = LIST_ENTRY(node, struct lane, node);
		int64_t position = atomic_load(&l->position);

		if (rc == 0 && l->from == t->source->db &&
			strcmp(l->subscription->topic, t->topic->topic) == 0)
			rc = register_note(tx, l->subscription, position < 0 ? 0 : position);
	}
	for (size_t i = 0; i < t->source->bus->away_count && rc == 0; i++)
		rc = register_add(tx, t->source->bus->away[i], false);
	return rc;
}

/* On the writer. Somebody may have come to the register since it was read. */
static int trim(struct db_tx *tx, void *arg)
{
	const struct trim *t = arg;
	int64_t floor = t->up_to, up_to = t->up_to;
	int rc = note_lanes(tx, t);

	if (rc == 0)
		rc = register_floor(tx, t->topic->topic, &floor);
	if (rc < 0 && rc != HEARTH_ENOTFOUND)
		return rc;
	if (floor < t->topic->last - KEEP_MAX)
		floor = t->topic->last - KEEP_MAX;
	if (floor < up_to)
		up_to = floor;
	return t->source->bus->leases ? outbox_trim_aged(tx, t->topic->topic, up_to, AGE_MS)
				      : outbox_trim(tx, t->topic->topic, up_to);
}

/* True when there is more of it to trim. */
static bool trim_topic(struct source *s, const struct survey *v, const struct outbox_topic *t,
	const struct registered **over)
{
	struct trim cut = { s, t, passed_by_all(s, v, t, over) };
	bool more = cut.up_to - t->first >= TRIM_MAX;

	if (cut.up_to < t->first)
		return false;
	if (more)
		cut.up_to = t->first + TRIM_MAX - 1;
	return db_write_wait(s->db, trim, &cut) == 0 && more && !s->bus->leases;
}

bool source_run(void *arg)
{
	struct source *s = arg;
	struct survey v = { .arena = arena_new() };
	const struct registered *over = NULL;
	bool more = false, waits = false;

	atomic_store(&s->calm, false);
	if (db_read_wait(s->db, read_survey, &v) < 0) {
		arena_free(&v.arena);
		return false;
	}
	for (const struct outbox_topic *t = v.topics; t; t = t->next) {
		waits |= wake_lanes(s, t) || s->bus->leases;
		more |= trim_topic(s, &v, t, &over);
	}
	say_overflow(s, over);
	source_measure(s, v.topics);
	atomic_store(&s->calm, !waits);
	arena_free(&v.arena);
	return more;
}

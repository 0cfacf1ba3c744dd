/*
 * relay_table.c: live topics where nodes share the databases (bus/relay.h): what one node tells, the
 * others hear by a table that all of them look at, bus_live of the first database.
 *
 *   bus_tell ─▶ waiting ──writer──▶ bus_live ──glance, reader──▶ who listens on the other nodes
 *
 * Rows stay for KEEP_MS; their numbers have no gaps, and the newest one stays for good, so a node
 * that finds a gap behind what it has heard was held up for longer and tells all who listen that
 * they have missed something. So does, for its topic, what finds no room to wait, or could not be
 * written. A knock (hearth/wake.h) makes the others look at once instead of with their next glance.
 *
 * Threads: `send` on any; writer and reader on the bus's own worker; the rest on the loop. At
 * most WAITING_MAX messages wait.
 */
#include <stdlib.h>

#include "bus/dispatch.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define WAITING_MAX 4096
#define WRITE_MAX   256 /* messages in one transaction */
#define READ_MAX    256
#define KEEP_MS     10000
#define TIDY_MS     1000

struct message {
	struct list_node node;
	char *topic;
	struct buf *payload; /* NULL: some were lost */
};

struct relay {
	struct bus *bus;
	struct db *db;
	pthread_mutex_t lock; /* for the next three */
	struct list waiting;
	size_t count;
	bool started;
	struct runner writer, reader;
	int64_t tidied_ms; /* monotonic; the writer's */
	int64_t heard;     /* id; the reader's */
};

static void *open_table(struct bus *b)
{
	struct relay *r = mem_zalloc(sizeof(*r));

	r->bus = b;
	r->db = b->sources[0].db;
	list_init(&r->waiting);
	pthread_mutex_init(&r->lock, NULL);
	return r;
}

static void message_free(struct message *m)
{
	buf_unref(&m->payload);
	free(m->topic);
	free(m);
}

/* ---- telling ---- */

/* With the lock held: whether the last one waiting says of this topic that some were lost. */
static bool says_lost(const struct relay *r, const char *topic)
{
	for (struct list_node *n = r->waiting.head.prev; n != &r->waiting.head; n = n->prev) {
		const struct message *m = LIST_ENTRY(n, struct message, node);

		if (!m->payload && strcmp(m->topic, topic) == 0)
			return true;
		if (m->payload)
			return false;
	}
	return false;
}

static void send(void *state, const char *topic, struct buf *payload)
{
	struct relay *r = state;
	struct message *m;

	pthread_mutex_lock(&r->lock);
	if (r->count >= WAITING_MAX)
		payload = NULL;
	/* What says so stands behind all that has room, one for each topic. */
	if (!r->started || (!payload && says_lost(r, topic))) {
		pthread_mutex_unlock(&r->lock);
		return;
	}
	m = mem_alloc(sizeof(*m));
	*m = (struct message){ .topic = mem_strdup(slice_str(topic)),
		.payload = payload ? buf_ref(payload) : NULL };
	list_push(&r->waiting, &m->node);
	r->count++;
	pthread_mutex_unlock(&r->lock);
	runner_wake(&r->writer);
}

struct writing {
	struct relay *relay;
	struct message *messages[WRITE_MAX];
	size_t count;
	bool tidy;
};

static int tidy(struct db_tx *tx)
{
	int rc = db_run(tx,
		"DELETE FROM bus_live WHERE at_ms < $1 AND id < (SELECT max(id) FROM bus_live)",
		db_int(clock_wall_ms() - KEEP_MS));

	return rc < 0 ? rc : 0;
}

/* On the database's writer; may be run again. */
static int write_messages(struct db_tx *tx, void *arg)
{
	const struct writing *w = arg;
	const char *node = leases_node(w->relay->bus->leases);
	int rc = w->tidy ? tidy(tx) : 0;

	for (size_t i = 0; i < w->count && rc >= 0; i++) {
		const struct message *m = w->messages[i];

		rc = db_run(tx,
			"INSERT INTO bus_live (node, topic, payload, at_ms) VALUES ($1, $2, $3, "
			"$4)",
			db_str(node), db_str(m->topic),
			m->payload ? db_bytes(buf_slice(m->payload)) : db_null(),
			db_int(clock_wall_ms()));
	}
	return rc < 0 ? rc : 0;
}

/* What could not be written is lost, and that shall be said. */
static void give_up(struct writing *w)
{
	log_warn("bus", "other nodes were not told of something", NULL);
	for (size_t i = 0; i < w->count; i++)
		send(w->relay, w->messages[i]->topic, NULL);
}

static bool run_writer(void *arg)
{
	struct relay *r = arg;
	struct writing w = { .relay = r };
	struct list_node *node;
	bool more;

	pthread_mutex_lock(&r->lock);
	while (w.count < WRITE_MAX && (node = list_pop(&r->waiting)))
		w.messages[w.count++] = LIST_ENTRY(node, struct message, node);
	r->count -= w.count;
	more = !list_empty(&r->waiting);
	pthread_mutex_unlock(&r->lock);
	if (w.count == 0)
		return false;
	w.tidy = clock_mono_ms() - r->tidied_ms > TIDY_MS;
	if (w.tidy)
		r->tidied_ms = clock_mono_ms();
	if (db_write_wait(r->db, write_messages, &w) < 0) {
		give_up(&w);
		more = false; /* with the next message, or by the tick */
	} else {
		wake_others(r->bus->wake, WAKE_BUS);
	}
	for (size_t i = 0; i < w.count; i++)
		message_free(w.messages[i]);
	return more;
}

/* ---- hearing ---- */

struct reading {
	struct relay *relay;
	struct arena *arena;
	int64_t last;
	bool gap;
	size_t count, seen;
	struct heard {
		const char *topic;
		struct slice payload; /* p NULL: some were lost */
	} heard[READ_MAX];
};

static int take_row(struct db_rows *rows, void *arg)
{
	struct reading *g = arg;
	int64_t id = db_col_int(rows, 0);

	g->gap |= id != g->last + 1;
	g->last = id;
	g->seen++;
	if (slice_eq(db_col_text(rows, 1), slice_str(leases_node(g->relay->bus->leases))))
		return 0;
	g->heard[g->count++] = (struct heard){
		.topic = arena_strdup(g->arena, db_col_text(rows, 2)),
		.payload = db_col_is_null(rows, 3) ? (struct slice){ 0 }
						   : arena_slice(g->arena, db_col_bytes(rows, 3)),
	};
	return 0;
}

static int read_messages(struct db_tx *tx, void *arg)
{
	struct reading *g = arg;
	g->last = g->relay->heard;
	g->count = g->seen = 0;
	g->gap = false;
	return db_each(tx, take_row, g,
		"SELECT id, node, topic, payload FROM bus_live WHERE id > $1 ORDER BY id LIMIT $2",
		db_int(g->relay->heard), db_int(READ_MAX));
}

static bool run_reader(void *arg)
{
	struct relay *r = arg;
	struct reading g = { .relay = r, .arena = arena_new() };
	bool more = db_read_wait(r->db, read_messages, &g) == 0 && g.seen == READ_MAX;

	if (g.gap)
		live_lose_all(&r->bus->live);
	if (g.seen > 0)
		r->heard = g.last;
	for (size_t i = 0; i < g.count; i++) {
		struct buf *payload = g.heard[i].payload.p ? buf_copy(g.heard[i].payload) : NULL;

		bus_tell_here(r->bus, g.heard[i].topic, payload);
		buf_unref(&payload);
	}
	arena_free(&g.arena);
	return more;
}

static void glance(void *state)
{
	struct relay *r = state;

	if (r->bus->sources[0].changed)
		runner_wake(&r->reader);
}

/* ---- start and stop; on the loop ---- */

static int read_end(struct db_tx *tx, void *arg)
{
	return db_get_int(tx, arg, "SELECT coalesce(max(id), 0) FROM bus_live");
}

static void start(void *state)
{
	struct relay *r = state;

	/* Where it cannot be read, what is there is heard as new: it only makes somebody look. */
	if (db_read_wait(r->db, read_end, &r->heard) < 0)
		r->heard = 0;
	runner_init(&r->writer, r->bus->pool, 1, run_writer, r);
	runner_init(&r->reader, r->bus->pool, 1, run_reader, r);
	pthread_mutex_lock(&r->lock);
	r->started = true;
	pthread_mutex_unlock(&r->lock);
}

static void stop(void *state)
{
	struct relay *r = state;

	pthread_mutex_lock(&r->lock);
	r->started = false;
	pthread_mutex_unlock(&r->lock);
	runner_stop(&r->writer);
	runner_stop(&r->reader);
	runner_clear(&r->writer);
	runner_clear(&r->reader);
}

static void close_table(void *state)
{
	struct relay *r = state;
	struct list_node *node;

	while ((node = list_pop(&r->waiting)))
		message_free(LIST_ENTRY(node, struct message, node));
	pthread_mutex_destroy(&r->lock);
	free(r);
}

const struct relay_engine relay_table = { open_table, start, stop, close_table, send, glance };

/*
 * relay.c: frames between nodes (relay.h).
 *
 * Every RELAY_POLL_MS a node looks for rows that are addressed to it, and takes them in one
 * transaction; what it has to say goes out in batches, one at a time at the database. All on the
 * loop but game_relay_tell…, which add to `out` under the lock; db_fns work on what is theirs while
 * they are under way. Bounded: OUT_MAX rows wait, RELAY_TAKEN_MAX are taken, clients are counted by
 * their nodes' gateways.
 */
#include "wire/relay.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/tenure.h"
#include "hearth/clock.h"
#include "hearth/config.h"
#include "hearth/error.h"
#include "hearth/list.h"
#include "hearth/log.h"
#include "hearth/map.h"
#include "store/store_relay.h"
#include "wire/frames.h"

#define RELAY_POLL_MS 50
#define HEALTH_EVERY  20 /* polls, until nodes and the owner are looked at */
#define OUT_MAX       4096
#define NODES_MAX     16
#define NODE_LEASE    "game.node.%s" /* that a node is there */

/* A row and its text. */
struct parcel {
	struct list_node node;
	struct relay_row row;
	char *body; /* owned; row.body */
};

/* A client of another node: of who owns the matches. */
struct relayed {
	uint64_t client;
	int64_t account;
	char node[LEASE_NODE_MAX + 1];
};

struct game_relay {
	struct game *g;
	const char *node;
	struct lease_keeper *keeper; /* this node is there */
	struct timer poll;
	int polls;
	bool looking, owns;        /* at the database, and whether it owned the matches then */
	bool waits;                /* something does, here */
	bool health;               /* nodes and owner are looked at, too */
	struct list in;            /* struct parcel: taken */
	struct map *own;           /* client id → struct relayed: those of this node that asked */
	int64_t told_epoch, epoch; /* of the matches' lease: known to `own`; as it is; 0: free */
	char gone[NODES_MAX][LEASE_NODE_MAX + 1]; /* nodes that were looked for and are not there */
	char nodes[NODES_MAX][LEASE_NODE_MAX + 1]; /* of those in `relayed` */
	int node_count, gone_count;

	pthread_mutex_t lock;
	struct map *relayed; /* lock: client id → struct relayed */
	struct list out;     /* lock: struct parcel, to be written */
	int out_count;       /* lock */
	bool posted;         /* lock: the loop knows of it */
	struct list batch;   /* being written */
	bool writing;
};

static void on_poll(void *arg);

static void parcel_free(struct parcel *p)
{
	free(p->body);
	free(p);
}

static void parcels_free(struct list *l)
{
	struct list_node *n;

	while ((n = list_pop(l)))
		parcel_free(LIST_ENTRY(n, struct parcel, node));
}

static struct parcel *parcel_new(const struct relay_row *row)
{
	struct parcel *p = mem_zalloc(sizeof(*p));

	p->row = *row;
	p->body = mem_strdup(row->body);
	p->row.body = slice_of(p->body, row->body.n);
	return p;
}

/* ---- out ---- */

static int write_batch(struct db_tx *tx, void *arg)
{
	struct game_relay *r = arg;
	int rc = 0;

	LIST_FOREACH (&r->batch, it)
		if (rc == 0)
			rc = game_store_relay_add(tx, &LIST_ENTRY(it, struct parcel, node)->row);
	return rc;
}

static void write_out(struct game_relay *r);

/* Who asked and was not heard is told; a client that misses a frame is told nothing here. */
static void on_written(void *arg, int status)
{
	struct game_relay *r = arg;
	struct list_node *n;

	r->writing = false;
	if (status < 0)
		log_warn("game", "frames could not be handed to another node", "why", "%s",
			error_name(status), NULL);
	while ((n = list_pop(&r->batch))) {
		struct parcel *p = LIST_ENTRY(n, struct parcel, node);

		if (status < 0 && p->row.kind == RELAY_ASKED)
			game_send(r->g, p->row.client,
				game_frame_error("try-again", "it could not be handed on"));
		parcel_free(p);
	}
	write_out(r);
}

static void write_out(struct game_relay *r)
{
	struct list_node *n;

	if (r->writing)
		return;
	pthread_mutex_lock(&r->lock);
	while ((n = list_pop(&r->out)))
		list_push(&r->batch, n);
	r->out_count = 0;
	r->posted = false;
	pthread_mutex_unlock(&r->lock);
	if (list_empty(&r->batch))
		return;
	r->writing = true;
	if (db_write(r->g->db, write_batch, on_written, r) < 0)
		on_written(r, HEARTH_EBUSY);
}

static void on_out(void *arg)
{
	write_out(arg);
}

/* Any thread; false when too many wait. With the lock. */
static bool put(struct game_relay *r, const struct relay_row *row)
{
	struct parcel *p;

	if (r->out_count >= OUT_MAX)
		return false;
	p = parcel_new(row);
	p->row.at_ms = clock_wall_ms();
	list_push(&r->out, &p->node);
	r->out_count++;
	if (!r->posted && exec_loop()) {
		r->posted = true;
		exec_post(exec_loop(), on_out, r);
	}
	return true;
}

void game_relay_ask(struct game_relay *r, const struct frame_message *frame)
{
	struct relay_row row = { .kind = RELAY_ASKED,
		.client = frame->client,
		.account = frame->account,
		.ping_us = frame->ping_us,
		.age_us = frame->age_us,
		.body = frame->bytes };
	bool taken;

	snprintf(row.from, sizeof(row.from), "%s", r->node);
	if (!map_get_u64(r->own, frame->client)) {
		struct relayed *one = mem_zalloc(sizeof(*one));

		one->client = frame->client;
		map_set_u64(r->own, frame->client, one);
	}
	pthread_mutex_lock(&r->lock);
	taken = put(r, &row);
	pthread_mutex_unlock(&r->lock);
	if (!taken)
		game_send(r->g, frame->client,
			game_frame_error("busy", "the server has too much to do"));
}

void game_relay_gone(struct game_relay *r, uint64_t client)
{
	struct relay_row row = { .kind = RELAY_GONE, .client = client };

	struct relayed *one = map_remove_u64(r->own, client);

	if (!one)
		return;
	free(one);
	snprintf(row.from, sizeof(row.from), "%s", r->node);
	pthread_mutex_lock(&r->lock);
	put(r, &row);
	pthread_mutex_unlock(&r->lock);
}

static void tell(struct game_relay *r, const struct relayed *to, struct buf *frame)
{
	struct relay_row row = { .kind = RELAY_TOLD,
		.client = to->client,
		.account = to->account,
		.body = buf_slice(frame) };

	snprintf(row.to, sizeof(row.to), "%s", to->node);
	put(r, &row);
}

bool game_relay_tell(struct game_relay *r, uint64_t client, struct buf *frame)
{
	struct relayed *to;

	if (!r)
		return false;
	pthread_mutex_lock(&r->lock);
	to = map_get_u64(r->relayed, client);
	if (to)
		tell(r, to, frame);
	pthread_mutex_unlock(&r->lock);
	return to;
}

void game_relay_tell_account(struct game_relay *r, int64_t account, struct buf *frame)
{
	size_t it = 0;
	void *value;

	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	while (map_next(r->relayed, &it, NULL, &value))
		if (((struct relayed *)value)->account == account)
			tell(r, value, frame);
	pthread_mutex_unlock(&r->lock);
}

/* ---- clients of others ---- */

static void forget_relayed(struct game_relay *r, const char *node)
{
	size_t it = 0;
	void *value;

	pthread_mutex_lock(&r->lock);
	while (map_next(r->relayed, &it, NULL, &value)) {
		struct relayed *one = value;

		if (node && strcmp(one->node, node) != 0)
			continue;
		map_remove_u64(r->relayed, one->client);
		game_client_gone(r->g, one->client);
		free(one);
	}
	pthread_mutex_unlock(&r->lock);
}

void game_relay_begin(struct game_relay *r)
{
	if (!r)
		return;
	forget_relayed(r, NULL);
	r->node_count = 0;
}

static void remember_node(struct game_relay *r, const char *node)
{
	for (int i = 0; i < r->node_count; i++)
		if (strcmp(r->nodes[i], node) == 0)
			return;
	if (r->node_count < NODES_MAX)
		snprintf(r->nodes[r->node_count++], sizeof(r->nodes[0]), "%s", node);
}

static void on_asked(struct game_relay *r, const struct relay_row *row)
{
	int64_t way_ms = clock_wall_ms() - row->at_ms;
	const struct frame_message frame = { .client = row->client,
		.account = row->account,
		.ping_us = row->ping_us,
		.age_us = row->age_us + 1000 * (way_ms > 0 ? way_ms : 0),
		.bytes = row->body };

	pthread_mutex_lock(&r->lock);
	if (!map_get_u64(r->relayed, row->client)) {
		struct relayed *one = mem_zalloc(sizeof(*one));

		one->client = row->client;
		one->account = row->account;
		memcpy(one->node, row->from, sizeof(one->node));
		map_set_u64(r->relayed, row->client, one);
	}
	pthread_mutex_unlock(&r->lock);
	remember_node(r, row->from);
	game_take_frame(r->g, &frame);
}

static void on_row(struct game_relay *r, const struct relay_row *row)
{
	struct buf *frame;

	switch (row->kind) {
	case RELAY_ASKED: on_asked(r, row); break;
	case RELAY_GONE:
		pthread_mutex_lock(&r->lock);
		free(map_remove_u64(r->relayed, row->client));
		pthread_mutex_unlock(&r->lock);
		game_client_gone(r->g, row->client);
		break;
	case RELAY_TOLD:
		frame = buf_copy(row->body);
		game_send(r->g, row->client, frame);
		break;
	}
}

/* ---- in ---- */

static void collect(void *arg, const struct relay_row *row)
{
	struct game_relay *r = arg;

	list_push(&r->in, &parcel_new(row)->node);
}

static int take(struct db_tx *tx, void *arg)
{
	struct game_relay *r = arg;
	int rc = r->owns ? game_fence(tx, game_owned(r->g)) : 0;

	parcels_free(&r->in); /* it may be run again */
	for (int i = 0; rc == 0 && i < r->gone_count; i++)
		rc = game_store_relay_purge(tx, clock_wall_ms(), r->gone[i]);
	return rc < 0 ? rc : game_store_relay_take(tx, r->node, r->owns, collect, r);
}

/* The matches are another node's: whoever asked here asks again. */
static void tell_own(struct game_relay *r)
{
	size_t it = 0;
	void *value;

	while (map_next(r->own, &it, NULL, &value))
		game_send(r->g, ((struct relayed *)value)->client, game_frame_elsewhere());
}

static void on_taken(void *arg, int status)
{
	struct game_relay *r = arg;
	struct list_node *n;

	r->looking = false;
	for (int i = 0; status == 0 && i < r->gone_count; i++)
		forget_relayed(r, r->gone[i]);
	while ((n = list_pop(&r->in))) {
		struct parcel *p = LIST_ENTRY(n, struct parcel, node);

		if (status == 0)
			on_row(r, &p->row);
		parcel_free(p);
	}
	r->gone_count = 0;
	timer_start(&r->poll, RELAY_POLL_MS, 0, on_poll, r);
}

/* Those of others that are not there any more, and who has the matches. */
static int look_at_health(struct db_tx *tx, struct game_relay *r)
{
	struct lease_holder holder = { .epoch = 0 };
	char name[LEASE_NAME_MAX + 1];
	int rc = lease_holder(tx, GAME_TENURE_LEASE, &holder);

	r->epoch = holder.epoch;
	r->gone_count = 0;
	for (int i = 0; (rc == 0 || rc == HEARTH_ENOTFOUND) && i < r->node_count; i++) {
		snprintf(name, sizeof(name), NODE_LEASE, r->nodes[i]);
		rc = lease_holder(tx, name, &holder);
		if (rc == HEARTH_ENOTFOUND)
			memcpy(r->gone[r->gone_count++], r->nodes[i], sizeof(r->nodes[i]));
	}
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

static int look(struct db_tx *tx, void *arg)
{
	struct game_relay *r = arg;
	int rc = game_store_relay_waits(tx, r->node, r->owns, &r->waits);

	return rc == 0 && r->health ? look_at_health(tx, r) : rc;
}

static void on_looked(void *arg, int status)
{
	struct game_relay *r = arg;

	if (status == 0 && r->health && r->epoch && r->epoch != r->told_epoch) {
		if (r->told_epoch)
			tell_own(r);
		r->told_epoch = r->epoch;
	}
	if (status == 0 && (r->waits || r->gone_count > 0) &&
		db_write(r->g->db, take, on_taken, r) == 0)
		return;
	on_taken(r, HEARTH_EBUSY);
}

static void on_poll(void *arg)
{
	struct game_relay *r = arg;

	r->looking = true;
	r->owns = r->g->owns;
	r->health = r->polls++ % HEALTH_EVERY == 0;
	if (db_read(r->g->db, look, on_looked, r) < 0)
		on_taken(r, HEARTH_EBUSY);
}

/* ---- start and end ---- */

static void on_claim(void *arg, const struct lease *l)
{
	(void)arg;
	(void)l; /* that it is held is all that others look at */
}

struct game_relay *game_relay_new(struct game *g)
{
	struct leases *leases = hearth_leases(g->h);
	struct game_relay *r;
	char name[LEASE_NAME_MAX + 1];

	if (strcmp(config_text(hearth_config(g->h), "server", "nodes"), "one") == 0)
		return NULL;
	r = mem_zalloc(sizeof(*r));
	r->g = g;
	r->node = leases_node(leases);
	list_init(&r->in);
	list_init(&r->out);
	list_init(&r->batch);
	r->own = map_new();
	r->relayed = map_new();
	pthread_mutex_init(&r->lock, NULL);
	snprintf(name, sizeof(name), NODE_LEASE, r->node);
	r->keeper = lease_claim(leases, g->db, name, on_claim, r);
	timer_start(&r->poll, RELAY_POLL_MS, 0, on_poll, r);
	return r;
}

static void free_values(struct map **m)
{
	size_t it = 0;
	void *value;

	while (map_next(*m, &it, NULL, &value))
		free(value);
	map_free(m);
}

void game_relay_free(struct game_relay **rp)
{
	struct game_relay *r = *rp;

	if (!r)
		return;
	timer_stop(&r->poll);
	lease_unkeep(&r->keeper);
	parcels_free(&r->in);
	parcels_free(&r->out);
	parcels_free(&r->batch);
	free_values(&r->own);
	free_values(&r->relayed);
	pthread_mutex_destroy(&r->lock);
	free(r);
	*rp = NULL;
}

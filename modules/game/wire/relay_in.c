/*
 * relay_in.c: what other nodes have sent (relay_private.h). After a knock, and in any case
 * every RELAY_GLANCE_MS, a node looks for rows that are addressed to it or to what it owns, and takes them in one transaction, RELAY_TAKEN_MAX of
 * each address at most. On the loop; clients of others are as many as their gateways let in.
 */
#include "wire/relay_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/tenure.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "wire/frames.h"

/* ---- clients of others ---- */

/* With the lock held. */
static void forget_one(struct game_relay *r, struct relay_client *one)
{
	map_remove_u64(r->relayed, one->client);
	game_client_gone(r->g, one->client);
	free(one);
}

static void forget_node(struct game_relay *r, const char *node)
{
	size_t it = 0;
	void *value;

	pthread_mutex_lock(&r->lock);
	while (map_next(r->relayed, &it, NULL, &value))
		if (strcmp(((struct relay_client *)value)->node, node) == 0)
			forget_one(r, value);
	pthread_mutex_unlock(&r->lock);
}

void game_relay_left(struct game_relay *r, int what)
{
	size_t it = 0;
	void *value;

	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	while (map_next(r->relayed, &it, NULL, &value)) {
		struct relay_client *one = value;

		one->asked &= ~(1u << what);
		if (!one->asked)
			forget_one(r, one);
	}
	pthread_mutex_unlock(&r->lock);
}

/* With the lock held: frames to accounts go there, too. */
static void note_other(struct game_relay *r, const char *node)
{
	for (int i = 0; i < r->other_count; i++)
		if (strcmp(r->others[i], node) == 0)
			return;
	if (r->other_count < GAME_NODES_MAX)
		snprintf(r->others[r->other_count++], sizeof(r->others[0]), "%s", node);
}

/* With the lock held. */
static void note_gone(struct game_relay *r, const char *node)
{
	for (int i = 0; i < r->gone_count; i++)
		if (strcmp(r->gone[i], node) == 0)
			return;
	if (r->gone_count < GAME_NODES_MAX)
		snprintf(r->gone[r->gone_count++], sizeof(r->gone[0]), "%s", node);
}

/* Those that asked for what another node has now ask again. */
static void tell_own(struct game_relay *r, uint32_t moved)
{
	size_t it = 0;
	void *value;

	while (moved && map_next(r->own, &it, NULL, &value)) {
		const struct relay_client *one = value;

		if (one->asked & moved)
			game_send(r->g, one->client, game_frame_elsewhere());
	}
}

void game_relay_view(struct game_relay *r, const struct game_view *v)
{
	uint32_t moved = 0;
	size_t it = 0;
	void *value;

	if (!r)
		return;
	for (int i = 0; i < GAME_OWNABLE; i++) {
		int64_t epoch = v->held[i].epoch;

		if (epoch && r->told_epoch[i] && epoch != r->told_epoch[i])
			moved |= 1u << i;
		if (epoch)
			r->told_epoch[i] = epoch;
	}
	tell_own(r, moved);
	r->purge = true;
	pthread_mutex_lock(&r->lock);
	r->other_count = 0;
	for (int i = 0; i < v->node_count; i++)
		if (strcmp(v->nodes[i], r->node) != 0)
			note_other(r, v->nodes[i]);
	while (map_next(r->relayed, &it, NULL, &value))
		if (!game_view_has_node(v, ((struct relay_client *)value)->node))
			note_gone(r, ((struct relay_client *)value)->node);
	pthread_mutex_unlock(&r->lock);
}

static void note_relayed(struct game_relay *r, const struct relay_row *row)
{
	int what = game_lease_what(row->to);
	struct relay_client *one;

	if (what < 0)
		return;
	pthread_mutex_lock(&r->lock);
	one = map_get_u64(r->relayed, row->client);
	if (!one) {
		one = mem_zalloc(sizeof(*one));
		one->client = row->client;
		one->account = row->account;
		memcpy(one->node, row->from, sizeof(one->node));
		map_set_u64(r->relayed, row->client, one);
		note_other(r, row->from);
	}
	INVARIANT(one->client == row->client && strcmp(one->node, r->node) != 0);
	one->asked |= 1u << what;
	pthread_mutex_unlock(&r->lock);
}

static void on_asked(struct game_relay *r, const struct relay_row *row)
{
	int64_t way_ms = clock_wall_ms() - row->at_ms;
	const struct frame_message frame = { .client = row->client,
		.account = row->account,
		.ping_us = row->ping_us,
		.age_us = row->age_us + 1000 * (way_ms > 0 ? way_ms : 0),
		.bytes = row->body };

	if (strcmp(row->from, r->node) != 0)
		note_relayed(r, row);
	game_take_frame(r->g, &frame);
}

static void on_gone(struct game_relay *r, const struct relay_row *row)
{
	struct relay_client *one;

	pthread_mutex_lock(&r->lock);
	one = map_get_u64(r->relayed, row->client);
	if (one)
		forget_one(r, one);
	pthread_mutex_unlock(&r->lock);
}

static void on_row(struct game_relay *r, const struct relay_row *row)
{
	const struct frame_message follow = {
		.client = row->client, .account = row->account, .bytes = row->body
	};
	const struct connections *connections = r->g->connections;
	struct buf *frame;

	switch (row->kind) {
	case RELAY_ASKED: on_asked(r, row); break;
	case RELAY_GONE: on_gone(r, row); break;
	case RELAY_TOLD: game_send(r->g, row->client, buf_copy(row->body)); break;
	case RELAY_TOLD_ACCOUNT:
		frame = buf_copy(row->body);
		connections->send_account(connections->self, row->account, frame);
		buf_unref(&frame);
		break;
	case RELAY_FOLLOW: game_take_frame(r->g, &follow); break;
	}
}

/* ---- in ---- */

static void collect(void *arg, const struct relay_row *row)
{
	struct game_relay *r = arg;

	list_push(&r->in, &relay_parcel_new(row)->node);
}

/* The address that rows to this node, or to what it has, bear. */
static void address(const struct game_relay *r, int at, char out[LEASE_NAME_MAX + 1])
{
	if (at == RELAY_SELF)
		snprintf(out, LEASE_NAME_MAX + 1, "%s", r->node);
	else
		game_lease_name(at, out);
}

/* What is for a shard is for who owns it at that moment. */
static bool is_ours(struct db_tx *tx, const struct game_relay *r, int at)
{
	const struct game_tenure *t = at == RELAY_SELF ? NULL : game_owned(r->g, at);

	return at == RELAY_SELF || (game_tenure_lasts(t) && game_fence(tx, t) == 0);
}

static int take(struct db_tx *tx, void *arg)
{
	struct game_relay *r = arg;
	char to[LEASE_NAME_MAX + 1];
	int rc = 0;

	relay_parcels_free(&r->in); /* it may be run again */
	for (int i = 0; rc == 0 && i < r->gone_count; i++)
		rc = game_store_relay_purge(tx, clock_wall_ms(), r->gone[i]);
	if (rc == 0 && r->purge)
		rc = game_store_relay_purge(tx, clock_wall_ms(), "");
	for (int i = 0; rc == 0 && i < RELAY_ADDRESSES; i++)
		if (r->waits >> i & 1 && is_ours(tx, r, i)) {
			address(r, i, to);
			rc = game_store_relay_take(tx, to, collect, r);
		}
	return rc;
}

static void on_taken(void *arg, int status)
{
	struct game_relay *r = arg;
	struct list_node *n;
	int taken = 0;

	r->looking = false;
	for (int i = 0; status == 0 && i < r->gone_count; i++)
		forget_node(r, r->gone[i]);
	while ((n = list_pop(&r->in))) {
		struct relay_parcel *p = LIST_ENTRY(n, struct relay_parcel, node);

		if (status == 0)
			on_row(r, &p->row);
		relay_parcel_free(p);
		taken++;
	}
	if (status == 0) {
		r->gone_count = 0;
		r->purge = false;
	}
	relay_write_out(r);
	/* Where there was no room for all, the rest comes now. */
	if (r->again || (status == 0 && taken >= RELAY_TAKEN_MAX))
		relay_poll(r);
	else
		timer_start(&r->poll, r->wake ? RELAY_GLANCE_MS : RELAY_POLL_MS, 0, relay_poll, r);
}

struct look {
	struct game_relay *relay;
	bool any;
};

static void note_address(void *arg, const char *to)
{
	struct look *l = arg;
	struct game_relay *r = l->relay;
	int what = strcmp(to, r->node) == 0 ? RELAY_SELF : game_lease_what(to);

	l->any = true;
	if (what >= 0 && (what == RELAY_SELF || game_tenure_lasts(game_owned(r->g, what))))
		r->waits |= 1u << what;
}

static int look(struct db_tx *tx, void *arg)
{
	struct look l = { .relay = arg };
	int rc;

	l.relay->waits = 0;
	rc = game_store_relay_waiting(tx, note_address, &l);
	/* Where there is no row none is too old. */
	l.relay->purge &= l.any;
	return rc;
}

static void on_looked(void *arg, int status)
{
	struct game_relay *r = arg;

	if (status == 0 && (r->waits || r->purge || r->gone_count > 0) &&
		db_write(r->g->db, take, on_taken, r) == 0)
		return;
	on_taken(r, HEARTH_EBUSY);
}

void relay_poll(void *arg)
{
	struct game_relay *r = arg;

	INVARIANT(!r->looking && list_empty(&r->in)); /* one look at a time */
	timer_stop(&r->poll);
	r->looking = true;
	r->again = false;
	if (db_read(r->g->db, look, on_looked, r) < 0) {
		/* Too much waits there: with the next poll. */
		r->looking = false;
		timer_start(&r->poll, RELAY_POLL_MS, 0, relay_poll, r);
	}
}

void game_relay_look(struct game_relay *r)
{
	if (!r)
		return;
	if (r->looking)
		r->again = true;
	else
		relay_poll(r);
}

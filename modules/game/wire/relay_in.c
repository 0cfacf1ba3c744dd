/*
 * relay_in.c: what other nodes have sent (relay_private.h). Every RELAY_POLL_MS a node looks for rows
 * that are addressed to it, and takes them in one transaction, RELAY_TAKEN_MAX at most. On the loop;
 * clients of others are as many as their gateways let in.
 */
#include "wire/relay_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/tenure.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "wire/frames.h"

#define HEALTH_EVERY 20 /* polls, until nodes and the owner are looked at */

/* ---- clients of others ---- */

static void forget_relayed(struct game_relay *r, const char *node)
{
	size_t it = 0;
	void *value;

	pthread_mutex_lock(&r->lock);
	while (map_next(r->relayed, &it, NULL, &value)) {
		struct relay_client *one = value;

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
	if (r->node_count < RELAY_NODES_MAX)
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
		struct relay_client *one = mem_zalloc(sizeof(*one));

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

	list_push(&r->in, &relay_parcel_new(row)->node);
}

static int take(struct db_tx *tx, void *arg)
{
	struct game_relay *r = arg;
	int rc = r->owns ? game_fence(tx, game_owned(r->g)) : 0;

	relay_parcels_free(&r->in); /* it may be run again */
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
		game_send(r->g, ((struct relay_client *)value)->client, game_frame_elsewhere());
}

static void on_taken(void *arg, int status)
{
	struct game_relay *r = arg;
	struct list_node *n;

	r->looking = false;
	for (int i = 0; status == 0 && i < r->gone_count; i++)
		forget_relayed(r, r->gone[i]);
	while ((n = list_pop(&r->in))) {
		struct relay_parcel *p = LIST_ENTRY(n, struct relay_parcel, node);

		if (status == 0)
			on_row(r, &p->row);
		relay_parcel_free(p);
	}
	r->gone_count = 0;
	relay_write_out(r);
	timer_start(&r->poll, RELAY_POLL_MS, 0, relay_poll, r);
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
		snprintf(name, sizeof(name), RELAY_LEASE, r->nodes[i]);
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

void relay_poll(void *arg)
{
	struct game_relay *r = arg;

	r->looking = true;
	r->owns = r->g->owns;
	r->health = r->polls++ % HEALTH_EVERY == 0;
	if (db_read(r->g->db, look, on_looked, r) < 0)
		on_taken(r, HEARTH_EBUSY);
}
